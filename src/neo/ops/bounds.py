"""What a key with indices out of range means where the caller says: clip them, or leave them out."""

from __future__ import annotations

import math
from math import prod as product
from typing import Any

from ..core.array import bottom_of
from ..core.dtypes import BOOL, INTEGER, kind
from ..core.policy import library_of_all
from .broadcasting import broadcast_to, reshape
from .indexing import take
from .keys import raw_key
from .manipulation import arange_like
from .registry import composite
from .selection import where


def clipped(x: Any, key: Any, mode: str) -> Any:
    """Return the key with its integers within x. Raises ValueError for a mode that is not "clip"."""
    if mode != "clip":
        raise ValueError(f"at: no mode {mode!r}; there are None, 'clip', 'drop', 'fill', 'promise_in_bounds'")
    keys, integers = _parts(x, key)
    library = library_of_all((x,))
    for place, axis in integers:
        n = x.shape[axis]
        keys[place] = library.xp.clip(keys[place], -n, n - 1)
    return tuple(keys)


@composite(domain=(-2, 2), samples=[([(3,)], {"key": [0, 5, 0]})])
def filled(x: Any, key: Any, fill_value: Any = None) -> Any:
    """Return x[key], and fill_value (default NaN, 0 for integers) where an index is out of range."""
    positions = _positions(x, key)
    xp = library_of_all((x,)).raw
    near = xp.reshape(xp.clip(positions, 0, None), (-1,))
    taken = reshape(take(reshape(x, (-1,)), near), tuple(positions.shape))
    if fill_value is None:
        fill_value = 0 if kind(x.dtype) in (INTEGER, BOOL) else math.nan
    return where(positions >= 0, taken, fill_value)


def kept(x: Any, key: Any, value: Any) -> tuple[Any, Any, Any]:
    """Return x flattened, the positions in it that key takes within range, and the values for them."""
    positions = _positions(x, key)
    xp = library_of_all((x,)).raw
    values = reshape(broadcast_to(value, tuple(positions.shape)), (-1,))
    positions = xp.reshape(positions, (-1,))
    stays = xp.nonzero(positions >= 0)[0]
    return reshape(x, (-1,)), xp.take(positions, stays, axis=0), take(values, stays)


def _positions(x: Any, key: Any) -> Any:
    """Return the position in the flattened x of each element of x[key], -1 where it is out of range."""
    keys, integers = _parts(x, key)
    xp = library_of_all((x,)).raw
    lengths = list(x.shape)
    for place, axis in integers:
        n, index = x.shape[axis], keys[place]
        lengths[axis] += 1  # a place for what is out of range
        inside = (index >= -n) & (index < n)
        keys[place] = xp.where(inside, xp.where(index < 0, index + n, index), xp.full_like(index, n))
    places = xp.reshape(arange_like(x, product(x.shape)), tuple(x.shape))
    beyond = xp.broadcast_to(xp.full_like(arange_like(x, 1), -1), tuple(lengths))
    whole = tuple([slice(0, n) for n in x.shape])
    return xp.getitem(xp.put(beyond, whole, places), tuple(keys))


def _parts(x: Any, key: Any) -> tuple[list[Any], list[tuple[int, int]]]:
    """Return a key as a list, integers as arrays, and (place in it, axis of x) of each of those."""
    key = raw_key(key)
    keys = list(key) if isinstance(key, tuple) else [key]
    taken = sum([_axes(k) for k in keys])
    library, found, axis = library_of_all((x,)), [], 0
    for place, k in enumerate(keys):
        if type(k) is int or (hasattr(k, "dtype") and kind(k.dtype) == INTEGER):
            found.append((place, axis))
            keys[place] = library.asarray(k, None, library.device(bottom_of(x)))
        axis += len(x.shape) - taken if k is Ellipsis else _axes(k)
    return keys, found


def _axes(k: Any) -> int:
    """Return how many axes of an array one part of a key takes."""
    if k is None or k is Ellipsis:
        return 0
    return int(k.ndim) if hasattr(k, "dtype") and kind(k.dtype) == BOOL else 1
