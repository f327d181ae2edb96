"""A traced program run forward and backward, with an eye on every call that is pulled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import Traced, raw_of
from ..core.checks import Watched, place_of
from ..core.dtypes import differentiable
from ..core.filling import ones_like
from ..core.following import Program
from ..core.listing import Call
from .program import Run
from .recording import Recording

# What is told of a pull: the program's call, the slots of its operands, and what does it.
Told = Callable[[Call, Any, Callable[[], Any]], None]


class Pulls:
    """A log that hands every pull over, with the program's call that it belongs to."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.call: Any = None

    def recorded(self, tape: Any, policy: Any, slots: Any, operands: Any, settings: Any, out: Any) -> None:
        """Put a look at the pull of a call on the tape."""
        slot = place_of(tape, policy)
        if slot is not None:
            tape[slot] = _Pulled(tape[slot], self.call, self.told)

    def watch(self, call: Call, run: Callable[[], Any]) -> Any:
        """Run a call of the program, under its name."""
        self.call = call
        return run()


class _Pulled(Watched):
    __slots__ = ("told",)

    def __init__(self, entry: Any, call: Call, told: Told) -> None:
        super().__init__(entry, call)
        self.told = told

    def pull(self, g: Any) -> Any:
        found: Any = None

        def pull() -> Any:
            nonlocal found
            found = self.entry.pull(g)
            return found

        self.told(self.call, self.slots, pull)
        return found


def walk(program: Program, leaves: list[Any], log: Pulls, make: Any = Run) -> tuple[Run, list[Any]]:
    """Run a program forward and backward, its results seeded with ones.

    make: what a run is made by. Returns the run, with the library's own arrays as its outputs, and
    a gradient for every leaf, None for one that has none.
    """
    runs: list[Run] = []

    def forward(*xs: Any) -> Any:
        rest = iter(xs)
        run = make(program, [next(rest) if _real(x) else x for x in leaves], log.watch)
        results = run.results()
        run.slots = {s: x.slot for s, x in run.values.items() if isinstance(x, Traced)}
        run.values.clear()
        run.outputs = [raw_of(x) for x in results]
        runs.append(run)
        return [x for x in results if hasattr(x, "dtype") and differentiable(x.dtype)]

    inputs = [x for x in leaves if _real(x)]
    recording = Recording(forward, tuple(inputs), {}, list(range(len(inputs))), log=log)
    with recording.quiet():
        recording.record()
        pairs = zip(recording.slots, recording.values, strict=True)
        gradients = iter(recording.pull([(slot, ones_like(x)) for slot, x in pairs if slot is not None]))
    return runs[0], [next(gradients) if _real(x) else None for x in leaves]


def _real(x: Any) -> bool:
    return not hasattr(x, "dtype") or differentiable(x.dtype)
