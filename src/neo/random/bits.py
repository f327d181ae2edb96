"""Words of random bits into float64 numbers, the same ones on every machine.

Only operations that IEEE 754 defines to the last bit are used: sums, products, quotients, square
roots and the parts of a float. Libraries' log, cos or erf differ in the last bits from one
processor to the next, so the logarithm here is our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

# Numbers per pass: the temporaries of a pass stay in the cache.
_BLOCK = 1 << 15


def in_blocks(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return function(x) as float64, computed block by block; x: (n,)."""
    out = np.empty(x.shape)
    for start in range(0, x.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        out[part] = function(x[part])
    return out


def unit(words: np.ndarray) -> np.ndarray:
    """Return multiples of 2**-53 in [0, 1), from the top 53 bits."""
    return _signed(words >> 11) * 2.0**-53


def open_unit(words: np.ndarray) -> np.ndarray:
    """Return odd multiples of 2**-53 in (0, 1), from the top 52 bits: never 0, never 1."""
    return _signed((words >> 11) | 1) * 2.0**-53


def exponential(words: np.ndarray) -> np.ndarray:
    """Return standard exponential numbers, all positive and finite."""
    return -log(open_unit(words))


def gumbel(words: np.ndarray) -> np.ndarray:
    """Return standard Gumbel numbers, all finite."""
    return -log(exponential(words))


def normal(words: np.ndarray) -> np.ndarray:
    """Return standard normal numbers: the top bit is the sign, the others the tail probability.

    The tail has 63 bits, so numbers reach 9.2 standard deviations as often as they should.
    """
    z = quantile((_signed(words & _LOW_63) + 0.5) * 2.0**-64)
    return np.where(_signed(words) < 0, -z, z)


_LOW_63 = 2**63 - 1


def _signed(words: np.ndarray) -> np.ndarray:
    """Return words as int64, which processors turn into floats several times as fast as uint64."""
    return words.view(np.int64)


def _polynomial(coefficients: Sequence[float], x: np.ndarray) -> np.ndarray:
    """Return the polynomial of x, by Horner's rule; the highest power comes first."""
    out = coefficients[0] * x
    for c in coefficients[1:-1]:
        out += c
        out *= x
    out += coefficients[-1]
    return out


# log m = 2 (f + f**3 / 3 + f**5 / 5 + ...) with f = (m - 1) / (m + 1): for m within sqrt(2) of 1
# the term left out first, f**22 / 23, is below 1e-18.
_LOG = [2 / (2 * k + 1) for k in range(10, -1, -1)]
_LN2 = 0.6931471805599453


def log(x: np.ndarray) -> np.ndarray:
    """Return the natural logarithm of positive normal numbers, to about 2 units of the last place."""
    m, e = np.frexp(x)
    small = m < 0.7071067811865476
    m = np.where(small, 2 * m, m)
    f = (m - 1) / (m + 1)
    return (e - small) * _LN2 + f * _polynomial(_LOG, f * f)


def quantile(p: np.ndarray) -> np.ndarray:
    """Return the z <= 0 below which a standard normal number falls with chance p, in (0, 0.5].

    Source: Wichura, "Algorithm AS 241: The percentage points of the normal distribution" (1988),
    PPND16: relative error about 1e-16.
    """
    q = 0.5 - p
    r = 0.180625 - q * q
    z = _polynomial(_CENTRE[0], r) * q / _polynomial(_CENTRE[1], r)
    tail = np.flatnonzero(q > 0.425)
    if tail.size:
        z[tail] = _far(np.sqrt(-log(p[tail])))
    return -z


def _far(r: np.ndarray) -> np.ndarray:
    """Return the quantile's size beyond the centre, from r = sqrt(-log p)."""
    z = _polynomial(_TAIL[0], r - 1.6) / _polynomial(_TAIL[1], r - 1.6)
    end = np.flatnonzero(r > 5)
    if end.size:
        r = r[end] - 5
        z[end] = _polynomial(_END[0], r) / _polynomial(_END[1], r)
    return z


# Numerators and denominators of AS 241: |p - 1/2| <= 0.425, then r <= 5, then the rest.
_CENTRE = (
    [
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ],
    [
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ],
)
_TAIL = (
    [
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ],
    [
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ],
)
_END = (
    [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ],
    [
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ],
)
