"""Scaled Bessel functions, e ** -|x| I(v, x) and e ** x K(v, x), with derivatives of every order.

Their slopes are small differences of large terms, more so the larger x is. Far out a derivative is
therefore that of the asymptotic series, term by term, which has every digit at 1e8 as well.
"""

from __future__ import annotations

from math import comb, pi, prod, sqrt
from typing import Any

from ...backends import define
from ..batching import aligned
from ..broadcasting import unbroadcast
from ..promotion import NUMBERS
from ..registry import BuiltIn

# From here on, and where x is over v ** 2 / 4, the series has every digit after so many terms.
FAR, TERMS = 24, 36
_OWN = {("i", 0): "i0e", ("i", 1): "i1e", ("k", 0): "k0e", ("k", 1): "k1e"}


@define("scaled_bessel")
def _scaled_bessel(xp: Any, v: Any, x: Any, *, kind: str, order: int) -> Any:
    """Return the derivative of that order of the scaled function of kind "i" or "k" and order v."""
    size = xp.abs(x) if kind == "i" else x
    far = (size >= FAR) & (size * 4 >= v * v)
    far_v = v if type(v) in NUMBERS else xp.where(far, v, xp.zeros_like(v))
    series = _series(xp, far_v, xp.where(far, size, xp.full_like(size, FAR)), kind, order)
    if kind == "i":
        negative = x < 0
        series = xp.where(negative, _reflected(xp, v, x, negative) * (-1) ** order * series, series)
    return xp.where(far, series, _near(xp, v, xp.where(far, xp.ones_like(x), x), kind, order))


def _reflected(xp: Any, v: Any, x: Any, negative: Any) -> Any:
    """Return 1 where I(v, x) is even in x, -1 where it is odd, NaN where it has no value below 0."""
    return xp.sign(_value(xp, v, xp.where(negative, -xp.ones_like(x), xp.ones_like(x)), "i"))


def _series(xp: Any, v: Any, x: Any, kind: str, order: int) -> Any:
    """Return the derivative of the series of DLMF 10.40.1 and 10.40.2, for large positive x."""
    out, direction = xp.ones_like(x), -1 if kind == "i" else 1
    for k in reversed(range(TERMS)):
        growth = direction * (k + 0.5 + order) / (k + 0.5) / (8 * (k + 1))
        out = 1 + out * ((4 * v * v - (2 * k + 1) ** 2) * growth / x)
    first = sqrt(0.5 / pi) if kind == "i" else sqrt(pi / 2)
    return out * (first * prod([-0.5 - k for k in range(order)])) / (x**0.5 * x**order)


def _near(xp: Any, v: Any, x: Any, kind: str, order: int) -> Any:
    """Return the derivative by Leibniz's rule, with the slopes of DLMF 10.29.1."""
    total = xp.zeros_like(x)
    for m in range(order + 1):
        inner = sum([comb(m, j) * _value(xp, v + (2 * j - m), x, kind) for j in range(m + 1)])
        factor = comb(order, m) * 0.5**m * (-1) ** (order - m if kind == "i" else m)
        if kind == "i" and m < order:
            # The slope of -|x| at 0, a kink, is 0.
            side = xp.sign(x)
            inner = inner * (side if (order - m) % 2 else side * side)
        # The last term rules next to 0, where others of its size would make inf - inf.
        total = xp.where(xp.isinf(inner), inner * factor, total + inner * factor)
    return total


def _value(xp: Any, v: Any, x: Any, kind: str) -> Any:
    if type(v) not in NUMBERS:
        return getattr(xp, kind + "ve")(v, x)
    own = _OWN.get((kind, abs(v)))
    return getattr(xp, own)(x) if own else getattr(xp, kind + "ve")(xp.full_like(x, v), x)


class ScaledBessel(BuiltIn):
    # Not in the table of operations: it has no derivative in v, and those of x are tested by the slopes
    # of the functions that are.
    label = "scaled_bessel"
    batch = classmethod(aligned)

    def forward(self, v, x, *, kind, order):
        self.ctx.save(v, x, kind, order)
        return self.xp.scaled_bessel(v, x, kind=kind, order=order)

    def backward(self, g):
        v, x, kind, order = self.ctx.release
        return None, unbroadcast(g * scaled_bessel(v, x, kind=kind, order=order + 1), tuple(x.shape))


def scaled_bessel(v: Any, x: Any, /, *, kind: str, order: int) -> Any:
    """Return a derivative in x of e ** -|x| I(v, x), kind "i", or of e ** x K(v, x), kind "k".

    v: a whole number or an array like x. order: of the derivative. Gradient: to x.
    """
    return ScaledBessel.of(v, x, kind=kind, order=order)
