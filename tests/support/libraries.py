"""The libraries that every test runs on, as one kind of object."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import neo


class Library:
    """An array library on a device, with what a test needs to make and read its arrays."""

    def __init__(self, name: str, backend: str, device: str = "cpu") -> None:
        self.name = name
        self.backend = backend
        self.device = device

    @property
    def library(self) -> Any:
        """neo's record of the library."""
        return neo.backends.get(self.backend)

    @property
    def xp(self) -> Any:
        """The library's own array API namespace."""
        return self.library.xp

    def asarray(self, values: Any, dtype: str | None = None) -> Any:
        """Return values as a bare array of the library, float64 unless they say otherwise."""
        return self.library.asarray(np.asarray(values), dtype or np.asarray(values).dtype, self.device)

    def array(self, values: Any, dtype: str | None = None) -> neo.Array:
        """Return values as a neo.Array over the library."""
        return neo.asarray(self.asarray(values, dtype))

    def numpy(self, x: Any) -> np.ndarray:
        """Return a bare array or a neo.Array as NumPy's."""
        x = x.data if type(x) is neo.Array else x
        return np.asarray(self.library.to_numpy(x))

    def owns(self, x: Any) -> bool:
        """Tell whether x is a bare array of this library on this device."""
        if not isinstance(x, self.library.arrays):
            return False
        device = self.library.device(x)
        return device == self.device or device.startswith(f"{self.device}:")

    def has_dtype(self, dtype: str) -> bool:
        """Tell whether the library has a dtype of that name."""
        return hasattr(self.xp, dtype)

    def __repr__(self) -> str:
        return self.name


class LockedNumPy(Library):
    """NumPy whose input arrays are read-only: an operation that writes into one raises."""

    def asarray(self, values: Any, dtype: str | None = None) -> Any:
        """Return values as a read-only NumPy array."""
        x = np.array(values, dtype=dtype)
        x.flags.writeable = False
        return x


LIBRARIES = {
    x.name: x
    for x in (
        Library("numpy", "numpy"),
        LockedNumPy("numpy-read-only", "numpy"),
        Library("array-api-strict", "array_api_strict"),
        Library("torch", "torch"),
        Library("torch-cuda", "torch", "cuda"),
        Library("cupy", "cupy", "cuda"),
    )
}


def parameters() -> list[Any]:
    """Return the libraries that are here as parameters of a fixture; those of a GPU are marked.

    The environment variable NEO_TEST_LIBRARIES names some, so that two test environments need not
    both run what one of them has run: their names, commas between.
    """
    chosen = os.environ.get("NEO_TEST_LIBRARIES", "")
    return [
        pytest.param(name, marks=[pytest.mark.gpu] if x.device == "cuda" else [])
        for name, x in LIBRARIES.items()
        if (not chosen or name in chosen.split(",")) and missing(name) is None
    ]


def missing(name: str) -> str | None:
    """Return the reason why a library is not here, or None."""
    library = LIBRARIES[name]
    try:
        devices = library.library.devices()
    except ImportError as error:
        return str(error)
    if not any(device.partition(":")[0] == library.device for device in devices):
        return f"{library.backend} finds no {library.device} device here"
    return None
