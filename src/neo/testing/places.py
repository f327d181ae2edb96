"""Where a check runs: libraries, each on one device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import backends

# The dtype whose slopes stand for a coarser one.
DOUBLE = {"complex64": "complex128", "complex128": "complex128"}


class Place:
    """A library on a device, as a Subject uses it."""

    def __init__(self, name: str) -> None:
        self.name = name
        library, _, device = name.partition(":")
        self.backend = backends.get(library)
        self.device = device or None

    def asarray(self, values: Any, dtype: Any = None, device: Any = None) -> Any:
        """Return values as an array of the library on the device."""
        return self.backend.asarray(values, dtype, device or self.device)

    def has(self, dtype: str) -> bool:
        """Tell whether the library makes arrays of that dtype: JAX may make single ones of double."""
        if getattr(self.backend.xp, dtype, None) is None:
            return False
        try:
            made = self.asarray(np.zeros(1), dtype)
        except Exception:  # a name without arrays of it
            return False
        return str(made.dtype).rsplit(".", 1)[-1] == dtype


def double(dtype: str) -> str:
    """Return the dtype in which slopes are taken for a dtype."""
    return DOUBLE.get(dtype, "float64")


def dtypes_of(operands: Sequence[np.ndarray], dtype: str) -> list[str]:
    """Return each operand's dtype in a check of a dtype: whole numbers keep theirs."""
    complex_one = {"float32": "complex64", "float16": "complex64", "bfloat16": "complex64"}.get(
        dtype, "complex128"
    )
    real_one = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    table = {"f": real_one, "c": dtype if dtype.startswith("complex") else complex_one}
    return [table.get(x.dtype.kind, x.dtype.name) for x in operands]


def rounded(operands: Sequence[np.ndarray], dtypes: Sequence[str]) -> list[np.ndarray]:
    """Return operands rounded to dtypes, as NumPy holds them; bfloat16 as float32."""
    names = ["float32" if name == "bfloat16" else name for name in dtypes]
    return [x if x.dtype.name == name else x.astype(name) for x, name in zip(operands, names, strict=True)]


def places(wanted: Any, only: list[str] | None) -> tuple[list[Place], dict[str, str]]:
    """Return the places to run at, NumPy first, and why others are not run.

    wanted: "all" for what is installed, or names such as "torch" and "torch:cuda".
    Raises ValueError for a name that nobody knows, ImportError for one that is not installed.
    """
    if wanted != "all":
        names = [wanted] if isinstance(wanted, str) else list(wanted) if isinstance(wanted, Iterable) else []
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError(
                'no backend to check on; give backends="all" or names such as ("numpy", "torch"); '
                f"got {wanted!r}"
            )
        return [_named(name) for name in names], {}
    found, skipped = [], {}
    for name in only or backends.names():
        try:
            place = Place(name)
            if place.backend.devices():
                found.append(place)
            else:
                skipped[name] = "no device found"
        except Exception as error:  # not installed, or an installation that does not load
            skipped[name] = str(error).partition("\n")[0] or type(error).__name__
    return sorted(found, key=lambda place: place.name != "numpy"), skipped


def _named(name: str) -> Place:
    place = Place(name)
    devices = place.backend.devices()
    if not devices:
        raise ValueError(f"backend {name!r} finds no device here")
    if place.device and not any(f"{device}:".startswith(f"{place.device}:") for device in devices):
        raise ValueError(f"backend {name!r}: this machine has no such device; it has {', '.join(devices)}")
    return place
