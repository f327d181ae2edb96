"""How many steps of a loop stand between two states that are kept, from what a step saves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import backends, tree
from ..core.array import bottom_of
from ..core.listing import bytes_of
from .checkpoint import measured

# Loops of fewer steps keep about as many states as they have steps in a segment, unmeasured.
FEW = 16
# Below so many bytes of state for each byte that a step saves, segments have segments of their own.
NESTED = 0.4


class Scale:
    """The bytes of a loop's state beside those that a step saves, known after two steps.

    Its `run` runs a step; what the second one saved, and the first one did not, is what a step
    adds: neither weights nor rows of xs.
    """

    def __init__(self) -> None:
        self.steps: list[list[Any]] = []

    def run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Return step(*arguments), checkpointed."""
        saved: list[Any] = []
        self.steps.append(saved)
        return measured(step, saved)(*arguments)

    def ratio(self, state: Any) -> float:
        """Return the bytes of a state for each byte that a step saves; 1 where either is nothing."""
        before = {_memory(x) for x in self.steps[-2]}
        added = {_memory(x): x for x in self.steps[-1]}
        bytes_saved = sum(bytes_of([x for key, x in added.items() if key not in before]).values())
        carried = sum(bytes_of([x for x in tree.flatten(state)[0] if hasattr(x, "dtype")]).values())
        return carried / bytes_saved if carried and bytes_saved else 1.0


def _memory(x: Any) -> int:
    raw = bottom_of(x)
    return backends.of(raw).memory(raw)


def lengths(n: int, ratio: float) -> tuple[int, ...]:
    """Return the steps of a segment, and of a segment of a segment, for the least memory at n steps.

    n / k states and the k steps of one segment are least at k = sqrt(n * ratio), and are then as much
    as 2 sqrt(n / ratio) states. Where that is more than 4 sqrt(n), segments have segments of their
    own: one more run of each step, and as much as 3 (n / ratio) ** (1 / 3) states.
    """
    if ratio >= NESTED:
        return (_within(n, (n * ratio) ** 0.5),)
    states = (n / ratio) ** (1 / 3)
    outer = _within(n, states**2 * ratio)
    inner = _within(outer, states * ratio)
    return (outer, inner) if inner < outer else (outer,)


def _within(n: int, length: float) -> int:
    return max(min(round(length), n), 1)
