"""The arrays that a function closes over, as far as they can be found without running it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from .. import tree
from ..core.array import Traced


def captured(f: Any) -> list[Traced]:
    """Return the traced arrays that a function can see besides its arguments.

    Looks through closures, defaults, partials, methods and the attributes of callable objects, and
    through the trees and functions in them.
    """
    return list(_inside(f, set()))


def _inside(x: Any, seen: set[int]) -> Iterator[Traced]:
    if id(x) in seen:
        return
    seen.add(id(x))
    for part in _parts(x):
        for leaf in _leaves(part):
            if isinstance(leaf, Traced):
                yield leaf
            elif _is_function(leaf):
                yield from _inside(leaf, seen)


def _parts(f: Any) -> list[Any]:
    """Return what a function sees, one level down."""
    if isinstance(f, FunctionType):
        cells = [cell.cell_contents for cell in f.__closure__ or () if _is_filled(cell)]
        return [*cells, *(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]
    if isinstance(f, MethodType):
        return [f.__func__, f.__self__, *_attributes(f.__self__)]
    if isinstance(f, partial):
        return [f.func, *f.args, *f.keywords.values()]
    return _attributes(f)


def _is_function(x: Any) -> bool:
    return isinstance(x, FunctionType | MethodType | partial)


def _attributes(x: Any) -> list[Any]:
    return [] if isinstance(x, type) else [x, *getattr(x, "__dict__", {}).values()]


def _leaves(x: Any) -> list[Any]:
    return [x] if _is_function(x) else tree.flatten(x)[0]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is bound later
        return False
