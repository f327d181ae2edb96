"""Elements of ndonnx arrays, taken and written: by slices in few nodes, and by positions in any number."""

from __future__ import annotations

import math
from typing import Any

import ndonnx as xp
import numpy as np
import spox.opset.ai.onnx.v17 as onnx


def known(raw: Any) -> bool:
    """Tell whether an array has values: it depends on no argument of the graph."""
    return raw_values(raw) is not None


def raw_values(raw: Any) -> np.ndarray | None:
    """Return an array's values, None if it depends on an argument of the graph."""
    try:
        return np.asarray(raw.unwrap_numpy())
    except ValueError:
        return None


def getitem(x: Any, key: Any) -> Any:
    """Return x[key]; ndonnx itself has no key with several arrays of positions."""
    key = _whole(key)
    if any([_is_positions(k) for k in key]):
        return xp.asarray(onnx.gather(_flat(x), _positions(x, key).unwrap_spox()))
    if any([_is_mask(k) for k in key]):
        return x[key[0] if len(key) == 1 else key]
    return _sliced(x, key)


def put(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with x[key] = value."""
    key = _whole(key)
    if any([k is None or _is_positions(k) for k in key]):
        return _scattered(x, key, value, "none")
    if not any([_is_mask(k) for k in key]):
        return _covered(x, _parts(x, key), value)
    out = x.copy()
    key = key[0] if len(key) == 1 else key
    part = x[key]
    value = _fitting(x, value, part.ndim)
    out[key] = value if None in part.shape else xp.broadcast_to(value, part.shape)
    return out


def add_at(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with value added at key; positions given twice add up."""
    key = _whole(key)
    if any([k is None or _is_positions(k) for k in key]):
        return _scattered(x, key, value, "add")
    return put(x, key, getitem(x, key) + value)


def _sliced(x: Any, key: tuple[Any, ...]) -> Any:
    """Return x[key] of integers, slices and new axes: one slice, and what makes and drops axes."""
    parts = _parts(x, key)
    cut = {axis: _bounds(part, n) for axis, (part, n) in enumerate(zip(parts, x.shape, strict=True))}
    cut = {axis: bounds for axis, bounds in cut.items() if bounds != (0, x.shape[axis], 1)}
    out = x.unwrap_spox()
    if cut:
        starts, ends, steps = zip(*cut.values(), strict=True)
        out = onnx.slice(out, *[_constant(row) for row in (starts, ends, list(cut), steps)])
    dropped = [axis for axis, part in enumerate(parts) if not isinstance(part, slice)]
    if dropped:
        out = onnx.squeeze(out, _constant(dropped))
    added = _new_axes(key, x.ndim)
    return xp.asarray(onnx.unsqueeze(out, _constant(added)) if added else out)


def _parts(x: Any, key: tuple[Any, ...]) -> list[Any]:
    """Return an integer or a slice for each axis of x: a key without its ellipsis and new axes."""
    at = key.index(Ellipsis)
    before, after = [[k for k in part if k is not None] for part in (key[:at], key[at + 1 :])]
    return [*before, *[slice(None)] * (x.ndim - len(before) - len(after)), *after]


def _bounds(part: Any, n: int) -> tuple[int, int, int]:
    """Return (start, end, step) of a slice, or of the slice that an integer is, as ONNX counts."""
    if not isinstance(part, slice):
        at = range(n)[part]
        return at, at + 1, 1
    start, end, step = part.indices(n)
    return start, end if end >= 0 else -n - 1, step


def _new_axes(key: tuple[Any, ...], ndim: int) -> list[int]:
    """Return where in x[key] its new axes stand."""
    kept: list[Any] = []
    for k in key:
        rest = ndim - sum([j is not None for j in key]) + 1
        kept += [slice(None)] * rest if k is Ellipsis else [k] if k is None or isinstance(k, slice) else []
    return [axis for axis, k in enumerate(kept) if k is None]


def _covered(x: Any, parts: list[Any], value: Any) -> Any:
    """Return x with a value over the part that slices and integers choose, without any positions."""
    chosen = [np.arange(n)[part if isinstance(part, slice) else [part]] for part, n in _of_axes(parts, x)]
    shape = [len(k) for k in chosen]
    if 0 in shape:
        return x
    drops = [k for k, part in zip(shape, parts, strict=True) if isinstance(part, slice)]
    value = xp.reshape(xp.broadcast_to(_fitting(x, value, len(drops)), tuple(drops)), tuple(shape))
    if all([k[-1] - k[0] == len(k) - 1 for k in chosen]):
        return _framed(x, [int(k[0]) for k in chosen], value)
    inside: Any = None
    for axis, (places, n) in enumerate(zip(chosen, x.shape, strict=True)):
        if np.array_equal(places, np.arange(n)):
            continue
        source, here = np.zeros(n, np.int64), np.zeros(n, bool)
        source[places], here[places] = np.arange(len(places)), True
        value = xp.take(value, xp.asarray(source), axis=axis)
        mask = xp.asarray(here.reshape((n,) + (1,) * (x.ndim - 1 - axis)))
        inside = mask if inside is None else inside & mask
    return value if inside is None else xp.where(inside, value, x)


def _framed(x: Any, starts: list[int], value: Any) -> Any:
    """Return x with a value over a block of it, in nodes that are the same for axes of any length."""
    after = [n - start - k for n, start, k in zip(x.shape, starts, value.shape, strict=True)]
    cut = [start > 0 or end > 0 for start, end in zip(starts, after, strict=True)]
    if not any(cut):
        return value
    block = xp.ones(
        tuple([k if part else 1 for k, part in zip(value.shape, cut, strict=True)]), dtype=xp.bool
    )
    pads = _constant([*starts, *after])
    inside, spread = [xp.asarray(onnx.pad(part.unwrap_spox(), pads)) for part in (block, value)]
    return xp.where(inside, spread, x)


def _of_axes(parts: list[Any], x: Any) -> Any:
    return zip(parts, x.shape, strict=True)


def _constant(values: Any) -> Any:
    return onnx.const(np.asarray(values, np.int64))


def _scattered(x: Any, key: tuple[Any, ...], value: Any, reduction: Any) -> Any:
    places = _positions(x, key)
    updates = _flat(xp.broadcast_to(_fitting(x, value, places.ndim), places.shape))
    out = onnx.scatter_elements(_flat(x), _flat(places), updates, axis=0, reduction=reduction)
    return xp.reshape(xp.asarray(out), x.shape)


def _fitting(x: Any, value: Any, ndim: int) -> Any:
    """Return a value like x, without what it has more of axes, of length 1, which NumPy takes too."""
    value = value if isinstance(value, xp.Array) else xp.asarray(value, dtype=x.dtype)
    while value.ndim > ndim:
        value = value[0, ...]
    return value


def _flat(x: Any) -> Any:
    return xp.reshape(x, (-1,)).unwrap_spox()


def _whole(key: Any) -> tuple[Any, ...]:
    """Return a key as a tuple with an ellipsis, which ndonnx asks for where it is shorter than an array."""
    key = tuple([_part(k) for k in (key if isinstance(key, tuple) else (key,))])
    return key if any([k is Ellipsis or _is_mask(k) for k in key]) else (*key, Ellipsis)


def _part(k: Any) -> Any:
    return xp.asarray(np.asarray(k)) if isinstance(k, list | np.ndarray) else k


def _is_mask(k: Any) -> bool:
    return isinstance(k, xp.Array) and k.dtype == xp.bool


def _is_positions(k: Any) -> bool:
    return isinstance(k, xp.Array) and (not _is_mask(k) or known(k))


def _positions(x: Any, key: tuple[Any, ...]) -> Any:
    """Return where in the flat x the elements of x[key] are."""
    values = [raw_values(k) if isinstance(k, xp.Array) else k for k in key]
    if all([v is not None or k is None for k, v in zip(key, values, strict=True)]):
        return xp.asarray(np.arange(math.prod(x.shape)).reshape(x.shape)[tuple(values)])
    at = key.index(Ellipsis)
    rest = (slice(None),) * (x.ndim - len(key) + 1)
    return _computed_positions(x.shape, (*key[:at], *rest, *key[at + 1 :]))


def _computed_positions(shape: tuple[int, ...], parts: tuple[Any, ...]) -> Any:
    """Return positions in a flat array, as a sum over the axes; parts: for each a slice or positions."""
    chosen = [k for k, part in enumerate(parts) if not isinstance(part, slice)]
    if None in parts or chosen != list(range(chosen[0], chosen[-1] + 1)):
        raise NotImplementedError(
            "ndonnx takes arrays of positions of axes that stand side by side; permute the axes first"
        )
    width = max([xp.asarray(parts[k]).ndim for k in chosen])
    out: Any = 0
    for axis, (part, length) in enumerate(zip(parts, shape, strict=True)):
        # The axes of the result behind this one's: those of the positions count as one group.
        last = chosen[-1] if axis in chosen else axis
        behind = len(parts) - 1 - last + (width - len(chosen) if axis < chosen[0] else 0)
        place = xp.asarray(np.arange(length)[part] if isinstance(part, slice) else part, dtype=xp.int64)
        place = xp.reshape(xp.where(place < 0, place + length, place), (*place.shape, *(1,) * behind))
        out = out + place * math.prod(shape[axis + 1 :])
    return out
