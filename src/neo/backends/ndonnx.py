"""ndonnx arrays: lazy, and each the output of an ONNX graph. See `neo.export.onnx`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ndonnx as xp
import numpy as np
import spox.opset.ai.onnx.v17 as onnx

from . import elimination
from .host import matmul_backward
from .ndonnx_indexing import add_at, getitem, known, put, raw_values
from .ndonnx_mathematics import KERNELS
from .record import Backend


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


def matmul(x: Any, y: Any, /) -> Any:
    """Return x @ y in one node; ndonnx's own has a second branch of two hundred, for no elements."""
    if not (x.dtype == y.dtype and x.dtype in (xp.float32, xp.float64)):
        return xp.matmul(x, y)
    if 0 in (*x.shape, *y.shape):
        before = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        return xp.zeros((*before, *x.shape[-2:-1], *y.shape[1:][-1:]), dtype=x.dtype)
    return xp.asarray(onnx.matmul(x.unwrap_spox(), y.unwrap_spox()))


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    """Return x broadcast; onnxruntime stretches no axis of length 1 to length 0."""
    if 0 in shape and 0 not in x.shape:
        return xp.zeros(shape, dtype=x.dtype)
    return xp.broadcast_to(x, shape)


def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
    """Return x in another shape; ndonnx finds out when the graph runs that one does not fit."""
    sizes = [n for n in (*x.shape, *shape) if not isinstance(n, int) or n < 0]
    if not sizes and math.prod(x.shape) != math.prod(shape):
        raise ValueError(f"cannot reshape {math.prod(x.shape)} elements into shape {tuple(shape)}")
    return xp.reshape(x, shape, copy=copy)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """Return elements at positions along an axis; of positions that are known, so is their number."""
    values = raw_values(indices)
    return xp.take(x, indices if values is None else xp.asarray(values), axis=axis)


def flip(x: Any, /, *, axis: int | tuple[int, ...] | None = None) -> Any:
    """Return x back to front, which is a slice of step -1."""
    axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    turned = {k % x.ndim for k in axes}
    step = [slice(None, None, -1) if k in turned else slice(None) for k in range(x.ndim)]
    return getitem(x, tuple(step))


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


class Linalg:
    """What there is of the extension `linalg`: elimination, and no singular or eigenvalues."""

    def __init__(self) -> None:
        vars(self).update(elimination.of("ndonnx", "cholesky", "det", "inv", "slogdet", "solve"))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"ONNX has no singular or eigenvalues. Compute linalg.{name} before, and pass it as an argument"
        )

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
    indexing = (add_at, getitem, put, take)
    own = (broadcast_to, cumulative_prod, flip, matmul, reshape)
    kernels = (*KERNELS, *indexing, *own)
    return Backend(
        name="ndonnx",
        xp=xp,
        arrays=(xp.Array,),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        to_numpy=to_numpy,
        known=known,
        run=run,
        kernels={
            "linalg": Linalg(),
            "matmul_backward": matmul_backward("ndonnx"),
            **elimination.of("ndonnx", "adjugate", "cofactor_slope", "solve_triangular"),
            **{kernel.__name__: kernel for kernel in kernels},
        },
    )
