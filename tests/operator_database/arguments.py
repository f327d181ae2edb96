"""PyTorch's spellings of arguments in the array API's: axes, 0-d arrays, dtypes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import neo.numpy as nep


class LackingError(Exception):
    """neo has the operation, but not with this setting."""


def axes(x: Any, dim: Any) -> Any:
    """Return a reduction's axes: PyTorch's empty list means all, and its 0-d tensors have an axis 0."""
    if dim is None or dim in ([], ()) or not x.ndim:
        return None
    return tuple(dim) if isinstance(dim, list | tuple) else dim


def lifted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of an array with axes as one that takes a 0-d array as having one."""

    @wraps(function)
    def of_any(x: Any, *args: Any, **kwargs: Any) -> Any:
        if x.ndim:
            return function(x, *args, **kwargs)
        args, out = (
            [_with_axis(y) for y in args],
            function(nep.reshape(x, (1,)), *map(_with_axis, args), **kwargs),
        )
        return tuple([nep.reshape(y, ()) for y in out]) if isinstance(out, tuple) else nep.reshape(out, ())

    return of_any


def _with_axis(y: Any) -> Any:
    return nep.reshape(y, (1,)) if hasattr(y, "ndim") and not y.ndim else y


def as_dtype(x: Any, dtype: Any) -> Any:
    """Return x in a dtype, its real part where that is real, or as it is for None."""
    if dtype is None:
        return x
    drops = nep.isdtype(x.dtype, "complex floating") and "complex" not in str(dtype)
    return nep.astype(nep.real(x) if drops else x, dtype)


def reduced(out: Any, reduction: str) -> Any:
    """Return a loss per element as its mean or sum, or as it is."""
    return {"mean": nep.mean, "sum": nep.sum, "none": lambda x: x}[reduction](out)


def one_of_two(x: Any, y: Any) -> tuple[Any, Any]:
    """Return two operands in the dtype that they promote to."""
    dtype = nep.result_type(x, y)
    return (x if isinstance(x, int | float | complex) else nep.astype(x, dtype)), (
        y if isinstance(y, int | float | complex) else nep.astype(y, dtype)
    )
