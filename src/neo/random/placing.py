"""From numbers on the host to an Array: a dtype, a library and a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backends
from ..core.array import Array, box
from ..core.dtypes import INTEGER, REAL, kind
from ..errors import short_name


@dataclass(frozen=True)
class Target:
    """Where numbers go: a library, a device of it (None is its default), and one of its dtypes."""

    library: backends.Backend
    device: str | None
    dtype: Any

    def place(self, values: np.ndarray, shape: tuple[int, ...]) -> Array:
        """Return values that `rounded` gave, (n,), as an Array of that shape."""
        return box(self.library.asarray(values.reshape(shape), self.dtype, self.device))

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Return float64 or complex128 values rounded to nearest once, on the host.

        NumPy has no bfloat16: those values stay float64, which the move then does not change.
        """
        name = short_name(self.dtype)
        if name == "bfloat16":
            return _to_bfloat16(values)
        return values.astype(name) if hasattr(np, name) else values

    def below(self, bound: np.ndarray) -> np.ndarray:
        """Return the number of this dtype next below one that `rounded` gave."""
        if short_name(self.dtype) != "bfloat16":
            return np.nextafter(bound, -np.inf, dtype=bound.dtype)
        if not bound.any():
            return np.full_like(bound, -(2.0**-133))
        # The bits of a float count up with its size: one step is the lowest of the 8 bits kept.
        step = _STEP if bound > 0 else -_STEP
        return (bound.view(np.int64) - step).view(np.float64)


_STEP = 1 << 45  # a float64 has 53 significant bits, a bfloat16 has 8


def _to_bfloat16(values: np.ndarray) -> np.ndarray:
    """Return float64 values rounded to 8 significant bits, ties to even."""
    bits = values.view(np.int64)
    odd = (bits >> 45) & 1
    return ((bits + (_STEP // 2 - 1) + odd) & -_STEP).view(np.float64)


def target(name: str, dtype: Any, device: Any, backend: Any, kinds: tuple[str, ...] = (REAL,)) -> Target:
    """Return where the numbers of the function of that name go; no dtype means the backend's default.

    Raises TypeError for a dtype of none of the kinds.
    """
    library, place = backends.resolve(backend, device)
    usual = int if INTEGER in kinds else float
    found = library.dtype(usual if dtype is None else dtype)
    if kind(found) not in kinds:
        raise TypeError(
            f"neo.random.{name} needs a dtype of {' or '.join(kinds)} numbers, got {short_name(found)}. "
            f"Leave dtype out for the default{'' if usual is int else ', or see neo.random.integers'}."
        )
    return Target(library, place, found)
