"""Exponential and elliptic integrals, hypergeometric and Legendre functions."""

from __future__ import annotations

import math

from ...backends import define
from ..elementwise import elementwise
from ..formulas import abs, exp, log
from ..selection import where
from .parametric import parametric
from .pieces import either, one_if_infinite

POSITIVE = (0.3, 3)
# What a series loses outside of this circle the closed form has, and the other way round.
NEAR = 0.5

hyp1f1 = parametric(
    "hyp1f1",
    "a b x",
    "Return Kummer's function 1F1(a; b; x). Gradient: to x.",
    x=lambda g, a, b, x: g * (hyp1f1(a + 1, b + 1, x) * (a / b)),
    domain=(-2, 2),
    samples=[([(2, 3)], {"a": 1.5, "b": 2.5}), ([(3,)], {"a": [[0.5], [2.0]], "b": 3.0})],
)
hyp2f1 = parametric(
    "hyp2f1",
    "a b c x",
    "Return Gauss's function 2F1(a, b; c; x). Gradient: to x.",
    x=lambda g, a, b, c, x: g * (hyp2f1(a + 1, b + 1, c + 1, x) * (a * b / c)),
    domain=(-0.9, 0.5),
    samples=[([(2, 3)], {"a": 0.5, "b": 1.5, "c": 2.0}), ([()], {"a": 1.0, "b": 0.3, "c": 1.7})],
)

exp1 = elementwise(
    "exp1",
    "Return the exponential integral E1(x), from x to infinity of e**-t / t.",
    lambda g, x: -g * (exp(-x) / x),
    domain=POSITIVE,
)
expi = elementwise(
    "expi",
    "Return the exponential integral Ei(x), up to x of e**t / t.",
    lambda g, x: g * (exp(x) / one_if_infinite(x)),
    domain=POSITIVE,
)


def _expn_slope(n, x, out):
    """-E(n - 1), where E(0) is e ** -x / x and its slope known."""
    first = n == 0
    return where(first, -out * (1 + 1 / x), -expn(where(first, 1, n) - 1, x))


expn = parametric(
    "expn",
    "n x",
    "Return the exponential integral of whole order n. Gradient: to x.",
    x=lambda g, n, x, out: g * _expn_slope(n, x, out),
    integers="n",
    domain=POSITIVE,
    samples=[([(2, 3)], {"n": 3}), ([(3,)], {"n": 0}), ([(3,)], {"n": [[1], [2]]})],
)


def _ellipk_series(m):
    return hyp2f1(0.5, 0.5, 2, m) / (1 - m) * (math.pi / 8)


def _ellipk_closed(m):
    return (ellipe(m) / (1 - m) - ellipk(m)) / (2 * m)


ellipk = elementwise(
    "ellipk",
    "Return the complete elliptic integral of the first kind, of the parameter m.",
    lambda g, x: g * either(abs(x) < NEAR, x, _ellipk_series, _ellipk_closed, (0, -1)),
    domain=(-0.9, 0.9),
)
ellipe = elementwise(
    "ellipe",
    "Return the complete elliptic integral of the second kind, of the parameter m.",
    lambda g, x: (
        g
        * either(
            abs(x) < NEAR,
            x,
            lambda m: hyp2f1(0.5, 1.5, 2, m) * (-math.pi / 8),
            lambda m: (ellipe(m) - ellipk(m)) / (2 * m),
            (0, -1),
        )
    ),
    domain=(-0.9, 0.9),
)


@define("ellipem1")
def _ellipem1(xp, p):
    return xp.ellipe(1 - p)


# Slopes of p and not of 1 - p, which is 1 for the small p that these functions are for.
ellipem1 = elementwise(
    "ellipem1",
    "Return ellipe(1 - x), with a gradient that is right where x is small.",
    lambda g, x: (
        g
        * either(
            abs(1 - x) < NEAR,
            x,
            lambda p: hyp2f1(0.5, 1.5, 2, 1 - p) * (math.pi / 8),
            lambda p: (ellipkm1(p) - ellipem1(p)) / (2 * (1 - p)),
            (1, 2),
        )
    ),
    domain=(0.1, 1.8),
)


def _ellipkm1_closed(p):
    return (ellipkm1(p) - ellipem1(p) / p) / (2 * (1 - p))


ellipkm1 = elementwise(
    "ellipkm1",
    "Return ellipk(1 - x), accurate where x is small.",
    lambda g, x: g * either(abs(1 - x) < NEAR, x, lambda p: -_ellipk_series(1 - p), _ellipkm1_closed, (1, 2)),
    domain=(0.1, 1.8),
)
spence = elementwise(
    "spence",
    "Return the integral from 1 to x of log(t) / (1 - t). The gradient at 0 is -inf.",
    lambda g, x: (
        g
        * either(abs(x - 1) < NEAR, x, lambda x: -hyp2f1(1, 1, 2, 1 - x), lambda x: log(x) / (1 - x), (1, 2))
    ),
    domain=POSITIVE,
)


def _legendre_slope(m, v, x):
    """By the recurrence of DLMF 14.10.5, multiplied by 1 - x**2."""
    return ((v + 1) * x * lpmv(m, v, x) - (v - m + 1) * lpmv(m, v + 1, x)) / (1 - x * x)


lpmv = parametric(
    "lpmv",
    "m v x",
    "Return the associated Legendre function of order m and degree v at x.\n\n"
    "m: a whole number. Gradient: to x, NaN at -1 and 1.",
    x=lambda g, m, v, x: g * _legendre_slope(m, v, x),
    domain=(-0.8, 0.8),
    samples=[([(2, 3)], {"m": 1.0, "v": 2.5}), ([(3,)], {"m": [[0.0], [2.0]], "v": 3.0})],
)
