"""PyData sparse arrays: elements that are zero are not kept, as far as operations let them stay zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import sparse as xp

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
        kernels={"asarray": asarray},
    )
