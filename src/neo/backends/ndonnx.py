"""ndonnx arrays: lazy, and each the output of an ONNX graph. See `neo.export.onnx`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ndonnx as xp
import numpy as np
import spox.opset.ai.onnx.v17 as onnx

from .record import Backend


def known(raw: Any) -> bool:
    """Tell whether an array has values: it depends on no argument of the graph."""
    try:
        raw.unwrap_numpy()
    except ValueError:
        return False
    return True


def to_numpy(raw: Any) -> np.ndarray:
    """Return the values; a lazy array has none before its graph runs."""
    try:
        return np.asarray(raw.unwrap_numpy())
    except ValueError as error:
        raise TypeError(
            "an ndonnx array that depends on an argument of the graph has no values yet; build the "
            "graph with neo.export.onnx and run it"
        ) from error


def run(function: Callable[..., Any], given: list[np.ndarray]) -> list[np.ndarray]:
    """Return what a function gives, run as one graph: each operation by itself takes milliseconds."""
    import onnxruntime

    arguments = [xp.argument(shape=x.shape, dtype=getattr(xp, x.dtype.name)) for x in given]
    inputs = {f"x{k}": x for k, x in enumerate(arguments)}
    outputs = {f"y{k}": out for k, out in enumerate(function(*arguments))}
    session = onnxruntime.InferenceSession(xp.build(inputs, outputs).SerializeToString())
    used = [x.name for x in session.get_inputs()]
    results: list[np.ndarray] = session.run(
        list(outputs), {name: x for name, x in zip(inputs, given, strict=True) if name in used}
    )
    return results


def getitem(x: Any, key: Any) -> Any:
    """Return x[key]; ndonnx itself has no key with several arrays of positions."""
    key = _whole(key)
    if not any([_is_positions(k) for k in key]):
        return x[key[0] if len(key) == 1 else key]
    return xp.asarray(onnx.gather(_flat(x), _positions(x, key).unwrap_spox()))


def put(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with x[key] = value."""
    key = _whole(key)
    if any([k is None or _is_positions(k) for k in key]):
        return _scattered(x, key, value, "none")
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
    return put(x, key, x[key] + value)


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
    if all([known(k) for k in key if isinstance(k, xp.Array)]):
        key = tuple([to_numpy(k) if isinstance(k, xp.Array) else k for k in key])
        return xp.asarray(np.arange(math.prod(x.shape)).reshape(x.shape)[key])
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


def erf(x: Any) -> Any:
    """Return the error function, of single precision: onnxruntime has no other."""
    if x.dtype != xp.float32:
        raise NotImplementedError(
            f"onnxruntime has erf in float32, not in {x.dtype}; convert the array first"
        )
    return xp.asarray(onnx.erf(x.unwrap_spox()))


def hypot(x: Any, y: Any) -> Any:
    """Return sqrt(x * x + y * y) without overflow."""
    x, y = xp.abs(x), xp.abs(y)
    most, least = xp.maximum(x, y), xp.minimum(x, y)
    ratio = xp.where(most == 0, 0.0, least / xp.where(most == 0, 1.0, most))
    return xp.where(xp.isinf(most), most, most * xp.sqrt(1 + ratio * ratio))


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Return running products; ndonnx's own are NaN beyond a negative number."""
    x, axis = (xp.reshape(x, (-1,)), 0) if axis is None else (x, axis % x.ndim)
    x = x if dtype is None else x.astype(dtype)
    before = (slice(None),) * axis
    lines = [xp.ones_like(x[(*before, slice(0, 1), ...)])] if include_initial else []
    for k in range(x.shape[axis]):
        line = x[(*before, slice(k, k + 1), ...)]
        lines.append(lines[-1] * line if lines else line)
    return xp.concat(lines, axis=axis) if lines else x


def copysign(x: Any, y: Any) -> Any:
    """Return x with the sign of y, that of -0.0 too."""
    negative = xp.where(y == 0, 1 / y < 0, y < 0)
    return xp.where(negative, -xp.abs(x), xp.abs(x))


def atan2(y: Any, x: Any) -> Any:
    """Return the angle of the point (x, y)."""
    size = xp.atan(xp.abs(y) / xp.abs(xp.where(x == 0, 1.0, x)))
    size = xp.where(x == 0, xp.where(y == 0, 0.0, xp.ones_like(size) * (math.pi / 2)), size)
    return copysign(xp.where(copysign(xp.ones_like(x), x) < 0, math.pi - size, size), y)


class Linalg:
    """What there is of the extension `linalg`: ONNX has no factors of matrices."""

    @staticmethod
    def diagonal(x: Any, /, *, offset: int = 0) -> Any:
        """Return the elements of matrices on a diagonal."""
        rows, columns = x.shape[-2:]
        count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
        return getitem(x, (..., np.arange(count) - min(offset, 0), np.arange(count) + max(offset, 0)))

    @staticmethod
    def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
        """Return the norm of vectors, scaled so that nothing overflows on the way."""
        settings = {"axis": axis, "keepdims": keepdims}
        size = xp.abs(x)
        if abs(ord) == math.inf:
            return (xp.max if ord > 0 else xp.min)(size, **settings)
        if ord == 0:
            return xp.sum(xp.astype(size != 0, x.dtype), **settings)
        most = xp.max(size, axis=axis, keepdims=True)
        scale = xp.where((most == 0) | xp.isinf(most), 1.0, most)
        out = scale * xp.sum((size / scale) ** ord, axis=axis, keepdims=True) ** (1 / ord)
        return out if keepdims else xp.squeeze(out, axis=tuple(range(x.ndim)) if axis is None else axis)


def load() -> Backend:
    """Return the record of ndonnx."""
    kernels = (getitem, put, add_at, cumulative_prod, erf, hypot, copysign, atan2)
    return Backend(
        name="ndonnx",
        xp=xp,
        arrays=(xp.Array,),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        to_numpy=to_numpy,
        known=known,
        run=run,
        kernels={"linalg": Linalg, **{kernel.__name__: kernel for kernel in kernels}},
    )
