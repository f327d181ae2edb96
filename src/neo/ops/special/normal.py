"""The error function, the normal distribution and what belongs to them."""

from __future__ import annotations

import math

from ..elementwise import elementwise
from ..formulas import abs, exp
from .pieces import either

ANY = (-2, 2)
TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_HALF, ROOT_TAU = math.sqrt(0.5), math.sqrt(2 * math.pi)
# From here on the asymptotic series of erfcx and dawsn have more digits than closed forms of their slopes.
FAR, TERMS = 8, 20


def _bell(x):
    """The slope of erf."""
    return exp(-x * x) * TWO_OVER_ROOT_PI


def normal_density(x):
    """The density of the standard normal distribution."""
    return exp(x * x * -0.5) * (1 / ROOT_TAU)


erf = elementwise(
    "erf",
    "Return the error function: from 0 to x of e ** -t**2, times 2 / sqrt(pi).",
    lambda g, x: g * _bell(x),
    domain=ANY,
)
erfc = elementwise(
    "erfc",
    "Return 1 - erf(x), accurate where it is small.",
    lambda g, x: -g * _bell(x),
    domain=ANY,
)


def _tail(x, sign):
    """The slope of erfcx (-1) or dawsn (1) far out, where its closed form cancels, over a constant.

    Source: the asymptotic series of DLMF 7.12.1, differentiated.
    """
    u = 0.5 / (x * x)
    series = u * 0 + 1
    for n in range(TERMS, 0, -1):
        series = 1 + u * (sign * (2 * n + 1)) * series
    return -series * u


def _erfcx_slope(x):
    return either(
        x < FAR,
        x,
        lambda x: 2 * x * erfcx(x) - TWO_OVER_ROOT_PI,
        lambda x: _tail(x, -1) * TWO_OVER_ROOT_PI,
        (0, FAR),
    )


def _dawsn_slope(x):
    return either(abs(x) < FAR, x, lambda x: 1 - 2 * x * dawsn(x), lambda x: _tail(x, 1), (0, FAR))


erfcx = elementwise(
    "erfcx", "Return e ** (x * x) * erfc(x), without overflow.", lambda g, x: g * _erfcx_slope(x), domain=ANY
)
erfi = elementwise(
    "erfi", "Return -i * erf(i * x).", lambda g, x: g * (exp(x * x) * TWO_OVER_ROOT_PI), domain=ANY
)
dawsn = elementwise(
    "dawsn",
    "Return Dawson's integral: that of e ** (t * t - x * x) over t from 0 to x.",
    lambda g, x: g * _dawsn_slope(x),
    domain=ANY,
)
erfinv = elementwise(
    "erfinv",
    "Return the number whose error function is x. The gradient at -1 and 1 is inf.",
    lambda g, out: g * (exp(out * out) * (1 / TWO_OVER_ROOT_PI)),
    domain=(-0.9, 0.9),
)
erfcinv = elementwise(
    "erfcinv",
    "Return the number whose erfc is x. The gradient at 0 and 2 is -inf.",
    lambda g, out: -g * (exp(out * out) * (1 / TWO_OVER_ROOT_PI)),
    domain=(0.1, 1.9),
)
ndtr = elementwise(
    "ndtr",
    "Return the chance that a standard normal number is below x.",
    lambda g, x: g * normal_density(x),
    domain=ANY,
)
log_ndtr = elementwise(
    "log_ndtr",
    "Return the logarithm of ndtr(x), also where that is 0 or 1 but for rounding.",
    # The inverse Mills ratio: density over chance, of which neither can be had far left.
    lambda g, x: g * (math.sqrt(2 / math.pi) / erfcx(x * -ROOT_HALF)),
    domain=ANY,
)
ndtri = elementwise(
    "ndtri",
    "Return the number below which a standard normal one is with chance x.",
    lambda g, out: g * (exp(out * out * 0.5) * ROOT_TAU),
    domain=(0.1, 0.9),
)
ndtri_exp = elementwise(
    "ndtri_exp",
    "Return ndtri(e ** x), accurate where e ** x rounds to 0 or 1.",
    # The Mills ratio: e ** x is ndtr(out).
    lambda g, out: g * (erfcx(out * -ROOT_HALF) * math.sqrt(math.pi / 2)),
    domain=(-3, -0.1),
)
