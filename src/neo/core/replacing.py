"""Another rule for an operation, for one call of one transform.

A Policy that takes an operation's place may be whole, with a forward of its own, or have only a
backward; then the operation's forward stays, and the two become one class here.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import getattr_static
from typing import Any

from .array import Traced, beneath, box
from .policy import Context, Policy, context_like, several, with_context

Rules = dict[type[Policy], type[Policy]]

# What a Policy declares of its gradient; what the original declares need not hold for the rule.
DECLARED = ("linear", "multilinear", "slopes", "push", "batch")


def replaced(policy: type[Policy], operands: Iterable[Any]) -> type[Policy]:
    """Return what a tape among the operands, or below them, has in the place of a Policy."""
    for x in operands:
        while isinstance(x, Traced):
            rules: Rules | None = x.tape.rules
            if rules is not None and policy in rules:
                return rules[policy]
            x = beneath(x)
    return policy


def replacement(original: type[Policy], rule: Any) -> type[Policy]:
    """Return the Policy that runs in the place of `original`.

    rule: a Policy class, or an instance that holds its settings: `ReverseGradient(scale=0.1)`.
    """
    kind: Any = rule if isinstance(rule, type) else type(rule)
    members: dict[str, Any] = {"__module__": kind.__module__, "__doc__": kind.__doc__}
    if rule is not kind:
        # An instance is one call, made without arguments: what this one holds becomes the class's.
        members |= {"__init__": _as_it_is, **vars(rule)}
    if kind.forward is not Policy.forward:
        return kind if rule is kind else type(kind.__name__, (kind,), members)
    declared = {name: getattr_static(kind, name) for name in DECLARED if hasattr(kind, name)}
    members |= {"rule_is_bare": kind.bare, "title": _title(original, kind), **declared}
    return type(kind.__name__, (_Outside, kind, _Inside, original), members)


def _as_it_is(self: Policy) -> None:
    pass


def _title(original: type[Policy], kind: type[Policy]) -> str:
    return f"{getattr(original, 'label', '') or original.__name__}[{kind.__name__}]"


class _Seen(Context):
    """The context that a rule reads: operands and results. whole: that of the call."""

    __slots__ = ("whole",)

    whole: Context


class _Outside(Policy):
    """What stands before a rule that has only a backward: the rule reads operands and results."""

    rule_is_bare: bool

    # A built-in's gradients are trusted to fit; a rule's are checked.
    trusted = False
    pull = Policy.pull

    def backward(self, *gradients: Any) -> Any:
        whole, seen = self.ctx, _Seen()
        vars(seen).update(vars(whole))
        seen.boxed, seen.saved, seen.whole = not self.rule_is_bare, whole.saved[1], whole
        rule: Any = super(_Outside, with_context(self, seen))
        return rule.backward(*(gradients if self.rule_is_bare else map(box, gradients)))


class _Inside(Policy):
    """What stands between a rule and the operation: `super().backward(g)` of the rule comes here."""

    reads: bool

    def forward(self, *operands: Any, **settings: Any) -> Any:
        self.settings = settings
        out = super().forward(*operands, **settings)
        self._keep(operands, out)
        return out

    def save_again(self, *operands: Any, **settings: Any) -> None:
        from .call import call  # not above: call imports this module

        self.settings = settings
        super().save_again(*operands, **settings)
        self._keep(operands, call(self._original(), operands, settings) if self.reads else ())

    def _original(self) -> Any:
        """Return the operation's own Policy."""
        order = type(self).__mro__
        return order[order.index(_Inside) + 1]

    def _keep(self, operands: tuple[Any, ...], out: Any) -> None:
        if not isinstance(self.ctx, Context):
            return
        own, self.ctx.saved = self.ctx.saved, ()
        self.ctx.save(own, (*operands, *several(out)) if self.reads else ())

    def backward(self, *gradients: Any) -> tuple[Any, ...]:
        seen: Any = self.ctx
        own = context_like(seen.whole, lambda value: value)
        own.saved = seen.whole.saved[0]
        slopes = self._original().slopes
        if slopes:
            found = slopes(*gradients, *own.release)
        else:
            operation: Any = super(_Inside, with_context(self, own))
            found = operation.backward(*gradients)
        return found if type(found) is tuple else (found,)
