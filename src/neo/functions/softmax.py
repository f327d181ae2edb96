"""softmax, log_softmax and logsumexp, shifted by the maximum.

Where the maximum of a row is infinite they are what their limits are: the elements that reach it
share the whole evenly, so a row of -inf has the softmax of a row of zeros.
"""

from __future__ import annotations

from typing import Any

from ..backends import define
from ..ops.batching import over, within
from ..ops.broadcasting import Axes, kept_shape, positive_axes, reshape, sum
from ..ops.formulas import exp
from ..ops.kernels import with_kernel
from ..ops.manipulation import squeeze
from ..ops.registry import BuiltIn, rule
from ..ops.statistics import count_over
from .operands import real

ANY = (-2, 2)
ALONG = [([(3, 4)], {}), ([(3, 4)], {"axis": 0}), ([(2, 3, 2)], {"axis": (0, -1)}), ([(0, 3)], {})]


@define("shifted")
def _shifted(xp, x, axes):
    """Return x less its maximum over axes, 0 where x is the maximum itself; and the maximum, kept."""
    top = xp.max(x, axis=axes, keepdims=True)
    zero, reached = xp.zeros_like(top), x == top
    return xp.where(reached, zero, x) - xp.where(reached, zero, top), top


@define("softmax")
def _softmax(xp, x, axes):
    parts = xp.exp(xp.shifted(x, axes)[0])
    return parts / xp.sum(parts, axis=axes, keepdims=True)


@define("log_softmax")
def _log_softmax(xp, x, axes):
    rest = xp.shifted(x, axes)[0]
    return rest - xp.log(xp.sum(xp.exp(rest), axis=axes, keepdims=True))


@define("logsumexp")
def _logsumexp(xp, x, axes):
    rest, top = xp.shifted(x, axes)
    return xp.log(xp.sum(xp.exp(rest), axis=axes, keepdims=True)) + top


def _axes(name: str, x: Any, axis: Axes) -> tuple[int, ...]:
    real(name, x)
    return positive_axes(axis, len(x.shape))


def _is_empty(x: Any, axes: tuple[int, ...]) -> bool:
    return not count_over(tuple(x.shape), axes)


class Softmax(BuiltIn):
    domain, samples = ANY, ALONG
    batch = classmethod(within("axes"))

    slopes = staticmethod(lambda g, out, axes: (_softmax_slope(g, out, axes),))

    @staticmethod
    def value_and_saved(xp, slots, x, *, axes):
        out = xp.softmax(x, axes)
        return out, (out, axes)

    def push(self, v):
        return _softmax_slope(v, *self.ctx.release)  # the Jacobian is symmetric


def _softmax_formula(g, out, axes):
    part = g * out
    return part - out * sum(part, axis=axes, keepdims=True)


_softmax_slope = with_kernel("softmax_backward", _softmax_formula)


@rule(Softmax)
def softmax(x: Any, /, *, axis: Axes = -1) -> Any:
    """Return e ** x divided by its sum over axes.

    x: (...) real floating. axis: an axis, several, or None for all.
    Returns the shape and dtype of x. Gradient: to x.
    Elements at an infinite maximum share 1 evenly: a row of -inf gives 1 / n everywhere.
    """
    axes = _axes("softmax", x, axis)
    return x if _is_empty(x, axes) else Softmax.of(x, axes=axes)


class LogSoftmax(BuiltIn):
    domain, samples = ANY, ALONG
    batch = classmethod(within("axes"))

    def forward(self, x, *, axes):
        out = self.xp.log_softmax(x, axes)
        self.ctx.save(out, axes)
        return out

    def backward(self, g):
        return _log_softmax_slope(g, *self.ctx.release)

    def push(self, v):
        out, axes = self.ctx.release
        return v - sum(v * exp(out), axis=axes, keepdims=True)


def _log_softmax_formula(g, out, axes):
    return g - sum(g, axis=axes, keepdims=True) * exp(out)


_log_softmax_slope = with_kernel("log_softmax_backward", _log_softmax_formula)


@rule(LogSoftmax)
def log_softmax(x: Any, /, *, axis: Axes = -1) -> Any:
    """Return the logarithm of softmax(x), x - logsumexp(x), without overflow.

    x: (...) real floating. axis: an axis, several, or None for all.
    Returns the shape and dtype of x. Gradient: to x. See `softmax` for infinite elements.
    """
    axes = _axes("log_softmax", x, axis)
    return x if _is_empty(x, axes) else LogSoftmax.of(x, axes=axes)


class LogSumExp(BuiltIn):
    domain = ANY
    samples = [
        ([(3, 4)], {}),
        ([(3, 4)], {"axis": 0}),
        ([()], {}),
        ([(2, 3, 2)], {"axis": (0, -1), "keepdims": True}),
    ]
    batch = classmethod(over("axes"))

    def forward(self, x, *, axes, keepdims):
        self.ctx.save(x, axes)
        self.keepdims = keepdims
        out = self.xp.logsumexp(x, axes)
        return out if keepdims else self.xp.squeeze(out, axis=axes)

    def backward(self, g):
        x, axes = self.ctx.release
        # softmax(x) and not exp(x - out), which is NaN where both are infinite.
        return reshape(g, kept_shape(tuple(x.shape), axes)) * softmax(x, axis=axes)

    def push(self, v):
        x, axes = self.ctx.release
        pushed = sum(v * softmax(x, axis=axes), axis=axes, keepdims=True)
        return pushed if self.keepdims else squeeze(pushed, axis=axes)


@rule(LogSumExp)
def logsumexp(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the logarithm of the sum of e ** x over axes; -inf of no elements.

    x: (...) real floating. axis: an axis, several, or None for all.
    Gradient: to x, softmax(x): an even split where all elements are -inf.
    """
    axes = _axes("logsumexp", x, axis)
    if _is_empty(x, axes):
        return sum(x, axis=axes, keepdims=keepdims) - float("inf")
    return LogSumExp.of(x, axes=axes, keepdims=keepdims)
