"""NumPy: the default backend."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from . import standard
from .record import Backend


def _erf() -> Any:
    """SciPy's erf where SciPy is installed: it is compiled, the fallback is a Python loop."""
    try:
        from scipy.special import erf
    except ImportError:
        return standard.erf
    return erf


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
        kernels={
            "put": standard.put,
            "add_at": standard.add_at,
            "getitem": standard.getitem,
            "einsum": standard.einsum,
            "erf": lambda x: _erf()(x),
            # NumPy's own, without the wrapper: the same function.
            "matmul": np.matmul,
            "where": np.where,
        },
    )
