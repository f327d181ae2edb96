"""Policies made of a function and its slopes, for the sets of right ones and for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import neo.numpy as nep
from neo import autograd


def policy_of(name: str, f: Callable[..., Any], *slopes: Callable[..., Any], **members: Any) -> type:
    """Return an elementwise Policy of one or two operands.

    slopes: one per operand, functions of all of them. members: what else the class has, such as a domain.
    """

    def one(self: Any, x: Any) -> Any:
        self.ctx.save(x)
        return f(x)

    def two(self: Any, x: Any, y: Any) -> Any:
        self.ctx.save(x, y)
        return f(x, y)

    def backward(self: Any, g: Any) -> Any:
        operands = self.ctx.release
        found = tuple([g * slope(*operands) for slope in slopes])
        return found if len(found) > 1 else found[0]

    members |= {"forward": one if len(slopes) == 1 else two, "backward": backward}
    return type(name, (autograd.Policy,), members)


def summed(g: Any, x: Any) -> Any:
    """Return a gradient summed to the shape of an operand that was broadcast."""
    lead = len(g.shape) - len(x.shape)
    axes = tuple(range(lead)) + tuple([k + lead for k, n in enumerate(x.shape) if n == 1])
    return nep.reshape(nep.sum(g, axis=axes), tuple(x.shape)) if axes else g
