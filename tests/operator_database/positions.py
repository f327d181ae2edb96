"""Extremes and medians with their positions, and reductions into positions."""

from __future__ import annotations

from typing import Any

import neo.numpy as nep

from .arguments import lifted
from .indexing import _grid as grid
from .indexing import _key as key_along
from .indexing import _read_part as read_part


def _running(function: Any) -> Any:
    @lifted
    def of(x: Any, dim: int) -> Any:
        out = function(x, axis=dim)
        shape = [1] * x.ndim
        shape[dim] = -1
        places = nep.reshape(nep.arange(x.shape[dim], backend=x.backend), tuple(shape))
        # PyTorch takes the last of equal elements.
        reached = nep.where(x == out, places + nep.zeros_like(places), -1)
        where = nep.cumulative_max(reached, axis=dim)
        return nep.take_along_axis(x, where, axis=dim), where

    return lambda x, dim: of(x, dim) if x.size else (x, nep.astype(x, "int64"))


@lifted
def lower_median(x: Any, dim: int, keepdim: bool = False, skipping: bool = False) -> tuple[Any, Any]:
    """Return the lower of the middle elements, and where it is; NaN counts only where all are."""
    order = nep.argsort(x, axis=dim, stable=True)
    n = x.shape[dim]
    none = nep.isnan(x)
    known = n - nep.count_nonzero(none, axis=dim, keepdims=True)
    middle = nep.where(known > 0, (known - 1) // 2, 0)
    if not skipping:
        middle = nep.where(known == n, (n - 1) // 2, known)
    where = nep.take_along_axis(order, middle, axis=dim)
    out = nep.take_along_axis(x, where, axis=dim)
    return (out, where) if keepdim else (nep.squeeze(out, dim), nep.squeeze(where, dim))


def _median(skipping: bool) -> Any:
    def of(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return lower_median(nep.reshape(x, (-1,)), 0, False, skipping)[0]
        if not x.ndim:
            return x, nep.astype(nep.zeros_like(x), "int64")
        return lower_median(x, dim, keepdim, skipping)

    return of


_IDENTITY = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "amin": float("inf"), "amax": -float("inf")}


def _reduced_into(x: Any, key: Any, part: Any, reduce: str, include_self: bool) -> Any:
    ones = nep.ones_like(part)
    if not include_self:
        x = x.at[key].set(nep.zeros_like(part) + _IDENTITY[reduce])
    if reduce == "mean":
        start = nep.ones_like(x) if include_self else nep.ones_like(x).at[key].set(0 * ones)
        return x.at[key].add(part) / start.at[key].add(ones)
    method = {"sum": "add", "prod": "multiply", "amin": "min", "amax": "max"}[reduce]
    return getattr(x.at[key], method)(part)


@lifted
def _scatter_reduce(x: Any, dim: int, index: Any, source: Any, reduce: str, include_self: bool = True) -> Any:
    if not index.size:
        return x.copy()
    part = nep.broadcast_to(read_part(source, index), index.shape)
    return _reduced_into(x, grid(x, dim, index), part, reduce, include_self)


@lifted
def _index_reduce(x: Any, dim: int, index: Any, source: Any, reduce: str, include_self: bool = True) -> Any:
    return _reduced_into(x, key_along(dim % x.ndim, index), source, reduce, include_self)


def _gradient(x: Any, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> Any:
    spacing = 1 if spacing is None else spacing
    spacings = spacing if isinstance(spacing, list | tuple) else [spacing]
    along = tuple(range(x.ndim)) if dim is None else dim
    out = nep.gradient(x, *spacings, axis=along, edge_order=edge_order)
    return out if isinstance(out, list | tuple) else [out]


TABLE: dict[str, Any] = {
    "cummax": _running(nep.cumulative_max),
    "cummin": _running(nep.cumulative_min),
    "median": _median(skipping=False),
    "nanmedian": _median(skipping=True),
    **{f"scatter_reduce:{name}": _scatter_reduce for name in ("prod", "mean", "amin", "amax")},
    **{f"index_reduce:{name}": _index_reduce for name in ("prod", "mean", "amin", "amax")},
    "gradient": _gradient,
}
