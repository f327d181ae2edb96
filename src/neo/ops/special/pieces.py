"""One function in two pieces, each evaluated only where it is safe, so that no NaN leaks from the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..selection import where


def either(
    condition: Any, x: Any, near: Callable[[Any], Any], far: Callable[[Any], Any], safe: tuple[float, float]
) -> Any:
    """Return near(x) where the condition holds, far(x) elsewhere.

    safe: a number in the domain of each, which stands in where the other one is taken.
    """
    return where(condition, near(where(condition, x, safe[0])), far(where(condition, safe[1], x)))
