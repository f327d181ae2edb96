"""Quantiles, percentiles and medians, with NumPy's methods and with or without NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import backends
from ..core.array import Traced, bottom_of, box, is_batched, unbox
from ..core.dtypes import COMPLEX, REAL, kind
from ..core.following import read
from ..core.policy import library_of_all
from ..errors import describe
from . import formulas
from .broadcasting import Axes, astype, broadcast_to, kept_shape, positive_axes, reshape, sum
from .constant import equal, isinf, isnan, logical_and, logical_not, stop_gradient
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


# The functions below take numbers of elements as a Python number, with NumPy as xp, or as an array of
# any kind, with neo's own functions as xp.
_OWN = SimpleNamespace(floor=formulas.floor, ceil=formulas.ceil, round=formulas.round, where=where)


def _at_step(xp: Any, index: Any, at_integer: Any) -> tuple[Any, Any]:
    """Return the index of a step function, that of `at_integer` where index is an integer itself."""
    below = xp.floor(index)
    return xp.where(index == below, at_integer, below + 1), index * 0


def _between_two(xp: Any, index: Any, inside: float, at_integer: float) -> tuple[Any, Any]:
    below = xp.floor(index)
    return below, xp.where(index > below, index * 0 + inside, index * 0 + at_integer)


def _closest(xp: Any, n: Any, q: Any) -> tuple[Any, Any]:
    index = n * q - 1.5
    return _at_step(xp, index, xp.where(index % 2 == 1, index, index + 1))


_STEPS: dict[str, Callable[[Any, Any, Any], tuple[Any, Any]]] = {
    "lower": lambda xp, n, q: (xp.floor((n - 1) * q), q * 0),
    "higher": lambda xp, n, q: (xp.ceil((n - 1) * q), q * 0),
    "nearest": lambda xp, n, q: (xp.round((n - 1) * q), q * 0),
    "midpoint": lambda xp, n, q: _between_two(xp, (n - 1) * q, 0.5, 0.0),
    "inverted_cdf": lambda xp, n, q: _at_step(xp, n * q - 1, n * q - 1),
    "averaged_inverted_cdf": lambda xp, n, q: _between_two(xp, n * q - 1, 1.0, 0.5),
    "closest_observation": _closest,
}


def _virtual(method: str, n: Any, q: Any) -> Any:
    alpha, beta = _CONTINUOUS[method]
    return n * q + (alpha + q * (1 - alpha - beta)) - 1


def _places(xp: Any, method: str, n: Any, q: Any) -> tuple[Any, Any, Any]:
    """Return the positions below and above quantile q of n sorted numbers, and how far between."""
    if method in _STEPS:
        below, between = _STEPS[method](xp, n, q)
    else:
        index = _virtual(method, n, q)
        below = xp.floor(index)
        between = index - below
    last = n - 1 + below * 0
    between = xp.where((below < 0) | (below >= last), between * 0, between)
    below = xp.where(below > last, last, below)
    below = xp.where(below < 0, below * 0, below)
    return below, xp.where(between > 0, below + 1, below), between


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
    raw = read(q)
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
    # Of all examples where they differ: what is needed of each comes from q itself.
    host = _host(bottom_of(q) if is_batched(q) else q)
    _check(name, x, host, method)
    rows, kept = _rows(x, axis)
    shape = (
        *(q.shape if is_batched(q) else host.shape),
        *(kept if keepdims else _without(tuple(x.shape), axis)),
    )
    if not rows.shape[-1]:
        if not math.prod(rows.shape[:-1]):
            return reshape(broadcast_to(reshape(rows, (0,)), (0,)), shape)
        raise ValueError(f"{name} of no elements: shape {tuple(x.shape)}, axis {axis}")
    wrong = isnan(getitem(rows, (..., 0 if skips_nan else -1, None)))
    n = sum(astype(logical_not(isnan(rows)), _double(rows)), axis=-1, keepdims=True) if skips_nan else None
    out = _between(rows, *_positions(method, rows, n, host.reshape(-1), q))
    return reshape(moveaxis(where(wrong, math.nan, out), -1, 0), shape)


def _double(x: Any) -> Any:
    return library_of_all((x,)).dtype("float64")


def _positions(method: str, rows: Any, n: Any, host: np.ndarray, q: Any) -> tuple[Any, Any, Any]:
    """Return `_places` as arrays of the rows' library: two of integers, and one like the rows.

    n: how many numbers there are in each row, None for all. host: the values of q, flattened.
    """
    library = library_of_all((rows,))
    place = library.device(bottom_of(rows))
    if n is None and not isinstance(q, Traced):
        found = _places(np, method, rows.shape[-1], host)
        indices = [library.asarray(y.astype(np.int64), None, place) for y in found[:2]]
        between = library.asarray(found[2], rows.dtype, place) if np.any(found[2]) else None
        return (*indices, between)
    q = reshape(q, (-1,)) if isinstance(q, Traced) else box(library.asarray(host, "float64", place))
    n = multiply(q, 0) + (rows.shape[-1] if n is None else n)
    *ends, between = _places(_OWN, method, n, q)
    indices = [astype(stop_gradient(y), library.dtype("int64")) for y in ends]
    # Off the box that the functions want: bare rows give bare results.
    return tuple([unbox(y) for y in (*indices, astype(between, rows.dtype))])  # type: ignore[return-value]


def _between(rows: Any, below: Any, above: Any, between: Any) -> Any:
    """Return what lies between two positions of sorted rows, for each of several."""
    low = _picked(rows, below)
    if between is None:
        return low
    high = _picked(rows, above)
    out = add(multiply(high - low, between), low)  # any of the three may be traced
    # Between two equal infinities there is no NaN.
    return where(logical_and(isinf(low), equal(low, high)), low, out)


def _picked(rows: Any, positions: Any) -> Any:
    if len(positions.shape) == 1:
        return take(rows, positions, axis=len(rows.shape) - 1)
    return take_along_axis(rows, positions, axis=-1)


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
    """Return the value below which a share q of the elements over axes lies.

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


def percentile(
    x: Any, q: Any, /, axis: Axes = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return `quantile` for q from 0 to 100."""
    return _quantile("percentile", x, _of_hundred(q), axis, method, keepdims, skips_nan=False)


def nanpercentile(
    x: Any, q: Any, /, axis: Axes = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return `nanquantile` for q from 0 to 100."""
    return _quantile("nanpercentile", x, _of_hundred(q), axis, method, keepdims, skips_nan=True)


@composite(domain=ANY, samples=[([(4,)], {}), *SAMPLES])
def median(x: Any, /, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return the median over axes: the middle element, or the mean of two.

    NaN where there is a NaN. Gradient: to those elements.
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims, skips_nan=False)


@composite(domain=ANY, samples=SAMPLES)
def nanmedian(x: Any, /, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return the median over axes of the elements that are not NaN, NaN if all are."""
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, skips_nan=True)
