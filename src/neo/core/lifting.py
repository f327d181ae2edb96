"""A call as the next tape up sees it: what it saved has derivatives there.

A Policy's forward runs once, on raw arrays, below every tape. Where an outer derivative is taken,
what it saved must be traced too, or that derivative would silently be missing a term.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import CellType, ModuleType
from typing import Any

from .. import backends
from ..errors import describe
from .array import bottom_of
from .dtypes import differentiable
from .policy import Policy, inside, new_context


def told_apart(operands: list[Any]) -> list[Any]:
    """Return raw operands of which no two are one object: a second use of an array is a view.

    Saved values are known by identity, and f(x, y) may be called with one array for both, of which
    one is differentiated.
    """
    seen: set[int] = set()
    for k, x in enumerate(operands):
        if id(x) in seen and type(x) in backends.BY_TYPE:
            operands[k] = x = x[...]
        seen.add(id(x))
    return operands


def lifted(
    instance: Policy,
    below: list[Any],
    raw: list[Any],
    result: Any,
    settings: dict[str, Any],
    wanted: Sequence[Any] | None = None,
) -> Policy:
    """Return the call as it is on the next tape up.

    below: its operands there, and raw the same operands as forward got them. Saved operands and
    results become their traced selves. If forward kept anything else that depends on the operands,
    it is run again on the traced operands, so that this is traced too.
    A level that ran the call in its own way may return something else for the instance, which then
    does the lifting: `instance.lifted(below, result)`.
    wanted: the slots that forward asks with `needs`, of operands on any tape; the instance's own may
    be those of one tape by now.
    """
    if not isinstance(instance, Policy):
        return instance.lifted(below, result)
    results = list(result) if isinstance(result, tuple | list) else [result]
    known = {id(bottom_of(x)): x for x in results}
    # After the results: an operand that forward returned as it is counts as the operand.
    known.update({id(x): traced for x, traced in zip(raw, below, strict=True)})
    constants = {id(value) for value in settings.values()}
    kept = [*instance.ctx.saved, *attributes(instance).values()]
    # A bare forward cannot run again: what its functions and objects hold is its own affair.
    held_by = _holds_nothing if instance.bare else _held_by
    if any([_is_unknown(bottom_of(value), known, constants, held_by) for value in kept]):
        return run_again(instance, below, settings, wanted)
    traced = lambda value: known.get(id(bottom_of(value)), value)  # noqa: E731
    again = type(instance)()
    vars(again).update(vars(instance))
    vars(again).update({name: inside(traced, value) for name, value in attributes(instance).items()})
    again.ctx = new_context(instance, inside(traced, instance.ctx.saved))
    return again


_OWN = {"ctx", "xp", "slots", "operands_like", "results_like", "zero_wins"}


def attributes(instance: Policy) -> dict[str, Any]:
    """Return what forward left on the instance itself."""
    return {name: value for name, value in vars(instance).items() if name not in _OWN}


def _is_unknown(
    value: Any, known: dict[int, Any], constants: set[int], held_by: Callable[[Any], list[Any]]
) -> bool:
    """Tell whether a kept value may depend on the operands in a way that is not recorded."""
    if id(value) in known or id(value) in constants:
        return False
    if isinstance(value, tuple | list | dict):
        items = value.values() if isinstance(value, dict) else value
        return any([_is_unknown(bottom_of(x), known, constants, held_by) for x in items])
    dtype = getattr(value, "dtype", None)
    if dtype is not None and hasattr(value, "shape"):
        return differentiable(dtype)
    if isinstance(value, float | complex):
        return True
    # What a function or an object has hold of is not replaced, not even an operand.
    seen = constants | {id(value)}
    return any([_is_unknown(bottom_of(x), {}, seen, held_by) for x in held_by(value)])


def _holds_nothing(value: Any) -> list[Any]:
    return []


def _held_by(value: Any) -> list[Any]:
    """Return what an object has hold of: its attributes; of a function its closure and defaults."""
    if value is None or isinstance(value, type | ModuleType):
        return []
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    names = [*getattr(value, "__dict__", ()), *slots, "__self__", "__defaults__", "__kwdefaults__"]
    held = [getattr(value, name, None) for name in names]
    return [*held, *_contents(getattr(value, "__closure__", None) or ())]


def _contents(cells: Sequence[Any]) -> list[Any]:
    """Return what the cells of a closure hold; one may be empty."""
    empty = CellType()
    return [cell.cell_contents for cell in cells if cell != empty]


def run_again(
    instance: Policy, below: list[Any], settings: dict[str, Any], wanted: Sequence[Any] | None = None
) -> Policy:
    """Return a fresh instance whose saved values were computed from the traced operands."""
    if instance.bare:
        return saved_again(instance, below, settings, wanted)
    again = type(instance)()
    again.slots = instance.slots if wanted is None else wanted
    try:
        again.run(below, settings, new_context(again))
    except Exception as error:
        raise NotImplementedError(
            f"{_what_it_keeps(instance)}. A second derivative has to run forward again on traced "
            f"arrays, and that failed: {error}. {_CURE}"
        ) from error
    return again


def saved_again(
    instance: Policy, below: list[Any], settings: dict[str, Any], wanted: Sequence[Any] | None = None
) -> Policy:
    """Return a fresh instance that saved what a bare one says in `save_again`."""
    if type(instance).save_again is Policy.save_again:
        raise NotImplementedError(
            f"{_what_it_keeps(instance)}, so its second derivative cannot be traced. {_CURE}"
        )
    again = type(instance)()
    vars(again).update(vars(instance))
    again.slots = instance.slots if wanted is None else wanted
    again.ctx = new_context(again)
    again.save_again(*below, **settings)
    return again


_CURE = "Save only operands, results and settings, and compute the rest in backward."


def _what_it_keeps(instance: Policy) -> str:
    kept = [*instance.ctx.saved, *attributes(instance).values()]
    what = ", ".join([describe(bottom_of(x)) for x in kept])
    name = type(instance).__name__
    return f"{name}.forward keeps a value that is neither an operand nor a result (it kept: {what})"
