"""What is wrong with an index that a library refused, in words: looked for only after it has raised."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from .. import backends
from ..core.array import bottom_of, is_batched
from ..core.dtypes import BOOL, INTEGER, kind
from ..errors import describe
from .keys import Place


def key_fault(name: str, shape: tuple[int, ...], key: Any) -> Exception | None:
    """Return an IndexError that says what is wrong with a key for an array of a shape, or None."""
    entries = list(key) if isinstance(key, tuple) else [key]
    words = _entries_fault(entries) or _count_fault(shape, entries) or _range_fault(shape, entries)
    return IndexError(f"{name}: {words} (the array has shape {shape})") if words else None


def value_fault(name: str, shape: tuple[int, ...], key: Any, value: Any) -> Exception | None:
    """Return a ValueError if a value does not broadcast to what a key takes, or None."""
    if isinstance(key, Place) or (isinstance(key, tuple) and any([isinstance(k, Place) for k in key])):
        return None
    host = tuple([_host(k) for k in key]) if isinstance(key, tuple) else _host(key)
    taken = np.empty(shape, dtype=bool)[host].shape
    given = tuple(value.shape)
    extra = max(len(given) - len(taken), 0)
    pairs = zip(reversed(given), reversed(taken), strict=False)
    if all([n in (1, m) for n, m in pairs]) and math.prod(given[:extra]) == 1:
        return None
    return ValueError(
        f"{name}: a value of shape {given} does not fit the place of shape {taken}; counted from the last, "
        f"each of its lengths must be 1 or the place's"
    )


def _entries_fault(entries: list[Any]) -> str | None:
    for k in entries:
        words = _entry_fault(k)
        if words:
            return words
    if len([k for k in entries if k is Ellipsis]) > 1:
        return "'...' stands twice in the index, and may stand once"
    return None


def _entry_fault(k: Any) -> str | None:
    """Return what is wrong with one entry of an index by itself, or None."""
    if k is None or k is Ellipsis or isinstance(k, Place | bool):
        return None
    if isinstance(k, slice):
        bad = [x for x in (k.start, k.stop, k.step) if x is not None and not _is_whole(x)]
        if bad:
            return f"a slice takes integers, got {describe(bad[0])}"
        return "a slice with step 0 takes nothing; leave the step out" if k.step == 0 else None
    if hasattr(k, "dtype") and hasattr(k, "shape"):
        if kind(k.dtype) in (INTEGER, BOOL):
            return None
        return f"an array that indexes holds integers or booleans, got {describe(k)}; cast it"
    if _is_whole(k):
        return None
    return f"cannot index with {describe(k)}; use integers, slices, None, '...', integer or boolean arrays"


def _is_whole(x: Any) -> bool:
    try:
        index(x)
    except TypeError:
        return False
    return True


def _count_fault(shape: tuple[int, ...], entries: list[Any]) -> str | None:
    used = sum([_axes(k) for k in entries])
    if used > len(shape):
        return f"{used} indices for an array with {len(shape)} axes"
    return None


def _axes(k: Any) -> int:
    """Return how many axes of an array an entry takes."""
    if k is None or k is Ellipsis or isinstance(k, bool):
        return 0
    return len(k.shape) if hasattr(k, "dtype") and kind(k.dtype) == BOOL else 1


def _range_fault(shape: tuple[int, ...], entries: list[Any]) -> str | None:
    """Return which entry is out of range for its axis, or which arrays do not go together; or None."""
    used, axis, widths = sum([_axes(k) for k in entries]), 0, []
    for k in entries:
        n = _axes(k)
        if n and not isinstance(k, slice | Place):
            words = _axis_fault(shape[axis : axis + n], axis, k)
            if words:
                return words
            if hasattr(k, "shape") and kind(k.dtype) == INTEGER:
                widths.append(tuple(k.shape))
        axis += len(shape) - used if k is Ellipsis else n
    try:
        np.broadcast_shapes(*widths)
    except ValueError:
        return f"index arrays of shapes {' and '.join(map(str, widths))} do not broadcast"
    return None


def _axis_fault(lengths: tuple[int, ...], axis: int, k: Any) -> str | None:
    if hasattr(k, "shape") and kind(k.dtype) == BOOL:
        if tuple(k.shape) == lengths:
            return None
        return f"a mask of shape {tuple(k.shape)} does not fit the lengths {lengths} from axis {axis} on"
    if is_batched(k):
        return None
    (n,), values = lengths, np.asarray(_host(k))
    outside = values[(values < -n) | (values >= n)]
    if not outside.size:
        return None
    return f"index {outside.flat[0]} is out of range for axis {axis} of length {n}"


def _host(k: Any) -> Any:
    """Return an entry with its values on the host."""
    if not hasattr(k, "shape"):
        return k
    raw = bottom_of(k)
    return backends.of(raw).to_numpy(raw)
