"""What callers pass, checked: integers, real numbers, shapes."""

from __future__ import annotations

import math
import operator
from typing import Any

from ..errors import describe


def integer(x: Any, name: str) -> int:
    """Return an integer as Python's. Raises TypeError for what is none."""
    try:
        return operator.index(x)
    except TypeError as error:
        raise TypeError(f"{name} has to be an integer, got {describe(x)}") from error


def checked_shape(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple; an integer is the length of one axis.

    Raises TypeError for lengths that are no integers, ValueError for negative ones.
    """
    lengths = _lengths(shape)
    if any(n < 0 for n in lengths):
        raise ValueError(f"a shape has no negative lengths, got {lengths}")
    return lengths


def _lengths(shape: Any) -> tuple[int, ...]:
    if hasattr(shape, "__index__") and not getattr(shape, "ndim", 0):
        shape = (shape,)
    try:
        return tuple([operator.index(n) for n in shape])
    except TypeError as error:
        shown = repr(shape) if isinstance(shape, tuple | list) else describe(shape)
        raise TypeError(f"a shape is an integer or a tuple of integers, got {shown}") from error


def finite(x: Any, name: str) -> float:
    """Return a number as a float. Raises TypeError for no real number, ValueError for inf or NaN."""
    x = real(x, name)
    if not math.isfinite(x):
        raise ValueError(f"{name} has to be finite, got {x}")
    return x


def real(x: Any, name: str) -> float:
    """Return a number as a float. Raises TypeError for what is no real number."""
    reason = None
    if not isinstance(x, str | bytes):
        try:
            return float(x)
        except TypeError as error:
            reason = error
    raise TypeError(f"{name} has to be one real number, got {describe(x)}") from reason
