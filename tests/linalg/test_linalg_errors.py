"""Errors of neo.numpy.linalg say what was wrong, with shapes and dtypes, in one class on every library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

EYE, TALL = np.eye(2), np.ones((3, 2))
SQUARE_ONLY = [
    "inv",
    "det",
    "slogdet",
    "cholesky",
    "eigh",
    "eigvalsh",
    "eig",
    "eigvals",
    "expm",
    "logm",
    "sqrtm",
    "adjugate",
]
MATRICES = ["lu_factor", "svd", "svdvals", "qr", "pinv", "matrix_rank"]


@pytest.mark.parametrize("name", SQUARE_ONLY)
def test_matrix_that_is_not_square_is_named_by_its_shape(xp: Library, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} needs square matrices, got shape \(3, 2\)"):
        getattr(nep.linalg, name)(xp.array(TALL))


@pytest.mark.parametrize("name", SQUARE_ONLY + MATRICES)
def test_vector_is_no_matrix(xp: Library, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} needs at least 2 axes, got shape \(3,\)"):
        getattr(nep.linalg, name)(xp.array(np.ones(3)))


@pytest.mark.parametrize("name", SQUARE_ONLY + MATRICES)
def test_integers_are_refused_with_their_dtype(xp: Library, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} needs real or complex numbers, got int64"):
        getattr(nep.linalg, name)(xp.array(np.eye(2, dtype="int64")))


def test_half_precision_is_refused_with_its_dtype() -> None:
    with pytest.raises(TypeError, match=r"no half precision \(got float16\)"):
        nep.linalg.inv(np.eye(2, dtype="float16"))


@pytest.mark.parametrize("name", ["inv", "logm"])
def test_singular_matrix_raises_the_error_of_neo(xp: Library, name: str) -> None:
    with pytest.raises(nep.linalg.LinAlgError, match=rf"{name} of shape \(2, 2\)"):
        getattr(nep.linalg, name)(xp.array(np.zeros((2, 2))))


def test_singular_system_names_both_shapes(xp: Library) -> None:
    with pytest.raises(nep.linalg.LinAlgError, match=r"solve of shape \(2, 2\) and \(2, 1\).*lstsq takes"):
        nep.linalg.solve(xp.array(np.ones((2, 2))), xp.array(np.ones((2, 1))))


def test_matrix_that_is_not_positive_definite_raises(xp: Library) -> None:
    with pytest.raises(nep.linalg.LinAlgError, match=r"cholesky of shape \(2, 2\).*positive definite"):
        nep.linalg.cholesky(xp.array(-EYE))


@pytest.mark.parametrize("name", ["sqrtm", "logm"])
@pytest.mark.parametrize("x", [[[0.0, 1.0], [2.0, -1.0]], [[-1.0, 0.0], [0.0, -1.0]]])
def test_real_matrix_with_a_negative_eigenvalue_is_refused(xp: Library, name: str, x: Any) -> None:
    with pytest.raises(nep.linalg.LinAlgError, match=rf"{name} of shape \(2, 2\).*complex result: astype"):
        getattr(nep.linalg, name)(xp.array(x))


def test_root_that_does_not_exist_is_refused(xp: Library) -> None:
    with pytest.raises(nep.linalg.LinAlgError, match="the eigenvalue 0 has fewer eigenvectors"):
        nep.linalg.sqrtm(xp.array([[0.0, 1.0], [0.0, 0.0]]))


def test_gradient_of_sqrtm_is_refused_at_a_singular_matrix(xp: Library) -> None:
    with pytest.raises(nep.linalg.LinAlgError, match="gradient of sqrtm is infinite at a singular matrix"):
        neo.grad(lambda x: nep.sum(nep.linalg.sqrtm(x)))(xp.asarray(np.diag([1.0, 0.0])))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda xp: nep.linalg.solve(xp(EYE), xp(TALL)), r"solve: shapes \(2, 2\) and \(3, 2\) do not fit"),
        (lambda xp: nep.linalg.lstsq(xp(EYE), xp(TALL)), r"lstsq: shapes \(2, 2\) and \(3, 2\) do not fit"),
        (lambda xp: nep.linalg.qr(xp(EYE), mode="r"), "mode is 'reduced' or 'complete', got 'r'"),
        (lambda xp: nep.linalg.matrix_norm(xp(EYE), ord=3), "ord is one of .*; got 3"),
        (lambda xp: nep.linalg.vector_norm(xp(EYE), axis=2), "axis 2 is out of range for an array"),
        (lambda xp: nep.linalg.cross(xp(EYE), xp(EYE)), "cross needs length 3, got 2 and 2 at axis -1"),
        (lambda xp: nep.linalg.cross(xp(TALL), xp(TALL), axis=0), "axis must be negative"),
        (lambda xp: nep.linalg.outer(xp(EYE), xp(EYE)), r"outer needs vectors, got shapes \(2, 2\)"),
        (lambda xp: nep.linalg.multi_dot([xp(EYE)]), "multi_dot needs two or more arrays, got 1"),
        (lambda xp: nep.linalg.diagonal(xp(np.ones(2))), r"diagonal needs at least 2 axes, got shape \(2,\)"),
    ],
)
def test_error_says_what_was_given(xp: Library, call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(xp.array)


def test_power_that_is_no_integer_raises(xp: Library) -> None:
    with pytest.raises(TypeError, match=r"n is an integer, got float 0\.5"):
        nep.linalg.matrix_power(xp.array(EYE), 0.5)


def test_a_list_is_no_array() -> None:
    with pytest.raises(TypeError, match=r"inv needs an array, got list; make one with neo.asarray"):
        nep.linalg.inv([[1.0]])
