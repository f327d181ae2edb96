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


def matmul_backward(library: str) -> Any:
    """Return the gradients of a product as a kernel, for libraries whose own `@` is not their kernel's.

    It takes the gradient of x @ y, x and y, None for one whose fellow needs none, and their shapes.
    """

    def kernel(g: Any, x: Any, y: Any, shape_x: Any, shape_y: Any) -> tuple[Any, Any]:
        raw = registry.get(library).raw
        return (
            None if y is None else _summed(raw, raw.matmul(g, _adjoint(raw, y)), shape_x),
            None if x is None else _summed(raw, raw.matmul(_adjoint(raw, x), g), shape_y),
        )

    return kernel


def _adjoint(raw: Any, x: Any) -> Any:
    return raw.matrix_transpose(raw.conj(x) if raw.isdtype(x.dtype, "complex floating") else x)


def _summed(raw: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """Return x summed to a shape that broadcasts to its own."""
    if tuple(x.shape) == tuple(shape):
        return x
    lengths = (1,) * (x.ndim - len(shape)) + tuple(shape)
    axes = tuple([k for k, n in enumerate(lengths) if n == 1])
    return raw.reshape(raw.sum(x, axis=axes, keepdims=True), shape)


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
