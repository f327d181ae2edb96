"""Calls of a Policy: run below every tape, recorded on the newest, lifted through the others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import backends
from ..errors import describe
from .array import Array, Plain, Traced, apart, bottom_of, box, unbox
from .lifting import lifted, told_apart
from .parts import placed
from .policy import NO_ARRAYS, NO_CONTEXT, BareContext, Context, Policy, each, new_context
from .replacing import replaced
from .tape import Tape


def neo_function(policy: type[Policy]) -> Callable[..., Any]:
    """Return the function that a Policy class defines.

    It takes forward's operands, by position or by name, and its settings; its result is as
    wrapped as its most wrapped operand. Raises TypeError when policy is not a Policy class.

    >>> import neo
    >>> class Double(neo.autograd.Policy):
    ...     def forward(self, x):
    ...         return 2 * x
    ...     def backward(self, g):
    ...         return 2 * g
    >>> print(neo.grad(neo_function(Double))(3.0))
    2.0
    """
    if not (isinstance(policy, type) and issubclass(policy, Policy)):
        raise TypeError(f"neo_function takes a subclass of autograd.Policy, got {describe(policy)}")
    _must_make_calls(policy)
    signature = inspect.signature(policy.forward)
    parameters = list(signature.parameters.values())[1:]
    signature = signature.replace(parameters=parameters)
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]

    def function(*operands: Any, **settings: Any) -> Any:
        if len(operands) < len(names):
            operands, settings = _by_position(policy.__name__, signature, operands, settings)
        if settings and any([isinstance(x, Traced) for x in settings.values()]):
            raise TypeError(_traced_setting(policy.__name__, settings))
        return call(policy, operands, settings)

    function.__name__ = function.__qualname__ = policy.__name__
    function.__doc__ = policy.__doc__
    function.__module__ = policy.__module__
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.policy = policy  # type: ignore[attr-defined]
    return function


def _must_make_calls(policy: type[Policy]) -> None:
    """Raise TypeError for a class that is no method's, or whose instances take arguments."""
    name = policy.__name__
    for method in ("forward", "backward"):
        if isinstance(inspect.getattr_static(policy, method), staticmethod | classmethod):
            raise TypeError(
                f"{name}.{method} is a static or class method, as PyTorch's are; a Policy's is a method of "
                f"the call: def {method}(self, ...), which keeps and finds values in self.ctx"
            )
    if policy.__init__ is object.__init__:
        return
    taken = list(inspect.signature(policy.__init__).parameters.values())[1:]
    needed = [
        p.name for p in taken if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if needed:
        raise TypeError(
            f"{name}() takes arguments ({', '.join(needed)}), but every call makes an instance without any; "
            f"make them settings, keyword-only parameters of forward, or attributes of the class"
        )


def _traced_setting(policy: str, settings: dict[str, Any]) -> str:
    name, x = next((name, x) for name, x in settings.items() if isinstance(x, Traced))
    return (
        f"{policy} got a traced array ({describe(x)}) for {name}, which is a setting and has no gradient. "
        f"Make it an operand, which is positional in forward, or use neo.stop_gradient(x)"
    )


def _by_position(
    name: str, signature: inspect.Signature, operands: tuple[Any, ...], settings: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the operands with those given by name, or by default, in their places.

    Raises TypeError, with the name of the Policy, where one is missing or unknown.
    """
    try:
        bound = signature.bind(*operands, **settings)
    except TypeError as error:
        raise TypeError(f"{name}: {error}; its arguments are {signature}") from None
    bound.apply_defaults()
    return bound.args, bound.kwargs


def call(policy: type[Policy], operands: Sequence[Any], settings: dict[str, Any]) -> Any:
    """Apply a Policy to operands as they come: boxed, bare or traced.

    One library's arrays, off every tape or on a lean one, are by far the most common case: one
    look at each operand finds that out, and the rest is written out here. All else is `_call_any`.
    """
    boxed, tape, library = False, None, None
    below: list[Any] = []
    slots: list[int | None] = []
    for x in operands:
        kind = type(x)
        if kind is Array:
            boxed, x, kind = True, x.held, type(x.held)
        if kind is Plain:
            if x.tape is not tape:
                if tape is not None or not x.tape.records:
                    return _call_any(policy, operands, settings)
                tape = x.tape
            below.append(x.held)
            slots.append(x.slot)
            continue
        if kind not in NO_ARRAYS:
            found = backends.BY_TYPE.get(kind)
            if found is None or (found is not library and library is not None):
                return _call_any(policy, operands, settings)
            library = found
        below.append(x)
        slots.append(None)
    if tape is not None:
        library = tape.library if tape.flat and library in (None, tape.library) else None
    if library is None:
        return _call_any(policy, operands, settings)
    if policy.value_and_saved is None:
        out = _call_instance(policy, tape, library, slots, below, settings)
        return each(box, out) if boxed and tape is None else out
    out, saved = policy.value_and_saved(library.raw, slots, *below, **settings)
    if tape is None:
        return box(out) if boxed else out
    return tape.trace(out, [policy.slopes, slots, saved])


def _call_instance(
    policy: type[Policy], tape: Any, library: Any, slots: Any, below: list[Any], settings: dict[str, Any]
) -> Any:
    """Apply a Policy to one library's own arrays; its instance is put on the tape, if there is one."""
    instance = policy()
    instance.slots = slots
    if policy.bare:
        instance.ctx, instance.xp = NO_CONTEXT if tape is None else BareContext(), library.raw
        result = instance.forward(*below, **settings)
    else:
        result = instance.run(below, settings, Context())
    return result if tape is None else _record(tape, instance, slots, below, result, settings)


def _call_any(policy: type[Policy], operands: Sequence[Any], settings: dict[str, Any]) -> Any:
    """Apply a Policy to any operands: those of several tapes, of several libraries, unknown classes."""
    given = [unbox(x) for x in operands]
    if any([isinstance(x, Traced) for x in given]):
        tape = newest(given)
        out = NotImplemented if tape is None or tape.records else tape.alone(policy, given, settings)
        if out is not NotImplemented:
            return out
        # While forward runs, `needs` tells which operands any tape differentiates.
        wanted = [x.slot if isinstance(x, Traced) else None for x in given]
        result, _ = apply(replaced(policy, given), given, settings, wanted, [])
    else:
        instance = policy()
        instance.slots = [None] * len(given)
        result = instance.run(given, settings, NO_CONTEXT if policy.bare else Context())
    return each(box, result) if any([type(x) is Array for x in operands]) else result


def newest(operands: Iterable[Any]) -> Tape | None:
    """Return the tape of the highest level among the operands, or None."""
    tape = None
    for x in operands:
        if isinstance(x, Traced) and (tape is None or x.tape.level > tape.level):
            tape = x.tape
    return tape


def apply(
    policy: type[Policy], operands: list[Any], settings: dict[str, Any], wanted: Any, raw: Any
) -> tuple[Any, Policy]:
    """Return the result and the instance of the Policy that is this call.

    The newest tape among the operands runs the call on what its arrays hold, and so on down; one
    that does not record (`Tape.records`) does so in its own way, its method `apply`.
    operands: not boxed. wanted: the slots that forward asks with `needs`, None for an operand that
    no tape differentiates. raw: is filled with the operands as forward got them, below every tape;
    a `Bottom` runs forward in its own way.
    """
    tape = newest(operands)
    if tape is None:
        instance = policy()
        instance.slots = wanted
        raw[:] = told_apart(operands)
        if type(raw) is not list:
            return raw.run(instance, settings), instance
        return instance.run(raw, settings, new_context(policy)), instance
    if not tape.records:
        return tape.apply(policy, operands, settings, wanted, raw)
    return recorded(tape, policy, operands, settings, wanted, raw)


def recorded(
    tape: Tape, policy: type[Policy], operands: list[Any], settings: dict[str, Any], wanted: Any, raw: Any
) -> tuple[Any, Policy]:
    """Return what `apply` does, for a call of which this tape is the newest and which it records."""
    slots = [x.slot if isinstance(x, Traced) and x.tape is tape else None for x in operands]
    # Its own object of an older tape's array: whoever holds that one may rebind it.
    below = [apart(x) if slot is None else x.held for x, slot in zip(operands, slots, strict=True)]
    result, instance = apply(policy, below, settings, wanted, raw)
    # Every tape lifts the call as it ran at the bottom, so that one is handed on.
    own = instance if newest(below) is None else lifted(instance, below, raw, result, settings, wanted)
    return _record(tape, own, slots, below, result, settings), instance


def _record(tape: Tape, instance: Policy, slots: Any, below: list[Any], result: Any, settings: Any) -> Any:
    """Put an instance on the tape and return its results as traced arrays."""
    instance.slots = slots
    if not instance.trusted:
        each(instance.must_be_an_array, result)
        instance.remember(below)
    if instance.zero_wins is not tape.zero_wins:
        instance.zero_wins = tape.zero_wins
    if not isinstance(result, (tuple, list)):
        out = tape.trace(result, instance)
    else:
        instance.results_like = tuple([_zeros_like(x) for x in result])
        slot = len(tape)
        tape.append(instance)
        links = iter(range(len(result)))
        out = each(lambda x: _part(tape, slot, next(links), x), result)
    if tape.log is not None:
        tape.log.recorded(tape, instance, slots, below, settings, out)
    return out


def _part(tape: Tape, slot: int, k: int, result: Any) -> Any:
    """Return result k of several as an array traced in a slot of its own."""
    return tape.trace(result, (placed(k), slot, None, None, None, None))


def _zeros_like(x: Any) -> Callable[[], Any]:
    """Return a function that makes zeros like x, without holding x."""
    raw = bottom_of(x)
    backend = backends.of(raw)
    shape, dtype, device = tuple(x.shape), raw.dtype, backend.place(backend.device(raw))
    wrap = box if isinstance(x, Traced) else lambda zeros: zeros
    return lambda: wrap(backend.xp.zeros(shape, dtype=dtype, device=device))
