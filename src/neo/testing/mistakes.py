"""Mutants of a Policy: its rule with one small mistake each, to see whether checks notice.

A rule is changed in its byte code (a sign, an operator, a number, an operand for another) or in what the
names in it stand for (a conjugate, a transpose, the sum that undoes broadcasting). Nothing is compiled.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from ..core.policy import Policy
from ..errors import describe

# Python's numbers for binary operators, and what each may be mistaken for.
_OPERATORS = {"+": "-", "-": "+", "*": "/", "/": "*"}
# Functions that a rule may forget to call: the first argument goes through as it is.
FORGETTABLE = (
    "conj",
    "unbroadcast",
    "matrix_transpose",
    "adjoint",
    "flip",
    "permute_dims",
    "real",
    "sign",
    "negative",
)
# Functions that are taken for each other.
SWAPPED = {
    "cos": "sin",
    "sin": "cos",
    "sinh": "cosh",
    "cosh": "sinh",
    "sum": "mean",
    "mean": "sum",
    "maximum": "minimum",
    "minimum": "maximum",
}
# Methods of rules and the attributes that hold them.
METHODS = ("backward", "slopes")


def mutants(policy: type[Policy]) -> Iterator[tuple[str, type[Policy]]]:
    """Yield (what is wrong, a Policy with that mistake) for every small mistake.

    Signs are changed, terms dropped, operands swapped; numbers, and so axes, are off by one; the
    sum that undoes broadcasting, conjugates and transposes are forgotten.
    """
    if not (isinstance(policy, type) and issubclass(policy, Policy)):
        raise TypeError(f"mutants are made of a subclass of autograd.Policy, got {describe(policy)}")
    rules = getattr(policy, "rules", None)
    if rules:
        yield from _of_formulas(policy, rules)
        return
    for name in METHODS:
        method = _own(policy, name)
        if method is None:
            continue
        function, wrap = method
        for words, changed in changes(function):
            yield f"{name}: {words}", _subclass(policy, {name: wrap(changed)})


def _own(policy: type[Policy], name: str) -> tuple[FunctionType, Callable[[Any], Any]] | None:
    """Return the function of a method of the Policy's own, and what wraps it in the class."""
    for base in policy.__mro__:
        if base is Policy:
            return None
        found = vars(base).get(name)
        if isinstance(found, staticmethod) and isinstance(found.__func__, FunctionType):
            return found.__func__, staticmethod
        if isinstance(found, FunctionType):
            return (found, lambda function: function) if base.__name__ != "BuiltIn" else None
    return None


def _subclass(policy: type[Policy], members: dict[str, Any]) -> type[Policy]:
    names = {"__module__": policy.__module__, "__doc__": policy.__doc__, "__qualname__": policy.__qualname__}
    return type(policy.__name__, (policy,), {**names, **members})


def _of_formulas(policy: type[Policy], rules: Any) -> Iterator[tuple[str, type[Policy]]]:
    """Yield the mutants of an elementwise operation: of each operand's formula."""
    from ..ops.elementwise import Rule

    for k, rule in enumerate(rules):
        # Below the wrapper that lets a library's kernel stand for it.
        formula = inspect.unwrap(rule.formula) if rule is not None else None
        if not isinstance(formula, FunctionType) or not _is_plain(formula):
            continue
        for words, changed in changes(formula):
            mutated = (*rules[:k], Rule(changed, len(rules)), *rules[k + 1 :])
            yield f"operand {k}: {words}", _subclass(policy, {"rules": mutated})
        yield f"operand {k}: the whole sign", _subclass(policy, {"rules": _with_sign(rules, k)})


def _is_plain(formula: FunctionType) -> bool:
    """Tell whether a formula's arguments are what a rule may ask for."""
    names = formula.__code__.co_varnames[: formula.__code__.co_argcount]
    return set(names[1:]) <= {"x", "y", "out"}


def _with_sign(rules: Any, k: int) -> tuple[Any, ...]:
    """Return rules of which the k-th has the other sign."""
    from ..ops.elementwise import Rule

    rule = Rule(rules[k].formula, len(rules))
    formula, pull = rules[k].formula, rules[k].pull
    rule.formula = lambda *values: -formula(*values)
    rule.pull = (lambda g, saved: -g) if pull is None else lambda g, saved: -pull(g, saved)
    return (*rules[:k], rule, *rules[k + 1 :])


def changes(function: FunctionType) -> Iterator[tuple[str, FunctionType]]:
    """Yield (what is wrong, the function with that mistake)."""
    code = function.__code__
    for words, changed in [*_operators(code), *_signs(code), *_numbers(code), *_operands(code)]:
        yield words, _made(function, changed, function.__globals__)
    used = set(code.co_names)
    for name in FORGETTABLE:
        if name in used and name in function.__globals__:
            yield f"{name} forgotten", _made(function, code, {**function.__globals__, name: _first})
    for name, other in SWAPPED.items():
        if name in used and name in function.__globals__:
            from .. import numpy as nep

            instead = function.__globals__.get(other, getattr(nep, other))
            yield f"{other} for {name}", _made(function, code, {**function.__globals__, name: instead})


def _first(x: Any, *others: Any, **settings: Any) -> Any:
    """What stands for a function that is forgotten."""
    return x


def _made(function: FunctionType, code: CodeType, names: dict[str, Any]) -> FunctionType:
    made = FunctionType(code, names, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _replaced(code: CodeType, offset: int, operation: int | None, argument: int) -> CodeType:
    """Return code with another instruction at an offset."""
    raw = bytearray(code.co_code)
    raw[offset] = raw[offset] if operation is None else operation
    raw[offset + 1] = argument
    return code.replace(co_code=bytes(raw))


def _operators(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    numbers = {symbol: k for k, (_, symbol) in enumerate(dis._nb_ops)}  # type: ignore[attr-defined]
    for step in dis.get_instructions(code):
        other = _OPERATORS.get(step.argrepr) if step.opname == "BINARY_OP" else None
        if other is not None:
            yield (
                f"{other} for {step.argrepr} at column {_column(step)}",
                _replaced(code, step.offset, None, numbers[other]),
            )


def _signs(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for step in dis.get_instructions(code):
        if step.opname == "UNARY_NEGATIVE":
            yield "a sign dropped", _replaced(code, step.offset, dis.opmap["NOP"], 0)


def _numbers(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for k, value in enumerate(code.co_consts):
        if type(value) in (int, float) and _is_used(code, k):
            for other in dict.fromkeys([value + 1, -value if value else value - 1]):
                consts = (*code.co_consts[:k], other, *code.co_consts[k + 1 :])
                yield f"{other} for {value}", code.replace(co_consts=consts)
        elif type(value) is bool and _is_used(code, k):
            consts = (*code.co_consts[:k], not value, *code.co_consts[k + 1 :])
            yield f"{not value} for {value}", code.replace(co_consts=consts)


def _is_used(code: CodeType, k: int) -> bool:
    return any(step.opname.startswith("LOAD_CONST") and step.arg == k for step in dis.get_instructions(code))


def _operands(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield code in which one local value is read in the place of another."""
    names = [n for n in code.co_varnames if n not in ("self", "shape", "axis")]
    for step in dis.get_instructions(code):
        if step.opname not in ("LOAD_FAST", "LOAD_FAST_BORROW") or step.argval not in names:
            continue
        others = [n for n in names if n != step.argval][:2]
        for other in others:
            changed = _replaced(code, step.offset, None, code.co_varnames.index(other))
            yield f"{other} for {step.argval} at column {_column(step)}", changed


def _column(step: Any) -> Any:
    return step.positions.col_offset if step.positions else step.offset
