"""Normalization: layer_norm."""

from __future__ import annotations

from typing import Any

from ..backends import define
from ..core.pushing import total
from ..errors import describe
from ..ops.batching import ranked
from ..ops.broadcasting import Axes, broadcast_to, positive_axes, sum
from ..ops.formulas import sqrt
from ..ops.registry import BuiltIn, rule
from ..ops.selection import one_dtype
from ..ops.statistics import count_over, mean
from .operands import real


@define("standardized")
def _standardized(xp, x, axes, eps):
    """Return x with mean 0 and variance 1 over axes, and one over the standard deviation, kept."""
    centred = x - xp.mean(x, axis=axes, keepdims=True)
    scale = 1 / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)
    return centred * scale, scale


class LayerNorm(BuiltIn):
    domain = (-2, 2)
    samples = [
        ([(3, 4), (4,), (4,)], {}),
        ([(2, 3, 4), (3, 4), (3, 4)], {"axis": (-2, -1), "eps": 0.1}),
        ([(4, 3)], {"weight": None, "bias": None}),
        ([(0, 3), (3,), (3,)], {}),
    ]

    @classmethod
    def batch(cls, batched, x, weight, bias, *, axes, eps):
        own, *others = batched
        axes = tuple([k + own for k in axes])
        if not any(others):
            return cls.of(x, weight, bias, axes=axes, eps=eps)
        ndim = len(x.shape) - own
        out = cls.of(x, None, None, axes=axes, eps=eps)
        scale, shift = [
            ranked(y, ndim) if own_y else y for y, own_y in zip((weight, bias), others, strict=True)
        ]
        out = out if scale is None else out * scale
        return out if shift is None else out + shift

    def forward(self, x, weight, bias, *, axes, eps):
        out, scale = self.xp.standardized(x, axes, eps)
        self.ctx.save(out, scale, weight)
        self.axes = axes
        out = out if weight is None else out * weight
        return out if bias is None else out + bias

    def save_again(self, x, weight, bias, *, axes, eps):
        centred = x - mean(x, axis=axes, keepdims=True)
        scale = 1 / sqrt(mean(centred * centred, axis=axes, keepdims=True) + eps)
        self.ctx.save(centred * scale, scale, weight)

    def backward(self, g):
        y, scale, weight = self.ctx.release
        lead = tuple(range(len(g.shape) - len(self.axes)))
        return (
            _pulled(g if weight is None else g * weight, y, scale, self.axes) if self.needs(0) else None,
            sum(g * y, axis=lead) if self.needs(1) else None,
            sum(g, axis=lead) if self.needs(2) else None,
        )

    def push(self, dx, dweight, dbias):
        y, scale, weight = self.ctx.release
        # The Jacobian of what is scaled to y is symmetric.
        dy = None if dx is None else _pulled(dx, y, scale, self.axes)
        return total(
            dy if dy is None or weight is None else dy * weight,
            None if dweight is None else dweight * y,
            None if dbias is None else broadcast_to(dbias, tuple(y.shape)),
        )


def _pulled(g: Any, y: Any, scale: Any, axes: tuple[int, ...]) -> Any:
    """Return g less its part along the constant and along y, the directions that do not change out."""
    along = mean(g * y, axis=axes, keepdims=True)
    return (g - mean(g, axis=axes, keepdims=True) - along * y) * scale


@rule(LayerNorm)
def layer_norm(x: Any, weight: Any = None, bias: Any = None, axis: Axes = -1, eps: float = 1e-5) -> Any:
    """Return x normalized over its last axes to mean 0 and variance 1, times weight, plus bias.

    x: (..., n) real floating. weight, bias: (n,) or None. axis: -1, or the last axes as a tuple;
    weight and bias then have their lengths. eps: what is added to the variance.
    Returns the shape of x, in the dtype that the three promote to. Gradient: to x, weight and bias.
    Raises ValueError for axes that are not the last ones or have no elements, or shapes that do
    not fit. Source: Ba, Kiros and Hinton, "Layer normalization" (2016).
    """
    real("layer_norm", x)
    shape = tuple(x.shape)
    axes = tuple(sorted(positive_axes(axis, len(shape))))
    if axes != tuple(range(len(shape) - len(axes), len(shape))) or not axes:
        raise ValueError(f"layer_norm: axis {axis} does not name the last axes of {describe(x)}")
    if not count_over(shape, axes):
        raise ValueError(f"layer_norm: {describe(x)} has no elements along axis {axis}")
    for name, y in (("weight", weight), ("bias", bias)):
        if y is not None and tuple(y.shape) != shape[axes[0] :]:
            raise ValueError(f"layer_norm: {name} is {describe(y)}; expected shape {shape[axes[0] :]}")
    x, *given = one_dtype(x, *[y for y in (weight, bias) if y is not None])
    weight, bias = [None if y is None else given.pop(0) for y in (weight, bias)]
    return LayerNorm.of(x, weight, bias, axes=axes, eps=eps)
