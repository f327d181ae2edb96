"""Values of neo.numpy.linalg: against NumPy's and SciPy's, on every library, batched as one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

RNG = np.random.default_rng(3)
SQUARE = RNG.normal(size=(3, 3)) + 4 * np.eye(3)
TALL = RNG.normal(size=(4, 2))
POSITIVE = SQUARE @ SQUARE.T
COMPLEX = SQUARE + 1j * RNG.normal(size=(3, 3))
STACK = RNG.normal(size=(2, 5, 3, 3)) + 4 * np.eye(3)
# Condition numbers here are below 100, and each result rounds at most a few times for each of them.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}

# neo's function, NumPy's function of the same name, operands.
SAME = {
    "inv": [SQUARE],
    "det": [SQUARE],
    "slogdet": [SQUARE],
    "solve": [SQUARE, TALL[:3]],
    "cholesky": [POSITIVE],
    "qr": [TALL],
    "eigvalsh": [POSITIVE],
    "svdvals": [TALL],
    "pinv": [TALL],
    "matrix_rank": [TALL],
    "trace": [TALL],
    "diagonal": [TALL],
    "outer": [TALL[:, 0], TALL[0]],
    "cross": [SQUARE, SQUARE[0]],
    "vector_norm": [TALL],
    "matrix_norm": [TALL],
}


@pytest.mark.parametrize("name", SAME)
def test_value_is_that_of_numpy(xp: Library, name: str) -> None:
    expected = getattr(np.linalg, name)(*SAME[name])

    found = getattr(nep.linalg, name)(*map(xp.array, SAME[name]))

    _assert_same(xp, found, expected)


def _assert_same(xp: Library, found: Any, expected: Any) -> None:
    if isinstance(found, tuple):
        assert found._fields == expected._fields
        for part, of_expected in zip(found, expected, strict=True):
            _assert_same(xp, part, of_expected)
    else:
        np.testing.assert_allclose(xp.numpy(found), expected, **CLOSE)


@pytest.mark.parametrize("name", ["expm", "sqrtm", "logm"])
@pytest.mark.parametrize("x", [SQUARE, COMPLEX], ids=["real", "complex"])
def test_matrix_function_is_that_of_scipy(xp: Library, name: str, x: Any) -> None:
    scipy = pytest.importorskip("scipy.linalg")
    expected = getattr(scipy, name)(x)

    found = xp.numpy(getattr(nep.linalg, name)(xp.array(x)))

    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.max(np.abs(expected)))


# Eigenvalues on the cut, also one that is many times there, beside its lower side, and 0.
SPECTRA = [
    [-1.0, -2.0, 3.0],
    [-1.0, -1.0, -1.0],
    [-1.0, 2 + 1j, -3 - 2j],
    [-1.0, -1 - 0.01j, 2.0],
    [0, -1, 4],
]


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_principal_values_are_those_above_the_cut(xp: Library, spectrum: Any) -> None:
    vectors, values = COMPLEX[:3, :3], np.asarray(spectrum, dtype=complex)
    x = xp.array(vectors @ np.diag(values) @ np.linalg.inv(vectors))

    root = vectors @ np.diag(np.sqrt(values)) @ np.linalg.inv(vectors)
    np.testing.assert_allclose(xp.numpy(nep.linalg.sqrtm(x)), root, rtol=0, atol=1e-10)
    if np.all(values):
        log = vectors @ np.diag(np.log(values)) @ np.linalg.inv(vectors)
        np.testing.assert_allclose(xp.numpy(nep.linalg.logm(x)), log, rtol=0, atol=1e-10)


def test_root_of_a_singular_matrix_that_has_one(xp: Library) -> None:
    factor = SQUARE[:, :1]

    found = xp.numpy(nep.linalg.sqrtm(xp.array(np.stack([factor @ factor.T, np.zeros((3, 3)), SQUARE]))))

    np.testing.assert_allclose(found[0], factor @ factor.T / np.linalg.norm(factor), **CLOSE)
    np.testing.assert_allclose(found[1], 0 * SQUARE, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found[2] @ found[2], SQUARE, rtol=0, atol=1e-12)


def test_matrix_functions_take_defective_matrices(xp: Library) -> None:
    jordan = np.array([[4.0, 1.0, 0.0], [0.0, 4.0, 1.0], [0.0, 0.0, 4.0]])

    root = xp.numpy(nep.linalg.sqrtm(xp.array(jordan)))
    log = nep.linalg.logm(xp.array(jordan))

    np.testing.assert_allclose(root, [[2, 1 / 4, -1 / 64], [0, 2, 1 / 4], [0, 0, 2]], **CLOSE)
    np.testing.assert_allclose(xp.numpy(nep.linalg.expm(log)), jordan, **CLOSE)


def test_expm_of_a_large_matrix_and_a_small_one_in_one_stack(xp: Library) -> None:
    stack = np.stack([np.diag([-700.0, 1.0]), np.diag([1e-8, 0.0])])

    found = xp.numpy(nep.linalg.expm(xp.array(stack)))

    np.testing.assert_allclose(found[0, 1, 1], np.e, rtol=1e-12)
    np.testing.assert_allclose(found[1], np.diag([np.exp(1e-8), 1.0]), rtol=1e-15)


UNARY = {
    "inv": STACK,
    "det": STACK,
    "slogdet": STACK,
    "qr": STACK,
    "svdvals": STACK,
    "pinv": STACK,
    "cholesky": STACK @ np.swapaxes(STACK, -1, -2),
    "eigvalsh": STACK,
    "matrix_rank": STACK,
    "expm": STACK / 4,
    "sqrtm": STACK,
    "logm": STACK,
    "lu_factor": STACK,
    "adjugate": STACK,
    "trace": STACK,
    "matrix_norm": STACK,
}


@pytest.mark.parametrize("name", UNARY)
def test_stack_is_taken_matrix_by_matrix(xp: Library, name: str) -> None:
    function = getattr(nep.linalg, name)
    one = function(xp.asarray(UNARY[name][1, 2]))

    stack = function(xp.asarray(UNARY[name]))

    pairs = zip(stack, one, strict=True) if isinstance(one, tuple) else [(stack, one)]
    for of_stack, expected in pairs:
        np.testing.assert_allclose(xp.numpy(of_stack)[1, 2], xp.numpy(expected), **CLOSE)


@pytest.mark.parametrize("x", [SQUARE, COMPLEX], ids=["real", "complex"])
def test_factors_multiply_to_the_matrix(xp: Library, x: Any) -> None:
    a = xp.array(x)
    w, v = nep.linalg.eig(a)
    u, s, vh = nep.linalg.svd(a)
    hermitian = a @ nep.conj(a).mT
    ew, ev = nep.linalg.eigh(hermitian)
    upper = nep.linalg.cholesky(hermitian, upper=True)

    for product, expected in (
        (u * s @ vh, x),
        (v * w @ nep.linalg.inv(v), x),
        (ev * ew @ nep.conj(ev).mT, x @ x.conj().T),
        (nep.conj(upper).mT @ upper, x @ x.conj().T),
    ):
        np.testing.assert_allclose(xp.numpy(product), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)])
def test_complete_and_full_factors_are_square(xp: Library, shape: tuple[int, int]) -> None:
    x = xp.array(np.random.default_rng(0).normal(size=shape))

    q, r = nep.linalg.qr(x, mode="complete")
    u, s, vh = nep.linalg.svd(x)

    assert (q.shape, r.shape) == ((shape[0], shape[0]), shape)
    assert (u.shape, s.shape, vh.shape) == ((shape[0], shape[0]), (min(shape),), (shape[1], shape[1]))


def test_lu_solve_solves_what_lu_factor_factored(xp: Library) -> None:
    a = np.array([[0.0, 2.0, 1.0], [1.0, 1.0, 0.0], [3.0, 0.0, 2.0]])

    found = nep.linalg.lu_solve(nep.linalg.lu_factor(xp.array(a)), xp.array([1.0, 2.0, 3.0]))

    np.testing.assert_allclose(xp.numpy(found), np.linalg.solve(a, [1, 2, 3]), **CLOSE)


def test_lu_factor_is_that_of_scipy(xp: Library) -> None:
    scipy = pytest.importorskip("scipy.linalg")
    lu, pivots = scipy.lu_factor(COMPLEX)

    found = nep.linalg.lu_factor(xp.array(COMPLEX))

    np.testing.assert_allclose(xp.numpy(found.lu), lu, **CLOSE)
    np.testing.assert_array_equal(xp.numpy(found.pivots), pivots)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)])
@pytest.mark.parametrize("stacked", [False, True])
def test_lu_factor_of_any_shape_is_that_of_scipy(xp: Library, shape: tuple[int, int], stacked: bool) -> None:
    scipy = pytest.importorskip("scipy.linalg")
    rng = np.random.default_rng(3)
    a = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    lu, pivots = scipy.lu_factor(a)

    found = nep.linalg.lu_factor(xp.array(a[None] if stacked else a))

    np.testing.assert_allclose(xp.numpy(found.lu).reshape(shape), lu, **CLOSE)
    np.testing.assert_array_equal(xp.numpy(found.pivots).ravel(), pivots)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_lstsq_is_that_of_numpy(xp: Library, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=shape), rng.normal(size=shape[0])
    x, _, rank, s = np.linalg.lstsq(a, b)

    found = nep.linalg.lstsq(xp.array(a), xp.array(b))

    np.testing.assert_allclose(xp.numpy(found.x), x, **CLOSE)
    np.testing.assert_allclose(xp.numpy(found.residuals), np.sum((a @ x - b) ** 2), atol=1e-12)
    np.testing.assert_allclose(xp.numpy(found.s), s, **CLOSE)
    assert xp.numpy(found.rank) == rank


def test_solve_takes_one_axis_as_a_vector_and_two_as_a_matrix(xp: Library) -> None:
    a, vector = xp.array(STACK[0, :3]), xp.array(np.ones(3))

    assert nep.linalg.solve(a, vector).shape == (3, 3)
    assert nep.linalg.solve(a, xp.array(np.ones((3, 3)))).shape == (3, 3, 3)


@pytest.mark.parametrize("order", [1, -1, 2, -2, np.inf, -np.inf, "nuc", "fro"])
def test_matrix_norm_is_that_of_numpy(xp: Library, order: Any) -> None:
    expected = np.linalg.matrix_norm(TALL, ord=order, keepdims=True)

    found = nep.linalg.matrix_norm(xp.array(TALL), ord=order, keepdims=True)

    np.testing.assert_allclose(xp.numpy(found), expected, **CLOSE)


def test_norm_over_no_axes_is_the_magnitude(xp: Library) -> None:
    x = xp.array([[-2.0, 0.0]])

    assert xp.numpy(nep.linalg.vector_norm(x, axis=())).tolist() == [[2.0, 0.0]]
    assert xp.numpy(nep.linalg.vector_norm(x, axis=(), ord=0)).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("n", [-2, 0, 1, 5])
def test_matrix_power_is_that_of_numpy(xp: Library, n: int) -> None:
    found = nep.linalg.matrix_power(xp.array(STACK), n)

    np.testing.assert_allclose(xp.numpy(found), np.linalg.matrix_power(STACK, n), rtol=1e-11)


def test_multi_dot_and_kron_are_those_of_numpy(xp: Library) -> None:
    chain = [TALL, TALL.T, TALL, TALL[0]]

    product = nep.linalg.multi_dot([xp.array(x) for x in chain])
    kron = nep.linalg.kron(xp.array(TALL), xp.array(SQUARE[0]))

    np.testing.assert_allclose(xp.numpy(product), np.linalg.multi_dot(chain), **CLOSE)
    np.testing.assert_allclose(xp.numpy(kron), np.kron(TALL, SQUARE[0]), **CLOSE)


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("name", ["inv", "svd", "eigh", "eig", "qr", "expm", "logm", "slogdet", "pinv"])
def test_single_precision_stays_single(xp: Library, name: str, dtype: str) -> None:
    found = getattr(nep.linalg, name)(xp.array(np.eye(2) * 2, dtype))

    parts = found if isinstance(found, tuple) else (found,)
    assert {str(xp.numpy(part).dtype) for part in parts} <= {"float32", "complex64"}


def test_namespace_of_an_array_has_linalg(xp: Library) -> None:
    x = xp.array(np.eye(2))

    found = x.__array_namespace__().linalg.inv(x)

    assert type(found) is neo.Array
    assert xp.owns(found.data)


@pytest.mark.parametrize("order", ["fro", "nuc", 1, 2, np.inf])
@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (2, 0, 3)])
def test_norm_of_a_matrix_without_elements_is_zero(xp: Library, order: Any, shape: Any) -> None:
    value, pull = neo.vjp(lambda x: nep.linalg.matrix_norm(x, ord=order), xp.asarray(np.ones(shape)))

    np.testing.assert_array_equal(xp.numpy(value), np.zeros(shape[:-2]))
    assert pull(value)[0].shape == shape


def test_smallest_singular_value_of_nothing_is_refused(xp: Library) -> None:
    with pytest.raises(ValueError, match=r"the smallest singular value .*shape \(3, 0\)"):
        nep.linalg.matrix_norm(xp.array(np.ones((3, 0))), ord=-2)
