"""A gradient beside slopes: what is right is not called wrong where differences see little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.made import policy_of
from support.right import SortWithStableTies
from support.right_nasty import NASTY, SortDescending

import neo.numpy as nep
import neo.testing as nt

POLICIES = {name: policy for name, policy, _ in NASTY}
OPERANDS = np.array([0.31234567, -1.2345678, 0.0, 1.75])


def elementwise(f: Any, slope: Any) -> type:
    """Return a Policy of a function of one operand and what it says its slope is."""
    return policy_of("Elementwise", f, slope)


def findings(policy: Any, operands: Any, **arguments: Any) -> list[Any]:
    """Return what a check of one example finds."""
    try:
        return nt.check_example(policy, (operands,), **arguments).findings
    except nt.GradientMismatch as error:
        return error.report.findings


def kinds(policy: Any, operands: Any, orders: Any = (1,)) -> list[str]:
    return [finding.kind for finding in findings(policy, operands, orders=orders)]


@pytest.mark.parametrize("largest", [705.0, 709.5])
def test_gradients_whose_sum_overflows_are_compared(largest: float) -> None:
    operands = np.array([[largest, 703.4, 650.0], [656.6, largest, 600.9]])

    assert kinds(elementwise(nep.exp, nep.exp), operands) == []
    assert "wrong_gradient" in kinds(elementwise(nep.exp, lambda x: 2 * nep.exp(x)), operands)


def test_rounding_of_the_cotangent_alone_is_known() -> None:
    assert kinds(POLICIES["LayernormTinyEps"], np.array([0.0, -1.0])) == []


def test_a_gradient_below_the_smallest_normal_number_may_be_zero() -> None:
    assert kinds(POLICIES["Softplus"], np.array([-717.2332288259597, -1.5])) == []
    assert "wrong_gradient" in kinds(elementwise(nep.exp, lambda x: 2 * nep.exp(x)), np.array([-705.0]))


def test_a_gradient_that_moves_no_result_may_be_lost_in_single_precision() -> None:
    operands = np.array([[-0.43157958984375, 0.0]])

    assert findings(POLICIES["LayernormTinyEps"], operands, orders=(1,), dtype="float32") == []
    half = policy_of("Half", lambda x: x * 1e-6, lambda x: 0.5e-6 + 0 * x)
    assert [f.kind for f in findings(half, operands, orders=(1,), dtype="float32")] == ["wrong_gradient"]


class SortWithoutOrder(SortWithStableTies):
    """Operands that tie come in an order that follows no rule."""

    def forward(self, x):
        flat = nep.reshape(x, (-1,))
        shuffled = np.random.default_rng(0).permutation(x.size)
        self.order = shuffled[np.argsort(flat.numpy()[shuffled], stable=True)]
        self.shape = tuple(x.shape)
        return nep.take(flat, nep.asarray(self.order, backend=x.backend), axis=0)

    def backward(self, g):
        back = nep.asarray(np.argsort(self.order), backend=g.backend)
        return nep.reshape(nep.take(g, back, axis=0), self.shape)


@pytest.mark.parametrize("policy", [SortWithStableTies, SortDescending, SortWithoutOrder])
def test_a_sort_of_many_ties_has_the_slopes_of_any_order(policy: Any) -> None:
    for number in (0.5, 2.0):
        assert kinds(policy, np.full((3, 3, 3), number)) == []


def test_the_gradient_of_a_wrong_order_of_ties_is_found() -> None:
    class Everything(SortWithStableTies):
        def backward(self, g):
            return nep.reshape(nep.sum(g) + 0 * g, self.shape)

    assert kinds(Everything, np.full((3, 2), 0.5)) == ["wrong_at_kink"]


@pytest.mark.parametrize("factor", [0.5, -1.0])
def test_a_steep_function_hides_no_wrong_factor(factor: float) -> None:
    quick = elementwise(lambda x: nep.sin(1e7 * x), lambda x: factor * 1e7 * nep.cos(1e7 * x))

    assert kinds(quick, OPERANDS) == ["wrong_gradient"]


@pytest.mark.parametrize("width", [1e-1, 1e-3, 1e-4, 1e-5])
def test_a_staircase_may_be_flat(width: float) -> None:
    assert kinds(elementwise(lambda x: nep.floor(x / width) * width, lambda x: 0 * x), OPERANDS) == []


def test_a_fine_staircase_has_the_slope_zero_or_that_across_its_steps() -> None:
    def stairs(x: Any) -> Any:
        return nep.floor(x / 1e-5) * 1e-5

    assert kinds(elementwise(stairs, lambda x: 0 * x + 1), OPERANDS) == []
    assert kinds(elementwise(stairs, lambda x: 0 * x + 0.5), OPERANDS) == ["wrong_gradient"]


def test_a_gradient_that_is_lost_in_single_precision_is_found() -> None:
    def rounded(x: Any) -> Any:
        return nep.astype(nep.astype(x, nep.float32), x.dtype)

    assert kinds(elementwise(rounded, lambda x: 0 * x + 1), OPERANDS) == []
    assert kinds(elementwise(rounded, lambda x: 0 * x), OPERANDS) == ["wrong_gradient"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (np.inf, []),
        (0.0, []),
        (-np.inf, ["wrong_gradient"]),
        (-5.0, ["wrong_gradient"]),
        (np.nan, ["nan_gradient"]),
    ],
)
@pytest.mark.parametrize("root", [nep.sqrt, lambda x: nep.sign(x) * nep.abs(x) ** 0.5])
def test_an_infinite_slope_has_a_sign(root: Any, number: float, expected: list[str]) -> None:
    def slope(x: Any) -> Any:
        return nep.where(x == 0, number, 0.5 / nep.sqrt(nep.abs(x)))

    assert kinds(elementwise(root, slope), np.array([0.0, 0.25, 4.0])) == expected


@pytest.mark.parametrize("slope", [-np.inf, 0.0, np.inf])
def test_a_cusp_has_infinite_slopes_of_both_signs(slope: float) -> None:
    def between(x: Any) -> Any:
        return nep.where(x == 0, slope, 0.5 * nep.sign(x) / nep.sqrt(nep.abs(x)))

    assert kinds(elementwise(lambda x: nep.sqrt(nep.abs(x)), between), np.array([0.0, 0.25])) == []


def test_a_second_derivative_that_is_nan_is_said_to_be() -> None:
    three_halves = elementwise(
        lambda x: nep.maximum(x, 0.0) ** 1.5, lambda x: 1.5 * nep.maximum(x, 0.0) ** 0.5
    )

    (finding,) = findings(three_halves, np.array([0.5, -1.0]), orders=(1, 2))

    assert finding.kind == "wrong_second_order"
    assert finding.message == "the gradient is right, its own gradient is NaN, where its slope is finite."


def test_rounding_that_is_alike_at_regular_steps_is_known() -> None:
    assert kinds(POLICIES["NaiveExpm1OverX"], np.array([[0.019264080810546876, 0.05536457061767579]])) == []


@pytest.mark.parametrize("number", [7.58048529891677, 10.441738170906437, -8.307861328125])
def test_digits_that_cancel_in_single_precision_are_no_finding(number: float) -> None:
    def factor(x: Any) -> float:
        return 1.03 if "float32" in str(x.dtype) else 1.0

    given = {"orders": (1, 2), "dtype": "float32"}
    right = elementwise(nep.tanh, lambda x: 1 - nep.tanh(x) ** 2)
    wrong = elementwise(nep.tanh, lambda x: factor(x) * (1 - nep.tanh(x) ** 2))

    assert findings(right, np.array([number, 0.5]), **given) == []
    assert [f.kind for f in findings(wrong, np.array([number, 0.5]), **given)] == ["wrong_in_dtype"]
