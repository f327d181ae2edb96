"""Incomplete gamma and beta functions and their inverses, differentiable in the argument."""

from __future__ import annotations

import math

from ..formulas import abs, exp, log, log1p, sqrt
from ..selection import where
from .entropy import xlog1py, xlogy
from .gamma import betaln, gammaln
from .parametric import parametric

# Shapes of one differentiated operand with parameters beside it.
ONE = [([(2, 3)], {"a": 1.5}), ([(3,)], {"a": [[0.8], [12.0]]})]
TWO = [([(2, 3)], {"a": 1.5, "b": 2.5}), ([(3,)], {"a": [[0.8], [3.0]], "b": 0.7})]
LARGE = 10
INSIDE = (0.1, 0.9)


def _stirling_rest(a):
    """gammaln(a + 1) less Stirling's formula, for a >= 10. Source: DLMF 5.11.1."""
    u = 1 / (a * a)
    scales = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
    series = u * 0 + scales[-1]
    for scale in scales[-2::-1]:
        series = series * u + scale
    return series / a


def _deviance(many, x):
    """many * log(many / x) - many + x, of which the large parts cancel where the two are near."""
    off = (x - many) / many
    near = abs(off) < 0.5
    return many * where(near, off - log1p(where(near, off, 0)), off - log(x / many))


def gamma_density(a, x):
    """x**(a - 1) * e**-x / gamma(a), the slope of gammainc.

    For large a by Loader's form, in which the large parts have cancelled on paper: the exponent is
    the deviance of x from a. Source: C. Loader, "Fast and accurate computation of binomial
    probabilities" (2000).
    """
    large = (a >= LARGE) & (x > 0)
    many, there = where(large, a, LARGE), where(large, x, LARGE)
    rest = _deviance(many, there) + _stirling_rest(many)
    saddle = exp(-rest) * sqrt(many * (0.5 / math.pi)) / there
    few, here = where(large, 1, a), where(large, 1, x)
    return where(large, saddle, exp(xlogy(few - 1, here) - here - gammaln(few)))


def beta_density(a, b, x):
    """x**(a - 1) * (1 - x)**(b - 1) / beta(a, b), the slope of betainc.

    For large a and b by Loader's form too.
    """
    large = (a >= LARGE) & (b >= LARGE) & (x > 0) & (x < 1)
    there = where(large, x, 0.5)
    saddle = _beta_saddle(where(large, a, LARGE), where(large, b, LARGE), there)
    few, others, here = where(large, 1, a), where(large, 1, b), where(large, 0.5, x)
    plain = exp(xlogy(few - 1, here) + xlog1py(others - 1, -here) - _betaln(few, others))
    return where(large, saddle, plain)


def _betaln(a, b):
    """betaln; where a or b is large by Stirling's formula, its large parts cancelled on paper."""
    first = a >= b
    most, least = where(first, a, b), where(first, b, a)
    far = most >= LARGE
    most, close = where(far, most, LARGE), where(far, 1, most)
    rest = _stirling_rest(most + least) - _stirling_rest(most)
    ratio = (most - 0.5) * log1p(least / most) + least * log(most + least) - least + rest
    return where(far, gammaln(least) - ratio, betaln(close, where(far, 1, least)))


def _beta_saddle(a, b, x):
    whole = a + b
    exponent = _deviance(a, whole * x) + _deviance(b, whole * (1 - x))
    rest = _stirling_rest(a) + _stirling_rest(b) - _stirling_rest(whole)
    return exp(-exponent - rest) * sqrt(a * (b / whole) * (0.5 / math.pi)) / (x * (1 - x))


_REFUSED = "\n\nGradient: to {}. In the other operands it is refused: no closed form is known."

gammainc = parametric(
    "gammainc",
    "a x",
    "Return the regularized lower incomplete gamma function." + _REFUSED.format("x"),
    x=lambda g, a, x: g * gamma_density(a, x),
    domain=(0.3, 4),
    samples=ONE,
)
gammaincc = parametric(
    "gammaincc",
    "a x",
    "Return 1 - gammainc(a, x), accurate where it is small." + _REFUSED.format("x"),
    x=lambda g, a, x: -g * gamma_density(a, x),
    domain=(0.3, 4),
    samples=ONE,
)
gammaincinv = parametric(
    "gammaincinv",
    "a y",
    "Return the x for which gammainc(a, x) is y." + _REFUSED.format("y"),
    y=lambda g, a, out: g / gamma_density(a, out),
    domain=INSIDE,
    samples=ONE,
)
gammainccinv = parametric(
    "gammainccinv",
    "a y",
    "Return the x for which gammaincc(a, x) is y." + _REFUSED.format("y"),
    y=lambda g, a, out: -g / gamma_density(a, out),
    domain=INSIDE,
    samples=ONE,
)
betainc = parametric(
    "betainc",
    "a b x",
    "Return the regularized incomplete beta function." + _REFUSED.format("x"),
    x=lambda g, a, b, x: g * beta_density(a, b, x),
    domain=INSIDE,
    samples=TWO,
)
betaincc = parametric(
    "betaincc",
    "a b x",
    "Return 1 - betainc(a, b, x), accurate where it is small." + _REFUSED.format("x"),
    x=lambda g, a, b, x: -g * beta_density(a, b, x),
    domain=INSIDE,
    samples=TWO,
)
betaincinv = parametric(
    "betaincinv",
    "a b y",
    "Return the x for which betainc(a, b, x) is y." + _REFUSED.format("y"),
    y=lambda g, a, b, out: g / beta_density(a, b, out),
    domain=INSIDE,
    samples=TWO,
)
betainccinv = parametric(
    "betainccinv",
    "a b y",
    "Return the x for which betaincc(a, b, x) is y." + _REFUSED.format("y"),
    y=lambda g, a, b, out: -g / beta_density(a, b, out),
    domain=INSIDE,
    samples=TWO,
)
