"""Images of another size, windows of images, and losses and norms that come with them."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import neo.functions as nf
import neo.numpy as nep

from .arguments import LackingError, reduced
from .networks import _batch_norm as batch_norm
from .networks import _group_norm as group_norm


def _interpolated(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Any:
    size, scale = [tuple(v) if isinstance(v, list) else v for v in (size, scale_factor)]
    if recompute_scale_factor and scale is not None:
        scales = scale if isinstance(scale, tuple) else (scale,) * (x.ndim - 2)
        size, scale = tuple([math.floor(n * s) for n, s in zip(x.shape[2:], scales, strict=True)]), None
    return nf.interpolate(x, size, scale, mode=mode, align_corners=bool(align_corners), antialias=antialias)


def _adaptive(count: int, function: Any) -> Any:
    def of(x: Any, size: Any, return_indices: bool = False) -> Any:
        if return_indices:
            raise LackingError("adaptive_max_pool gives no positions")
        size = tuple(size) if isinstance(size, list) else size
        batched = x if x.ndim == count + 2 else x[None]
        out = function(batched, size)
        return out if x.ndim == count + 2 else out[0]

    return of


def _pair(v: Any) -> tuple[int, int]:
    return (v, v) if isinstance(v, int) else tuple(v)


def _unfolded(x: Any, kernel: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    kernel, dilation, padding, stride = map(_pair, (kernel, dilation, padding, stride))
    alone = x.ndim == 3
    x = nep.pad(x[None] if alone else x, [(0, 0), (0, 0), *[(p, p) for p in padding]])
    counts = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, d, s in zip(x.shape[2:], kernel, dilation, stride, strict=True)
    ]
    places = [
        [
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, d, n, s in zip(place, dilation, counts, stride, strict=True)
        ]
        for place in product(*map(range, kernel))
    ]
    parts = [
        nep.reshape(x[:, :, rows, columns], (*x.shape[:2], math.prod(counts))) for rows, columns in places
    ]
    out = nep.stack(parts, axis=2)
    out = nep.reshape(out, (x.shape[0], x.shape[1] * math.prod(kernel), math.prod(counts)))
    return out[0] if alone else out


def _unpooled(count: int) -> Any:
    def of(
        x: Any,
        positions: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> Any:
        each = [
            (v,) * count if isinstance(v, int) else tuple(v)
            for v in (kernel_size, stride or kernel_size, padding)
        ]
        lengths = [(n - 1) * s - 2 * p + k for n, k, s, p in zip(x.shape[-count:], *each, strict=True)]
        lengths = lengths if output_size is None else list(output_size)[-count:]
        rows = math.prod(x.shape[:-count])
        flat = nep.reshape(x, (rows, math.prod(x.shape[-count:])))
        key = (nep.arange(rows, backend=x.backend)[:, None], nep.reshape(positions, flat.shape))
        zeros = nep.zeros((rows, math.prod(lengths)), dtype=x.dtype, backend=x.backend)
        out = zeros.at[key].set(flat) if flat.size else zeros
        return nep.reshape(out, (*x.shape[:-count], *lengths))

    return of


def _local_response(x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    if not x.size:
        return x
    squares = nep.reshape(x * x, (x.shape[0], 1, x.shape[1], math.prod(x.shape[2:])))
    squares = nep.pad(squares, [(0, 0), (0, 0), (size // 2, (size - 1) // 2), (0, 0)])
    mean = nep.reshape(nf.avg_pool(squares, (size, 1), 1), x.shape)
    return x / (mean * alpha + k) ** beta


def _multi_margin(
    x: Any, y: Any, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
) -> Any:
    classes = x.shape[-1] if x.ndim else 1
    rows, labels = nep.reshape(x, (-1, classes)), nep.reshape(y, (-1, 1))
    loss = nf.relu(margin - nep.take_along_axis(rows, labels, axis=1) + rows) ** p
    loss = loss if weight is None else loss * nep.take(weight, nep.reshape(labels, (-1,)))[:, None]
    others = nep.arange(classes, backend=x.backend) != labels
    out = nep.mean(nep.where(others, loss, 0.0), axis=1)
    return reduced(out if x.ndim > 1 else nep.reshape(out, ()), reduction)


def _multilabel_margin(x: Any, y: Any, reduction: str = "mean") -> Any:
    classes = x.shape[-1] if x.ndim else 1
    rows, labels = nep.reshape(x, (-1, classes)), nep.reshape(y, (-1, classes))
    # Labels count up to the first -1.
    counts = nep.cumulative_sum(nep.astype(labels < 0, "int64"), axis=1) == 0
    places = nep.arange(classes, backend=x.backend)
    hit = nep.any((labels[:, :, None] == places) & counts[:, :, None], axis=1)
    chosen = nep.take_along_axis(rows, nep.where(counts, labels, 0), axis=1)
    loss = nf.relu(1 - chosen[:, :, None] + rows[:, None, :])
    apart = nep.where(counts[:, :, None] & ~hit[:, None, :], loss, 0.0)
    out = nep.sum(apart, axis=(1, 2)) / classes
    return reduced(out if x.ndim > 1 else nep.reshape(out, ()), reduction)


def _native_group_norm(
    x: Any, weight: Any, bias: Any, n: int, c: int, rest: int, groups: int, eps: float
) -> Any:
    grouped = nep.reshape(x, (n, groups, c // groups * rest))
    mean, var = nep.mean(grouped, axis=-1), nep.var(grouped, axis=-1)
    return group_norm(x, groups, weight, bias, eps), mean, 1 / nep.sqrt(var + eps)


def _native_batch_norm(
    x: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool, momentum: float, eps: float
) -> Any:
    out = batch_norm(x, mean, var, weight, bias, training, momentum, eps)
    if not training:
        none = nep.zeros((0,), dtype=x.dtype, backend=x.backend)
        return out, none, none
    axis = (0, *range(2, x.ndim))
    return out, nep.mean(x, axis=axis), 1 / nep.sqrt(nep.var(x, axis=axis) + eps)


MODES = ("nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area")
TABLE: dict[str, Any] = {
    **{f"nn.functional.interpolate:{mode}": _interpolated for mode in MODES},
    "nn.functional.upsample_nearest": lambda x, size=None, scale_factor=None: _interpolated(
        x, size, scale_factor
    ),
    "nn.functional.upsample_bilinear": lambda x, size=None, scale_factor=None: _interpolated(
        x, size, scale_factor, "bilinear", True
    ),
    **{f"nn.functional.adaptive_avg_pool{n}d": _adaptive(n, nf.adaptive_avg_pool) for n in (1, 2, 3)},
    **{f"nn.functional.adaptive_max_pool{n}d": _adaptive(n, nf.adaptive_max_pool) for n in (1, 2, 3)},
    **{f"nn.functional.max_unpool{n}d:grad": _unpooled(n) for n in (1, 2, 3)},
    "nn.functional.unfold": _unfolded,
    "nn.functional.local_response_norm": _local_response,
    "nn.functional.multi_margin_loss": _multi_margin,
    "nn.functional.multilabel_margin_loss": _multilabel_margin,
    "native_group_norm": _native_group_norm,
    "native_batch_norm": _native_batch_norm,
}
