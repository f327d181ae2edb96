"""array_api_strict: the standard and nothing more. A backend for tests."""

from __future__ import annotations

import array_api_strict as xp
import numpy as np

from . import standard
from .record import Backend


def load() -> Backend:
    """Return the record of array_api_strict; what it lacks goes by way of NumPy."""
    return Backend(
        name="array_api_strict",
        xp=xp,
        arrays=(type(xp.asarray(0.0)),),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        memory=lambda raw: standard.memory(raw._array),
        stretched=lambda raw: standard.stretched(raw._array),
        kernels={"joined": lambda x, y: xp.asarray(standard.joined(np, np.asarray(x), np.asarray(y)))},
        forgiving=lambda: np.errstate(all="ignore"),
    )
