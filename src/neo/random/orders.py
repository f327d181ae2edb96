"""Random orders and random elements of an array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.array import bottom_of, box
from ..core.dtypes import INTEGER
from ..ops.broadcasting import positive_axes, reshape
from ..ops.conversion import to as moved_to
from ..ops.indexing import take
from . import bits
from .checks import checked_shape, integer
from .discrete import below
from .keys import Key, checked, words
from .mapped import over_keys
from .operands import beside, interval, is_array, no_axis, on_host
from .placing import target


def permutation(key: Key, x: Any, axis: int = 0, *, device: Any = None, backend: Any = None) -> Any:
    """Return an array along an axis, or the integers below x, in random order.

    x: an array of one axis or more, or an integer. Every order is equally likely, up to a chance
    of x**2 / 2**65 that two of the sorted 64-bit numbers are equal.
    device, backend: where; by default where x is. Returns x's kind of array, int64 for an integer.
    Gradient: to x, in its own order again.
    Raises TypeError for an x without axes, ValueError for a negative integer or an axis out of range.

    >>> import neo
    >>> neo.random.permutation(neo.random.key(0), 5).tolist()
    [2, 3, 1, 4, 0]
    """
    checked(key, "permutation")
    source, axis, n = _population(x, axis, device, backend)
    return _picked(source, _shuffled(key, n, bottom_of(source), device, backend), axis)


def choice(
    key: Key,
    a: Any,
    shape: Any = (),
    replace: bool = True,
    p: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
    backend: Any = None,
) -> Any:
    """Return elements of an array along an axis, or integers below a, at random.

    a: an array of one axis or more, or an integer. shape: replaces that axis in the result.
    replace: whether an element can be drawn twice. p: (n,) weights along the axis, not negative;
    they need not sum to 1. Without replacement each draw is among what is left, by weight.
    device, backend: where; by default where a is. Returns a's kind of array, int64 for an integer.
    Gradient: to a; an element drawn twice gets the sum.
    Raises TypeError for an a without axes, ValueError for bad weights or too few elements.

    >>> import neo
    >>> neo.random.choice(neo.random.key(0), 10, (4,), replace=False).tolist()
    [7, 2, 3, 1]
    """
    checked(key, "choice")
    shape = checked_shape(shape)
    source, axis, n = _population(a, axis, device, backend)
    return _picked(source, _drawn(key, shape, replace, p, n, bottom_of(source), device, backend), axis)


@over_keys
def _shuffled(key: Key, n: int, like: Any, device: Any, backend: Any) -> Any:
    """Return the positions from 0 to n - 1 in random order, where `like` is or, for None, as told."""
    return _placed(np.argsort(words(key, n), kind="stable"), like, device, backend)


@over_keys
def _drawn(
    key: Key, shape: tuple[int, ...], replace: bool, p: Any, n: int, like: Any, device: Any, backend: Any
) -> Any:
    """Return positions from 0 to n - 1, drawn by weight, in a shape."""
    count, weights = math.prod(shape), None if p is None else _weights(p, n)
    available = n if weights is None else int(np.count_nonzero(weights))
    if (count > available and not replace) or (count and not available):
        how = "" if replace else " without replacement"
        raise ValueError(f"cannot draw {count} of {available} elements{how}; draw fewer")
    order = (_with_replacement if replace else _without_replacement)(key, count, n, weights)
    return _placed(order.reshape(shape), like, device, backend)


def _placed(order: np.ndarray, like: Any, device: Any, backend: Any) -> Any:
    if like is None:
        return target("permutation", None, device, backend, (INTEGER,)).place(order, order.shape)
    return beside(like, order, "int64", None, None)


def _with_replacement(key: Key, count: int, n: int, weights: np.ndarray | None) -> np.ndarray:
    if weights is None:
        return below(key, count, n).astype(np.int64) if count else np.zeros(0, np.int64)
    edges = np.cumsum(weights)
    found = np.searchsorted(edges, bits.unit(words(key, count)) * edges[-1], side="right")
    # A product that rounds up to the last edge belongs to the last element with a weight.
    return np.minimum(found, np.flatnonzero(weights)[-1]) if count else found


def _without_replacement(key: Key, count: int, n: int, weights: np.ndarray | None) -> np.ndarray:
    if weights is None:
        return np.argsort(words(key, n), kind="stable")[:count]
    # First come, first drawn: element i arrives after an exponential time of rate weights[i].
    with np.errstate(divide="ignore"):
        times = bits.exponential(words(key, n)) / weights
    return np.argsort(times, kind="stable")[:count]


def _weights(p: Any, n: int) -> np.ndarray:
    weights = on_host(p, "p")
    if weights.shape != (n,):
        raise ValueError(f"p holds one weight per element: expected shape ({n},), got {weights.shape}")
    if not ((weights >= 0) & (weights < np.inf)).all():
        raise ValueError(f"weights are finite and not negative; got {interval(weights)}")
    # Scaled by the largest, so that no sum or quotient overflows.
    return weights / weights.max() if weights.any() else weights


def _population(x: Any, axis: int, device: Any, backend: Any) -> tuple[Any, int, int]:
    """Return the array, or None for an integer; the axis; and the number of elements along it."""
    if is_array(x):
        if not x.ndim:
            no_axis("x")
        (axis,) = positive_axes(integer(axis, "axis"), x.ndim)
        x = x if device is None and backend is None else moved_to(box(x), device=device, backend=backend)
        return x, axis, x.shape[axis]
    n = integer(x, "what is not an array")
    if n < 0:
        raise ValueError(f"there are no integers from 0 to {n}: expected a number of elements from 0 on")
    positive_axes(integer(axis, "axis"), 1)
    return None, 0, n


def _picked(source: Any, order: Any, axis: int) -> Any:
    """Return the elements at the positions, whose shape replaces the axis."""
    if source is None:
        return order
    out = take(source, reshape(order, (-1,)), axis=axis)
    shape = tuple(source.shape)
    return out if order.ndim == 1 else reshape(out, (*shape[:axis], *order.shape, *shape[axis + 1 :]))
