"""Activation functions: elementwise, each one call on the tape, finite in between and at infinity.

`define` gives a forward for every library; a backend may bring a quicker kernel of that name.
"""

from __future__ import annotations

import math
from typing import Any

from ..backends import define
from ..ops.batching import leading
from ..ops.broadcasting import positive_axes
from ..ops.elementwise import elementwise
from ..ops.formulas import exp, maximum, minimum, tanh
from ..ops.indexing import getitem
from ..ops.kernels import with_kernel
from ..ops.registry import BuiltIn, composite, rule
from ..ops.selection import where
from ..ops.special.normal import erf
from .operands import real

ANY = (-3, 3)
# Beyond it every slope here has reached its limit, in every dtype. A slope bounds x by it, so that
# what vanishes there is 0 * 1000 and not 0 * inf.
FAR = 1000
# The tanh of gelu's polynomial is 1 here, and the polynomial does not overflow.
SATURATED = 10


@define("relu")
def _relu(xp, x):
    real("relu", x)
    return xp.maximum(x, 0)


relu = elementwise(
    "relu",
    "Return max(x, 0); NaN of NaN. The gradient at 0 is 0.",
    with_kernel("relu_backward", lambda g, out: where(out <= 0, 0, g), new=True),
    domain=(0.1, 3),
)


@define("sigmoid")
def _sigmoid(xp, x):
    real("sigmoid", x)
    small = xp.exp(-xp.abs(x))
    # The numerator is e ** min(x, 0), so neither side overflows and neither loses digits.
    return xp.maximum(small, xp.astype(x >= 0, x.dtype)) / (1 + small)


sigmoid = elementwise(
    "sigmoid",
    "Return 1 / (1 + e ** -x), without overflow and accurate on both sides.",
    with_kernel("sigmoid_backward", lambda g, out: g * (out * (1 - out)), new=True),
    domain=ANY,
)


@define("softplus")
def _softplus(xp, x):
    real("softplus", x)
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


softplus = elementwise(
    "softplus",
    "Return log(1 + e ** x), which is x itself where x is large.",
    lambda g, x: g * sigmoid(x),
    domain=ANY,
)


@define("silu")
def _silu(xp, x):
    real("silu", x)
    return x * xp.sigmoid(x)


def _silu_slope(x):
    s = sigmoid(x)
    return s * (1 + minimum(x, FAR) * (1 - s))


silu = elementwise(
    "silu",
    "Return x * sigmoid(x), also known as swish; NaN at -inf, as 0 * inf is.",
    with_kernel("silu_backward", lambda g, x: g * _silu_slope(x)),
    domain=ANY,
)


@define("gelu")
def _gelu(xp, x):
    real("gelu", x)
    return x * (0.5 * (1 + xp.erf(x * math.sqrt(0.5))))


def _gelu_slope(x):
    density = exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return 0.5 * (1 + erf(x * math.sqrt(0.5))) + minimum(x, FAR) * density


_gelu_none = elementwise(
    "gelu",
    "Return x times the chance that a standard normal number is below x.",
    # A kernel may read the chance off the result.
    with_kernel("gelu_backward", lambda g, x, out: g * _gelu_slope(x)),
    domain=ANY,
)

_CUBIC, _SCALE = 0.044715, math.sqrt(2 / math.pi)


@define("gelu_tanh")
def _gelu_tanh(xp, x):
    real("gelu", x)
    near = xp.clip(x, -SATURATED, SATURATED)
    return x * (0.5 * (1 + xp.tanh(near * (_SCALE * (1 + _CUBIC * (near * near))))))


def _gelu_tanh_slope(x):
    near = minimum(maximum(x, -SATURATED), SATURATED)
    square = near * near
    t = tanh(near * (_SCALE * (1 + _CUBIC * square)))
    return 0.5 * (1 + t) + near * ((1 - t * t) * (0.5 * _SCALE * (1 + 3 * _CUBIC * square)))


gelu_tanh = elementwise(
    "gelu_tanh",
    "Return gelu's approximation by tanh. Source: Hendrycks and Gimpel (2016).",
    with_kernel("gelu_tanh_backward", lambda g, x: g * _gelu_tanh_slope(x)),
    domain=ANY,
)


def gelu(x: Any, /, *, approximate: str = "none") -> Any:
    """Return x times the chance that a standard normal number is below x.

    approximate: "none", or "tanh" for the approximation of that name. NaN at -inf, as 0 * inf is.
    Gradient: to x. Raises ValueError for another approximation.
    Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016).
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f'gelu: approximate is "none" or "tanh", got {approximate!r}')
    return _gelu_none(x) if approximate == "none" else gelu_tanh(x)


gelu.policy = _gelu_none.policy  # type: ignore[attr-defined]
# What `policies={gelu: ...}` replaces.
gelu.policies = (_gelu_none.policy, gelu_tanh.policy)  # type: ignore[attr-defined]


def _right(x, slope):
    """Tell where the slope is 1: right of 0, and at 0 if the slope on the left is the steeper."""
    return x > 0 if abs(slope) <= 1 else x >= 0


class LeakyRelu(BuiltIn):
    domain, samples = (0.1, 3), [([(2, 3)], {}), ([(4,)], {"negative_slope": 2.0}), ([()], {})]
    batch = classmethod(leading)

    def forward(self, x, *, negative_slope):
        self.ctx.save(x, negative_slope)
        return self.xp.maximum(x, 0) + negative_slope * self.xp.minimum(x, 0)

    def backward(self, g):
        x, slope = self.ctx.release
        return where(_right(x, slope), g, g * slope)

    push = backward  # elementwise: the Jacobian is diagonal


@rule(LeakyRelu)
def leaky_relu(x: Any, /, *, negative_slope: float = 0.01) -> Any:
    """Return x where it is positive, negative_slope * x elsewhere.

    x: (...) real floating. negative_slope: a Python number.
    Gradient: to x; at 0 the one of the two slopes that is nearer to zero.
    """
    real("leaky_relu", x)
    return LeakyRelu.of(x, negative_slope=negative_slope)


class Elu(BuiltIn):
    domain, samples = ANY, [([(2, 3)], {}), ([()], {})]
    batch = classmethod(leading)

    def forward(self, x, *, alpha):
        out = self.xp.maximum(x, 0) + alpha * self.xp.expm1(self.xp.minimum(x, 0))
        self.ctx.save(x, alpha)
        return out

    def backward(self, g):
        x, alpha = self.ctx.release
        return where(_right(x, alpha), g, g * (alpha * exp(minimum(x, 0))))

    push = backward  # elementwise: the Jacobian is diagonal


@rule(Elu)
def elu(x: Any, /, *, alpha: float = 1.0) -> Any:
    """Return x where it is positive, alpha * (e ** x - 1) elsewhere.

    x: (...) real floating. alpha: a Python number.
    Gradient: to x; at 0 the one of the two slopes, 1 and alpha, that is nearer to zero.
    Source: Clevert, Unterthiner and Hochreiter, "Exponential linear units" (2015).
    """
    real("elu", x)
    return Elu.of(x, alpha=alpha)


@composite(domain=ANY, samples=[([(2, 3)], {})])
def log_sigmoid(x: Any, /) -> Any:
    """Return log(sigmoid(x)), which is x itself far below 0. Gradient: to x."""
    return -softplus(-x)


@composite(domain=ANY, samples=[([(2, 3)], {})])
def mish(x: Any, /) -> Any:
    """Return x * tanh(softplus(x)). Gradient: to x. Source: Misra, "Mish" (2019)."""
    return x * tanh(softplus(x))


# The fixed point of mean 0 and variance 1: Klambauer et al., "Self-normalizing networks" (2017).
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@composite(domain=ANY, samples=[([(2, 3)], {})])
def selu(x: Any, /) -> Any:
    """Return elu with the slope and bend that keep mean 0 and variance 1.

    Gradient: to x, as elu's.
    """
    return elu(x, alpha=_SELU_ALPHA) * _SELU_SCALE


@composite(domain=ANY, samples=[([(2, 4)], {})])
def glu(x: Any, /, axis: int = -1) -> Any:
    """Return the first half of x along an axis times the sigmoid of the second half.

    Gradient: to x.
    """
    n = x.shape[axis]
    if n % 2:
        raise ValueError(f"glu: axis {axis} of shape {tuple(x.shape)} has {n} elements, which has no half")
    (axis,) = positive_axes(axis, len(x.shape))
    lead = (slice(None),) * axis
    values, gates = [getitem(x, (*lead, k, ...)) for k in (slice(0, n // 2), slice(n // 2, n))]
    return values * sigmoid(gates)
