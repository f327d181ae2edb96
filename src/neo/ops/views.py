"""Views: what is written into a part of an array is seen in the array, and the other way round.

Arrays are rebound, never written. So a part remembers the array that it was taken of and how, the array
knows which of its parts are still alive, and a write into either gives the others their new values.
Nothing is done when an array is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from functools import wraps
from typing import Any
from weakref import ref

from .. import backends
from ..core.array import Array, bottom_of
from ..core.dtypes import COMPLEX, kind
from . import broadcasting, indexing, manipulation
from .indexing import BASIC, getitem, rebind, setitem

# References to parts that are gone are dropped each time that so many have been added.
_MANY = 256


class Way:
    """One way to take a part of an array, and to put it back.

    take(whole, how) returns the part and back(part, whole, how) the whole with it; how is an index, a
    shape, or arguments. copies: whether a library may have made a copy, which is no view.
    """

    __slots__ = ("take", "back", "copies")

    def __init__(self, take: Callable[..., Any], back: Callable[..., Any], copies: bool = False) -> None:
        self.take, self.back, self.copies = take, back, copies


_KEY = Way(getitem, lambda part, whole, key: setitem(whole, key, part))
# Another shape: the first where the library is known to have made a view.
_RESHAPED = Way(
    broadcasting.reshape, lambda part, whole, shape: _laid_out(whole, broadcasting.reshape(part, whole.shape))
)
_SHAPE = Way(_RESHAPED.take, _RESHAPED.back, copies=True)


def _laid_out(whole: Any, value: Any) -> Any:
    """Return a value in the memory layout of whole, on which it hangs what later is a view of it."""
    return setitem(whole, ..., value)


def part(x: Array, key: Any) -> Any:
    """Return x[key], a view where it is one in NumPy: no arrays in key, some axes left."""
    # `is_basic`, written out.
    if type(key) not in BASIC and not (type(key) is tuple and BASIC.issuperset(map(type, key))):
        return getitem(x, key)
    out = indexing.part(x, key)
    if out.shape:
        out.part_of = (x, _KEY, key)
        _registered(x, out)
    return out


def _registered(x: Array, part: Any) -> None:
    """Note that x has a part."""
    parts = getattr(x, "parts", None)
    if parts is None:
        x.parts = [ref(part)]
        return
    parts.append(ref(part))
    if not len(parts) % _MANY:
        x.parts = [r for r in parts if r() is not None]


def _joined(out: Any, x: Any, way: Way, how: Any) -> Any:
    """Make a result a part of an array, if both are Arrays; return it."""
    if isinstance(x, Array) and out is not x:
        out.part_of = (x, way, how)
        _registered(x, out)
    return out


def assign(x: Array, key: Any, value: Any) -> None:
    """Carry out `x[key] = value`."""
    source = _source(value) if isinstance(value, Array) else None
    if source is not None and source[0] is x and source[1] is _KEY and source[2] is key:
        return  # the end of `x[key] += y`, which has written it already
    write(x, setitem(x, key, value), key)


def write(x: Array, value: Any, key: Any = ...) -> None:
    """Give an array another value, and with it the array that it is a part of and its own parts.

    key: where the new value differs.
    """
    if getattr(x, "part_of", None) is None and getattr(x, "parts", None) is None:
        rebind(x, value)
        return
    waiting = [(x, value, key, None)]
    while waiting:  # a chain of parts may be longer than Python's stack
        waiting += _written(*waiting.pop())


def _written(x: Array, value: Any, key: Any, origin: Any) -> list[Any]:
    """Write into one array; return what is to be written for it: (array, value, key, x).

    origin: the array or part that this write comes from.
    """
    source, parts = _source(x), _live_parts(x)
    rebind(x, value)
    others = [
        (one, way.take(x, how), ..., x)
        for one, way, how in parts
        if one is not origin and not (way is _KEY and _are_apart(key, how, x.shape))
    ]
    if source is not None and source[0] is not origin:
        whole, way, how = source
        others.append((whole, way.back(x, whole, how), how if way is _KEY else ..., x))
    return others


def _source(x: Any) -> Any:
    """Return (the array that x is a part of, the way it was taken, how), or None."""
    source = getattr(x, "part_of", None) if isinstance(x, Array) else None
    if source is None:
        return None
    whole, way, how = source
    if way.copies:
        if not _share_memory(x, whole):
            del x.part_of
            return None
        source = x.part_of = (whole, _RESHAPED, how)
    return source


def _live_parts(x: Array) -> list[Any]:
    """Return (part, way, how) of the parts that x has."""
    parts = [one for r in getattr(x, "parts", ()) if (one := r()) is not None]
    sources = [(one, _source(one)) for one in parts]
    found = [(one, source) for one, source in sources if source is not None and source[0] is x]
    if found:
        x.parts = [ref(one) for one, _ in found]
    return [(one, way, how) for one, (_, way, how) in found]


def _share_memory(x: Any, y: Any) -> bool:
    a, b = bottom_of(x), bottom_of(y)
    memory = backends.of(a).memory
    # A library that does not tell has arrays that cannot be written into.
    return memory is id or memory(a) == memory(b)


def _are_apart(key: Any, other: Any, shape: tuple[int, ...]) -> bool:
    """Tell whether two keys are known to take different elements of an array, by their first axis."""
    a, b = [k[0] if type(k) is tuple and k else k for k in (key, other)]
    if not (shape and type(a) in (int, slice) and type(b) in (int, slice)):
        return False
    first, second = [_positions(k, shape[0]) for k in (a, b)]
    if len(first) and len(second):
        return max(first[0], first[-1]) < min(second[0], second[-1]) or max(second[0], second[-1]) < min(
            first[0], first[-1]
        )
    return True


def _positions(k: Any, n: int) -> range:
    return range(n)[k] if type(k) is slice else range(k % n, k % n + 1)


# What the standard's functions, and NumPy's, make that is a view.


@wraps(broadcasting.reshape)
def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    out = broadcasting.reshape(x, shape, copy=copy)
    # `_joined`, written out.
    if not copy and isinstance(x, Array) and out is not x:
        out.part_of = (x, _SHAPE, out.shape)
        _registered(x, out)
    return out


def _shaped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives an array another shape, with a result that is a view."""

    @wraps(function)
    def view(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        out = function(x, *args, **kwargs)
        return _joined(out, x, _SHAPE, out.shape)

    return view


def _turned(function: Callable[..., Any], back: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that rearranges an array; back(part, ...) undoes what function(x, ...) does."""
    way = Way(
        lambda whole, how: function(whole, *how[0], **how[1]),
        lambda part, whole, how: _laid_out(whole, back(part, *how[0], **how[1])),
    )

    @wraps(function)
    def view(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        return _joined(function(x, *args, **kwargs), x, way, (args, kwargs))

    return view


def _back_in_order(part: Any, whole: Any, axes: Any) -> Any:
    axes = [axis % len(axes) for axis in axes]
    inverse = tuple([axes.index(k) for k in range(len(axes))])
    return _laid_out(whole, manipulation.permute_dims(part, inverse))


_PERMUTED = Way(manipulation.permute_dims, _back_in_order)


@wraps(manipulation.permute_dims)
def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    return _joined(manipulation.permute_dims(x, axes), x, _PERMUTED, axes)


_TRANSPOSED = Way(
    lambda whole, _: manipulation.matrix_transpose(whole),
    lambda part, whole, _: _laid_out(whole, manipulation.matrix_transpose(part)),
)


@wraps(manipulation.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    out = manipulation.matrix_transpose(x)
    if isinstance(x, Array):
        out.part_of = (x, _TRANSPOSED, None)
        _registered(x, out)
    return out


_REAL = Way(
    lambda whole, _: broadcasting.real(whole),
    lambda part, whole, _: _laid_out(whole, broadcasting.joined(part, broadcasting.imag(whole))),
)
_IMAG = Way(
    lambda whole, _: broadcasting.imag(whole),
    lambda part, whole, _: _laid_out(whole, broadcasting.joined(broadcasting.real(whole), part)),
)


@wraps(broadcasting.conj)
def conj(x: Any, /) -> Any:
    out = broadcasting.conj(x)
    return copy(x) if out is x and isinstance(x, Array) else out


@wraps(broadcasting.real)
def real(x: Any, /) -> Any:
    return _joined(broadcasting.real(x), x, _REAL, None)


@wraps(broadcasting.imag)
def imag(x: Any, /) -> Any:
    out = broadcasting.imag(x)
    return _joined(out, x, _IMAG, None) if kind(x.dtype) == COMPLEX else out


@wraps(manipulation.unstack)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    found = manipulation.unstack(x, axis=axis)
    lead = (slice(None),) * (axis % len(x.shape) if found else 0)
    return tuple([_joined(one, x, _KEY, (*lead, k)) for k, one in enumerate(found)])


expand_dims, squeeze = _shaped(manipulation.expand_dims), _shaped(manipulation.squeeze)
moveaxis = _turned(
    manipulation.moveaxis, lambda part, source, destination: manipulation.moveaxis(part, destination, source)
)
flip = _turned(manipulation.flip, manipulation.flip)


def beyond(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return one of NumPy's functions beyond the standard, with a view as its result where that is one."""
    if name in ("ravel", "atleast_1d", "atleast_2d", "atleast_3d"):
        return _shaped(function) if name == "ravel" else _each_shaped(function)
    if name in ("fliplr", "flipud", "swapaxes"):
        return _turned(function, function)
    if name == "rot90":
        return _turned(function, lambda part, k=1, axes=(0, 1): function(part, -k, axes))
    return function


def _each_shaped(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def view(*arrays: Any) -> Any:
        out = function(*arrays)
        several: Iterable[Any] = zip(out if len(arrays) > 1 else (out,), arrays, strict=True)
        for one, x in several:
            _joined(one, x, _SHAPE, one.shape)
        return out

    return view
