"""The traced arrays that a function sees besides its arguments, and the function with others instead."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from .. import tree
from ..core.array import Array, Traced

Build = Callable[[list[Any]], Any]


def captured(f: Any) -> list[Array]:
    """Return the Arrays that a function sees besides its arguments, traced or not."""
    return _Opening(Array).of_tree(f)[0]


def opened(x: Any) -> tuple[list[Any], Build]:
    """Return the traced arrays that a function sees, and a function that builds it with others.

    Looks through closures, defaults, partials, methods and the attributes of callable objects, and
    through the trees and functions in them. x: a function or a tree of functions and arrays.
    """
    return _Opening(Traced).of_tree(x)


class _Opening:
    """One search for arrays of a kind. A function that sees itself is, there, left as it is."""

    def __init__(self, kind: type[Array]) -> None:
        self.kind = kind
        self.inside: set[int] = set()

    def of_tree(self, x: Any) -> tuple[list[Any], Build]:
        leaves, build = [x], lambda new: new[0]
        if not callable(x):
            leaves, build = tree.flatten(x)
        if not any([isinstance(leaf, self.kind) or callable(leaf) for leaf in leaves]):
            return [], lambda new: x
        return _joined([self.of_leaf(leaf) for leaf in leaves], build)

    def of_leaf(self, x: Any) -> tuple[list[Any], Build]:
        if isinstance(x, self.kind):
            return [x], lambda new: new[0]
        if not callable(x) or isinstance(x, type | ModuleType) or id(x) in self.inside:
            return [], lambda new: x
        self.inside.add(id(x))
        parts, build = _parts(x)
        found, joined = _joined([self.of_tree(part) for part in parts], build)
        self.inside.discard(id(x))
        return found, joined if found else lambda new: x


def _joined(opened: list[tuple[list[Any], Build]], build: Build) -> tuple[list[Any], Build]:
    """Return the arrays of several parts, and what builds the whole from others."""

    def whole(new: list[Any]) -> Any:
        rest = iter(new)
        return build([part([next(rest) for _ in found]) for found, part in opened])

    return [x for found, _ in opened for x in found], whole


def _parts(f: Any) -> tuple[list[Any], Build]:
    """Return what a function sees, one level down, and what builds the function from such."""
    if isinstance(f, FunctionType):
        return _of_function(f)
    if isinstance(f, MethodType):
        return [f.__func__, _Object(f.__self__)], lambda new: MethodType(new[0], new[1])
    if isinstance(f, partial):
        return [f.func, f.args, f.keywords], lambda new: partial(new[0], *new[1], **new[2])
    if isinstance(f, _Object):
        return _of_object(f.x)
    return _of_object(f)


class _Object:
    """The object of a method, looked into though it may not be callable."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __call__(self) -> None: ...


def _of_function(f: FunctionType) -> tuple[list[Any], Build]:
    filled = [cell for cell in f.__closure__ or () if _is_filled(cell)]
    values = [cell.cell_contents for cell in filled]

    def build(new: list[Any]) -> FunctionType:
        *contents, defaults, keywords = new
        changed = dict(zip(map(id, filled), contents, strict=True))
        closure = tuple([CellType(changed[id(c)]) if id(c) in changed else c for c in f.__closure__ or ()])
        again = FunctionType(f.__code__, f.__globals__, f.__name__, defaults, closure)
        again.__kwdefaults__ = keywords
        return again

    return [*values, f.__defaults__, f.__kwdefaults__], build


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is bound later
        return False


def _of_object(x: Any) -> tuple[list[Any], Build]:
    """Return an object's attributes, and what makes a copy of it that has others."""
    if tree.structure(x) is not None:  # a dataclass, say
        leaves, build = tree.flatten(x)
        return leaves, build
    names = list(getattr(x, "__dict__", {}))

    def again(new: list[Any]) -> Any:
        other = copy.copy(x)
        for name, value in zip(names, new, strict=True):
            if value is not getattr(x, name):  # what a copy starts afresh, a cache, stays so
                setattr(other, name, value)
        return other

    return [getattr(x, name) for name in names], again
