"""The tape: a list of calls over integer slots, and the walk back along it.

A slot is the index of the entry that filled it, so the list is in topological order by itself and
the gradients are a list too. An entry is
- None for an input of the function,
- a tuple of links (pull, slot, saved), one per traced operand of an elementwise call, where
  pull(g, saved) is the operand's gradient,
- a Policy, for every other call: `policy.pull(g)` yields (slot, gradient) pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any, NoReturn

from .. import backends
from .array import Plain, Traced, raw_of
from .dtypes import REAL, kind

_levels = count(1)


class Closed:
    """What stands in for a tape's calls once its transform has returned."""

    __slots__ = ("owner",)

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def append(self, entry: Any) -> NoReturn:
        raise RuntimeError(
            f"an array traced inside {self.owner} is used after its transform returned. Return it "
            f"from the function (has_aux=True), or keep neo.stop_gradient(x) instead of x."
        )

    def __len__(self) -> int:
        return 0


class Tape:
    """The calls of one run of one function.

    level: a tape opened later has a higher level; among the operands of a call the newest tape
    records, which is all that nested derivatives need.
    usual: the dtype, and `library` the backend, that this tape's Plain arrays have.
    log: a list that is told every call in full, or None (see `neo.trace`).
    """

    __slots__ = ("calls", "level", "usual", "library", "log")

    def __init__(self, log: list[Any] | None = None) -> None:
        self.calls: Any = []
        self.level = next(_levels)
        self.usual: Any = None
        self.library: Any = None
        self.log = log

    def trace(self, value: Any, entry: Any = None) -> Traced:
        """Record an entry and return its result, `value` one tape down, as a traced array."""
        calls = self.calls
        slot = len(calls)
        calls.append(entry)
        return self.at(value, slot)

    def at(self, value: Any, slot: int) -> Traced:
        """Return a traced array for a slot that is already recorded."""
        if backends.of(raw_of(value)) is self.library and value.dtype == self.usual:
            return Plain(value, self, slot)
        if self.usual is None and self.log is None and kind(value.dtype) == REAL:
            self.usual, self.library = value.dtype, backends.of(raw_of(value))
            return Plain(value, self, slot)
        return Traced(value, self, slot)

    def close(self, owner: str) -> None:
        """Forget the calls; an array that escaped its transform raises when it is used."""
        self.calls = Closed(owner)


def walk_back(calls: list[Any], seeds: Iterable[tuple[int, Any]], keep: bool = False) -> list[Any]:
    """Return the gradients of all slots nothing was pulled from: those of the inputs.

    seeds: (slot, gradient of that slot) pairs. calls: the entries; unless keep is true each is
    dropped, with what it saved, as soon as it has been pulled. The first gradient to reach a slot
    is assigned, later ones are added; a slot that no gradient reaches costs one test.
    """
    gradients: list[Any] = [None] * len(calls)
    for slot, g in seeds:
        add_into(gradients, slot, g)
    entries = reversed(calls) if keep else iter(calls.pop, _NEVER)
    for slot in range(len(calls) - 1, -1, -1):
        entry = next(entries)
        g = gradients[slot]
        if g is None or entry is None:
            continue
        gradients[slot] = None
        if type(entry) is tuple:
            for pull, operand, saved in entry:
                dx = pull(g, saved)
                before = gradients[operand]
                gradients[operand] = dx if before is None else before + dx
        else:
            for operand, dx in entry.pull(g):
                add_into(gradients, operand, dx)
    return gradients


_NEVER = object()


def add_into(gradients: list[Any], slot: int, g: Any) -> None:
    """Add a gradient to what a slot has, or assign it if the slot has none."""
    before = gradients[slot]
    gradients[slot] = g if before is None else before + g
