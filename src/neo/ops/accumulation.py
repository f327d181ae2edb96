"""Running maxima and minima, and the running logarithm of a sum of exponentials."""

from __future__ import annotations

from typing import Any

from ..backends import define
from ..core.policy import library_of_all
from ..errors import describe
from .batching import along
from .broadcasting import astype
from .constant import equal, isinf, stop_gradient
from .creation import zeros_like
from .formulas import exp, maximum
from .indexing import getitem
from .manipulation import concat
from .registry import BuiltIn, rule
from .selection import where
from .statistics import backward_recurrence, cumulative_sum, only_axis

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


def _run(x: Any, out: Any, axis: int) -> tuple[Any, Any, Any]:
    """Return three arrays like x, off every tape, for out, the running extremum of x.

    How many elements up to each reach out there; whether out is the same as before, as 1 or 0, 0 at
    the first; and whether the element itself reaches out.
    """
    lead = (slice(None),) * axis
    later, sooner = [getitem(out, (*lead, k, ...)) for k in (slice(1, None), slice(0, -1))]
    same = astype(equal(later, sooner), x.dtype)
    same = concat([zeros_like(getitem(stop_gradient(x), (*lead, slice(0, 1), ...))), same], axis=axis)
    hits = equal(x, out)
    reached = astype(hits, library_of_all((x,)).dtype("int64"))
    total = cumulative_sum(reached, axis=axis)
    before = cumulative_max(where(equal(same, 1), 0, total - reached), axis=axis)
    # None reaches a NaN; what is divided by it is multiplied by zero.
    return maximum(astype(total - before, x.dtype), 1), same, astype(hits, x.dtype)


class CumulativeExtremum(BuiltIn):
    """What the two share: the elements that reach the result at a place share its gradient evenly."""

    domain, samples = (-2, 2), ALONG
    batch = classmethod(along())

    def backward(self, g):
        x, out = self.ctx.release
        axis = self.axis
        if g.shape[axis] == 0:
            return g
        ties, same, reached = _run(x, out, axis)
        return backward_recurrence(g / ties, same, axis) * reached


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
    batch = classmethod(along())

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
    first, rest = [getitem(out, (*lead, k, ...)) for k in (slice(0, 1), slice(0, -1))]
    before = concat([first, rest], axis=axis)
    endless = isinf(out)
    ties, same, reached = _run(x, out, axis)
    share, left = [exp(where(endless, 0, y - out)) for y in (x, before)]
    return where(endless, reached / ties, share), where(endless, same * (ties - reached) / ties, left)


@rule(Logcumsumexp)
def logcumsumexp(x: Any, /, *, axis: int | None = None) -> Any:
    """Return the logarithm of the running sum of e ** x along an axis.

    It does not overflow. x: (...) real floating. axis: may be left out when x has one axis.
    Gradient: to x; elements that tie at an infinite result share it evenly.
    """
    if not library_of_all((x,)).xp.isdtype(x.dtype, "real floating"):
        raise TypeError(f"logcumsumexp is a function of real numbers, got {describe(x)}")
    return Logcumsumexp.of(x, axis=only_axis("logcumsumexp", x, axis))
