"""A Policy's own push: beside backward, instead of it, and refused when it does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import autograd


class Scaled(autograd.Policy):
    """x * y with made-up rules, so that it shows which one was asked."""

    def forward(self, x, y):
        self.ctx.save(x, y)
        return x * y

    def backward(self, g):
        x, y = self.ctx.release
        return g * y, g * x

    def push(self, dx, dy):
        x, y = self.ctx.release
        return 10 * (dx * y + dy * x)


class Both(autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return x * x, nep.argmax(x), x * 3

    def push(self, v):
        (x,) = self.ctx.release
        return 2 * x * v, None, 3 * v


def test_forward_mode_asks_push_and_reverse_mode_backward(xp: Library) -> None:
    scaled, x, y = neo.neo_function(Scaled), xp.array(2.0), xp.array(3.0)

    assert float(neo.jvp(lambda x: scaled(x, y), (x,), (xp.array(1.0),))[1].numpy()) == 30.0
    assert float(neo.grad(lambda x: scaled(x, y))(x).numpy()) == 3.0


def test_push_gets_zeros_for_an_operand_without_a_tangent(xp: Library) -> None:
    seen = []

    class Seen(Scaled):
        def push(self, dx, dy):
            seen.append((dx, dy))
            return dx

    neo.jvp(
        lambda x: neo.neo_function(Seen)(x, xp.array([5.0, 6.0])), xp.array([1.0, 2.0]), xp.array([1.0, 1.0])
    )

    assert [d.numpy().tolist() for d in seen[0]] == [[1.0, 1.0], [0.0, 0.0]]


def test_push_of_several_results_may_leave_out_those_that_do_not_move(xp: Library) -> None:
    both = neo.neo_function(Both)

    value, tangent = neo.jvp(both, (xp.array([1.0, 2.0]),), (xp.array([1.0, 1.0]),))

    assert [v.numpy().tolist() for v in value] == [[1.0, 4.0], 1, [3.0, 6.0]]
    assert [t.numpy().tolist() for t in tangent] == [[2.0, 4.0], 0, [3.0, 3.0]]


def test_reverse_mode_transposes_a_push_of_several_results(xp: Library) -> None:
    def f(x):
        square, _, triple = neo.neo_function(Both)(x)
        return nep.sum(square * xp.array([1.0, 10.0])) + nep.sum(triple)

    assert neo.grad(f)(xp.array([1.0, 2.0])).numpy().tolist() == [5.0, 43.0]


def test_a_push_that_uses_the_second_result_only_has_a_transpose(xp: Library) -> None:
    found = neo.grad(lambda x: nep.sum(neo.neo_function(Both)(x)[2]))(xp.array([1.0, 2.0]))

    assert found.numpy().tolist() == [3.0, 3.0]


def test_push_and_its_transpose_agree(xp: Library) -> None:
    class Sine(autograd.Policy):
        def forward(self, x):
            self.ctx.save(x)
            return nep.sin(x)

        def push(self, v):
            (x,) = self.ctx.release
            return v * nep.cos(x)

    f, x = neo.neo_function(Sine), xp.array([0.1, 0.2])

    np.testing.assert_allclose(neo.jacrev(f)(x).numpy(), neo.jacfwd(f)(x).numpy(), rtol=1e-15)
    np.testing.assert_allclose(neo.hessian(f)(x).numpy(), neo.hessian(nep.sin)(x).numpy(), rtol=1e-15)


def test_a_linear_policy_needs_no_rule_but_its_forward_in_forward_mode(xp: Library) -> None:
    class Sums(autograd.Policy):
        linear = True

        def forward(self, x, y):
            return nep.sum(x) + 2 * y

    _, tangent = neo.jvp(
        neo.neo_function(Sums), (xp.array([1.0, 2.0]), xp.array(3.0)), (xp.array([1.0, 1.0]), xp.array(5.0))
    )

    assert float(tangent.numpy()) == 12.0


def test_a_multilinear_policy_follows_the_product_rule(xp: Library) -> None:
    class Scale(autograd.Policy):
        multilinear = True

        def forward(self, x, y):
            return x * y

    _, tangent = neo.jvp(
        neo.neo_function(Scale), (xp.array([1.0, 2.0]), xp.array(3.0)), (xp.array([1.0, 1.0]), xp.array(5.0))
    )

    assert tangent.numpy().tolist() == [8.0, 13.0]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda v: v[:1], r"Wrong.push returned float64 array of shape \(1,\) as the tangent of a result"),
        (lambda v: (v, v), "Wrong.push returned 2 tangents for 1 results"),
        (lambda v: 1.0, r"Wrong.push returned float 1.0 as the tangent of a result"),
    ],
)
def test_a_push_that_does_not_fit_is_refused(result, message) -> None:
    class Wrong(autograd.Policy):
        def forward(self, x):
            return x * 1

        def push(self, v):
            return result(v)

    with pytest.raises(ValueError, match=message):
        neo.jvp(neo.neo_function(Wrong), (np.ones(2),), (np.ones(2),))


def test_a_policy_without_any_rule_says_what_to_write() -> None:
    class Bare(autograd.Policy):
        def forward(self, x):
            return x * 1

    with pytest.raises(NotImplementedError, match="Bare has no backward"):
        neo.jvp(neo.neo_function(Bare), (np.ones(2),), (np.ones(2),))
