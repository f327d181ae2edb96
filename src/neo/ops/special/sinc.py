"""sin(pi * x) / (pi * x), with derivatives of every order, at 0 too."""

from __future__ import annotations

import math
from typing import Any

from ...backends import define
from ..batching import leading
from ..broadcasting import conj
from ..elementwise import elementwise
from ..registry import BuiltIn, rule

ANY = (-2, 2)


@define("sinc")
def _sinc(xp, x):
    if not xp.isdtype(x.dtype, ("real floating", "complex floating")):
        x = xp.astype(x, xp.asarray(0.0).dtype)
    return xp.sinc_slope(x, order=0)


@define("sinc_slope")
def _sinc_slope(xp, x, *, order):
    """Return the derivative of that order of sin(t) / t at t = pi * x.

    By its power series near 0, where t is small beside the order, else by the recurrence
    t * S(n) = d**n sin(t) / dt**n - n * S(n - 1), which then loses no digits.
    """
    t = x * math.pi
    near, bounded = xp.abs(t) < (order + 2) / 2, xp.isfinite(t)
    inner, outer = xp.where(near, t, xp.zeros_like(t)), xp.where(near | ~bounded, xp.ones_like(t), t)
    far = xp.where(bounded, _recurrence(xp, outer, order), xp.where(xp.isnan(t), t, xp.zeros_like(t)))
    return xp.where(near, _series(xp, inner, order), far)


def _series(xp, t, order):
    """The sum over j of (-1)**j t**(2j - n) / ((2j + 1) (2j - n)!), from its smallest term up."""
    first = (order + 1) // 2
    out, square = xp.zeros_like(t), t * t
    for j in range(first + 12 + order, first - 1, -1):
        scale = (-1) ** j / ((2 * j + 1) * math.factorial(2 * j - order))
        out = out * square + scale
    return out * t if order % 2 else out


def _recurrence(xp, t, order):
    waves = (xp.sin(t), xp.cos(t))
    out = waves[0] / t
    for n in range(1, order + 1):
        wave = waves[n % 2] * (-1) ** (n // 2)
        out = (wave - n * out) / t
    return out


class SincSlope(BuiltIn):
    domain, samples = ANY, [([(2, 3)], {"order": 1}), ([(4,)], {"order": 4})]
    batch = classmethod(leading)

    def forward(self, x, *, order):
        self.ctx.save(x, order)
        return self.xp.sinc_slope(x, order=order)

    def backward(self, g):
        x, order = self.ctx.release
        return g * conj(sinc_slope(x, order=order + 1) * math.pi)


@rule(SincSlope)
def sinc_slope(x: Any, /, *, order: int) -> Any:
    """Return the derivative of that order of sin(t) / t at t = pi * x. Gradient: to x."""
    return SincSlope.of(x, order=order)


sinc = elementwise(
    "sinc",
    "Return sin(pi * x) / (pi * x): 1 at 0, and 0 at infinity.\n\nThe slopes at 0 are 0 and -pi**2 / 3.",
    lambda g, x: g * (sinc_slope(x, order=1) * math.pi),
    domain=ANY,
)
