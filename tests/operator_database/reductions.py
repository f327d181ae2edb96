"""Reductions, cumulative operations, sorting and searching."""

from __future__ import annotations

from typing import Any

import neo.functions as nf
import neo.numpy as nep
from neo import stop_gradient

from .arguments import as_dtype, axes, lifted


def _reduction(function: Any) -> Any:
    return lambda x, dim=None, keepdim=False, dtype=None: function(
        as_dtype(x, dtype), axis=axes(x, dim), keepdims=keepdim
    )


def _nan_ones(function: Any, count: bool) -> Any:
    def of_known(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        known = ~nep.isnan(x)
        out = nep.sum(nep.where(known, x, 0.0), axis=axes(x, dim), keepdims=keepdim)
        return (
            out / nep.sum(nep.astype(known, x.dtype), axis=axes(x, dim), keepdims=keepdim) if count else out
        )

    return of_known


def _correction(unbiased: Any, correction: Any) -> float:
    if correction is not None:
        return correction
    return 0 if unbiased is False else 1


def _spread(function: Any) -> Any:
    def of(
        x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None
    ) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        return function(x, axis=axes(x, dim), correction=_correction(unbiased, correction), keepdims=keepdim)

    return of


def _with_mean(function: Any) -> Any:
    def of(
        x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None
    ) -> Any:
        dim, unbiased = (None, dim) if isinstance(dim, bool) else (dim, unbiased)
        spread = _spread(function)(x, dim, unbiased, keepdim, correction)
        return spread, nep.mean(x, axis=axes(x, dim), keepdims=keepdim)

    return of


def _extreme(values: Any, positions: Any) -> Any:
    """PyTorch's max of one axis gives the value at one position, and the gradient to it alone."""

    def of(x: Any, dim: int, keepdim: bool = False) -> Any:
        if not x.ndim:
            return x, nep.astype(nep.zeros_like(x), "int64")
        where = positions(x, axis=dim, keepdims=True)
        out = nep.take_along_axis(x, where, axis=dim)
        return (out, where) if keepdim else (nep.squeeze(out, dim), nep.squeeze(where, dim))

    return of


@lifted
def _sort(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    out = nep.sort(x, axis=dim, descending=descending, stable=True)
    return out, nep.argsort(x, axis=dim, descending=descending, stable=True)


@lifted
def _argsort(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    return nep.argsort(x, axis=dim, descending=descending, stable=True)


def _first(x: Any, k: int, dim: int) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (slice(None, k),)]


@lifted
def _topk(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    order = nep.argsort(x, axis=dim, descending=largest, stable=True)
    where = _first(order, k, dim)
    return nep.take_along_axis(x, where, axis=dim), where


@lifted
def _kth(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    where = _first(nep.argsort(x, axis=dim, stable=True), k, dim)
    where = nep.flip(_first(nep.flip(where, axis=dim), 1, dim), axis=dim)
    out = nep.take_along_axis(x, where, axis=dim)
    return (out, where) if keepdim or x.ndim == 0 else (nep.squeeze(out, dim), nep.squeeze(where, dim))


def _kthvalue(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    return (x, nep.astype(nep.zeros_like(x), "int64")) if not x.ndim else _kth(x, k, dim, keepdim)


def _aminmax(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return tuple([f(x, axis=axes(x, dim), keepdims=keepdim) for f in (nep.min, nep.max)])


@lifted
def _running(x: Any, dim: int, dtype: Any = None, function: Any = None) -> Any:
    return function(as_dtype(x, dtype), axis=dim)


def _logsumexp(x: Any, dim: Any, keepdim: bool = False) -> Any:
    if not nep.isdtype(x.dtype, "complex floating"):
        return nf.logsumexp(x, axis=axes(x, dim), keepdims=keepdim)
    top = stop_gradient(nep.max(nep.real(x), axis=axes(x, dim), keepdims=True)) if x.size else 0.0
    out = nep.log(nep.sum(nep.exp(x - top), axis=axes(x, dim), keepdims=True)) + top
    return out if keepdim else nep.sum(out, axis=axes(x, dim))


def _prod(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return nep.prod(as_dtype(x, dtype), axis=axes(x, dim), keepdims=keepdim)


def _count(x: Any, dim: Any = None) -> Any:
    return nep.count_nonzero(x, axis=axes(x, dim))


def _search(function: Any) -> Any:
    return lambda x, dim=None, keepdim=False: function(x, axis=axes(x, dim), keepdims=keepdim)


def _nonzero(x: Any, as_tuple: bool = False) -> Any:
    if not x.ndim:
        x = nep.reshape(x, (1,))
        return nep.nonzero(x) if as_tuple else nep.stack(nep.nonzero(x), axis=-1)[:, :0]
    found = nep.nonzero(x)
    return found if as_tuple else nep.stack(found, axis=-1)


def _trapezoid(y: Any, x: Any = None, dim: int = -1, dx: float = 1.0) -> Any:
    return nep.sum(_trapezoids(y, x, dim, dx), axis=dim)


def _trapezoids(y: Any, x: Any, dim: int, dx: float) -> Any:
    width = dx if x is None else nep.diff(x, axis=dim if x.ndim > 1 else -1)
    if x is not None and x.ndim == 1 and y.ndim > 1:
        width = nep.reshape(width, (-1,) + (1,) * (y.ndim - 1 - dim % y.ndim))
    moved = nep.moveaxis(y, dim, -1)
    return nep.moveaxis((moved[..., 1:] + moved[..., :-1]) / 2, -1, dim) * width


TABLE: dict[str, Any] = {
    "sum": _reduction(nep.sum),
    "mean": _reduction(nep.mean),
    "amax": _reduction(nep.max),
    "amin": _reduction(nep.min),
    "nansum": _nan_ones(nep.sum, count=False),
    "nanmean": _nan_ones(nep.sum, count=True),
    "prod": _prod,
    "std": _spread(nep.std),
    "var": _spread(nep.var),
    "std:unbiased": _spread(nep.std),
    "var:unbiased": _spread(nep.var),
    "std_mean": _with_mean(nep.std),
    "var_mean": _with_mean(nep.var),
    "std_mean:unbiased": _with_mean(nep.std),
    "var_mean:unbiased": _with_mean(nep.var),
    "max:reduction_no_dim": nep.max,
    "min:reduction_no_dim": nep.min,
    "max:reduction_with_dim": _extreme(nep.max, nep.argmax),
    "min:reduction_with_dim": _extreme(nep.min, nep.argmin),
    "aminmax": _aminmax,
    "cumsum": lambda x, dim, dtype=None: _running(x, dim, dtype, function=nep.cumulative_sum),
    "cumprod": lambda x, dim, dtype=None: _running(x, dim, dtype, function=nep.cumulative_prod),
    "logsumexp": _logsumexp,
    "sort": _sort,
    "msort": lambda x: nep.sort(x, axis=0),
    "argsort": _argsort,
    "topk": _topk,
    "kthvalue": _kthvalue,
    "argmax": _search(nep.argmax),
    "argmin": _search(nep.argmin),
    "count_nonzero": _count,
    "nonzero": _nonzero,
    "argwhere": _nonzero,
    "trapz": _trapezoid,
    "trapezoid": _trapezoid,
    "cumulative_trapezoid": lambda y, x=None, dim=-1, dx=1.0: nep.cumulative_sum(
        _trapezoids(y, x, dim, dx), axis=dim
    ),
}
