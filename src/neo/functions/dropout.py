"""dropout: random zeros, from an explicit key."""

from __future__ import annotations

from typing import Any

from .. import backends
from ..core.array import bottom_of, is_batched, raw_of
from ..ops.batching import leading
from ..ops.registry import BuiltIn, rule
from ..ops.selection import where
from ..random import Key, bernoulli


class Dropout(BuiltIn):
    linear = True
    domain = (-2, 2)
    samples = [([(3, 4)], {"rate": 0.25, "key": Key(1, 2)}), ([()], {"rate": 0.5, "key": Key(3, 4)})]

    batch = classmethod(leading)

    def forward(self, x, *, kept, scale):
        self.ctx.save(kept, scale)
        # A choice and not a product: an infinite element can be dropped.
        return self.xp.where(kept, x * scale, self.xp.zeros_like(x))

    def backward(self, g):
        kept, scale = self.ctx.release
        return Dropout.of(g, kept=kept, scale=scale)


@rule(Dropout)
def dropout(x: Any, rate: float, key: Key) -> Any:
    """Return x with elements zero at a rate, and the others divided by 1 - rate.

    x: (...) real or complex floating. rate: 0 <= rate < 1, a Python number. key: of neo.random;
    the same key drops the same elements. Rate 0 returns x.
    Gradient: to x, with the same elements dropped. Raises ValueError for a rate out of range.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: the rate is a chance from 0 up to but not 1, got {rate}")
    if rate == 0:
        return x
    raw = bottom_of(x)
    library = backends.of(raw)
    kept = bernoulli(key, 1 - rate, tuple(x.shape), backend=library.name, device=library.device(raw))
    if is_batched(kept):  # a key for each example
        return where(kept, x / (1 - rate), 0)
    return Dropout.of(x, kept=raw_of(kept), scale=1 / (1 - rate))
