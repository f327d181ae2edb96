"""Questions to a traced program: what it holds, where its gradient comes from, what takes its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from .. import backends
from ..core.array import raw_of
from ..core.following import Program
from ..core.listing import Call, Value, arrays_in, in_bytes, size_in_bytes, value_of
from .pulls import Pulls, walk


class Memory:
    """What a tape held while it was open, and holds now.

    inputs: bytes of the arguments, which belong to the caller. saved: bytes that calls kept for the
    way back while the tape was open; an array that several kept counts once, one that is an
    argument or a constant counts too. constants: bytes that the closed tape holds, so that it can
    run again. calls: (call, bytes) pairs, the largest first.
    """

    def __init__(self, program: Program) -> None:
        self.inputs = sum([size_in_bytes(x) for _, x in program.inputs])
        self.saved = program.saved
        held = {id(x): size_in_bytes(value_of(x, None)) for x in constants_of(program)}
        self.constants = sum(held.values())
        self.calls = sorted([(c, c.saved) for c in program.calls if c.saved], key=lambda pair: -pair[1])

    def __str__(self) -> str:
        rows = [f"{in_bytes(n):>10}  {call}" for call, n in self.calls]
        return "\n".join(
            [
                f"arguments  {in_bytes(self.inputs)}, the caller's",
                f"saved      {in_bytes(self.saved)} while open, freed call by call on the way back",
                f"constants  {in_bytes(self.constants)}, held by the closed tape to run again",
                *rows,
            ]
        )

    __repr__ = __str__


def constants_of(program: Program) -> list[Any]:
    """Return the arrays that a program takes from outside."""
    steps = [call.step for call in program.calls if call.step is not None]
    return [
        x
        for step in steps
        for x in arrays_in([list(step.operands), step.settings, [g.value for g in program.guards]])
    ]


@dataclass(frozen=True)
class Contribution:
    """What one use of a slot adds to its gradient: a NumPy array, or one element."""

    call: Call
    gradient: Any
    norm: float
    share: float


class Explanation:
    """The contributions to a slot's gradient, the largest share first.

    A share is the part of the whole gradient's squared length that points along a contribution:
    negative where a use works against the others. All together are 1.
    """

    def __init__(self, slot: int, index: Any, found: list[tuple[Call, np.ndarray]], like: Value) -> None:
        self.slot, self.index = slot, index
        picked = [(call, g if index is None else g[index]) for call, g in found]
        self.gradient: Any = sum([g for _, g in picked]) if picked else np.zeros(like.shape)
        whole = float(np.sum(np.abs(self.gradient) ** 2))
        rows = [Contribution(c, g, _norm(g), _along(g, self.gradient, whole)) for c, g in picked]
        self.contributions = sorted(rows, key=lambda row: -abs(row.share))

    def __str__(self) -> str:
        where = "" if self.index is None else f", element {self.index}"
        rows = [
            f"{row.share:>8.1%}  {row.norm:<12.6g}  {row.call}{_at(row.call)}" for row in self.contributions
        ]
        head = f"gradient of %{self.slot}{where}: norm {_norm(self.gradient):.6g}"
        return "\n".join([head, *(["   share  norm          call"] if rows else ["no call uses it"]), *rows])

    __repr__ = __str__


def _at(call: Call) -> str:
    return f"  {call.place.short}" if call.place else ""


def _norm(g: Any) -> float:
    return float(np.sqrt(np.sum(np.abs(g) ** 2)))


def _along(g: Any, whole: Any, square: float) -> float:
    return float(np.sum((np.conj(whole) * g).real)) / square if square else 0.0


def explained(program: Program, slot: int, index: Any) -> Explanation:
    """Return which calls contributed how much to the gradient of a slot."""
    like = program.value_in(slot)
    found: list[tuple[Call, Any, Any]] = []

    def told(call: Call, slots: Any, pull: Callable[[], Any]) -> None:
        gradients = pull()
        found.extend([(call, s, dx) for s, dx in zip(slots, gradients, strict=False) if dx is not None])

    run, _ = walk(program, program.interface.arguments("explain"), Pulls(told))
    place = run.slots.get(slot, -1)
    uses: dict[int, tuple[Call, np.ndarray]] = {}
    for call, s, dx in found:
        if s == place:  # a call may use a slot twice
            g = _as_numpy(dx)
            uses[id(call)] = call, g + uses[id(call)][1] if id(call) in uses else g
    return Explanation(slot, index, list(uses.values()), like)


def _as_numpy(x: Any) -> np.ndarray:
    raw = raw_of(x)
    return np.asarray(backends.of(raw).to_numpy(raw))


@dataclass(frozen=True)
class Timing:
    """What one call took, in seconds: medians of several runs. share: of all calls."""

    call: Call
    forward: float
    backward: float
    share: float


class Profile:
    """What the calls took, the slowest first. `print` shows the slowest."""

    SHOWN = 20

    def __init__(self, times: list[tuple[Call, float, float]]) -> None:
        self.total = sum([f + b for _, f, b in times])
        rows = [Timing(c, f, b, (f + b) / self.total if self.total else 0.0) for c, f, b in times]
        self.timings = sorted(rows, key=lambda row: -(row.forward + row.backward))

    def __str__(self) -> str:
        rows = [
            f"{t.share:>7.1%}  {_time(t.forward):>9}  {_time(t.backward):>9}  {t.call}{_at(t.call)}"
            for t in self.timings[: self.SHOWN]
        ]
        others = sum([t.share for t in self.timings[self.SHOWN :]])
        left = len(self.timings) - len(rows)
        rest = [f"{others:>7.1%}  in {left} more"] if left else []
        head = f"{len(self.timings)} calls, {_time(self.total)} forward and backward"
        return "\n".join([head, "  share    forward   backward  call", *rows, *rest])

    __repr__ = __str__


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


# The first run warms up; more are taken while they are quick.
RUNS, ENOUGH = 6, 0.5


def profiled(program: Program) -> Profile:
    """Run a program several times and return the medians of what its calls took."""
    leaves = program.interface.arguments("profile")
    library = backends.of(raw_of(leaves[0]))
    wait = lambda: library.synchronize(library.device(raw_of(leaves[0])))  # noqa: E731
    runs: list[dict[int, list[float]]] = []
    start = time.perf_counter()
    while len(runs) < 2 or (len(runs) < RUNS and time.perf_counter() - start < ENOUGH):
        runs.append(_timed(program, leaves, wait))
    runs = runs[1:]
    return Profile(
        [
            (call, *[median([r[id(call)][k] for r in runs]) for k in (0, 1)])  # type: ignore[misc]
            for call in program.calls
        ]
    )


def _timed(program: Program, leaves: list[Any], wait: Callable[[], None]) -> dict[int, list[float]]:
    """Return the seconds that each call took, forward and backward, in one run."""
    taken = {id(call): [0.0, 0.0] for call in program.calls}

    def timed(call: Call, k: int, run: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        out = run()
        wait()
        taken[id(call)][k] += time.perf_counter() - start
        return out

    log = Pulls(lambda call, slots, pull: timed(call, 1, pull))
    plain = log.watch
    log.watch = lambda call, run: timed(call, 0, lambda: plain(call, run))  # type: ignore[method-assign]
    walk(program, leaves, log)
    return taken
