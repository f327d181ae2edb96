"""Rules ready for `policies=`: straight-through, reversed and clipped gradients, surrogate spikes.

Each has only a backward, and takes the place of an operation's own for one call of a transform:
`neo.grad(f, policies={nep.round: StraightThrough})`. The operation's forward stays. A rule with
settings is given as an instance, `ReverseGradient(scale=0.1)`, or as its class with their defaults.
"""

from __future__ import annotations

import math
from typing import Any

from .core.policy import Policy
from .ops import broadcasting, formulas
from .ops.broadcasting import conj, real, unbroadcast
from .ops.formulas import exp, maximum, sqrt
from .ops.selection import clip, where

__all__ = [
    "ArcTangent",
    "ClipGradient",
    "Exponential",
    "Gaussian",
    "GuidedRelu",
    "Logistic",
    "MultiGaussian",
    "Rectangle",
    "ReverseGradient",
    "StraightThrough",
    "SuperSpike",
    "Surrogate",
    "Triangle",
]


class StraightThrough(Policy):
    """The gradient passes as if the operation were the identity.

    For round, sign, floor and their kind. Each operand gets the gradient of the result, summed where
    it was broadcast. Raises ValueError where the result is smaller than an operand, as a sum's is.
    Source: Bengio, Leonard and Courville, "Estimating or propagating gradients through stochastic
    neurons" (2013).

    >>> import neo, neo.numpy as nep
    >>> print(neo.grad(nep.round, policies={nep.round: StraightThrough})(0.3))
    1.0
    """

    reads = False

    def backward(self, g: Any) -> Any:
        return tuple([like and unbroadcast(g, like[0]) for like in self.operands_like])


class ReverseGradient(Policy):
    """The operation's own gradient, times -scale.

    What is learnt downstream is unlearnt upstream. Put it on `positive` at the place where two parts
    of a network meet.
    Source: Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation" (2015).

    >>> import neo, neo.numpy as nep
    >>> print(neo.grad(nep.positive, policies={nep.positive: ReverseGradient(scale=0.5)})(3.0))
    -0.5
    """

    reads = False

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def backward(self, *gradients: Any) -> Any:
        found = super().backward(*gradients)
        return tuple([None if dx is None else dx * -self.scale for dx in found])


class ClipGradient(Policy):
    """The operation's own gradients, each bounded by its elements or by its norm.

    value: the largest modulus of an element; clipped to it in sign. norm: the largest 2-norm; a
    longer gradient is scaled down to it. Give one of them, or both: first value, then norm.
    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks"
    (2013).

    >>> import neo, neo.numpy as nep
    >>> print(neo.grad(nep.square, policies={nep.square: ClipGradient(value=1.0)})(3.0))
    1.0
    """

    reads = False

    def __init__(self, value: float | None = None, norm: float | None = None) -> None:
        if value is None and norm is None:
            raise ValueError("ClipGradient needs a bound: value= of an element, or norm= of the gradient")
        for name, bound in (("value", value), ("norm", norm)):
            if bound is not None and not bound >= 0:
                raise ValueError(f"ClipGradient: {name} is a bound of at least 0, got {bound}")
        self.value, self.norm = value, norm

    def backward(self, *gradients: Any) -> Any:
        return tuple([None if dx is None else self._bounded(dx) for dx in super().backward(*gradients)])

    def _bounded(self, dx: Any) -> Any:
        if self.value is not None:
            dx = clip(dx, -self.value, self.value)
        if self.norm is None:
            return dx
        length = sqrt(broadcasting.sum(real(dx * conj(dx))))
        # Divided only where it is too long: a zero gradient stays zero.
        return dx * where(length > self.norm, self.norm / where(length > self.norm, length, 1), 1)


class GuidedRelu(Policy):
    """The gradient passes where the operand and the gradient itself are positive.

    For relu, to see what in an image drives a unit.
    Source: Springenberg et al., "Striving for simplicity: the all convolutional net" (2014).

    >>> import neo, neo.functions as nn
    >>> print(neo.grad(lambda x: -nn.relu(x), policies={nn.relu: GuidedRelu})(2.0))
    0.0
    """

    def backward(self, g: Any) -> Any:
        x, *_ = self.ctx.release
        return where(x > 0, maximum(g, 0), 0)


class Surrogate(Policy):
    """A smooth slope in the place of that of a step.

    Subclass it and write `slope_at(x)`.
    The rule of `neo.functions.spike`, of `sign` or of any function of one array that is flat where
    it has a derivative. x is what the step is taken of: the membrane potential less its threshold.
    slope: how steep the surrogate is; its width is about 1 / slope.
    Source: Neftci, Mostafa and Zenke, "Surrogate gradient learning in spiking neural networks" (2019).
    """

    slope = 1.0

    def __init__(self, slope: float | None = None) -> None:
        if slope is not None:
            if not slope > 0:
                raise ValueError(f"{type(self).__name__}: slope is positive, got {slope}")
            self.slope = slope

    def slope_at(self, x: Any) -> Any:
        """Return the slope that stands in for that of the step at x."""
        raise NotImplementedError(f"{type(self).__name__} has no slope_at(x); write it")

    def backward(self, g: Any) -> Any:
        x, *_ = self.ctx.release
        return g * self.slope_at(x)


class SuperSpike(Surrogate):
    """The slope of a fast sigmoid: 1 / (1 + slope |x|)².

    Source: Zenke and Ganguli, "SuperSpike: supervised learning in multilayer spiking neural
    networks" (2018); slope 25 is usual.
    """

    slope = 25.0

    def slope_at(self, x: Any) -> Any:
        return 1 / (1 + self.slope * formulas.abs(x)) ** 2


class ArcTangent(Surrogate):
    """The slope of an arc tangent: slope / 2 / (1 + (π slope x / 2)²).

    Source: Fang et al., "Incorporating learnable membrane time constant to enhance learning of
    spiking neural networks" (2021).
    """

    slope = 2.0

    def slope_at(self, x: Any) -> Any:
        return self.slope / 2 / (1 + (math.pi / 2 * self.slope * x) ** 2)


class Logistic(Surrogate):
    """The logistic function's slope: slope s (1 - s), s = 1 / (1 + e^(-slope x)).

    Source: Zenke and Vogels, "The remarkable robustness of surrogate gradient learning" (2021).
    """

    slope = 4.0

    def slope_at(self, x: Any) -> Any:
        small = exp(-self.slope * formulas.abs(x))  # of |x|, which does not overflow: the slope is even
        return self.slope * small / (1 + small) ** 2


class Triangle(Surrogate):
    """A triangle: max(0, 1 - slope |x|) times height.

    Sources: Esser et al., "Convolutional networks for fast, energy-efficient neuromorphic computing"
    (2016); Bellec et al., "Long short-term memory and learning-to-learn in networks of spiking
    neurons" (2018), with height 0.3.
    """

    def __init__(self, slope: float | None = None, height: float = 1.0) -> None:
        super().__init__(slope)
        self.height = height

    def slope_at(self, x: Any) -> Any:
        return self.height * maximum(1 - self.slope * formulas.abs(x), 0)


class Rectangle(Surrogate):
    """A rectangle: slope where |x| < 1 / (2 slope), else 0.

    Source: Wu et al., "Spatio-temporal backpropagation for training high-performance spiking neural
    networks" (2018).
    """

    def slope_at(self, x: Any) -> Any:
        return where(formulas.abs(x) < 0.5 / self.slope, x * 0 + self.slope, 0)


class Exponential(Surrogate):
    """An exponential: e^(-slope |x|) times slope / 2, which encloses an area of 1.

    Source: Shrestha and Orchard, "SLAYER: spike layer error reassignment in time" (2018).
    """

    slope = 5.0

    def slope_at(self, x: Any) -> Any:
        return self.slope / 2 * exp(-self.slope * formulas.abs(x))


class Gaussian(Surrogate):
    """A normal density of standard deviation 1 / slope.

    Source: Yin, Corradi and Bohte, "Effective and efficient computation with multiple-timescale
    spiking recurrent neural networks" (2020).
    """

    slope = 2.0

    def slope_at(self, x: Any) -> Any:
        return _density(x, 1 / self.slope)


class MultiGaussian(Surrogate):
    """A normal density less two wider ones beside it, so negative further out.

    (1 + height) N(x; 0, s) - height N(x; s, 6 s) - height N(x; -s, 6 s) with s = 1 / slope.
    Source: Yin, Corradi and Bohte, "Accurate and efficient time-domain classification with adaptive
    spiking recurrent neural networks" (2021).
    """

    slope = 2.0

    def __init__(self, slope: float | None = None, height: float = 0.15) -> None:
        super().__init__(slope)
        self.height = height

    def slope_at(self, x: Any) -> Any:
        width = 1 / self.slope
        beside = _density(x - width, 6 * width) + _density(x + width, 6 * width)
        return (1 + self.height) * _density(x, width) - self.height * beside


def _density(x: Any, deviation: float) -> Any:
    """Return the normal density of mean 0 at x."""
    return exp((x / deviation) ** 2 * -0.5) / (deviation * math.sqrt(2 * math.pi))
