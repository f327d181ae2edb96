"""A stretch of a tape that is forgotten, and recorded again when the walk back reaches it.

A function runs as it always does, on whatever tapes its arguments are on, and then its calls are
cut off every tape that records: one `Segment` stands for all of them. When a gradient arrives, the
tape is opened again, the function runs again, its calls fill the same slots as before and are
walked. So whatever the function closes over is found where it was, and nothing has to be told what
the function does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from .array import Array, Traced, apart, beneath, box
from .keeping import FORGOTTEN, Dropping, Keeper, Keeping, set_up
from .kept import attributes
from .listing import Listing, arrays_in
from .parts import placed
from .policy import Policy
from .tape import NOTHING, ClosedTape, Places, Tape, walk_back


class Run:
    """One run of a function, with what is needed to repeat it.

    call: runs the function on its arguments as they were. arguments: those. tapes: every tape that
    an argument, or an array that the function closes over, is on. keeper: what is kept, if anything.
    """

    def __init__(
        self, call: Callable[[], Any], tapes: list[Tape], keeper: Keeper | None, arguments: list[Any]
    ) -> None:
        self.call, self.keeper, self.arguments = call, keeper, arguments
        # Inside another checkpoint's run they are of its kind, which they have for that run only.
        self.kinds: list[tuple[Tape, type[Any]]] = [
            (tape, Tape if type(tape) in (Dropping, Keeping) else type(tape)) for tape in tapes
        ]

    def first(self, recorded: bool) -> Any:
        """Return the result of the function; its calls take their slots, and are recorded if that is said."""
        with ExitStack() as stack:
            for tape, kind in self.kinds:
                if kind is Tape:
                    stack.enter_context(_changed(tape))
                    set_up(tape, Tape if recorded else Dropping, self.keeper)
            return self._run(again=False)

    def again(self, tape: Tape, slot: int) -> list[Any]:
        """Return the entries that the function records on a tape of which the next slot is `slot`."""
        assert isinstance(tape, ClosedTape), "a tape is walked when its function has returned"
        with ExitStack() as stack:
            for other, kind in self.kinds:
                if other.owner:  # its function has returned
                    stack.enter_context(_changed(other))
                    stack.callback(other.clear)
                    set_up(other, kind, self.keeper)
                    # A listing has the calls; what checks them looks at these as well.
                    other.log = None if isinstance(other.log, Listing) else other.log
                    other.owner = ""
            tape.extend([NOTHING] * slot)
            self._run(again=True)
            return tape[slot:]

    def _run(self, again: bool) -> Any:
        if self.keeper is not None:
            self.keeper.start(again)
        return self.call()


class Segment:
    """The entry that stands for the calls of one run on one tape.

    slots: those that the calls lead back to; known, and filled in, when a gradient is pulled.
    """

    __slots__ = ("run", "tape", "slot", "count", "slots")

    def __init__(self, run: Run, tape: Tape) -> None:
        self.run, self.tape, self.slot, self.count = run, tape, len(tape), 0
        self.slots: list[int] = []
        tape.append(self)

    def cut(self, results: list[Any]) -> None:
        """Forget the calls recorded since; lead the gradients of the results here."""
        start = self.slot + 1
        self.count = len(self.tape) - start
        self.tape[start:] = [FORGOTTEN] * self.count
        for slot in [x.slot for result in results for x in _levels(result) if x.tape is self.tape]:
            if slot >= start:
                self.tape[slot] = (placed(slot), self.slot, None, None, None, None)

    def pull(self, parts: Any) -> list[Any]:
        """Return the gradient of each of `slots`, from the gradients of the results."""
        start = self.slot + 1
        entries = self.run.again(self.tape, start)
        if len(entries) != self.count:
            raise RuntimeError(
                f"a checkpointed function recorded {self.count} calls at first and {len(entries)} when "
                f"it was run again. It must do the same each time: draw random numbers from a key, "
                f"and write into nothing that outlives it."
            )
        found = walk_back(entries, 0, parts.given.items(), places=Places(start + self.count))
        self.slots[:] = sorted(found)
        return [found[slot] for slot in self.slots]


def cut(
    call: Callable[[], Any],
    tapes: list[Tape],
    leaves_of: Callable[[Any], list[Any]],
    keeper: Keeper | None = None,
    arguments: list[Any] | None = None,
    saved: list[Any] | None = None,
) -> Any:
    """Return what a call returns, its entries on the tapes forgotten.

    leaves_of: returns the arrays of the result. keeper: keeps results of calls; the arguments must
    then be `seen` ones. arguments: arrays that the call holds on to. saved: a list that is given the
    libraries' arrays that the entries held before they were forgotten.
    """
    run = Run(call, tapes, keeper, arguments or [])
    segments = [Segment(run, tape) for tape in tapes if tape.records or type(tape) is Keeping]
    logged = [(tape.log, len(tape.log.calls)) for tape in tapes if isinstance(tape.log, Listing)]
    result = run.first(recorded=saved is not None)
    if saved is not None:
        saved += [x for s in segments for entry in s.tape[s.slot + 1 :] for x in arrays_in(_held_by(entry))]
    leaves = [x for x in leaves_of(result) if isinstance(x, Traced)]
    for segment in segments:
        segment.cut(leaves)
    for log, start in logged:
        log.calls[start:] = [replace(entry, kept={}) for entry in log.calls[start:]]
    return result


def _held_by(entry: Any) -> list[Any]:
    """Return what an entry of a tape holds for the way back."""
    if isinstance(entry, tuple):
        return list(entry[2::3])  # of each link
    if isinstance(entry, list):
        return [entry[2]]
    if isinstance(entry, Policy):
        return [entry.ctx.saved, attributes(entry)]
    return entry.run.arguments if isinstance(entry, Segment) else []


_CHANGED = ("__class__", "usual", "library", "lean", "flat", "log", "keeper", "owner")


@contextmanager
def _changed(tape: Tape) -> Iterator[None]:
    """Put a tape back afterwards as it is now."""
    before = [getattr(tape, name) for name in _CHANGED]
    try:
        yield
    finally:
        for name, value in zip(_CHANGED, before, strict=True):
            setattr(tape, name, value)


def tapes_of(arrays: list[Any]) -> list[Tape]:
    """Return the tapes that arrays are on, outer ones first."""
    found = {x.tape.level: x.tape for array in arrays for x in _levels(array)}
    return [found[level] for level in sorted(found)]


def _levels(x: Any) -> Iterator[Traced]:
    """Yield a traced array and the traced arrays that it is made of: what it holds, and its tangent."""
    if not isinstance(x, Traced):
        return
    yield x
    yield from _levels(beneath(x))
    yield from _levels(x.slot)


def copied(x: Any) -> Any:
    """Return an Array that can be rebound without the original; anything else as it is."""
    return box(x.held) if type(x) is Array else apart(x)
