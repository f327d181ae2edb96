"""Special functions with their derivatives, by family. `neo.numpy.special` has their names."""

from . import bessel, distributions, entropy, gamma, incomplete, integrals, normal, powers, sinc
from .normal import erf

__all__ = [
    "bessel",
    "distributions",
    "entropy",
    "erf",
    "gamma",
    "incomplete",
    "integrals",
    "normal",
    "powers",
    "sinc",
]
