"""SciPy's optimisers over trees of arrays of any library, with neo's derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

optimize = pytest.importorskip("scipy.optimize")
bridge = pytest.importorskip("neo.interop.scipy")

METHODS = ["BFGS", "L-BFGS-B", "Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "SLSQP", "CG"]


def _rosenbrock(p, scale):
    x, y = p["x"], p["rest"][0]
    return nep.sum(scale * (y - x**2) ** 2 + (1 - x) ** 2)


def _start(xp: Library):
    return {"x": xp.asarray([0.8, 1.2]), "rest": [xp.array([0.9, 1.1])]}


@pytest.mark.parametrize("method", METHODS)
def test_minimum_is_found_with_neos_derivatives(xp: Library, method: str) -> None:
    found = bridge.minimize(_rosenbrock, _start(xp), (5.0,), method, tol=1e-8)

    assert found.success
    assert xp.owns(found.x["x"])
    assert type(found.x["rest"][0]) is neo.Array
    np.testing.assert_allclose(xp.numpy(found.x["x"]), 1.0, atol=1e-4)
    np.testing.assert_allclose(xp.numpy(found.x["rest"][0]), 1.0, atol=1e-4)
    np.testing.assert_allclose(xp.numpy(found.jac["x"]), 0.0, atol=1e-3)


def test_hessian_products_are_neos() -> None:
    found = bridge.minimize(_rosenbrock, _start_of_numpy(), (5.0,), "trust-ncg", tol=1e-10)

    assert found.nhev > 0
    np.testing.assert_allclose(found.x["x"], 1.0, rtol=1e-9)


def _start_of_numpy():
    return {"x": np.asarray([0.8, 1.2]), "rest": [np.asarray([0.9, 1.1])]}


def test_dogleg_gets_the_hessian() -> None:
    found = bridge.minimize(lambda x: nep.sum(nep.exp(x) - 2 * x), np.zeros(2), method="dogleg")

    np.testing.assert_allclose(found.x, np.log(2), rtol=1e-5)


def test_method_without_a_gradient_gets_none() -> None:
    found = bridge.minimize(lambda x: nep.sum((x - 1) ** 2), np.zeros(2), method="Nelder-Mead", tol=1e-8)

    np.testing.assert_allclose(found.x, 1.0, atol=1e-6)


@pytest.mark.parametrize("low", [1.5, {"x": np.asarray([1.5, 1.5])}])
def test_bounds_may_be_numbers_and_trees(low) -> None:
    found = bridge.minimize(
        lambda p: nep.sum(p["x"] ** 2), {"x": np.asarray([2.0, 3.0])}, method="L-BFGS-B", bounds=(low, None)
    )

    np.testing.assert_allclose(found.x["x"], 1.5)


@pytest.mark.parametrize("kind", ["dict", "object"])
def test_constraints_are_functions_of_trees(kind: str) -> None:
    circle = lambda p: p["x"] ** 2 + p["y"] ** 2 - 1.0  # noqa: E731
    constraint = {
        "dict": {"type": "eq", "fun": circle},
        "object": optimize.NonlinearConstraint(circle, 0.0, 0.0),
    }[kind]

    found = bridge.minimize(
        lambda p: p["x"] + p["y"],
        {"x": np.asarray(0.5), "y": np.asarray(-1.0)},
        method="SLSQP",
        constraints=constraint,
    )

    np.testing.assert_allclose([found.x["x"], found.x["y"]], -np.sqrt(0.5), rtol=1e-5)


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov"])
def test_root_is_found_over_a_tree(xp: Library, method: str) -> None:
    def f(p, a):
        return {"x": p["x"] ** 2 + p["y"] - a, "y": p["x"] - p["y"]}

    found = bridge.root(f, {"x": xp.asarray([1.0]), "y": xp.asarray([1.5])}, (6.0,), method, tol=1e-10)

    assert found.success
    np.testing.assert_allclose(xp.numpy(found.x["x"]), 2.0, rtol=1e-8)


@pytest.mark.parametrize("jac", ["dense", "operator"])
def test_least_squares_fit_a_tree(xp: Library, jac: str) -> None:
    t = xp.asarray(np.linspace(0.0, 2.0, 9))
    data = xp.array(2.0 * np.exp(-0.7 * np.linspace(0.0, 2.0, 9)))

    def residuals(p):
        return [p["height"] * nep.exp(-p["rate"] * t) - data]

    start = {"height": xp.array(1.0), "rate": xp.array(0.1)}
    found = bridge.least_squares(residuals, start, jac=jac, bounds=(0.0, None), xtol=1e-12)

    assert found.x["rate"].backend == xp.backend
    np.testing.assert_allclose([float(found.x["height"]), float(found.x["rate"])], [2.0, 0.7], rtol=1e-6)


def test_float32_arrays_stay_float32(xp: Library) -> None:
    found = bridge.minimize(lambda x: nep.sum((x - 1) ** 2), xp.asarray([0.0, 3.0], "float32"))

    assert found.x.dtype == xp.asarray([0.0], "float32").dtype


@pytest.mark.parametrize("x0", [np.asarray([1, 2]), np.asarray([1j]), "start"])
def test_start_that_is_not_real_is_an_error(x0) -> None:
    with pytest.raises(TypeError, match="take real arrays"):
        bridge.minimize(nep.sum, x0)


def test_jacobian_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected 'dense' or 'operator'"):
        bridge.least_squares(lambda x: x, np.ones(2), jac="3-point")
