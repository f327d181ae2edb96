"""Policies that are right and hard to check: none of them may be called wrong, whatever the seed.

RIGHT holds (name, Policy, arguments of check_policy).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import neo.numpy as nep
import neo.testing as nt
from neo import autograd

from .made import policy_of, summed

RIGHT: list[tuple[str, Any, dict[str, Any]]] = []


def right(**arguments: Any) -> Any:
    """Enter a Policy class that is right."""

    def decorate(policy: Any) -> Any:
        RIGHT.append((policy.__name__, policy, arguments))
        return policy

    return decorate


def of(name: str, f: Any, slope: Any, domain: Any = (-2, 2), bounds: dict[str, Any] | None = None) -> None:
    """Enter an elementwise Policy from its function and slope."""
    RIGHT.append((name, policy_of(name, f, slope, domain=domain), bounds or {}))


# Steep, flat, tiny and huge.
of("Steep", lambda x: nep.tanh(1e4 * x), lambda x: 1e4 * (1 - nep.tanh(1e4 * x) ** 2))
of("VerySteep", lambda x: nep.tanh(1e7 * x), lambda x: 1e7 * (1 - nep.tanh(1e7 * x) ** 2))
of("NearlyAStep", lambda x: nep.tanh(1e9 * (x - 0.5)), lambda x: 1e9 * (1 - nep.tanh(1e9 * (x - 0.5)) ** 2))
of("Quick", lambda x: nep.sin(1e3 * x), lambda x: 1e3 * nep.cos(1e3 * x))
of("VeryQuick", lambda x: nep.sin(1e6 * x), lambda x: 1e6 * nep.cos(1e6 * x))
of("Tiny", lambda x: 1e-200 * nep.sin(x), lambda x: 1e-200 * nep.cos(x))
of("Huge", lambda x: 1e200 * nep.sin(x), lambda x: 1e200 * nep.cos(x))
of("TinyOperands", lambda x: x * x, lambda x: 2 * x, domain=(1e-150, 2e-150))
of("HugeOperands", lambda x: nep.sqrt(x), lambda x: 0.5 / nep.sqrt(x), domain=(1e150, 9e150))
of("SmallOperands", lambda x: nep.log(x), lambda x: 1 / x, domain=(1e-12, 1e-6))
of("WideDomain", lambda x: nep.log(x), lambda x: 1 / x, domain=(1e-10, 1e10))
of("Exponential", nep.exp, nep.exp, domain=(-700, 700))
of("Constant", lambda x: x * 0 + 3, lambda x: x * 0)
of("Flat", lambda x: x**8, lambda x: 8 * x**7)
# Cancellation.
of("OffsetSquare", lambda x: (x + 1e6) ** 2 - 1e12, lambda x: 2 * (x + 1e6))
of("DifferenceOfExponentials", lambda x: nep.exp(x) - nep.exp(-x), lambda x: nep.exp(x) + nep.exp(-x))
of("OneMinusCos", lambda x: 1 - nep.cos(x), nep.sin)
of("LogOfOnePlus", lambda x: nep.log(1 + x), lambda x: 1 / (1 + x), domain=(-0.5, 1e-3))
of("RootDifference", lambda x: nep.sqrt(x + 1e8) - 1e4, lambda x: 0.5 / nep.sqrt(x + 1e8))
# Kinks, with what is usual there.
of("Abs", nep.abs, nep.sign)
of("AbsWithOne", nep.abs, lambda x: nep.where(x >= 0, 1.0, -1.0))
of("Relu", lambda x: nep.maximum(x, 0.0), lambda x: nep.where(x > 0, 1.0, 0.0))
of(
    "ReluWithHalf",
    lambda x: nep.maximum(x, 0.0),
    lambda x: nep.where(x > 0, 1.0, nep.where(x == 0, 0.5, 0.0)),
)
of("Clip", lambda x: nep.clip(x, -1, 1), lambda x: nep.where((x >= -1) & (x <= 1), 1.0, 0.0))
of("HardTanhOpen", lambda x: nep.clip(x, -1, 1), lambda x: nep.where((x > -1) & (x < 1), 1.0, 0.0))
of("Triangle", lambda x: nep.abs(x - nep.round(x)), lambda x: nep.sign(x - nep.round(x)), domain=(-0.4, 0.4))
of("ReluSquared", lambda x: nep.maximum(x, 0.0) ** 2, lambda x: 2 * nep.maximum(x, 0.0))
of("SignedSquare", lambda x: x * nep.abs(x), lambda x: 2 * nep.abs(x))
of(
    "Softshrink",
    lambda x: nep.sign(x) * nep.maximum(nep.abs(x) - 0.5, 0.0),
    lambda x: nep.where(nep.abs(x) > 0.5, 1.0, 0.0),
)
of("Huber", lambda x: nep.where(nep.abs(x) < 1, x * x / 2, nep.abs(x) - 0.5), lambda x: nep.clip(x, -1, 1))
of(
    "ManyKinks",
    lambda x: nep.abs(nep.sin(20 * x)),
    lambda x: 20 * nep.cos(20 * x) * nep.sign(nep.sin(20 * x)),
)
# Jumps, whose slope is what it is on either side.
of("Floor", nep.floor, lambda x: x * 0)
of("Round", nep.round, lambda x: x * 0)
of("Sign", nep.sign, lambda x: x * 0)
of("Sawtooth", lambda x: x - nep.floor(x), lambda x: x * 0 + 1)
of("StepTimesLine", lambda x: nep.where(x > 0.5, x, 0.0), lambda x: nep.where(x > 0.5, 1.0, 0.0))
# Ends of a domain.
of("Root", nep.sqrt, lambda x: 0.5 / nep.sqrt(x), domain=(0, 4))
of("RootNearZero", nep.sqrt, lambda x: 0.5 / nep.sqrt(x), domain=(1e-8, 1))
of("Power", lambda x: x**1.5, lambda x: 1.5 * x**0.5, domain=(0, 3))
of("Log", nep.log, lambda x: 1 / x, domain=(0, 3))
of("Arcsine", nep.asin, lambda x: 1 / nep.sqrt(1 - x * x), domain=(-1, 1))
of("Artanh", nep.atanh, lambda x: 1 / (1 - x * x), domain=(-1, 1))
of("Reciprocal", lambda x: 1 / x, lambda x: -1 / (x * x), domain=(1e-3, 2))
of("ReciprocalAcrossZero", lambda x: 1 / x, lambda x: -1 / (x * x))
of("Entropy", lambda x: -x * nep.log(x), lambda x: -nep.log(x) - 1, domain=(0.0, 1))
# Complex numbers.
COMPLEX = {"dtypes": ("complex128",)}
of("ComplexExponential", nep.exp, lambda x: nep.conj(nep.exp(x)), bounds=COMPLEX)
of("ComplexSquare", lambda x: x * x, lambda x: 2 * nep.conj(x), bounds=COMPLEX)
of("ComplexInSingle", lambda x: x * x, lambda x: 2 * nep.conj(x), bounds={"dtypes": ("complex64",)})
of("SineInSingle", nep.sin, nep.cos, bounds={"dtypes": ("float32", "float64")})
of("SineInHalf", nep.sin, nep.cos, bounds={"dtypes": ("float16",)})
of("OffsetSquareInSingle", lambda x: (x + 100) ** 2, lambda x: 2 * (x + 100), bounds={"dtypes": ("float32",)})
of("DoubleInside", lambda x: nep.astype(nep.sin(nep.astype(x, nep.float32)), x.dtype), lambda x: nep.cos(x))


@right(dtypes=("complex128",))
class SquaredMagnitude(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return nep.real(x * nep.conj(x))

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x


@right(dtypes=("complex128",))
class Modulus(autograd.Policy):
    def forward(self, x):
        out = nep.abs(x)
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return g * x / nep.where(out == 0, 1.0, out)


@right()
class FromRealToComplex(autograd.Policy):
    def forward(self, x):
        out = nep.exp(1j * x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return nep.real(g * nep.conj(1j * out))


@right()
class Maximum(autograd.Policy):
    kink = "mean"

    def forward(self, x, y):
        self.ctx.save(x, y)
        return nep.maximum(x, y)

    def backward(self, g):
        x, y = self.ctx.release
        tie = nep.where(x == y, 0.5, 0.0)
        return g * (nep.where(x > y, 1.0, 0.0) + tie), g * (nep.where(y > x, 1.0, 0.0) + tie)


@right()
class FirstWinsATie(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x, y)
        return nep.minimum(x, y)

    def backward(self, g):
        x, y = self.ctx.release
        return nep.where(x <= y, g, 0), nep.where(y < x, g, 0)


@right()
class DeclaredRelu(autograd.Policy):
    kink = "left"

    def forward(self, x):
        self.ctx.save(x)
        return nep.maximum(x, 0.0)

    def backward(self, g):
        (x,) = self.ctx.release
        return nep.where(x > 0, g, 0)


@right()
class LargestOfAll(autograd.Policy):
    def forward(self, x):
        out = nep.max(x)
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        reached = nep.where(x == out, 1.0, 0.0)
        return g * reached / nep.sum(reached)


@right()
class Median(autograd.Policy):
    def forward(self, x):
        flat = nep.reshape(x, (-1,))
        order = nep.argsort(flat)
        self.shape = tuple(x.shape)
        self.position = int(order[x.size // 2])
        return flat[self.position]

    def backward(self, g):
        count = int(np.prod(self.shape))
        picked = nep.asarray([1.0 if k == self.position else 0.0 for k in range(count)])
        return nep.reshape(g * nep.astype(nep.asarray(picked, backend=g.backend), g.dtype), self.shape)


@right()
class Norm(autograd.Policy):
    def forward(self, x):
        out = nep.sqrt(nep.sum(x * x))
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return g * x / nep.where(out == 0, 1.0, out)


@right(inputs=nt.broadcastable(2))
class BroadcastProduct(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x, y)
        return x * y

    def backward(self, g):
        x, y = self.ctx.release
        return summed(g * y, x), summed(g * x, y)


@right(inputs=(nt.arrays((2, 3)),), settings={"axis": nt.axes(2)})
class Mean(autograd.Policy):
    def forward(self, x, *, axis):
        self.ctx.save(tuple(x.shape), axis)
        return nep.mean(x, axis=axis)

    def backward(self, g):
        shape, axis = self.ctx.release
        axes = tuple(range(len(shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        kept = tuple([1 if k in axes or k - len(shape) in axes else n for k, n in enumerate(shape)])
        count = int(np.prod(shape)) // int(np.prod(kept))
        return nep.broadcast_to(nep.reshape(g / count, kept), shape)


@right(settings={"axis": st.sampled_from([0, -1])})
class SumOverAnAxis(autograd.Policy):
    def forward(self, x, *, axis):
        self.ctx.save(tuple(x.shape), axis)
        return nep.sum(x, axis=axis)

    def backward(self, g):
        shape, axis = self.ctx.release
        return nep.broadcast_to(nep.expand_dims(g, axis=axis), shape)


@right()
class SinCos(autograd.Policy):
    def forward(self, x):
        sin, cos = nep.sin(x), nep.cos(x)
        self.ctx.save(sin, cos)
        return sin, cos

    def backward(self, g_sin, g_cos):
        sin, cos = self.ctx.release
        return g_sin * cos - g_cos * sin


@right()
class ValueAndPlace(autograd.Policy):
    """Two results of which one is whole numbers."""

    def forward(self, x):
        flat = nep.reshape(x, (-1,))
        place = nep.argmax(flat)
        out = nep.max(x)
        self.ctx.save(x, out)
        return out, place

    def backward(self, g, _):
        x, out = self.ctx.release
        reached = nep.where(x == out, 1.0, 0.0)
        return g * reached / nep.sum(reached)


@right(
    inputs=(
        nt.arrays((4,)),
        st.lists(st.integers(0, 3), min_size=0, max_size=5).map(lambda k: np.array(k, int)),
    )
)
class Gather(autograd.Policy):
    """An operand of whole numbers beside a real one; indices may repeat."""

    def forward(self, x, index):
        self.ctx.save(index)
        self.count = x.shape[0]
        return nep.take(x, index, axis=0)

    def backward(self, g):
        (index,) = self.ctx.release
        picks = nep.astype(nep.arange(self.count, backend=g.backend)[:, None] == index[None, :], g.dtype)
        return picks @ g, None


@right()
class PositivePart(autograd.Policy):
    """A result whose shape depends on the data."""

    def forward(self, x):
        self.ctx.save(x)
        return x[x > 0] * 2

    def backward(self, g):
        (x,) = self.ctx.release
        found = nep.zeros(tuple(x.shape), dtype=x.dtype, backend=x.backend)
        found[x > 0] = 2 * g
        return found


@right(inputs=(nt.well_conditioned(3, stack=(), condition=1e7), nt.arrays((3,))))
class IllConditionedSolve(autograd.Policy):
    def forward(self, a, b):
        out = nep.linalg.solve(a, b)
        self.ctx.save(a, out)
        return out

    def backward(self, g):
        a, out = self.ctx.release
        db = nep.linalg.solve(a.T, g)
        return -db[:, None] * out[None, :], db


@right(inputs=(nt.well_conditioned(3, condition=1e3),))
class Inverse(autograd.Policy):
    def forward(self, a):
        out = nep.linalg.inv(a)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return -(out.mT @ g @ out.mT)


@right(inputs=(nt.positive_definite(3),))
class LogDeterminant(autograd.Policy):
    domain = (-1, 1)

    def forward(self, a):
        self.ctx.save(a)
        return nep.linalg.slogdet(a)[1]

    def backward(self, g):
        (a,) = self.ctx.release
        return g[..., None, None] * nep.linalg.inv(a).mT


@right(inputs=(nt.arrays((2, 3)), nt.arrays((3, 2)), nt.arrays((2,))))
class Affine(autograd.Policy):
    def forward(self, X, Y, b):
        self.ctx.save(X, Y, b)
        return (X @ Y) + b

    def backward(self, grad):
        X, Y, b = self.ctx.release
        return grad @ Y.T, X.T @ grad, grad.sum(axis=0) if b.size > 1 else grad.sum()


@right(settings={"axis": st.sampled_from([0, -1])})
class Softmax(autograd.Policy):
    def forward(self, x, *, axis):
        e = nep.exp(x - nep.max(x, axis=axis, keepdims=True)) if x.size else x
        out = e / nep.sum(e, axis=axis, keepdims=True) if x.size else x
        self.axis = axis
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return out * (g - nep.sum(g * out, axis=self.axis, keepdims=True))


@right(settings={"factor": st.floats(-3, 3)})
class Scale(autograd.Policy):
    def forward(self, x, *, factor):
        self.factor = factor
        return x * factor

    def backward(self, g):
        return g * self.factor


@right()
class SavesAnIntermediate(autograd.Policy):
    def forward(self, x):
        y = 2 * x
        self.ctx.save(y)
        return y * y

    def backward(self, g):
        (y,) = self.ctx.release
        return 4 * g * y


@right()
class BareExponential(autograd.Policy):
    bare = True

    def forward(self, x):
        out = self.xp.exp(x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return g * out


@right(orders=(1,))
class NumPyInBackward(autograd.Policy):
    """Not differentiable twice, and not said to be."""

    def forward(self, x):
        self.ctx.save(x)
        return nep.sin(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.asarray(np.cos(x.numpy()), backend=x.backend)


@right()
class NoSecondOperand(autograd.Policy):
    """The result does not depend on y, and backward says None."""

    def forward(self, x, y):
        self.ctx.save(x)
        return x * x

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x, None


@right()
class SortWithStableTies(autograd.Policy):
    def forward(self, x):
        flat = nep.reshape(x, (-1,))
        self.order = nep.argsort(flat, stable=True)
        self.shape = tuple(x.shape)
        return nep.take(flat, self.order, axis=0)

    def backward(self, g):
        back = nep.argsort(self.order)
        return nep.reshape(nep.take(g, back, axis=0), self.shape)


@right(inputs=(nt.arrays((3,), domain=(0, 1)),))
class ProductExactWithZeros(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return nep.prod(x)

    def backward(self, g):
        (x,) = self.ctx.release
        a, b, c = x[0], x[1], x[2]
        return g * nep.stack([b * c, a * c, a * b])


@right(inputs=(nt.subnormal((3,)),), orders=(1,))
class LineOfSubnormals(autograd.Policy):
    def forward(self, x):
        return x * 3

    def backward(self, g):
        return g * 3


@right(inputs=(nt.arrays((2, 3)), 2.0))
class ANumberBesideAnArray(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x, y)
        return x * y

    def backward(self, g):
        x, y = self.ctx.release
        return g * y, nep.sum(g * x)


@right()
class IteratesToTheRoot(autograd.Policy):
    """Newton's method for y * y * y = x: values that are exact to rounding only."""

    domain = (0.5, 3)

    def forward(self, x):
        y = x * 0 + 1
        for _ in range(40):
            y = y - (y * y * y - x) / (3 * y * y)
        self.ctx.save(y)
        return y

    def backward(self, g):
        (y,) = self.ctx.release
        return g / (3 * y * y)
