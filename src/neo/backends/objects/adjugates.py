"""Adjugates of matrices of fractions, exactly: the slopes of determinants."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from .. import registry
from ..defined import DEFINED
from .array import ObjectArray, is_rational, wrap
from .linalg import each


def adjugate(x: ObjectArray) -> Any:
    """Return the transposed matrices of cofactors: exact for fractions, singular or not."""
    if not _is_exact(x):
        return DEFINED["adjugate"](registry.get("mpmath").raw, x)
    return wrap(each(lambda a: _with_slope(a, 0 * a)[0], x.values))


def cofactor_slope(x: ObjectArray, v: ObjectArray) -> Any:
    """Return the derivative of the matrices of cofactors along v: exact for fractions."""
    if not (_is_exact(x) and _is_exact(v)):
        return DEFINED["cofactor_slope"](registry.get("mpmath").raw, x, v)
    return wrap(each(lambda a, da: _with_slope(a, da)[1].T, x.values, v.values))


def _is_exact(x: ObjectArray) -> bool:
    return all([is_rational(k) for k in x.values.flat])


def _with_slope(a: np.ndarray, da: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the adjugate of a matrix of fractions and its derivative along da.

    By the recursion of Faddeev and Le Verrier, which divides by whole numbers alone; the derivative
    is that of each step. Source: Gantmacher, "The Theory of Matrices" (1959), chapter IV, section 5.
    """
    n = len(a)
    one = np.eye(n, dtype=int).astype(object)
    out, slope = one, 0 * one
    for k in range(1, n):
        product, moved = a @ out, da @ out + a @ slope
        out = product - one * Fraction(np.trace(product), k)
        slope = moved - one * Fraction(np.trace(moved), k)
    sign = (-1) ** (n - 1)
    return out * sign, slope * sign
