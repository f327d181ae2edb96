"""`check=`: watchers that look at every call of a tape, when it is recorded and when it is pulled.

A tape tells its watcher of a call once that is recorded. The watcher may put a `Watched` entry in the
place of the call's own, which looks on while the call is pulled. A tape without one pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import backends
from ..errors import describe
from .array import bottom_of
from .dtypes import differentiable
from .kept import kept_by
from .listing import Call, arrays_in, described
from .parts import Parts
from .places import Place, here
from .policy import several
from .tape import Tape


class Watched:
    """An entry of a tape in the place of another. policy: the call, below all that watches it."""

    __slots__ = ("entry", "policy", "slots", "call", "place")

    def __init__(self, entry: Any, call: Call) -> None:
        self.entry = entry
        self.policy = getattr(entry, "policy", entry)
        self.slots: Sequence[int | None] = entry.slots
        self.call, self.place = call, here()

    def where(self) -> str:
        """Return what the call was and where it stands."""
        return f"{self.call}" + (f" at {self.place}" if self.place else "")


class Watchers:
    """Several watchers as one."""

    def __init__(self, each: Iterable[Any]) -> None:
        self.each = list(each)

    def recorded(self, *call: Any) -> None:
        """Tell every watcher of a call."""
        for watcher in self.each:
            watcher.recorded(*call)

    def pushed(self, *call: Any) -> None:
        """Tell every watcher of the tangents of a call, in forward mode."""
        for watcher in self.each:
            watcher.pushed(*call)


def place_of(tape: Tape, policy: Any) -> int | None:
    """Return the slot of the call that was recorded last, None if it was not recorded."""
    for slot in reversed(range(len(tape))):
        entry = tape[slot]
        if entry is policy or getattr(entry, "policy", None) is policy:
            return slot
        if type(entry) is not tuple:  # no part of a call with several results
            return None
    return None


class NanCheck:
    """Raises FloatingPointError at the first call, forward or backward, that makes a NaN or inf."""

    def recorded(self, tape: Tape, policy: Any, slots: Any, operands: Any, settings: Any, out: Any) -> None:
        """Look at a call's results, and put a look at its gradients on the tape."""
        outs = several(out)
        made = _made(outs, [*operands, *settings.values()])
        call = described(policy, slots, operands, settings, out)
        if made:
            place = here()
            raise FloatingPointError(
                f"{call.name} made {made}: {call}{f' at {place}' if place else ''}. "
                f"{_of_operands(operands)}Finite operands should give finite results; keep them where "
                f"the operation is defined, with clip or where, or leave check='nan' out."
            )
        slot = place_of(tape, policy)
        if slot is not None:
            tape[slot] = _NanWatched(tape[slot], call, list(operands))

    def pushed(self, call: Call, operands: Any, tangents: Any, found: Any) -> None:
        """Look at the tangents that a call has pushed, in forward mode."""
        made = _made([v for v in found if v is not None], [v for v in tangents if v is not None])
        if made:
            place = here()
            raise FloatingPointError(
                f"the tangent of {call.name} made {made}: {call}{f' at {place}' if place else ''}. "
                f"{_of_operands(operands)}A slope is infinite or undefined there; keep operands away "
                f"from it, or leave check='nan' out."
            )


class _NanWatched(Watched):
    __slots__ = ("operands",)

    def __init__(self, entry: Any, call: Call, operands: list[Any]) -> None:
        super().__init__(entry, call)
        self.operands = operands

    def pull(self, g: Any) -> Any:
        arrived = list(g.given.values()) if type(g) is Parts else [g]
        found = self.entry.pull(g)
        made = _made(arrived, [])
        if made:
            raise FloatingPointError(
                f"the gradient of a result is {made} when it arrives at {self.where()}. No rule made "
                f"it: a cotangent held it, or the sum over the uses of the result overflowed."
            )
        made = _made([dx for dx in found if dx is not None], [])
        if made:
            raise FloatingPointError(
                f"the gradient of {self.call.name} made {made}: {self.where()}. "
                f"Gradient of the result: {statistics(arrived[0])}. {_of_operands(self.operands)}"
                f"A slope is infinite or undefined there; keep operands away from it, see "
                f"zero_times_inf='zero', or leave check='nan' out."
            )
        return found


def _made(results: Iterable[Any], operands: Iterable[Any]) -> str:
    """Return "NaN" or "inf" if results hold what no operand does, else nothing."""
    new = _special(results)
    if not new:
        return ""
    given = _special(operands)
    if "NaN" in new and "NaN" not in given:
        return "NaN"
    return "inf" if "inf" in new and not given else ""


def _special(values: Iterable[Any]) -> set[str]:
    """Return which of NaN and inf stand in values."""
    found: set[str] = set()
    for value in values:
        x = bottom_of(value)
        if isinstance(x, float | int) and not hasattr(x, "dtype"):
            found |= {"NaN"} if x != x else {"inf"} if abs(x) == float("inf") else set()
        elif hasattr(x, "dtype") and backends.is_array(x) and differentiable(x.dtype):
            xp = backends.of(x).raw
            if not bool(xp.all(xp.isfinite(x))):
                found |= {"NaN"} if bool(xp.any(xp.isnan(x))) else set()
                found |= {"inf"} if bool(xp.any(xp.isinf(x))) else set()
    return found


def _of_operands(operands: Sequence[Any]) -> str:
    arrays = [(k, x) for k, x in enumerate(operands) if hasattr(bottom_of(x), "dtype")]
    return "".join([f"Operand {k}: {statistics(x)}. " for k, x in arrays])


def statistics(x: Any) -> str:
    """Return an array in numbers: what it is, its range, its zeros, NaN and inf."""
    raw = bottom_of(x)
    values = np.asarray(backends.of(raw).to_numpy(raw))
    if values.dtype.kind not in "fiu" or not values.size:
        return describe(raw)
    finite = values[np.isfinite(values)]
    facts = [f"from {finite.min():.6g} to {finite.max():.6g}"] if finite.size else []
    counts = {
        "zero": values == 0,
        "negative": values < 0,
        "NaN": np.isnan(values),
        "infinite": np.isinf(values),
    }
    facts += [f"{n} {name}" for name, which in counts.items() if (n := int(np.count_nonzero(which)))]
    return f"{describe(raw)}, {', '.join(facts)}"


class MutationCheck:
    """Raises RuntimeError when a call is pulled that saved an array which was written into since."""

    def recorded(self, tape: Tape, policy: Any, slots: Any, operands: Any, settings: Any, out: Any) -> None:
        """Copy what a call saved, and put a comparison on the tape."""
        slot = place_of(tape, policy)
        if slot is not None:
            kept = kept_by(policy)
            call = described(policy, slots, operands, settings, out)
            tape[slot] = _MutationWatched(tape[slot], call, arrays_in(kept))

    def pushed(self, call: Call, operands: Any, tangents: Any, found: Any) -> None:
        """A tangent is pushed at once: nothing can have changed."""


class _MutationWatched(Watched):
    __slots__ = ("before",)

    def __init__(self, entry: Any, call: Call, arrays: list[Any]) -> None:
        super().__init__(entry, call)
        self.before = [(x, _copy(x)) for x in arrays]

    def pull(self, g: Any) -> Any:
        for x, before in self.before:
            now = np.asarray(backends.of(x).to_numpy(x))
            if now.tobytes() != before.tobytes():
                raise RuntimeError(self._changed(x, before, now))
        return self.entry.pull(g)

    def _changed(self, x: Any, before: np.ndarray, now: np.ndarray) -> str:
        place = tuple([int(k) for k in (*np.argwhere(now != before), ())[0]])
        return (
            f"{describe(x)} was written into after {self.call.name} had saved it: {self.where()}. "
            f"Element {place} was {before[place]} and is {now[place]}, so the gradient would be that of "
            f"other numbers. Give the call a copy, or make a new array instead of writing into this one."
        )


def _copy(x: Any) -> np.ndarray:
    return np.array(backends.of(x).to_numpy(x), copy=True)


CHECKS: dict[str, Any] = {"nan": NanCheck, "mutation": MutationCheck}
__all__ = ["CHECKS", "MutationCheck", "NanCheck", "Place", "Watched", "Watchers", "statistics"]
