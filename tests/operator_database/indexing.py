"""Reading and writing at positions: gather, scatter, take, put, masks."""

from __future__ import annotations

from typing import Any

import neo.numpy as nep
from neo import stop_gradient

from .arguments import LackingError, lifted


def _key(axis: int, part: Any) -> tuple[Any, ...]:
    return (*((slice(None),) * axis), part)


def _written(x: Any, key: Any, value: Any) -> Any:
    out = x.copy()
    out[key] = value
    return out


def _gather(x: Any, dim: int, index: Any) -> Any:
    x, shape = _at_least_1d(x), index.shape
    index = _at_least_1d(index)
    out = x[_grid(x, dim, index)] if index.size else nep.zeros(shape, dtype=x.dtype, backend=x.backend)
    return nep.reshape(out, shape)


def _at_least_1d(x: Any) -> Any:
    return x if x.ndim else nep.reshape(x, (1,))


def _grid(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """Return the key that stands for PyTorch's index along one axis of its own shape."""
    dim %= x.ndim
    axes = [nep.arange(n, backend=x.backend) for n in index.shape]
    places = list(nep.broadcast_arrays(*[nep.reshape(a, _along(k, index.ndim)) for k, a in enumerate(axes)]))
    places[dim] = index
    return tuple(places)


def _along(axis: int, count: int) -> tuple[int, ...]:
    return tuple([-1 if k == axis else 1 for k in range(count)])


def _read_part(source: Any, index: Any) -> Any:
    return source[tuple([slice(0, n) for n in index.shape])] if hasattr(source, "shape") else source


@lifted
def _scatter(
    x: Any, dim: int, index: Any, source: Any = None, value: Any = None, reduce: str | None = None
) -> Any:
    source = value if source is None else source
    key, part = _grid(x, dim, index), _read_part(source, index)
    if reduce == "add":
        return _added(x, key, nep.broadcast_to(part + nep.zeros_like(x)[key], index.shape))
    if reduce == "multiply":
        return _written(x, key, x[key] * part)
    return _written(x, key, part) if index.size else x.copy()


@lifted
def _scatter_add(x: Any, dim: int, index: Any, source: Any) -> Any:
    return _added(x, _grid(x, dim, index), _read_part(source, index)) if index.size else x.copy()


def _added(x: Any, key: Any, value: Any) -> Any:
    return x.at[key].add(value)


@lifted
def _index_add(x: Any, dim: int, index: Any, source: Any, alpha: float = 1) -> Any:
    return _added(x, _key(dim % x.ndim, index), source if alpha == 1 else alpha * source)


@lifted
def _index_copy(x: Any, dim: int, index: Any, source: Any) -> Any:
    return _written(x, _key(dim % x.ndim, index), source)


@lifted
def _index_fill(x: Any, dim: int, index: Any, value: Any) -> Any:
    index = nep.reshape(index, (-1,))
    value = nep.reshape(value, ()) if hasattr(value, "ndim") else value
    return _written(x, _key(dim % x.ndim, index), value)


@lifted
def _index_select(x: Any, dim: int, index: Any) -> Any:
    return nep.take(x, nep.reshape(index, (-1,)), axis=dim)


def _index_put(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    key = tuple(indices)
    return _added(x, key, values) if accumulate else _written(x, key, values)


def _put(x: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    flat, where = nep.reshape(x, (-1,)), nep.reshape(index, (-1,))
    source = nep.reshape(source, (-1,))
    out = _added(flat, where, source) if accumulate else _written(flat, where, source)
    return nep.reshape(out, x.shape)


def _take(x: Any, index: Any) -> Any:
    return nep.reshape(nep.take(nep.reshape(x, (-1,)), nep.reshape(index, (-1,))), index.shape)


def _take_along(x: Any, index: Any, dim: Any = None) -> Any:
    if dim is None:
        return nep.take_along_axis(nep.reshape(x, (-1,)), nep.reshape(index, (-1,)), axis=0)
    return nep.take_along_axis(x, index, axis=dim)


def _masked_fill(x: Any, mask: Any, value: Any) -> Any:
    return nep.where(mask, value, x)


def _masked_select(x: Any, mask: Any) -> Any:
    x, mask = nep.broadcast_arrays(x, mask)
    return nep.reshape(x, (-1,))[nep.reshape(mask, (-1,))]


def _masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    x, mask = nep.broadcast_arrays(x, mask)
    count = int(nep.count_nonzero(mask))
    return _written(x, mask, nep.reshape(source, (-1,))[:count])


def _slice_scatter(
    x: Any, source: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    return _written(x, _key(dim % x.ndim, slice(start, end, step)), source)


def _diagonal_key(x: Any, offset: int, dim1: int, dim2: int) -> tuple[Any, ...]:
    dim1, dim2 = dim1 % x.ndim, dim2 % x.ndim
    n = max(min(x.shape[dim1] - max(-offset, 0), x.shape[dim2] - max(offset, 0)), 0)
    k = nep.arange(n, backend=x.backend)
    key: list[Any] = [slice(None)] * x.ndim
    key[dim1], key[dim2] = k + max(-offset, 0), k + max(offset, 0)
    return tuple(key)


def _diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return nep.linalg.diagonal(nep.moveaxis(x, (dim1, dim2), (-2, -1)), offset=offset)


def _diagonal_scatter(x: Any, source: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    moved = nep.moveaxis(x, (dim1, dim2), (-2, -1))
    out = _written(moved, (..., *_diagonal_key(moved, offset, -2, -1)[-2:]), source)
    return nep.moveaxis(out, (-2, -1), (dim1, dim2))


def _diag_embed(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    n = x.shape[-1] + abs(offset)
    zeros = nep.zeros((*x.shape[:-1], n, n), dtype=x.dtype, backend=x.backend)
    out = _diagonal_scatter(zeros, x, offset, -2, -1)
    return nep.moveaxis(out, (-2, -1), (dim1, dim2))


def _getitem(x: Any, key: Any) -> Any:
    return x[_as_key(key)]


def _as_key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple([_as_key(k) for k in key])
    return nep.asarray(key) if isinstance(key, list) else key


def _embedding(
    weight: Any,
    index: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    if max_norm is not None or scale_grad_by_freq:
        raise LackingError("embedding scales neither rows nor gradients")
    rows = weight[index]
    return (
        rows
        if padding_idx is None
        else nep.where((index == padding_idx)[..., None], stop_gradient(rows), rows)
    )


TABLE: dict[str, Any] = {
    "gather": _gather,
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "scatter_reduce:sum": lambda x, dim, index, source, reduce, include_self=True: _scatter_add(
        x if include_self else _scatter(x, dim, index, value=0.0), dim, index, source
    ),
    "index_add": _index_add,
    "index_copy": _index_copy,
    "index_fill": _index_fill,
    "index_select": _index_select,
    "index_put": _index_put,
    "put": _put,
    "take": _take,
    "take_along_dim": _take_along,
    "masked_fill": _masked_fill,
    "masked_select": _masked_select,
    "masked_scatter": _masked_scatter,
    "select_scatter": lambda x, source, dim, k: _written(x, _key(dim % x.ndim, k), source),
    "slice_scatter": _slice_scatter,
    **dict.fromkeys(("diagonal", "diagonal_copy"), _diagonal),
    "linalg.diagonal": lambda x, offset=0, dim1=-2, dim2=-1: _diagonal(x, offset, dim1, dim2),
    "diagonal_scatter": _diagonal_scatter,
    "diag_embed": _diag_embed,
    "diag": lambda x, k=0: _diagonal(x, k) if x.ndim > 1 else _diag_embed(x, k),
    "diagflat": lambda x, offset=0: _diag_embed(nep.reshape(x, (-1,)), offset),
    "__getitem__": _getitem,
    "nn.functional.embedding": _embedding,
}
