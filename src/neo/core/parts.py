"""The gradient of a call with several results, gathered from the gradients of its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Parts:
    """Gradients of some of a call's results, by position; they add like any gradient.

    A call with n results fills n + 1 slots: its own, then one per result whose single link puts
    that result's gradient in its place. So the walk back needs no case for them.
    """

    __slots__ = ("given",)

    def __init__(self, given: dict[int, Any]) -> None:
        self.given = given

    def __add__(self, other: Parts) -> Parts:
        merged = dict(self.given)
        for k, g in other.given.items():
            merged[k] = merged[k] + g if k in merged else g
        return Parts(merged)


def placed(k: int) -> Callable[[Any, Any], Parts]:
    """Return the pull of result k."""
    return lambda g, _: Parts({k: g})
