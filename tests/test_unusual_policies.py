"""Policies that do what users do: each has the derivatives of the same function in plain operations."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.autograd import Policy
from neo.functions import neo_function

X, Y = [0.3, -0.7, 1.1], [0.9, 0.4, -0.6]


class Square(Policy):
    """x * x * y; what the classes below compute too, each in its own way."""

    def forward(self, x, y):
        self.x, self.y = x, y
        return x * x * y

    def backward(self, g):
        return 2 * g * self.x * self.y, g * self.x * self.x


class RebindsItsOperandInForward(Square):
    def forward(self, x, y):
        self.ctx.save(x, y)
        out = x * x * y
        x *= 2.0
        y[...] = x + 100.0
        return out

    def backward(self, g):
        self.x, self.y = self.ctx.release
        return super().backward(g)


class KeepsAnIntermediateThatItRebinds(RebindsItsOperandInForward):
    def forward(self, x, y):
        x *= 2.0
        self.ctx.save(x, y)
        out = x * x * y / 4
        x += 100.0
        return out

    def backward(self, g):
        twice, y = self.ctx.release
        return g * twice * y, g * twice * twice / 4


class RebindsTheGradient(Square):
    def backward(self, g):
        g *= self.x
        dx = 2 * g * self.y
        g *= self.x
        return dx, g


class RebindsWhatItSaved(RebindsItsOperandInForward):
    def backward(self, g):
        x, y = self.ctx.release
        y *= 2.0
        dx = g * x * y
        x *= x
        return dx, g * x


class PullsBackInBackward(RebindsItsOperandInForward):
    def backward(self, g):
        return neo.vjp(lambda x, y: x * x * y, *self.ctx.release)[1](g)


class KeepsAPullBack(Square):
    def forward(self, x, y):
        out, self.pull_back = neo.vjp(lambda x, y: x * x * y, x, y)
        return out

    def backward(self, g):
        return self.pull_back(g)


class KeepsATangent(Square):
    def forward(self, x, y):
        out, self.slope = neo.jvp(lambda x: x * x * y, (x,), (nep.ones_like(x),))
        self.x = x
        return out

    def backward(self, g):
        return g * self.slope, g * self.x * self.x


class KeepsContainers(Square):
    def forward(self, x, y):
        self.kept = [x, {"y": (y, x * y)}]
        self.ctx.again = self.kept[0]
        return x * x * y

    def backward(self, g):
        y, product = self.kept[1]["y"]
        return 2 * g * product + 0 * y, g * self.ctx.again * self.kept[0]


class KeepsItself(Square):
    def forward(self, x, y):
        self.myself, self.rule = self, self.pulled
        return super().forward(x, y)

    def pulled(self, g):
        return super().backward(g)

    def backward(self, g):
        return self.myself.rule(g)


class KeepsACachedProperty(Square):
    @functools.cached_property
    def slope(self):
        return 2 * self.x * self.y

    def forward(self, x, y):
        out = super().forward(x, y)
        self.ctx.save(self.slope)
        return out

    def backward(self, g):
        return g * self.slope, g * self.x**2


class SavesWhatIsNeeded(Square):
    def forward(self, x, y):
        self.ctx.save(2 * x * y if self.needs(0) else None, x * x if self.needs(1) else None)
        return x * x * y

    def backward(self, g):
        return tuple([None if slope is None else g * slope for slope in self.ctx.release])


class ReturnsTheResultThatItKeeps(Square):
    def forward(self, x, y):
        self.out = super().forward(x, y)
        return self.out

    def backward(self, g):
        return 2 * g * self.out / self.x, g * self.out / self.y


class CallsOthers(Square):
    def forward(self, x, y):
        self.x, self.y = x, y
        return product(product(x, x), y)

    def backward(self, g):
        return product(product(g, 2 * self.x), self.y), product(g, product(self.x, self.x))


class Product(Policy):
    bare = True

    def forward(self, x, y):
        self.ctx.save(x, y)
        return x * y

    def backward(self, g):
        x, y = self.ctx.release
        return g * y, g * x


product = neo_function(Product)


class BareWithAttributes(Square):
    bare = True


class BareThatSavesAgain(Square):
    bare = True

    def forward(self, x, y):
        self.x, self.slope, self.ctx.power = x, x * y, 2
        return x * x * y

    def save_again(self, x, y):
        self.slope = x * y

    def backward(self, g):
        return g * self.slope * self.ctx.power, g * self.x * self.x


class TakesAnyNumber(Square):
    def forward(self, *xs):
        self.xs = xs
        return xs[0] * xs[0] * xs[1]

    def backward(self, g):
        return 2 * g * self.xs[0] * self.xs[1], g * self.xs[0] ** 2


class Power(Policy):
    """x**n * y, whose gradient is itself at n - 1."""

    def forward(self, x, y, *, n=2):
        self.ctx.n = n
        self.ctx.save(x, y)
        return x**n * y

    def backward(self, g):
        x, y = self.ctx.release
        n = self.ctx.n
        lower = neo_function(Power)(x, y, n=n - 1) if n > 1 else y
        return g * n * lower, g * x**n


POLICIES = [
    policy
    for policy in globals().values()
    if isinstance(policy, type) and issubclass(policy, Square | Power) and policy is not Policy
]


def _derivative(f: Callable[..., Any], order: int) -> Callable[..., Any]:
    """Return a function with derivatives of that order in it, of a sum that is nowhere flat."""

    def of_lower(*xs):
        return nep.sum(nep.sin(f(*xs)))

    if order == 1:
        return neo.grad(of_lower, argnums=(0, 1))
    inner = neo.grad(of_lower, argnums=(0, 1))

    def along(x, y):
        dx, dy = inner(x, y)
        return nep.stack([dx * nep.cos(x), dy * nep.cos(y)])

    return _derivative(along, order - 1)


def _assert_alike(found: Any, expected: Any, xp: Library) -> None:
    for g, h in zip(found, expected, strict=True):
        h = xp.numpy(h)
        # A few dozen roundings, of numbers that cancel to those here.
        tolerance = 1e3 * np.finfo("float64").eps * np.max(np.abs(h))
        np.testing.assert_allclose(xp.numpy(g), h, rtol=0, atol=tolerance)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("policy", POLICIES)
def test_derivatives_are_those_of_plain_operations(policy: type[Policy], order: int, xp: Library) -> None:
    x, y = xp.asarray(X), xp.asarray(Y)

    found = _derivative(neo_function(policy), order)(x, y)

    _assert_alike(found, _derivative(lambda x, y: x * x * y, order)(x, y), xp)
    assert (xp.numpy(x).tolist(), xp.numpy(y).tolist()) == (X, Y)


@pytest.mark.parametrize("policy", POLICIES)
def test_derivatives_under_vmap_and_checkpoint_are_those_of_plain_operations(
    policy: type[Policy], xp: Library
) -> None:
    x, y = xp.asarray(X), xp.asarray(Y)
    f, plain = neo_function(policy), lambda x, y: x * x * y
    mapped = lambda f: lambda x, y: neo.vmap(f)(x, y)  # noqa: E731

    for wrapped in (neo.checkpoint, mapped):
        found = _derivative(wrapped(f), 2)(x, y)
        _assert_alike(found, _derivative(plain, 2)(x, y), xp)


@pytest.mark.parametrize("policy", POLICIES)
def test_tangents_are_those_of_plain_operations(policy: type[Policy], xp: Library) -> None:
    at = (xp.asarray(X), xp.asarray(Y))

    found = neo.jvp(lambda x, y: neo.vjp(neo_function(policy), x, y)[1](x + y), at, at)[1]

    _assert_alike(found, neo.jvp(lambda x, y: neo.vjp(lambda x, y: x * x * y, x, y)[1](x + y), at, at)[1], xp)


def test_an_attribute_that_save_again_forgets_is_refused(xp: Library) -> None:
    class Forgets(BareThatSavesAgain):
        def save_again(self, x, y):
            pass

    with pytest.raises(NotImplementedError, match=r"Forgets.save_again leaves slope as forward set it"):
        _derivative(neo_function(Forgets), 2)(xp.asarray(X), xp.asarray(Y))


def test_one_array_as_two_results_has_the_sum_of_their_gradients(xp: Library) -> None:
    class Twice(Square):
        def forward(self, x, y):
            self.out = super().forward(x, y)
            return self.out, self.out

        def backward(self, g, h):
            return super().backward(g + h)

    def f(x, y):
        first, second = neo_function(Twice)(x, y)
        return nep.exp(first) * second

    def plain(x, y):
        return nep.exp(x * x * y) * (x * x * y)

    x, y = xp.asarray(X), xp.asarray(Y)

    _assert_alike(_derivative(f, 2)(x, y), _derivative(plain, 2)(x, y), xp)


def test_forward_that_raises_leaves_the_transform_as_it_was(xp: Library) -> None:
    class Raises(Square):
        def forward(self, x, y):
            super().forward(x, y)
            raise ArithmeticError("half way")

    def f(x, y):
        with pytest.raises(ArithmeticError, match="half way"):
            neo_function(Raises)(x, y)
        return x * x * y

    x, y = xp.asarray(X), xp.asarray(Y)

    _assert_alike(_derivative(f, 2)(x, y), _derivative(lambda x, y: x * x * y, 2)(x, y), xp)
