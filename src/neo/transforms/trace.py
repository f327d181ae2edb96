"""`trace`: run a function and get the program that it recorded, to read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Unpack

from .. import tree
from ..core.listing import Listing, Value, in_words, value_of
from ..core.tape import Tape
from .arguments import every_differentiable, given, parameters_of
from .options import Options, settings_of
from .recording import Recording


def trace(f: Callable[..., Any], **options: Unpack[Options]) -> Callable[..., tuple[Any, Tape]]:
    """Return a function that gives f's result and the tape of the run; print the tape.

    f: returns an array or a tree of arrays and anything else. Every real or complex array among
    the arguments, and every tree of such arrays, is an input of the tape; others are passed on.
    Returns (result, tape). The tape is closed and holds no array: it lists inputs, calls with their
    settings, the type of each result and the bytes that each call saved for the way back.
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

    settings = settings_of(options)

    @wraps(f)
    def result_and_tape(*args: Any, **kwargs: Any) -> tuple[Any, Tape]:
        named = every_differentiable(f, parameters_of(f), args, kwargs)
        listing = Listing()
        run = Recording(f, args, kwargs, [key for _, key in named], settings, listing)
        with run.quiet():
            run.record()
        listing.inputs = list(zip(_labels(named, args, kwargs), _inputs(run), strict=True))
        listing.results = [_result(x, slot) for x, slot in zip(run.values, run.slots, strict=True)]
        return run.build_result(run.values), run.inputs.tape

    return result_and_tape


def _labels(named: list[tuple[str, Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Return a name for every leaf: `x`, `weights['w'][0]`."""
    return [name + path for name, key in named for path in tree.paths(given(args, kwargs, key))]


def _inputs(run: Recording) -> list[Value]:
    return [value_of(x, slot) for slot, x in enumerate(run.inputs.values)]


def _result(x: Any, slot: int | None) -> Value | str:
    return value_of(x, slot) if hasattr(x, "dtype") else in_words(x)
