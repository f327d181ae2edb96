"""Elementwise operations from formulas, one per operand.

`sin = elementwise("sin", "...", lambda g, x: g * cos(x))`: a formula names what it needs, `g` the
gradient of the result, `x` and `y` the operands, `out` the result, and only that is saved. It is
written for the derivative, g * D(x); where numbers are complex the pull-back is g * conj(D(x)),
which is conj(formula(conj(g))), so a formula holds for both and pushes tangents as it stands.

Each operation has two paths that share the formulas. The general one is a Policy like any other;
the lean one (`lean`) records a tuple for arrays of the tape's usual library and dtype.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from .. import backends
from ..core.array import Array, Batched, Plain, Traced, box, unbox
from ..core.call import call
from ..core.dtypes import COMPLEX, REAL, kind
from ..core.forward import Pushed
from ..core.policy import is_raw
from ..core.pushing import total
from ..errors import describe
from . import lean
from .batching import aligned
from .broadcasting import broadcast_to, conj, unbroadcast
from .constant import equal
from .diagonal import pushed
from .kernels import Kernel
from .promotion import NUMBERS, beside_numbers, one_dtype
from .registry import BuiltIn, enter, reworded
from .selection import where
from .side_by_side import mapped

Formula = Callable[..., Any]


def same(g: Any) -> Any:
    """The formula of an operand that the result moves with, one for one."""
    return g


class Rule:
    """One operand's formula, and where to find what it needs among (operands..., out).

    pull(g, saved): the formula as the walk back calls it, None for `same`. keep(values): what it
    saves: nothing, one value, or a tuple of several. names: of what it needs.
    """

    __slots__ = ("formula", "pull", "keep", "names", "places")

    def __init__(self, formula: Formula, arity: int) -> None:
        order = [*"xy"[:arity], "out"]
        self.formula = formula
        self.names = list(inspect.signature(formula).parameters)[1:]
        self.places = tuple([order.index(name) for name in self.names])
        self.keep = itemgetter(*self.places) if self.places else _nothing
        self.pull = _puller(formula, len(self.names))


def _puller(formula: Formula, count: int) -> Callable[[Any, Any], Any] | None:
    """Return a formula as a function of g and the one object that was saved for it."""
    if formula is same:
        return None
    if count == 0:
        return lambda g, saved: formula(g)
    return formula if count == 1 else lambda g, saved: formula(g, *_like(g, saved))


def _like(g: Any, saved: Any) -> Any:
    """Return saved values, boxed if g is: a strict library's own array takes no traced one on its right."""
    return [box(x) if is_raw(x) else x for x in saved] if isinstance(g, Array) else saved


def _nothing(values: Any) -> None:
    return None


class Elementwise(BuiltIn):
    """The general path of an elementwise operation, from its rules."""

    rules: tuple[Rule | None, ...]
    # A formula for complex operands of a function that is not holomorphic.
    on_complex: Rule | None = None
    kernel: Callable[..., Any]
    # Whether Python has an operator for it, which may ask either operand for its own.
    has_operator = False
    batch = classmethod(aligned)
    broadcast = 0

    def forward(self, *operands):
        out = type(self).kernel(*operands)
        values = (*operands, out)
        self.shapes = [tuple(getattr(x, "shape", ())) for x in values]
        self.kind = kind(out.dtype)
        self.rules = self._rules_for()
        needed = {p for k, r in enumerate(self.rules) if r and self.needs(k) for p in r.places}
        self.ctx.save(*[v if p in needed else None for p, v in enumerate(values)])
        return out

    def _rules_for(self):
        complex_case = self.on_complex is not None and self.kind == COMPLEX
        return (self.on_complex,) if complex_case else type(self).rules

    def backward(self, g):
        values = self.ctx.release
        return tuple([self._gradient(k, g, values) for k in range(len(self.rules))])

    def push(self, *tangents):
        if any([v is not None and not self._is_diagonal(k, v) for k, v in enumerate(tangents)]):
            return NotImplemented
        pushed = total(*[self._pushed(k, v) for k, v in enumerate(tangents) if v is not None])
        return None if pushed is None else broadcast_to(pushed, self.shapes[-1])

    def _is_diagonal(self, k, v):
        """Tell whether the derivative is a number for every element, real or complex as it is."""
        return kind(v.dtype) == self.kind and (self.rules[k] is None or self.rules[k] is not self.on_complex)

    def _pushed(self, k, v):
        rule = self.rules[k]
        if rule is None:
            return None
        values = self.ctx.release
        pushed = rule.formula(v, *_like(v, [values[p] for p in rule.places]))
        return where(equal(v, 0), 0, pushed) if self.zero_wins else pushed

    def _gradient(self, k, g, values):
        rule = self.rules[k]
        if rule is None or not self.needs(k):
            return None
        saved = _like(g, [values[p] for p in rule.places])
        if kind(g.dtype) == COMPLEX and rule is not self.on_complex:
            dx = conj(rule.formula(conj(g), *saved))
        else:
            dx = rule.formula(g, *saved)
        if self.zero_wins:
            dx = where(equal(g, 0), 0, dx)
        return unbroadcast(dx, self.shapes[k])


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
    operands, (low, high) or one such pair per operand. operator: Python's, if it has one; the
    result then has an attribute `operator`, the function that returns NotImplemented.
    on_complex: another formula for complex numbers, which then does its own conjugation.
    """
    rules = tuple([f and Rule(f, len(formulas)) for f in formulas])
    kernel = Kernel(name)
    members = {
        "rules": rules,
        "on_complex": on_complex and Rule(on_complex, 1),
        "domain": domain,
        "has_operator": operator is not None,
        "kernel": staticmethod(operator or (lambda *operands: kernel[type(operands[0])](*operands))),
        "__doc__": doc,
        "__module__": __name__,
    }
    policy = type("".join([word.capitalize() for word in name.split("_")]), (Elementwise,), members)
    function = (
        _unary(kernel, rules, policy) if len(rules) == 1 else _binary(kernel, rules, policy, name, operator)
    )
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    general = _general(policy)
    short = {Pushed: _first(pushed, policy, general), Batched: _first(mapped, policy, general)}
    of_boxed = _of_boxed(kernel) if len(rules) == 1 else general
    kernel.update({Plain: function, Traced: general, Array: of_boxed, **short})
    return enter(name, function, policy)


def _general(policy: type[Elementwise]) -> Callable[..., Any]:
    def function(*operands: Any) -> Any:
        try:
            return call(policy, operands, {})
        except Exception as error:
            reworded(policy.label, operands, {}, error, broadcast=0)
            raise

    return function


def _first(
    short: Callable[..., Any], policy: type[Elementwise], general: Callable[..., Any]
) -> Callable[..., Any]:
    """Return the path of arrays of a class: the short way where it is one, else the general one."""

    def function(*operands: Any) -> Any:
        out = short(policy, operands)
        return general(*operands) if out is NotImplemented else out

    return function


def _of_boxed(kernel: Kernel) -> Callable[..., Any]:
    return lambda x: box(kernel[type(x.held)](x.held))


def _unary(kernel: Kernel, rules: Any, policy: type[Elementwise]) -> Callable[..., Any]:
    return lean.unary(kernel, rules[0])


def _binary(
    kernel: Kernel, rules: Any, policy: type[Elementwise], name: str, operator: Any
) -> Callable[..., Any]:
    if operator is None:
        raw = _by_class(kernel)
        return lean.binary(raw, rules, _promoted(policy, one_dtype, raw), name)
    path = lean.binary(operator, rules, _promoted(policy, beside_numbers, operator), name)

    def function(x: Any, y: Any, /) -> Any:
        out = path(x, y)
        if out is NotImplemented:
            raise TypeError(f"{name}: expected arrays or numbers, got {describe(x)} and {describe(y)}")
        return out

    function.operator = path  # type: ignore[attr-defined]
    return function


def _by_class(kernel: Kernel) -> Callable[..., Any]:
    """Return the raw function of two arrays; a number takes the array's dtype first."""

    def raw(x: Any, y: Any) -> Any:
        if type(x) in NUMBERS or type(y) in NUMBERS:
            x, y = one_dtype(x, y)
        return kernel[type(x)](x, y)

    return raw


def _promoted(
    policy: type[Elementwise], promote: Callable[..., Any], raw: Callable[..., Any]
) -> Callable[..., Any]:
    """Return the general path, with its operands in one dtype first.

    raw: the function of two arrays off every tape, where they are alike.
    """

    def function(x: Any, y: Any, /) -> Any:
        boxed = type(x) is Array or type(y) is Array
        x, y = unbox(x), unbox(y)
        if _are_alike(x, y):
            try:
                return box(raw(x, y)) if boxed else raw(x, y)
            except Exception as error:
                reworded(policy.label, (x, y), {}, error, broadcast=0)
                raise
        if not (_is_operand(x) and _is_operand(y)):
            return _no_operands(policy, x, y)
        given = promote(x, y)
        kinds = type(x), type(y)
        short = pushed if Pushed in kinds else mapped if Batched in kinds else None
        out = NotImplemented if short is None else short(policy, given)
        if out is NotImplemented:
            try:
                out = call(policy, given, {})
            except Exception as error:
                reworded(policy.label, (x, y), {}, error, broadcast=0)
                raise
        return box(out) if boxed else out

    return function


def _are_alike(x: Any, y: Any) -> bool:
    """Tell whether two operands are a library's own arrays of one dtype, or one of reals and a number."""
    if type(x) is float or type(x) is int:
        x, y = y, x
    if type(x) not in backends.BY_TYPE:
        return False
    if type(y) is float or type(y) is int:
        return kind(x.dtype) == REAL
    return type(y) is type(x) and bool(y.dtype == x.dtype)


def _no_operands(policy: type[Elementwise], x: Any, y: Any) -> Any:
    """Return NotImplemented if an operator may ask the other operand; else raise TypeError."""
    other = y if _is_operand(x) else x
    if policy.has_operator and not isinstance(other, list | tuple | str | dict | None):
        return NotImplemented
    raise TypeError(
        f"{policy.label}: expected arrays or numbers, got {describe(x)} and {describe(y)}. Make an array "
        f"with neo.asarray"
    )


def _is_operand(x: Any) -> bool:
    return type(x) in NUMBERS or isinstance(x, Traced) or backends.is_array(x)
