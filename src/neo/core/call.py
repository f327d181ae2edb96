"""Calls of a Policy: run below every tape, recorded on the newest, lifted through the others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from .. import backends
from ..errors import describe
from .array import Array, Traced, box, raw_of, unbox
from .dtypes import differentiable
from .listing import Call, call_of, value_of
from .parts import placed
from .policy import NO_CONTEXT, Context, Policy, each
from .tape import Tape


def neo_function(policy: type[Policy]) -> Callable[..., Any]:
    """Return the function that a Policy class defines.

    It takes forward's operands, by position or by name, and its settings; its result is as
    wrapped as its most wrapped operand. Raises TypeError when policy is not a Policy class.
    """
    if not (isinstance(policy, type) and issubclass(policy, Policy)):
        raise TypeError(f"neo_function takes a subclass of autograd.Policy, got {describe(policy)}")
    signature = inspect.signature(policy.forward)
    parameters = list(signature.parameters.values())[1:]
    signature = signature.replace(parameters=parameters)
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]

    def function(*operands: Any, **settings: Any) -> Any:
        if len(operands) < len(names):
            operands, settings = _by_position(signature, operands, settings)
        return call(policy, operands, settings)

    function.__name__ = function.__qualname__ = policy.__name__
    function.__doc__ = policy.__doc__
    function.__module__ = policy.__module__
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.policy = policy  # type: ignore[attr-defined]
    return function


def _by_position(
    signature: inspect.Signature, operands: tuple[Any, ...], settings: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the operands with those given by name, or by default, in their places."""
    bound = signature.bind(*operands, **settings)
    bound.apply_defaults()
    return bound.args, bound.kwargs


def call(policy: type[Policy], operands: Iterable[Any], settings: dict[str, Any]) -> Any:
    """Apply a Policy to operands as they come: boxed, bare or traced."""
    operands = list(operands)
    boxed = traced = False
    for k, x in enumerate(operands):
        if isinstance(x, Array):
            if type(x) is Array:
                boxed, x = True, x.data
                operands[k] = x
            traced = traced or isinstance(x, Traced)
    if not traced:
        result = policy().run(operands, settings, NO_CONTEXT)
        return each(box, result) if boxed else result
    # While forward runs, `needs` tells which operands any tape differentiates.
    wanted = tuple([0 if isinstance(x, Traced) else None for x in operands])
    result, _ = _apply(policy, operands, settings, wanted)
    return each(box, result) if boxed else result


def newest(operands: Iterable[Any]) -> Tape | None:
    """Return the tape of the highest level among the operands, or None."""
    tape = None
    for x in operands:
        if isinstance(x, Traced) and (tape is None or x.tape.level > tape.level):
            tape = x.tape
    return tape


def _apply(
    policy: type[Policy], operands: list[Any], settings: dict[str, Any], wanted: Any
) -> tuple[Any, Policy]:
    """Return the result and the instance of the Policy that is this call."""
    tape = newest(operands)
    if tape is None:
        instance = policy()
        instance.slots = wanted
        return instance.run(operands, settings, Context(not policy.bare)), instance
    slots = tuple([x.slot if isinstance(x, Traced) and x.tape is tape else None for x in operands])
    below = [x if slot is None else x.data for x, slot in zip(operands, slots, strict=True)]
    result, instance = _apply(policy, below, settings, wanted)
    if newest(below) is not None:
        instance = lifted(instance, below, result, settings)
    return _record(tape, instance, slots, below, result, settings), instance


def _record(
    tape: Tape, instance: Policy, slots: Any, below: list[Any], result: Any, settings: Any
) -> Any:
    """Put an instance on the tape and return its results as traced arrays."""
    instance.slots = slots
    instance.remember(below)
    if instance.zero_wins is not tape.zero_wins:
        instance.zero_wins = tape.zero_wins
    if not isinstance(result, tuple | list):
        out = tape.trace_or_box(result, instance)
    else:
        instance.results_like = tuple([_zeros_like(x) for x in result])
        slot = len(tape)
        tape.append(instance)
        links = iter(range(len(result)))
        out = each(lambda x: _part(tape, slot, next(links), x), result)
    if tape.log is not None:
        tape.log.append(_in_words(instance, slots, below, settings, out))
    return out


def _in_words(instance: Policy, slots: Any, below: list[Any], settings: Any, out: Any) -> Call:
    """Return what a listing says of a call that has just been recorded."""
    outs = out if isinstance(out, tuple | list) else [out]
    results = [value_of(x, x.slot if isinstance(x, Traced) else None) for x in outs]
    recorded = any([r.slot is not None for r in results])
    kept = [*instance.ctx.saved, *_attributes(instance).values()] if recorded else []
    return call_of(instance, slots, below, settings, results, kept)


def _part(tape: Tape, slot: int, k: int, result: Any) -> Any:
    """Return result k of several as an array traced in a slot of its own."""
    return tape.trace_or_box(result, (placed(k), slot, None, None, None, None))


def _zeros_like(x: Any) -> Callable[[], Any]:
    """Return a function that makes zeros like x, without holding x."""
    raw = raw_of(x)
    backend = backends.of(raw)
    shape, dtype, device = tuple(raw.shape), raw.dtype, backend.place(backend.device(raw))
    wrap = box if isinstance(x, Traced) else lambda zeros: zeros
    return lambda: wrap(backend.xp.zeros(shape, dtype=dtype, device=device))


def lifted(instance: Policy, below: list[Any], result: Any, settings: dict[str, Any]) -> Policy:
    """Return the call as it is on the next tape up, where its saved values have derivatives.

    Saved operands and results become their traced selves. If forward kept anything else that
    depends on the operands, it is run again on the traced operands, so that this is traced too:
    otherwise its derivative would silently be missing from the second order.
    """
    results = list(result) if isinstance(result, tuple | list) else [result]
    known = {id(raw_of(x)): x for x in [*below, *results]}
    constants = {id(value) for value in settings.values()}
    kept = [*instance.ctx.saved, *_attributes(instance).values()]
    if any(_unknown(raw_of(value), known, constants) for value in kept):
        return _run_again(instance, below, settings)
    again = type(instance)()
    vars(again).update(vars(instance))
    again.ctx = Context(instance.ctx.boxed, _replaced(instance.ctx.saved, known))
    vars(again).update(
        {name: known.get(id(raw_of(value)), value) for name, value in _attributes(instance).items()}
    )
    return again


_OWN = {"ctx", "xp", "slots", "operands_like", "results_like", "zero_wins"}


def _attributes(instance: Policy) -> dict[str, Any]:
    """Return what forward left on the instance itself."""
    return {name: value for name, value in vars(instance).items() if name not in _OWN}


def _replaced(saved: tuple[Any, ...], known: dict[int, Any]) -> tuple[Any, ...]:
    return tuple([known.get(id(raw_of(value)), value) for value in saved])


def _unknown(value: Any, known: dict[int, Any], constants: set[int]) -> bool:
    """Tell whether a kept value may depend on the operands in a way that is not recorded."""
    if id(value) in known or id(value) in constants:
        return False
    if isinstance(value, tuple | list):
        return any(_unknown(raw_of(x), known, constants) for x in value)
    if isinstance(value, dict):
        return any(_unknown(raw_of(x), known, constants) for x in value.values())
    dtype = getattr(value, "dtype", None)
    if dtype is not None and hasattr(value, "shape"):
        return differentiable(dtype)
    return isinstance(value, float | complex)


def _run_again(instance: Policy, below: list[Any], settings: dict[str, Any]) -> Policy:
    """Return a fresh instance whose saved values were computed from the traced operands."""
    name = type(instance).__name__
    kept = ", ".join(describe(raw_of(x)) for x in [*instance.ctx.saved, *_attributes(instance).values()])
    cure = "Save only operands, results and settings, and compute the rest in backward."
    if instance.bare and type(instance).save_again is not Policy.save_again:
        return _saved_again(instance, below, settings)
    if instance.bare:
        raise NotImplementedError(
            f"{name}.forward keeps a value that is neither an operand nor a result (it kept: {kept}), "
            f"so its second derivative cannot be traced. {cure}"
        )
    again = type(instance)()
    again.slots = instance.slots
    try:
        again.run(below, settings, Context(True))
    except Exception as error:
        raise NotImplementedError(
            f"{name}.forward keeps a value that is neither an operand nor a result (it kept: {kept}). "
            f"A second derivative has to run forward again on traced arrays, and that failed: "
            f"{error}. {cure}"
        ) from error
    return again


def _saved_again(instance: Policy, below: list[Any], settings: dict[str, Any]) -> Policy:
    """Return a fresh instance that saved what a bare one says in `save_again`."""
    again = type(instance)()
    vars(again).update(vars(instance))
    again.ctx = Context(boxed=False)
    again.save_again(*below, **settings)
    return again
