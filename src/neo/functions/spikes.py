"""Spikes: a step, whose slope a surrogate gives."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..backends import define
from ..core.call import call
from ..core.policy import Policy
from ..core.replacing import replacement
from ..ops.elementwise import elementwise
from .operands import real


@define("spike")
def _spike(xp, x):
    real("spike", x)
    return xp.astype(x > 0, x.dtype)


_step = elementwise("spike", "Return 1 where x > 0, else 0. The gradient is zero.", None, domain=(0.1, 0.9))


def spike(x: Any, /, *, surrogate: Any = None) -> Any:
    """Return 1 where x > 0, else 0, in the dtype of x.

    x: (...) real floating, a membrane potential less its threshold. surrogate: a rule of
    `neo.rules`, SuperSpike say, that gives the gradient; one may be chosen for a whole network with
    `policies={spike: SuperSpike}` instead.
    Gradient: to x, the surrogate's; zero without one.

    >>> import neo
    >>> print(neo.grad(spike, policies={spike: neo.rules.ArcTangent})(0.0))
    1.0
    """
    if surrogate is None:
        return _step(x)
    return call(_with(surrogate), (x,), {})


@lru_cache(maxsize=64)
def _with(surrogate: Any) -> type[Policy]:
    """Return the step's Policy with a rule; a class or an instance that holds settings."""
    return replacement(_step.policy, surrogate)  # type: ignore[attr-defined]


spike.policy = _step.policy  # type: ignore[attr-defined]
