"""Padding, convolution, pooling; quantiles and running extrema."""

from __future__ import annotations

from typing import Any

import neo.functions as nf
import neo.numpy as nep
from neo import stop_gradient

from .arguments import LackingError, axes, lifted

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _padded(x: Any, widths: Any, mode: str = "constant", value: Any = None) -> Any:
    pairs = [(widths[k], widths[k + 1]) for k in range(0, len(widths), 2)][::-1]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    settings = {"constant_values": value} if mode == "constant" and value is not None else {}
    # PyTorch cuts where a width is negative: at first, but edges are copied before they are cut away.
    x = x if mode == "replicate" else _cut(x, pairs)
    out = nep.pad(x, [(max(low, 0), max(high, 0)) for low, high in pairs], mode=MODES[mode], **settings)
    return _cut(out, pairs) if mode == "replicate" else out


def _cut(x: Any, pairs: Any) -> Any:
    keys = [slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(x.shape, pairs, strict=True)]
    return x[tuple(keys)]


def _over_batch(function: Any) -> Any:
    """PyTorch takes images without a batch too: of the weight's number of axes less one."""

    def of(x: Any, weight: Any, bias: Any = None, **settings: Any) -> Any:
        settings = {name: tuple(v) if isinstance(v, list) else v for name, v in settings.items()}
        if x.ndim == weight.ndim:
            return function(x, weight, bias, **settings)
        return function(x[None], weight, bias, **settings)[0]

    return of


def _positional(
    x: Any,
    weight: Any,
    bias: Any = None,
    *places: Any,
    names: Any = (),
    function: Any = None,
    **settings: Any,
) -> Any:
    return _over_batch(function)(x, weight, bias, **dict(zip(names, places, strict=False)), **settings)


def _conv(*args: Any, **settings: Any) -> Any:
    return _positional(*args, names=("stride", "padding", "dilation", "groups"), function=nf.conv, **settings)


def _conv_transpose(*args: Any, **settings: Any) -> Any:
    names = ("stride", "padding", "output_padding", "groups", "dilation")
    return _positional(*args, names=names, function=nf.conv_transpose, **settings)


def _pooled(count: int, function: Any) -> Any:
    def of(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, **settings: Any) -> Any:
        settings.pop("return_indices", None)
        if settings.pop("divisor_override", None) is not None:
            raise LackingError("avg_pool divides by the size of the window only")
        given = [_lengths(v) for v in (kernel_size, stride or None, padding)]
        settings = {name: _lengths(v) for name, v in settings.items()}
        batched = x if x.ndim == count + 2 else x[None]
        out = function(batched, given[0], given[1], given[2], **settings)
        return out if x.ndim == count + 2 else out[0]

    return of


def _lengths(v: Any) -> Any:
    if isinstance(v, list | tuple):
        return v[0] if len(v) == 1 else tuple(v)
    return v


def _avg_pooled(count: int) -> Any:
    pooled = _pooled(count, nf.avg_pool)

    def of(
        x: Any,
        kernel: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Any:
        return pooled(
            x,
            kernel,
            stride,
            padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )

    return of


def _quantile(function: Any) -> Any:
    def of(x: Any, q: Any, dim: Any = None, keepdim: bool = False, interpolation: str = "linear") -> Any:
        return function(x, q, axes(x, dim), method=interpolation, keepdims=keepdim)

    return of


@lifted
def _running(x: Any, dim: int, function: Any = None) -> Any:
    return function(x, axis=dim)


def _logcumsumexp(x: Any, axis: int) -> Any:
    if not nep.isdtype(x.dtype, "complex floating"):
        return nep.logcumsumexp(x, axis=axis)
    top = stop_gradient(nep.max(nep.real(x), axis=axis, keepdims=True))
    return nep.log(nep.cumulative_sum(nep.exp(x - top), axis=axis)) + top


TABLE: dict[str, Any] = {
    "constant_pad_nd": lambda x, widths, value=0: _padded(x, widths, "constant", value),
    **{
        f"nn.functional.pad:{n}": _padded
        for n in ("constant", "reflect", "replicate", "replicate_negative", "circular")
    },
    **{f"nn.functional.conv{n}d": _conv for n in (1, 2, 3)},
    **{f"nn.functional.conv_transpose{n}d": _conv_transpose for n in (1, 2, 3)},
    **{f"nn.functional.max_pool{n}d": _pooled(n, nf.max_pool) for n in (1, 2, 3)},
    **{f"nn.functional.avg_pool{n}d": _avg_pooled(n) for n in (1, 2, 3)},
    "quantile": _quantile(nep.quantile),
    "nanquantile": _quantile(nep.nanquantile),
    "logcumsumexp": lambda x, dim: _running(x, dim, function=_logcumsumexp),
}
