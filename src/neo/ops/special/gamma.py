"""The gamma function and its family: digamma, zeta, beta, binomial coefficients."""

from __future__ import annotations

import math
from typing import Any

from ...core.array import bottom_of, raw_of
from ...core.policy import library_of_all
from ..elementwise import elementwise
from ..formulas import cos, log1p, sin
from ..registry import composite
from ..selection import where
from .entropy import PAIRS
from .parametric import parametric
from .pieces import either, one_if_infinite

POSITIVE = (0.3, 4)
BOTH = (POSITIVE, POSITIVE)

gamma = elementwise(
    "gamma",
    "Return the gamma function of x; NaN at negative integers.",
    lambda g, x, out: g * (out * psi(x)),
    domain=POSITIVE,
)
gammaln = elementwise(
    "gammaln", "Return the logarithm of |gamma(x)|.", lambda g, x: g * psi(x), domain=POSITIVE
)
loggamma = elementwise(
    "loggamma",
    "Return the logarithm of gamma(x); NaN for negative x.",
    lambda g, x: g * psi(x),
    domain=POSITIVE,
)
gammasgn = elementwise(
    "gammasgn", "Return the sign of gamma(x). The gradient is zero.", None, domain=POSITIVE
)
psi = elementwise(
    "psi",
    "Return the digamma function, the slope of gammaln.",
    lambda g, x: g * polygamma(1, x),
    domain=POSITIVE,
)
polygamma = parametric(
    "polygamma",
    "n x",
    "Return the derivative of order n of psi(x). Gradient: to x.",
    x=lambda g, n, x: g * polygamma(n + 1, x),
    integers="n",
    domain=POSITIVE,
    samples=[([(2, 3)], {"n": 1}), ([(3,)], {"n": 0}), ([(3,)], {"n": [[2], [3]]})],
)


# How far psi_step steps up to Stirling's series, and the coefficients of that of psi in 1 / x**2.
STEPS = 10
_PSI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def psi_step(a, b):
    """psi(a + b) - psi(a), with every digit where the two are near each other.

    For positive a and a + b, by the recurrence of psi and the differences of its series, DLMF 5.11.2.
    """
    inside = (a > 0) & (a + b > 0)
    apart = psi(where(inside, 1, a + b)) - psi(where(inside, 1, a))
    low, step = where(inside, a, 1), where(inside, b, 0)
    out = step / (low + step) / low
    for k in range(1, STEPS):
        out = out + step / (low + step + k) / (low + k)
    return where(inside, out + _series_step(low + STEPS, step), apart)


def _series_step(low, step):
    u, w = 1 / low, 1 / (low + step)
    value, slope = _PSI[-1], 0 * u
    for scale in _PSI[-2::-1]:
        slope = slope * (u * u) + value
        value = value * (w * w) + scale
    slope = slope * (u * u) + value
    return log1p(step * u) + step * u * w * (0.5 + (u + w) * slope)


def _reflected_slope(x):
    """The slope of 1 / gamma(x) = gamma(1 - x) * sin(pi * x) / pi left of 1/2, where it has no poles."""
    there = 1 - x
    return gamma(there) * (cos(x * math.pi) - psi(there) * sin(x * math.pi) * (1 / math.pi))


def rgamma_slope(x):
    """The slope of 1 / gamma(x), finite at the poles of gamma."""
    return either(x < 0.5, x, _reflected_slope, lambda x: -psi(one_if_infinite(x)) * rgamma(x), (0, 1))


rgamma = elementwise(
    "rgamma",
    "Return 1 / gamma(x), 0 where gamma has a pole.",
    lambda g, x: g * rgamma_slope(x),
    domain=(-2.4, 3),
)
_hurwitz = parametric(
    "zeta",
    "x q",
    "Return Hurwitz's zeta function, the sum of 1 / (k + q)**x over k = 0, 1, ...\n\nGradient: to q.",
    q=lambda g, x, q: g * (-x * zeta(x + 1, q)),
    domain=POSITIVE,
    samples=[([(2, 3)], {"x": 2.5}), ([(3,)], {"x": [[2.0], [4.0]]})],
)
_riemann = parametric(
    "riemann_zeta", "x", "Return Riemann's zeta function. It has no derivative in closed form."
)


def zeta(x: Any, q: Any = None, /) -> Any:
    """Return Hurwitz's zeta function, the sum of 1 / (k + q)**x over k = 0, 1, ...

    x, q: (...) real floating; they broadcast. Without q it is Riemann's, that of q = 1.
    Gradient: to q. In x no closed form is known: pulling a gradient through it raises
    NotImplementedError.
    """
    return _riemann(x) if q is None else _hurwitz(x, q)


zetac = parametric(
    "zetac", "x", "Return Riemann's zeta function less 1. It has no derivative in closed form."
)


@composite(domain=(2, 6), samples=[([(2, 3)], {"d": 3}), ([()], {"d": 1})])
def multigammaln(a: Any, d: int, /) -> Any:
    """Return the logarithm of the gamma function of d dimensions. Gradient: to a.

    a: (...) real floating, over (d - 1) / 2. d: a positive whole number.
    Raises ValueError where a is too small or d is no such number.
    """
    count = int(raw_of(d))
    if count < 1 or count != raw_of(d):
        raise ValueError(f"multigammaln: d is a positive whole number of dimensions, got {d}")
    _check_over(a, (count - 1) / 2)
    out = gammaln(a) + count * (count - 1) / 4 * math.log(math.pi)
    for k in range(1, count):
        out = out + gammaln(a - k / 2)
    return out


def _check_over(a: Any, bound: float) -> None:
    raw = bottom_of(a)  # of every example, if it is batched
    xp = library_of_all((raw,)).raw
    if xp.is_known(raw) and xp.any(raw <= bound):
        raise ValueError(f"multigammaln: every a has to be over (d - 1) / 2 = {bound}")


poch = parametric(
    "poch",
    "z m",
    "Return gamma(z + m) / gamma(z). The gradient at the poles of either is NaN.",
    z=lambda g, z, m, out: g * (out * psi_step(z, m)),
    m=lambda g, z, m, out: g * (out * psi(z + m)),
    domain=BOTH,
    samples=PAIRS,
)
beta = parametric(
    "beta",
    "a b",
    "Return gamma(a) * gamma(b) / gamma(a + b).",
    a=lambda g, a, b, out: -g * (out * psi_step(a, b)),
    b=lambda g, a, b, out: -g * (out * psi_step(b, a)),
    domain=BOTH,
    samples=PAIRS,
)
betaln = parametric(
    "betaln",
    "a b",
    "Return the logarithm of |beta(a, b)|.",
    a=lambda g, a, b: -g * psi_step(a, b),
    b=lambda g, a, b: -g * psi_step(b, a),
    domain=BOTH,
    samples=PAIRS,
)


def _at_zeros(n, k, out):
    """Return where a binomial coefficient is 0, and n and k there, both harmless elsewhere."""
    none = out == 0
    return none, where(none, n, 1), where(none, k, 0)


def _top_slope(n, k, out):
    """The slope of a binomial coefficient in n; where it is 0, by way of its 1 / gamma(n - k + 1)."""
    none, top, low = _at_zeros(n, k, out)
    rest = top - low + 1
    at_zero = gamma(top + 1) * rgamma(low + 1) * (rgamma_slope(rest) + psi(top + 1) * rgamma(rest))
    k = where(none, 0, k)
    return where(none, at_zero, out * psi_step(n - k + 1, k))


def _low_slope(n, k, out):
    """The slope of a binomial coefficient in k; where it is 0, by way of its two 1 / gamma."""
    none, top, low = _at_zeros(n, k, out)
    a, b = low + 1, top - low + 1
    at_zero = gamma(top + 1) * (rgamma_slope(a) * rgamma(b) - rgamma(a) * rgamma_slope(b))
    k = where(none, 0, k)
    return where(none, at_zero, out * psi_step(k + 1, n - 2 * k))


binom = parametric(
    "binom",
    "n k",
    "Return the binomial coefficient, n over k, for real n and k.",
    n=lambda g, n, k, out: g * _top_slope(n, k, out),
    k=lambda g, n, k, out: g * _low_slope(n, k, out),
    domain=((3, 6), (0.5, 2.5)),
    samples=PAIRS,
)
