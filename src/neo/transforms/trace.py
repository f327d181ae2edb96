"""`trace`: run a function and get the program that it recorded, to read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Unpack

from .. import tree
from ..core.array import Array
from ..core.following import FollowingTape, Program
from ..core.listing import Slot, Value, in_words, value_of
from .arguments import every_differentiable, given, parameter_names, parameters_of
from .options import Options, settings_of
from .program import Interface, TracedTape
from .recording import Recording


def trace(
    f: Callable[..., Any], *, keep: bool = False, profile: bool = False, **options: Unpack[Options]
) -> Callable[..., tuple[Any, TracedTape]]:
    """Return a function that gives f's result and the tape of the run.

    f: returns an array or a tree of arrays and anything else. Every real or complex array among
    the arguments, every tree of such arrays, and every other Array is an input of the tape; other
    arguments are passed on.
    Returns (result, tape). The tape is closed: it lists inputs, calls with their settings, the type
    of each result and the bytes that each call saved for the way back; `tape.replay(*args)` runs it
    again. It holds what f took from outside, but neither the arguments, unless keep is true, nor
    any intermediate value. See docs/tape.md.
    profile: measure each call, forward and backward; print `tape.profile`.
    options: as for `value_and_grad`. Raises TypeError when no argument holds a real or complex array.

    >>> import numpy as np
    >>> import neo.numpy as nep
    >>> result, tape = trace(lambda x, y: nep.sum(nep.tanh(x @ y), axis=0))(np.ones((64, 9)), np.ones((9, 4)))
    >>> print(tape)
    %0 = input x          f64[64,9]
    %1 = input y          f64[9,4]
    %2 = matmul(%0, %1)   f64[64,4]  4.8 kB saved
    %3 = tanh(%2)         f64[64,4]  2.0 kB saved
    %4 = sum(%3, axis=0)  f64[4]
    return %4
    3 calls, 6.8 kB saved
    """
    settings = settings_of(f, options)

    @wraps(f)
    def result_and_tape(*args: Any, **kwargs: Any) -> tuple[Any, TracedTape]:
        named = every_differentiable(f, parameters_of(f), args, kwargs)
        program = Program()
        run = Recording(f, args, kwargs, [key for _, key in named], settings, program, FollowingTape)
        named = [*named, *_other_arrays(run, [key for _, key in named])]
        program.inputs = list(zip(_labels(named, args, kwargs), _inputs(named, args, kwargs), strict=True))
        program.interface = Interface(run.owner, named, args, kwargs, keep)
        with run.quiet():
            run.record()
        closed = _closed(run, program)
        if profile:
            from .account import profiled

            program.profile = profiled(program)
        return run.build_result(run.values), closed

    return result_and_tape


def _other_arrays(run: Recording, keys: list[Any]) -> list[tuple[str, Any]]:
    """Put the Arrays without a gradient among the arguments on the tape; return their names and keys.

    A bare array without one stays bare: the function may do with it what a library allows.
    """
    found, names = [], parameter_names(run.f)
    places: list[tuple[Any, Any]] = [
        (run.positional, enumerate(run.positional)),
        (run.named, run.named.items()),
    ]
    for place, pairs in places:
        for key, x in [*pairs]:
            if type(x) is Array and key not in keys:
                place[key] = run.tape.trace(x.held)
                known = isinstance(key, int) and key < len(names)
                found.append((names[key] if known else str(key), key))
    return found


def _closed(run: Recording, program: Program) -> TracedTape:
    """Return the closed tape with its program."""
    program.results = [_result(x, slot) for x, slot in zip(run.values, run.slots, strict=True)]
    program.interface.outputs = [
        x if slot is None else Slot(slot) for x, slot in zip(run.values, run.slots, strict=True)
    ]
    program.interface.build = run.build_result
    program.derived.clear()
    tape: Any = run.tape
    tape.log = program
    tape.__class__ = TracedTape
    closed: TracedTape = tape
    return closed


def _labels(named: list[tuple[str, Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Return a name for every leaf: `x`, `weights['w'][0]`."""
    return [name + path for name, key in named for path in tree.paths(given(args, kwargs, key))]


def _inputs(named: list[tuple[str, Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Value]:
    leaves = [x for _, key in named for x in tree.flatten(given(args, kwargs, key))[0]]
    return [value_of(x, slot) for slot, x in enumerate(leaves)]


def _result(x: Any, slot: int | None) -> Value | str:
    return value_of(x, slot) if hasattr(x, "dtype") else in_words(x)
