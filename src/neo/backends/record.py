"""What neo knows of an array library: one record of data and a few hooks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..errors import short_name
from . import special, standard
from .defined import DEFINED

_USUAL = ("float16", "float32", "float64", "complex64", "complex128", "int64")


@dataclass(frozen=True, eq=False)
class Backend:
    """An array library that neo can differentiate over.

    name: how users call it. xp: its array API namespace.
    arrays: the classes of its arrays, scalars included.
    devices: returns the names of the devices present, the default one first.
    device: the name of the device that one of its arrays is on.
    kernels: raw functions by operation name, used instead of the namespace's own
    where that one is missing, slow or wrong.
    quiet: a context in which the library records no gradients of its own.
    forgiving: a context in which the library does not warn of inf and NaN, entered for the walk
    back: an infinite slope is an answer there.
    evaluate: of a lazy library, returns arrays that have the values of those in a list, all computed
    at once; None for a library that is not lazy.
    known: whether an array's values can be looked at now: not those of a lazy one, nor while a library
    traces.
    run: of a library whose arrays are parts of a program, returns a function's results, NumPy's arrays
    in and out, by building that program once and running it.
    special: returns the raw function of neo.numpy.special of that name, or None; what a library
    lacks is defined from others or goes by way of SciPy on the host.
    unlike: what to say of a class of its arrays whose arithmetic differs from that of the others, and
    which neo therefore refuses; None of one that it takes.
    writes: whether `x += y` writes into x, so that a sum of gradients may be kept in one array.
    holds_objects: whether elements may be any of Python's numbers, such as Fraction.
    constant: of an array and a Python number, returns what an operator takes sooner beside that array: an
    0-d array that is made once, say, and never written into; None where that is the number.
    memory: returns a number for the memory that one of its arrays lies in, which views share.
    stretched: whether an array was broadcast, so that no element of it can be written into alone.
    The rest are operations that the standard lacks; each has a default that follows
    the standard, or else passes through NumPy, so a record needs three lines.
    """

    name: str
    xp: Any
    arrays: tuple[type, ...]
    devices: Callable[[], list[str]] = lambda: ["cpu"]
    device: Callable[[Any], str] = standard.device
    to_device: Callable[[Any, str], Any] = standard.to_device
    creation_device: Callable[[str], Any] = lambda device: None
    to_numpy: Callable[[Any], np.ndarray] = standard.to_numpy
    quiet: Callable[[], Any] = nullcontext
    forgiving: Callable[[], Any] = nullcontext
    detach: Callable[[Any], Any] | None = None
    synchronize: Callable[[str], None] = lambda device: None
    evaluate: Callable[[list[Any]], list[Any]] | None = None
    run: Callable[[Callable[..., Any], list[np.ndarray]], list[np.ndarray]] | None = None
    known: Callable[[Any], bool] = lambda raw: True
    special: Callable[[str], Callable[..., Any] | None] = lambda name: None
    unlike: Callable[[type], str | None] = lambda kind: None
    writes: bool = False
    holds_objects: bool = False
    constant: Callable[[Any, Any], Any] | None = None
    memory: Callable[[Any], int] = id
    stretched: Callable[[Any], bool] = lambda raw: False
    kernels: dict[str, Any] = field(default_factory=dict)
    raw: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", Raw(self))

    def kernel(self, name: str) -> Any:
        """Return the raw function for an operation's name."""
        if name in self.kernels:
            return self.kernels[name]
        if name in special.NAMES:
            return special.kernel(self, name)
        # Before the namespace: libraries have functions of these names with other arguments.
        if name in DEFINED:
            return partial(DEFINED[name], self.raw)
        found: Callable[..., Any] | None = getattr(self.xp, name, None)
        if found is None and name in standard.MENDED:
            found = partial(standard.MENDED[name], self)
        if found is None:
            raise NotImplementedError(
                f"{self.name} has no function {name!r}. Move the array first, for example with "
                f"neo.asarray(x, backend='numpy'), or give the backend a kernel of that name."
            )
        return found

    def asarray(self, values: Any, dtype: Any = None, device: str | None = None) -> Any:
        """Return values as one of this library's arrays, on a device of that name."""
        return self.raw.asarray(values, dtype=self.dtype(dtype), device=self.place(device))

    def place(self, device: str | None) -> Any:
        """Return what this library's creation functions take for a device's name."""
        return None if device is None else self.creation_device(device)

    def dtype(self, dtype: Any) -> Any:
        """Return this library's dtype for a name, another one's dtype or a Python type.

        Raises TypeError when the library has no such dtype.
        """
        if dtype is None:
            return None
        if dtype is float or dtype is complex:  # not ==: NumPy's float64 equals float
            defaults = self.xp.__array_namespace_info__().default_dtypes()
            return defaults["real floating" if dtype is float else "complex floating"]
        name = {"int": "int64"}.get(short_name(dtype), short_name(dtype))
        found = getattr(self.xp, name, None)
        if found is None:
            raise TypeError(f"{self.name} has no dtype {name!r}; name one such as {self._dtypes()}")
        return found

    def _dtypes(self) -> str:
        """Return names of dtypes that the library has."""
        return ", ".join([repr(name) for name in _USUAL if hasattr(self.xp, name)])

    def __repr__(self) -> str:
        return f"<neo backend {self.name}>"


class Raw:
    """A backend's functions on its own arrays: its kernels first, then its namespace."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def place_of(self, x: Any) -> Any:
        """Return what creation functions take for the device of an array."""
        return self._backend.place(self._backend.device(x))

    def is_known(self, x: Any) -> bool:
        """Tell whether the values of an array can be looked at now, without computing any."""
        return self._backend.known(x)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._backend.kernel(name)
        setattr(self, name, found)  # so that the next look-up is an attribute's
        return found
