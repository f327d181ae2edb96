"""A stretch of a tape that is forgotten, and recorded again when the walk back reaches it.

A function runs as it always does, on whatever tapes its arguments are on, and then its calls are
cut off every tape that records: one `Segment` stands for all of them. When a gradient arrives, the
tape is opened again, the function runs again, its calls fill the same slots as before and are
walked. So whatever the function closes over is found where it was, and nothing has to be told what
the function does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn

from .array import Array, Traced
from .parts import placed
from .tape import NOTHING, ClosedTape, Tape, walk_back


class Dropping(Tape):
    """A tape that counts its calls and keeps none."""

    __slots__ = ()

    def append(self, entry: Any) -> None:
        """Add a slot, without what is in it."""
        list.append(self, FORGOTTEN)


class _Forgotten:
    """The entry of a call inside a segment whose result should not be seen outside."""

    __slots__ = ()
    slots = ()

    def pull(self, g: Any) -> NoReturn:
        raise RuntimeError(
            "an array that a checkpointed function computed is used outside of it, though the function "
            "did not return it; its calls are forgotten. Return it from the function."
        )


FORGOTTEN = _Forgotten()


class Run:
    """One run of a function, with what is needed to repeat it.

    call: runs the function on its arguments as they were. tapes: every tape that an argument, or
    an array that the function closes over, is on, with the class that it has while it is open.
    """

    def __init__(self, call: Callable[[], Any], tapes: list[Tape]) -> None:
        self.call = call
        self.tapes: list[tuple[Tape, type[Any]]] = [(tape, type(tape)) for tape in tapes]

    def again(self, tape: Tape, slot: int) -> list[Any]:
        """Return the entries that the function records on a tape of which the next slot is `slot`."""
        with reopened(self.tapes):
            tape.extend([NOTHING] * slot)
            self.call()
            return tape[slot:]


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
        for slot in [_slot_on(self.tape, x) for x in results]:
            if slot is not None and slot >= start:
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
        found = walk_back([NOTHING] * start + entries, start, parts.given.items())
        self.slots[:] = [slot for slot, g in enumerate(found) if g is not None]
        return [found[slot] for slot in self.slots]


@contextmanager
def reopened(tapes: list[tuple[Tape, type[Any]]]) -> Iterator[None]:
    """Let closed tapes record for a while; what they record is forgotten afterwards."""
    closed = [(tape, kind, tape.log) for tape, kind in tapes if isinstance(tape, ClosedTape)]
    for tape, kind, _ in closed:
        tape.__class__, tape.log = kind, None
    try:
        yield
    finally:
        for tape, _, log in closed:
            tape.clear()
            tape.__class__, tape.log = ClosedTape, log


def cut(call: Callable[[], Any], tapes: list[Tape], leaves_of: Callable[[Any], list[Any]]) -> Any:
    """Return what a call returns, its entries on the tapes forgotten.

    leaves_of: returns the arrays of the result.
    """
    run = Run(call, tapes)
    segments = [Segment(run, tape) for tape in tapes if tape.records]
    logged = [(tape.log, len(tape.log.calls)) for tape in tapes if tape.log is not None]
    with _dropping(tapes):
        result = call()
    leaves = [x for x in leaves_of(result) if isinstance(x, Traced)]
    for segment in segments:
        segment.cut(leaves)
    for log, start in logged:
        log.calls[start:] = [replace(entry, kept={}) for entry in log.calls[start:]]
    return result


@contextmanager
def _dropping(tapes: list[Tape]) -> Iterator[None]:
    """Let tapes keep no calls for a while."""
    changed = [tape for tape in tapes if type(tape) is Tape]
    for tape in changed:
        tape.__class__ = Dropping
    try:
        yield
    finally:
        for tape in changed:
            tape.__class__ = Tape


def tapes_of(arrays: list[Any]) -> list[Tape]:
    """Return the tapes that arrays are on, outer ones first."""
    found = {}
    for x in arrays:
        while isinstance(x, Array):
            if isinstance(x, Traced):
                found[x.tape.level] = x.tape
            x = x.data
    return [found[level] for level in sorted(found)]


def _slot_on(tape: Tape, x: Any) -> int | None:
    """Return the slot on a tape of an array, or of what it holds; None if it is not on that tape."""
    while isinstance(x, Traced):
        if x.tape is tape:
            return x.slot
        x = x.data
    return None


def copied(x: Any) -> Any:
    """Return an Array that can be rebound without the original; anything else as it is."""
    if not isinstance(x, Array):
        return x
    new = object.__new__(type(x))
    new.data = x.data
    if isinstance(x, Traced) and isinstance(new, Traced):
        new.shape, new.tape, new.slot = x.shape, x.tape, x.slot
    return new
