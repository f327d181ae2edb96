"""det has its gradient at every matrix: the cofactors, to every order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

RNG = np.random.default_rng(6)
WEIGHTS = RNG.normal(size=(2, 4, 4))
BASE = RNG.normal(size=(4, 4))
MATRICES = {
    "zero": np.zeros((4, 4)),
    "identity": np.eye(4),
    "rank one": np.outer(BASE[0], BASE[1]),
    "rank two": BASE[:, :2] @ BASE[:2],
    "rank three": BASE[:, :3] @ BASE[:3],
    "full": BASE,
}


def _minors(x: np.ndarray, rows: Any = (), columns: Any = ()) -> float:
    """Return the determinant without some rows and columns."""
    return float(np.linalg.det(np.delete(np.delete(x, rows, 0), columns, 1)))


def _cofactors(x: np.ndarray) -> np.ndarray:
    n = len(x)
    return np.array([[(-1) ** (i + j) * _minors(x, [i], [j]) for j in range(n)] for i in range(n)])


def _along(f: Any, x: np.ndarray, v: np.ndarray) -> Any:
    """Return the slope of f, a polynomial of degree 3 at most in each step, along v: exact to rounding."""
    return (8 * (f(x + v) - f(x - v)) - (f(x + 2 * v) - f(x - 2 * v))) / 12


@pytest.mark.parametrize("name", MATRICES)
def test_gradient_is_the_cofactors(xp: Library, name: str) -> None:
    gradient = neo.grad(nep.linalg.det)(xp.asarray(MATRICES[name]))

    np.testing.assert_allclose(xp.numpy(gradient), _cofactors(MATRICES[name]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MATRICES)
def test_second_derivative_is_right(xp: Library, name: str) -> None:
    weights = xp.asarray(WEIGHTS[0])
    inner = neo.grad(nep.linalg.det)

    found = neo.grad(lambda x: nep.sum(inner(x) * weights))(xp.asarray(MATRICES[name]))

    expected = _along(_cofactors, MATRICES[name], WEIGHTS[0])
    np.testing.assert_allclose(xp.numpy(found), expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", MATRICES)
def test_third_derivative_is_right(xp: Library, name: str) -> None:
    first, second = [xp.asarray(w) for w in WEIGHTS]
    inner = neo.grad(nep.linalg.det)
    outer = neo.grad(lambda x: nep.sum(inner(x) * first))

    found = neo.grad(lambda x: nep.sum(outer(x) * second))(xp.asarray(MATRICES[name]))

    expected = _along(lambda y: _along(_cofactors, y, WEIGHTS[0]), MATRICES[name], WEIGHTS[1])
    np.testing.assert_allclose(xp.numpy(found), expected, rtol=0, atol=1e-10)


def test_fourth_derivative_is_right() -> None:
    f: Any = nep.linalg.det
    for w in (WEIGHTS[0], WEIGHTS[1], WEIGHTS[0]):
        f = _directional(neo.grad(f), w)

    found = neo.grad(f)(np.eye(4))

    # The fourth derivative of a determinant of length 4 is constant: that at zero.
    expected: Any = _cofactors
    for w in (WEIGHTS[0], WEIGHTS[1], WEIGHTS[0]):
        expected = _sloped(expected, w)
    np.testing.assert_allclose(found, expected(np.zeros((4, 4))), rtol=0, atol=1e-9)


def _directional(gradient: Any, w: np.ndarray) -> Any:
    return lambda x: nep.sum(gradient(x) * w)


def _sloped(f: Any, w: np.ndarray) -> Any:
    return lambda x: _along(f, x, w)


def test_adjugate_of_a_nearly_singular_matrix_is_accurate(xp: Library) -> None:
    x = BASE[:, :3] @ BASE[:3] + 1e-13 * np.eye(4)

    gradient = neo.grad(nep.linalg.det)(xp.asarray(x))

    np.testing.assert_allclose(xp.numpy(gradient), _cofactors(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_small_matrices_have_gradients(xp: Library, n: int) -> None:
    gradient = neo.grad(nep.linalg.det)(xp.asarray(np.zeros((n, n))))

    assert xp.numpy(gradient).tolist() == ([[1.0]] if n == 1 else np.zeros((n, n)).tolist())


def test_slogdet_of_a_singular_matrix_is_minus_infinity(xp: Library) -> None:
    sign, log = nep.linalg.slogdet(xp.array(np.zeros((2, 2))))

    assert (xp.numpy(sign), xp.numpy(log)) == (0.0, -np.inf)


def test_singular_matrix_in_a_stack_leaves_the_others_their_slopes_of_slogdet(xp: Library) -> None:
    stack = np.stack([np.ones((2, 2)), np.diag([2.0, 4.0])])
    weights = xp.asarray([[0.0, 1.0], [1.0, 0.0]])

    def f(x: Any) -> Any:
        return nep.sum(nep.linalg.slogdet(x).logabsdet)

    first = xp.numpy(neo.grad(f)(xp.asarray(stack)))
    second = xp.numpy(neo.grad(lambda x: nep.sum(neo.grad(f)(x)[1] * weights))(xp.asarray(stack)))

    np.testing.assert_array_equal(first, [[[np.inf, -np.inf], [-np.inf, np.inf]], [[0.5, 0], [0, 0.25]]])
    np.testing.assert_allclose(second[1], [[0.0, -0.125], [-0.125, 0.0]], rtol=0, atol=1e-15)


def test_zero_cotangent_of_a_singular_slogdet_gives_zero_where_that_is_asked(xp: Library) -> None:
    def f(x: Any) -> Any:
        return nep.clip(nep.linalg.slogdet(x).logabsdet, -5.0, None)

    gradient = neo.grad(f, zero_times_inf="zero")(xp.asarray(np.ones((2, 2))))

    np.testing.assert_array_equal(xp.numpy(gradient), np.zeros((2, 2)))
