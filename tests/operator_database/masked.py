"""Reductions and normalisations of what a mask leaves; PyTorch's results elsewhere are taken as 0."""

from __future__ import annotations

import math
from typing import Any

import neo.functions as nf
import neo.numpy as nep

from .arguments import as_dtype, axes, lifted
from .positions import lower_median
from .reductions import _correction
from .reductions import _logsumexp as logsumexp


def _shown(out: Any, seen: Any) -> Any:
    return out if seen is None else nep.where(seen, out, nep.zeros_like(out))


def _seen(x: Any, mask: Any, dim: Any, keepdim: bool) -> Any:
    if mask is None:
        return None
    return nep.any(nep.broadcast_to(mask, x.shape), axis=axes(x, dim), keepdims=keepdim)


def _filled(x: Any, mask: Any, value: Any) -> Any:
    return x if mask is None else nep.where(nep.broadcast_to(mask, x.shape), x, value)


def _reduction(function: Any, identity: float, hidden: bool = True) -> Any:
    def of(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
        x = as_dtype(x, dtype)
        out = function(_filled(x, mask, identity), axis=axes(x, dim), keepdims=keepdim)
        return _shown(out, _seen(x, mask, dim, keepdim)) if hidden else out

    return of


def _count(x: Any, mask: Any, dim: Any, keepdims: bool) -> Any:
    ones = nep.ones(x.shape, dtype="float64", backend=x.backend)
    return nep.sum(_filled(ones, mask, 0.0), axis=axes(x, dim), keepdims=keepdims)


def _mean(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    x = as_dtype(x, dtype)
    total = nep.sum(_filled(x, mask, 0.0), axis=axes(x, dim), keepdims=keepdim)
    return _shown(total / _count(x, mask, dim, keepdim), _seen(x, mask, dim, keepdim))


def _spread(finish: Any) -> Any:
    def of(
        x: Any,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: bool = False,
        dtype: Any = None,
        mask: Any = None,
        correction: Any = None,
    ) -> Any:
        x = as_dtype(x, dtype)
        apart = _filled(x - _mean(x, dim, True, mask=mask), mask, 0.0)
        total = nep.sum(apart * nep.conj(apart), axis=axes(x, dim), keepdims=keepdim)
        freedom = nep.clip(_count(x, mask, dim, keepdim) - _correction(unbiased, correction), 0, None)
        return _shown(finish(total / freedom), _seen(x, mask, dim, keepdim))

    return of


def _norm(
    x: Any, ord: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    x = as_dtype(x, dtype)
    filled = _filled(x, mask, math.inf if ord == -math.inf else 0.0)
    out = nep.linalg.vector_norm(filled, ord=ord, axis=axes(x, dim), keepdims=keepdim)
    return _shown(out, _seen(x, mask, dim, keepdim))


def _median(x: Any, dim: int, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    x = as_dtype(x, dtype)
    out = lower_median(_filled(x, mask, math.nan), dim, keepdim, skipping=True)[0]
    return _shown(out, _seen(x, mask, dim, keepdim))


def _logsum(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    x = as_dtype(x, dtype)
    out = logsumexp(_filled(x, mask, -math.inf), dim, keepdim)
    return _shown(out, _seen(x, mask, dim, keepdim))


def _along(function: Any, identity: float) -> Any:
    @lifted
    def of(x: Any, dim: int, dtype: Any = None, mask: Any = None) -> Any:
        x = as_dtype(x, dtype)
        seen = None if mask is None else nep.broadcast_to(mask, x.shape)
        return _shown(function(_filled(x, mask, identity), axis=dim), seen)

    return of


def _normalize(x: Any, ord: Any, dim: Any, eps: float = 1e-12, dtype: Any = None, mask: Any = None) -> Any:
    x = as_dtype(x, dtype)
    size = nep.maximum(_norm(x, ord, dim, True, mask=mask), eps)
    return _shown(x / size, None if mask is None else nep.broadcast_to(mask, x.shape))


def _logaddexp(x: Any, y: Any, dtype: Any = None, input_mask: Any = None, other_mask: Any = None) -> Any:
    out = nep.logaddexp(_filled(x, input_mask, -math.inf), _filled(y, other_mask, -math.inf))
    both = [mask for mask in (input_mask, other_mask) if mask is not None]
    return out if not both else _shown(out, both[0] & both[-1])


TABLE: dict[str, Any] = {
    "masked.sum": _reduction(nep.sum, 0.0),
    "masked.prod": _reduction(nep.prod, 1.0, hidden=False),
    "masked.amax": _reduction(nep.max, -math.inf),
    "masked.amin": _reduction(nep.min, math.inf),
    "masked.mean": _mean,
    "masked.var": _spread(lambda x: x),
    "masked.std": _spread(nep.sqrt),
    "masked.norm": _norm,
    "masked.median": _median,
    "masked.logsumexp": _logsum,
    "masked.cumsum": _along(nep.cumulative_sum, 0.0),
    "masked.cumprod": _along(nep.cumulative_prod, 1.0),
    "masked.softmax": _along(nf.softmax, -math.inf),
    "masked.log_softmax": _along(nf.log_softmax, -math.inf),
    "masked.softmin": _along(lambda x, axis: nf.softmax(-x, axis=axis), math.inf),
    "masked.normalize": _normalize,
    "masked.logaddexp": _logaddexp,
}
