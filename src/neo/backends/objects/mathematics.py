"""Elementwise functions of mpmath at the precision in force, on arrays of objects."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from .array import ObjectArray, as_mpf, bare, wrap

_COMPLEX = (complex, mpmath.mpc)


def elementwise(function: Callable[..., Any], count: int = 1) -> Callable[..., Any]:
    """Return a function of numbers as one of arrays; NaN where a real number has no real value."""
    each = np.frompyfunc(lambda *xs: _real_stays_real(function, xs), count, 1)
    return lambda *operands: wrap(each(*[bare(x) for x in operands]))


def _real_stays_real(function: Callable[..., Any], xs: Any) -> Any:
    try:
        out = function(*[x if isinstance(x, _COMPLEX) else mpmath.mpf(x) for x in map(as_mpf, xs)])
    except (ValueError, ZeroDivisionError):  # a pole
        return mpmath.nan
    real = not any([isinstance(x, _COMPLEX) for x in xs])
    return mpmath.nan if real and isinstance(out, _COMPLEX) else out


def predicate(function: Callable[[Any], bool]) -> Callable[..., Any]:
    """Return a test of numbers as one of arrays."""
    each = np.frompyfunc(lambda x: bool(function(x)), 1, 1)
    return lambda x: ObjectArray(np.asarray(each(bare(x)), dtype=bool))


def exact(function: Callable[..., Any], count: int = 1) -> Callable[..., Any]:
    """Return a function that keeps fractions fractions as one of arrays."""
    each = np.frompyfunc(function, count, 1)
    return lambda *operands: wrap(each(*[bare(x) for x in operands]))


def to_complex(values: np.ndarray) -> np.ndarray:
    """Return elements as mpmath's complex numbers."""
    out = np.empty(values.shape, object)
    out.reshape(-1)[:] = [mpmath.mpc(as_mpf(x)) for x in values.astype(object).flat]
    return out


def _sign(x: Any) -> Any:
    if isinstance(x, _COMPLEX):
        return x / abs(x) if x else x
    return x if x != x else type(x)(0) + (x > 0) - (x < 0)


def _rounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function to whole numbers of the same kind."""

    def on_number(x: Any) -> Any:
        whole = function(as_mpf(x))
        return Fraction(int(whole)) if isinstance(x, Fraction) else whole

    return on_number


def _trunc(x: Any) -> Any:
    return mpmath.ceil(x) if x < 0 else mpmath.floor(x)


def _logaddexp(x: Any, y: Any) -> Any:
    high, low = (x, y) if x > y else (y, x)
    return high if high == -mpmath.inf or high == mpmath.inf else high + mpmath.log1p(mpmath.exp(low - high))


def _real(x: Any) -> Any:
    return x.real if isinstance(x, _COMPLEX) else x


def _imag(x: Any) -> Any:
    return x.imag if isinstance(x, _COMPLEX) else type(x)(0)


_NAMES = (
    "exp expm1 log log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf"
).split()
FUNCTIONS: dict[str, Any] = {name: elementwise(getattr(mpmath, name)) for name in _NAMES}
FUNCTIONS |= {
    "log2": elementwise(lambda x: mpmath.log(x) / mpmath.ln2),
    "log10": elementwise(mpmath.log10),
    "atan2": elementwise(mpmath.atan2, 2),
    "hypot": elementwise(mpmath.hypot, 2),
    "logaddexp": elementwise(_logaddexp, 2),
    "abs": exact(abs),
    "negative": exact(lambda x: -x),
    "positive": exact(lambda x: x),
    "square": exact(lambda x: x * x),
    "reciprocal": exact(lambda x: 1 / x if x else mpmath.inf),
    "sign": exact(_sign),
    "floor": exact(_rounded(mpmath.floor)),
    "ceil": exact(_rounded(mpmath.ceil)),
    "trunc": exact(_rounded(_trunc)),
    "round": exact(_rounded(mpmath.nint)),
    "real": exact(_real),
    "imag": exact(_imag),
    "conj": exact(lambda x: x.conjugate()),
    "copysign": exact(lambda x, y: abs(x) if y >= 0 else -abs(x), 2),
    "signbit": predicate(lambda x: x < 0),
    "isnan": predicate(lambda x: x != x),
    "isinf": predicate(lambda x: abs(x) == mpmath.inf),
    "isfinite": predicate(lambda x: x == x and abs(x) != mpmath.inf),
}
_SPECIAL: dict[str, Any] = {
    "gamma": mpmath.gamma,
    "gammaln": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "loggamma": mpmath.loggamma,
    "rgamma": mpmath.rgamma,
    "psi": lambda x: mpmath.psi(0, x),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erfinv": mpmath.erfinv,
    "expi": mpmath.ei,
    "exp1": mpmath.e1,
    "j0": lambda x: mpmath.besselj(0, x),
    "j1": lambda x: mpmath.besselj(1, x),
    "y0": lambda x: mpmath.bessely(0, x),
    "y1": lambda x: mpmath.bessely(1, x),
    "i0": lambda x: mpmath.besseli(0, x),
    "i1": lambda x: mpmath.besseli(1, x),
    "ndtr": mpmath.ncdf,
    "k0": lambda x: mpmath.besselk(0, x),
    "k1": lambda x: mpmath.besselk(1, x),
    "k0e": lambda x: mpmath.besselk(0, x) * mpmath.exp(x),
    "k1e": lambda x: mpmath.besselk(1, x) * mpmath.exp(x),
    "i0e": lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)),
    "i1e": lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)),
    "erfi": mpmath.erfi,
    "erfcx": lambda x: mpmath.erfc(x) * mpmath.exp(x * x),
    "erfcinv": lambda x: mpmath.erfinv(1 - x),
    "ndtri": lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1),
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)),
    "spence": lambda x: mpmath.polylog(2, 1 - x),
    "ellipkm1": lambda x: mpmath.ellipk(1 - x),
    "dawsn": lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x),
    "gammasgn": lambda x: mpmath.sign(mpmath.gamma(x)),
    "sindg": lambda x: mpmath.sin(mpmath.radians(x)),
    "cosdg": lambda x: mpmath.cos(mpmath.radians(x)),
    "tandg": lambda x: mpmath.tan(mpmath.radians(x)),
    "cotdg": lambda x: mpmath.cot(mpmath.radians(x)),
    "ellipk": mpmath.ellipk,
    "ellipe": mpmath.ellipe,
}
_SPECIAL_OF_TWO: dict[str, Any] = {
    "jv": mpmath.besselj,
    "yv": mpmath.bessely,
    "iv": mpmath.besseli,
    "kv": mpmath.besselk,
    "polygamma": lambda n, x: mpmath.psi(int(n), x),
    "zeta": mpmath.zeta,
    "beta": mpmath.beta,
    "gammainc": lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
    "betaln": lambda x, y: mpmath.log(abs(mpmath.beta(x, y))),
    "binom": mpmath.binomial,
    "poch": mpmath.rf,
    "expn": lambda n, x: mpmath.expint(n, x),
    "ive": lambda v, x: mpmath.besseli(v, x) * mpmath.exp(-abs(x)),
    "kve": lambda v, x: mpmath.besselk(v, x) * mpmath.exp(x),
    "kn": mpmath.besselk,
    "yn": mpmath.bessely,
    "gammaincc": lambda a, x: mpmath.gammainc(a, x, regularized=True),
}


_SPECIAL_OF_MORE: dict[str, tuple[int, Any]] = {
    "hyp1f1": (3, mpmath.hyp1f1),
    "hyp2f1": (4, mpmath.hyp2f1),
    "betainc": (3, lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True)),
    "betaincc": (3, lambda a, b, x: mpmath.betainc(a, b, x, 1, regularized=True)),
}


def special(name: str) -> Callable[..., Any] | None:
    """Return the raw function of neo.numpy.special of that name, or None."""
    if name in _SPECIAL:
        return elementwise(_SPECIAL[name])
    if name in _SPECIAL_OF_MORE:
        count, function = _SPECIAL_OF_MORE[name]
        return elementwise(function, count)
    return elementwise(_SPECIAL_OF_TWO[name], 2) if name in _SPECIAL_OF_TWO else None
