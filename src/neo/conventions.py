"""The choices of other frameworks at kinks, as rules: `neo.grad(f, policies=neo.conventions.jax)`.

`jax` and `torch` hold a rule for every operation whose gradient those frameworks choose otherwise than
neo where a choice is legitimate: an element of the subdifferential that is not the one of least norm,
or another way to split a tie. There is nothing to follow where a framework gives NaN for a derivative
that exists, or the conjugate gradient of complex numbers. docs/conventions.md has the table of all.

>>> import neo
>>> import neo.numpy as nep
>>> print(neo.grad(nep.abs)(0.0), neo.grad(nep.abs, policies=jax)(0.0))
0.0 1.0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from .core.dtypes import COMPLEX, kind
from .core.policy import Policy
from .functions.activations import elu, leaky_relu
from .ops.accumulation import cumulative_max, cumulative_min
from .ops.broadcasting import broadcast_to, kept_shape, reshape, unbroadcast
from .ops.constant import equal, share, stop_gradient
from .ops.formulas import abs as abs_of
from .ops.formulas import hypot, log, maximum
from .ops.indexing import take_along_axis
from .ops.linalg.norms import vector_norm
from .ops.manipulation import arange_like
from .ops.selection import clip, where
from .ops.special.entropy import xlogy
from .transforms.gradient import vjp

__all__ = ["jax", "torch"]


class AbsFromTheRight(Policy):
    """The slope of |x| at 0 is 1, that on its right."""

    def backward(self, g: Any) -> Any:
        x, _ = self.ctx.release
        return super().backward(g) if kind(x.dtype) == COMPLEX else where(x >= 0, g, -g)


class SharedClip(Policy):
    """At a bound, half the gradient goes to the operand and half to the bound."""

    def backward(self, g: Any) -> Any:
        x, low, high, _ = self.ctx.release
        raised = x if low is None else maximum(x, low)
        inside = g if high is None else g * share(high, raised)
        found = [inside, None, None]
        if low is not None:
            found[:2] = inside * share(x, low), inside * share(low, x)
        if high is not None:
            found[2] = g * share(raised, high)
        return tuple(
            [
                dx if dx is None else unbroadcast(dx, tuple(like.shape))
                for dx, like in zip(found, (x, low, high), strict=True)
            ]
        )


class HalvedHypot(Policy):
    """The slopes of hypot at the origin are one half each."""

    def backward(self, g: Any) -> Any:
        x, y, _ = self.ctx.release
        halves = where((x == 0) & (y == 0), g * 0.5, 0)
        found = super().backward(g)
        return tuple(
            [
                dx if dx is None else dx + unbroadcast(halves, tuple(z.shape))
                for dx, z in zip(found, (x, y), strict=True)
            ]
        )


class NormFromTheRight(Policy):
    """The slope of the 1-norm at an element of 0 is 1."""

    def backward(self, g: Any) -> Any:
        x, _ = self.ctx.release
        found = super().backward(g)
        if self.settings["ord"] != 1 or kind(x.dtype) == COMPLEX:
            return found
        shape = tuple(x.shape)
        ones = broadcast_to(reshape(g, kept_shape(shape, self.settings["axis"])), shape)
        return where(x == 0, ones, found[0])


class LeakyReluFromTheRight(Policy):
    """The slope of leaky_relu at 0 is 1, that on its right."""

    def backward(self, g: Any) -> Any:
        x, _ = self.ctx.release
        return where(x >= 0, g, g * self.settings["negative_slope"])


class LeakyReluFromTheLeft(Policy):
    """The slope of leaky_relu at 0 is the negative slope, that on its left."""

    def backward(self, g: Any) -> Any:
        x, _ = self.ctx.release
        return where(x > 0, g, g * self.settings["negative_slope"])


class EluFromTheLeft(Policy):
    """The slope of elu at 0 is alpha, that on its left."""

    def backward(self, g: Any) -> Any:
        x, _ = self.ctx.release
        return where(x == 0, g * self.settings["alpha"], super().backward(g)[0])


class LastOfEqual(Policy):
    """The gradient of a running extremum goes to the last of equal elements."""

    def backward(self, g: Any) -> Any:
        x, out = self.ctx.release
        axis, shape = self.settings["axis"], tuple(x.shape)
        places = reshape(arange_like(x, shape[axis]), [-1 if k == axis else 1 for k in range(len(shape))])
        reached = cumulative_max(where(equal(x, out), places, 0), axis=axis)
        _, pull = vjp(lambda z: take_along_axis(z, reached, axis=axis), stop_gradient(x))
        return pull(g)


class SilentXlogy(Policy):
    """The slope of x log(y) in x is 0, not log(y), where x is 0 and y is not positive."""

    def backward(self, g: Any) -> Any:
        x, y, _ = self.ctx.release
        dx, dy = super().backward(g)
        silent = (x == 0) & (y <= 0)
        if dx is not None:
            dx = unbroadcast(where(silent, 0, g * log(where(silent, 1, y))), tuple(x.shape))
        return dx, dy


Rules = Mapping[Callable[..., Any], type[Policy]]

jax: Rules = MappingProxyType(
    {
        abs_of: AbsFromTheRight,
        clip: SharedClip,
        hypot: HalvedHypot,
        vector_norm: NormFromTheRight,
        leaky_relu: LeakyReluFromTheRight,
        elu: EluFromTheLeft,
    }
)
torch: Rules = MappingProxyType(
    {
        leaky_relu: LeakyReluFromTheLeft,
        elu: EluFromTheLeft,
        cumulative_max: LastOfEqual,
        cumulative_min: LastOfEqual,
        xlogy: SilentXlogy,
    }
)
