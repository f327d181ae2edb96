"""Derivatives of derivatives: to order 4, across tapes, in threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


def _order(f, n):
    for _ in range(n):
        f = neo.grad(f)
    return f


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_derivative_of_a_product_with_a_plain_operand(xp: Library, n: int) -> None:
    plain = xp.array(3.0)

    found = _order(lambda x: plain * x * x * x * x * plain, n)(xp.asarray(2.0))

    # 9 x**4 and its derivatives at 2, exact in binary.
    assert float(xp.numpy(found)) == [144.0, 288.0, 432.0, 432.0, 216.0][n]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_derivative_of_transcendental_functions_with_a_plain_operand(xp: Library, n: int) -> None:
    plain = xp.array(0.5)

    found = _order(lambda x: nep.exp(plain * x) * plain, n)(xp.asarray(0.25))

    expected = 0.5 ** (n + 1) * np.exp(0.125)
    np.testing.assert_allclose(xp.numpy(found), expected, rtol=16 * n * np.finfo("float64").eps)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_derivative_through_array_operations_with_a_plain_operand(xp: Library, n: int) -> None:
    row = xp.array([[1.0, 2.0]])

    def f(x):
        column = nep.stack([x, x * x])
        return nep.sum(row @ nep.reshape(column, (2, 1))) * x

    # x (x + 2 x**2) = x**2 + 2 x**3
    assert float(xp.numpy(_order(f, n)(xp.asarray(2.0)))) == [20.0, 28.0, 26.0, 12.0, 0.0][n]


def test_inner_derivative_treats_the_outer_variable_as_constant(xp: Library) -> None:
    # d/dx (x * d/dy (x + y)) = 1, where confusing the two perturbations gives 2 (Siskind and
    # Pearlmutter, "Perturbation confusion and referential transparency", 2005).
    found = neo.grad(lambda x: x * neo.grad(lambda y: x + y)(xp.asarray(1.0)))(xp.asarray(1.0))

    assert float(xp.numpy(found)) == 1.0


def test_inner_derivative_depends_on_the_outer_variable(xp: Library) -> None:
    # d/dx (x * d/dy (x * y) at y = 2) = d/dx x**2 = 2 x.
    found = neo.grad(lambda x: x * neo.grad(lambda y: x * y)(xp.asarray(2.0)))(xp.asarray(3.0))

    assert float(xp.numpy(found)) == 6.0


def test_inner_derivative_at_the_outer_variable(xp: Library) -> None:
    # d/dx (d/dy (x * y**2) at y = x) = d/dx 2 x**2 = 4 x.
    found = neo.grad(lambda x: neo.grad(lambda y: x * y * y)(x))(xp.asarray(3.0))

    assert float(xp.numpy(found)) == 12.0


def test_inner_gradient_that_is_not_reached_is_zero() -> None:
    assert neo.grad(lambda x: x + neo.grad(lambda y: x * 2)(1.0))(3.0) == 1.0


def test_function_that_returns_a_function_keeps_its_tapes_apart() -> None:
    # Manzyuk et al., "Perturbation confusion in forward automatic differentiation of higher-order
    # functions" (2019), section 1: the derivative of a curried function is no derivative of a call.
    def shifted(u):
        return lambda x: nep.sin(x + u)

    found = neo.grad(lambda u: neo.grad(shifted(u))(1.0))(0.5)

    np.testing.assert_allclose(found, -np.sin(1.5), rtol=16 * np.finfo("float64").eps)


def test_three_tapes_in_one_expression(xp: Library) -> None:
    def f(x):
        def g(y):
            return neo.grad(lambda z: x * y * z + x * x * z * z)(y) * y

        return neo.grad(g)(x)

    # inner: x y + 2 x**2 y; times y; d/dy: 2 x y + 4 x**2 y; at y = x: 2 x**2 + 4 x**3.
    assert float(xp.numpy(neo.grad(f)(xp.asarray(2.0)))) == 8.0 + 48.0


def test_hessian_by_rows_of_a_vector_function(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0, 3.0])

    gradient = neo.grad(lambda x: nep.sum(x**3) * nep.sum(x))
    row = neo.grad(lambda x: gradient(x)[0])(x)

    # d/dx_k (3 x_0**2 S + C) = 6 x_0 S [k = 0] + 3 x_0**2 + 3 x_k**2, with S = 6.
    np.testing.assert_array_equal(xp.numpy(row), [36.0 + 6.0, 3.0 + 12.0, 3.0 + 27.0])


def test_control_flow_on_values_follows_the_values(xp: Library) -> None:
    def f(x):
        return x * x if x > 1 else -x

    assert float(xp.numpy(neo.grad(neo.grad(f))(xp.asarray(2.0)))) == 2.0
    assert float(xp.numpy(neo.grad(neo.grad(f))(xp.asarray(0.5)))) == 0.0


def test_eight_threads_differentiate_at_once() -> None:
    found: dict[int, float] = {}
    start = threading.Barrier(8)

    def work(k: int) -> None:
        start.wait()
        for _ in range(20):
            found[k] = float(neo.grad(neo.grad(lambda x: nep.sum(x * x * x * k)))(np.array(2.0)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {k: 12.0 * k for k in range(8)}


def test_threads_inside_a_transform_share_its_tape() -> None:
    def f(x):
        parts: list = [None, None]

        def work(k: int) -> None:
            parts[k] = nep.sum(x[k] * x[k])

        threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
        for thread in threads:
            thread.start()
            thread.join()
        return parts[0] + parts[1]

    assert neo.grad(f)(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


def test_gradient_that_does_not_depend_on_a_traced_leaf_goes_with_traced_arrays(xp: Library) -> None:
    def f(x: neo.Array) -> neo.Array:
        return nep.sum(neo.grad(lambda y: nep.sum(nep.maximum(y, 2.0)))(x) * x)

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([1.0, 3.0]))), [0.0, 1.0])


def _grown(x):
    x += 10.0
    return x


INNER = {
    "grad": lambda f, y: neo.grad(lambda y: nep.sum(f(y)))(y),
    "vjp": lambda f, y: neo.vjp(f, y)[1](nep.ones_like(y))[0],
    "jvp": lambda f, y: neo.jvp(f, (y,), (nep.ones_like(y),))[1],
    "linearize": lambda f, y: neo.linearize(f, y)[1](nep.ones_like(y)),
}
OUTER = {
    "jvp": lambda f, x: neo.jvp(f, (x,), (x,))[0],
    "vjp": lambda f, x: neo.vjp(f, x)[0],
    "vmap": lambda f, x: neo.vmap(f)(nep.stack([x, x]))[0, ...],
}


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER)
@pytest.mark.parametrize("outer", OUTER.values(), ids=OUTER)
@pytest.mark.parametrize("product", [lambda x, y: x * y, lambda x, y: y * x, lambda x, y: nep.outer(y, x)[0]])
def test_an_outer_array_that_is_written_after_its_use_keeps_its_part_in_the_inner_slope(
    inner, outer, product, xp
):
    def slope(x):
        return inner(lambda y: (product(x, y), _grown(x))[0], nep.ones_like(x))

    x = xp.asarray([1.0])

    assert xp.numpy(outer(slope, x)).tolist() == [1.0]


ALIASES = {
    "gradients": lambda x: neo.grad(lambda p, q: nep.sum((p + q) * x), argnums=(0, 1))(x * 1, x * 2),
    "a cotangent": lambda x: (neo.vjp(lambda p: p + 1, x * 2)[1](x)[0], x),
    "a result": lambda x: (neo.vjp(lambda p: p, x)[0], x),
    "an argument": lambda x: (x, neo.grad(lambda p: nep.sum((_grown(x), p * p / 2)[1]))(x)),
    "a tangent": lambda x: (neo.jvp(lambda p: p * 1, (x * 2,), (x,))[1], x),
    "a batch": lambda x: (neo.vmap(lambda p: p)(x), x),
}


@pytest.mark.parametrize("aliases", ALIASES.values(), ids=ALIASES)
def test_what_a_nested_transform_returns_can_be_written_without_writing_anything_else(aliases, xp):
    def f(x):
        written, other = aliases(x)
        written += 100.0
        return nep.sum(other)

    assert float(xp.numpy(neo.value_and_grad(f)(xp.asarray([1.0, 2.0]))[0])) == 3.0
