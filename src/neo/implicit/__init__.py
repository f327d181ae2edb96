"""Derivatives of solutions: of roots, fixed points, minima and linear systems, by any solver.

A solver's iterations are not differentiated, and may be compiled code: what is differentiated is
the condition that the solution fulfils (the implicit function theorem).
"""

from .linear import custom_linear_solve
from .root import custom_argmin, custom_fixed_point, custom_root
from .solvers import bicgstab, cg, dense, gmres, normal_cg

__all__ = [
    "bicgstab",
    "cg",
    "custom_argmin",
    "custom_fixed_point",
    "custom_linear_solve",
    "custom_root",
    "dense",
    "gmres",
    "normal_cg",
]
