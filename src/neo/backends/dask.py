"""Dask arrays: lazy. The walk back builds a graph, and nothing is computed until it is asked for.

What Dask has no blockwise way to do is done in one task on whole arrays, lazily all the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import array_api_compat.dask.array as xp
import dask
import dask.array as da
import numpy as np

from . import registry, standard
from .record import Backend


def whole(function: Callable[..., Any], *operands: Any, **settings: Any) -> Any:
    """Return a NumPy function of whole arrays as lazy arrays: one task on one machine.

    The shapes and dtypes of its results are found by running it on easy operands of the same shapes,
    so they may not depend on values; a function with several results gives a tuple.
    """
    like = function(*[_example(x) for x in operands], **settings)
    task = dask.delayed(function, pure=True)(*operands, **settings)
    if isinstance(like, tuple):
        parts = [_from_task(task[k], x) for k, x in enumerate(like)]
        return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)
    return _from_task(task, like)


def _from_task(task: Any, like: Any) -> Any:
    return da.from_delayed(dask.delayed(np.asarray)(task), np.shape(like), np.asarray(like).dtype)


def _example(x: Any) -> Any:
    """Return NumPy's array like a lazy one, of the easiest kind; anything else as it is.

    A positive definite matrix, which has every factor; positions that are in range.
    """
    if isinstance(x, tuple):
        return tuple([_example(k) for k in x])
    if not isinstance(x, da.Array):
        return x
    if x.dtype.kind in "iub" or x.ndim < 2:
        return np.broadcast_to(np.asarray(x.dtype.kind in "fc", x.dtype), x.shape)
    return np.broadcast_to(np.eye(*x.shape[-2:], dtype=x.dtype), x.shape)


def lazily(name: str) -> Callable[..., Any]:
    """Return NumPy's raw function of that name as a lazy one."""

    def function(*operands: Any, **settings: Any) -> Any:
        return whole(partial(_on_numpy, name), *operands, **settings)

    return function


def elementwise(name: str) -> Callable[..., Any]:
    """Return NumPy's raw function of that name as a lazy one, blockwise."""
    task = partial(_on_numpy, name)
    return lambda *operands: da.core.elemwise(task, *operands, dtype=operands[-1].dtype)


def along_axis(name: str) -> Callable[..., Any]:
    """Return NumPy's raw function along one axis as a lazy one: blockwise over the other axes.

    It takes a block per line of blocks, so none that holds more than the arrays' length along the axis.
    """
    at_once = lazily(name)

    def function(*operands: Any, axis: int = -1, **settings: Any) -> Any:
        ndim = operands[0].ndim
        if not ndim or settings.get("include_initial"):
            return at_once(*operands, axis=axis, **settings)
        task = partial(_on_numpy, name, axis=axis, **settings)
        lines = [x.rechunk({axis % ndim: -1}) for x in operands]
        like = task(*[np.zeros((1,) * ndim, x.dtype) for x in operands])
        # Along the axis each operand has a letter of its own: their lengths may differ.
        letters = [tuple([-k if j == axis % ndim else j + 1 for j in range(ndim)]) for k in range(len(lines))]
        pairs = [x for pair in zip(lines, letters, strict=True) for x in pair]
        return da.blockwise(task, letters[-1], *pairs, dtype=like.dtype, concatenate=True)

    return function


def _on_numpy(name: str, *operands: Any, **settings: Any) -> Any:
    found: Any = registry.get("numpy").raw
    for part in name.split("."):
        found = getattr(found, part)
    return found(*operands, **settings)


def getitem(x: Any, key: Any) -> Any:
    """Return x[key]; blockwise for slices, in one task for several index arrays."""
    try:
        return x[key]
    except NotImplementedError:
        return whole(standard.getitem, x, key)


def extremum(name: str) -> Callable[..., Any]:
    """Return max or min: blockwise, but for no elements, of which Dask knows no result's shape."""
    blockwise, at_once = getattr(xp, name), lazily(name)
    return lambda x, **settings: (at_once if 0 in x.shape else blockwise)(x, **settings)


def eye(n: int, m: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Any:
    """Return ones on a diagonal; Dask's own loses blocks of a wide or a tall one."""
    rows, columns = da.arange(n), da.arange(n if m is None else m)
    return (rows[:, None] + k == columns[None, :]).astype(dtype or np.float64)


def evaluate(arrays: list[Any]) -> list[Any]:
    """Return arrays that are computed: in memory, or on the workers where a cluster runs them."""
    computed = dask.persist(*arrays)
    if "distributed" in sys.modules:
        _wait(computed)
    return list(computed)


def _wait(arrays: Any) -> None:
    """Return when a cluster, which works in the background, has computed arrays; raise its errors."""
    import distributed

    futures = distributed.futures_of(arrays)
    if futures:
        distributed.wait(futures)
    for failed in [future for future in futures if future.status == "error"]:
        failed.result()


class Linalg:
    """The extension `linalg`, whose functions run on whole matrices."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lazily(f"linalg.{name}")


# Dask has these not at all, or not for every axis and dtype, or only by computing a value.
WHOLE = (
    "add_at",
    "angle_from_cut",
    "cholesky",
    "expm",
    "logm",
    "lu_factor",
    "put",
    "searchsorted",
    "solve_triangular",
    "sqrtm",
)
ALONG_AXIS = ("argsort", "cumulative_prod", "sort", "take_along_axis")


def load() -> Backend:
    """Return the record of Dask."""
    return Backend(
        name="dask",
        xp=xp,
        arrays=(da.Array,),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        to_numpy=lambda raw: np.asarray(raw.compute()),
        evaluate=evaluate,
        known=lambda raw: False,
        forgiving=lambda: np.errstate(all="ignore"),
        special=elementwise,
        kernels={
            "getitem": getitem,
            "einsum": lambda *operands, subscripts: da.einsum(subscripts, *operands),
            "erf": elementwise("erf"),
            "eye": eye,
            "linalg": Linalg(),
            "max": extremum("max"),
            "min": extremum("min"),
            **{name: lazily(name) for name in WHOLE},
            **{name: along_axis(name) for name in ALONG_AXIS},
        },
    )
