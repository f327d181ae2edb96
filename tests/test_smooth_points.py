"""Derivatives of higher order where a rule looks at a value, and the function is smooth all the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


def _hessian(xp: Library, f, *point: float) -> np.ndarray:
    return xp.numpy(neo.hessian(f)(xp.asarray(np.array(point))))


def test_mixed_derivative_of_a_power_at_exponent_zero_is_one_over_x(xp: Library) -> None:
    hessian = _hessian(xp, lambda v: v[0] ** v[1], 2.0, 0.0)

    np.testing.assert_allclose(hessian, [[0, 0.5], [0.5, math.log(2) ** 2]], atol=1e-15)


def test_third_derivative_of_a_power_at_exponent_one(xp: Library) -> None:
    third = neo.jacfwd(neo.hessian(lambda v: v[0] ** v[1]))(xp.asarray(np.array([2.0, 1.0])))

    log = math.log(2)
    yyx = log * (2 + log)
    expected = [[[0, 0.5], [0.5, yyx]], [[0.5, yyx], [yyx, 2 * log**3]]]
    np.testing.assert_allclose(xp.numpy(third), expected, rtol=1e-14, atol=1e-15)


def test_power_of_zero_to_zero_keeps_a_zero_gradient_at_second_order(xp: Library) -> None:
    hessian = _hessian(xp, lambda v: v[0] ** v[1], 0.0, 0.0)

    np.testing.assert_array_equal(hessian, np.zeros((2, 2)))


def test_power_to_an_unsigned_zero_has_gradient_zero() -> None:
    exponent = np.array([0, 1, 2], dtype="uint8")

    gradient = neo.grad(lambda x: nep.sum(x**exponent))(np.full(3, 30.0))

    np.testing.assert_array_equal(gradient, [0, 1, 60])


def test_power_of_nan_to_zero_has_gradient_zero(xp: Library) -> None:
    gradient = neo.grad(nep.pow)(xp.asarray(math.nan), xp.asarray(0.0))

    np.testing.assert_array_equal(xp.numpy(gradient), 0)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (nep.asin, lambda d: 1 / math.sqrt(d * (2 - d))),
        (nep.acos, lambda d: -1 / math.sqrt(d * (2 - d))),
        (nep.atanh, lambda d: 1 / (d * (2 - d))),
    ],
    ids=["asin", "acos", "atanh"],
)
def test_slope_close_to_one_has_every_digit(xp: Library, f, slope) -> None:
    d = 2.0**-40

    gradient = neo.grad(f)(xp.asarray(1 - d))

    np.testing.assert_allclose(xp.numpy(gradient), slope(d), rtol=1e-15)
