"""`x.__array_namespace__()`: neo.numpy bound to the library and device of an array."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import Any

from .. import backends
from ..core.array import Array, bottom_of
from ..core.policy import library_of_all
from .inspection import Info

VERSION = "2025.12"
VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", VERSION)
_CREATION = {
    "arange",
    "array",
    "asarray",
    "empty",
    "eye",
    "fftfreq",
    "from_dlpack",
    "full",
    "linspace",
    "ones",
    "rfftfreq",
    "zeros",
}
_DTYPES = {
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
}


class Namespace:
    """neo.numpy whose creation functions make arrays of one library on one device.

    Its dtypes are that library's. `fft` and `linalg` are namespaces of the same kind.
    """

    def __init__(self, backend: str, device: str, module: str = "neo.numpy") -> None:
        self.__name__ = f"{module}[{backend}, {device}]"
        self.__array_api_version__ = VERSION
        self._backend = backend
        self._device = device
        self._module = module

    def __array_namespace_info__(self) -> Info:
        """Return what there is to know of the library: devices, dtypes, what it can do."""
        return Info(self._backend, self._device)

    def __getattr__(self, name: str) -> Any:
        found = self._bound(name)
        setattr(self, name, found)
        return found

    def _bound(self, name: str) -> Any:
        if name in _DTYPES:
            return getattr(backends.get(self._backend).xp, name)
        # Late: neo.numpy stands on a higher floor, and asks for this module.
        module = import_module(self._module)
        if name not in module.__all__:
            raise AttributeError(f"namespace {self.__name__} has no attribute {name!r}")
        found = getattr(module, name)
        if isinstance(found, ModuleType):
            return Namespace(self._backend, self._device, found.__name__)
        return self._here(found) if name in _CREATION else found

    def _here(self, create: Callable[..., Any]) -> Callable[..., Any]:
        """Return a creation function that makes arrays here unless it is told where."""

        @wraps(create)
        def function(*values: Any, device: Any = None, backend: Any = None, **settings: Any) -> Array:
            if backend is None:
                backend = self._backend
                if device is None and not self._owns(values):
                    device = self._device
            return create(*values, device=device, backend=backend, **settings)

        return function

    def _owns(self, values: Any) -> bool:
        """Tell whether what asarray was given is an array of this library, which stays where it is."""
        raw = bottom_of(values[0]) if values else None
        return isinstance(raw, backends.get(self._backend).arrays)

    def __dir__(self) -> list[str]:
        names = list(import_module(self._module).__all__)
        return [name for name in names if name not in _DTYPES or hasattr(self, name)]

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


_namespaces: dict[tuple[str, str], Namespace] = {}


def namespace_of(x: Any, /, *, api_version: str | None = None) -> Namespace:
    """Return neo.numpy bound to the library and device of x.

    api_version: a version of the standard, 2025.12 or an earlier one; neo has the same functions
    for all of them. Raises ValueError for another version.
    """
    if api_version is not None and api_version not in VERSIONS:
        raise ValueError(f"no array API version {api_version!r}; neo.numpy follows {', '.join(VERSIONS)}")
    raw = bottom_of(x)
    library = library_of_all((raw,))
    key = (library.name, library.device(raw))
    if key not in _namespaces:
        _namespaces[key] = Namespace(*key)
    return _namespaces[key]
