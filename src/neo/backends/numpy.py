"""NumPy: the default backend."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from . import numpy_functions, numpy_special, scipy_linalg, standard
from .record import Backend


def broadcast_to(x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return a read-only view of x stretched to a shape.

    A single number is stretched by NumPy's own constructor: `np.broadcast_to` is written in Python
    and takes ten times as long, which the gradient of every mean and sum would pay.
    """
    if x.size != 1 or 0 in shape:
        return np.broadcast_to(x, shape)
    view = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    view.flags.writeable = False
    return view


def load() -> Backend:
    """Return the record of NumPy."""
    return Backend(
        name="numpy",
        xp=xp,
        arrays=(np.ndarray, np.generic),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        creation_device=lambda name: "cpu",
        to_numpy=np.asarray,
        forgiving=lambda: np.errstate(all="ignore"),
        special=numpy_special.found,
        writes=True,
        kernels={
            "put": standard.put,
            "add_at": standard.add_at,
            "getitem": standard.getitem,
            "broadcast_to": broadcast_to,
            **numpy_functions.KERNELS,
            "lu_factor": scipy_linalg.lu_factor,
            # NumPy's own, without the wrapper: the same function.
            "matmul": np.matmul,
            "where": np.where,
            "sum": np.sum,
            "mean": np.mean,
            "ones_like": np.ones_like,
        },
    )
