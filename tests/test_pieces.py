"""The gradient of an array that is taken apart: joined where the parts are all of it, added where not."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

X = np.linspace(-1.0, 2.0, 24).reshape(4, 6)
ALL = slice(None)
SPLITS = {
    "columns": [(ALL, slice(0, 2)), (ALL, slice(2, 6))],
    "columns in the other order": [(ALL, slice(2, None)), (ALL, slice(None, 2))],
    "the middle last": [(ALL, slice(0, 2)), (ALL, slice(4, 6)), (ALL, slice(2, 4))],
    "not all": [(ALL, slice(1, 2)), (ALL, slice(2, 4))],
    "with a hole": [(ALL, slice(0, 1)), (ALL, slice(2, 6))],
    "that overlap": [(ALL, slice(0, 4)), (ALL, slice(2, 6))],
    "one of them twice": [slice(0, 2), slice(2, 4), slice(2, 4)],
    "all and more": [slice(0, 2), slice(2, 4), (ALL, slice(0, 3)), 1],
    "rows": [0, 1, 2, 3],
    "rows backwards": [-1, -2, -3, -4],
    "some rows, one twice": [2, 1, 1],
    "a row and a slice": [0, slice(1, 4)],
    "by the ellipsis": [(..., slice(0, 3)), (..., slice(3, 6))],
    "single columns": [(..., k) for k in range(6)],
    "of two axes": [(slice(0, 2), slice(0, 3)), (slice(2, 4), slice(3, 6))],
    "by axis and axis": [(ALL, slice(0, 3)), slice(0, 2), (ALL, slice(3, 6)), slice(2, 4)],
    "with an empty one": [slice(0, 4), slice(4, 4), slice(2, 1)],
    "with a step": [(ALL, slice(0, None, 2)), (ALL, slice(1, None, 2))],
    "backwards": [(ALL, slice(None, None, -1)), (ALL, slice(0, 3))],
    "with a new axis": [(ALL, None), (ALL, slice(0, 6)), (None, 0)],
    "the whole": [ALL, (ALL, ALL), ...],
    "one": [(ALL, slice(1, 4))],
}


def loss(x, keys):
    """Add the squares of parts of x, each with a weight of its own."""
    y = nep.sin(x)
    return sum((k + 1) * nep.sum(y[key] ** 2) for k, key in enumerate(keys))


def expected(keys):
    weights = np.zeros(X.shape)
    for k, key in enumerate(keys):
        np.add.at(weights, key, k + 1)
    return weights * np.sin(2 * X), weights * 2 * np.cos(2 * X)


@pytest.mark.parametrize("keys", SPLITS.values(), ids=SPLITS)
def test_parts_give_the_gradient_of_the_whole(xp: Library, keys) -> None:
    first, second = expected(keys)
    x = xp.asarray(X)
    np.testing.assert_allclose(xp.numpy(neo.grad(loss)(x, keys)), first, atol=1e-12)
    of_sum = neo.grad(lambda x: nep.sum(neo.grad(loss)(x, keys)))
    np.testing.assert_allclose(xp.numpy(of_sum(x)), second, atol=1e-12)


@pytest.mark.parametrize("keys", SPLITS.values(), ids=SPLITS)
def test_parts_of_an_argument_itself_do_too(xp: Library, keys) -> None:
    found = neo.grad(lambda x: sum([(k + 1) * nep.sum(x[key]) for k, key in enumerate(keys)]))(xp.asarray(X))
    np.testing.assert_allclose(xp.numpy(found), expected(keys)[0] / np.sin(2 * X), atol=1e-12)


@pytest.mark.parametrize("whole_first", [True, False])
def test_a_use_of_the_whole_adds_to_that_of_its_parts(xp: Library, whole_first) -> None:
    def f(x):
        y = x * 1.0
        uses = [nep.sum(3 * y), nep.sum(y[:2]), nep.sum(y[2:] * 2)]
        return sum(uses if whole_first else uses[::-1])

    want = np.where(np.arange(4) < 2, 4.0, 5.0)[:, None] * np.ones(X.shape)
    np.testing.assert_allclose(xp.numpy(neo.grad(f)(xp.asarray(X))), want)


def test_a_gradient_that_is_pulled_again_is_the_same(xp: Library) -> None:
    x = xp.asarray(X)
    value, pull = neo.vjp(lambda x: (x[:1] * 2, x[1:] * 3), x)
    first, again = [xp.numpy(pull(value)[0]) for _ in range(2)]
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, np.concatenate([4 * X[:1], 9 * X[1:]]))


def test_the_parts_that_a_caller_gave_stay_as_they_are(xp: Library) -> None:
    x = xp.asarray(X)
    _, pull = neo.vjp(lambda x: (x[:2], x[2:], x[:2]), x)
    given = tuple(xp.asarray(np.ones((2, 6))) for _ in range(3))
    np.testing.assert_allclose(xp.numpy(pull(given)[0])[:, 0], [2, 2, 1, 1])
    assert all(np.array_equal(xp.numpy(g), np.ones((2, 6))) for g in given)


def test_a_checkpoint_gets_the_gradient_of_parts_from_outside(xp: Library) -> None:
    def f(x):
        y = nep.sin(x)
        return neo.checkpoint(lambda: nep.sum(y[:2] ** 2) + nep.sum(y[2:] ** 2))()

    np.testing.assert_allclose(xp.numpy(neo.grad(f)(xp.asarray(X))), np.sin(2 * X), atol=1e-12)


def test_parts_of_half_precision_have_gradients_of_it(xp: Library) -> None:
    if not xp.has_dtype("float16"):
        pytest.skip(f"{xp} has no float16")
    x = xp.asarray(X, "float16")
    assert neo.grad(lambda x: nep.sum(x[:2]) + nep.sum(x[2:]))(x).dtype == x.dtype
