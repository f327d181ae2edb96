"""Losses: cross_entropy, a log-softmax and a choice of the labels' elements in one call."""

from __future__ import annotations

from typing import Any

from .. import backends
from ..backends import define
from ..core.array import Batched, Plain, bottom_of, values_of
from ..core.call import call
from ..core.dtypes import INTEGER, REAL, kind
from ..core.policy import library_of_all
from ..errors import describe
from ..ops.broadcasting import broadcast_to, reshape, sum
from ..ops.formulas import exp
from ..ops.indexing import take_along_axis
from ..ops.kernels import with_kernel
from ..ops.registry import BuiltIn, rule
from ..ops.statistics import mean
from .operands import real
from .softmax import log_softmax

REDUCTIONS = ("mean", "sum", "none")


def checked(xp: Any, labels: Any, count: int) -> Any:
    """Return raw labels. Raises IndexError for one that is not from 0 to count - 1.

    Where their values are not known yet, those that are outside become one that is too large, which
    the library refuses when it is used; it would take a negative one from the end.
    """
    outside = (labels < 0) | (labels >= count)
    if not xp.is_known(outside):
        return xp.where(outside, count, labels)
    if xp.any(outside):
        raise IndexError(_outside(xp, labels, count))
    return labels


@define("negative_log_likelihood")
def _negative_log_likelihood(xp, scores, labels, reduction):
    """Return -scores[i, labels[i]] of every row i, reduced. Raises IndexError for a label outside."""
    labels = checked(xp, labels, scores.shape[1])
    picked = xp.take_along_axis(scores, xp.expand_dims(labels, axis=1), axis=1)
    if reduction == "none":
        return -xp.squeeze(picked, axis=1)
    return xp.sum(picked) * -weight_of(reduction, scores.shape[0])


def weight_of(reduction: str, n: int) -> float:
    """Return what each of n losses counts; NaN for the mean of none."""
    return 1.0 if reduction == "sum" else 1 / n if n else float("nan")


@define("one_hot")
def _one_hot(xp, labels, count, dtype):
    """Return (n, count) zeros with 1 at each row's label."""
    classes = xp.arange(count, dtype=labels.dtype, device=xp.place_of(labels))
    return xp.astype(xp.expand_dims(labels, axis=1) == classes, dtype)


@define("cross_entropy")
def _cross_entropy(xp, logits, labels, reduction):
    """Return the reduced loss, the logarithm of the softmax of every row, and what besides these a
    backend's own `cross_entropy_backward` reads, here nothing."""
    scores = xp.log_softmax(logits, (1,))
    return xp.negative_log_likelihood(scores, labels, reduction), scores, None


def _one_hot_like(scores, labels):
    return backends.of(labels).raw.one_hot(labels, scores.shape[1], scores.dtype)


def _formula(g, scores, labels, reduction, more):
    n = scores.shape[0]
    g = reshape(g, (n, 1)) if reduction == "none" else g * weight_of(reduction, n)
    return (g * (exp(scores) - _one_hot_like(scores, labels)),)


class CrossEntropy(BuiltIn):
    domain = (-2, 2)
    samples = [
        ([(3, 4)], {"labels": [0, 3, 1]}),
        ([(3, 4)], {"labels": [2, 2, 0], "reduction": "sum"}),
        ([(3, 2)], {"labels": [0, 1, 1], "reduction": "none"}),
        ([(2, 3)], {"labels": [0, 2], "label_smoothing": 0.2}),
    ]

    slopes = staticmethod(with_kernel("cross_entropy_backward", _formula))

    @classmethod
    def batch(cls, batched, logits, *, labels, reduction):
        n, rows, k = logits.shape
        labels = reshape(broadcast_to(labels, (n, rows)), (n * rows,))
        out = reshape(cls.of(reshape(logits, (n * rows, k)), labels=labels, reduction="none"), (n, rows))
        return out if reduction == "none" else (sum if reduction == "sum" else mean)(out, axis=1)

    @staticmethod
    def value_and_saved(xp, slots, logits, *, labels, reduction):
        try:
            out, scores, more = xp.cross_entropy(logits, labels, reduction)
        except IndexError as error:
            raise IndexError(_outside(xp, labels, logits.shape[1])) from error
        return out, (scores, labels, reduction, more)

    def save_again(self, logits, *, labels, reduction):
        self.ctx.save(log_softmax(logits, axis=1), labels, reduction, None)

    def push(self, v):
        scores, labels, reduction, _ = self.ctx.release
        rows = sum(v * (exp(scores) - _one_hot_like(scores, labels)), axis=1)
        return rows if reduction == "none" else sum(rows) * weight_of(reduction, scores.shape[0])


def _outside(xp: Any, labels: Any, count: int) -> str:
    low, high = int(xp.min(labels)), int(xp.max(labels))
    return (
        f"cross_entropy: label {low if low < 0 else high} is out of range for {count} classes; labels "
        f"are integers from 0 to {count - 1}"
    )


@rule(CrossEntropy)
def cross_entropy(
    logits: Any,
    labels: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Any:
    """Return the cross entropy of softmax(logits) and labels, in nats.

    logits: (n, k) real floating. labels: (n,) integer of the same library, a NumPy array or a list,
    each from 0 to k - 1; they are constants. Or (n, k) floating, the share of every class.
    reduction: "mean", "sum", or "none". weight: (k,), of each class; the mean is then a weighted one.
    label_smoothing: how much of every label is spread over all classes. ignore_index: a label that
    counts nothing. Returns a 0-d array, or (n,) for "none"; dtype of logits.
    Gradient: to logits, to weight, and to labels that are shares.
    Raises TypeError for labels that are no integers, ValueError for shapes that do not fit and
    IndexError for a label out of range.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"cross_entropy: reduction is one of {REDUCTIONS}, got {reduction!r}")
    if type(logits) is not Plain:  # which is real
        real("cross_entropy", logits)
    shape = tuple(logits.shape)
    if len(shape) == 2 and tuple(getattr(labels, "shape", ())) == shape and kind(labels.dtype) == REAL:
        return _weighed(logits, labels, reduction, weight, label_smoothing, None)
    labels = _labels(logits, labels)
    if len(shape) != 2 or tuple(labels.shape) != shape[:1]:
        raise ValueError(
            f"cross_entropy: logits {describe(logits)} and labels {describe(labels)} do not fit; "
            f"expected logits of shape (n, k) and labels of shape (n,)"
        )
    if weight is not None or label_smoothing or ignore_index is not None:
        return _weighed(logits, labels, reduction, weight, label_smoothing, ignore_index)
    if type(labels) is Batched:
        return _of_batched_labels(logits, labels, reduction)
    return call(CrossEntropy, (logits,), {"labels": labels, "reduction": reduction})


def _weighed(*arguments: Any) -> Any:
    from .criteria import weighed_cross_entropy  # on first use

    return weighed_cross_entropy(*arguments)


def _of_batched_labels(logits: Any, labels: Any, reduction: str) -> Any:
    """Return the loss where every example of a `vmap` has labels of its own."""
    raw, count = bottom_of(labels), logits.shape[1]
    xp = backends.of(raw).raw
    checked(xp, raw, count)
    picked = take_along_axis(log_softmax(logits, axis=1), reshape(labels, (*labels.shape, 1)), axis=1)
    losses = reshape(-picked, tuple(labels.shape))
    return losses if reduction == "none" else (sum if reduction == "sum" else mean)(losses)


def _labels(logits: Any, labels: Any) -> Any:
    """Return the labels as a bare integer array of the logits' library."""
    labels, raw = values_of(labels), bottom_of(logits)
    library = backends.of(raw)
    if type(labels) is not type(raw) and not isinstance(bottom_of(labels), library.arrays):
        is_from_host = not hasattr(labels, "dtype") or backends.of(labels) is backends.get("numpy")
        if not is_from_host:
            library_of_all((logits, labels))  # which says what is wrong with two libraries
        labels = library.asarray(labels, None, library.device(raw))
    if kind(labels.dtype) != INTEGER:
        raise TypeError(
            f"cross_entropy: labels are {describe(labels)}; expected integers, the number of each "
            f"row's class, or floating numbers of the logits' shape, the share of every class"
        )
    return labels
