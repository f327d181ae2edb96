"""NumPy's functions as those of another library, by way of the host: for what a library lacks."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from ..errors import short_name
from . import registry
from .record import Backend


def on_host(library: str, name: str) -> Any:
    """Return a kernel for a library's arrays that is NumPy's function of that name.

    library: the name of its backend, which need not be registered yet. name: `sort`, say; `linalg` and
    `fft` give all that the extension has. What comes out is on the device of the first operand.

    >>> total = on_host("array_api_strict", "sum")
    >>> total(registry.get("array_api_strict").xp.asarray([1.0, 2.0]))
    Array(3., dtype=array_api_strict.float64)
    """
    return _Extension(library, name) if name in ("linalg", "fft") else partial(_call, library, name)


def _call(library: str, name: str, *operands: Any, **settings: Any) -> Any:
    backend = registry.get(library)
    function = attrgetter(name)(registry.get("numpy").raw)
    settings = {key: _dtype(x) if key == "dtype" else _host(backend, x) for key, x in settings.items()}
    arrays = [x for x in operands if isinstance(x, backend.arrays)]
    out = function(*[_host(backend, x) for x in operands], **settings)
    return _back(backend, out, backend.device(arrays[0]) if arrays else None)


class _Extension:
    """An extension of the standard, each function of which goes by way of the host."""

    def __init__(self, library: str, name: str) -> None:
        self._library, self._name = library, name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(_call, self._library, f"{self._name}.{name}")


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
