"""The elementwise functions of the standard that have a derivative, as a table of formulas.

At a kink or a pole a formula gives what GRADIENTS in the documentation says; a comment tells how.
Complex numbers: see `elementwise`; each formula is the derivative times g.
"""

from __future__ import annotations

import math
import operator as op

from ..core.dtypes import differentiable
from .broadcasting import conj, real
from .constant import copysign_one, infinite_slope, is_no_base, is_zero, isfinite, log_tie, share
from .elementwise import elementwise, same
from .kernels import with_kernel, writing
from .promotion import one_dtype
from .selection import where

LOG_2, LOG_10 = math.log(2), math.log(10)
ANY, POSITIVE, INSIDE = (-2, 2), (0.2, 3), (-0.9, 0.9)
BOTH = (ANY, ANY)
AWAY = ((0.3, 2), (0.3, 2))


def _nonzero(x):
    """x with 1 where it is 0: what is divided by it there is 0, and the quotient stays 0."""
    return where(is_zero(x), 1, x)


# Arithmetic, with Python's operators.
add = elementwise("add", "Return x + y.", same, same, domain=BOTH, operator=op.add)
subtract = elementwise("subtract", "Return x - y.", same, lambda g: -g, domain=BOTH, operator=op.sub)
multiply = elementwise(
    "multiply",
    "Return x * y.",
    writing(lambda g, y: g * y, op.imul),
    writing(lambda g, x: g * x, op.imul),
    domain=BOTH,
    operator=op.mul,
)
divide = elementwise(
    "divide",
    "Return x / y.",
    lambda g, y: g / y,
    lambda g, y, out: -g * out / y,
    domain=(ANY, (0.3, 2)),
    operator=op.truediv,
)


def _power_slope(x, y):
    """y * x**(y - 1), and 0 where y is 0, also where x is 0 or NaN."""
    if isinstance(y, int | float | complex):
        return 0 if y == 0 else 2 * x if y == 2 else y * x ** (y - 1)
    none = is_zero(y)
    if not differentiable(y.dtype):
        return where(none, 0, y * x ** where(none, 1, y - 1))  # y - 1 wraps round where y is unsigned
    # Nowhere else: beside y = 0 the slope is not 0, so it has a derivative in y.
    none = none & is_no_base(x)
    return where(none, 0, y * where(none, 1, x) ** (y - 1))


def _exponent_slope(x, y, out):
    """out * log(x), and its limit where x is 0: 0 for y >= 0, -inf below."""
    x = one_dtype(x, y)[0]  # it may be a Python number, as in 2 ** y
    none = is_zero(x)
    return where(none, infinite_slope(x, y), where(none, 1, out) * log(where(none, 1, x)))


pow = elementwise(
    "pow",
    "Return x ** y.\n\nAt x = 0 the gradient to y is 0 for y >= 0; at x < 0 it is NaN.",
    lambda g, x, y: g * _power_slope(x, y),
    lambda g, x, y, out: g * _exponent_slope(x, y, out),
    domain=((0.3, 2), (-2, 2)),
    operator=op.pow,
)
remainder = elementwise(
    "remainder",
    "Return x - y * floor(x / y), with the sign of y.\n\nGradient: 1 to x, -floor(x / y) to y.",
    same,
    lambda g, x, y: -g * floor_divide(x, y),
    domain=((2.3, 2.9), (1.02, 1.1)),  # between the jumps, where floor(x / y) is 2
    operator=op.mod,
)
floor_divide = elementwise(
    "floor_divide",
    "Return floor(x / y). The gradient is zero.",
    None,
    None,
    domain=((0.1, 0.9), (1.1, 2)),
    operator=op.floordiv,
)
negative = elementwise("negative", "Return -x.", lambda g: -g, domain=ANY)
positive = elementwise("positive", "Return +x.", same, domain=ANY)
square = elementwise("square", "Return x * x.", lambda g, x: g * (2 * x), domain=ANY)
reciprocal = elementwise("reciprocal", "Return 1 / x.", lambda g, out: -g * out * out, domain=POSITIVE)
sqrt = elementwise(
    "sqrt",
    "Return the square root of x. The gradient at 0 is inf.",
    lambda g, out: g * 0.5 / out,
    domain=POSITIVE,
)

# Sign and rounding.
abs = elementwise(
    "abs",
    "Return |x|. The gradient at 0 is 0, also for complex x.",
    lambda g, x: g * sign(x),
    domain=(0.1, 2),
)
sign = elementwise(
    "sign",
    "Return the sign of x; z / |z| for complex z. The gradient at 0 is 0.",
    None,
    domain=(0.1, 2),
    # The part of g across the ray through z, over |z|: g itself is a real-linear operand here.
    on_complex=lambda g, x, out: (g - out * real(g * conj(out))) / _nonzero(abs(x)),
)
floor = elementwise("floor", "Return the integer below x. The gradient is zero.", None, domain=(0.1, 0.9))
ceil = elementwise("ceil", "Return the integer above x. The gradient is zero.", None, domain=(0.1, 0.9))
trunc = elementwise("trunc", "Return x without its fraction. The gradient is zero.", None, domain=(0.1, 0.9))
round = elementwise(
    "round", "Return the nearest integer, halves to even. The gradient is zero.", None, domain=(0.6, 1.4)
)
copysign = elementwise(
    "copysign",
    "Return |x| with the sign of y. The gradient to x at 0 is 0, to y zero.",
    lambda g, x, y: g * (sign(x) * copysign_one(y)),
    None,
    domain=AWAY,
)
nextafter = elementwise(
    "nextafter",
    "Return the next number after x towards y. The gradient is 1 to x, 0 to y.",
    same,
    None,
    domain=(ANY, ANY),
)

# Exponentials and logarithms.
exp = elementwise("exp", "Return e ** x.", lambda g, out: g * out, domain=ANY)
expm1 = elementwise("expm1", "Return e ** x - 1, accurate near 0.", lambda g, out: g * (out + 1), domain=ANY)
log = elementwise("log", "Return the natural logarithm of x.", lambda g, x: g / x, domain=POSITIVE)
log1p = elementwise(
    "log1p", "Return log(1 + x), accurate near 0.", lambda g, x: g / (x + 1), domain=(-0.8, 2)
)
log2 = elementwise(
    "log2", "Return the logarithm of x to base 2.", lambda g, x: g / (x * LOG_2), domain=POSITIVE
)
log10 = elementwise(
    "log10", "Return the logarithm of x to base 10.", lambda g, x: g / (x * LOG_10), domain=POSITIVE
)


def _log_share(x, y, out):
    """x - out, the logarithm of what x contributes, also where out is infinite."""
    return where(isfinite(out), x - out, log_tie(x, y, out))


logaddexp = elementwise(
    "logaddexp",
    "Return log(e ** x + e ** y). At (-inf, -inf) the gradient is an even split.",
    lambda g, x, y, out: g * exp(_log_share(x, y, out)),
    lambda g, x, y, out: g * exp(_log_share(y, x, out)),
    domain=BOTH,
)

# Trigonometric and hyperbolic functions.
sin = elementwise(
    "sin",
    "Return the sine of x, in radians.",
    with_kernel("sin_backward", lambda g, x: g * cos(x), new=True),
    domain=ANY,
)
cos = elementwise(
    "cos",
    "Return the cosine of x, in radians.",
    with_kernel("cos_backward", lambda g, x: -g * sin(x), new=True),
    domain=ANY,
)
tan = elementwise(
    "tan", "Return the tangent of x, in radians.", lambda g, out: g * (1 + out * out), domain=(-1, 1)
)
asin = elementwise(
    "asin", "Return the angle whose sine is x.", lambda g, x: g / sqrt((1 - x) * (1 + x)), domain=INSIDE
)
acos = elementwise(
    "acos", "Return the angle whose cosine is x.", lambda g, x: -g / sqrt((1 - x) * (1 + x)), domain=INSIDE
)
atan = elementwise("atan", "Return the angle whose tangent is x.", lambda g, x: g / (1 + x * x), domain=ANY)
sinh = elementwise("sinh", "Return the hyperbolic sine of x.", lambda g, x: g * cosh(x), domain=ANY)
cosh = elementwise("cosh", "Return the hyperbolic cosine of x.", lambda g, x: g * sinh(x), domain=ANY)
tanh = elementwise(
    "tanh",
    "Return the hyperbolic tangent of x.",
    with_kernel("tanh_backward", lambda g, out: g * (1 - out * out), new=True),
    domain=ANY,
)
asinh = elementwise(
    "asinh", "Return the number whose hyperbolic sine is x.", lambda g, x: g / sqrt(x * x + 1), domain=ANY
)
acosh = elementwise(
    "acosh",
    "Return the number whose hyperbolic cosine is x.",
    # Two roots, not one: sqrt(x * x - 1) has another branch where x is complex.
    lambda g, x: g / (sqrt(x - 1) * sqrt(x + 1)),
    domain=(1.2, 3),
)
atanh = elementwise(
    "atanh",
    "Return the number whose hyperbolic tangent is x.",
    lambda g, x: g / ((1 - x) * (1 + x)),
    domain=INSIDE,
)


def _over_length(x, out):
    """x / out, 0 where out is 0; of an infinite x its sign."""
    finite = isfinite(x)
    return where(finite, x, sign(x)) / where(finite, _nonzero(out), 1)


hypot = elementwise(
    "hypot",
    "Return sqrt(x * x + y * y). The gradient at (0, 0) is (0, 0).",
    lambda g, x, out: g * _over_length(x, out),
    lambda g, y, out: g * _over_length(y, out),
    domain=AWAY,
)


def _over_square(x, y, z):
    """z / (x * x + y * y) without overflow on the way, and 0 where both are 0 or one is infinite."""
    r = _nonzero(hypot(x, y))
    z = one_dtype(z, r)[0]  # it may be a Python number
    return where(isfinite(r), z, 0) / r / r


atan2 = elementwise(
    "atan2",
    "Return the angle of the point (y, x), whose tangent is x / y.\n\nThe gradient at (0, 0) is (0, 0).",
    lambda g, x, y: g * _over_square(x, y, y),
    lambda g, x, y: -g * _over_square(x, y, x),
    domain=AWAY,
)
maximum = elementwise(
    "maximum",
    "Return the larger of x and y. A tie splits the gradient evenly.",
    lambda g, x, y: g * share(x, y),
    lambda g, x, y: g * share(y, x),
    domain=(ANY, ANY),
)
minimum = elementwise(
    "minimum",
    "Return the smaller of x and y. A tie splits the gradient evenly.",
    lambda g, x, y: g * share(y, x),
    lambda g, x, y: g * share(x, y),
    domain=(ANY, ANY),
)
