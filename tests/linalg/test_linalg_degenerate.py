"""Where a factorization is not unique: the gradient is right if there is one, else NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

RNG = np.random.default_rng(5)
Q = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
P = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
WEIGHTS = RNG.normal(size=(4, 4))
# Two eigenvalues that are equal up to the rounding of the products.
SYMMETRIC = Q @ np.diag([1.0, 1.0, 3.0, 5.0]) @ Q.T
TALL = Q[:, :3] @ np.diag([2.0, 2.0, 1.0]) @ P
STEP = 1e-5
# The error of a central difference: the step squared, and eps over the step, times a few.
CLOSE = {"rtol": 0, "atol": 1e-8}


def _slope(f: Any, x: np.ndarray, v: np.ndarray) -> float:
    return float((f(x + STEP * v) - f(x - STEP * v)) / (2 * STEP))


def _assert_right(xp: Library, f: Any, x: np.ndarray, symmetric: bool = False) -> None:
    """Assert that the gradient of f at x is its slope along a random direction."""
    v = np.random.default_rng(0).normal(size=x.shape)
    v = v + v.T if symmetric else v

    gradient = xp.numpy(neo.grad(f)(xp.asarray(x)))

    slope = _slope(lambda y: xp.numpy(f(xp.asarray(y))), x, v)
    np.testing.assert_allclose(np.sum(gradient * v), slope, rtol=0, atol=1e-7)


def test_function_of_tied_eigenvalues_is_right(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.sum(nep.linalg.eigvalsh(x) ** 3))(xp.asarray(SYMMETRIC))

    np.testing.assert_allclose(xp.numpy(gradient), 3 * SYMMETRIC @ SYMMETRIC, rtol=0, atol=1e-12)


def test_function_of_the_space_of_tied_eigenvectors_is_right(xp: Library) -> None:
    weights = xp.asarray(WEIGHTS)

    def f(x: Any) -> Any:
        v = nep.linalg.eigh(x).eigenvectors[:, :2]
        return nep.sum(v @ v.T * weights)

    _assert_right(xp, f, SYMMETRIC, symmetric=True)


def test_values_and_space_together_are_right(xp: Library) -> None:
    weights = xp.asarray(WEIGHTS)

    def f(x: Any) -> Any:
        w, v = nep.linalg.eigh(x)
        return nep.sum(w**2) + nep.sum(v[:, :2] @ v[:, :2].T * weights)

    _assert_right(xp, f, SYMMETRIC, symmetric=True)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: nep.linalg.eigh(x).eigenvectors[0, 0],
        lambda x: nep.linalg.eigvalsh(x)[0],
        lambda x: nep.sum(nep.linalg.eigh(x)[1][:, 0] ** 4),
    ],
)
def test_one_of_tied_eigenvalues_or_eigenvectors_has_no_gradient(xp: Library, f: Any) -> None:
    gradient = neo.grad(f)(xp.asarray(SYMMETRIC))

    assert np.all(np.isnan(xp.numpy(gradient)))


def test_untied_eigenvalue_beside_tied_ones_is_right(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.linalg.eigvalsh(x)[2])(xp.asarray(SYMMETRIC))

    np.testing.assert_allclose(xp.numpy(gradient), np.outer(Q[:, 2], Q[:, 2]), rtol=0, atol=1e-12)


def test_largest_of_equal_eigenvalues_is_an_even_split(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.max(nep.linalg.eigvalsh(x)))(xp.asarray(np.eye(2)))

    np.testing.assert_allclose(xp.numpy(gradient), np.eye(2) / 2, atol=1e-15)


def test_second_derivative_at_a_tie_is_right_or_nan(xp: Library) -> None:
    weights = xp.asarray(WEIGHTS)

    def hessian_of(f: Any) -> np.ndarray:
        inner = neo.grad(lambda y: nep.sum(f(nep.linalg.eigvalsh(y))))
        return xp.numpy(neo.grad(lambda x: nep.sum(inner(x) * weights))(xp.asarray(SYMMETRIC)))

    np.testing.assert_allclose(hessian_of(lambda w: w), np.zeros((4, 4)), atol=1e-12)
    assert np.all(np.isnan(hessian_of(lambda w: w**2)))


def test_gradient_of_eigenvalues_is_symmetric_though_one_triangle_is_read(xp: Library) -> None:
    x = np.array([[2.0, 7.0], [1.0, 3.0]])

    gradient = xp.numpy(neo.grad(lambda x: nep.linalg.eigvalsh(x)[0])(xp.asarray(x)))

    np.testing.assert_allclose(gradient, gradient.T, rtol=0, atol=1e-15)


def test_function_of_a_phase_has_no_gradient(xp: Library) -> None:
    x = xp.asarray([[2.0, 1j], [-1j, 3.0]])

    for f in (
        lambda x: nep.sum(nep.real(nep.linalg.eigh(x).eigenvectors)),
        lambda x: nep.sum(nep.real(nep.linalg.svd(x).U)),
        lambda x: nep.sum(nep.real(nep.linalg.eig(x).eigenvectors)),
    ):
        assert np.all(np.isnan(xp.numpy(neo.grad(f)(x))))


def test_function_of_tied_singular_values_is_right(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.sum(nep.linalg.svdvals(x) ** 2))(xp.asarray(TALL))

    np.testing.assert_allclose(xp.numpy(gradient), 2 * TALL, rtol=0, atol=1e-13)


@pytest.mark.parametrize("columns", [slice(0, 2), slice(3, None)], ids=["tied", "null space"])
def test_function_of_the_space_of_singular_vectors_is_right(xp: Library, columns: slice) -> None:
    weights = xp.asarray(WEIGHTS)

    def f(x: Any) -> Any:
        u = nep.linalg.svd(x).U[:, columns]
        return nep.sum(u @ u.T * weights)

    _assert_right(xp, f, TALL)


def test_basis_of_a_null_space_has_no_gradient(xp: Library) -> None:
    x = xp.asarray(RNG.normal(size=(4, 2)))

    for f in (
        lambda x: nep.linalg.svd(x).U[0, 3],
        lambda x: nep.linalg.qr(x, mode="complete").Q[0, 3],
    ):
        assert np.all(np.isnan(xp.numpy(neo.grad(f)(x))))


def test_last_column_of_a_complete_qr_has_one_if_it_is_alone(xp: Library) -> None:
    _assert_right(xp, lambda x: nep.sum(nep.linalg.qr(x, mode="complete").Q ** 3), RNG.normal(size=(3, 2)))


def test_polar_factor_at_equal_singular_values_is_right(xp: Library) -> None:
    weights = xp.asarray(WEIGHTS[:, :3])

    def f(x: Any) -> Any:
        u, _, vh = nep.linalg.svd(x, full_matrices=False)
        return nep.sum(u @ vh * weights)

    _assert_right(xp, f, TALL)


RANK_ONE = np.outer([1.0, 2.0, 3.0], [1.0, 1.0])


@pytest.mark.parametrize(
    ("order", "x", "expected"),
    [
        ("nuc", np.zeros((3, 2)), np.zeros((3, 2))),
        (2, np.zeros((3, 2)), np.zeros((3, 2))),
        ("fro", np.zeros((3, 2)), np.zeros((3, 2))),
        (1, np.zeros((3, 2)), np.zeros((3, 2))),
        ("nuc", RANK_ONE, RANK_ONE / np.linalg.norm(RANK_ONE)),
        (-2, RANK_ONE, np.zeros((3, 2))),
        (2, np.eye(2), np.eye(2) / 2),
        ("nuc", np.eye(2), np.eye(2)),
        (1, np.eye(2), np.eye(2) / 2),
        (np.inf, np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([[0.5, -0.5], [0.5, 0.0]])),
    ],
)
def test_matrix_norm_has_the_gradient_of_least_norm(xp: Library, order: Any, x: Any, expected: Any) -> None:
    gradient = neo.grad(lambda x: nep.linalg.matrix_norm(x, ord=order))(xp.asarray(x))

    np.testing.assert_allclose(xp.numpy(gradient), expected, rtol=0, atol=1e-14)


def test_spectral_norm_of_a_rotation_is_split_though_its_values_are_rounded(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.linalg.matrix_norm(x, ord=2))(xp.asarray(Q))

    np.testing.assert_allclose(xp.numpy(gradient), Q / 4, rtol=0, atol=1e-14)


# NumPy warns of 1 / 0 in the value itself.
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(
    ("order", "x", "expected"),
    [
        (2, [0.0, 0.0], [0.0, 0.0]),
        (3, [0.0, 0.0], [0.0, 0.0]),
        (0.5, [0.0, 0.0], [0.0, 0.0]),
        (1, [0.0, -2.0], [0.0, -1.0]),
        (np.inf, [3.0, -3.0], [0.5, -0.5]),
        (-np.inf, [1.0, 2.0], [1.0, 0.0]),
        (0, [1.0, 2.0], [0.0, 0.0]),
        (-1, [0.0, 1.0], [0.0, 0.0]),
    ],
)
def test_vector_norm_at_its_kinks(xp: Library, order: Any, x: Any, expected: Any) -> None:
    gradient = neo.grad(lambda x: nep.linalg.vector_norm(x, ord=order))(xp.asarray(x))

    np.testing.assert_allclose(xp.numpy(gradient), expected, rtol=0, atol=1e-15)


def _exponential(x: Any) -> Any:
    w, v = nep.linalg.eigh(x)
    return (v * nep.exp(w)) @ v.T


def _cube(x: Any) -> Any:
    u, s, vh = nep.linalg.svd(x)
    return (u * s**3) @ vh


def _third_power(x: Any) -> Any:
    w, v = nep.linalg.eig(x)
    return nep.real((v * w**3) @ nep.linalg.inv(v))


MATRIX_FUNCTIONS = pytest.mark.parametrize("f", [_exponential, _cube, _third_power])


@MATRIX_FUNCTIONS
def test_matrix_function_of_equal_values_has_no_silent_zero(xp: Library, f: Any) -> None:
    # Both have a derivative, which the values and vectors of one matrix do not tell.
    x, weights = xp.asarray(np.eye(3)), xp.asarray(np.eye(3)[[1, 0, 2]])

    gradient = neo.grad(lambda x: nep.sum(f(x) * weights))(x)
    tangent = neo.jvp(f, (x,), (xp.asarray(WEIGHTS[:3, :3]),))[1]

    assert np.all(np.isnan(xp.numpy(gradient)))
    assert np.any(np.isnan(xp.numpy(tangent)))


@MATRIX_FUNCTIONS
def test_matrix_function_of_equal_values_along_the_identity_is_right(xp: Library, f: Any) -> None:
    x = xp.asarray(2 * np.eye(3))

    tangent = neo.jvp(f, (x,), (x,))[1]

    expected = 2 * np.exp(2) if f is _exponential else 24
    np.testing.assert_allclose(xp.numpy(tangent), expected * np.eye(3), atol=1e-13)


@pytest.mark.parametrize("values", [nep.linalg.eigvalsh, nep.linalg.svdvals])
def test_hessian_of_equal_values_is_right_or_nan(xp: Library, values: Any) -> None:
    hessian = xp.numpy(neo.hessian(lambda x: nep.sum(values(x) ** 4))(xp.asarray(np.eye(2))))

    # Of sum((x.T @ x)**2); eigenvalues are those of the symmetric part.
    expected = np.zeros((2, 2, 2, 2))
    expected[0, 0, 0, 0] = expected[1, 1, 1, 1] = 12
    known = ~np.isnan(hessian)
    np.testing.assert_allclose(hessian[known], expected[known], atol=1e-12)
    assert not known[0, 1, 0, 1]


@pytest.mark.parametrize("values", [nep.linalg.eigvalsh, nep.linalg.svdvals])
def test_values_of_equal_ones_have_tangents_that_are_right_together(xp: Library, values: Any) -> None:
    x, v = xp.asarray(SYMMETRIC), WEIGHTS + WEIGHTS.T

    slope = neo.jvp(lambda x: nep.sum(values(x) ** 2), (x,), (xp.asarray(v),))[1]

    np.testing.assert_allclose(xp.numpy(slope), 2 * np.sum(SYMMETRIC * v), rtol=1e-12)
