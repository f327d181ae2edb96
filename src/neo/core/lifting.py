"""A call as the next tape up sees it: what it saved has derivatives there.

A Policy's forward runs once, on raw arrays, below every tape. Where an outer derivative is taken,
what it saved must be traced too, or that derivative would silently be missing a term.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .. import backends
from ..errors import describe
from .array import apart, bottom_of
from .kept import attributes, is_unknown, kept_by, named_by
from .policy import Policy, context_like, inside, new_context, several


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
    results = several(result)
    known = {id(bottom_of(x)): x for x in results}
    # After the results: an operand that forward returned as it is counts as the operand.
    known.update({id(x): traced for x, traced in zip(raw, below, strict=True)})
    seen = {id(value) for value in settings.values()}
    seen |= {id(value) for name, value in attributes(instance).items() if name in instance.first_order}
    deep = not instance.trusted  # neo's own keep no array in an object
    unknown = partial(is_unknown, known=known, seen=seen, deep=deep)
    is_all_known = not any([unknown(bottom_of(value)) for value in kept_by(instance)])
    if not is_all_known and not instance.bare:
        return run_again(instance, below, settings, wanted)
    # An object of its own each: backward may rebind it.
    again = replaced_in(instance, lambda value: apart(known.get(id(bottom_of(value)), value)))
    if is_all_known:
        return again
    again = saved_again(again, below, settings, wanted)
    before = named_by(instance)
    left = [name for name, x in named_by(again).items() if x is before.get(name) and unknown(bottom_of(x))]
    if left:
        raise NotImplementedError(
            f"{type(instance).__name__}.save_again leaves {', '.join(left)} as forward set it, so that a "
            f"second derivative would take it for a constant. Set it there too, by neo's functions"
        )
    return again


def replaced_in(instance: Policy, function: Callable[[Any], Any]) -> Policy:
    """Return a call with a function applied to all that it keeps."""
    again = type(instance)()
    vars(again).update(vars(instance))
    vars(again).update({name: inside(function, value) for name, value in attributes(instance).items()})
    again.ctx = context_like(instance.ctx, function)
    return again


def run_again(
    instance: Policy, below: list[Any], settings: dict[str, Any], wanted: Sequence[Any] | None = None
) -> Policy:
    """Return a fresh instance whose saved values were computed from the traced operands."""
    if instance.bare:
        return saved_again(instance, below, settings, wanted)
    again = type(instance)()
    again.slots = instance.slots if wanted is None else wanted
    try:
        again.run([apart(x) for x in below], settings, new_context(again))  # forward may rebind them
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
    again.ctx = context_like(instance.ctx, lambda value: value)
    again.ctx.saved = ()
    again.save_again(*map(apart, below), **settings)
    return again


_CURE = (
    "Save only operands, results and settings, and compute the rest in backward; a bare Policy may write "
    "save_again, or name in first_order what backward leaves alone where anything is traced."
)


def _what_it_keeps(instance: Policy) -> str:
    what = ", ".join([describe(bottom_of(x)) for x in kept_by(instance)])
    name = type(instance).__name__
    return f"{name}.forward keeps a value that is neither an operand nor a result (it kept: {what})"
