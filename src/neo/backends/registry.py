"""The registry of array libraries: by name, by the type of an array, by device.

Nothing here imports a library before a name or an array asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..errors import describe, library_of
from .record import Backend


@dataclass(frozen=True)
class Entry:
    """How to find a library that may not be installed: its module, and how to load its record."""

    name: str
    module: str
    load: Callable[[], Backend]
    install: str

    @property
    def installed(self) -> bool:
        return self.module in sys.modules or find_spec(self.module) is not None


_entries: dict[str, Entry] = {}
_loaded: dict[str, Backend] = {}
# Every array class met so far; `of` fills it.
BY_TYPE: dict[type, Backend] = {}
# What a block of code chose: a backend and a device. A context variable, so threads and
# coroutines do not see each other's choice.
_chosen: ContextVar[tuple[str, str | None]] = ContextVar("neo_backend", default=("numpy", None))


def register(
    name: str,
    load: Callable[[], Backend] | Backend,
    *,
    module: str | None = None,
    install: str | None = None,
) -> None:
    """Make an array library known to neo.

    name: what users pass as `backend=`. load: its Backend, or a function that returns it, called
    on first use. module: the top-level module of the library's arrays (default: name).
    install: what to tell a person who lacks it (default: `pip install <module>`).
    Raises ValueError when the name is taken by another module.
    """
    module = module or name
    known = _entries.get(name)
    if known is not None and known.module != module:
        raise ValueError(f"backend {name!r} is already registered for {known.module}; choose another name")
    _loaded.pop(name, None)
    for kind in [kind for kind, backend in BY_TYPE.items() if backend.name == name]:
        del BY_TYPE[kind]
    loader = load if callable(load) else lambda: load
    _entries[name] = Entry(name, module, loader, install or f"pip install {module}")


def know(backend: Backend, kind: type) -> None:
    """Find a backend by its name and by a class of arrays from now on, without listing it."""
    _loaded[backend.name] = BY_TYPE[kind] = backend


def get(name: str) -> Backend:
    """Return the backend of that name, importing its library if need be.

    Raises ValueError for an unknown name and ImportError for a library that is not installed;
    both say what is there and what to install.
    """
    if name in _loaded:
        return _loaded[name]
    entry = _entry(name)
    if not entry.installed:
        raise ImportError(
            f"backend {name!r} needs {entry.module}, which is not installed. Installed: "
            f"{', '.join(available())}. To add it: {entry.install}"
        )
    backend = entry.load()
    _loaded[name] = backend
    return backend


def _entry(name: str) -> Entry:
    if name not in _entries:
        _find_plugins()
    if name not in _entries:
        others = [k for k in _entries if k not in available()]
        raise ValueError(
            f"unknown backend {name!r}. Installed: {', '.join(available())}. Known but not "
            f"installed: {', '.join(others) or 'none'}. Add one with neo.backends.register."
        )
    return _entries[name]


def how_to_install(name: str) -> str:
    """Return what to tell a person who lacks a known backend's library."""
    return _entry(name).install


def module_of(name: str) -> str:
    """Return the top-level module of a known backend's library."""
    return _entry(name).module


def available() -> list[str]:
    """Return the names of the backends whose libraries are installed."""
    _find_plugins()
    return [name for name, entry in _entries.items() if entry.installed]


def _find_plugins() -> None:
    """Register what installed packages offer under the entry-point group `neo.backends`."""
    for point in _plugins():
        if point.name not in _entries:
            register(point.name, _plugin(point), module=_module_of(point))


@cache
def _plugins() -> tuple[Any, ...]:
    """Return the entry points of installed packages; looking takes 10 ms."""
    # Imported here: it brings a dozen modules, a third of the time that importing neo takes.
    from importlib.metadata import entry_points

    return tuple(entry_points(group="neo.backends"))


def _module_of(point: Any) -> str:
    """Return the library that an entry point is about: of its own name, else the package itself."""
    own: str = point.value.partition(":")[0].partition(".")[0]
    return point.name if find_spec(point.name) is not None or own == "neo" else own


def _plugin(point: Any) -> Callable[[], Backend]:
    """Return a function that loads what an entry point names: a Backend, or what returns one."""

    def load() -> Backend:
        found = point.load()
        return found if isinstance(found, Backend) else found()

    return load


def of(raw: Any) -> Backend:
    """Return the backend of a library's own array, found by its type.

    Raises TypeError for what is no array of a known library.
    """
    kind = type(raw)
    try:
        return BY_TYPE[kind]
    except KeyError:
        return _learn(raw, kind)


def of_type(kind: type) -> Backend | None:
    """Return the backend whose arrays are of that class, or None."""
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    roots = {base.__module__.partition(".")[0] for base in kind.__mro__}
    for entry in list(_entries.values()):
        if entry.module in roots and issubclass(kind, get(entry.name).arrays):
            return BY_TYPE.setdefault(kind, _taken(get(entry.name), kind))
    return _of_plugin(kind) if _may_be_array(kind) else None


def _taken(backend: Backend, kind: type) -> Backend:
    words = backend.unlike(kind)
    if words is not None:
        raise TypeError(f"neo takes no {kind.__module__}.{kind.__name__}: {words}")
    return backend


def _may_be_array(kind: type) -> bool:
    # An array may get its shape and dtype only when it is made: by these its values are read.
    by_protocol = any([hasattr(kind, name) for name in ("__array_namespace__", "__dlpack__", "__array__")])
    return by_protocol or (hasattr(kind, "shape") and hasattr(kind, "dtype"))


def _of_plugin(kind: type) -> Backend | None:
    """Return the plug-in whose arrays are of that class, or None.

    The class may come from another module than the library's: JAX's arrays are jaxlib's. But the
    library has been imported, or there were no such array.
    """
    _find_plugins()
    names = [point.name for point in _plugins()]
    for entry in [_entries[name] for name in names]:
        if entry.module in sys.modules and issubclass(kind, get(entry.name).arrays):
            return BY_TYPE.setdefault(kind, get(entry.name))
    return None


def _learn(raw: Any, kind: type) -> Backend:
    backend = of_type(kind)
    if backend is not None:
        return backend
    if kind.__module__.startswith("neo.core"):
        return of(raw.data)  # not a library's own: nothing is to be learnt of the box
    if hasattr(raw, "__array_namespace__"):
        return BY_TYPE.setdefault(kind, _from_standard(raw, kind))
    raise TypeError(
        f"expected an array of {', '.join(available())} or a number, got {describe(raw)}. "
        f"Make it one with neo.asarray(...)"
    )


def _from_standard(raw: Any, kind: type) -> Backend:
    """Return a record for a library nobody registered but that follows the standard."""
    name = library_of(raw)
    backend = Backend(name=name, xp=raw.__array_namespace__(), arrays=(kind,))
    register(name, backend)
    _loaded[name] = backend
    return backend


def is_array(x: Any) -> bool:
    """Tell whether x is an array of a library that neo knows or could learn from it."""
    # Not by asking `of`: the words of its error look for installed packages, which takes 10 ms.
    return of_type(type(x)) is not None or hasattr(type(x), "__array_namespace__")


def current() -> tuple[Backend, str | None]:
    """Return the backend and device that creation functions use when told neither."""
    name, device = _chosen.get()
    return get(name), device


@contextmanager
def use(backend: str | None = None, device: str | None = None) -> Iterator[Backend]:
    """Choose the backend and the device of creation functions for a block of code.

    >>> with use("numpy") as backend:
    ...     backend.name
    'numpy'
    """
    chosen, place = resolve(backend, device)
    token = _chosen.set((chosen.name, place))
    try:
        yield chosen
    finally:
        _chosen.reset(token)


def resolve(backend: str | None = None, device: Any = None) -> tuple[Backend, str | None]:
    """Return the backend and device for what a caller named of the two, or neither.

    A device without a backend picks the backend in use if it has that device, else the first
    installed one that has it.
    """
    if device is None:
        return current() if backend is None else (get(backend), None)
    device = str(device)
    if backend is not None:
        candidates = [get(backend)]
    else:
        first = current()[0]
        candidates = [first] + [get(name) for name in available() if name != first.name]
    for candidate in candidates:
        if has_device(candidate, device):
            return candidate, device
    raise ValueError(_no_such_device(device, candidates))


def has_device(backend: Backend, device: str) -> bool:
    """Tell whether the backend has a device of that name; `cuda` means any `cuda:k`."""
    names = backend.devices()
    return device in names or any(name.partition(":")[0] == device for name in names)


def _no_such_device(device: str, candidates: list[Backend]) -> str:
    found = "; ".join(f"{b.name}: {', '.join(b.devices())}" for b in candidates)
    hint = ""
    if device.startswith("cuda"):
        hint = " For an NVIDIA GPU install neo-autodiff[cupy], or a CUDA build of neo-autodiff[torch]."
    return f"no device {device!r} here. Devices found: {found}.{hint}"


def names() -> list[str]:
    """Return the names of all known backends, installed or not."""
    _find_plugins()
    return list(_entries)
