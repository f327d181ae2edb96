"""Functions in pieces, each evaluated only where it is safe, so that no NaN leaks from another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..constant import isfinite
from ..selection import where


def either(
    condition: Any, x: Any, near: Callable[[Any], Any], far: Callable[[Any], Any], safe: tuple[float, float]
) -> Any:
    """Return near(x) where the condition holds, far(x) elsewhere.

    safe: a number in the domain of each, which stands in where the other one is taken.
    """
    return where(condition, near(where(condition, x, safe[0])), far(where(condition, safe[1], x)))


def one_if_infinite(x: Any) -> Any:
    """Return x with 1 where it is infinite or NaN: for a quotient whose limit there is its numerator."""
    return where(isfinite(x), x, 1)
