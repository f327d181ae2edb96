"""Logistic functions, entropies, x * log(y) and robust losses."""

from __future__ import annotations

import math

from ...backends import define
from ..elementwise import elementwise
from ..formulas import abs, hypot, log, log1p, sign
from ..selection import where, zero_like
from .parametric import parametric

ANY, POSITIVE = (-2, 2), ((0.2, 3), (0.3, 3))
PAIRS = [([(), ()], {}), ([(2, 3), (2, 3)], {}), ([(2, 1), (3,)], {}), ([(0, 3), (1,)], {})]


@define("expit")
def _expit(xp, x):
    small = xp.exp(-xp.abs(x))
    # The numerator is e ** min(x, 0), so neither side overflows and neither loses digits.
    return xp.maximum(small, xp.astype(x >= 0, x.dtype)) / (1 + small)


expit = elementwise(
    "expit",
    "Return 1 / (1 + e ** -x), without overflow and accurate on both sides.",
    # expit(-x) and not 1 - out, which is 0 from x = 37.
    lambda g, x, out: g * (out * expit(-x)),
    domain=ANY,
)


@define("log_expit")
def _log_expit(xp, x):
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))


log_expit = elementwise(
    "log_expit",
    "Return the logarithm of expit(x), also where that is 0 or 1 but for rounding.",
    lambda g, x: g * expit(-x),
    domain=ANY,
)


@define("logit")
def _logit(xp, x):
    near = xp.abs(x - 0.5) < 0.2
    middle = xp.where(near, x, xp.full_like(x, 0.5))
    return xp.where(near, xp.log1p((2 * middle - 1) / (1 - middle)), xp.log(x / (1 - x)))


logit = elementwise(
    "logit",
    "Return log(x / (1 - x)), the inverse of expit.",
    lambda g, x: g / (x * (1 - x)),
    domain=(0.1, 0.9),
)


@define("entr")
def _entr(xp, x):
    inside = xp.where(x > 0, x, xp.ones_like(x))
    out = xp.where(x < 0, xp.full_like(x, -math.inf), -inside * xp.log(inside))
    return xp.where(xp.isnan(x), x, out)


entr = elementwise(
    "entr",
    "Return -x * log(x); 0 at 0, where the gradient is inf, and -inf below.",
    lambda g, x: g * where(x < 0, 0, -log(where(x < 0, 1, x)) - 1),
    domain=(0.2, 3),
)


def _product(xp, x, y, logarithm):
    """x * logarithm(y), 0 where x is 0 unless y is NaN; the logarithm is not taken there."""
    none = (x == 0) & ~xp.isnan(y)
    return xp.where(none, xp.zeros_like(x * y), x * logarithm(xp.where(none, xp.ones_like(x * y), y)))


@define("xlogy")
def _xlogy(xp, x, y):
    return _product(xp, x, y, xp.log)


@define("xlog1py")
def _xlog1py(xp, x, y):
    return _product(xp, x, y, xp.log1p)


def _over(x, y):
    """x / y, and 0 where both are 0."""
    return x / where((x == 0) & (y == 0), 1, y)


xlogy = parametric(
    "xlogy",
    "x y",
    "Return x * log(y), 0 where x is 0. The gradient at (0, 0) is -inf to x, 0 to y.",
    x=lambda g, y: g * log(y),
    y=lambda g, x, y: g * _over(x, y),
    domain=(ANY, (0.3, 3)),
    samples=PAIRS,
)
xlog1py = parametric(
    "xlog1py",
    "x y",
    "Return x * log(1 + y), 0 where x is 0.\n\nThe gradient at (0, -1) is -inf to x, 0 to y.",
    x=lambda g, y: g * log1p(y),
    y=lambda g, x, y: g * _over(x, y + 1),
    domain=(ANY, (-0.5, 2)),
    samples=PAIRS,
)


def _log_ratio(x, y):
    """log(x / y) of positive numbers, also where the quotient would overflow or underflow."""
    ratio = x / y
    fits = (ratio > 0) & (ratio < math.inf)
    apart = log(where(fits, 1, x)) - log(where(fits, 1, y))
    return where(fits, log(where(fits, ratio, 1)), apart)


def _inside(x, y):
    return (x > 0) & (y > 0)


def _entropy_slope(x, y, more):
    """The slope in x of x * log(x / y): -inf at x = 0, inf where y is 0 as well, 0 where it is inf."""
    inside, edge = _inside(x, y), zero_like(x)
    edge = where((x == 0) & (y > 0), -math.inf, where((x == 0) & (y == 0), math.inf, edge))
    return where(inside, _log_ratio(where(inside, x, 1), where(inside, y, 1)) + more, edge)


def _quotient(x, y):
    """x / y inside, 0 elsewhere."""
    inside = _inside(x, y)
    return where(inside, x, 0) / where(inside, y, 1)


@define("rel_entr")
def _rel_entr(xp, x, y):
    inside = (x > 0) & (y > 0)
    x_safe, y_safe = xp.where(inside, x, xp.ones_like(x)), xp.where(inside, y, xp.ones_like(y))
    ratio = x_safe / y_safe
    close = (ratio > 0.5) & (ratio < 2)
    fits = (ratio > 0) & (ratio < math.inf)
    apart = xp.log(x_safe) - xp.log(y_safe)
    plain = xp.where(fits, xp.log(xp.where(fits, ratio, xp.ones_like(ratio))), apart)
    logarithm = xp.where(close, xp.log1p((x_safe - y_safe) / y_safe), plain)
    out = xp.where(inside, x_safe * logarithm, xp.full_like(ratio, math.inf))
    out = xp.where((x == 0) & (y >= 0), xp.zeros_like(ratio), out)
    return xp.where(xp.isnan(x) | xp.isnan(y), x + y, out)


rel_entr = parametric(
    "rel_entr",
    "x y",
    "Return x * log(x / y); 0 where x is 0, inf where either is negative.",
    x=lambda g, x, y: g * _entropy_slope(x, y, 1),
    y=lambda g, x, y: -g * _quotient(x, y),
    domain=POSITIVE,
    samples=PAIRS,
)


kl_div = parametric(
    "kl_div",
    "x y",
    "Return x * log(x / y) - x + y; y at x = 0, inf where either is negative.",
    x=lambda g, x, y: g * _entropy_slope(x, y, 0),
    y=lambda g, x, y: g * where((x >= 0) & (y >= 0), 1 - _quotient(x, y), 0),
    domain=POSITIVE,
    samples=PAIRS,
)


@define("huber")
def _huber(xp, delta, r):
    size = xp.abs(r)
    out = xp.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return xp.where(delta < 0, xp.full_like(out, math.inf), out)


def _huber_slope(delta, r):
    return where(delta < 0, 0, where(abs(r) <= delta, r, delta * sign(r)))


huber = parametric(
    "huber",
    "delta r",
    "Return r * r / 2 where |r| <= delta, delta * (|r| - delta / 2) beyond.\n\nIt is inf where delta < 0.",
    delta=lambda g, delta, r: g * where((delta < 0) | (abs(r) <= delta), 0, abs(r) - delta),
    r=lambda g, delta, r: g * _huber_slope(delta, r),
    domain=((0.5, 0.9), (1, 3)),
    samples=PAIRS,
)


@define("pseudo_huber")
def _pseudo_huber(xp, delta, r):
    at_zero = (delta == 0) | (r == 0)
    safe = xp.where(at_zero, xp.ones_like(delta), delta)
    steep = r / safe
    bounded = xp.where(xp.isinf(steep), xp.ones_like(steep), steep)
    share = xp.where(xp.isinf(steep), xp.sign(steep), bounded / (1 + xp.hypot(xp.ones_like(steep), bounded)))
    out = xp.where(at_zero, xp.zeros_like(r), delta * r * share)
    return xp.where(delta < 0, xp.full_like(out, math.inf), out)


def _length(delta, r):
    """hypot(delta, r), and 1 where it is 0 or the function is inf."""
    none = (delta < 0) | ((delta == 0) & (r == 0))
    return hypot(where(none, 1, delta), where(none, 0, r))


def _scale_slope(delta, r):
    """r**4 / (h * (h + delta)**2), which is what the textbook's form is without its cancellation."""
    h = _length(delta, r)
    return where(delta < 0, 0, r * (r / h) * (r / (h + where(delta < 0, 0, delta))) ** 2)


pseudo_huber = parametric(
    "pseudo_huber",
    "delta r",
    "Return delta**2 * (sqrt(1 + (r / delta)**2) - 1); inf if delta < 0.",
    delta=lambda g, delta, r: g * _scale_slope(delta, r),
    r=lambda g, delta, r: g * where(delta < 0, 0, r * (delta / _length(delta, r))),
    domain=((0.5, 2), (0.3, 3)),
    samples=PAIRS,
)
