"""Operations that move, join, split and repeat elements."""

from __future__ import annotations

import itertools
import math
from typing import Any

import neo.numpy as nep

from .arguments import as_dtype, lifted


def _shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], list | tuple) else sizes


def _expanded(x: Any, *sizes: Any) -> Any:
    shape = _shape(sizes)
    lengths = (1,) * (len(shape) - x.ndim) + x.shape
    return nep.broadcast_to(x, tuple([n if s == -1 else s for s, n in zip(shape, lengths, strict=True)]))


def _reshaped(x: Any, *sizes: Any) -> Any:
    return nep.reshape(x, _shape(sizes))


def _summed_to(x: Any, *sizes: Any) -> Any:
    shape = _shape(sizes)
    extra = x.ndim - len(shape)
    axes = [k for k in range(x.ndim) if k < extra or (shape[k - extra] == 1 and x.shape[k] != 1)]
    return nep.reshape(nep.sum(x, axis=tuple(axes)), shape) if axes else x


def _cut(x: Any, sizes: Any, dim: int = 0) -> list[Any]:
    ends = list(itertools.accumulate(sizes))
    before = (slice(None),) * (dim % x.ndim)
    return [x[(*before, slice(end - n, end))] for n, end in zip(sizes, ends, strict=True)]


def _split(x: Any, size: Any, dim: int = 0) -> list[Any]:
    if isinstance(size, list | tuple):
        return _cut(x, size, dim)
    n = x.shape[dim]
    return _cut(x, [min(size, n - k) for k in range(0, n, size)], dim)


def _chunk(x: Any, count: int, dim: int = 0) -> list[Any]:
    return _split(x, math.ceil(x.shape[dim] / count), dim)


def _tensor_split(x: Any, where: Any, dim: int = 0) -> list[Any]:
    where = where.tolist() if hasattr(where, "tolist") else where
    n = x.shape[dim]
    if isinstance(where, int):
        return _cut(x, [n // where + (k < n % where) for k in range(where)], dim)
    ends = [min(e, n) for e in where]
    starts, ends = [0, *ends], [*ends, n]
    before = (slice(None),) * (dim % x.ndim)
    return [x[(*before, slice(a, b))] for a, b in zip(starts, ends, strict=True)]


def _flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    if not x.ndim:
        return nep.reshape(x, (1,))
    a, b = start_dim % x.ndim, end_dim % x.ndim
    return nep.reshape(x, (*x.shape[:a], math.prod(x.shape[a : b + 1]), *x.shape[b + 1 :]))


def _unflatten(x: Any, dim: int, sizes: Any) -> Any:
    dim %= x.ndim
    return nep.reshape(x, (*x.shape[:dim], *sizes, *x.shape[dim + 1 :]))


def _rolled(x: Any, shifts: Any, dims: Any = None) -> Any:
    dims = None if dims in ((), []) else dims
    return nep.roll(x, tuple(shifts) if isinstance(shifts, list | tuple) else shifts, axis=dims)


def _rot90(x: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    a, b = [d % x.ndim for d in dims]
    swapped = list(range(x.ndim))
    swapped[a], swapped[b] = b, a
    k %= 4
    if k == 2:
        return nep.flip(x, axis=(a, b))
    if k == 1:
        return nep.permute_dims(nep.flip(x, axis=b), tuple(swapped))
    return nep.flip(nep.permute_dims(x, tuple(swapped)), axis=b) if k == 3 else x


def _swapped(x: Any, a: int, b: int) -> Any:
    if not x.ndim:
        return x
    order = list(range(x.ndim))
    order[a], order[b] = order[b], order[a]
    return nep.permute_dims(x, tuple(order))


def _permuted(x: Any, *axes: Any) -> Any:
    return nep.permute_dims(x, _shape(axes))


def _squeezed(x: Any, dim: Any = None) -> Any:
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, list | tuple) else (dim,)
    ones = tuple([d % x.ndim for d in dims if x.ndim and x.shape[d] == 1])
    return nep.squeeze(x, ones) if ones else x


def _repeated(x: Any, *times: Any) -> Any:
    counts = _shape(times)
    wide = nep.reshape(x, (1,) * (len(counts) - x.ndim) + x.shape)
    return nep.tile(wide, counts)


def _tiled(x: Any, *times: Any) -> Any:
    return nep.tile(x, _shape(times))


def _at_least(count: int) -> Any:
    def widened(x: Any) -> Any:
        if count == 3 and x.ndim == 2:
            return x[:, :, None]
        if count == 3 and x.ndim == 1:
            return x[None, :, None]
        return nep.reshape(x, (1,) * (count - x.ndim) + x.shape)

    def of(*arrays: Any) -> Any:
        arrays = arrays[0] if isinstance(arrays[0], list | tuple) else arrays
        return [widened(x) for x in arrays]

    return of


def _stacked(count: int, axis: int) -> Any:
    return lambda arrays: nep.concat(_at_least(count)(*arrays), axis=axis)


def _columns(arrays: Any) -> Any:
    return nep.concat([x if x.ndim > 1 else nep.reshape(x, (-1, 1)) for x in arrays], axis=1)


def _cat(arrays: Any, dim: int = 0) -> Any:
    # PyTorch lets an empty array of one axis stand beside any others.
    kept = [x for x in arrays if x.shape != (0,)]
    return nep.concat(kept or list(arrays), axis=dim)


def _block_diagonal(*arrays: Any) -> Any:
    blocks = _at_least(2)(*arrays)
    width = sum([b.shape[1] for b in blocks])
    rows, left = [], 0
    for b in blocks:
        zeros = [
            nep.zeros((b.shape[0], n), dtype=b.dtype, backend=b.backend)
            for n in (left, width - left - b.shape[1])
        ]
        rows.append(nep.concat([zeros[0], b, zeros[1]], axis=1))
        left += b.shape[1]
    return nep.concat(rows, axis=0)


def _combinations(x: Any, r: int = 2, with_replacement: bool = False) -> Any:
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    picked = list(choose(range(x.shape[0]), r))
    flat = [k for row in picked for k in row]
    return nep.reshape(x[nep.asarray(flat, dtype="int64", backend=x.backend)], (len(picked), r))


def _cartesian(*arrays: Any) -> Any:
    if len(arrays) == 1:
        return arrays[0]
    return nep.stack([nep.reshape(x, (-1,)) for x in nep.meshgrid(*arrays, indexing="ij")], axis=-1)


def _meshgrid(*arrays: Any, indexing: str = "ij") -> Any:
    arrays = arrays[0] if isinstance(arrays[0], list | tuple) else arrays
    return nep.meshgrid(*[nep.reshape(x, (-1,)) for x in arrays], indexing=indexing)


def _narrow(x: Any, dim: int, start: Any, length: int) -> Any:
    start = int(start.item()) if hasattr(start, "item") else start
    start = start + x.shape[dim] if start < 0 else start
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, start + length),)]


def _selected(x: Any, dim: int, k: int) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (k,)]


def _sliced(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


def _windows(x: Any, dimension: int, size: int, step: int) -> Any:
    if not x.ndim:
        return nep.reshape(x, (1,))[:size] if size else nep.reshape(x, (1,))[:0]
    starts = range(0, x.shape[dimension] - size + 1, step)
    parts = [nep.moveaxis(_narrow(x, dimension, s, size), dimension, -1) for s in starts]
    return nep.stack(parts, axis=dimension % x.ndim)


def _repeat_interleave(x: Any, repeats: Any, dim: Any = None, output_size: Any = None) -> Any:
    if not isinstance(repeats, int):
        repeats = nep.astype(repeats, "int64")
        repeats = nep.reshape(repeats, (-1,)) if dim is not None or repeats.ndim else repeats.item()
        if not isinstance(repeats, int) and repeats.shape == (1,):
            repeats = repeats.item()
    return nep.repeat(nep.reshape(x, (1,)) if not x.ndim else x, repeats, axis=dim)


def _gradient_of_diff(x: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    return nep.diff(x, n=n, axis=dim, prepend=prepend, append=append)


def _shuffled(x: Any, upscale_factor: int) -> Any:
    r, (*batch, c, h, w) = upscale_factor, x.shape
    y = nep.reshape(x, (*batch, c // r**2, r, r, h, w))
    n = len(batch)
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return nep.reshape(nep.permute_dims(y, order), (*batch, c // r**2, h * r, w * r))


def _unshuffled(x: Any, downscale_factor: int) -> Any:
    r, (*batch, c, h, w) = downscale_factor, x.shape
    y = nep.reshape(x, (*batch, c, h // r, r, w // r, r))
    n = len(batch)
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return nep.reshape(nep.permute_dims(y, order), (*batch, c * r**2, h // r, w // r))


def _channels(x: Any, groups: int) -> Any:
    n, c, *rest = x.shape
    y = nep.reshape(x, (n, groups, c // groups, *rest))
    return nep.reshape(_swapped(y, 1, 2), x.shape)


def _vander(x: Any, N: int | None = None) -> Any:
    x = nep.reshape(x, (1,)) if not x.ndim else x
    n = x.shape[-1] if N is None else N
    return nep.stack([x**k if k else nep.ones_like(x) for k in range(n)], axis=-1)


def _adjoint(x: Any) -> Any:
    return nep.conj(nep.matrix_transpose(x)) if x.ndim else nep.conj(x)


def _dtype_in(settings: Any) -> Any:
    like = next((s for s in settings if hasattr(s, "dtype") or str(s).startswith(("float", "complex"))), None)
    return getattr(like, "dtype", like)


def _two_axes(function: Any) -> Any:
    return lambda x, k=0: function(x, k=k)


SPLITS = {
    "hsplit": lambda x, where: _tensor_split(x, where, 0 if x.ndim == 1 else 1),
    "vsplit": lambda x, where: _tensor_split(x, where, 0),
    "dsplit": lambda x, where: _tensor_split(x, where, 2),
    "split": _split,
    "split:list_args": _split,
    "unsafe_split": _split,
    "split_with_sizes": _split,
    "split_with_sizes_copy": _split,
    "chunk": _chunk,
    "unsafe_chunk": _chunk,
    "tensor_split": _tensor_split,
    "unbind": lambda x, dim=0: nep.unstack(x, axis=dim),
    "unbind_copy": lambda x, dim=0: nep.unstack(x, axis=dim),
}
JOINS = {
    "cat": _cat,
    "stack": lambda arrays, dim=0: nep.stack(arrays, axis=dim),
    "hstack": lambda arrays: nep.concat(_at_least(1)(*arrays), axis=0 if arrays[0].ndim < 2 else 1),
    "vstack": _stacked(2, 0),
    "dstack": _stacked(3, 2),
    "column_stack": _columns,
    "block_diag": _block_diagonal,
    "cartesian_prod": _cartesian,
    "combinations": _combinations,
    "meshgrid:variadic_tensors": _meshgrid,
    "meshgrid:list_of_tensors": _meshgrid,
    "broadcast_tensors": nep.broadcast_arrays,
}
TABLE: dict[str, Any] = {
    **SPLITS,
    **JOINS,
    **{f"atleast_{n}d": _at_least(n) for n in (1, 2, 3)},
    **dict.fromkeys(("broadcast_to", "expand", "expand_copy"), _expanded),
    **dict.fromkeys(("reshape", "view", "view_copy"), _reshaped),
    **dict.fromkeys(("reshape_as", "view_as"), lambda x, other: nep.reshape(x, other.shape)),
    "expand_as": lambda x, other: nep.broadcast_to(x, other.shape),
    "sum_to_size": _summed_to,
    "flatten": _flatten,
    "unflatten": _unflatten,
    "ravel": lambda x: nep.reshape(x, (-1,)),
    "flip": lambda x, dims: nep.flip(x, axis=tuple(dims)) if dims else x,
    "fliplr": lambda x: nep.flip(x, axis=1),
    "flipud": lambda x: nep.flip(x, axis=0),
    "roll": _rolled,
    "rot90": _rot90,
    **dict.fromkeys(("transpose", "transpose_copy"), _swapped),
    **dict.fromkeys(("permute", "permute_copy"), _permuted),
    "movedim": lambda x, source, destination: nep.moveaxis(x, tuple(source), tuple(destination)),
    "T": lambda x: nep.permute_dims(x, tuple(range(x.ndim))[::-1]),
    **dict.fromkeys(("t", "t_copy"), lambda x: nep.matrix_transpose(x) if x.ndim > 1 else x),
    "mT": nep.matrix_transpose,
    "mH": _adjoint,
    "H": _adjoint,
    **dict.fromkeys(("squeeze", "squeeze:multiple", "squeeze_copy"), _squeezed),
    **dict.fromkeys(("unsqueeze", "unsqueeze_copy"), lambda x, dim: nep.expand_dims(x, axis=dim)),
    "repeat": _repeated,
    "tile": _tiled,
    "repeat_interleave": _repeat_interleave,
    **dict.fromkeys(("narrow", "narrow_copy"), _narrow),
    "select": _selected,
    "slice": _sliced,
    **dict.fromkeys(("unfold", "unfold_copy"), _windows),
    "tril": _two_axes(nep.tril),
    "triu": _two_axes(nep.triu),
    "diff": lifted(_gradient_of_diff),
    "nn.functional.pixel_shuffle": _shuffled,
    "nn.functional.pixel_unshuffle": _unshuffled,
    "nn.functional.channel_shuffle": _channels,
    "linalg.vander": _vander,
    "fft.fftshift": lambda x, dim=None: nep.fft.fftshift(x, axes=dim),
    "fft.ifftshift": lambda x, dim=None: nep.fft.ifftshift(x, axes=dim),
    "to": lambda x, *settings, copy=False: as_dtype(x, _dtype_in(settings)),
}
