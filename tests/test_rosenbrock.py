"""Rosenbrock's function: gradient, Hessian and Hessian product as SciPy has them."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

optimize = pytest.importorskip("scipy.optimize")

POINTS = [[1.3, 0.7, 0.8, 1.9, 1.2], [-1.2, 1.0], [1.0, 1.0, 1.0], [0.0] * 7, list(np.linspace(-2, 2, 12))]


def rosenbrock(x):
    return nep.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def assert_close(found, expected) -> None:
    # Each element is a sum of a few terms, which may cancel.
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13 * np.max(np.abs(expected)))


@pytest.mark.parametrize("point", POINTS, ids=len)
def test_value_and_gradient_are_scipys(xp: Library, point) -> None:
    value, gradient = neo.value_and_grad(rosenbrock)(xp.asarray(point))

    assert_close(xp.numpy(value), optimize.rosen(np.array(point)))
    assert_close(xp.numpy(gradient), optimize.rosen_der(np.array(point)))


@pytest.mark.parametrize("point", POINTS, ids=len)
def test_hessian_is_scipys(xp: Library, point) -> None:
    assert_close(xp.numpy(neo.hessian(rosenbrock)(xp.asarray(point))), optimize.rosen_hess(np.array(point)))


@pytest.mark.parametrize("point", POINTS, ids=len)
def test_hessian_product_is_scipys(xp: Library, point) -> None:
    direction = np.cos(np.arange(len(point)))

    found = neo.hvp(rosenbrock, xp.asarray(point), xp.asarray(direction))

    assert_close(xp.numpy(found), optimize.rosen_hess_prod(np.array(point), direction))


def test_scipy_finds_the_minimum_by_newton_steps() -> None:
    found = optimize.minimize(
        rosenbrock,
        np.array([1.3, 0.7, 0.8, 1.9, 1.2]),
        jac=neo.grad(rosenbrock),
        hessp=lambda x, v: neo.hvp(rosenbrock, x, v),
        method="trust-ncg",
        options={"gtol": 1e-9},
    )

    assert found.success
    np.testing.assert_allclose(found.x, np.ones(5), rtol=1e-6)
