"""NumPy's kernels for activations that take several passes: each writes into what it made itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .numpy_functions import refuse_complex, sigmoid

# As in neo.functions.activations: where slopes have reached their limits, and tanh its own.
_FAR, _SATURATED = 1000, 10
_CUBIC, _SCALE = 0.044715, math.sqrt(2 / math.pi)


def _in_place(ufunc: Any, x: Any) -> Any:
    """Return ufunc(x) in the array of x, unless it is a number."""
    return ufunc(x, out=x) if type(x) is np.ndarray else ufunc(x)


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


KERNELS = {f.__name__: f for f in (silu, silu_backward, softplus, gelu_tanh, gelu_tanh_backward)}
