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


def _times(name: str, taken: list[float]) -> Times:
    low, middle, high = statistics.quantiles(taken, n=4)
    return Times(name, middle, low, high, len(taken))
