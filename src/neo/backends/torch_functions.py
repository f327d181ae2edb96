"""PyTorch's kernels for neo.functions: its own fused ones, where they agree with neo's rules.

Some do not and are left out: softplus is wrong by 2e-9 beyond 20, and the backward kernels of silu
and gelu have NaN at inf, where the slope is 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import array_api_compat.torch as xp
import torch

from ..errors import describe

Axes = tuple[int, ...]
_aten = torch.ops.aten  # `.default` names the overload; finding it takes as long as a small kernel


def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Return x @ weight + bias. x: (n, in)."""
    return torch.mm(x, weight) if bias is None else torch.addmm(bias, x, weight)


# The backward kernels of silu and gelu have NaN at inf, where the slope is what it is here.
_FAR = 1000.0


def _finite_slope(function: Callable[..., torch.Tensor], **settings: Any) -> Callable[..., torch.Tensor]:
    """Return a backward kernel of x with the slope, not NaN, where x is inf."""

    def kernel(g: torch.Tensor, x: torch.Tensor, *others: Any) -> torch.Tensor:
        if x.is_cpu:
            dx = function(g, x, **settings)
            # One sum tells whether there is any, in a third of the time that bounding x takes.
            if not math.isnan(dx.sum()):
                return dx
        return function(g, x.clamp(-_FAR, _FAR), **settings)

    return kernel


def tanh_backward(g: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """Return g * (1 - out * out). The library's own kernel conjugates, which a formula does not."""
    return g * (1 - out * out) if g.is_complex() else _aten.tanh_backward.default(g, out)


def tanh_backward_into(g: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """Return tanh_backward in the tensor of g."""
    if g.is_complex():
        return tanh_backward(g, out)
    return _aten.tanh_backward.grad_input(g, out, grad_input=g)


def matmul_backward(
    g: torch.Tensor, a: torch.Tensor | None, b: torch.Tensor | None, *shapes: Axes
) -> tuple[torch.Tensor | None, ...]:
    """Return the gradients of a @ b; see neo.ops.products."""
    if len(shapes[0]) == len(shapes[1]) == 2:
        return None if b is None else torch.mm(g, b.mH), None if a is None else torch.mm(a.mH, g)
    return (
        None if b is None else unbroadcast(torch.matmul(g, b.mH), shapes[0]),
        None if a is None else unbroadcast(torch.matmul(a.mH, g), shapes[1]),
    )


def unbroadcast(x: torch.Tensor, shape: Axes) -> torch.Tensor:
    """Return x summed over the axes that broadcasting added to a shape, or stretched in it."""
    if x.shape == shape:
        return x
    return x.sum(0) if x.shape[1:] == shape else x.sum_to_size(shape)


def where_backward(
    g: torch.Tensor, condition: torch.Tensor, shape_x: Axes | None, shape_y: Axes | None
) -> tuple[torch.Tensor | None, ...]:
    """Return the gradients of where; see neo.ops.selection."""
    return (
        None,
        None if shape_x is None else unbroadcast(torch.where(condition, g, 0.0), shape_x),
        None if shape_y is None else unbroadcast(torch.where(condition, 0.0, g), shape_y),
    )


def spread(g: torch.Tensor, shape: Axes, axes: Axes) -> torch.Tensor:
    """Return g, a sum over axes of an array of a shape, at every element summed: a view."""
    if len(axes) < len(shape):
        g = g.reshape([1 if k in axes else n for k, n in enumerate(shape)])
    return g.reshape(()).expand(shape) if len(axes) == len(shape) else g.expand(shape)


def share(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return 1 where x > y, 1/2 where they are equal, else 0."""
    return (x > y).to(x.dtype).add_(x >= y).mul_(0.5)


def sign(x: torch.Tensor) -> torch.Tensor:
    """Return the sign of x, NaN of NaN, which PyTorch's is not."""
    if x.is_floating_point():
        return torch.where(x == x, torch.sign(x), x)
    return xp.sign(x)


def _rows(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def linear_backward(
    g: torch.Tensor, x: torch.Tensor | None, weight: torch.Tensor | None, lead: Axes | None
) -> tuple[torch.Tensor | None, ...]:
    """Return the gradients of linear. mm, mH and the method take half the time of @, T and torch.sum."""
    if g.ndim != 2:
        dx, *others = linear_backward(_rows(g), None if x is None else _rows(x), weight, lead)
        return None if dx is None else dx.reshape(*g.shape[:-1], dx.shape[1]), *others
    return (
        None if weight is None else torch.mm(g, weight.mH),
        None if x is None else torch.mm(x.mH, g),
        g.sum(0) if lead is not None else None,
    )


def _settled(function: Callable[[torch.Tensor, Axes], torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Return the function with its limit, not NaN, where the maximum of a row is infinite."""

    def kernel(x: torch.Tensor, axes: Axes) -> torch.Tensor:
        out = function(x, axes)
        # One sum tells whether there is any; on a GPU it would have to be waited for.
        if x.device.type == "cpu" and not math.isnan(out.sum()):
            return out
        top = torch.amax(x, axes, keepdim=True)
        ties = torch.zeros_like(x).masked_fill_(x != top, -math.inf)
        return torch.where(torch.isinf(top), function(ties, axes), out)

    return kernel


def _softmax(x: torch.Tensor, axes: Axes) -> torch.Tensor:
    return torch.softmax(x, axes[0]) if len(axes) == 1 else torch.exp(_log_softmax(x, axes))


def _log_softmax(x: torch.Tensor, axes: Axes) -> torch.Tensor:
    if len(axes) == 1:
        return torch.log_softmax(x, axes[0])
    return x - torch.logsumexp(x, axes, keepdim=True)


# PyTorch's numbers for what `cross_entropy` calls reduction, and a label that no row can have: there
# is none that it would ignore.
_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}
_NO_LABEL = -(2**63)


def _negative_log_likelihood(scores: torch.Tensor, labels: torch.Tensor, reduction: str) -> Any:
    """Return -scores[i, labels[i]] of every row i, reduced, and the number of rows, 0-d.

    Raises IndexError for a label outside.
    """
    labels = labels if labels.dtype is torch.int64 else labels.long()
    return _aten.nll_loss_forward.default(scores, labels, None, _REDUCTIONS[reduction], _NO_LABEL)


def cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, reduction: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the reduced loss, the logarithm of the softmax of every row, and the number of rows."""
    scores = torch.log_softmax(logits, 1)
    out, count = _negative_log_likelihood(scores, labels, reduction)
    # A row whose maximum is infinite makes the loss NaN, and only then is there something to settle.
    if reduction != "none" and logits.is_cpu and not math.isnan(out):
        return out, scores, count
    scores = KERNELS["log_softmax"](logits, (1,))
    return *_negative_log_likelihood(scores, labels, reduction)[:1], scores, count


def cross_entropy_backward(
    g: torch.Tensor, scores: torch.Tensor, labels: torch.Tensor, reduction: str, count: torch.Tensor
) -> tuple[torch.Tensor]:
    """Return g * (e ** scores - one_hot(labels)), over the number of rows for a mean."""
    labels = labels if labels.dtype is torch.int64 else labels.long()
    picked = _aten.nll_loss_backward.default(
        g, scores, labels, None, _REDUCTIONS[reduction], _NO_LABEL, count
    )
    return (torch._log_softmax_backward_data(picked, scores, 1, scores.dtype),)


def layer_norm(
    x: torch.Tensor, weight: torch.Tensor | None, bias: torch.Tensor | None, axes: Axes, eps: float
) -> Any:
    """Return the normalized x, its mean, and one over its standard deviation."""
    if _is_native(x, axes):
        return torch.native_layer_norm(x, x.shape[axes[0] :], weight, bias, eps)
    middle = x.mean(axes, keepdim=True)
    out = x - middle
    scale = torch.rsqrt((out * out).mean(axes, keepdim=True) + eps)
    out.mul_(scale)
    out = out if weight is None else out.mul_(weight)
    return out if bias is None else out.add_(bias), middle, scale


def _is_native(x: torch.Tensor, axes: Axes) -> bool:
    """Tell whether PyTorch's own kernels do it: over the last axes; they widen what is short."""
    return axes[-1] - axes[0] == len(axes) - 1 == x.ndim - 1 - axes[0] and x.dtype in _WIDE


_WIDE = (torch.float32, torch.float64)


def layer_norm_backward(
    g: torch.Tensor,
    x: torch.Tensor,
    middle: torch.Tensor,
    scale: torch.Tensor,
    weight: torch.Tensor | None,
    axes: Axes,
    wanted: tuple[bool, ...],
) -> Any:
    """Return the gradients of layer_norm to x, weight and bias. See neo.functions.normalization."""
    if weight is not None and _is_native(x, axes):
        # Of the bias it reads the shape and the dtype, which are the weight's.
        return _aten.native_layer_norm_backward.default(
            g, x, x.shape[axes[0] :], middle, scale, weight, weight, wanted
        )
    lead = list(range(g.ndim - len(axes)))
    y = (x - middle).mul_(scale)
    dweight = _summed(g * y, lead) if wanted[1] else None
    dbias = _summed(g, lead) if wanted[2] else None
    g = g if weight is None else g * weight
    along = (g * y).mean(axes, keepdim=True)
    dx = y.mul_(-along).add_(g).sub_(g.mean(axes, keepdim=True)).mul_(scale)
    return dx, dweight, dbias


def _summed(x: torch.Tensor, axes: list[int]) -> torch.Tensor:
    return x.sum(axes) if axes else x


def unit_square_backward(
    g: torch.Tensor, out: torch.Tensor, scale: torch.Tensor, axes: Axes
) -> tuple[torch.Tensor]:
    """Return the gradient of unit_square, in one new tensor besides the product."""
    along = (g * out).mean(axes, keepdim=True)
    return (torch.addcmul(g, out, along, value=-1).mul_(scale),)


def softmax_backward(g: torch.Tensor, out: torch.Tensor, axes: Axes) -> torch.Tensor:
    """Return the gradient of softmax."""
    if len(axes) == 1:
        return torch._softmax_backward_data(g, out, axes[0], out.dtype)
    part = g * out
    return torch.addcmul(part, out, part.sum(axes, keepdim=True), value=-1)


def _of_reals(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that refuses complex numbers: PyTorch's pull-back conjugates by itself."""

    def kernel(x: torch.Tensor) -> torch.Tensor:
        if x.dtype.is_complex:
            raise TypeError(f"{name} is a function of real numbers, got {describe(x)}")
        out: torch.Tensor = function(x)
        return out

    return kernel


KERNELS: dict[str, Callable[..., Any]] = {
    "cumulative_max": lambda x, axis: torch.cummax(x, axis).values,
    "cumulative_min": lambda x, axis: torch.cummin(x, axis).values,
    "logcumsumexp": torch.logcumsumexp,
    "relu": torch.relu,
    "relu_backward": lambda g, out: _aten.threshold_backward.default(g, out, 0),
    "relu_backward_into": lambda g, out: _aten.threshold_backward.grad_input(g, out, 0, grad_input=g),
    "sigmoid": _of_reals("sigmoid", torch.sigmoid),
    "sigmoid_backward": _aten.sigmoid_backward.default,
    "sigmoid_backward_into": lambda g, out: _aten.sigmoid_backward.grad_input(g, out, grad_input=g),
    "tanh_backward": tanh_backward,
    "tanh_backward_into": tanh_backward_into,
    # One new tensor each: what a kernel made it may write into.
    "sin_backward": lambda g, x: torch.cos(x).mul_(g),
    "cos_backward": lambda g, x: torch.sin(x).mul_(g).neg_(),
    "silu_backward": _finite_slope(_aten.silu_backward.default),
    "gelu_backward": _finite_slope(_aten.gelu_backward.default),
    "gelu_tanh_backward": _finite_slope(_aten.gelu_backward.default, approximate="tanh"),
    # The wrapper of array-api-compat takes four times as long, to promote dtypes that agree here.
    "matmul": lambda a, b: torch.mm(a, b) if a.ndim == b.ndim == 2 else torch.matmul(a, b),
    "matmul_backward": matmul_backward,
    "where_backward": where_backward,
    "spread": spread,
    "share": share,
    "sign": sign,
    "unbroadcast": unbroadcast,
    "silu": _of_reals("silu", torch.nn.functional.silu),
    "gelu": _of_reals("gelu", torch.nn.functional.gelu),
    "gelu_tanh": _of_reals("gelu_tanh", lambda x: torch.nn.functional.gelu(x, approximate="tanh")),
    "linear": linear,
    "softmax": _settled(_softmax),
    "softmax_backward": softmax_backward,
    "scaled_rest": lambda scale, x, middle: (x - middle).mul_(scale),
    "unit_square_backward": unit_square_backward,
    "layer_norm": layer_norm,
    "layer_norm_backward": layer_norm_backward,
    "log_softmax": _settled(_log_softmax),
    "logsumexp": lambda x, axes: torch.logsumexp(x, axes, keepdim=True),
    "negative_log_likelihood": lambda *operands: _negative_log_likelihood(*operands)[0],
    "linear_backward": linear_backward,
    "cross_entropy": cross_entropy,
    "cross_entropy_backward": cross_entropy_backward,
}
