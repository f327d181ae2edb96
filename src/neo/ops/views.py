"""Parts of an array that are written into: what is written to a part reaches the array that it was taken of.

Arrays are rebound, never written, so a part remembers where it came from. A part that was taken before
the array was written keeps the old values until it is written into itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..core.array import Array, beneath
from . import indexing
from .broadcasting import reshape
from .indexing import getitem, is_basic, rebind, setitem
from .manipulation import flip, matrix_transpose, moveaxis, permute_dims


def part(x: Array, key: Any) -> Any:
    """Return x[key], which remembers x where NumPy would return a view: no arrays in key, some axes left."""
    if not is_basic(key):
        return getitem(x, key)
    out = indexing.part(x, key)
    if out.shape:
        out.part_of = (x, key, beneath(x))
    return out


class Rearrangement:
    """A view of all elements in another order, in place of a key: how to take it, and how to undo it."""

    def __init__(self, take: Callable[[Any], Any], undo: Callable[[Any, Any], Any]) -> None:
        self.take = take
        self.undo = undo


def _undone_reshape(part: Any, whole: Any, *settings: Any, **named: Any) -> Any:
    return reshape(part, tuple(whole.shape))


def _undone_permutation(part: Any, whole: Any, axes: Any) -> Any:
    axes = [axis % len(whole.shape) for axis in axes]
    return permute_dims(part, tuple([axes.index(k) for k in range(len(axes))]))


# How to undo what the standard's functions rearrange, given the part, the array and their settings.
UNDONE: dict[str, Callable[..., Any]] = {
    "expand_dims": _undone_reshape,
    "flip": lambda part, whole, *, axis=None: flip(part, axis=axis),
    "matrix_transpose": lambda part, whole: matrix_transpose(part),
    "moveaxis": lambda part, whole, source, destination: moveaxis(part, destination, source),
    "permute_dims": _undone_permutation,
    "reshape": _undone_reshape,
    "squeeze": _undone_reshape,
}


def viewing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that rearranges, with a result that remembers its operand.

    For namespaces bound to an array, which code of others asks for; neo's own rules write into nothing.
    """
    undone = UNDONE[name]

    @wraps(function)
    def view(x: Any, /, *settings: Any, **named: Any) -> Any:
        out = function(x, *settings, **named)
        if isinstance(x, Array) and out is not x and not named.get("copy"):
            named.pop("copy", None)
            take = lambda whole: function(whole, *settings, **named)  # noqa: E731
            undo = lambda part, whole: undone(part, whole, *settings, **named)  # noqa: E731
            out.part_of = (x, Rearrangement(take, undo), beneath(x))
        return out

    return view


def assign(x: Array, key: Any, value: Any) -> None:
    """Carry out `x[key] = value`."""
    source = _source(value)
    if source is not None and source[0] is x and source[1] is key and source[2] is beneath(x):
        return  # the end of `x[key] += y`, which has written it already
    refresh(x)
    write(x, setitem(x, key, value))


def refresh(x: Array) -> None:
    """Give a part the values that its array has there now, before it is written."""
    source = _source(x)
    if source is None:
        return
    whole, key, seen = source
    refresh(whole)
    if beneath(whole) is not seen:
        rebind(x, key.take(whole) if type(key) is Rearrangement else getitem(whole, key))
        x.part_of = (whole, key, beneath(whole))


def write(x: Array, value: Any) -> None:
    """Give an array another value, and write it into the array that x is a part of."""
    rebind(x, value)
    source = _source(x)
    if source is not None:
        whole, key, _ = source
        write(whole, key.undo(x, whole) if type(key) is Rearrangement else setitem(whole, key, x))
        x.part_of = (whole, key, beneath(whole))


def _source(x: Any) -> Any:
    return getattr(x, "part_of", None) if isinstance(x, Array) else None
