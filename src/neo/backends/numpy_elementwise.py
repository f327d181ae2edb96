"""NumPy's kernels for elementwise functions and slopes: several passes write into one new array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import describe

# As in neo.functions.activations: where slopes have reached their limits, and tanh its own.
_FAR, _SATURATED = 1000, 10
# Up to so many elements np.maximum is quicker than a clip between two bounds; of many it takes twice as long.
_SMALL = 2048
_CUBIC, _SCALE = 0.044715, math.sqrt(2 / math.pi)


def _in_place(ufunc: Any, x: Any) -> Any:
    """Return ufunc(x) in the array of x, unless it is a number."""
    return ufunc(x, out=x) if type(x) is np.ndarray else ufunc(x)


def relu(x: Any) -> Any:
    """Return max(x, 0); NaN of NaN."""
    if x.dtype.kind == "f" and x.size > _SMALL:
        return x.clip(0, np.inf)
    refuse_complex("relu", x)
    return np.maximum(x, 0)


def sigmoid(x: Any) -> Any:
    """Return e ** x / (e ** x + 1): half the passes of a form that is safe from overflow on its own."""
    refuse_complex("sigmoid", x)
    # Beyond the bound the quotient is 1 in x's dtype, and e ** x not yet infinite.
    bound = 11 if x.dtype.itemsize == 2 else 40
    out = _in_place(np.exp, np.minimum(x, bound) if x.size <= _SMALL else x.clip(-np.inf, bound))
    out /= out + 1
    return out


def refuse_complex(name: str, x: Any) -> None:
    """Raise TypeError for complex numbers, of which a function is none."""
    if x.dtype.kind == "c":
        raise TypeError(f"{name} is a function of real numbers, got {describe(x)}")


def relu_backward(g: Any, out: Any) -> Any:
    """Return where(out <= 0, 0, g), by bits: np.where takes twice as long."""
    bits = f"i{g.dtype.itemsize}"
    # -1, all bits set, where g is kept; 0 where not.
    mask = np.subtract((out <= 0).view("i1"), 1).astype(bits)
    mask &= g.view(bits)
    return mask.view(g.dtype)


def tanh_backward(g: Any, out: Any) -> Any:
    """Return g * (1 - out * out), in one new array: at 1e7 numbers the time goes into page faults."""
    slope = out * out
    if type(slope) is not np.ndarray:  # a number
        return g * (1 - slope)
    np.subtract(1, slope, slope)
    slope *= g
    return slope


def sin_backward(g: Any, x: Any) -> Any:
    """Return g * cos(x), in one new array."""
    slope = np.cos(x)
    slope *= g
    return slope


def cos_backward(g: Any, x: Any) -> Any:
    """Return -g * sin(x), in one new array."""
    slope = np.sin(x)
    slope *= g
    slope *= -1
    return slope


def sigmoid_backward(g: Any, out: Any) -> Any:
    """Return g * (out * (1 - out)), in one new array."""
    slope = 1 - out
    slope *= out
    slope *= g
    return slope


def share(x: Any, y: Any) -> Any:
    """Return 1 where x > y, 1/2 where they are equal, else 0."""
    out = (x > y).astype(x.dtype)
    out += x >= y
    out *= 0.5
    return out


def silu(x: Any) -> Any:
    """Return x * sigmoid(x)."""
    refuse_complex("silu", x)
    out = sigmoid(x)
    out *= x
    return out


def silu_backward(g: Any, x: Any) -> Any:
    """Return g * s * (1 + x * (1 - s)), where s is sigmoid(x)."""
    s = sigmoid(x)
    slope = 1 - s
    slope *= x.clip(-np.inf, _FAR)
    slope += 1
    slope *= s
    slope *= g
    return slope


def softplus(x: Any) -> Any:
    """Return max(x, 0) + log(1 + e ** -|x|)."""
    refuse_complex("softplus", x)
    out = np.abs(x)
    out *= -1
    out = _in_place(np.log1p, _in_place(np.exp, out))
    out += x.clip(0, np.inf)
    return out


def _bent(near: Any, square: Any) -> Any:
    """Return the tanh that gelu's approximation adds to 1."""
    t = square * _CUBIC
    t += 1
    t *= near
    t *= _SCALE
    return _in_place(np.tanh, t)


def gelu_tanh(x: Any) -> Any:
    """Return gelu's approximation by tanh."""
    refuse_complex("gelu_tanh", x)
    near = x.clip(-_SATURATED, _SATURATED)
    out = _bent(near, near * near)
    out += 1
    out *= 0.5
    out *= x
    return out


def gelu_tanh_backward(g: Any, x: Any) -> Any:
    """Return the gradient of gelu_tanh; see neo.functions.activations."""
    near = x.clip(-_SATURATED, _SATURATED)
    square = near * near
    t = _bent(near, square)
    square *= 1.5 * _SCALE * _CUBIC
    square += 0.5 * _SCALE
    near *= square
    square = t * t
    square *= -1
    square += 1
    near *= square
    t += 1
    t *= 0.5
    near += t
    near *= g
    return near


KERNELS = {
    function.__name__: function
    for function in (
        cos_backward,
        gelu_tanh,
        gelu_tanh_backward,
        relu,
        relu_backward,
        share,
        sigmoid,
        sigmoid_backward,
        silu,
        silu_backward,
        sin_backward,
        softplus,
        tanh_backward,
    )
}
