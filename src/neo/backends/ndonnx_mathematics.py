"""Functions that ONNX lacks in double precision, made of those that onnxruntime has there.

ndonnx itself goes by way of float32, with a warning, and so gives half of the digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ndonnx as xp
import spox.opset.ai.onnx.v17 as onnx

HALF_PI = math.pi / 2
# What pi / 2 is more than the nearest double.
REST_OF_HALF_PI = 6.123233995736766e-17
LOG_TWO = math.log(2)
# Beyond it 1 + x * x is x * x in double precision.
FAR = 2.0**28


def _of_doubles(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is used for float64; for other dtypes ndonnx's own of that name is."""
    own = getattr(xp, function.__name__)

    def kernel(*operands: Any) -> Any:
        doubles = [x.dtype == xp.float64 for x in operands]
        return function(*operands) if all(doubles) else own(*operands)

    kernel.__name__, kernel.__doc__ = function.__name__, function.__doc__
    return kernel


@_of_doubles
def sin(x: Any) -> Any:
    """Return the sine."""
    return xp.asarray(onnx.sin(x.unwrap_spox()))


@_of_doubles
def cos(x: Any) -> Any:
    """Return the cosine."""
    return xp.asarray(onnx.cos(x.unwrap_spox()))


@_of_doubles
def tan(x: Any) -> Any:
    """Return the tangent."""
    return sin(x) / cos(x)


@_of_doubles
def sinh(x: Any) -> Any:
    """Return the hyperbolic sine."""
    size, half = xp.abs(x), xp.exp(xp.abs(x) / 2)
    less = xp.expm1(xp.where(size < 1, size, 1.0))  # near 0 it has the digits that e ** x has not
    near, far = (less + less / (less + 1)) / 2, half / 2 * half - 0.5 / half / half
    return xp.sign(x) * xp.where(size < 1, near, far)


@_of_doubles
def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine."""
    half = xp.exp(xp.abs(x) / 2)
    return half / 2 * half + 0.5 / half / half


@_of_doubles
def asinh(x: Any) -> Any:
    """Return the inverse of sinh."""
    size = xp.abs(x)
    near = xp.where(size < FAR, size, 1.0)
    square = near * near
    out = xp.where(size < FAR, xp.log1p(near + square / (1 + xp.sqrt(1 + square))), xp.log(size) + LOG_TWO)
    return xp.sign(x) * out


@_of_doubles
def acosh(x: Any) -> Any:
    """Return the inverse of cosh, which is at least 0; NaN below 1."""
    x = xp.where(x < 1, math.nan, x)
    above = xp.where(x < FAR, x, 2.0) - 1
    return xp.where(x < FAR, xp.log1p(above + xp.sqrt(above * (above + 2))), xp.log(x) + LOG_TWO)


@_of_doubles
def atanh(x: Any) -> Any:
    """Return the inverse of tanh."""
    size = xp.abs(x)
    return xp.sign(x) * 0.5 * xp.log1p(2 * size / (1 - size))


@_of_doubles
def atan(x: Any) -> Any:
    """Return the inverse of tan: that of float32, and a step of Newton's in double precision."""
    size = xp.abs(x)
    small = xp.where(size > 1, 1 / size, size)
    near = xp.astype(xp.atan(xp.astype(small, xp.float32)), xp.float64)
    step = (small * cos(near) - sin(near)) / (cos(near) + small * sin(near))
    angle = near + step
    return xp.sign(x) * xp.where(size > 1, HALF_PI - angle + REST_OF_HALF_PI, angle)


@_of_doubles
def asin(x: Any) -> Any:
    """Return the inverse of sin; NaN beyond -1 and 1."""
    return atan(x / xp.sqrt((1 - x) * (1 + x)))


@_of_doubles
def acos(x: Any) -> Any:
    """Return the inverse of cos; NaN beyond -1 and 1."""
    return 2 * atan(xp.sqrt((1 - x) / (1 + x)))


def copysign(x: Any, y: Any) -> Any:
    """Return x with the sign of y, that of -0.0 too."""
    negative = xp.where(y == 0, 1 / y < 0, y < 0)
    return xp.where(negative, -xp.abs(x), xp.abs(x))


def atan2(y: Any, x: Any) -> Any:
    """Return the angle of the point (x, y)."""
    size = atan(xp.abs(y) / xp.abs(xp.where(x == 0, 1.0, x)))
    size = xp.where(x == 0, xp.where(y == 0, 0.0, xp.ones_like(size) * HALF_PI), size)
    return copysign(xp.where(copysign(xp.ones_like(x), x) < 0, math.pi - size, size), y)


def hypot(x: Any, y: Any) -> Any:
    """Return sqrt(x * x + y * y) without overflow."""
    x, y = xp.abs(x), xp.abs(y)
    most, least = xp.maximum(x, y), xp.minimum(x, y)
    ratio = xp.where(most == 0, 0.0, least / xp.where(most == 0, 1.0, most))
    return xp.where(xp.isinf(most), most, most * xp.sqrt(1 + ratio * ratio))


def erf(x: Any) -> Any:
    """Return the error function, of single precision: onnxruntime has no other."""
    if x.dtype != xp.float32:
        raise NotImplementedError(
            f"onnxruntime has erf in float32, not in {x.dtype}; convert the array first"
        )
    return xp.asarray(onnx.erf(x.unwrap_spox()))


KERNELS = (acos, acosh, asin, asinh, atan, atan2, atanh, copysign, cos, cosh, erf, hypot, sin, sinh, tan)
