"""What neo.testing takes for one example: slopes, invariants, both orders."""

from __future__ import annotations

import statistics
import time
from typing import Any

import neo
import neo.numpy as nep


class Sine(neo.autograd.Policy):
    """Smooth, one operand: what most checks look like."""

    def forward(self, x):
        self.ctx.save(x)
        return nep.sin(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x)


class Maximum(neo.autograd.Policy):
    """Two operands that tie, and so a kink in every other example."""

    kink = "mean"

    def forward(self, x, y):
        self.ctx.save(x, y)
        return nep.maximum(x, y)

    def backward(self, g):
        x, y = self.ctx.release
        tie = 0.5 * g * nep.astype(x == y, g.dtype)
        return nep.where(x > y, g, tie), nep.where(y > x, g, tie)


class Softmax(neo.autograd.Policy):
    """Structured: an axis, and every entry of the result moves with every one of the operand."""

    domain = (-1.5, 1.5)

    def forward(self, x):
        e = nep.exp(nep.reshape(x, (-1,)))
        out = e / nep.sum(e)
        self.ctx.save(out, tuple(x.shape))
        return out

    def backward(self, g):
        out, shape = self.ctx.release
        return nep.reshape(out * (g - nep.sum(g * out)), shape)


def per_example(runs: int) -> list[dict[str, Any]]:
    """Return milliseconds of the processor per example, over NumPy and on every library beside it.

    A check of the quick profile, to the second order; the first run, which compiles nothing but fills
    caches, is discarded.
    """
    from neo.testing.check import examine

    found = []
    for policy in (Sine, Maximum, Softmax):
        for library in ("numpy", "array_api_strict", "torch"):
            if library not in neo.backends.available():
                continue
            times = []
            for seed in range(runs + 1):
                start = time.process_time()
                report = examine(policy, backends=(library,), seed=seed)
                times.append(1e3 * (time.process_time() - start) / report.examples)
            median = statistics.median(times[1:])
            row = {"policy": policy.__name__, "over": library, "ms per example": median}
            found.append({**row, "examples": report.examples})
    return found
