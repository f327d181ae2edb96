"""Elementwise operations from formulas, one per operand.

`sin = elementwise("sin", "...", lambda g, x: g * cos(x))`: a formula names what it needs, `g` the
gradient of the result, `x` and `y` the operands, `out` the result, and only that is saved. It is
written for the derivative, g * D(x); where numbers are complex the pull-back is g * conj(D(x)),
which is conj(formula(conj(g))), so a formula holds for both and pushes tangents as it stands.

Each operation has two paths that share the formulas. The general one is a Policy like any other.
The lean one serves arrays of the tape's usual library and dtype (`Plain`): it records a tuple, and
costs about a quarter of the general one (benchmarks/bookkeeping.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from .. import backends
from ..core.array import Array, Plain, Traced, box, raw_of, unbox
from ..core.call import call
from ..core.dtypes import COMPLEX, differentiable, kind
from ..core.policy import library_of_all
from ..errors import describe, short_name
from .broadcasting import astype, conj, unbroadcast
from .kernels import Kernel
from .registry import BuiltIn, enter

Formula = Callable[..., Any]


class Rule:
    """One operand's formula, with where to find what it needs among (operands..., out)."""

    __slots__ = ("formula", "pull", "keep", "places")

    def __init__(self, formula: Formula, arity: int) -> None:
        order = [*"xyz"[:arity], "out"]
        names = list(inspect.signature(formula).parameters)[1:]
        self.formula = formula
        self.places = tuple([order.index(name) for name in names])
        if not names:
            self.pull, self.keep = (lambda g, saved: formula(g)), _nothing
        elif len(names) == 1:
            self.pull, self.keep = formula, itemgetter(*self.places)
        else:
            self.pull, self.keep = (lambda g, saved: formula(g, *saved)), itemgetter(*self.places)


def _nothing(values: Any) -> None:
    return None


class Elementwise(BuiltIn):
    """The general path of an elementwise operation, from its rules."""

    rules: tuple[Rule | None, ...]
    # A formula for complex operands of a function that is not holomorphic.
    on_complex: Rule | None = None
    kernel: Callable[..., Any]

    def forward(self, *operands):
        out = type(self).kernel(*operands)
        values = (*operands, out)
        self.rules = self._rules_for(out)
        needed = {p for k, r in enumerate(self.rules) if r and self.needs(k) for p in r.places}
        self.ctx.save(*[v if p in needed else None for p, v in enumerate(values)])
        return out

    def _rules_for(self, out):
        complex_case = self.on_complex is not None and kind(out.dtype) == COMPLEX
        return (self.on_complex,) if complex_case else self.rules

    def backward(self, g):
        values = self.ctx.release
        return tuple([self._gradient(k, g, values) for k in range(len(self.rules))])

    def _gradient(self, k, g, values):
        rule = self.rules[k]
        if rule is None or not self.needs(k):
            return None
        saved = [values[p] for p in rule.places]
        if kind(g.dtype) == COMPLEX and rule is not self.on_complex:
            dx = conj(rule.formula(conj(g), *saved))
        else:
            dx = rule.formula(g, *saved)
        return unbroadcast(dx, self.operands_like[k][0])


def elementwise(
    name: str,
    doc: str,
    *formulas: Formula | None,
    domain: Any,
    operator: Callable[..., Any] | None = None,
    on_complex: Formula | None = None,
) -> Callable[..., Any]:
    """Define an elementwise operation and enter it into the table of Policies.

    formulas: one per operand, None where the derivative is zero. domain: where tests may draw
    operands, (low, high) or one such pair per operand. operator: Python's, if it has one.
    on_complex: another formula for complex numbers, which then does its own conjugation.
    """
    arity = len(formulas)
    rules = tuple([None if f is None else Rule(f, arity) for f in formulas])
    kernel = Kernel(name)
    policy = type(
        _capitalised(name),
        (Elementwise,),
        {
            "rules": rules,
            "on_complex": on_complex and Rule(on_complex, arity),
            "domain": domain,
            "kernel": staticmethod(_raw(kernel, operator)),
            "__doc__": doc,
            "__module__": __name__,
        },
    )
    if arity == 1:
        function = _unary(kernel, rules[0], policy)
    else:
        function = _binary(operator or _by_class(kernel), rules, policy, operator is not None)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    kernel.update({Plain: function, Traced: _general(policy), Array: _general(policy)})
    return enter(name, function, policy)


def _capitalised(name: str) -> str:
    return "".join([word.capitalize() for word in name.split("_")])


def _raw(kernel: Kernel, operator: Callable[..., Any] | None) -> Callable[..., Any]:
    return operator or (lambda *operands: kernel[type(operands[0])](*operands))


def _by_class(kernel: Kernel) -> Callable[..., Any]:
    return lambda x, y: kernel[type(x)](x, y)


def _general(policy: type[Elementwise]) -> Callable[..., Any]:
    return lambda *operands: call(policy, operands, {})


def _unary(kernel: Kernel, rule: Rule | None, policy: type[Elementwise]) -> Callable[..., Any]:
    pull, keep = (rule.pull, rule.keep) if rule else (None, None)

    def function(x: Any, /) -> Any:
        kind = type(x)
        if kind is Plain:
            a = x.data
            out = kernel[type(a)](a)
            tape = x.tape
            calls = tape.calls
            traced = Plain(out, tape, len(calls))
            calls.append(((pull, x.slot, keep((a, out))),) if pull else ())
            return traced
        return kernel[kind](x)

    return function


def _binary(
    raw: Callable[..., Any], rules: Any, policy: type[Elementwise], is_operator: bool
) -> Callable[..., Any]:
    (pull_x, keep_x), (pull_y, keep_y) = [(r.pull, r.keep) if r else (None, _nothing) for r in rules]

    def function(x: Any, y: Any, /) -> Any:
        if type(x) is Plain:
            other = type(y)
            if other is Plain and x.tape is y.tape:
                a, b = x.data, y.data
                if a.shape == b.shape and pull_x and pull_y:
                    out = raw(a, b)
                    values = (a, b, out)
                    tape = x.tape
                    calls = tape.calls
                    traced = Plain(out, tape, len(calls))
                    calls.append(((pull_x, x.slot, keep_x(values)), (pull_y, y.slot, keep_y(values))))
                    return traced
            elif is_operator and pull_x and (other is float or other is int):
                a = x.data
                out = raw(a, y)
                tape = x.tape
                calls = tape.calls
                traced = Plain(out, tape, len(calls))
                calls.append(((pull_x, x.slot, keep_x((a, y, out))),))
                return traced
        return _promoted(policy, x, y, is_operator)

    return function


def _promoted(policy: type[Elementwise], x: Any, y: Any, is_operator: bool) -> Any:
    """Call the general path with operands of one dtype, as the standard promotes them."""
    x, y, boxed = _unboxed(x, y)
    library = library_of_all((x, y))
    x, y = _one_dtype(library, x, y, keep_scalars=is_operator)
    out = call(policy, (x, y), {})
    return box(out) if boxed else out


def _unboxed(x: Any, y: Any) -> tuple[Any, Any, bool]:
    boxed = type(x) is Array or type(y) is Array
    return unbox(x), unbox(y), boxed


_NUMBERS = (bool, int, float, complex)


def _one_dtype(library: backends.Backend, x: Any, y: Any, keep_scalars: bool) -> tuple[Any, Any]:
    """Return the operands cast to the dtype that the standard gives the result.

    A Python number never widens: it takes the other operand's dtype, unless it is of a higher
    kind (a float beside an integer array, a complex beside a real one).
    """
    numbers = type(x) in _NUMBERS, type(y) in _NUMBERS
    if not any(numbers):
        if x.dtype == y.dtype:
            return x, y
        dtype = library.xp.result_type(raw_of(x), raw_of(y))
        return astype(x, dtype), astype(y, dtype)
    array, number = (y, x) if numbers[0] else (x, y)
    if not keep_scalars or _higher(number, array.dtype):
        raw = raw_of(array)
        dtype = library.xp.result_type(raw, number)
        array = astype(array, dtype)
        number = library.asarray(number, dtype, library.device(raw))
    return (number, array) if numbers[0] else (array, number)


def _higher(number: Any, dtype: Any) -> bool:
    if isinstance(number, complex):
        return kind(dtype) != COMPLEX
    return isinstance(number, float) and not differentiable(dtype)
