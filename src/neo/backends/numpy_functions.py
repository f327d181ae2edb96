"""NumPy's kernels for neo.functions: what is defined there, with fewer passes over memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import standard
from .numpy_erf import erf, gelu, gelu_backward

Axes = tuple[int, ...]


def matmul_backward(g: Any, a: Any, b: Any, *shapes: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the gradients of a @ b; see neo.ops.products."""
    if len(shapes[0]) == len(shapes[1]) == 2:
        return None if b is None else g.dot(_conjugate(b).T), None if a is None else _conjugate(a).T.dot(g)
    return (
        None if b is None else unbroadcast(np.matmul(g, np.swapaxes(_conjugate(b), -1, -2)), shapes[0]),
        None if a is None else unbroadcast(np.matmul(np.swapaxes(_conjugate(a), -1, -2), g), shapes[1]),
    )


def unbroadcast(x: Any, shape: tuple[int, ...]) -> Any:
    """Return x summed over the axes that broadcasting added to a shape, or stretched in it."""
    if x.shape == shape:
        return x
    if x.shape[1:] == shape:
        return np.add.reduce(x, axis=0)
    added = x.ndim - len(shape)
    axes = (*range(added), *[k + added for k, n in enumerate(shape) if n == 1 and x.shape[k + added] != 1])
    return np.add.reduce(x, axis=axes, keepdims=True).reshape(shape)


def where_backward(g: Any, condition: Any, shape_x: Axes | None, shape_y: Axes | None) -> tuple[Any, ...]:
    """Return the gradients of where; see neo.ops.selection."""
    return (
        None,
        None if shape_x is None else unbroadcast(np.where(condition, g, 0), shape_x),
        None if shape_y is None else unbroadcast(np.where(condition, 0, g), shape_y),
    )


def spread(g: Any, shape: tuple[int, ...], axes: Axes) -> np.ndarray:
    """Return g, a sum over axes of an array of a shape, at every element summed: a read-only view.

    By NumPy's own constructor: `np.broadcast_to` is written in Python and takes five times as long.
    """
    if 0 in shape or not g.flags.c_contiguous:
        return np.broadcast_to(g.reshape([1 if k in axes else n for k, n in enumerate(shape)]), shape)
    steps, step = [], g.itemsize
    for k in range(len(shape) - 1, -1, -1):
        steps.append(0 if k in axes else step)
        step *= 1 if k in axes else shape[k]
    view = np.ndarray(shape, g.dtype, g, 0, steps[::-1])
    view.flags.writeable = False
    return view


def scatter(g: Any, shape: tuple[int, ...], key: Any) -> Any:
    """Return zeros of a shape with g added at key: the gradient of indexing."""
    out = np.zeros(shape, g.dtype)
    if standard.is_basic(key):  # no position twice, so writing is adding
        out[key] = g
    else:
        np.add.at(out, key, g)
    return out


def add_part(x: Any, key: Any, g: Any) -> None:
    """Add g to x[key], in place; the key holds no arrays."""
    part = x[key]
    if part.shape:
        part += g
    else:  # a number of its own, not a view
        x[key] = part + g


def linear(x: Any, weight: Any, bias: Any) -> Any:
    """Return x @ weight + bias, the bias added in place."""
    out = x.dot(weight)  # of two matrices np.matmul's own, in a third of the time if they are small
    if bias is not None:
        out += bias
    return out


def linear_backward(g: Any, x: Any, weight: Any, lead: Axes | None) -> tuple[Any, ...]:
    """Return the gradients of linear to x, weight and bias. See neo.functions.linear."""
    if g.ndim != 2:
        dx, *others = linear_backward(_rows(g), None if x is None else _rows(x), weight, lead)
        return None if dx is None else dx.reshape(*g.shape[:-1], dx.shape[1]), *others
    return (
        None if weight is None else g.dot(_conjugate(weight).T),
        None if x is None else _conjugate(x).T.dot(g),
        np.ones(len(g), g.dtype, like=g).dot(g) if lead is not None else None,  # see over_lead
    )


def _rows(x: Any) -> Any:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def over_lead(g: Any, rest: int) -> Any:
    """Return the sum of g over all axes but the last ones, as many as rest.

    A matrix product takes a third of the time, and adds in blocks, so with a third of the error.
    """
    count = math.prod(g.shape[: g.ndim - rest])
    shape = g.shape[g.ndim - rest :]
    return np.ones(count, g.dtype, like=g).dot(g.reshape(count, math.prod(shape))).reshape(shape)


def _conjugate(a: Any) -> Any:
    return a.conj() if a.dtype.kind == "c" else a


def shifted(x: Any, axes: Axes) -> tuple[Any, Any]:
    """Return x less its maximum over axes, and the maximum. See neo.functions.softmax."""
    top = np.maximum.reduce(x, axis=axes, keepdims=True)
    if np.logical_and.reduce(np.isfinite(top), axis=None):
        return x - top, top
    reached = x == top
    return np.where(reached, 0, x) - np.where(reached, 0, top), top


# Up to these sizes e ** x neither overflows nor underflows, and no sum of such numbers does.
_MODERATE = {np.dtype(np.float32): 40.0, np.dtype(np.float64): 340.0}


def softmax(x: Any, axes: Axes) -> Any:
    """Return e ** x over its sum; the maximum of every row, half of the time, only where it is needed."""
    limit = _MODERATE.get(x.dtype)
    if limit and x.size and -limit < np.minimum.reduce(x, None) and np.maximum.reduce(x, None) < limit:
        parts = np.exp(x)
    else:
        parts = np.exp(shifted(x, axes)[0])
    parts /= summed(parts, axes)
    return parts


def summed(x: Any, axes: Axes) -> Any:
    """Return the sum of real x over axes, which are kept."""
    return (
        dotted(x, np.ones(x.shape[-1], x.dtype, like=x), axes) if axes == (x.ndim - 1,) else _reduced(x, axes)
    )


def dotted(x: Any, y: Any, axes: Axes) -> Any:
    """Return the sum of real x * y over axes, which are kept.

    Along the last axis by BLAS: as accurate as NumPy's own sum up to a million numbers (1.2 eps), in a
    third of the time, and without the product.
    """
    return np.vecdot(x, y)[..., np.newaxis] if axes == (x.ndim - 1,) else _reduced(x * y, axes)


def _reduced(x: Any, axes: Axes) -> Any:
    return np.add.reduce(x, axis=axes, keepdims=True)


def averaged(x: Any, y: Any, axes: Axes) -> Any:
    """Return the mean of real x * y, or of x where y is None, over axes, which are kept."""
    if axes != (x.ndim - 1,) or x.dtype == np.float16:  # NumPy's mean adds float16 up in float32
        return np.mean(x if y is None else x * y, axis=axes, keepdims=True)
    return (summed(x, axes) if y is None else dotted(x, y, axes)) / x.shape[-1]


def log_softmax(x: Any, axes: Axes) -> Any:
    """Return the logarithm of softmax."""
    rest = shifted(x, axes)[0]
    rest -= np.log(summed(np.exp(rest), axes))
    return rest


def logsumexp(x: Any, axes: Axes) -> Any:
    """Return the logarithm of the sum of e ** x, in one large array."""
    rest, top = shifted(x, axes)
    rest = np.exp(rest, out=rest if rest.ndim else None)
    return np.log(summed(rest, axes)) + top


def negative_log_likelihood(scores: Any, labels: Any, reduction: str) -> Any:
    """Return -scores[i, labels[i]] of every row i, reduced. Raises IndexError for a label outside."""
    if labels.size and np.minimum.reduce(labels) < 0:
        raise IndexError("a label is negative")
    picked = scores[np.arange(len(labels)), labels]
    if reduction == "none":
        return -picked
    total = np.add.reduce(picked)
    return -total if reduction == "sum" else total * (-1 / len(picked) if len(picked) else np.nan)


def cross_entropy_backward(g: Any, scores: Any, labels: Any, reduction: str, more: None) -> tuple[Any]:
    """Return g * (e ** scores - one_hot(labels)), over the number of rows for a mean."""
    out = np.exp(scores)
    out[np.arange(len(labels)), labels] -= 1
    out *= g[:, np.newaxis] if reduction == "none" else g / len(labels) if reduction == "mean" else g
    return (out,)


def log_softmax_backward(g: Any, out: Any, axes: Axes) -> Any:
    """Return the gradient of log_softmax, in one new array."""
    dx = np.exp(out)
    dx *= summed(g, axes)
    return np.subtract(g, dx, dx)


def softmax_backward(g: Any, out: Any, axes: Axes) -> Any:
    """Return the gradient of softmax, in one new array."""
    dx = g - dotted(g, out, axes)
    dx *= out
    return dx


def layer_norm(x: Any, weight: Any, bias: Any, axes: Axes, eps: float) -> tuple[Any, Any, Any]:
    """Return the normalized x, its mean, and one over its standard deviation, in one large array."""
    middle = averaged(x, None, axes)
    out = x - middle
    scale = 1 / np.sqrt(averaged(out, out, axes) + eps)
    out *= scale
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out, middle, scale


def layer_norm_backward(
    g: Any, x: Any, middle: Any, scale: Any, weight: Any, axes: Axes, wanted: tuple[bool, ...]
) -> tuple[Any, ...]:
    """Return the gradients of layer_norm to x, weight and bias. See neo.functions.normalization."""
    y = x - middle
    y *= scale
    dweight = over_lead(g * y, len(axes)) if wanted[1] else None
    dbias = over_lead(g, len(axes)) if wanted[2] else None
    if not wanted[0]:
        return None, dweight, dbias
    g = g if weight is None else g * weight
    y *= -averaged(g, y, axes)
    y += g
    y -= averaged(g, None, axes)
    y *= scale
    return y, dweight, dbias


def unit_square(x: Any, axes: Axes, eps: float) -> tuple[Any, Any]:
    """Return x over the root of the mean of its squares, and one over that root."""
    scale = 1 / np.sqrt(averaged(x, x, axes) + eps)
    return x * scale, scale


def unit_square_backward(g: Any, out: Any, scale: Any, axes: Axes) -> tuple[Any]:
    """Return the gradient of unit_square, in one new array."""
    dx = out * -averaged(g, out, axes)
    dx += g
    dx *= scale
    return (dx,)


def shared_by_ties(g: Any, x: Any, out: Any, axis: Any) -> Any:
    """Return g where x is out, over the number of such elements along an axis: the gradient of a maximum."""
    reached = x == out
    share = g / np.count_nonzero(reached, axis=axis, keepdims=True).astype(g.dtype)
    # Not 0 elsewhere: where out is NaN nothing reached it, and the gradient is NaN too.
    return np.where(reached, share, share * 0)


def scaled_rest(scale: Any, x: Any, middle: Any) -> Any:
    """Return scale * (x - middle), in one new array: the gradient of a variance."""
    out = x - middle
    out *= scale
    return out


def cumulative_max(x: Any, axis: int) -> Any:
    """Return the largest element so far along an axis."""
    return np.maximum.accumulate(x, axis=axis)


def cumulative_min(x: Any, axis: int) -> Any:
    """Return the smallest element so far along an axis."""
    return np.minimum.accumulate(x, axis=axis)


def logcumsumexp(x: Any, axis: int) -> Any:
    """Return the logarithm of the running sum of exponentials along an axis."""
    return np.logaddexp.accumulate(x, axis=axis)


def convolve(x: Any, y: Any, start: int, stop: int) -> Any:
    """Return elements start to stop of the full convolution of two sequences."""
    n, m = sorted((len(x), len(y)))
    if (start, stop) == (n - 1, m):
        return np.convolve(x, y, "valid")
    return np.convolve(x, y, "full")[start:stop]


def added_up(zeros: Any, parts: Any) -> Any:
    """Return zeros with every (key, array) pair added."""
    for key, part in parts:
        zeros[key] += part
    return zeros


KERNELS = {
    function.__name__: function
    for function in (
        added_up,
        convolve,
        unit_square,
        unit_square_backward,
        shared_by_ties,
        scaled_rest,
        spread,
        cumulative_max,
        cumulative_min,
        logcumsumexp,
        erf,
        gelu,
        linear,
        shifted,
        softmax,
        log_softmax,
        logsumexp,
        negative_log_likelihood,
        cross_entropy_backward,
        softmax_backward,
        log_softmax_backward,
        layer_norm,
        layer_norm_backward,
        linear_backward,
        gelu_backward,
        matmul_backward,
        where_backward,
        scatter,
        add_part,
        unbroadcast,
    )
}
