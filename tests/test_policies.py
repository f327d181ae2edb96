"""Policies that users write: what may be saved, returned and left out."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.autograd import Policy
from neo.functions import neo_function


class SavedIntermediate(Policy):
    """(2 x)**2, keeping 2 x: neither an operand nor a result."""

    def forward(self, x):
        twice = 2 * x
        self.ctx.save(twice)
        return twice * twice

    def backward(self, g):
        (twice,) = self.ctx.release
        return g * twice * 4


class IntermediateOnSelf(Policy):
    """(2 x)**2, keeping 2 x as an attribute."""

    def forward(self, x):
        self.twice = 2 * x
        return self.twice * self.twice

    def backward(self, g):
        return g * self.twice * 4


class SavedResult(Policy):
    """exp(x), keeping the result."""

    def forward(self, x):
        out = nep.exp(x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return g * out


class Polar(Policy):
    """(r cos t, r sin t), as two results."""

    def forward(self, r, t):
        self.ctx.save(r, t)
        return r * nep.cos(t), r * nep.sin(t)

    def backward(self, gx, gy):
        r, t = self.ctx.release
        return gx * nep.cos(t) + gy * nep.sin(t), gy * r * nep.cos(t) - gx * r * nep.sin(t)


class Scaled(Policy):
    """x * y * factor, noting which gradients were wanted."""

    wanted: list

    def forward(self, x, y, *, factor=1.0):
        self.ctx.save(x, y)
        self.factor = factor
        return x * y * factor

    def backward(self, g):
        x, y = self.ctx.release
        Scaled.wanted = [self.needs(0), self.needs(1)]
        return (
            g * y * self.factor if self.needs(0) else None,
            g * x * self.factor if self.needs(1) else None,
        )


def _order(f, n):
    for _ in range(n):
        f = neo.grad(f)
    return f


@pytest.mark.parametrize("policy", [SavedIntermediate, IntermediateOnSelf])
@pytest.mark.parametrize(("n", "expected"), [(1, 512.0), (2, 768.0), (3, 768.0), (4, 384.0)])
def test_saved_intermediate_has_right_derivatives_to_order_four(
    xp: Library, policy: type[Policy], n: int, expected: float
) -> None:
    # h(x) = (2 x)**2 inside f = h(x)**2 = 16 x**4; PyTorch gives 512 for the second derivative.
    square = neo_function(policy)
    plain = xp.array(1.0)

    found = _order(lambda x: square(x) * plain * square(x), n)(xp.asarray(2.0))

    assert float(xp.numpy(found)) == expected


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_saved_result_has_right_derivatives_to_order_four(xp: Library, n: int) -> None:
    found = _order(neo_function(SavedResult), n)(xp.asarray(0.5))

    np.testing.assert_allclose(xp.numpy(found), np.exp(0.5), rtol=16 * np.finfo("float64").eps)


def test_several_results_have_gradients(xp: Library) -> None:
    def f(r, t):
        x, y = neo_function(Polar)(r, t)
        return x * y

    dr, dt = neo.grad(f, argnums=(0, 1))(xp.asarray(2.0), xp.asarray(0.5))

    # r**2 sin(2 t) / 2
    np.testing.assert_allclose(xp.numpy(dr), 2 * np.sin(1.0), rtol=16 * np.finfo("float64").eps)
    np.testing.assert_allclose(xp.numpy(dt), 4 * np.cos(1.0), rtol=16 * np.finfo("float64").eps)


def test_result_that_is_not_used_gets_a_gradient_of_zeros(xp: Library) -> None:
    found = neo.grad(lambda t: neo_function(Polar)(xp.array(2.0), t)[0])(xp.asarray(0.5))

    np.testing.assert_allclose(xp.numpy(found), -2 * np.sin(0.5), rtol=16 * np.finfo("float64").eps)


def test_several_results_have_second_derivatives(xp: Library) -> None:
    polar = neo_function(Polar)

    found = _order(lambda t: polar(xp.array(2.0), t)[1] * polar(xp.array(1.0), t)[0], 2)(xp.asarray(0.5))

    # 2 sin(t) cos(t) = sin(2 t)
    np.testing.assert_allclose(xp.numpy(found), -4 * np.sin(1.0), rtol=32 * np.finfo("float64").eps)


def test_named_tuple_of_results_stays_one() -> None:
    Found = namedtuple("Found", ["value", "twice"])

    class Both(Policy):
        def forward(self, x):
            return Found(x + 0, 2 * x)

        def backward(self, g, h):
            return g + 2 * h

    out = neo_function(Both)(np.ones(2))

    assert type(out).__name__ == "Found"
    assert out.twice.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("argnums", "expected"), [(0, [True, False]), (1, [False, True]), ((0, 1), [True, True])]
)
def test_needs_tells_which_operands_are_differentiated(argnums, expected) -> None:
    neo.grad(neo_function(Scaled), argnums=argnums)(2.0, 3.0)

    assert Scaled.wanted == expected


def test_settings_are_passed_by_name() -> None:
    assert neo.grad(lambda x: neo_function(Scaled)(x, 3.0, factor=10.0))(2.0) == 30.0


def test_setting_that_is_a_float_may_be_kept_to_second_order() -> None:
    found = _order(lambda x: neo_function(Scaled)(x, x, factor=10.0), 2)(2.0)

    assert found == 20.0


def test_operands_may_be_given_by_name(xp: Library) -> None:
    scaled = neo_function(Scaled)

    found = neo.grad(lambda x: scaled(y=xp.array(3.0), x=x))(xp.asarray(2.0))

    assert float(xp.numpy(found)) == 3.0


def test_function_of_a_policy_has_its_name_signature_and_docstring() -> None:
    scaled = neo_function(Scaled)

    assert scaled.__name__ == "Scaled"
    assert scaled.__doc__ == Scaled.__doc__
    assert list(scaled.__signature__.parameters) == ["x", "y", "factor"]


def test_bare_operands_give_a_bare_result_and_arrays_an_array(xp: Library) -> None:
    scaled = neo_function(Scaled)

    assert xp.owns(scaled(xp.asarray(2.0), xp.asarray(3.0)))
    assert type(scaled(xp.asarray(2.0), xp.array(3.0))) is neo.Array


def test_forward_sees_arrays_unless_it_asks_for_bare_ones(xp: Library) -> None:
    seen = []

    class Boxed(Policy):
        def forward(self, x):
            seen.append(x)
            return x + 0

    class Bare(Boxed):
        bare = True

    neo_function(Boxed)(xp.asarray(1.0))
    neo_function(Bare)(xp.array(1.0))

    assert type(seen[0]) is neo.Array
    assert xp.owns(seen[1])


def test_operand_rebound_after_it_was_saved_keeps_its_saved_value() -> None:
    class Rebinding(Policy):
        def forward(self, x):
            self.ctx.save(x)
            out = x * x
            x += 100.0
            return out

        def backward(self, g):
            (x,) = self.ctx.release
            return 2 * g * x

    assert neo.grad(neo_function(Rebinding))(3.0) == 6.0
