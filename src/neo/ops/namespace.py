"""`x.__array_namespace__()`: neo.numpy bound to the library and device of an array."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .. import backends
from ..core.array import Array, raw_of
from ..core.policy import library_of_all
from ..errors import short_name

_CREATION = {
    "arange", "array", "asarray", "empty", "eye", "from_dlpack", "full", "linspace", "ones", "zeros",
}
_DTYPES = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "complex128",
}


class Namespace:
    """neo.numpy whose creation functions make arrays of one library on one device."""

    def __init__(self, backend: str, device: str) -> None:
        self.__name__ = f"neo.numpy[{backend}, {device}]"
        self._backend = backend
        self._device = device

    def __getattr__(self, name: str) -> Any:
        found = self._bound(name)
        setattr(self, name, found)
        return found

    def _bound(self, name: str) -> Any:
        if name in _DTYPES and hasattr(backends.get(self._backend).xp, name):
            return getattr(backends.get(self._backend).xp, name)
        # Late: neo.numpy stands on a higher floor, and asks for this module.
        found = getattr(import_module("neo.numpy"), name)
        return self._here(found) if name in _CREATION else found

    def _here(self, create: Callable[..., Any]) -> Callable[..., Any]:
        """Return a creation function that makes arrays here unless it is told where."""

        def function(*values: Any, device: Any = None, **settings: Any) -> Array:
            if create.__name__ == "asarray" and device is None and isinstance(values[0], Array):
                return create(*values, **settings)
            return create(*values, device=device or self._device, backend=self._backend, **settings)

        function.__name__, function.__doc__ = create.__name__, create.__doc__
        return function

    def __dir__(self) -> list[str]:
        return dir(import_module("neo.numpy"))

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


_namespaces: dict[tuple[str, str], Namespace] = {}


def namespace_of(x: Any, /, *, api_version: str | None = None) -> Namespace:
    """Return neo.numpy bound to the library and device of x.

    api_version: a version of the standard, which must be 2025.12 or an earlier one.
    """
    raw = raw_of(x)
    library = library_of_all((raw,))
    key = (library.name, library.device(raw))
    if key not in _namespaces:
        _namespaces[key] = Namespace(*key)
    return _namespaces[key]


def _library(*values: Any) -> Any:
    """Return the standard's namespace of the first array among values, else the one in use."""
    for x in values:
        if hasattr(x, "dtype") and backends.is_array(raw_of(x)):
            return backends.of(raw_of(x)).xp
    for x in values:
        for name in backends.available():
            library = backends.get(name)
            if type(x).__module__.partition(".")[0] == name.partition("_gpu")[0]:
                return library.xp
    return backends.current()[0].xp


def result_type(*arrays_and_dtypes: Any) -> Any:
    """Return the dtype that arrays, dtypes and Python numbers promote to."""
    return _library(*arrays_and_dtypes).result_type(*map(raw_of, arrays_and_dtypes))


def can_cast(from_: Any, to: Any, /) -> bool:
    """Tell whether one dtype can be cast to another without loss of kind."""
    return _library(from_, to).can_cast(raw_of(from_), to)


def finfo(type: Any, /) -> Any:
    """Return the limits of a real or complex dtype."""
    return _library(type).finfo(raw_of(type))


def iinfo(type: Any, /) -> Any:
    """Return the limits of an integer dtype."""
    return _library(type).iinfo(raw_of(type))


def isdtype(dtype: Any, kind: Any) -> bool:
    """Tell whether a dtype is of a kind, another dtype, or one of several of either."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if not isinstance(kind, str):
        return short_name(dtype) == short_name(kind)
    from ..backends import get

    return get("numpy").xp.isdtype(get("numpy").dtype(dtype), kind)

