"""Fair timing on noisy machines: contestants alternate in one run, and ratios are reported."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass
class Times:
    """Seconds of one contestant's rounds, the first ones discarded."""

    name: str
    median: float
    low: float
    high: float
    rounds: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def alternate(
    contestants: dict[str, Callable[[], object]], rounds: int = 30, warmup: int = 3
) -> dict[str, Times]:
    """Time every contestant once per round, in rotating order, and return their times.

    low and high are the quartiles. The garbage collector rests meanwhile.
    """
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    enabled = gc.isenabled()
    gc.disable()
    try:
        for k in range(rounds + warmup):
            for name in names[k % len(names) :] + names[: k % len(names)]:
                start = time.perf_counter()
                contestants[name]()
                samples[name].append(time.perf_counter() - start)
            gc.collect()
    finally:
        if enabled:
            gc.enable()
    return {name: _times(name, taken[warmup:]) for name, taken in samples.items()}


def above(
    run: Callable[[], object], raw: Callable[[], object], blocks: int = 40, rounds: int = 8
) -> tuple[float, float, float]:
    """Return the seconds of one round of a run and of the raw calls it makes, and how sure that is.

    Each takes a block of rounds in turn, on the clock of this thread, and the least time of a block
    stands for it: whatever else the machine does can only add. The figures are the lower deciles of
    the blocks; the third is by how much the difference of the two varies between thirds of the run.
    """
    for _ in range(2 * rounds):
        run(), raw()
    times = [(_least(run, rounds), _least(raw, rounds)) for _ in range(blocks)]
    differences = [_decile(times[k::3], 0) - _decile(times[k::3], 1) for k in range(3)]
    return _decile(times, 0), _decile(times, 1), max(differences) - min(differences)


def _least(run: Callable[[], object], rounds: int) -> float:
    taken = []
    gc.disable()
    for _ in range(rounds):
        start = time.thread_time()
        run()
        taken.append(time.thread_time() - start)
    gc.enable()
    return min(taken)


def _decile(times: list[tuple[float, float]], k: int) -> float:
    return sorted([pair[k] for pair in times])[len(times) // 10]


def _times(name: str, taken: list[float]) -> Times:
    low, middle, high = statistics.quantiles(taken, n=4)
    return Times(name, middle, low, high, len(taken))
