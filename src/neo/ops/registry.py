"""The table of built-in operations, by name. Tests walk it; `neo.policies` is this table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import Array
from ..core.call import call
from ..core.parts import Parts
from ..core.policy import Policy

policies: dict[str, Callable[..., Any]] = {}


def enter(name: str, function: Callable[..., Any], policy: type[BuiltIn]) -> Callable[..., Any]:
    """Put a function and its Policy into the table; return the function."""
    function.policy = policy  # type: ignore[attr-defined]
    policy.label = name
    policies[name] = function
    return function


def rule(policy: type[BuiltIn]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a public function with the Policy that it calls."""
    return lambda function: enter(function.__name__, function, policy)


class BuiltIn(Policy):
    """A Policy over the library's own arrays, whose gradients are trusted to fit.

    The tests hold every built-in's gradients to shape and dtype, so that no call has to.
    One with a single result may write two functions in the place of forward and backward, and its
    calls are then recorded without an object: value_and_saved(xp, slots, *operands, **settings) returns the
    result and what to save, slopes(g, *saved) a tuple of gradients.
    """

    bare = trusted = True
    # What a listing calls it: the name of its function.
    label = ""
    # An operation of ours says where it may be tested; there is no default to forget.
    domain = None
    # How many of their last axes its operands need not broadcast in, for errors; None: they need not at all.
    broadcast: int | None = None
    # What tests make of drawn operands before the call (a positive definite matrix, say), as a
    # tuple, and of its results after it (what does not depend on the library's choice of a sign).
    # Written with neo's functions, since the tests differentiate through them.
    prepare: Callable[..., Any] | None = None
    observe: Callable[..., Any] | None = None

    def forward(self, *operands: Any, **settings: Any) -> Any:
        """Return the result; save what backward reads."""
        if self.value_and_saved is None:
            return super().forward(*operands, **settings)
        result, saved = self.value_and_saved(self.xp, self.slots, *operands, **settings)
        self.ctx.save(*saved)
        return result

    def backward(self, *gradients: Any) -> Any:
        """Return the gradient of each operand, given the gradient of each result."""
        return self.slopes(*gradients, *self.ctx.release) if self.slopes else super().backward(*gradients)

    def pull(self, g: Any) -> Any:
        """Return a gradient, or None, for each operand that `slots` names; boxed if g was."""
        if type(g) is Parts or isinstance(g, Array):
            return super().pull(g)
        found = self.backward(g)
        return found if type(found) is tuple else (found,)

    @classmethod
    def of(cls, *operands: Any, **settings: Any) -> Any:
        """Call the operation."""
        try:
            return call(cls, operands, settings)
        except Exception as error:
            reworded(cls.label or cls.__name__, operands, settings, error, cls.broadcast)
            raise


def reworded(
    name: str, operands: Any, settings: dict[str, Any], error: Exception, broadcast: int | None = None
) -> None:
    """Raise in neo's words what a library raised; see `rewording`, which stands above this module."""
    from . import rewording

    rewording.reworded(name, operands, settings, error, broadcast)


# Functions that are made of operations, with where and at which shapes to test them.
composites: dict[str, Callable[..., Any]] = {}


def composite(
    *, domain: Any, samples: Any, prepare: Any = None, observe: Any = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function that is composed of operations, so that the tests find it.

    The declarations are those of a BuiltIn.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function.domain, function.samples = domain, samples  # type: ignore[attr-defined]
        function.prepare, function.observe = prepare, observe  # type: ignore[attr-defined]
        composites[function.__name__] = function
        return function

    return decorate
