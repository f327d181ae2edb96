"""Parts of an array that are written into: what is written to a part reaches the array that it was taken of.

Arrays are rebound, never written, so a part remembers where it came from. A part that was taken before
the array was written keeps the old values until it is written into itself.
"""

from __future__ import annotations

from typing import Any

from ..core.array import Array, beneath
from .indexing import getitem, is_basic, rebind, setitem


def part(x: Array, key: Any) -> Any:
    """Return x[key], which remembers x where NumPy would return a view: no arrays in key, some axes left."""
    out = getitem(x, key)
    if out.shape and is_basic(key):
        out.part_of = (x, key, beneath(x))
    return out


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
        rebind(x, getitem(whole, key))
        x.part_of = (whole, key, beneath(whole))


def write(x: Array, value: Any) -> None:
    """Give an array another value, and write it into the array that x is a part of."""
    rebind(x, value)
    source = _source(x)
    if source is not None:
        whole, key, _ = source
        write(whole, setitem(whole, key, x))
        x.part_of = (whole, key, beneath(whole))


def _source(x: Any) -> Any:
    return getattr(x, "part_of", None) if isinstance(x, Array) else None
