"""NumPy's functions as those of another library, by way of the host: for what a library lacks."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from ..errors import short_name
from . import registry
from .record import Backend


def on_host(library: str, name: str) -> Callable[..., Any]:
    """Return NumPy's raw function of that name, `sort` or `linalg.solve`, for a library's arrays.

    Its results are the library's arrays, on the device of the first operand.
    """

    def function(*operands: Any, **settings: Any) -> Any:
        backend = registry.get(library)
        found = attrgetter(name)(registry.get("numpy").raw)
        settings = {key: _dtype(x) if key == "dtype" else _host(backend, x) for key, x in settings.items()}
        out = found(*[_host(backend, x) for x in operands], **settings)
        arrays = [x for x in operands if isinstance(x, backend.arrays)]
        return _back(backend, out, backend.device(arrays[0]) if arrays else None)

    return function


class OnHost:
    """An extension of NumPy's, `linalg` or `fft`, for a library's arrays."""

    def __init__(self, library: str, extension: str) -> None:
        self._library, self._extension = library, extension

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        function = on_host(self._library, f"{self._extension}.{name}")
        setattr(self, name, function)
        return function


def _host(backend: Backend, x: Any) -> Any:
    if isinstance(x, backend.arrays):
        return backend.to_numpy(x)
    return tuple([_host(backend, k) for k in x]) if isinstance(x, tuple | list) else x


def _dtype(x: Any) -> Any:
    return None if x is None else np.dtype(short_name(x))


def _back(backend: Backend, out: Any, device: str | None) -> Any:
    """Return NumPy's results as the library's: an array, or a tuple of them, named or not."""
    if not isinstance(out, tuple):
        values = np.asarray(out)
        return backend.asarray(values, values.dtype, device)
    parts = [_back(backend, x, device) for x in out]
    return type(out)(*parts) if hasattr(out, "_fields") else tuple(parts)
