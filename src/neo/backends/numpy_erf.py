"""The error function on NumPy, SciPy's, and gelu with its gradient, which in float32 need none."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ..errors import describe
from . import standard

# log(chance(x) / chance(-x)) is x times a quotient of polynomials in x * x, the divided one negated
# here, where chance(x) is that of a standard normal number below x. Fitted to double precision for
# |x| <= 5.6 at Chebyshev points by reweighted least squares, so that float32's own rounding shows:
# gelu is within 5 units of the last place for x > -1, and keeps digits in the left tail, where
# 1 + erf has none. SciPy's erf alone takes six times as long.
_ABOVE = (-17389.41, -2426.843, -201.87476, -6.2364006, -0.01726395)
_BELOW = (10897.194, 1024.5396, 80.36371, 1.0)
# The chance is 0 in float32 beyond it, and the quotient's powers do not overflow.
_FAR = 14


@cache
def _scipy_erf() -> Any:
    """SciPy's erf where SciPy is installed: it is compiled, the fallback is a Python loop."""
    try:
        from scipy.special import erf
    except ImportError:
        return standard.erf
    return erf


def erf(x: Any) -> Any:
    """Return the error function. SciPy has no float16 and gives float32 for it."""
    return _scipy_erf()(x).astype(x.dtype, copy=False)


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> Any:
    out = x * coefficients[-1]
    out += coefficients[-2]
    for c in coefficients[-3::-1]:
        out *= x
        out += c
    return out


def _inverse_chance(x: np.ndarray) -> Any:
    """Return one over the chance of a normal number below x, in float32; inf far on the left."""
    near = np.clip(x, -_FAR, _FAR)
    square = near * near
    near *= _polynomial(_ABOVE, square)
    near /= _polynomial(_BELOW, square)
    with np.errstate(over="ignore"):
        np.exp(near, near)
    near += 1
    return near


def _is_quick(x: Any) -> bool:
    return bool(x.dtype == np.float32 and x.ndim)


def gelu(x: Any) -> Any:
    """Return x times the chance that a standard normal number is below x."""
    if x.dtype.kind == "c":
        raise TypeError(f"gelu is a function of real numbers, got {describe(x)}")
    if _is_quick(x):
        out = _inverse_chance(x)
        return np.divide(x, out, out)
    out = erf(x * math.sqrt(0.5)) + 1
    out *= 0.5
    out *= x
    return out


def gelu_backward(g: Any, x: Any, out: Any) -> Any:
    """Return g * (chance + x * density). The chance, by far the longest to compute, is out / x."""
    slope = np.abs(x)
    limits = np.finfo(x.dtype)
    # Where out is subnormal or infinite it does not tell; NaN takes the second way too.
    if slope.size and np.min(slope) > limits.tiny / limits.eps and np.max(slope) < np.inf:
        chance = out / x
    else:
        chance = 1 / _inverse_chance(x) if _is_quick(x) else 0.5 * (1 + erf(x * math.sqrt(0.5)))
        x = np.minimum(x, 1000)  # far enough: inf * 0 would be NaN
    slope *= slope
    slope *= -0.5
    slope = np.exp(slope, out=slope if slope.ndim else None)
    slope *= x
    slope *= 1 / math.sqrt(2 * math.pi)
    slope += chance
    slope *= g
    return slope
