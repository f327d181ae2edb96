"""Functions of other libraries, unchanged, on traced arrays."""
