"""Running maxima and minima, and the running logarithm of a sum of exponentials."""

from __future__ import annotations

from typing import Any

from ..backends import define
from ..core.array import raw_of
from ..core.policy import library_of_all
from ..errors import describe
from .formulas import exp
from .manipulation import concat
from .registry import BuiltIn, rule
from .selection import where
from .statistics import backward_recurrence, only_axis

ALONG = [([(3, 4)], {"axis": 1}), ([(4,)], {}), ([(2, 0)], {"axis": 1})]


def _doubled(xp: Any, x: Any, axis: int, combine: Any) -> Any:
    """Return the running combination along an axis, in log2(n) steps. (Hillis and Steele, 1986.)"""
    lead = (slice(None),) * axis
    reach = 1
    while reach < x.shape[axis]:
        head, tail = x[(*lead, slice(0, reach), ...)], x[(*lead, slice(reach, None), ...)]
        moved = x[(*lead, slice(0, x.shape[axis] - reach), ...)]
        x = xp.concat([head, combine(tail, moved)], axis=axis)
        reach *= 2
    return x


@define("cumulative_max")
def _cumulative_max(xp, x, axis):
    return _doubled(xp, x, axis, xp.maximum)


@define("cumulative_min")
def _cumulative_min(xp, x, axis):
    return _doubled(xp, x, axis, xp.minimum)


@define("logcumsumexp")
def _logcumsumexp(xp, x, axis):
    return _doubled(xp, x, axis, xp.logaddexp)


def _run(xp: Any, x: Any, out: Any, axis: int) -> tuple[Any, Any]:
    """Return how many elements up to each reach out there since it last changed, and where it did not.

    x, out: raw, out the running extremum of x. The second is False at the first element.
    """
    lead = (slice(None),) * axis
    same = out[(*lead, slice(1, None), ...)] == out[(*lead, slice(0, -1), ...)]
    same = xp.concat([xp.zeros_like(same[(*lead, slice(0, 1), ...)]), same], axis=axis)
    same = same if same.shape[axis] else xp.zeros_like(x == x)
    reached = xp.astype(x == out, xp.int64)
    total = xp.cumulative_sum(reached, axis=axis)
    before = xp.cumulative_max(xp.where(same, xp.zeros_like(total), total - reached), axis)
    # None reaches a NaN; what is divided by it is multiplied by zero.
    return xp.maximum(total - before, xp.ones_like(total)), same


class CumulativeExtremum(BuiltIn):
    """What the two share: the elements that reach the result at a place share its gradient evenly."""

    domain, samples = (-2, 2), ALONG

    def backward(self, g):
        x, out = self.ctx.release
        axis = self.axis
        if g.shape[axis] == 0:
            return g
        raw, reached = raw_of(g), raw_of(x)
        library = library_of_all((raw,))
        ties, same = _run(library.raw, reached, raw_of(out), axis)
        ties, same = [library.xp.astype(y, raw.dtype) for y in (ties, same)]
        shared = backward_recurrence(g / ties, same, axis)
        return shared * library.xp.astype(reached == raw_of(out), raw.dtype)


class CumulativeMax(CumulativeExtremum):
    def forward(self, x, *, axis):
        out = self.xp.cumulative_max(x, axis)
        self.axis = axis
        self.ctx.save(x, out)
        return out


class CumulativeMin(CumulativeExtremum):
    def forward(self, x, *, axis):
        out = self.xp.cumulative_min(x, axis)
        self.axis = axis
        self.ctx.save(x, out)
        return out


@rule(CumulativeMax)
def cumulative_max(x: Any, /, *, axis: int | None = None) -> Any:
    """Return the largest element so far along an axis, NaN from the first NaN on.

    axis: may be left out when x has one axis. A tie splits the gradient evenly.
    """
    return CumulativeMax.of(x, axis=only_axis("cumulative_max", x, axis))


@rule(CumulativeMin)
def cumulative_min(x: Any, /, *, axis: int | None = None) -> Any:
    """Return the smallest element so far along an axis, NaN from the first NaN on.

    axis: may be left out when x has one axis. A tie splits the gradient evenly.
    """
    return CumulativeMin.of(x, axis=only_axis("cumulative_min", x, axis))


class Logcumsumexp(BuiltIn):
    domain, samples = (-2, 2), ALONG

    def forward(self, x, *, axis):
        out = self.xp.logcumsumexp(x, axis)
        self.axis = axis
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        axis = self.axis
        if g.shape[axis] == 0:
            return g
        # What element j contributes to out[i] is the product of its share in out[j] and of what is
        # left of out[j] at each step on to out[i]: no factor is above 1, so nothing overflows.
        share, left = _shares(x, out, axis)
        return backward_recurrence(g, left, axis) * share


def _shares(x: Any, out: Any, axis: int) -> tuple[Any, Any]:
    """Return e ** (x - out) and e ** (out before - out); in a tie at an infinite out, even shares."""
    lead = (slice(None),) * axis
    first, rest = out[(*lead, slice(0, 1), ...)], out[(*lead, slice(0, -1), ...)]
    before = concat([first, rest], axis=axis)
    raw = raw_of(out)
    library = library_of_all((raw,))
    endless = library.xp.isinf(raw)
    if not bool(library.xp.any(endless)):
        return exp(x - out), exp(before - out)
    ties, same = _run(library.raw, raw_of(x), raw, axis)
    ties = library.xp.astype(ties, raw.dtype)
    reached = library.xp.astype(raw_of(x) == raw, raw.dtype)
    earlier = library.xp.astype(same, raw.dtype) * (ties - reached)
    zero = library.xp.zeros_like(raw)
    shares = [
        (exp(where(endless, zero, y - out)), even / ties) for y, even in ((x, reached), (before, earlier))
    ]
    return tuple([where(endless, even, finite) for finite, even in shares])  # type: ignore[return-value]


@rule(Logcumsumexp)
def logcumsumexp(x: Any, /, *, axis: int | None = None) -> Any:
    """Return the logarithm of the running sum of e ** x along an axis, without overflow.

    x: (...) real floating. axis: may be left out when x has one axis.
    Gradient: to x; elements that tie at an infinite result share it evenly.
    """
    if not library_of_all((x,)).xp.isdtype(x.dtype, "real floating"):
        raise TypeError(f"logcumsumexp is a function of real numbers, got {describe(x)}")
    return Logcumsumexp.of(x, axis=only_axis("logcumsumexp", x, axis))
