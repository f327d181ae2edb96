"""Forward mode: a tape that keeps nothing and pushes a tangent through every call at once."""

from __future__ import annotations

from typing import Any

from .array import Array, Traced, box, unbox
from .call import apply, call, newest
from .dtypes import differentiable
from .lifting import lifted
from .listing import described
from .policy import Policy, each
from .pushing import push, run_and_push
from .tape import Tape, must_be_below


class Pushed(Traced):
    """An Array in forward mode. Its slot is its tangent, one tape further down; None is zero."""

    __slots__ = ()

    def __repr__(self) -> str:
        return Array.__repr__(self)[:-1] + ", with a tangent)"


class Forward(Tape):
    """A level at which a call computes its result and the tangent of it, and records nothing.

    So memory does not grow with the number of calls, and nothing has to be walked. Nesting is as
    for any tape: the newest among the operands of a call runs it, on values one tape further down.
    """

    __slots__ = ()
    records = False

    def trace(self, value: Any, entry: Any = None) -> Any:
        """Return a value, one tape down, as an array with a tangent: entry, or None for zero."""
        if not differentiable(value.dtype):
            return box(value)
        if isinstance(value, Traced):
            must_be_below(value, self)
        x = Pushed()
        x.held, x.shape, x.tape, x.slot = value, tuple(value.shape), self, entry
        return x

    def alone(self, policy: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        """Run a call on the library's own arrays and push through it without a record of the call."""
        below, tangents = [], []
        for x in operands:
            v = None
            if isinstance(x, Traced):
                if x.tape is not self:
                    return NotImplemented
                v, x = x.slot, x.held
            below.append(x)
            tangents.append(v)
        if not self.lean or any([isinstance(x, Traced) for x in (*below, *tangents)]):
            return NotImplemented
        if all([v is None for v in tangents]):
            return each(self.trace, call(policy, below, settings))
        result, pushed = run_and_push(policy, below, tangents, settings)
        if not isinstance(result, (tuple, list)):
            return self.trace(result, pushed[0])
        found = iter(pushed)
        return each(lambda x: self.trace(x, next(found)), result)

    def apply(
        self, policy: Any, operands: list[Any], settings: dict[str, Any], wanted: Any, raw: list[Any]
    ) -> tuple[Any, Policy]:
        """Run a call one tape down and push the operands' tangents through it."""
        mine = [isinstance(x, Traced) and x.tape is self for x in operands]
        pairs = list(zip(operands, mine, strict=True))
        below = [x.held if own else x for x, own in pairs]
        tangents = [x.slot if own else None for x, own in pairs]
        result, first = apply(policy, below, settings, wanted, raw)
        instance = first if newest(below) is None else lifted(first, below, raw, result, settings, wanted)
        if instance.zero_wins is not self.zero_wins:
            instance.zero_wins = self.zero_wins
        pushed = push(instance, below, tangents, settings, result)
        found = iter(pushed)
        # What forward saves depends on these; a newer tape may have to run it again.
        instance.slots = wanted
        out = each(lambda x: self.trace(unbox(x), next(found)), result)
        if self.log is not None:
            slots = [None] * len(below)
            self.log.recorded(self, instance, slots, below, settings, result)
            self.log.pushed(described(instance, slots, below, settings, result), below, tangents, pushed)
        return out, first
