"""Reductions that leave NaN out, by NumPy's names: a NaN gets no gradient and gives none."""

from __future__ import annotations

import math
from typing import Any

from ..core.array import bottom_of
from ..core.dtypes import REAL, kind
from ..core.policy import library_of_all
from .broadcasting import Axes, astype, reshape, sum
from .constant import any_of, argmax, argmin, equal, greater, isnan, logical_not
from .formulas import abs, sqrt, square
from .inspection import finfo
from .registry import composite
from .selection import where
from .statistics import cumulative_prod, cumulative_sum, max, min, prod

ANY = (-2, 2)
SAMPLES = [([(3, 4)], {}), ([(2, 3)], {"axis": 0, "keepdims": True})]
ALONG = [([(3, 2)], {"axis": 0})]


def _filled(x: Any, value: float) -> Any:
    """Return x with a value in place of NaN; an array of integers has none."""
    return where(isnan(x), value, x) if kind(x.dtype) not in ("integer", "bool") else x


def _count(x: Any, axis: Axes, keepdims: bool) -> Any:
    """Return how many elements over axes are not NaN, in the real dtype of x, off every tape."""
    dtype = x.dtype if kind(x.dtype) == REAL else finfo(x).dtype
    return sum(astype(logical_not(isnan(x)), dtype), axis=axis, keepdims=keepdims)


@composite(domain=ANY, samples=SAMPLES)
def nansum(x: Any, /, axis: Axes = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the sum over axes of the elements that are not NaN. Gradient: to those."""
    return sum(_filled(x, 0), axis=axis, dtype=dtype, keepdims=keepdims)


@composite(domain=ANY, samples=SAMPLES[:1])
def nanprod(x: Any, /, axis: Axes = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the product over axes of the elements that are not NaN.

    Gradient: to those.
    """
    return prod(_filled(x, 1), axis=axis, dtype=dtype, keepdims=keepdims)


@composite(domain=ANY, samples=SAMPLES)
def nanmean(x: Any, /, axis: Axes = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the mean over axes of the elements that are not NaN; NaN of none."""
    x = _floating(x) if dtype is None else astype(x, dtype)
    return nansum(x, axis, keepdims=keepdims) / _positive(_count(x, axis, keepdims))


def _positive(count: Any) -> Any:
    """Return a count with NaN where there is nothing to divide by, which is then the result."""
    return where(greater(count, 0), count, math.nan)


def _floating(x: Any) -> Any:
    library = library_of_all((x,))
    return astype(x, library.dtype(float)) if kind(x.dtype) in ("integer", "bool") else x


@composite(domain=ANY, samples=[*SAMPLES, ([(4,)], {"correction": 1})])
def nanvar(
    x: Any,
    /,
    axis: Axes = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Any:
    """Return the variance over axes of the elements that are not NaN.

    ddof, or correction: what is subtracted from their number in the divisor.
    """
    x = _floating(x) if dtype is None else astype(x, dtype)
    rest = where(isnan(x), 0, x - nanmean(x, axis, keepdims=True))
    squares = square(rest if kind(x.dtype) == REAL else abs(rest))
    count = _count(x, axis, keepdims) - (ddof if correction is None else correction)
    return sum(squares, axis=axis, keepdims=keepdims) / _positive(count)


@composite(domain=ANY, samples=SAMPLES[1:])
def nanstd(
    x: Any,
    /,
    axis: Axes = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Any:
    """Return the standard deviation over axes of the elements that are not NaN.

    The gradient at equal elements is 0, as that of `std`.
    """
    variance = nanvar(x, axis, dtype=dtype, ddof=ddof, keepdims=keepdims, correction=correction)
    none = equal(variance, 0)
    return where(none, 0, sqrt(where(none, 1, variance)))


def _extremum(function: Any, x: Any, axis: Axes, keepdims: bool, worst: float) -> Any:
    if kind(x.dtype) != REAL:
        return function(x, axis=axis, keepdims=keepdims)
    missing = equal(_count(x, axis, keepdims), 0)
    return where(missing, math.nan, function(_filled(x, worst), axis=axis, keepdims=keepdims))


@composite(domain=ANY, samples=SAMPLES)
def nanmax(x: Any, /, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return the largest element over axes that is not NaN; NaN if all are.

    Ties split the gradient.
    """
    return _extremum(max, x, axis, keepdims, -math.inf)


@composite(domain=ANY, samples=SAMPLES[:1])
def nanmin(x: Any, /, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return the smallest element over axes that is not NaN; NaN if all are.

    Ties split the gradient.
    """
    return _extremum(min, x, axis, keepdims, math.inf)


@composite(domain=ANY, samples=ALONG)
def nancumsum(x: Any, /, axis: int | None = None, *, dtype: Any = None) -> Any:
    """Return the running sum along an axis, a NaN counting as 0.

    axis: None for the flattened x. Gradient: to x, zero where it is NaN.
    """
    return _running(cumulative_sum, _filled(x, 0), axis, dtype)


@composite(domain=ANY, samples=ALONG)
def nancumprod(x: Any, /, axis: int | None = None, *, dtype: Any = None) -> Any:
    """Return the running product along an axis, a NaN counting as 1.

    axis: None for the flattened x. Gradient: to x, zero where it is NaN.
    """
    return _running(cumulative_prod, _filled(x, 1), axis, dtype)


def _running(function: Any, x: Any, axis: int | None, dtype: Any) -> Any:
    x, axis = (reshape(x, (-1,)), 0) if axis is None else (x, axis)
    return function(x, axis=axis, dtype=dtype)


def nanargmax(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Return the position of the first largest element that is not NaN.

    The result has no gradient.
    """
    return _position("nanargmax", argmax, x, axis, keepdims, -math.inf)


def nanargmin(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Return the position of the first smallest element that is not NaN.

    The result has no gradient.
    """
    return _position("nanargmin", argmin, x, axis, keepdims, math.inf)


def _position(name: str, function: Any, x: Any, axis: int | None, keepdims: bool, worst: float) -> Any:
    count = bottom_of(_count(_floating(x), axis, keepdims))  # of every example, if x is batched
    if bool(any_of(equal(count, 0))):
        raise ValueError(f"{name}: a row of shape {tuple(x.shape)} along axis {axis} holds nothing but NaN")
    return function(_filled(x, worst), axis=axis, keepdims=keepdims)
