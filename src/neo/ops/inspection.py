"""What can be asked of dtypes, libraries and devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import backends
from ..core.array import Array, bottom_of
from ..core.dtypes import COMPLEX, REAL, kind
from ..errors import short_name


class Info:
    """What `__array_namespace_info__()` returns: the standard's inspection functions.

    backend, device: where the namespace makes arrays; None for the ones in use.
    """

    def __init__(self, backend: str | None = None, device: str | None = None) -> None:
        self._backend = backend
        self._device = device

    @property
    def _library(self) -> backends.Backend:
        return backends.current()[0] if self._backend is None else backends.get(self._backend)

    def capabilities(self) -> dict[str, Any]:
        """Return whether there is boolean indexing, shapes from data, and how many axes there may be."""
        return dict(self._library.xp.__array_namespace_info__().capabilities())

    def default_device(self) -> str:
        """Return the name of the device that arrays are made on unless one is named."""
        device = self._device if self._backend is not None else backends.current()[1]
        return device or self._library.devices()[0]

    def devices(self) -> tuple[str, ...]:
        """Return the names of the library's devices."""
        return tuple(self._library.devices())

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """Return the dtypes of arrays made without one, by kind."""
        return dict(self._asked("default_dtypes", device))

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """Return the library's dtypes by name. kind: one of `isdtype`, or a tuple of several."""
        return dict(self._asked("dtypes", device, kind=kind))

    def _asked(self, name: str, device: Any, **settings: Any) -> Any:
        place = None if device is None else self._library.place(str(device))
        return getattr(self._library.xp.__array_namespace_info__(), name)(device=place, **settings)


def __array_namespace_info__() -> Info:  # noqa: N807  # the standard's name
    """Return what there is to know of the library in use: devices, dtypes, what it can do."""
    return Info()


@dataclass(frozen=True)
class FloatLimits:
    """The limits of a floating dtype, as Python's own numbers."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: Any


@dataclass(frozen=True)
class IntegerLimits:
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: Any


def _library(*values: Any) -> backends.Backend:
    """Return the backend of the first array among values, else of the first dtype, else the one in use."""
    raws = [bottom_of(x) for x in values]
    for x in raws:
        if hasattr(x, "dtype") and backends.is_array(x):
            return backends.of(x)
    # The libraries whose dtypes are classes of their own go by the names of their modules.
    for x in raws:
        root = type(x).__module__.partition(".")[0]
        if root in backends.names():
            return backends.get(root)
    return backends.current()[0]


def _own(library: backends.Backend, x: Any) -> Any:
    """Return an array as the library's own, and a dtype of any library as that of this one."""
    x = bottom_of(x)
    if isinstance(x, bool | int | float | complex) or backends.is_array(x):
        return x
    return library.dtype(x)


def result_type(*arrays_and_dtypes: Any) -> Any:
    """Return the dtype that arrays, dtypes and Python numbers promote to.

    A dtype is that of the arrays' library, whichever library it comes from.
    Raises TypeError where the standard defines no promotion and the library has none.
    """
    library = _library(*arrays_and_dtypes)
    return library.xp.result_type(*[_own(library, x) for x in arrays_and_dtypes])


def can_cast(from_: Any, to: Any, /) -> bool:
    """Tell whether an array or dtype can become another by the rules of promotion."""
    library = _library(from_, to)
    return bool(library.xp.can_cast(_own(library, from_), library.dtype(to)))


def _dtype_of(x: Any, library: backends.Backend) -> Any:
    return bottom_of(x).dtype if isinstance(x, Array) or backends.is_array(x) else library.dtype(x)


def finfo(type: Any, /) -> FloatLimits:
    """Return the limits of a real or complex dtype, or of an array's.

    Returns bits, eps, max, min, smallest_normal as Python numbers, and the real dtype.
    Raises TypeError for a dtype of another kind.
    """
    library = _library(type)
    dtype = _dtype_of(type, library)
    if kind(dtype) not in (REAL, COMPLEX):
        raise TypeError(f"finfo takes a real or complex dtype, got {short_name(dtype)}; see iinfo")
    if kind(dtype) == COMPLEX:
        dtype = library.dtype({"complex64": "float32", "complex128": "float64"}[short_name(dtype)])
    found = library.xp.finfo(dtype)
    limits = [float(getattr(found, name)) for name in ("eps", "max", "min", "smallest_normal")]
    return FloatLimits(int(found.bits), *limits, dtype)


def iinfo(type: Any, /) -> IntegerLimits:
    """Return the limits of an integer dtype, or of an array's.

    Raises TypeError for a dtype of another kind.
    """
    library = _library(type)
    dtype = _dtype_of(type, library)
    if not isdtype(dtype, "integral"):
        raise TypeError(f"iinfo takes an integer dtype, got {short_name(dtype)}; see finfo")
    found = library.xp.iinfo(dtype)
    return IntegerLimits(int(found.bits), int(found.max), int(found.min), dtype)


_KINDS = {
    "bool": ("bool",),
    "signed integer": ("int",),
    "unsigned integer": ("uint",),
    "integral": ("int", "uint"),
    "real floating": ("float", "bfloat"),
    "complex floating": ("complex",),
    "numeric": ("int", "uint", "float", "bfloat", "complex"),
}


def isdtype(dtype: Any, kind: Any) -> bool:
    """Tell whether a dtype is of a kind, is another, or is one of several.

    kind: a dtype, a tuple, or one of bool, signed integer, unsigned integer, integral,
    real floating, complex floating, numeric. Raises ValueError for another name.
    """
    if isinstance(kind, tuple):
        return any([isdtype(dtype, k) for k in kind])
    name = short_name(dtype)
    if not isinstance(kind, str):
        return name == short_name(kind)
    if kind not in _KINDS:
        raise ValueError(f"isdtype: no kind {kind!r}; there are {', '.join(_KINDS)}")
    return name.rstrip("0123456789") in _KINDS[kind]
