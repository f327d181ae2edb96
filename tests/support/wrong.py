"""Policies that are wrong on purpose, each with what a check has to say of it.

WRONG holds (name, Policy, arguments of check_policy, the finding's kind). Nothing here is an example.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

import neo.numpy as nep
import neo.testing as nt
from neo import autograd

WRONG: list[tuple[str, Any, dict[str, Any], str]] = []


def wrong(kind: str, **arguments: Any) -> Any:
    """Enter a Policy class under what is to be found."""

    def decorate(policy: Any) -> Any:
        WRONG.append((policy.__name__, policy, arguments, kind))
        return policy

    return decorate


class _Square(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return x * x


class _Sine(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return nep.sin(x)


class _Product(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x, y)
        return x * y


class _Sum(autograd.Policy):
    def forward(self, x, *, axis):
        self.ctx.save(tuple(x.shape), axis)
        return nep.sum(x, axis=axis)

    def spread(self, g, shape, axis):
        return nep.broadcast_to(nep.expand_dims(g, axis=axis), shape)


AXIS = {"axis": st.sampled_from([0, -1])}


@wrong("wrong_gradient")
class SignOfASine(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return -g * nep.cos(x)


@wrong("wrong_gradient")
class FactorOfASquare(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * x


@wrong("wrong_gradient")
class FactorJustOff(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * (2.00001 * x)


@wrong("wrong_gradient")
class ForgottenChain(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) + 0 * x + 1e-4 * g


@wrong("wrong_gradient")
class SwappedOperands(_Product):
    def backward(self, g):
        x, y = self.ctx.release
        return g * x, g * y


@wrong("wrong_gradient")
class OnlyTheSecondIsWrong(_Product):
    def backward(self, g):
        x, y = self.ctx.release
        return g * y, -(g * x)


@wrong("missing_broadcast_sum", inputs=nt.broadcastable(2))
class ProductWithoutSum(_Product):
    def backward(self, g):
        x, y = self.ctx.release
        return g * y, g * x


@wrong("missing_broadcast_sum", inputs=nt.broadcastable(2))
class SumWithoutSum(autograd.Policy):
    def forward(self, x, y):
        return x + y

    def backward(self, g):
        return g, g


@wrong("missing_broadcast_sum", inputs=(nt.arrays((2, 3)), nt.arrays((3,))))
class DotWithoutSum(autograd.Policy):
    """The result is a number, so that its shape does not tell what broadcasting added."""

    def forward(self, x, y):
        self.ctx.save(x, y)
        return nep.sum(x * y)

    def backward(self, g):
        x, y = self.ctx.release
        return g * y + 0 * x, g * x


def _summed(g, shape, mean=False):
    """The gradient summed to a shape, or averaged, which is the mistake."""
    lead = len(g.shape) - len(shape)
    axes = tuple(range(lead)) + tuple(
        [k + lead for k, n in enumerate(shape) if n == 1 and g.shape[k + lead] != 1]
    )
    if not axes:
        return g
    reduce = nep.mean if mean else nep.sum
    return nep.reshape(reduce(g, axis=axes), shape)


@wrong("wrong_gradient", inputs=nt.broadcastable(2))
class MeanInsteadOfSum(autograd.Policy):
    def forward(self, x, y):
        self.shapes = tuple(x.shape), tuple(y.shape)
        return x + y

    def backward(self, g):
        return _summed(g, self.shapes[0], True), _summed(g, self.shapes[1], True)


@wrong("wrong_gradient", inputs=nt.broadcastable(2))
class SumOverTheWrongOfTwoAxes(autograd.Policy):
    """Right but where an operand of shape (n, 1) met (n, m): there it takes one element for all."""

    def forward(self, x, y):
        self.shapes = tuple(x.shape), tuple(y.shape)
        return x + y

    def backward(self, g):
        return self.pick(g, self.shapes[0]), self.pick(g, self.shapes[1])

    def pick(self, g, shape):
        if len(shape) == 2 and shape[1] == 1 and g.shape[1] > 1 and len(g.shape) == 2:
            return g[:, :1] * 1.0
        return _summed(g, shape)


@wrong("wrong_at_kink")
class BothWinATie(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x, y)
        return nep.maximum(x, y)

    def backward(self, g):
        x, y = self.ctx.release
        return nep.where(x >= y, g, 0), nep.where(y >= x, g, 0)


@wrong("wrong_at_kink")
class NobodyWinsATie(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x, y)
        return nep.minimum(x, y)

    def backward(self, g):
        x, y = self.ctx.release
        return nep.where(x < y, g, 0), nep.where(y < x, g, 0)


@wrong("wrong_at_kink")
class AbsIsThreeAtZero(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return nep.abs(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.where(x == 0, 3.0, nep.sign(x))


@wrong("wrong_at_kink")
class EveryTiedMaximumGetsAll(autograd.Policy):
    def forward(self, x):
        out = nep.max(x)
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return nep.where(x == out, g, 0)


@wrong("wrong_convention")
class ReluDeclaresZero(autograd.Policy):
    kink = "left"

    def forward(self, x):
        self.ctx.save(x)
        return nep.maximum(x, 0.0)

    def backward(self, g):
        (x,) = self.ctx.release
        return nep.where(x >= 0, g, 0)


@wrong("wrong_convention")
class ClipDeclaresTheLargest(autograd.Policy):
    kink = "largest"

    def forward(self, x):
        self.ctx.save(x)
        return nep.clip(x, -1.0, 1.0)

    def backward(self, g):
        (x,) = self.ctx.release
        return nep.where((x > -1) & (x < 1), g, 0)


@wrong("wrong_second_order")
class SecondOrderStopped(_Sine):
    def backward(self, g):
        from neo import stop_gradient

        (x,) = self.ctx.release
        return g * nep.cos(stop_gradient(x))


@wrong("wrong_second_order")
class CubeThatForgetsHalf(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return x * x * x

    def backward(self, g):
        from neo import stop_gradient

        (x,) = self.ctx.release
        return 3 * g * x * stop_gradient(x)


@wrong("wrong_second_order")
class SecondOrderInTheOtherOperand(_Product):
    def backward(self, g):
        from neo import stop_gradient

        x, y = self.ctx.release
        return g * y, g * stop_gradient(x)


@wrong("wrong_second_order")
class SecondOrderInTheCotangent(_Sine):
    def backward(self, g):
        from neo import stop_gradient

        (x,) = self.ctx.release
        return stop_gradient(g) * nep.cos(x)


@wrong("second_order_raises")
class BackwardThroughNumPy(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.asarray(np.cos(x.numpy()))


@wrong("wrong_gradient", settings=AXIS)
class WrongForANegativeAxis(_Sum):
    def backward(self, g):
        shape, axis = self.ctx.release
        return self.spread(g, shape, axis) * (1.0 if axis >= 0 else float(shape[axis] + 1))


@wrong("wrong_gradient", settings={"axis": nt.axes(2)}, inputs=(nt.arrays((2, 3)),))
class WrongForANegativeAxisOfSeveral(autograd.Policy):
    def forward(self, x, *, axis):
        self.ctx.save(tuple(x.shape), axis)
        return nep.sum(x, axis=axis, keepdims=True)

    def backward(self, g):
        shape, axis = self.ctx.release
        negative = axis is not None and min(axis if isinstance(axis, tuple) else (axis,)) < 0
        return nep.broadcast_to(g, shape) * (2.0 if negative else 1.0)


@wrong("wrong_gradient", settings=AXIS)
class WrongForLengthOne(_Sum):
    def backward(self, g):
        shape, axis = self.ctx.release
        return self.spread(g, shape, axis) * (0.0 if shape[axis] == 1 else 1.0)


@wrong("wrong_gradient")
class WrongWhereAnyLengthIsOne(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (2.0 if 1 in x.shape else 1.0)


@wrong("wrong_in_dtype", dtypes=("float64", "float32"))
class WrongInFloat32(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (2.0 if "float32" in str(x.dtype) else 1.0)


@wrong("wrong_in_dtype")
class WrongInFloat32UnlessAsked(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (-1.0 if "float32" in str(x.dtype) else 1.0)


@wrong("wrong_in_dtype", dtypes=("float32",))
class WrongInFloat32ByATenth(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * x * (2.001 if "float32" in str(x.dtype) else 2.0)


@wrong("wrong_dtype", dtypes=("float32",))
class DoubleForSingle(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return nep.astype(2 * g * x, nep.float64)


@wrong("wrong_dtype")
class SingleForDouble(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return nep.astype(2 * g * x, nep.float32)


@wrong("mutates_operand", backends="numpy")
class WritesIntoItsOperand(autograd.Policy):
    bare = True

    def forward(self, x):
        x += 1
        self.ctx.save(x)
        return x * x

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x


@wrong("mutates_operand", backends="numpy")
class BackwardWritesIntoItsOperand(autograd.Policy):
    bare = True

    def forward(self, x):
        self.ctx.save(x)
        return x * x

    def backward(self, g):
        (x,) = self.ctx.release
        out = 2 * g * x
        if isinstance(x, np.ndarray) and x.size:
            x *= 0.5
        return out


@wrong("mutates_cotangent", backends="numpy")
class WritesIntoTheCotangent(autograd.Policy):
    bare = True

    def forward(self, x):
        self.ctx.save(x)
        return x * x

    def backward(self, g):
        (x,) = self.ctx.release
        g *= 2 * x
        return g


@wrong("mutates_saved", backends="numpy")
class WritesIntoWhatItSaved(autograd.Policy):
    bare = True

    def forward(self, x):
        self.slope = 2 * x
        return x * x

    def backward(self, g):
        self.slope *= g
        return self.slope

    def save_again(self, x):
        self.slope = 2 * x


@wrong("mutates_result", backends="numpy")
class WritesIntoItsResult(autograd.Policy):
    bare = True

    def forward(self, x):
        out = self.xp.exp(x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        if isinstance(out, np.ndarray) and out.ndim:
            out *= g
            return out * 1.0
        return g * out


@wrong("stale_save")
class SavesOnTheClass(autograd.Policy):
    last: Any = None

    def forward(self, x):
        SavesOnTheClass.last = x
        return nep.sin(x)

    def backward(self, g):
        return g * nep.cos(SavesOnTheClass.last)


@wrong("stale_save", backends="numpy")
class SavesTheOperandOfTheCallBefore(autograd.Policy):
    last: Any = None

    def forward(self, x):
        cls, before = SavesTheOperandOfTheCallBefore, SavesTheOperandOfTheCallBefore.last
        cls.last = x
        self.ctx.save(before if before is not None and before.shape == x.shape else x)
        return nep.sin(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x)


@wrong("not_repeatable", backends="numpy", orders=(1,))
class ReturnsOneBuffer(autograd.Policy):
    bare = True
    buffers: dict[Any, Any] = {}

    def forward(self, x):
        self.ctx.save(x)
        return x * x

    def backward(self, g):
        (x,) = self.ctx.release
        buffer = self.buffers.setdefault(x.shape, np.empty(x.shape))
        np.multiply(2 * g, x, out=buffer)
        return buffer


@wrong("stale_save", backends="numpy")
class SavesIntoOneBuffer(autograd.Policy):
    bare = True
    buffers: dict[Any, Any] = {}

    def forward(self, x):
        buffer = self.buffers.setdefault(x.shape, np.empty(x.shape))
        np.multiply(x, 2, out=buffer)
        self.ctx.save(buffer)
        return self.xp.asarray(x * x)

    def backward(self, g):
        (slope,) = self.ctx.release
        return g * slope

    def save_again(self, x):
        self.ctx.save(2 * x)


@wrong("wrong_gradient", backends="numpy")
class SavesWhatItThenChanges(autograd.Policy):
    bare = True

    def forward(self, x):
        y = x * 1.0
        self.ctx.save(y)
        y += 1
        return y * y - 2 * y

    def backward(self, g):
        (y,) = self.ctx.release
        return g * (2 * y)

    def save_again(self, x):
        self.ctx.save(x + 1)


@wrong("not_linear")
class LinearForSmallOnesOnly(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * x * nep.clip(g, -4.0, 4.0)


@wrong("not_linear")
class TakesTheMagnitude(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * x * nep.abs(g)


@wrong("not_linear")
class SquaresTheCotangent(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * x * g * nep.abs(g)


@wrong("not_linear")
class AddsAConstant(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * x * g + 1


@wrong("wrong_conjugate", dtypes=("complex128",))
class ProductWithoutConjugate(_Product):
    def backward(self, g):
        x, y = self.ctx.release
        return g * y, g * x


@wrong("wrong_conjugate", dtypes=("complex128",))
class ExponentialWithoutConjugate(autograd.Policy):
    def forward(self, x):
        out = nep.exp(x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return g * out


@wrong("wrong_conjugate", dtypes=("complex128",))
class ConjugateOfTheGradient(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return nep.real(x * nep.conj(x))

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * nep.conj(x)


@wrong("wrong_conjugate", dtypes=("complex128",))
class ConjugateOfConjugate(autograd.Policy):
    def forward(self, x):
        return nep.conj(x)

    def backward(self, g):
        return g


@wrong("wrong_count")
class OneGradientTooFew(_Product):
    def backward(self, g):
        _, y = self.ctx.release
        return (g * y,)


@wrong("wrong_count")
class OneGradientTooMany(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x, None


@wrong("wrong_shape")
class FlatGradient(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return nep.reshape(2 * g * x, (-1,))


@wrong("wrong_shape")
class ScalarGradient(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return nep.sum(2 * g * x)


@wrong("wrong_gradient", inputs=(nt.arrays((2, 2)),))
class TransposedGradient(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return nep.matrix_transpose(2 * g * x)


@wrong("not_an_array")
class ListGradient(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return [2.0 * v for v in range(x.size)] or [0.0]


@wrong("not_an_array")
class ListInATuple(_Product):
    def backward(self, g):
        x, _ = self.ctx.release
        return [1.0, 2.0], g * x


@wrong("not_an_array")
class NumberGradient(_Square):
    def backward(self, g):
        return 2.0


@wrong("wrong_library", backends=("array_api_strict",))
class GradientOfAnotherLibrary(_Square):
    def backward(self, g):
        import neo

        (x,) = self.ctx.release
        return neo.asarray(2 * g.numpy() * x.numpy(), backend="numpy")


@wrong("wrong_device", backends=("array_api_strict",))
class GradientOnAnotherDevice(_Square):
    bare = True

    def backward(self, g):
        (x,) = self.ctx.release
        import array_api_strict

        return (2 * g * x).to_device(array_api_strict.Device("device1"))


@wrong("missing_gradient")
class NoneForTheFirst(_Product):
    def backward(self, g):
        x, _ = self.ctx.release
        return None, g * x


@wrong("missing_gradient")
class NoneAtAll(_Square):
    def backward(self, g):
        return None


@wrong("backward_raises")
class RaisesInBackward(_Square):
    def backward(self, g):
        raise RuntimeError("no idea")


@wrong("backward_raises")
class RaisesForScalars(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        if x.ndim == 0:
            raise IndexError("too many axes")
        return 2 * g * x


@wrong("backward_raises")
class RaisesForEmpty(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        if x.size == 0:
            raise ValueError("nothing there")
        return 2 * g * x


@wrong("backward_raises")
class HasNoBackward(autograd.Policy):
    def forward(self, x):
        return x * 2


@wrong("forward_raises")
class RaisesInForward(autograd.Policy):
    def forward(self, x):
        raise RuntimeError("no idea")

    def backward(self, g):
        return g


@wrong("forward_raises", inputs=(nt.arrays((2,)), nt.arrays((3,))))
class ForwardRefusesWhatIsDrawn(_Product):
    def backward(self, g):
        x, y = self.ctx.release
        return g * y, g * x


_counter = itertools.count()


@wrong("not_repeatable")
class ForwardCounts(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return x * x + 1e-3 * (next(_counter) % 3)

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x


@wrong("not_repeatable")
class BackwardCounts(_Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x * (1.0 + next(_counter) % 2)


@wrong("not_repeatable")
class ForwardIsRandom(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return x * x * (1 + 1e-6 * float(np.random.default_rng().random()))

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x


@wrong("wrong_gradient")
class WrongAtZero(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.where(x == 0, 0.0, nep.cos(x))


@wrong("nan_gradient")
class NaNAtZero(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (x / x)


@wrong("nan_gradient", inputs=(nt.arrays((3,)),))
class ProductOfOthersByDivision(autograd.Policy):
    def forward(self, x):
        out = nep.prod(x)
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return g * out / x


@wrong("wrong_gradient")
class WrongAtTheLowerBound(_Sine):
    domain = (-1.5, 1.25)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.where(x == -1.5, 2.0, nep.cos(x))


@wrong("wrong_gradient")
class WrongAtTheUpperBound(_Sine):
    domain = (-1.5, 1.25)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.where(x >= 1.25, 2.0, nep.cos(x))


@wrong("wrong_gradient")
class WrongForNegativeNumbers(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.where(x < 0, 0.5 * nep.cos(x), nep.cos(x))


@wrong("wrong_gradient")
class WrongForScalars(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (2.0 if x.ndim == 0 else 1.0)


@wrong("wrong_shape")
class WrongShapeForEmpty(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) if x.size else nep.zeros((4,), dtype=x.dtype)


@wrong("wrong_gradient")
class WrongForThreeAxes(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (2.0 if x.ndim > 2 else 1.0)


@wrong("wrong_gradient")
class WrongForTheLastElement(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        flat = nep.reshape(g * nep.cos(x), (-1,))
        if x.size > 1:
            flat = nep.concat([flat[:-1], 2 * flat[-1:]])
        return nep.reshape(flat, tuple(x.shape))


@wrong("depends_on_layout", backends="numpy")
class WrongWhereNotContiguous(autograd.Policy):
    bare = True

    def forward(self, x):
        self.contiguous = x.flags.c_contiguous
        self.ctx.save(x)
        return self.xp.sin(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (1.0 if self.contiguous else 2.0)


@wrong("depends_on_layout", backends="numpy")
class ReadsTheBuffer(autograd.Policy):
    """Takes the elements in the order of memory, which is not that of a reversed array."""

    bare = True

    def forward(self, x):
        self.ctx.save(x)
        return np.sin(np.ravel(x, order="K").reshape(x.shape))

    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x)


@wrong("ignores_needs")
class RaisesWhereOneIsNotNeeded(_Product):
    def backward(self, g):
        x, y = self.ctx.release
        if not self.needs(1):
            raise RuntimeError("y has no slot")
        return g * y, g * x


@wrong("ignores_needs")
class WrongWhereOneIsNotNeeded(_Product):
    def backward(self, g):
        x, y = self.ctx.release
        if self.needs(0) and not self.needs(1):
            return 2 * g * y, None
        return g * y, g * x


@wrong("spreads_nan")
class NaNSpreads(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) + 0 * nep.sum(x)


@wrong("leaks")
class KeepsItsOperands(autograd.Policy):
    kept: list[Any] = []

    def forward(self, x):
        self.kept.append(x)
        self.ctx.save(x)
        return x * x

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x


@wrong("wrong_gradient")
class SecondResultForgotten(autograd.Policy):
    def forward(self, x):
        sin, cos = nep.sin(x), nep.cos(x)
        self.ctx.save(sin, cos)
        return sin, cos

    def backward(self, g_sin, g_cos):
        _, cos = self.ctx.release
        return g_sin * cos


@wrong("wrong_gradient")
class ResultsSwapped(autograd.Policy):
    def forward(self, x):
        sin, cos = nep.sin(x), nep.cos(x)
        self.ctx.save(sin, cos)
        return sin, cos

    def backward(self, g_sin, g_cos):
        sin, cos = self.ctx.release
        return g_cos * cos - g_sin * sin


@wrong("outside_domain", inputs=(nt.arrays((3,), domain=(-2, 2)),))
class LogarithmDrawnBelowZero(autograd.Policy):
    domain = (0.1, 3)

    def forward(self, x):
        self.ctx.save(x)
        return nep.log(nep.abs(x))

    def backward(self, g):
        (x,) = self.ctx.release
        return g / x


@wrong("backends_disagree", backends=("numpy", "array_api_strict"))
class WrongOnOneLibrary(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * nep.cos(x) * (2.0 if x.backend == "array_api_strict" else 1.0)


@wrong("wrong_gradient")
class RoundsItsGradient(_Sine):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * (nep.round(nep.cos(x) * 1000) / 1000)


@wrong("wrong_gradient", inputs=(nt.well_conditioned(3), nt.arrays((3,))))
class SolveWithoutTranspose(autograd.Policy):
    def forward(self, a, b):
        out = nep.linalg.solve(a, b[..., None])[..., 0]
        self.ctx.save(a, out)
        return out

    def backward(self, g):
        a, out = self.ctx.release
        db = nep.linalg.solve(a, g[..., None])[..., 0]
        da = -db[..., :, None] * out[..., None, :]
        if len(db.shape) > 1:
            db = nep.sum(db, axis=tuple(range(len(db.shape) - 1)))
        return da, db


@wrong("wrong_gradient", inputs=(st.integers(1, 3).flatmap(lambda n: nt.arrays((n, 3))),), settings=AXIS)
class SoftmaxWithoutProjection(autograd.Policy):
    def forward(self, x, *, axis):
        e = nep.exp(x)
        out = e / nep.sum(e, axis=axis, keepdims=True)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return g * out


@wrong("wrong_gradient")
class SteepAndWrong(autograd.Policy):
    def forward(self, x):
        out = nep.tanh(1e5 * x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return 2e5 * g * (1 - out * out)


@wrong("wrong_gradient")
class TinyAndWrong(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return 1e-200 * nep.sin(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return -g * (1e-200 * nep.cos(x))


@wrong("wrong_gradient")
class HugeAndWrong(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return 1e200 * nep.sin(x)

    def backward(self, g):
        (x,) = self.ctx.release
        return g * (2e200 * nep.cos(x))
