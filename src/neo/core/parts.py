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
        # In place: the walk back is the only owner, and a copy per part of ten thousand takes seconds.
        given = self.given
        for k, g in other.given.items():
            given[k] = given[k] + g if k in given else g
        return self


def placed(k: int) -> Callable[[Any, Any], Parts]:
    """Return the pull of result k."""
    return lambda g, _: Parts({k: g})
