"""The short way of elementwise operations in forward mode: the formulas themselves push the tangents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import backends
from ..core.dtypes import REAL, kind
from ..core.forward import Pushed
from ..core.pushing import total
from .promotion import NUMBERS


def pushed(policy: Any, operands: Sequence[Any]) -> Any:
    """Return an elementwise result with its tangent, or NotImplemented where it is not simple.

    policy: the operation's, for its raw function and rules. It is simple where there is one level, and
    everything below it, and the tangents too, is of one library and real.
    """
    tape = None
    values: list[Any] = []
    tangents: list[Any] = []
    for x in operands:
        v = None
        if type(x) is Pushed:
            if x.tape is not tape and tape is not None:
                return NotImplemented
            tape, v, x = x.tape, x.slot, x.held
        if type(x) not in NUMBERS and type(x) not in backends.BY_TYPE:
            return NotImplemented
        if v is not None and type(v) not in backends.BY_TYPE:
            return NotImplemented
        values.append(x)
        tangents.append(v)
    if tape is None or not tape.lean:
        return NotImplemented
    try:
        out = policy.kernel(*values)
    except Exception:
        return NotImplemented  # the general way says what is wrong
    if kind(out.dtype) != REAL or any([v is not None and v.dtype != out.dtype for v in tangents]):
        return NotImplemented
    with backends.of(out).forgiving():
        return tape.trace(out, _tangent(policy.rules, tangents, [*values, out]))


def _tangent(rules: Sequence[Any], tangents: list[Any], values: list[Any]) -> Any:
    """Return the sum of what each operand's formula makes of its tangent, in the result's shape."""
    terms = [
        v if rule.pull is None else rule.pull(v, rule.keep(values))
        for rule, v in zip(rules, tangents, strict=True)
        if rule is not None and v is not None
    ]
    moved, shape = total(*terms), tuple(values[-1].shape)
    if moved is None or tuple(moved.shape) == shape:
        return moved
    return backends.of(moved).raw.broadcast_to(moved, shape)
