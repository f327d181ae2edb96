"""Linear algebra: each file holds one family of functions with their rules."""

from . import determinant, factor, functions, least_squares, norms, products, singular, solve, spectral

__all__ = [
    "determinant",
    "factor",
    "functions",
    "least_squares",
    "norms",
    "products",
    "singular",
    "solve",
    "spectral",
]
