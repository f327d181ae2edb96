"""Quantiles, percentiles and medians, with NumPy's methods and with or without NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backends
from ..core.array import Traced, raw_of
from ..core.dtypes import COMPLEX, REAL, kind
from ..core.policy import library_of_all
from ..errors import describe
from .broadcasting import Axes, astype, broadcast_to, kept_shape, positive_axes, reshape
from .constant import isnan
from .formulas import add, multiply
from .indexing import getitem, take, take_along_axis
from .manipulation import moveaxis, permute_dims
from .registry import composite
from .selection import where
from .statistics import count_over, sort

# What virtual index, counted from 0 among n sorted numbers, is quantile q: Hyndman and Fan's alpha
# and beta, index = n * q + alpha + q * (1 - alpha - beta) - 1.
_CONTINUOUS = {
    "linear": (1, 1),
    "interpolated_inverted_cdf": (0, 1),
    "hazen": (0.5, 0.5),
    "weibull": (0, 0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}


def _at_step(index: Any, at_integer: Any) -> tuple[Any, Any]:
    """Return the index of a step function, that of `at_integer` where index is an integer itself."""
    return np.where(index == np.floor(index), at_integer, np.floor(index) + 1), 0.0


def _nearest(n: Any, q: Any) -> tuple[Any, Any]:
    return np.round((n - 1) * q), 0.0


def _midpoint(n: Any, q: Any) -> tuple[Any, Any]:
    index = (n - 1) * q
    return np.floor(index), np.where(index % 1 > 0, 0.5, 0.0)


def _averaged(n: Any, q: Any) -> tuple[Any, Any]:
    index = n * q - 1
    return np.floor(index), np.where(index % 1 > 0, 1.0, 0.5)


def _closest(n: Any, q: Any) -> tuple[Any, Any]:
    index = n * q - 1.5
    return _at_step(index, np.where(index % 2 == 1, index, index + 1))


_STEPS: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "lower": lambda n, q: (np.floor((n - 1) * q), 0.0),
    "higher": lambda n, q: (np.ceil((n - 1) * q), 0.0),
    "nearest": _nearest,
    "midpoint": _midpoint,
    "inverted_cdf": lambda n, q: _at_step(n * q - 1, n * q - 1),
    "averaged_inverted_cdf": _averaged,
    "closest_observation": _closest,
}


def _virtual(method: str, n: Any, q: Any) -> Any:
    alpha, beta = _CONTINUOUS[method]
    return n * q + (alpha + q * (1 - alpha - beta)) - 1


def _places(method: str, n: Any, q: Any) -> tuple[Any, Any, Any]:
    """Return the positions below and above quantile q of n sorted numbers, and how far between."""
    if method in _STEPS:
        below, between = _STEPS[method](n, q)
    else:
        index = _virtual(method, n, q)
        below = np.floor(index)
        between = index - below
    last = np.maximum(n - 1, 0)
    between = np.where((below < 0) | (below >= last), 0.0, between)
    below = np.clip(below, 0, last).astype(np.int64)
    return below, np.where(between > 0, below + 1, below), between


def _rows(x: Any, axis: Axes) -> tuple[Any, tuple[int, ...]]:
    """Return x sorted along one last axis that holds the axes, and the shape with those of length 1."""
    shape = tuple(x.shape)
    axes = positive_axes(axis, len(shape))
    rest = tuple([k for k in range(len(shape)) if k not in axes])
    lead = tuple([shape[k] for k in rest])
    if kind(x.dtype) != REAL:
        x = astype(x, library_of_all((x,)).dtype(float))
    rows = reshape(permute_dims(x, (*rest, *axes)), (*lead, count_over(shape, axes)))
    return sort(rows, axis=-1), kept_shape(shape, axes)


def _host(q: Any) -> np.ndarray:
    raw = raw_of(q)
    values = backends.of(raw).to_numpy(raw) if hasattr(raw, "dtype") else raw
    return np.asarray(values, dtype=np.float64)


def _check(name: str, x: Any, q: np.ndarray, method: str) -> None:
    if method not in _CONTINUOUS and method not in _STEPS:
        raise ValueError(f"{name}: no method {method!r}; there are {', '.join([*_CONTINUOUS, *_STEPS])}")
    if kind(x.dtype) == COMPLEX:
        raise TypeError(f"{name} needs numbers with an order, got {describe(x)}")
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError(f"{name}: quantiles are from 0 to 1 (percentiles to 100), got {q.tolist()}")


def _quantile(name: str, x: Any, q: Any, axis: Axes, method: str, keepdims: bool, skips_nan: bool) -> Any:
    host = _host(q)
    _check(name, x, host, method)
    rows, kept = _rows(x, axis)
    shape = (*host.shape, *(kept if keepdims else _without(tuple(x.shape), axis)))
    if not rows.shape[-1]:
        if not math.prod(rows.shape[:-1]):
            return reshape(broadcast_to(reshape(rows, (0,)), (0,)), shape)
        raise ValueError(f"{name} of no elements: shape {tuple(x.shape)}, axis {axis}")
    wrong = isnan(getitem(rows, (..., 0 if skips_nan else -1)))
    n: Any = rows.shape[-1]
    if skips_nan:
        n = _host(isnan(rows)).shape[-1] - np.sum(_host(isnan(rows)), axis=-1, keepdims=True)
    below, above, between = _places(method, n, host.reshape(-1))
    if isinstance(q, Traced) and method in _CONTINUOUS:
        between = _traced(between, below, method, n, reshape(q, (-1,)))
    out = _between(rows, below, above, between)
    out = where(getitem(wrong, (..., None)), math.nan, out)
    return reshape(moveaxis(out, -1, 0), shape)


def _traced(between: Any, below: Any, method: str, n: Any, q: Any) -> Any:
    """Return how far a traced quantile is from the position below, 0 where there is nothing above."""
    raw = raw_of(q)
    library = library_of_all((raw,))
    moves, below, n = [library.asarray(y, None, library.device(raw)) for y in (between > 0, below, n)]
    below, n = [library.xp.astype(y, raw.dtype) for y in (below, n)]
    return where(moves, _virtual(method, q * 0 + n, q) - below, 0)


def _between(rows: Any, below: Any, above: Any, between: Any) -> Any:
    """Return what lies between two positions of sorted rows, for each of several."""
    low = _picked(rows, below)
    if not isinstance(between, Traced) and not np.any(between):
        return low
    high, library, raw = _picked(rows, above), library_of_all((rows,)), raw_of(rows)
    if not isinstance(between, Traced):
        between = library.asarray(between, raw.dtype, library.device(raw))
    out = add(multiply(high - low, between), low)  # any of the three may be traced
    # Between two equal infinities there is no NaN.
    endless = library.xp.isinf(raw_of(low)) & (raw_of(low) == raw_of(high))
    return where(endless, low, out) if bool(library.xp.any(endless)) else out


def _picked(rows: Any, positions: Any) -> Any:
    library, raw = library_of_all((rows,)), raw_of(rows)
    indices = library.asarray(positions, None, library.device(raw))
    if positions.ndim == 1:
        return take(rows, indices, axis=len(rows.shape) - 1)
    return take_along_axis(rows, indices, axis=-1)


def _without(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    axes = positive_axes(axis, len(shape))
    return tuple([n for k, n in enumerate(shape) if k not in axes])


_MANY = {"q": (0.0, 0.3, 1.0)}
ANY, SAMPLES = (-2, 2), [([(3, 4)], {"axis": 0}), ([(2, 3, 2)], {"axis": (0, -1), "keepdims": True})]
QUANTILES = [
    ([(5,)], {"q": 0.4}),
    ([(3, 4)], {**_MANY, "axis": 1, "method": "hazen"}),
    ([(2, 3)], {"q": 0.5, "axis": 1, "method": "nearest", "keepdims": True}),
]


@composite(domain=ANY, samples=QUANTILES)
def quantile(x: Any, q: Any, /, axis: Axes = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """Return the value below which a share q of the elements over axes lies, as NumPy's quantile does.

    x: (...) real. q: a number from 0 to 1, or an array of them; its axes come first in the result.
    method: one of NumPy's thirteen. NaN where there is a NaN.
    Gradient: to the elements that are taken or interpolated (of equal ones to the sorted order's),
    and to q by the continuous methods.
    Raises ValueError for a q out of range, an unknown method, no elements.
    Source: Hyndman and Fan, "Sample quantiles in statistical packages" (1996).
    """
    return _quantile("quantile", x, q, axis, method, keepdims, skips_nan=False)


@composite(domain=ANY, samples=QUANTILES[:2])
def nanquantile(
    x: Any, q: Any, /, axis: Axes = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return `quantile` of the elements that are not NaN; NaN where all are."""
    return _quantile("nanquantile", x, q, axis, method, keepdims, skips_nan=True)


def _of_hundred(q: Any) -> Any:
    return q / 100 if hasattr(q, "dtype") or isinstance(q, int | float) else np.asarray(q) / 100


@composite(domain=ANY, samples=[([(5,)], {"q": 40})])
def percentile(
    x: Any, q: Any, /, axis: Axes = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return `quantile` for q from 0 to 100."""
    return _quantile("percentile", x, _of_hundred(q), axis, method, keepdims, skips_nan=False)


@composite(domain=ANY, samples=[([(5,)], {"q": 40})])
def nanpercentile(
    x: Any, q: Any, /, axis: Axes = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return `nanquantile` for q from 0 to 100."""
    return _quantile("nanpercentile", x, _of_hundred(q), axis, method, keepdims, skips_nan=True)


@composite(domain=ANY, samples=[([(4,)], {}), *SAMPLES])
def median(x: Any, /, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return the median over axes: the middle element, or the mean of the two in the middle.

    NaN where there is a NaN. Gradient: to those elements.
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims, skips_nan=False)


@composite(domain=ANY, samples=SAMPLES)
def nanmedian(x: Any, /, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return the median over axes of the elements that are not NaN; NaN where all are."""
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, skips_nan=True)
