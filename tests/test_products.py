"""Hessian and Gauss-Newton products, held to the matrices that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


def rosenbrock(x):
    return nep.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_product_is_that_of_the_hessian(xp: Library) -> None:
    x, v = xp.asarray([1.3, 0.7, 0.8]), xp.asarray([0.1, -1.0, 2.0])

    found = neo.hvp(rosenbrock, x, v)

    expected = xp.numpy(neo.jacrev(neo.grad(rosenbrock))(x)) @ xp.numpy(v)
    np.testing.assert_allclose(xp.numpy(found), expected, rtol=1e-14)


def test_product_has_the_form_of_the_primals(xp: Library) -> None:
    f = lambda p, y: nep.sum(p["w"] ** 2 * y)  # noqa: E731
    p, y = {"w": xp.asarray([1.0, 2.0])}, xp.asarray([3.0, 4.0])
    v, u = {"w": xp.asarray([1.0, 1.0])}, xp.asarray([0.0, 1.0])

    of_both = neo.hvp(f, (p, y), (v, u))
    of_one = neo.hvp(f, (p, y), v, argnums=0)
    in_a_tuple = neo.hvp(f, (p, y), (v,), argnums=(0,))

    # d2/dw2 = 2 y, d2/dw dy = 2 w
    assert [xp.numpy(x).tolist() for x in (of_both[0]["w"], of_both[1])] == [[6.0, 12.0], [2.0, 4.0]]
    assert xp.numpy(of_one["w"]).tolist() == xp.numpy(in_a_tuple[0]["w"]).tolist() == [6.0, 8.0]


def test_value_gradient_and_product_come_from_one_run(xp: Library) -> None:
    runs = []

    def f(x):
        runs.append(1)
        return nep.sum(x**3), {"x": x}

    (value, aux), gradient, product = neo.value_grad_and_hvp(
        f, xp.asarray([1.0, 2.0]), xp.asarray([1.0, 0.5]), has_aux=True
    )

    assert len(runs) == 1
    assert float(xp.numpy(value)) == 9.0
    np.testing.assert_allclose(xp.numpy(gradient), [3.0, 12.0], rtol=1e-15)
    np.testing.assert_allclose(xp.numpy(product), [6.0, 6.0], rtol=1e-15)
    assert xp.numpy(aux["x"]).tolist() == [1.0, 2.0]


def test_product_takes_named_arguments(xp: Library) -> None:
    f = lambda x, *, scale: scale**2 * nep.sum(x * x)  # noqa: E731

    found, aux = neo.hvp(
        lambda x, *, scale: (f(x, scale=scale), "aux"),
        (xp.asarray([1.0, 2.0]),),
        xp.asarray(1.0),
        argnames="scale",
        has_aux=True,
        scale=xp.asarray(3.0),
    )

    assert (float(xp.numpy(found)), aux) == (10.0, "aux")


def test_gauss_newton_product_of_squares_is_that_of_the_jacobian(xp: Library) -> None:
    f = lambda x: nep.sin(x) * x[0]  # noqa: E731
    x, v = xp.asarray([1.0, 2.0]), xp.asarray([0.3, -1.0])

    found = neo.gnvp(f, x, v)

    jacobian = xp.numpy(neo.jacrev(f)(x))
    np.testing.assert_allclose(xp.numpy(found), jacobian.T @ jacobian @ xp.numpy(v), rtol=1e-14)


def test_gauss_newton_product_with_a_loss(xp: Library) -> None:
    f, loss = lambda x, y: {"out": x * x * y}, lambda out: nep.sum(nep.exp(out["out"]))
    x, y, v = xp.asarray([0.5, 1.0]), xp.asarray([1.0, 2.0]), xp.asarray([1.0, -1.0])

    (found,) = neo.gnvp(f, (x, y), (v,), loss, argnums=(0,))

    slope = 2 * xp.numpy(x) * xp.numpy(y)
    curvature = np.exp(xp.numpy(x) ** 2 * xp.numpy(y))
    np.testing.assert_allclose(xp.numpy(found), slope * curvature * slope * xp.numpy(v), rtol=1e-14)


def test_gauss_newton_product_is_the_hessian_product_of_a_linear_model(xp: Library) -> None:
    a, x, v = xp.array([[1.0, 2.0], [3.0, 4.0]]), xp.asarray([0.1, 0.2]), xp.asarray([1.0, -2.0])
    model, loss = lambda x: a @ x, lambda y: nep.sum(y**4)

    found = neo.gnvp(model, x, v, loss)

    expected = neo.hvp(lambda x: loss(model(x)), x, v)
    np.testing.assert_allclose(xp.numpy(found), xp.numpy(expected), rtol=1e-14)


def test_product_of_a_result_that_is_not_scalar_is_refused() -> None:
    def f(x):
        return x * x

    with pytest.raises(ValueError, match=r"scalar result; f returned shape \(2,\)"):
        neo.hvp(f, np.ones(2), np.ones(2))
