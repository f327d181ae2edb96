"""PyData sparse arrays: elements that are zero are not kept, as far as operations let them stay zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sparse as xp

from .host import matmul_backward, on_host
from .record import Backend


def asarray(values: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """Return values as a sparse array in coordinate form."""
    if isinstance(values, xp.SparseArray):
        return values if dtype is None else values.astype(dtype)
    return xp.COO.from_numpy(np.asarray(values, dtype=dtype))


def to_numpy(raw: Any) -> np.ndarray:
    """Return the values as a dense NumPy array."""
    dense: np.ndarray = raw.todense()
    return dense


# Dense by nature, or not in the library. They give arrays whose elements are all kept.
ON_HOST = (
    "arange",
    "argsort",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "fft",
    "linalg",
    "linspace",
    "searchsorted",
    "sort",
    "take",
    "take_along_axis",
)


def own_or_dense(name: str) -> Callable[..., Any]:
    """Return the library's own function, but for what it refuses: no arrays, or unlike fill values."""
    own, dense = getattr(xp, name), on_host("sparse", name)

    def function(*operands: Any, **settings: Any) -> Any:
        try:
            return own(*operands, **settings)
        except ValueError:
            return dense(*operands, **settings)

    return function


def total(x: Any, /, **settings: Any) -> Any:
    """Return the sum; the library's own of no elements is NaN where the fill value is."""
    return (on_host("sparse", "sum") if 0 in x.shape else xp.sum)(x, **settings)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the parts along an axis; the library's own are NumPy's numbers where they have no axes."""
    return tuple([asarray(part) for part in xp.unstack(x, axis=axis)])


def load() -> Backend:
    """Return the record of PyData sparse; what it lacks goes by way of dense NumPy arrays."""
    return Backend(
        name="sparse",
        xp=xp,
        arrays=(xp.SparseArray,),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        to_numpy=to_numpy,
        forgiving=lambda: np.errstate(all="ignore"),
        kernels={
            "asarray": asarray,
            "matmul_backward": matmul_backward("sparse"),
            "sum": total,
            "unstack": unstack,
            **{name: on_host("sparse", name) for name in ON_HOST},
            **{name: own_or_dense(name) for name in ("concat", "matmul", "stack")},
        },
    )
