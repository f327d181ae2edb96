"""Distribution functions under the names that SciPy has from Cephes, with their densities as slopes.

A count that these functions round down to a whole number (k) has a zero gradient; a parameter whose
derivative has no closed form is refused.
"""

from __future__ import annotations

import math

from ..broadcasting import astype
from ..formulas import exp, floor, log1p, sqrt
from ..selection import where
from .gamma import beta as beta_function
from .incomplete import beta_density, gamma_density
from .parametric import parametric

INSIDE = (0.1, 0.9)


def _chance(name, operands, doc, **settings):
    """Define a distribution function; its first operands are parameters."""
    return parametric(
        name,
        operands,
        doc + "\n\nGradient: to " + ", ".join([x for x in operands.split() if settings.get(x)]) + ".",
        **settings,
    )


# The chi-square distribution with v degrees of freedom.
CHI = [([(2, 3)], {"v": 3.0}), ([(3,)], {"v": [[1.5], [30.0]]})]


def _chi_density(v, x):
    return gamma_density(v / 2, x / 2) / 2


chdtr = _chance(
    "chdtr",
    "v x",
    "Return the chance of a chi-square number below x.",
    x=lambda g, v, x: g * _chi_density(v, x),
    domain=(0.5, 6),
    samples=CHI,
)
chdtrc = _chance(
    "chdtrc",
    "v x",
    "Return the chance of a chi-square number above x.",
    x=lambda g, v, x: -g * where(x < 0, 0, _chi_density(v, where(x < 0, 1, x))),
    domain=(0.5, 6),
    samples=CHI,
)
chdtri = _chance(
    "chdtri",
    "v p",
    "Return the x for which chdtrc(v, x) is p.",
    p=lambda g, v, out: -g / _chi_density(v, out),
    domain=INSIDE,
    samples=CHI,
)

# The F distribution.
FREE = [([(2, 3)], {"dfn": 3.0, "dfd": 5.0}), ([(3,)], {"dfn": [[1.5], [8.0]], "dfd": 4.0})]


def _f_density(dfn, dfd, x):
    whole = dfd + dfn * x
    return beta_density(dfn / 2, dfd / 2, dfn * x / whole) * (dfn / whole) * (dfd / whole)


fdtr = _chance(
    "fdtr",
    "dfn dfd x",
    "Return the chance of an F-distributed number below x.",
    x=lambda g, dfn, dfd, x: g * _f_density(dfn, dfd, x),
    domain=(0.3, 3),
    samples=FREE,
)
fdtrc = _chance(
    "fdtrc",
    "dfn dfd x",
    "Return the chance of an F-distributed number above x.",
    x=lambda g, dfn, dfd, x: -g * _f_density(dfn, dfd, x),
    domain=(0.3, 3),
    samples=FREE,
)
fdtri = _chance(
    "fdtri",
    "dfn dfd p",
    "Return the x for which fdtr(dfn, dfd, x) is p.",
    p=lambda g, dfn, dfd, out: g / _f_density(dfn, dfd, out),
    domain=INSIDE,
    samples=FREE,
)

# The gamma distribution with rate a and shape b.
RATE = [([(2, 3), (3,)], {"b": 1.5}), ([(), ()], {"b": [12.0]})]
gdtr = _chance(
    "gdtr",
    "a b x",
    "Return the chance of a gamma-distributed number below x: rate a, shape b.",
    a=lambda g, a, b, x: g * (x * gamma_density(b, a * x)),
    x=lambda g, a, b, x: g * (a * gamma_density(b, a * x)),
    domain=((0.5, 2), (0.3, 2)),
    samples=RATE,
)
gdtrc = _chance(
    "gdtrc",
    "a b x",
    "Return the chance of a gamma-distributed number above x: rate a, shape b.",
    a=lambda g, a, b, x: -g * (x * gamma_density(b, a * x)),
    x=lambda g, a, b, x: -g * (a * gamma_density(b, a * x)),
    domain=((0.5, 2), (0.3, 2)),
    samples=RATE,
)

# Student's t distribution.
STUDENT = [([(2, 3)], {"df": 3.0}), ([(3,)], {"df": [[1.0], [20.0]]})]


# The coefficients of gamma(a + 1/2) / gamma(a) / sqrt(a) in 1 / a. Source: DLMF 5.11.13.
_HALF_STEP = (1, -1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304)
_MANY = 100


def _t_scale(df):
    """The density of Student's distribution at 0: gamma((df + 1) / 2) / gamma(df / 2) / sqrt(pi * df)."""
    large = df > 2 * _MANY
    u = 2 / where(large, df, 2 * _MANY)
    series = u * 0 + _HALF_STEP[-1]
    for scale in _HALF_STEP[-2::-1]:
        series = series * u + scale
    few = where(large, 1, df)
    return where(large, series * math.sqrt(0.5 / math.pi), 1 / (sqrt(few) * beta_function(few / 2, 0.5)))


def _t_density(df, t):
    return exp((df + 1) * -0.5 * log1p(t * t / df)) * _t_scale(df)


stdtr = _chance(
    "stdtr",
    "df t",
    "Return the chance of a t-distributed number below t.",
    t=lambda g, df, t: g * _t_density(df, t),
    domain=(-2, 2),
    samples=STUDENT,
)
stdtrit = _chance(
    "stdtrit",
    "df p",
    "Return the t for which stdtr(df, t) is p.",
    p=lambda g, df, out: g / _t_density(df, out),
    domain=INSIDE,
    samples=STUDENT,
)

# The binomial distribution: k or fewer of n succeed, each with chance p.
TRIES = [([(2, 3)], {"k": 2.0, "n": 5}), ([(3,)], {"k": [[0.0], [3.0]], "n": 4})]


def _binomial_density(k, n, p):
    """The slope of bdtrc in p, that of betainc(k + 1, n - k, p); 0 where k is n, or more."""
    k, n = floor(k), astype(n, p.dtype)
    inside = (k >= 0) & (k < n)
    return where(inside, beta_density(where(inside, k, 0) + 1, where(inside, n - k, 1), p), 0)


bdtr = _chance(
    "bdtr",
    "k n p",
    "Return the chance of k successes or fewer in n tries with chance p each.",
    k=None,
    p=lambda g, k, n, p: -g * _binomial_density(k, n, p),
    integers="n",
    domain=INSIDE,
    samples=TRIES,
)
bdtrc = _chance(
    "bdtrc",
    "k n p",
    "Return the chance of more than k successes in n tries with chance p each.",
    k=None,
    p=lambda g, k, n, p: g * _binomial_density(k, n, p),
    integers="n",
    domain=INSIDE,
    samples=TRIES,
)
bdtri = _chance(
    "bdtri",
    "k n y",
    "Return the p for which bdtr(k, n, p) is y.",
    k=None,
    y=lambda g, k, n, out: -g / _binomial_density(k, n, out),
    integers="n",
    domain=INSIDE,
    samples=[([(2, 3)], {"k": 2.0, "n": 5}), ([(3,)], {"k": [[0.0], [3.0]], "n": 4})],
)

# The negative binomial distribution: k or fewer failures before n successes. k, n: whole numbers.
WAITS = [([(2, 3)], {"k": 2, "n": 5}), ([(3,)], {"k": 3, "n": 2})]


def _waiting_density(k, n, p):
    return beta_density(astype(n, p.dtype), astype(k, p.dtype) + 1, p)


nbdtr = _chance(
    "nbdtr",
    "k n p",
    "Return the chance of at most k failures before n successes of chance p each.",
    p=lambda g, k, n, p: g * _waiting_density(k, n, p),
    integers="k n",
    domain=INSIDE,
    samples=WAITS,
)
nbdtrc = _chance(
    "nbdtrc",
    "k n p",
    "Return the chance of more than k failures before n successes of chance p each.",
    p=lambda g, k, n, p: -g * _waiting_density(k, n, p),
    integers="k n",
    domain=INSIDE,
    samples=WAITS,
)
nbdtri = _chance(
    "nbdtri",
    "k n y",
    "Return the p for which nbdtr(k, n, p) is y.",
    y=lambda g, k, n, out: g / _waiting_density(k, n, out),
    integers="k n",
    domain=INSIDE,
    samples=WAITS,
)

# The Poisson distribution of mean m.
EVENTS = [([(2, 3)], {"k": 2.0}), ([(3,)], {"k": [[0.0], [14.0]]})]


def _poisson_density(k, m):
    return gamma_density(floor(k) + 1, m)


pdtr = _chance(
    "pdtr",
    "k m",
    "Return the chance of k events or fewer where m are expected.",
    k=None,
    m=lambda g, k, m: -g * _poisson_density(k, m),
    domain=(0.5, 6),
    samples=EVENTS,
)
pdtrc = _chance(
    "pdtrc",
    "k m",
    "Return the chance of more than k events where m are expected.",
    k=None,
    m=lambda g, k, m: g * _poisson_density(k, m),
    domain=(0.5, 6),
    samples=EVENTS,
)
pdtri = _chance(
    "pdtri",
    "k y",
    "Return the m for which pdtr(k, m) is y.",
    y=lambda g, k, out: -g / gamma_density(astype(k, out.dtype) + 1, out),
    integers="k",
    domain=INSIDE,
    samples=[([(2, 3)], {"k": 2}), ([(3,)], {"k": 4})],
)
