"""More Policies that are right and hard to check: saturated, chaotic, cusped, cancelling, of several scales.

NASTY holds (name, Policy, arguments of check_policy), as `right.RIGHT` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import neo.numpy as nep
import neo.testing as nt
from neo import autograd

from .made import policy_of, summed

NASTY: list[tuple[str, Any, dict[str, Any]]] = []
w, cos, sin, exp, log, sqrt = nep.where, nep.cos, nep.sin, nep.exp, nep.log, nep.sqrt
tanh, ab, sgn, mx = nep.tanh, nep.abs, nep.sign, nep.maximum


def of(name: str, f: Any, *slopes: Any, **arguments: Any) -> None:
    """Enter a function of one or two operands and its slopes."""
    members = {key: arguments.pop(key) for key in ("domain", "kink") if key in arguments}
    NASTY.append((name, policy_of(name, f, *slopes, **members), arguments))


def right(**arguments: Any) -> Any:
    """Enter a Policy class that is right."""

    def decorate(policy: Any) -> Any:
        NASTY.append((policy.__name__, policy, arguments))
        return policy

    return decorate


def sig(x: Any) -> Any:
    return 1 / (1 + exp(-x))


of(
    "SigmoidSteep",
    lambda x: nep.special.expit(1e6 * x),
    lambda x: 1e6 * nep.special.expit(1e6 * x) * (1 - nep.special.expit(1e6 * x)),
)
of("SigmoidWide", sig, lambda x: sig(x) * (1 - sig(x)), domain=(-40, 40))
of("TanhWide", tanh, lambda x: 1 - tanh(x) ** 2, domain=(-50, 50))
of("PoleInside", lambda x: 1 / (x - 0.3), lambda x: -1 / (x - 0.3) ** 2)
of("PoleAtNice", lambda x: 1 / (x - 0.5), lambda x: -1 / (x - 0.5) ** 2)
of("PoleCubed", lambda x: 1 / x**3, lambda x: -3 / x**4)
of("NearPole", lambda x: 1 / x, lambda x: -1 / x**2, domain=(1e-9, 1))
of("Tangent", nep.tan, lambda x: 1 + nep.tan(x) ** 2)
of("TangentNear", nep.tan, lambda x: 1 / cos(x) ** 2, domain=(-1.5707, 1.5707))
of("ExpReciprocal", lambda x: exp(1 / x), lambda x: -exp(1 / x) / x**2, domain=(0.01, 2))
of(
    "FlatAtZero",
    lambda x: w(x == 0, 0.0, exp(-1 / w(x == 0, 1.0, x) ** 2)),
    lambda x: w(x == 0, 0.0, exp(-1 / w(x == 0, 1.0, x) ** 2) * 2 / w(x == 0, 1.0, x) ** 3),
)
of("SinReciprocal", lambda x: sin(1 / x), lambda x: -cos(1 / x) / x**2, domain=(0.001, 1))
of(
    "XSinReciprocal",
    lambda x: x * x * sin(1 / w(x == 0, 1.0, x)) * w(x == 0, 0.0, 1.0),
    lambda x: w(x == 0, 0.0, 2 * x * sin(1 / w(x == 0, 1.0, x)) - cos(1 / w(x == 0, 1.0, x))),
)
of("RootAbsZero", lambda x: sqrt(ab(x)), lambda x: w(x == 0, 0.0, sgn(x) * 0.5 / sqrt(w(x == 0, 1.0, ab(x)))))
of(
    "RootAbsInf",
    lambda x: sqrt(ab(x)),
    lambda x: w(x == 0, nep.inf, sgn(x) * 0.5 / sqrt(w(x == 0, 1.0, ab(x)))),
)
of("CubeRoot", lambda x: sgn(x) * ab(x) ** (1 / 3), lambda x: (1 / 3) * ab(x) ** (-2 / 3))
of(
    "CubeRootZero",
    lambda x: sgn(x) * ab(x) ** (1 / 3),
    lambda x: w(x == 0, 0.0, (1 / 3) * w(x == 0, 1.0, ab(x)) ** (-2 / 3)),
)
of(
    "PowerThird",
    lambda x: ab(x) ** 0.3,
    lambda x: w(x == 0, 0.0, 0.3 * sgn(x) * w(x == 0, 1.0, ab(x)) ** -0.7),
)
of("LogAbs", lambda x: log(ab(x)), lambda x: 1 / x)
of("XLogAbs", lambda x: w(x == 0, 0.0, x * log(w(x == 0, 1.0, ab(x)))), lambda x: log(ab(x)) + 1)
of("Arccos", nep.acos, lambda x: -1 / sqrt(1 - x * x), domain=(-1, 1))
of("Circle", lambda x: sqrt(1 - x * x), lambda x: -x / sqrt(1 - x * x), domain=(-1, 1))
of(
    "Sinc",
    lambda x: w(x == 0, 1.0, sin(x) / w(x == 0, 1.0, x)),
    lambda x: w(x == 0, 0.0, (x * cos(x) - sin(x)) / w(x == 0, 1.0, x * x)),
    orders=(1,),
)
of("Softplus", lambda x: nep.logaddexp(x, 0 * x), nep.special.expit, domain=(-800, 800))
of("Erf", nep.special.erf, lambda x: 2 / np.sqrt(np.pi) * exp(-x * x), domain=(-6, 6))
of("LogGamma", nep.special.gammaln, nep.special.psi, domain=(-2.9, 3))
of("Mod", lambda x: nep.remainder(x, 0.3), lambda x: x * 0 + 1)
of("ModExact", lambda x: nep.remainder(x, 0.25), lambda x: x * 0 + 1)
of("Fraction", lambda x: x - nep.trunc(x), lambda x: x * 0 + 1)
of("Stairs", lambda x: nep.floor(x) + (x - nep.floor(x)) ** 2, lambda x: 2 * (x - nep.floor(x)))
of("SlopedStairs", lambda x: nep.floor(4 * x) + 0.1 * x, lambda x: 0 * x + 0.1)
of("AbsCubed", lambda x: ab(x) ** 3, lambda x: 3 * x * ab(x))
# Its second derivative is infinity times 0 left of 0, as this is written.
of("ReluThreeHalves", lambda x: mx(x, 0.0) ** 1.5, lambda x: 1.5 * mx(x, 0.0) ** 0.5, orders=(1,))
of(
    "Elu",
    lambda x: w(x > 0, x, 2 * (exp(nep.minimum(x, 0.0)) - 1)),
    lambda x: w(x > 0, 1.0, 2 * exp(nep.minimum(x, 0.0))),
)
of("Selu", lambda x: w(x > 0, x, 1.67 * (exp(x) - 1)), lambda x: w(x > 0, 1.0, 1.67 * exp(x)), kink="left")
of("HardSwish", lambda x: x * nep.clip(x + 1, 0.0, 2.0) / 2, lambda x: w(x < -1, 0.0, w(x > 1, 1.0, x + 0.5)))
of("KinkDeclaredMean", ab, sgn, kink="mean")
of("KinkDeclaredLeast", ab, sgn, kink="least")
of("KinkDeclaredZero", lambda x: mx(x, 0.3 * x), lambda x: w(x > 0, 1.0, w(x == 0, 0.0, 0.3)), kink="zero")
of(
    "KinkDeclaredFunction",
    lambda x: mx(x, 0.0),
    lambda x: w(x > 0, 1.0, w(x == 0, 0.25, 0.0)),
    kink=lambda left, right: 0.25 * right + 0.75 * left,
)
of(
    "KinkDeclaredLargest",
    lambda x: nep.clip(x, -1.0, 1.0),
    lambda x: w((x >= -1) & (x <= 1), 1.0, 0.0),
    kink="largest",
)
of("FastSine", lambda x: sin(50 * x), lambda x: 50 * cos(50 * x))
of("FastWide", sin, cos, domain=(-1e4, 1e4))
of("Chirp", lambda x: sin(30 * x * x), lambda x: 60 * x * cos(30 * x * x))
of(
    "Chebyshev",
    lambda x: cos(30 * nep.acos(x)),
    lambda x: 30 * sin(30 * nep.acos(x)) / sqrt(1 - x * x),
    domain=(-0.99, 0.99),
)
of("Power30", lambda x: x**30, lambda x: 30 * x**29)
of("PowerMinus", lambda x: x**-5, lambda x: -5 * x**-6, domain=(0.01, 3))
of("Scale1e6", lambda x: 1e6 * x * x, lambda x: 2e6 * x)
of("Scale1em6", lambda x: 1e-6 * x * x, lambda x: 2e-6 * x)
of("Domain1e6", lambda x: x * x, lambda x: 2 * x, domain=(-1e6, 1e6))
of("Domain1em6", lambda x: x * x, lambda x: 2 * x, domain=(-1e-6, 1e-6))
of("DomainOneSide", sin, cos, domain=(1e6, 1e6 + 1))
of("OffsetHuge", lambda x: 1e12 + x, lambda x: x * 0 + 1)
of("OffsetHugeSine", lambda x: 1e8 + sin(x), cos)
of(
    "ThroughSingleRight",
    lambda x: nep.astype(sin(nep.astype(x, nep.float32)), x.dtype),
    lambda x: nep.astype(cos(nep.astype(x, nep.float32)), x.dtype),
)
of(
    "OneMinusCosOverSquare",
    lambda x: 0.5 * (sin(x / 2) / w(x == 0, 1.0, x / 2)) ** 2 + w(x == 0, 0.5, 0.0),
    lambda x: w(x == 0, 0.0, (x * sin(x) - 2 * (1 - cos(x))) / w(x == 0, 1.0, x) ** 3),
    domain=(0.1, 2),
)
of("Expm1OverX", lambda x: nep.expm1(x) / x, lambda x: (exp(x) - nep.expm1(x) / x) / x, domain=(1e-3, 2))
of("NaiveExpm1OverX", lambda x: (exp(x) - 1) / x, lambda x: (exp(x) - (exp(x) - 1) / x) / x, domain=(1e-4, 2))
of(
    "SqrtDifference",
    lambda x: sqrt(x + 1) - sqrt(x),
    lambda x: 0.5 / sqrt(x + 1) - 0.5 / sqrt(x),
    domain=(1e-3, 1e6),
)
of("NaiveVariance", lambda x: (x * x + 1e8) - 1e8, lambda x: 2 * x)
of("Overflowing", exp, exp, domain=(600, 720))
of("Underflowing", exp, exp, domain=(-760, -600))
of("NaNOutside", lambda x: sqrt(x), lambda x: 0.5 / sqrt(x))
of("InfiniteAtOne", lambda x: log(1 - x), lambda x: -1 / (1 - x), domain=(-2, 1))
of(
    "Interpolate",
    lambda x: ab(x) + ab(x - 1) + ab(x + 1) - ab(x - 0.5),
    lambda x: sgn(x) + sgn(x - 1) + sgn(x + 1) - sgn(x - 0.5),
)
of("Heaviside", lambda x: w(x > 0, 1.0, 0.0), lambda x: x * 0)
of("HeavisideTimesSine", lambda x: w(x > 0, sin(x) + 1, 0.0), lambda x: w(x > 0, cos(x), 0.0))
of("JumpAndKink", lambda x: w(x >= 1, 2 * x, ab(x)), lambda x: w(x >= 1, 2.0, sgn(x)))
of(
    "WeierstrassSmall",
    lambda x: sum(0.5**k * cos(3**k * x) for k in range(6)),
    lambda x: sum(-(1.5**k) * sin(3**k * x) for k in range(6)),
)
of("Half16", lambda x: x * x, lambda x: 2 * x, dtypes=("float16",), domain=(-300, 300))
of("Half16Big", lambda x: 1000 * x, lambda x: x * 0 + 1000, dtypes=("float16",), domain=(-200, 200))
of("Half16Exp", exp, exp, dtypes=("float16",), domain=(-12, 12))
of("Half16Small", lambda x: x**3, lambda x: 3 * x**2, dtypes=("float16",), domain=(-0.01, 0.01))
of("Single32Log", log, lambda x: 1 / x, dtypes=("float32",), domain=(1e-6, 1))
of("Single32Steep", lambda x: tanh(1e4 * x), lambda x: 1e4 * (1 - tanh(1e4 * x) ** 2), dtypes=("float32",))
of("Single32Fast", lambda x: sin(1000 * x), lambda x: 1000 * cos(1000 * x), dtypes=("float32",))
of("Single32Cancel", lambda x: (x + 1000) ** 2 - 1e6, lambda x: 2 * (x + 1000), dtypes=("float32",))
of("Single32Tan", nep.tan, lambda x: 1 / cos(x) ** 2, dtypes=("float32",), domain=(-1.57, 1.57))
of("Single32Kink", ab, sgn, dtypes=("float32",))
of("Complex64Exp", exp, lambda x: nep.conj(exp(x)), dtypes=("complex64",))
of("ComplexLog", log, lambda x: nep.conj(1 / x), dtypes=("complex128",))
of("ComplexRoot", sqrt, lambda x: nep.conj(0.5 / sqrt(x)), dtypes=("complex128",))
of(
    "ComplexReciprocal",
    lambda x: 1 / x,
    lambda x: nep.conj(-1 / x**2),
    dtypes=("complex128",),
    domain=(0.01, 2),
)
of(
    "ScalesApart",
    lambda x, y: x / y,
    lambda x, y: 1 / y,
    lambda x, y: -x / y**2,
    domain=((1e6, 1e7), (1e-6, 1e-5)),
)
of(
    "ScalesAdded",
    lambda x, y: x + y,
    lambda x, y: x * 0 + 1,
    lambda x, y: x * 0 + 1,
    domain=((1e6, 1e7), (1e-6, 1e-5)),
)
of("ScalesProduct", lambda x, y: x * y, lambda x, y: y, lambda x, y: x, domain=((1e-9, 1e-8), (1e8, 1e9)))
of(
    "Hypot",
    lambda x, y: sqrt(x * x + y * y),
    lambda x, y: x / w((x == 0) & (y == 0), 1.0, sqrt(x * x + y * y)),
    lambda x, y: y / w((x == 0) & (y == 0), 1.0, sqrt(x * x + y * y)),
)
of(
    "Atan2",
    nep.atan2,
    lambda x, y: y / w((x == 0) & (y == 0), 1.0, x * x + y * y),
    lambda x, y: -x / w((x == 0) & (y == 0), 1.0, x * x + y * y),
)
of(
    "PowXY",
    lambda x, y: x**y,
    lambda x, y: y * x ** (y - 1),
    lambda x, y: x**y * log(x),
    domain=((0.01, 3), (-2, 2)),
)
of(
    "PowZero",
    lambda x, y: x**y,
    lambda x, y: y * x ** (y - 1),
    lambda x, y: w(x == 0, 0.0, x**y * log(w(x == 0, 1.0, x))),
    domain=((0.0, 3), (1.0, 3)),
)
of(
    "Remainder",
    nep.remainder,
    lambda x, y: x * 0 + 1,
    lambda x, y: -nep.floor(x / y),
    domain=((-5, 5), (0.3, 2)),
)
of(
    "MinDeclared",
    nep.minimum,
    lambda x, y: w(x < y, 1.0, w(x == y, 0.5, 0.0)),
    lambda x, y: w(y < x, 1.0, w(x == y, 0.5, 0.0)),
)
of(
    "LogAddExp",
    nep.logaddexp,
    lambda x, y: 1 / (1 + exp(y - x)),
    lambda x, y: 1 / (1 + exp(x - y)),
    domain=(-300, 300),
)
of("AbsDifference", lambda x, y: ab(x - y), lambda x, y: sgn(x - y), lambda x, y: -sgn(x - y))
of(
    "WhereGreater",
    lambda x, y: w(x > y, x * x, y),
    lambda x, y: w(x > y, 2 * x, 0.0),
    lambda x, y: w(x > y, 0.0, 1.0),
)
of(
    "SafeDivide",
    lambda x, y: w(y == 0, 0.0, x / w(y == 0, 1.0, y)),
    lambda x, y: w(y == 0, 0.0, 1 / w(y == 0, 1.0, y)),
    lambda x, y: w(y == 0, 0.0, -x / w(y == 0, 1.0, y) ** 2),
)


@right()
class MedianOfThree(autograd.Policy):
    def forward(self, x, y, z):
        low, high = nep.minimum(x, y), nep.maximum(x, y)
        out = nep.maximum(low, nep.minimum(high, z))
        self.ctx.save(x, y, z, out)
        return out

    def backward(self, g):
        x, y, z, out = self.ctx.release
        a, b, c = [w(v == out, 1.0, 0.0) for v in (x, y, z)]
        a2 = a
        b2 = b * (1 - a)
        c2 = c * (1 - a) * (1 - b)
        return g * a2, g * b2, g * c2


@right()
class MinOfThreeEven(autograd.Policy):
    def forward(self, x, y, z):
        out = nep.minimum(nep.minimum(x, y), z)
        self.ctx.save(x, y, z, out)
        return out

    def backward(self, g):
        x, y, z, out = self.ctx.release
        t = [w(v == out, 1.0, 0.0) for v in (x, y, z)]
        n = t[0] + t[1] + t[2]
        return tuple(g * v / n for v in t)


@right()
class TopTwo(autograd.Policy):
    def forward(self, x):
        f = nep.reshape(x, (-1,))
        self.shape = x.shape
        order = nep.argsort(f, descending=True, stable=True)[:2]
        self.order = order
        self.n = x.size
        return nep.sum(nep.take(f, order, axis=0))

    def backward(self, g):
        picks = nep.astype(
            nep.any(nep.arange(self.n, backend=g.backend)[:, None] == self.order[None, :], axis=1), g.dtype
        )
        return nep.reshape(g * picks, self.shape)


@right()
class SortDescending(autograd.Policy):
    def forward(self, x):
        f = nep.reshape(x, (-1,))
        self.shape = x.shape
        self.order = nep.argsort(f, descending=True)
        return nep.take(f, self.order, axis=0)

    def backward(self, g):
        return nep.reshape(nep.take(g, nep.argsort(self.order), axis=0), self.shape)


@right()
class CumulativeMax(autograd.Policy):
    def forward(self, x):
        f = nep.reshape(x, (-1,))
        self.shape = x.shape
        n = x.size
        self.idx = []
        best = 0
        vals = f.numpy()
        for k in range(n):
            if vals[k] > vals[best]:
                best = k
            self.idx.append(best)
        return nep.stack([f[i] for i in self.idx]) if n else f

    def backward(self, g):
        n = len(self.idx)
        m = np.zeros((n, n))
        m[np.arange(n), self.idx] = 1
        return (
            nep.reshape(nep.astype(nep.asarray(m, backend=g.backend), g.dtype).T @ g, self.shape)
            if n
            else nep.reshape(g, self.shape)
        )


@right()
class SumSixteen(autograd.Policy):
    def forward(self, x):
        self.shape = x.shape
        return nep.sum(x) * 1e-3 + 1e5

    def backward(self, g):
        return nep.broadcast_to(g * 1e-3, self.shape)


@right(inputs=(nt.arrays((400,)),))
class LongSum(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return nep.sum(nep.sin(x))

    def backward(self, g):
        (x,) = self.ctx.release
        return g * cos(x)


@right(inputs=(nt.arrays((300,)),))
class LongNorm(autograd.Policy):
    def forward(self, x):
        out = sqrt(nep.sum(x * x))
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return g * x / w(out == 0, 1.0, out)


@right()
class OutputsApart(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return 1e8 * sin(x), 1e-8 * cos(x)

    def backward(self, a, b):
        (x,) = self.ctx.release
        return a * (1e8 * cos(x)) - b * (1e-8 * sin(x))


@right()
class OutputKinkAndSmooth(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return ab(x), x * x

    def backward(self, a, b):
        (x,) = self.ctx.release
        return a * sgn(x) + 2 * b * x


@right(settings={"p": st.sampled_from([1, 2, 3, 4])})
class PNorm(autograd.Policy):
    domain = (0.1, 2)

    def forward(self, x, *, p):
        self.p = p
        out = nep.sum(x**p) ** (1 / p)
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return g * (x / out) ** (self.p - 1)


@right(settings={"axis": nt.axes(2), "keepdims": st.booleans()}, inputs=(nt.arrays((2, 3)),))
class MaxEven(autograd.Policy):
    def forward(self, x, *, axis, keepdims):
        out = nep.max(x, axis=axis, keepdims=keepdims)
        ax = (
            tuple(range(2))
            if axis is None
            else tuple(k % 2 for k in (axis if isinstance(axis, tuple) else (axis,)))
        )
        self.kept = tuple(1 if k in ax else n for k, n in enumerate(x.shape))
        self.ax = ax
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        hit = w(x == nep.reshape(out, self.kept), 1.0, 0.0)
        return nep.reshape(g, self.kept) * hit / nep.sum(hit, axis=self.ax, keepdims=True)


@right(inputs=(nt.arrays((3,)), np.array([True, False, True])))
class BoolOperand(autograd.Policy):
    def forward(self, x, m):
        self.ctx.save(x, m)
        return w(m, x * x, 0.0)

    def backward(self, g):
        x, m = self.ctx.release
        return w(m, 2 * g * x, 0.0), None


@right(inputs=(nt.arrays((5,)), st.integers(0, 2**31).map(lambda k: np.array([k, k + 1], np.uint32))))
class DropoutByKey(autograd.Policy):
    def forward(self, x, key):
        rng = np.random.default_rng(key.numpy())
        self.mask = nep.asarray(rng.integers(0, 2, x.shape) * 2.0, backend=x.backend)
        return x * nep.astype(self.mask, x.dtype)

    def backward(self, g):
        return g * nep.astype(self.mask, g.dtype), None


@right(inputs=(nt.arrays((4, 3)), st.lists(st.integers(0, 2), min_size=4, max_size=4).map(np.array)))
class CrossEntropy(autograd.Policy):
    def forward(self, x, label):
        p = nep.exp(x - nep.max(x, axis=1, keepdims=True))
        p = p / nep.sum(p, axis=1, keepdims=True)
        hot = nep.astype(nep.arange(3, backend=x.backend)[None, :] == label[:, None], x.dtype)
        self.ctx.save(x, hot)
        return -nep.sum(hot * log(p)) / 4

    def backward(self, g):
        x, hot = self.ctx.release
        p = nep.exp(x - nep.max(x, axis=1, keepdims=True))
        p = p / nep.sum(p, axis=1, keepdims=True)
        return g * (p - hot) / 4, None


@right(inputs=(nt.positive_definite(3, stack=()),))
class Cholesky(autograd.Policy):
    def forward(self, a):
        out = nep.linalg.cholesky((a + a.mT) / 2)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (low,) = self.ctx.release
        p = nep.tril(low.mT @ g)
        p = p - 0.5 * nep.tril(nep.triu(p))
        s = nep.linalg.inv(low.mT) @ p @ nep.linalg.inv(low)
        return (s + s.mT) / 2


@right(inputs=(nt.positive_definite(3, stack=(), condition=3.0),))
class EigenvalueMax(autograd.Policy):
    def forward(self, a):
        vals, vecs = nep.linalg.eigh((a + a.mT) / 2)
        self.ctx.save(vecs)
        return vals[-1]

    def backward(self, g):
        (v,) = self.ctx.release
        return g * (v[:, -1:] @ v[:, -1:].mT)


@right(inputs=(nt.well_conditioned(3, stack=()),))
class Determinant(autograd.Policy):
    def forward(self, a):
        out = nep.linalg.det(a)
        self.ctx.save(a, out)
        return out

    def backward(self, g):
        a, out = self.ctx.release
        return g * out * nep.linalg.inv(a).mT


@right()
class ReturnsOperand(autograd.Policy):
    def forward(self, x):
        return x

    def backward(self, g):
        return g


@right()
class ReturnsSameTwice(autograd.Policy):
    def forward(self, x, y):
        return x + y

    def backward(self, g):
        return g, g


@right()
class ConstantResult(autograd.Policy):
    def forward(self, x):
        return nep.ones_like(x)

    def backward(self, g):
        return 0 * g


@right()
class ConstantNone(autograd.Policy):
    def forward(self, x):
        return nep.ones_like(x)

    def backward(self, g):
        return None


@right(backends="numpy")
class BareReturnsView(autograd.Policy):
    bare = True

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(-1)

    def backward(self, g):
        return g.reshape(self.shape)


@right()
class UsesNeeds(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x if self.needs(1) else None, y if self.needs(0) else None)
        return x * y

    def backward(self, g):
        x, y = self.ctx.release
        return (g * y if self.needs(0) else None), (g * x if self.needs(1) else None)


@right()
class OwnPush(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return ab(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * sgn(x)

    def push(self, t):
        (x,) = self.ctx.release
        return t * sgn(x)


@right()
class OwnPushSteep(autograd.Policy):
    def forward(self, x):
        out = tanh(1e5 * x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (o,) = self.ctx.release
        return 1e5 * g * (1 - o * o)

    def push(self, t):
        (o,) = self.ctx.release
        return 1e5 * t * (1 - o * o)


@right()
class LinearDeclared(autograd.Policy):
    linear = True

    def forward(self, x, y):
        return 3 * x - 2 * y

    def backward(self, g):
        return 3 * g, -2 * g


@right(orders=(1, 2, 3))
class ThirdOrders(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return sin(x) * exp(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * exp(x) * (sin(x) + cos(x))


@right()
class Logistic(autograd.Policy):
    """Twelve steps of a chaotic map."""

    domain = (0.1, 0.9)

    def forward(self, x):
        self.ctx.save(x)
        for _ in range(12):
            x = 3.9 * x * (1 - x)
        return x

    def backward(self, g):
        (x,) = self.ctx.release
        d = g
        for _ in range(12):
            d = d * (3.9 * (1 - 2 * x))
            x = 3.9 * x * (1 - x)
        return d


@right(inputs=nt.broadcastable(3))
class BroadcastFma(autograd.Policy):
    def forward(self, x, y, z):
        self.ctx.save(x, y, z)
        return x * y + z

    def backward(self, g):
        x, y, z = self.ctx.release
        return summed(g * y, x), summed(g * x, y), summed(g, z)


@right(inputs=(nt.subnormal(),), orders=(1,))
class SubnormalIdentity(autograd.Policy):
    def forward(self, x):
        return 2 * x

    def backward(self, g):
        return 2 * g


@right()
class Layernorm(autograd.Policy):
    eps = 1e-5

    def forward(self, x):
        mu = nep.mean(x)
        c = x - mu
        s = sqrt(nep.mean(c * c) + self.eps)
        out = c / s
        self.ctx.save(out, s)
        return out

    def backward(self, g):
        out, s = self.ctx.release
        return (g - nep.mean(g) - out * nep.mean(g * out)) / s


@right()
class LayernormTinyEps(Layernorm):
    eps = 1e-12


of("FineStairs", lambda x: nep.floor(x / 1e-4) * 1e-4, lambda x: x * 0)
