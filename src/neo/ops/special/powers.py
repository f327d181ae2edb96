"""Roots, powers and exponentials, Box and Cox's transformations, angles in degrees."""

from __future__ import annotations

import math

from ...backends import define
from ..elementwise import elementwise
from ..formulas import abs, exp, log, log1p, sin
from ..selection import where
from .entropy import PAIRS
from .integrals import hyp1f1
from .parametric import parametric
from .pieces import either, one_if_infinite

ANY = (-2, 2)
DEGREE = math.pi / 180


@define("cbrt")
def _cbrt(xp, x):
    root = xp.sign(x) * xp.abs(x) ** (1 / 3)
    smooth = xp.isfinite(x) & (x != 0)
    near = xp.where(smooth, root, xp.ones_like(root))
    # One step of Newton's method: a third is no binary number, so the power is a few units off.
    return xp.where(smooth, near - (near - x / near / near) / 3, x)


cbrt = elementwise(
    "cbrt",
    "Return the cube root of x. The gradient at 0 is inf.",
    lambda g, out: g / (3 * (out * out)),
    domain=(0.2, 3),
)
exp2 = elementwise("exp2", "Return 2 ** x.", lambda g, out: g * (out * math.log(2)), domain=ANY)
exp10 = elementwise("exp10", "Return 10 ** x.", lambda g, out: g * (out * math.log(10)), domain=ANY)


@define("exp2")
def _exp2(xp, x):
    return xp.pow(xp.full_like(x, 2), x)


@define("exp10")
def _exp10(xp, x):
    return xp.pow(xp.full_like(x, 10), x)


@define("cosm1")
def _cosm1(xp, x):
    half = xp.sin(x / 2)
    return -2 * half * half


cosm1 = elementwise("cosm1", "Return cos(x) - 1, accurate near 0.", lambda g, x: -g * sin(x), domain=ANY)


@define("exprel")
def _exprel(xp, x):
    flat, far = x == 0, x == math.inf
    inner = xp.where(flat | far, xp.ones_like(x), x)
    return xp.where(flat, xp.ones_like(x), xp.where(far, x, xp.expm1(inner) / inner))


def exprel_slope(x):
    """The slope of (e ** x - 1) / x: closed far from 0, by Kummer's function near it."""
    return either(
        abs(x) < 1,
        x,
        lambda x: hyp1f1(2, 3, x) * 0.5,
        lambda x: exp(x) / one_if_infinite(x) * (1 - 1 / x) + 1 / x / x,
        (0, 1),
    )


exprel = elementwise(
    "exprel", "Return (e ** x - 1) / x, 1 at 0.", lambda g, x: g * exprel_slope(x), domain=ANY
)


@define("boxcox")
def _boxcox(xp, x, lmbda):
    return _stretched(xp, xp.log(x), lmbda)


@define("boxcox1p")
def _boxcox1p(xp, x, lmbda):
    return _stretched(xp, xp.log1p(x), lmbda)


def _stretched(xp, logarithm, lmbda):
    """(e ** (lmbda * logarithm) - 1) / lmbda, the logarithm itself where lmbda is next to 0."""
    flat = xp.abs(lmbda) < xp.finfo(lmbda.dtype).smallest_normal
    safe = xp.where(flat, xp.ones_like(lmbda), lmbda)
    return xp.where(flat, logarithm, xp.expm1(safe * logarithm) / safe)


def _lambda_slope(logarithm, lmbda, out):
    """The slope in lmbda of (base**lmbda - 1) / lmbda, from the logarithm of the base."""
    flat = logarithm == -math.inf
    logarithm = where(flat, 0, logarithm)
    t = lmbda * logarithm
    near = (abs(t) < 1) & ~flat
    # At base 0 the power times its logarithm is 0 for lmbda > 0.
    product = where(flat & (lmbda < 0), -math.inf, exp(where(near, 0, t)) * logarithm)
    far = (product - out) / where(near | (lmbda == 0), 1, lmbda)
    return where(near, logarithm * logarithm * exprel_slope(where(near, t, 0)), far)


POWERS = ((0.5, 3), (0.3, 2))
boxcox = parametric(
    "boxcox",
    "x lmbda",
    "Return (x ** lmbda - 1) / lmbda, log(x) where lmbda is 0.",
    x=lambda g, x, lmbda: g * x ** (lmbda - 1),
    lmbda=lambda g, x, lmbda, out: g * _lambda_slope(log(x), lmbda, out),
    domain=POWERS,
    samples=PAIRS,
)
boxcox1p = parametric(
    "boxcox1p",
    "x lmbda",
    "Return ((1 + x) ** lmbda - 1) / lmbda, log(1 + x) where lmbda is 0.",
    x=lambda g, x, lmbda: g * exp((lmbda - 1) * log1p(x)),
    lmbda=lambda g, x, lmbda, out: g * _lambda_slope(log1p(x), lmbda, out),
    domain=POWERS,
    samples=PAIRS,
)


def _shrunk(xp, y, lmbda):
    """log(1 + lmbda * y) / lmbda, y itself where lmbda is 0."""
    flat = lmbda == 0
    safe = xp.where(flat, xp.ones_like(lmbda), lmbda)
    return xp.where(flat, y, xp.log1p(safe * y) / safe)


@define("inv_boxcox")
def _inv_boxcox(xp, y, lmbda):
    return xp.exp(_shrunk(xp, y, lmbda))


@define("inv_boxcox1p")
def _inv_boxcox1p(xp, y, lmbda):
    return xp.expm1(_shrunk(xp, y, lmbda))


def _inverse_slope(logarithm, y, lmbda):
    """The slope in lmbda of base = (1 + lmbda * y) ** (1 / lmbda), by the rule of inverse functions."""
    return -_lambda_slope(logarithm, lmbda, y) * exp((1 - lmbda) * logarithm)


inv_boxcox = parametric(
    "inv_boxcox",
    "y lmbda",
    "Return the x whose boxcox(x, lmbda) is y.",
    y=lambda g, lmbda, out: g * out ** (1 - lmbda),
    lmbda=lambda g, y, lmbda, out: g * _inverse_slope(log(out), y, lmbda),
    domain=((-0.3, 2), (0.3, 2)),
    samples=PAIRS,
)
inv_boxcox1p = parametric(
    "inv_boxcox1p",
    "y lmbda",
    "Return the x whose boxcox1p(x, lmbda) is y.",
    y=lambda g, lmbda, out: g * (out + 1) ** (1 - lmbda),
    lmbda=lambda g, y, lmbda, out: g * _inverse_slope(log1p(out), y, lmbda),
    domain=((-0.3, 2), (0.3, 2)),
    samples=PAIRS,
)

sindg = elementwise(
    "sindg", "Return the sine of x degrees.", lambda g, x: g * (cosdg(x) * DEGREE), domain=(-170, 170)
)
cosdg = elementwise(
    "cosdg", "Return the cosine of x degrees.", lambda g, x: g * (sindg(x) * -DEGREE), domain=(-170, 170)
)
tandg = elementwise(
    "tandg",
    "Return the tangent of x degrees.",
    lambda g, x: g * (DEGREE / cosdg(x) ** 2),
    domain=(-70, 70),
)
cotdg = elementwise(
    "cotdg",
    "Return the cotangent of x degrees.",
    lambda g, x: g * (-DEGREE / sindg(x) ** 2),
    domain=(20, 160),
)


@define("radian")
def _radian(xp, d, m, s):
    return (d + (m + s / 60) / 60) * DEGREE


radian = parametric(
    "radian",
    "d m s",
    "Return an angle of d degrees, m minutes and s seconds in radians.",
    d=lambda g: g * DEGREE,
    m=lambda g: g * (DEGREE / 60),
    s=lambda g: g * (DEGREE / 3600),
    domain=(-60, 60),
    samples=[([(2, 3), (2, 3), (2, 3)], {}), ([(2, 1), (), (3,)], {})],
)
