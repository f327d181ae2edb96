"""The lean path of elementwise operations: a few attribute loads and one tuple per call.

It serves Plain arrays, whose library and dtype are their tape's, and what may stand beside them: a
Python number, or an array off every tape of the same class and dtype. A class test tells; everything
else takes the general path. `neo bench --parts bookkeeping` measures what it costs.
"""

from __future__ import annotations

import operator
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


# A number and a 0-d array have the same result here, bit for bit; PyTorch divides by a number in another way.
_ARITHMETIC = (operator.add, operator.sub, operator.mul)


def binary(raw: Callable[..., Any], rules: Any, general: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the function of two operands; `general` takes what the lean path does not."""
    if None in rules:
        return general
    (pull_x, keep_x), (pull_y, keep_y) = [(r.pull, r.keep) for r in rules]
    free_x, free_y = [not r.names for r in rules]
    crossed_x, crossed_y = rules[0].names == ["y"], rules[1].names == ["x"]
    constant = _kept_constant if raw in _ARITHMETIC else _constant

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

    def other_constant(x: Plain, given: Any) -> Any:
        a, y = x.held, constant(given, x)
        if y is NotImplemented:
            return general(x, given)
        try:
            out = raw(a, y)
        except Exception as error:
            reworded(name, (a, given), {}, error, broadcast=0)
            raise
        saved = None if free_x else y if crossed_x else keep_x((a, y, out))
        return _one_link(x, out, given, pull_x, saved)

    def one_sided(y: Plain, given: Any) -> Any:
        b, x = y.held, constant(given, y)
        if x is NotImplemented:
            return general(given, y)
        try:
            out = raw(x, b)
        except Exception as error:
            reworded(name, (given, b), {}, error, broadcast=0)
            raise
        saved = None if free_y else x if crossed_y else keep_y((x, b, out))
        return _one_link(y, out, given, pull_y, saved)

    return function


def _one_link(x: Plain, out: Any, constant: Any, pull: Any, saved: Any) -> Plain:
    """Record a call of which x is the only traced operand; return its result."""
    tape = x.tape
    traced = Plain()
    traced.held = out
    traced.tape = tape
    traced.slot = len(tape)
    shape = x.shape
    if type(constant) is float or type(constant) is int:  # beside which an array keeps its shape
        traced.shape = shape
    else:
        traced.shape = whole = tuple(out.shape)
        pull = pull if shape == whole else summed(pull, shape)
    tape.append((pull, x.slot, saved, None, None, None))
    return traced


def _constant(y: Any, x: Plain) -> Any:
    """Return y, a number or an array like the value of x, where it is a constant for the tape of x.

    NotImplemented where it is anything else: of two arrays traced on several tapes the one of the newer
    tape is no constant.
    """
    kind = type(y)
    if kind is float or kind is int:
        return y
    if kind is not type(x.held) or y.dtype != x.held.dtype:
        return NotImplemented
    if not isinstance(y, Traced):
        return y
    return apart(y) if y.tape.level < x.tape.level else NotImplemented


def _kept_constant(y: Any, x: Plain) -> Any:
    """Return what `_constant` does, a number as what the library takes sooner than a number."""
    kind = type(y)
    if kind is float or kind is int:
        tape = x.tape
        constant = tape.library.constant if tape.flat else None
        return y if constant is None else constant(x.held, y)
    return _constant(y, x)


def summed(pull: Callable[..., Any] | None, shape: tuple[int, ...]) -> Callable[..., Any]:
    """Return the pull with the sum that undoes broadcasting; decided here, once per call."""
    if pull is None:
        return lambda g, saved: unbroadcast(g, shape)
    return lambda g, saved: unbroadcast(pull(g, saved), shape)
