"""Normalization: over the last axes, over a batch, over groups of channels, by the root mean square."""

from __future__ import annotations

from typing import Any

from ..backends import define
from ..core.pushing import total
from ..errors import describe
from ..ops.batching import ranked, within
from ..ops.broadcasting import Axes, broadcast_to, positive_axes, reshape, sum
from ..ops.formulas import add, divide, multiply, sqrt, square, subtract
from ..ops.inspection import finfo
from ..ops.kernels import with_kernel
from ..ops.registry import BuiltIn, composite, rule
from ..ops.selection import one_dtype
from ..ops.statistics import count_over, mean
from .operands import real


@define("layer_norm")
def _layer_norm(xp, x, weight, bias, axes, eps):
    """Return x with mean 0 and variance 1 over axes, times weight, plus bias; and what it was scaled by:
    the mean and one over the standard deviation, both kept."""
    middle = xp.mean(x, axis=axes, keepdims=True)
    centred = x - middle
    scale = 1 / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)
    out = centred * scale
    out = out if weight is None else out * weight
    return out if bias is None else out + bias, middle, scale


def _formula(g, x, middle, scale, weight, axes, wanted):
    """Return the gradients to x, weight and bias, those that are wanted."""
    to_x, to_weight, to_bias = wanted
    lead = tuple(range(len(g.shape) - len(axes)))
    y = (x - middle) * scale
    return (
        _pulled(g if weight is None else g * weight, y, scale, axes) if to_x else None,
        sum(g * y, axis=lead) if to_weight else None,
        sum(g, axis=lead) if to_bias else None,
    )


def _pulled(g, y, scale, axes):
    """Return g less its part along the constant and along y, the directions that do not change out."""
    along = mean(g * y, axis=axes, keepdims=True)
    return (g - mean(g, axis=axes, keepdims=True) - along * y) * scale


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

    slopes = staticmethod(with_kernel("layer_norm_backward", _formula))

    @staticmethod
    def value_and_saved(xp, slots, x, weight, bias, *, axes, eps):
        out, middle, scale = xp.layer_norm(x, weight, bias, axes, eps)
        return out, (x, middle, scale, weight, axes, tuple([slot is not None for slot in slots]))

    def _wanted(self):
        return tuple([self.needs(k) for k in range(3)])

    def save_again(self, x, weight, bias, *, axes, eps):
        middle = mean(x, axis=axes, keepdims=True)
        scale = 1 / sqrt(mean(square(x - middle), axis=axes, keepdims=True) + eps)
        self.ctx.save(x, middle, scale, weight, axes, self._wanted())

    def push(self, dx, dweight, dbias):
        x, middle, scale, weight, axes, _ = self.ctx.release
        y = (x - middle) * scale
        # The Jacobian of what is scaled to y is symmetric.
        dy = None if dx is None else _pulled(dx, y, scale, axes)
        return total(
            dy if dy is None or weight is None else dy * weight,
            None if dweight is None else dweight * y,
            None if dbias is None else broadcast_to(dbias, tuple(y.shape)),
        )


@rule(LayerNorm)
def layer_norm(x: Any, weight: Any = None, bias: Any = None, axis: Axes = -1, eps: float = 1e-5) -> Any:
    """Return x with mean 0 and variance 1 over last axes, times weight, plus bias.

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
    x, weight, bias = _together(x, weight, bias)
    return LayerNorm.of(x, weight, bias, axes=axes, eps=eps)


ANY = (-2, 2)


@composite(
    domain=ANY,
    samples=[([(3, 2, 2), (2,), (2,)], {}), ([(2, 2), (2,), (2,)], {"mean": [0.5, -1.0], "var": [1.0, 2.0]})],
)
def batch_norm(
    x: Any, weight: Any = None, bias: Any = None, *, mean: Any = None, var: Any = None, eps: float = 1e-5
) -> Any:
    """Return x per channel with mean 0 and variance 1, times weight, plus bias.

    x: (n, channels, ...) real floating. weight, bias: (channels,) or None. mean, var: (channels,), the
    statistics to use, as when a network is applied; by default those of x, as when it is trained (their
    running means are the caller's to keep, from nep.mean and nep.var over all axes but 1).
    Gradient: to x, weight, bias, and mean and var if given.
    Source: Ioffe and Szegedy, "Batch normalization" (2015).
    """
    real("batch_norm", x)
    if len(x.shape) < 2 or (mean is None) != (var is None):
        raise ValueError(
            f"batch_norm: expected x (n, channels, ...), got {describe(x)}; and mean and var, or neither"
        )
    x, weight, bias, mean, var = _together(x, weight, bias, mean, var)
    if mean is None:
        axes = tuple([k for k in range(len(x.shape)) if k != 1])
        if not count_over(tuple(x.shape), axes):
            raise ValueError(f"batch_norm: {describe(x)} has no elements to take the mean of")
        y = LayerNorm.of(x, None, None, axes=axes, eps=eps)
    else:
        y = divide(subtract(x, _per_channel(mean, x)), sqrt(_per_channel(var, x) + eps))
    return _affine("batch_norm", y, weight, bias)


@composite(domain=ANY, samples=[([(2, 4, 2), (4,), (4,)], {"num_groups": 2})])
def group_norm(x: Any, num_groups: int, weight: Any = None, bias: Any = None, *, eps: float = 1e-5) -> Any:
    """Return x per group with mean 0 and variance 1, times weight, plus bias.

    x: (n, channels, ...) real floating. num_groups: divides the channels; 1 group is layer_norm over
    all but n, a group per channel is instance normalization. weight, bias: (channels,) or None.
    Gradient: to x, weight and bias. Source: Wu and He, "Group normalization" (2018).
    """
    real("group_norm", x)
    shape = tuple(x.shape)
    if len(shape) < 2 or num_groups < 1 or shape[1] % num_groups or not count_over(shape, None):
        raise ValueError(f"group_norm: {num_groups} groups do not divide the channels of {describe(x)}")
    x, weight, bias = _together(x, weight, bias)
    rows = reshape(x, (shape[0], num_groups, count_over(shape, None) // (shape[0] * num_groups)))
    y = reshape(LayerNorm.of(rows, None, None, axes=(2,), eps=eps), shape)
    return _affine("group_norm", y, weight, bias)


@define("unit_square")
def _unit_square(xp, x, axes, eps):
    """Return x over the root of the mean of its squares over axes plus eps, and one over that root, kept."""
    scale = 1 / xp.sqrt(xp.mean(x * x, axis=axes, keepdims=True) + eps)
    return x * scale, scale


def _unit_square_formula(g, out, scale, axes):
    return ((g - out * mean(g * out, axis=axes, keepdims=True)) * scale,)


class UnitSquare(BuiltIn):
    domain, samples = ANY, [([(2, 3)], {"axes": (1,), "eps": 0.1}), ([(2, 3)], {"axes": (0, 1), "eps": 0.0})]
    batch = classmethod(within("axes"))
    slopes = staticmethod(with_kernel("unit_square_backward", _unit_square_formula))

    def forward(self, x, *, axes, eps):
        out, scale = self.xp.unit_square(x, axes, eps)
        self.ctx.save(out, scale, axes)
        return out

    def save_again(self, x, *, axes, eps):
        scale = 1 / sqrt(mean(square(x), axis=axes, keepdims=True) + eps)
        self.ctx.save(x * scale, scale, axes)

    def push(self, v):
        return self.slopes(v, *self.ctx.release)[0]  # the Jacobian is symmetric


@rule(UnitSquare)
def unit_square(x: Any, /, *, axes: tuple[int, ...], eps: float) -> Any:
    """Return x over the root of the mean of its squares over axes plus eps. Gradient: to x."""
    real("unit_square", x)
    return UnitSquare.of(x, axes=axes, eps=eps)


@composite(domain=ANY, samples=[([(2, 3), (3,)], {}), ([(2, 3)], {"axis": 0, "eps": 0.1})])
def rms_norm(x: Any, weight: Any = None, *, axis: Axes = -1, eps: float | None = None) -> Any:
    """Return x over the root of the mean of its squares over axes, times weight.

    x: (...) real floating. weight: broadcasts with x, or None. eps: added to the mean of the squares; by
    default the dtype's eps. Gradient: to x and weight.
    Source: Zhang and Sennrich, "Root mean square layer normalization" (2019).
    """
    real("rms_norm", x)
    x, weight = _together(x, weight)
    axes = positive_axes(axis, len(x.shape))
    y = unit_square(x, axes=axes, eps=finfo(x).eps if eps is None else eps)
    return y if weight is None else multiply(y, weight)


def _together(*operands: Any) -> list[Any]:
    """Return operands in one dtype; None stays None."""
    given = one_dtype(*[y for y in operands if y is not None])
    return [None if y is None else given.pop(0) for y in operands]


def _per_channel(y: Any, x: Any) -> Any:
    return reshape(y, (-1, *[1] * (len(x.shape) - 2)))


def _affine(name: str, y: Any, weight: Any, bias: Any) -> Any:
    """Return y * weight + bias, with a weight and a bias per channel."""
    for what, z in (("weight", weight), ("bias", bias)):
        if z is not None and tuple(z.shape) != (y.shape[1],):
            raise ValueError(f"{name}: {what} is {describe(z)}; expected shape ({y.shape[1]},)")
    y = y if weight is None else multiply(y, _per_channel(weight, y))
    return y if bias is None else add(y, _per_channel(bias, y))
