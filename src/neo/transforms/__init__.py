"""Functions of functions: derivatives."""
