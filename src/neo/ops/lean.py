"""The lean path of elementwise operations: a few attribute loads and one tuple per call.

It serves Plain arrays, whose library and dtype are their tape's, and what may stand beside them: a
Python number, or an array off every tape of the same class and dtype. A class test tells; everything
else takes the general path. `benchmarks/bookkeeping.py` measures what it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import Plain, Traced, apart
from ..core.tape import NOTHING, Taken
from .broadcasting import unbroadcast
from .registry import reworded


def unary(kernel: Any, rule: Any) -> Callable[[Any], Any]:
    """Return the function of one operand, from raw functions by class and the operand's rule."""
    if rule is None:
        return _without_gradient(kernel)
    pull, keep = rule.pull, rule.keep
    # Flags, not a call of keep: most rules save the one or the other, and a call takes longer.
    keeps_x, keeps_out = rule.names == ["x"], rule.names == ["out"]

    def function(x: Any, /) -> Any:
        try:
            if type(x) is not Plain:
                return kernel[type(x)](x)
            a = x.held
            out = kernel[type(a)](a)
        except Exception as error:
            reworded(kernel.name, (x,), {}, error, broadcast=0)
            raise
        tape = x.tape
        traced = Plain()
        traced.held = out
        traced.shape = x.shape
        traced.tape = tape
        traced.slot = len(tape)
        saved = a if keeps_x else out if keeps_out else keep((a, out))
        tape.append((pull, x.slot, saved, None, None, None))
        return traced

    return function


def _without_gradient(kernel: Any) -> Callable[[Any], Any]:
    def function(x: Any, /) -> Any:
        try:
            if type(x) is not Plain:
                return kernel[type(x)](x)
            out = kernel[type(x.held)](x.held)
        except Exception as error:
            reworded(kernel.name, (x,), {}, error, broadcast=0)
            raise
        return x.tape.trace(out, NOTHING)

    return function


def taking(kernel: Any, pull: Any, general: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the function of an array and a key that holds no arrays; `general` takes what is not Plain."""

    def function(x: Any, key: Any) -> Any:
        if type(x) is not Plain:
            return general(x, key)
        a = x.held
        out = kernel[type(a)](a, key)
        return x.tape.record(out, tuple(out.shape), Taken((pull, x.slot, (x.shape, key))))

    return function


def binary(raw: Callable[..., Any], rules: Any, general: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the function of two operands; `general` takes what the lean path does not."""
    if None in rules:
        return general
    (pull_x, keep_x), (pull_y, keep_y) = [(r.pull, r.keep) for r in rules]
    free_x, free_y = [not r.names for r in rules]
    crossed_x, crossed_y = rules[0].names == ["y"], rules[1].names == ["x"]

    def function(x: Any, y: Any, /) -> Any:
        if type(x) is not Plain:
            return one_sided(y, x) if type(y) is Plain else general(x, y)
        if type(y) is not Plain or y.tape is not x.tape:
            return other_constant(x, y)
        a, b = x.held, y.held
        try:
            out = raw(a, b)
        except Exception as error:
            if isinstance(a, Traced) is not isinstance(b, Traced):
                # A strict library's own array does not take a traced one on its right.
                return general(x, y)
            reworded(name, (a, b), {}, error, broadcast=0)
            raise
        saved_x = None if free_x else b if crossed_x else keep_x((a, b, out))
        saved_y = None if free_y else a if crossed_y else keep_y((a, b, out))
        tape = x.tape
        traced = Plain()
        traced.held = out
        traced.tape = tape
        traced.slot = len(tape)
        shape = x.shape
        if shape == y.shape:
            traced.shape = shape
            tape.append((pull_x, x.slot, saved_x, pull_y, y.slot, saved_y))
        else:
            traced.shape = whole = tuple(out.shape)
            of_x = pull_x if shape == whole else summed(pull_x, shape)
            of_y = pull_y if y.shape == whole else summed(pull_y, y.shape)
            tape.append((of_x, x.slot, saved_x, of_y, y.slot, saved_y))
        return traced

    def other_constant(x: Plain, y: Any) -> Any:
        a = x.held
        kind = type(y)
        if kind is not float and kind is not int:
            if not _is_constant(y, a, x.tape):
                return general(x, y)
            y = apart(y)
        try:
            out = raw(a, y)
        except Exception as error:
            reworded(name, (a, y), {}, error, broadcast=0)
            raise
        shape = tuple(out.shape)
        pull = pull_x if shape == x.shape else summed(pull_x, x.shape)
        return x.tape.record(out, shape, (pull, x.slot, keep_x((a, y, out)), None, None, None))

    def one_sided(y: Plain, x: Any) -> Any:
        b = y.held
        kind = type(x)
        if kind is not float and kind is not int:
            if not _is_constant(x, b, y.tape):
                return general(x, y)
            x = apart(x)
        try:
            out = raw(x, b)
        except Exception as error:
            reworded(name, (x, b), {}, error, broadcast=0)
            raise
        shape = tuple(out.shape)
        pull = pull_y if shape == y.shape else summed(pull_y, y.shape)
        return y.tape.record(out, shape, (pull, y.slot, keep_y((x, b, out)), None, None, None))

    return function


def _is_constant(y: Any, a: Any, tape: Any) -> bool:
    """Tell whether y is like the value a of an array on a tape, and a constant for that tape.

    Of two arrays traced on several tapes the one of the newer tape is none.
    """
    return (
        type(y) is type(a) and y.dtype == a.dtype and (not isinstance(y, Traced) or y.tape.level < tape.level)
    )


def summed(pull: Callable[..., Any] | None, shape: tuple[int, ...]) -> Callable[..., Any]:
    """Return the pull with the sum that undoes broadcasting; decided here, once per call."""
    if pull is None:
        return lambda g, saved: unbroadcast(g, shape)
    return lambda g, saved: unbroadcast(pull(g, saved), shape)
