"""NumPy's functions called on neo's arrays are neo's own, or say that they are not."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

X = np.asarray([[0.3, 0.6, 0.8], [0.2, 0.5, 0.9]])
FUNCTIONS = {
    "sin": (np.sin, nep.sin),
    "power": (lambda x: np.power(x, 2), lambda x: x**2),
    "a NumPy number on the left": (lambda x: np.float64(2.0) * x, lambda x: 2 * x),
    "mean": (lambda x: np.mean(x, axis=0), lambda x: nep.mean(x, axis=0)),
    "std": (lambda x: np.std(x, ddof=1), lambda x: nep.std(x, correction=1)),
    "sum": (lambda x: np.sum(x, axis=1, keepdims=True), lambda x: nep.sum(x, axis=1, keepdims=True)),
    "reduce": (lambda x: np.add.reduce(x), lambda x: nep.sum(x, axis=0)),
    "concatenate": (lambda x: np.concatenate((x, x), axis=1), lambda x: nep.concat((x, x), axis=1)),
    "tile": (lambda x: np.tile(x, 2), lambda x: nep.concat((x, x), axis=1)),
    "clip": (lambda x: np.clip(x, 0.25, 0.7), lambda x: nep.clip(x, 0.25, 0.7)),
    "pad": (
        lambda x: np.pad(x, [(0, 0), (1, 2)], mode="edge"),
        lambda x: nep.pad(x, [(0, 0), (1, 2)], mode="edge"),
    ),
    "pad with a value": (
        lambda x: np.pad(x, 1, constant_values=3.0),
        lambda x: nep.pad(x, 1, constant_values=3.0),
    ),
    "transpose": (np.transpose, lambda x: x.T),
    "swapaxes": (lambda x: np.swapaxes(x, 0, 1), lambda x: x.T),
    "ravel": (np.ravel, lambda x: x.flatten()),
    "squeeze": (lambda x: np.squeeze(x[None]), lambda x: x),
    "dot": (lambda x: np.dot(x, x.T), lambda x: x @ x.T),
    "norm": (np.linalg.norm, nep.linalg.vector_norm),
    "norm of an axis": (lambda x: np.linalg.norm(x, axis=1), lambda x: nep.linalg.vector_norm(x, axis=1)),
    "norm of an order": (lambda x: np.linalg.norm(x, 2), lambda x: nep.linalg.matrix_norm(x, ord=2)),
    "svd": (lambda x: np.linalg.svd(x)[1], nep.linalg.svdvals),
    "fft": (lambda x: np.abs(np.fft.rfft(x)), lambda x: nep.abs(nep.fft.rfft(x))),
}


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_function_of_numpy_has_the_gradient_of_neos(name: str) -> None:
    theirs, ours = FUNCTIONS[name]

    found, expected = (neo.grad(lambda x, f=f: nep.sum(f(x) ** 2))(X) for f in (theirs, ours))

    np.testing.assert_array_equal(found, expected)


def test_function_of_numpy_follows_the_library_of_its_operand(xp: Library) -> None:
    value, gradient = neo.value_and_grad(lambda x: np.sum(np.exp(x)))(xp.asarray(X))

    assert xp.owns(value)
    np.testing.assert_allclose(xp.numpy(gradient), np.exp(X), rtol=1e-15)


def test_ufunc_of_scipy_is_neos_special_function() -> None:
    special = pytest.importorskip("scipy.special")

    found = neo.grad(lambda x: nep.sum(special.erfi(x)))(X)

    np.testing.assert_allclose(found, 2 / np.sqrt(np.pi) * np.exp(X * X), rtol=1e-14)


def test_ufunc_that_is_only_called_like_numpys_is_refused() -> None:
    sin = np.frompyfunc(lambda x: -x, 1, 1)

    with pytest.raises(TypeError, match="has no counterpart in neo"):
        neo.grad(lambda x: nep.sum(sin(x)))(X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.add(x, x, out=np.zeros((2, 3))),
        lambda x: np.sum(x, where=X > 0.4),
        lambda x: np.partition(x, 1),
        lambda x: np.subtract.outer(x, x),
    ],
)
def test_what_neo_lacks_is_refused_in_its_words(f) -> None:
    with pytest.raises(TypeError, match="no counterpart in neo"):
        neo.grad(lambda x: nep.sum(f(x)))(X)


def test_numpy_array_cannot_be_added_to_in_place_by_a_traced_one() -> None:
    def f(x):
        total = np.zeros((2, 3))
        total += x
        return nep.sum(x)

    with pytest.raises(TypeError, match="cannot hold the result of a traced one"):
        neo.grad(f)(X)


def test_array_without_a_tape_gives_its_values_to_what_neo_lacks(xp: Library) -> None:
    np.testing.assert_allclose(np.partition(xp.array(X), 1), np.partition(X, 1))
    assert np.allclose(xp.array(X), X)


def test_question_about_values_is_answered_inside_a_transform() -> None:
    def f(x):
        return nep.sum(x) if np.allclose(x, X) and np.shape(x) == (2, 3) else 0.0

    np.testing.assert_array_equal(neo.grad(f)(X), np.ones((2, 3)))
