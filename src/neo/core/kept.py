"""What a call keeps for the way back, and whether some of it may depend on the operands unseen."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping, Sequence, Set
from functools import partial
from numbers import Integral, Number
from operator import attrgetter, itemgetter
from types import CellType, FunctionType, ModuleType
from typing import Any

from ..backends.record import Backend, Raw
from .array import bottom_of
from .dtypes import differentiable

_OWN = {"ctx", "xp", "slots", "operands_like", "results_like", "zero_wins"}


def attributes(instance: Any) -> dict[str, Any]:
    """Return what forward left on the instance itself."""
    return {name: value for name, value in vars(instance).items() if name not in _OWN}


def kept_by(instance: Any) -> list[Any]:
    """Return all that a call keeps: what it saved, and what it set on its context and on itself."""
    return [*instance.ctx.saved, *named_by(instance).values()]


def named_by(instance: Any) -> dict[str, Any]:
    """Return what a call set by name, on its context and on itself."""
    on_context = {f"ctx.{name}": value for name, value in vars(instance.ctx).items() if name != "saved"}
    return {**on_context, **attributes(instance)}


def is_unknown(value: Any, known: Any, seen: set[int], deep: bool) -> bool:
    """Tell whether a kept value may depend on the operands in a way that is not recorded.

    known: identities of what is going to be replaced by its traced self. seen: identities of what
    depends on nothing; what has been looked at is added. deep: whether to look into objects.
    """
    # A module or a class may have a `dtype` and a `shape` too.
    if id(value) in known or id(value) in seen or isinstance(value, _HOLD_NOTHING):
        return False
    if isinstance(value, tuple | list | dict):
        items = value.values() if isinstance(value, dict) else value
        return any([is_unknown(bottom_of(x), known, seen, deep) for x in items])
    dtype = getattr(value, "dtype", None)
    if dtype is not None and hasattr(value, "shape"):
        return differentiable(dtype) or getattr(dtype, "hasobject", False)
    if isinstance(value, Number):
        return not isinstance(value, Integral)
    held = _held_by(value) if deep else []
    if held is None:
        return True
    seen.add(id(value))
    # What a function or an object has hold of is not replaced, not even an operand.
    return any([is_unknown(bottom_of(x), (), seen, deep) for x in held])


_HOLD_NOTHING = (str, bytes, type, ModuleType, type(None), itemgetter, attrgetter, Backend, Raw)


def _held_by(value: Any) -> list[Any] | None:
    """Return what an object has hold of: its attributes; of a function its closure and defaults.

    None where that cannot be told: a compiled object that is no plain value, such as a
    factorisation, or an iterator.
    """
    if _is_of_a_module(value):
        return []
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, Mapping | Set | deque):
        return [*value, *value.values()] if isinstance(value, Mapping) else list(value)
    names = _names_in(value)
    bound = getattr(value, "__self__", None)
    if bound is not None:
        names.append("__self__")
    elif not (names or hasattr(value, "__dict__") or _is_a_value(value)):
        return None
    held = [getattr(value, name, None) for name in [*names, "__defaults__", "__kwdefaults__"]]
    return [*held, *contents(getattr(value, "__closure__", None) or ())]


def _names_in(value: Any) -> list[str]:
    """Return the names of an object's attributes, in its dict and in slots."""
    slots = [vars(kind).get("__slots__", ()) for kind in type(value).__mro__]
    return [*getattr(value, "__dict__", ()), *[name for names in slots for name in _several(names)]]


def _several(names: Any) -> Sequence[str]:
    return (names,) if isinstance(names, str) else tuple(names)


def _is_of_a_module(value: Any) -> bool:
    """Tell whether a function is found in its module by its name, so that no call has made it."""
    found: Any = sys.modules.get(value.__module__) if isinstance(value, FunctionType) else None
    for name in value.__qualname__.split(".") if found else ():
        found = getattr(found, name, None)
    return found is value


def _is_a_value(value: Any) -> bool:
    """Tell whether an object is equal to others like it, or is one of a module's names."""
    its_hash: Any = type(value).__hash__
    if its_hash is not object.__hash__:
        return True
    try:
        return isinstance(value.__reduce__(), str)
    except TypeError:
        return False


def contents(cells: Sequence[Any]) -> list[Any]:
    """Return what the cells of a closure hold; one may be empty."""
    empty = CellType()
    return [cell.cell_contents for cell in cells if cell != empty]
