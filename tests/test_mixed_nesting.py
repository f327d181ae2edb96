"""Forward mode in reverse mode in forward mode: every mix to order 4, beside plain operands."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import autograd, linalg


def reverse(f):
    return neo.grad(f)


def forward(f):
    def slope(x):
        one = neo.stop_gradient(x) * 0 + 1
        return neo.jvp(f, (x,), (one,))[1]

    return slope


MIXES = [mix for n in (2, 4) for mix in product([forward, reverse], repeat=n)]


def named(mix) -> str:
    return "-".join([transform.__name__ for transform in mix])


def derived(f, mix):
    for transform in mix:
        f = transform(f)
    return f


class Square(autograd.Policy):
    """x * x, which saves the intermediate 2 x: neither an operand nor a result."""

    def forward(self, x):
        double = 2 * x
        self.ctx.save(double)
        return x * x

    def backward(self, g):
        (double,) = self.ctx.release
        return g * double


class Pushed(Square):
    """The same with both directions, and only one in the next."""

    def push(self, v):
        (double,) = self.ctx.release
        return v * double


class OnlyPushed(autograd.Policy):
    def forward(self, x, y):
        self.ctx.save(x, y)
        return x * y

    def push(self, dx, dy):
        x, y = self.ctx.release
        return dx * y + dy * x


@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_derivative_of_a_product_with_a_plain_operand(xp: Library, mix) -> None:
    plain = xp.array(3.0)

    found = derived(lambda x: plain * x * x * x * x * plain, mix)(xp.array(2.0))

    # 9 x**4 and its derivatives at 2, exact in binary.
    assert float(found.numpy()) == [144.0, 288.0, 432.0, 432.0, 216.0][len(mix)]


@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_derivative_through_array_operations_with_a_plain_operand(xp: Library, mix) -> None:
    row = xp.array([[1.0, 2.0]])

    def f(x):
        column = nep.stack([x, x * x])
        column[1] += x * 0.0
        return nep.sum(row @ nep.reshape(column, (2, 1))) * x

    # x (x + 2 x**2) = x**2 + 2 x**3
    assert float(derived(f, mix)(xp.array(2.0)).numpy()) == [20.0, 28.0, 26.0, 12.0, 0.0][len(mix)]


@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_derivative_of_transcendental_functions_with_a_plain_operand(xp: Library, mix) -> None:
    plain = xp.array(0.5)

    found = derived(lambda x: nep.exp(plain * x) * plain, mix)(xp.array(0.25))

    expected = 0.5 ** (len(mix) + 1) * np.exp(0.125)
    np.testing.assert_allclose(found.numpy(), expected, rtol=16 * len(mix) * np.finfo("float64").eps)


@pytest.mark.parametrize("mix", MIXES, ids=named)
@pytest.mark.parametrize("policy", [Square, Pushed])
def test_derivative_of_a_policy_that_saves_an_intermediate(xp: Library, policy, mix) -> None:
    square = neo.neo_function(policy)

    # 16 x**4 at 2: the second derivative is 768, where an unrecorded intermediate would give 512.
    found = derived(lambda x: square(square(2 * x)), mix)(xp.array(2.0))

    assert float(found.numpy()) == [256.0, 512.0, 768.0, 768.0, 384.0][len(mix)]


@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_derivative_of_a_policy_with_only_a_push(xp: Library, mix) -> None:
    times, plain = neo.neo_function(OnlyPushed), xp.array(3.0)

    found = derived(lambda x: times(plain, times(x, times(x, x * x))), mix)(xp.array(2.0))

    # 3 x**4
    assert float(found.numpy()) == [48.0, 96.0, 144.0, 144.0, 72.0][len(mix)]


@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_derivative_of_structured_operations(mix) -> None:
    plain = np.array([[2.0, 1.0], [1.0, 3.0]])

    def f(x):
        matrix = plain + x * np.array([[1.0, 0.5], [0.0, 1.0]])
        return nep.sum(linalg.solve(matrix, nep.stack([x, x * x]))) * nep.max(nep.stack([x, 0.5 * x]))

    by_reverse = f
    for _ in mix:
        by_reverse = reverse(by_reverse)
    found = derived(f, mix)(np.array(0.7))

    np.testing.assert_allclose(found, by_reverse(np.array(0.7)), rtol=1e-11)


@pytest.mark.parametrize("outer", [forward, reverse])
@pytest.mark.parametrize("inner", [forward, reverse])
def test_inner_derivative_treats_the_outer_variable_as_constant(xp: Library, outer, inner) -> None:
    # d/dx (x * d/dy (x + y)) = 1, where confusing the two perturbations gives 2 (Siskind and
    # Pearlmutter, "Perturbation confusion and referential transparency", 2005).
    found = outer(lambda x: x * inner(lambda y: x + y)(xp.array(1.0)))(xp.array(1.0))

    assert float(found.numpy()) == 1.0


@pytest.mark.parametrize("outer", [forward, reverse])
@pytest.mark.parametrize("inner", [forward, reverse])
def test_function_that_returns_a_function_keeps_its_levels_apart(outer, inner) -> None:
    # Manzyuk et al., "Perturbation confusion in forward automatic differentiation of higher-order
    # functions" (2019), section 1.
    def shifted(u):
        return lambda x: nep.sin(x + u)

    found = outer(lambda u: inner(shifted(u))(neo.asarray(1.0)))(neo.asarray(0.5))

    np.testing.assert_allclose(found.numpy(), -np.sin(1.5), rtol=16 * np.finfo("float64").eps)


@pytest.mark.parametrize("outer", [forward, reverse])
@pytest.mark.parametrize("inner", [forward, reverse])
def test_inner_derivative_at_the_outer_variable(xp: Library, outer, inner) -> None:
    # d/dx (d/dy (x * y**2) at y = x) = d/dx 2 x**2 = 4 x.
    found = outer(lambda x: inner(lambda y: x * y * y)(x))(xp.array(3.0))

    assert float(found.numpy()) == 12.0


class Thrifty(autograd.Policy):
    """6 x y, which saves intermediates, and only those that the differentiated operands need."""

    def forward(self, x, y):
        self.ctx.save(2 * x if self.needs(1) else None, 3 * y if self.needs(0) else None)
        return 6 * x * y

    def backward(self, g):
        double, triple = self.ctx.release
        return 2 * g * triple if self.needs(0) else None, 3 * g * double if self.needs(1) else None


@pytest.mark.parametrize("outer", [forward, reverse])
@pytest.mark.parametrize("inner", [forward, reverse])
def test_a_forward_that_runs_again_saves_what_every_level_needs(xp: Library, outer, inner) -> None:
    thrifty = neo.neo_function(Thrifty)

    # d/dx d/dy (6 x**2 y) = 12 x, with x on one level only and y on the other.
    found = outer(lambda x: inner(lambda y: thrifty(x, y) * x)(xp.array(5.0)))(xp.array(2.0))

    assert float(found.numpy()) == 24.0
