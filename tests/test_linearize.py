"""linearize and linear_transpose: derivatives that are functions, run many times."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


def test_push_of_a_linearized_function_is_that_of_jvp(xp: Library) -> None:
    f = lambda x, y: {"a": nep.tanh(x @ y), "b": nep.sum(x) * y[0]}  # noqa: E731
    x, y = xp.asarray([[1.0, 2.0], [3.0, 0.5]]), xp.asarray([0.3, -0.1])
    along = (xp.asarray([[1.0, 0.0], [0.5, 2.0]]), xp.asarray([1.0, -1.0]))

    value, push = neo.linearize(f, x, y)

    expected_value, expected = neo.jvp(f, (x, y), along)
    found = push(*along)
    for name in ("a", "b"):
        np.testing.assert_array_equal(xp.numpy(value[name]), xp.numpy(expected_value[name]))
        np.testing.assert_allclose(xp.numpy(found[name]), xp.numpy(expected[name]), rtol=1e-14)


def test_a_linearized_function_is_not_run_again(xp: Library) -> None:
    runs = []

    def f(x):
        runs.append(1)
        return x * x

    _, push = neo.linearize(f, xp.asarray([1.0, 2.0]))
    pushed = [push(xp.asarray(v)) for v in ([1.0, 0.0], [0.0, 1.0])]

    assert len(runs) == 1
    assert [xp.numpy(v).tolist() for v in pushed] == [[2.0, 0.0], [0.0, 4.0]]


def test_what_does_not_move_is_pushed_to_zero(xp: Library) -> None:
    _, push, aux = neo.linearize(lambda x: ((x * 2, nep.floor(x), 3), "aux"), xp.asarray(1.5), has_aux=True)

    found = push(xp.asarray(1.0))

    assert [float(xp.numpy(v)) if hasattr(v, "dtype") else v for v in found] == [2.0, 0.0, 0]
    assert aux == "aux"


def test_linearize_takes_argnums_and_argnames(xp: Library) -> None:
    f = lambda x, y, k: x * y * k  # noqa: E731

    _, by_number = neo.linearize(f, xp.array(2.0), xp.array(3.0), argnums=(1,), k=5.0)
    _, by_name = neo.linearize(f, xp.array(2.0), xp.array(3.0), argnums=(), argnames=("k",), k=xp.array(5.0))

    assert float(by_number(xp.asarray(1.0)).numpy()) == 10.0
    assert float(by_name(xp.asarray(1.0)).numpy()) == 6.0


def test_a_linearized_function_is_differentiated_itself(xp: Library) -> None:
    # d/dx (3 x**2 v) = 6 x v
    found = neo.grad(lambda x: neo.linearize(lambda y: y**3, x)[1](xp.asarray(2.0)))(xp.asarray(5.0))

    assert float(xp.numpy(found)) == 60.0


def test_push_of_a_linearized_function_has_a_pull(xp: Library) -> None:
    _, push = neo.linearize(lambda y: nep.exp(y) * y, xp.asarray(0.5))

    found = neo.grad(lambda v: push(v) * 3.0)(xp.asarray(2.0))

    np.testing.assert_allclose(xp.numpy(found), 4.5 * np.exp(0.5), rtol=1e-15)


def test_a_tangent_that_does_not_fit_a_linearized_function_is_refused() -> None:
    _, push = neo.linearize(lambda x: x * 2, np.ones(2))

    with pytest.raises(ValueError, match=r"tangent of argument 0 \('x'\) is float64 array of shape \(3,\)"):
        push(np.ones(3))


def test_transpose_of_a_matrix_is_not_conjugated(xp: Library) -> None:
    a = np.array([[1.0, 2j, 0.5], [3.0, 4.0, -1j]])
    matrix = xp.array(a)

    (found,) = neo.linear_transpose(lambda x: matrix @ x, xp.asarray(np.zeros(3, "complex128")))(
        xp.asarray(np.array([1.0, 1j]))
    )

    np.testing.assert_allclose(xp.numpy(found), a.T @ [1.0, 1j], rtol=1e-15)


def test_transpose_has_the_trees_of_the_arguments(xp: Library) -> None:
    transposed = neo.linear_transpose(
        lambda p, q: (p["a"] + 2 * q, nep.sum(p["b"])),
        {"a": xp.asarray([0.0, 0.0]), "b": xp.asarray([0.0, 0.0])},
        xp.asarray([0.0, 0.0]),
    )

    p, q = transposed((xp.asarray([1.0, 2.0]), xp.asarray(3.0)))

    assert [xp.numpy(v).tolist() for v in (p["a"], p["b"], q)] == [[1.0, 2.0], [3.0, 3.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    "f", [lambda x: x * x, lambda x: x + 1.0, nep.abs, lambda x: nep.maximum(x, 0.0), lambda x: 1.0 + 0 * x]
)
def test_a_function_that_is_not_linear_is_refused(f) -> None:
    with pytest.raises(ValueError, match="linear_transpose needs a linear function"):
        neo.linear_transpose(f, np.zeros(3))
