"""Special functions with their derivatives, a file for each family. `neo.numpy.special` has their names.

Nothing is imported here: who needs one family, as neo.functions needs erf, does not pay for all.
"""
