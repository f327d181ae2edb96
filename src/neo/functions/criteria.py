"""Losses made of other operations: squared, absolute, Huber's, logistic, and what cross_entropy may add."""

from __future__ import annotations

from typing import Any

from .. import backends
from ..core.array import bottom_of, values_of
from ..core.filling import ones_like
from ..errors import describe
from ..ops.broadcasting import reshape, sum
from ..ops.constant import not_equal
from ..ops.formulas import abs, multiply, square, subtract
from ..ops.indexing import take, take_along_axis
from ..ops.manipulation import expand_dims
from ..ops.promotion import one_dtype
from ..ops.registry import composite
from ..ops.selection import clip, where
from ..ops.statistics import mean
from .activations import softplus
from .losses import checked
from .operands import real
from .softmax import log_softmax

ANY = (-2, 2)
PAIR = [([(2, 3), (2, 3)], {})]
REDUCTIONS = ("mean", "sum", "none")


def reduced(name: str, losses: Any, reduction: str) -> Any:
    """Return losses, or their mean or sum. Raises ValueError for another word."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name}: reduction is one of {REDUCTIONS}, got {reduction!r}")
    return losses if reduction == "none" else mean(losses) if reduction == "mean" else sum(losses)


def _alike(name: str, x: Any, y: Any) -> Any:
    """Return two operands in one dtype; they must have one shape, or a loss would count what broadcasts."""
    x, y = one_dtype(x, y)
    if tuple(x.shape) != tuple(y.shape):
        raise ValueError(
            f"{name}: {describe(x)} and {describe(y)} do not have one shape. Reshape or broadcast one of them"
        )
    return x, y


@composite(domain=ANY, samples=PAIR)
def mse_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    """Return the squared difference of x and y: its mean, its sum, or ("none") each.

    Gradient: to both.
    x, y: of one shape. Complex numbers: |x - y|**2.
    """
    x, y = _alike("mse_loss", x, y)
    rest = subtract(x, y)
    is_real = backends.of(bottom_of(rest)).xp.isdtype(rest.dtype, "real floating")
    return reduced("mse_loss", square(rest if is_real else abs(rest)), reduction)


@composite(domain=ANY, samples=PAIR)
def l1_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    """Return |x - y|: its mean, its sum, or ("none") each.

    The gradient where they are equal is 0.
    """
    x, y = _alike("l1_loss", x, y)
    return reduced("l1_loss", abs(subtract(x, y)), reduction)


@composite(domain=ANY, samples=PAIR)
def huber_loss(x: Any, y: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Return half the squared difference, growing only as |x - y| beyond delta.

    There it is delta * (|x - y| - delta / 2). x, y: of one shape, real. Gradient: to both.
    Source: Huber, "Robust estimation of a location parameter" (1964).
    """
    real("huber_loss", x)
    x, y = _alike("huber_loss", x, y)
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be positive, got {delta}")
    rest = subtract(x, y)
    near = clip(rest, -delta, delta)
    return reduced("huber_loss", near * (rest - near / 2), reduction)


@composite(domain=(ANY, (0.1, 0.9)), samples=PAIR)
def binary_cross_entropy_with_logits(
    logits: Any, labels: Any, reduction: str = "mean", *, weight: Any = None, pos_weight: Any = None
) -> Any:
    """Return the cross entropy of yes or no, from the logits of yes.

    It is -(y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x))), without overflow or lost digits.
    logits, labels: x and y, of one shape, real; labels from 0 to 1. weight: of each loss; pos_weight: of its
    first term; both broadcast. Gradient: to all.
    """
    real("binary_cross_entropy_with_logits", logits)
    x, y = _alike("binary_cross_entropy_with_logits", logits, labels)
    positive = multiply(y, softplus(-x))
    positive = positive if pos_weight is None else multiply(positive, pos_weight)
    losses = positive + multiply(1 - y, softplus(x))
    losses = losses if weight is None else multiply(losses, weight)
    return reduced("binary_cross_entropy_with_logits", losses, reduction)


def weighed_cross_entropy(
    logits: Any, labels: Any, reduction: str, weight: Any, label_smoothing: float, ignore_index: int | None
) -> Any:
    """Return what `cross_entropy` is with weights, smoothing, labels left out, or likely labels.

    labels: integers (n,), or (n, k) shares of each class.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing is from 0 to 1, got {label_smoothing}")
    k = logits.shape[1]
    if weight is not None and tuple(weight.shape) != (k,):
        raise ValueError(f"cross_entropy: weight is {describe(weight)}; expected one per class, shape ({k},)")
    scores = log_softmax(logits, axis=1)
    scored = scores if weight is None else multiply(scores, weight)
    if len(labels.shape) == 2:
        shares = labels * (1 - label_smoothing) + label_smoothing / k if label_smoothing else labels
        return reduced("cross_entropy", -sum(multiply(scored, shares), axis=1), reduction)
    kept = None if ignore_index is None else not_equal(labels, ignore_index)
    places = labels if kept is None else where(kept, labels, labels * 0)
    places = _checked(places, k)
    losses = -_picked(scored, places)
    if label_smoothing:
        losses = losses * (1 - label_smoothing) - sum(scored, axis=1) * (label_smoothing / k)
    losses = losses if kept is None else where(kept, losses, 0)
    if reduction != "mean" or (weight is None and kept is None):
        return reduced("cross_entropy", losses, reduction)
    counted = ones_like(losses) if weight is None else take(weight, places)
    return sum(losses) / sum(counted if kept is None else where(kept, counted, 0))


def _picked(scores: Any, labels: Any) -> Any:
    picked = take_along_axis(scores, expand_dims(labels, axis=1), axis=1)
    return reshape(picked, tuple(labels.shape))


def _checked(labels: Any, count: int) -> Any:
    """Return labels from 0 to count - 1; see `losses.checked`."""
    raw = bottom_of(values_of(labels))  # of every example, if they are batched
    xp = backends.of(raw).raw
    if xp.is_known(raw):
        checked(xp, raw, count)
        return labels
    return where((labels < 0) | (labels >= count), count, labels)
