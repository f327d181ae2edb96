"""Policies that are right nearly everywhere, and wrong on purpose at what sets an example apart.

SOMEWHERE holds (name, Policy, arguments of check_policy, the finding's kind), as `wrong.WRONG` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import neo.numpy as nep
import neo.testing as nt
from neo import autograd, stop_gradient

from .made import summed

SOMEWHERE: list[tuple[str, Any, dict[str, Any], str]] = []
cos, where = nep.cos, nep.where


def sine(name: str, kind: str, cosine: Any, **arguments: Any) -> None:
    """Enter a sine whose cosine is mistaken: a function of the call, the cotangent and the operand."""

    def backward(self: Any, g: Any) -> Any:
        (x,) = self.ctx.release
        return g * cosine(self, g, x)

    _enter(name, kind, lambda x: nep.sin(x), backward, arguments)


def product(name: str, kind: str, gradients: Any, **arguments: Any) -> None:
    """Enter a product of two operands whose gradients are mistaken."""

    def backward(self: Any, g: Any) -> Any:
        return gradients(self, g, *self.ctx.release)

    _enter(name, kind, lambda x, y: x * y, backward, arguments)


def _enter(name: str, kind: str, f: Any, backward: Any, arguments: dict[str, Any]) -> None:
    def one(self: Any, x: Any) -> Any:
        self.ctx.save(x)
        return f(x)

    def two(self: Any, x: Any, y: Any) -> Any:
        self.ctx.save(x, y)
        return f(x, y)

    members = {"forward": one if f.__code__.co_argcount == 1 else two, "backward": backward}
    members.update({key: arguments.pop(key) for key in ("push", "linear") if key in arguments})
    SOMEWHERE.append((name, type(name, (autograd.Policy,), members), arguments, kind))


def is_single(x: Any) -> bool:
    return "float32" in str(x.dtype)


# In a part of the domain.
sine("BeyondOne", "wrong_gradient", lambda s, g, x: cos(x) * where(nep.abs(x) > 1, 1.5, 1.0))
sine("AtOneOnly", "wrong_gradient", lambda s, g, x: cos(x) * where(x == 1, 1.5, 1.0))
sine("InANarrowBand", "wrong_gradient", lambda s, g, x: cos(x) * where((x > 1.5) & (x < 1.53), 2.0, 1.0))
sine(
    "NearZeroOnly", "wrong_gradient", lambda s, g, x: cos(x) * where((nep.abs(x) < 0.05) & (x != 0), 2.0, 1.0)
)
sine("InfiniteAtZero", "wrong_gradient", lambda s, g, x: where(x == 0, nep.inf, cos(x)))
sine("NaNBelowZero", "nan_gradient", lambda s, g, x: where(x < 0, nep.nan, cos(x)))
product(
    "WhereSignsDiffer",
    "wrong_gradient",
    lambda s, g, x, y: (g * y * where(x * y < 0, -1.0, 1.0), g * x),
)
# For some shapes.
sine("OverTenElements", "wrong_gradient", lambda s, g, x: cos(x) * (2.0 if x.size > 10 else 1.0))
sine("OverAHundredElements", "wrong_gradient", lambda s, g, x: cos(x) * (2.0 if x.size > 100 else 1.0))
sine("ForFourAxes", "wrong_gradient", lambda s, g, x: cos(x) * (2.0 if len(x.shape) > 3 else 1.0))
sine("ForALongAxis", "wrong_gradient", lambda s, g, x: cos(x) * (2.0 if max(x.shape, default=0) > 3 else 1.0))
product(
    "BroadcastInTheMiddle",
    "wrong_gradient",
    lambda s, g, x, y: (
        summed(g * y, x) * (2.0 if len(x.shape) == 3 and x.shape[1] == 1 < g.shape[1] else 1.0),
        summed(g * x, y),
    ),
    inputs=nt.broadcastable(2),
)
product(
    "WhereBothAreBroadcast",
    "wrong_gradient",
    lambda s, g, x, y: (
        summed(g * y, x) * (2.0 if tuple(x.shape)[1:] == (1,) and tuple(y.shape)[:1] == (1,) else 1.0),
        summed(g * x, y),
    ),
    inputs=nt.broadcastable(2),
)
# A digit.
sine("DigitsOfSinglePrecision", "wrong_gradient", lambda s, g, x: cos(x) * 1.00000003)
# For some cotangents.
sine("NaNForAZeroCotangent", "nonzero_at_zero", lambda s, g, x: g / g * cos(x))
sine("ForASparseCotangent", "not_linear", lambda s, g, x: cos(x) * (2.0 if bool(nep.any(g == 0)) else 1.0))
sine("RightForOnesOnly", "not_linear", lambda s, g, x: cos(x) * (1.0 if bool(nep.all(g == 1)) else 2.0))
sine("WrongForOnesOnly", "not_linear", lambda s, g, x: cos(x) * (2.0 if bool(nep.all(g == 1)) else 1.0))
# At second order.
sine("SecondOrderBelowZero", "wrong_second_order", lambda s, g, x: cos(where(x < 0, stop_gradient(x), x)))
sine("SecondOrderOfScalars", "wrong_second_order", lambda s, g, x: cos(x if x.shape else stop_gradient(x)))
sine("SecondOrderOfMany", "wrong_second_order", lambda s, g, x: cos(x if x.size < 11 else stop_gradient(x)))
for asked in (("float32",), ("float64", "float32")):
    sine(
        f"SecondOrderInSingle{len(asked)}",
        "wrong_second_order",
        lambda s, g, x: cos(stop_gradient(x) if is_single(x) else x),
        dtypes=asked,
    )
sine(
    "SecondOrderInSingleUnasked",
    "wrong_second_order",
    lambda s, g, x: cos(stop_gradient(x) if is_single(x) else x),
)
# In a dtype.
sine(
    "ThreePercentInSingle",
    "wrong_in_dtype",
    lambda s, g, x: cos(x) * (1.03 if is_single(x) else 1),
    dtypes=("float32",),
)
sine("TenPercentInSingleUnasked", "wrong_in_dtype", lambda s, g, x: cos(x) * (1.1 if is_single(x) else 1))
sine(
    "WrongInHalf",
    "wrong_in_dtype",
    lambda s, g, x: cos(x) * (0.5 if "float16" in str(x.dtype) else 1),
    dtypes=("float16",),
)
# Where one array is given twice, or where some gradients are not wanted.
product(
    "WhereBothAreOneArray",
    "wrong_when_shared",
    lambda s, g, x, y: (g * y, g * x * (0.0 if x.data is y.data else 1.0)),
)
product(
    "WhereBothHaveOneSlot",
    "wrong_when_shared",
    lambda s, g, x, y: (g * y, g * x if s.slots[0] != s.slots[1] else None),
)
product(
    "WhereTheFirstIsNotNeeded",
    "ignores_needs",
    lambda s, g, x, y: (g * y, g * x * (1.0 if s.needs(0) else 2.0)),
)
# Where forward mode has a rule of its own.
sine(
    "PushOfScalars",
    "wrong_forward_mode",
    lambda s, g, x: cos(x),
    push=lambda s, t: t * cos(*s.ctx.release) * (1.0 if t.shape else 2.0),
)
sine(
    "PushBelow",
    "wrong_forward_mode",
    lambda s, g, x: cos(x),
    push=lambda s, t: t * cos(*s.ctx.release) * where(s.ctx.release[0] < -1.5, 2.0, 1.0),
)
sine("SaidToBeLinear", "wrong_forward_mode", lambda s, g, x: cos(x), linear=True)


class KinkThatRaises(autograd.Policy):
    kink = staticmethod(lambda left, right: 1 / 0)

    def forward(self, x):
        self.ctx.save(x)
        return nep.abs(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.sign(x)


class SavesAnotherSlopeAgain(autograd.Policy):
    """What it saves for a second derivative is not what it saved."""

    bare = True

    def forward(self, x):
        self.ctx.save(3 * x * x)
        return x * x * x

    def backward(self, g):
        (slope,) = self.ctx.release
        return g * slope

    def save_again(self, x):
        self.ctx.save(2 * x * x)


class KeepsItsResults(autograd.Policy):
    kept: list[Any] = []

    def forward(self, x):
        self.ctx.save(x)
        out = nep.sin(x)
        self.kept.append(out)
        return out

    def backward(self, g):
        (x,) = self.ctx.release
        return g * cos(x)


class KeepsItsCotangents(autograd.Policy):
    kept: list[Any] = []

    def forward(self, x):
        self.ctx.save(x)
        return nep.sin(x)

    def backward(self, g):
        (x,) = self.ctx.release
        self.kept.append(g)
        return g * cos(x)


class TakesWhatItSaved(autograd.Policy):
    """A tape that is kept is pulled a second time."""

    def forward(self, x):
        self.slope = [cos(x)]
        return nep.sin(x)

    def backward(self, g):
        return g * self.slope.pop()


class ResultInOneBuffer(autograd.Policy):
    bare = True
    buffers: dict[Any, Any] = {}

    def forward(self, x):
        out = self.buffers.setdefault(x.shape, np.empty(x.shape))
        self.ctx.save(x)
        return np.sin(x, out=out)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * cos(x)


class SecondResultAlone(autograd.Policy):
    """Forgets the second result where nothing comes from the first."""

    def forward(self, x):
        self.ctx.save(x)
        return nep.sin(x), cos(x)

    def backward(self, g, h):
        (x,) = self.ctx.release
        return g * cos(x) - h * nep.sin(x) if bool(nep.any(g != 0)) else 0 * g


class SmallSecondResult(autograd.Policy):
    """Wrong by the millionth of a millionth of the first result's slope."""

    def forward(self, x):
        self.ctx.save(x)
        return 1e6 * nep.sin(x), 1e-6 * cos(x)

    def backward(self, g, h):
        (x,) = self.ctx.release
        return g * (1e6 * cos(x)) + h * (1e-6 * nep.sin(x))


class NormWithoutCare(autograd.Policy):
    """NaN where all elements are 0, at a cusp."""

    def forward(self, x):
        out = nep.sqrt(nep.sum(x * x))
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return g * x / out


class BatchedProductWithoutSum(autograd.Policy):
    def forward(self, a, b):
        self.ctx.save(a, b)
        return a @ b

    def backward(self, g):
        a, b = self.ctx.release
        return g @ b.mT, a.mT @ g


class QuickAndHalf(autograd.Policy):
    """Steep, so that every number is a slope at some operand close by."""

    def forward(self, x):
        self.ctx.save(x)
        return nep.sin(1e7 * x)

    def backward(self, g):
        (x,) = self.ctx.release
        return 0.5e7 * g * cos(1e7 * x)


ONE_LIBRARY = {"backends": "numpy"}
SOMEWHERE += [
    ("KinkThatRaises", KinkThatRaises, {}, "wrong_convention"),
    ("SavesAnotherSlopeAgain", SavesAnotherSlopeAgain, {}, "wrong_second_order"),
    ("KeepsItsResults", KeepsItsResults, {}, "leaks"),
    ("KeepsItsCotangents", KeepsItsCotangents, {}, "leaks"),
    ("TakesWhatItSaved", TakesWhatItSaved, {}, "mutates_saved"),
    ("ResultInOneBuffer", ResultInOneBuffer, ONE_LIBRARY, "mutates_result"),
    ("SecondResultAlone", SecondResultAlone, {}, "not_linear"),
    ("SmallSecondResult", SmallSecondResult, {}, "wrong_gradient"),
    ("NormWithoutCare", NormWithoutCare, {}, "nan_gradient"),
    ("QuickAndHalf", QuickAndHalf, {}, "wrong_gradient"),
    (
        "BatchedProductWithoutSum",
        BatchedProductWithoutSum,
        {"inputs": (nt.arrays((2, 2, 3)), nt.arrays((3, 2)))},
        "missing_broadcast_sum",
    ),
]
