"""What `check_policy` takes: a Policy, a function made of one, or a rule of another library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.call import neo_function
from ..core.policy import Policy
from ..errors import describe
from .subjects import Subject

# Slopes at a kink that a Policy may declare, of the left and the right one.
CONVENTIONS: dict[str, Callable[[float, float], float]] = {
    "left": lambda left, right: left,
    "right": lambda left, right: right,
    "mean": lambda left, right: (left + right) / 2,
    "least": lambda left, right: 0.0 if left * right < 0 else min(left, right, key=abs),
    "largest": lambda left, right: max(left, right, key=abs),
    "zero": lambda left, right: 0.0,
}


class Undeclared(Exception):  # noqa: N818  # not an error of the caller's
    """What a Policy declares for kinks is no slope."""


class Refused(Exception):  # noqa: N818  # not an error of the caller's
    """Forward does not take the example, or there is nothing in it to differentiate."""

    kind = "forward_raises"


class Undifferentiated(Refused):
    """No operand of the example is real or complex."""

    kind = "nothing_compared"


@dataclass
class Target:
    """A function of arrays whose gradient is checked.

    function: called with arrays of one library and settings. policy: its class, where backward may be
    called directly. names: of the operands. only: the libraries that it is written for; None for all.
    make: returns a Subject of the function.
    """

    name: str
    function: Callable[..., Any]
    names: list[str]
    policy: Any = None
    domain: Any = (-2.0, 2.0)
    declares_domain: bool = False
    convention: Any = None
    only: list[str] | None = None
    where: str = ""
    make: Callable[..., Subject] = field(default=Subject)

    @property
    def pushes(self) -> bool:
        """Tell whether forward mode has a rule of its own, beside the transposed backward."""
        policy = self.policy
        return bool(policy and (policy.push is not Policy.push or policy.linear or policy.multilinear))

    @property
    def maps(self) -> bool:
        """Tell whether it has a rule of its own for a batch axis."""
        return bool(self.policy and self.policy.batch is not None)

    def subject(self, library: Any, operands: Sequence[np.ndarray], dtypes: Any, settings: Any) -> Subject:
        """Return the function with those settings as a Subject at an example."""
        return self.make(lambda *arrays: self.function(*arrays, **settings), library, operands, dtypes)


def target_of(thing: Any) -> Target:
    """Return what to check. Raises TypeError for what has no gradient of its own."""
    if isinstance(thing, Target):
        return thing
    policy = getattr(thing, "policy", thing)
    if not (isinstance(policy, type) and issubclass(policy, Policy)):
        raise TypeError(
            f"check_policy takes a subclass of autograd.Policy, a function made of one, or what an "
            f"adapter of neo.testing.adapters returns; got {describe(thing)}. For a function of your "
            f"own that calls others use neo.testing.check_grads"
        )
    own = policy is thing and not policy.trusted
    function = neo_function(policy) if own else _public(policy, thing)
    names = _names(policy.forward if own else function, drop=own)
    declared = any("domain" in vars(base) for base in policy.__mro__ if base is not Policy)
    return Target(
        name=policy.__name__ if own else function.__name__,
        function=function,
        names=names,
        policy=policy if own else None,
        domain=policy.domain or (-2.0, 2.0),
        declares_domain=declared and policy.domain is not None,
        convention=_convention(policy),
        where=_where(policy),
    )


def _public(policy: Any, thing: Any) -> Any:
    """Return the function of a built-in operation, which prepares what its Policy gets."""
    if policy is not thing:
        return thing
    from ..ops import policies

    return policies.get(getattr(policy, "label", ""), None) or neo_function(policy)


def _names(function: Any, drop: bool) -> list[str]:
    parameters = list(inspect.signature(function).parameters.values())[1 if drop else 0 :]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]


def _convention(policy: Any) -> Any:
    """Return the slope that a Policy declares for kinks, as a function; None if it declares none."""
    return convention_of(inspect.getattr_static(policy, "kink", None), f"{policy.__name__}.kink")


def convention_of(declared: Any, what: str) -> Any:
    """Return a declared slope at kinks as a function of the slopes on both sides; None for none.

    Raises ValueError for what declares no slope.
    """
    declared = getattr(declared, "__func__", declared)  # of a staticmethod
    if declared is None:
        return None
    if isinstance(declared, str) and declared in CONVENTIONS:
        return CONVENTIONS[declared]
    if not callable(declared):
        raise ValueError(
            f"{what} is {declared!r}; expected one of {', '.join(CONVENTIONS)}, or a function of the "
            f"slopes on the left and on the right"
        )

    def slope(left: float, right: float) -> float:
        try:
            return float(declared(left, right))
        except Exception as error:
            words = f"{what} gives no number for the slopes {left:.6g} and {right:.6g}"
            raise Undeclared(f"{words}: {type(error).__name__}: {error}") from error

    return slope


def _where(policy: Any) -> str:
    """Return how to import a class; where it cannot be imported, a comment that says so."""
    if "<locals>" in policy.__qualname__:
        return f"# {policy.__name__} is defined inside a function: {policy.__module__}.{policy.__qualname__}"
    return f"from {policy.__module__} import {policy.__qualname__.partition('.')[0]}"
