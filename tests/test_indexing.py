"""Indexing: every kind of key, its gradient, and what is out of range."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

X = np.arange(24.0).reshape(2, 3, 4)
KEYS = {
    "integer": 1,
    "negative integer": -1,
    "slice": slice(0, 1),
    "tuple": (0, slice(1, 3)),
    "negative step": (slice(None), slice(None, None, -1)),
    "negative step over the end": (0, 1, slice(10, None, -2)),
    "empty slice": (slice(2, 1),),
    "none": (None, 0, None),
    "ellipsis": (..., 1),
    "ellipsis in the middle": (0, ..., slice(0, 2)),
    "nothing": (),
    "bool mask": X > 11,
    "bool mask of the first axes": X[:, :, 0] > 4,
    "integer array": np.array([1, 0, 1]),
    "negative integers": np.array([-1, -2]),
    "integer arrays": (np.array([0, 1]), np.array([2, 2])),
    "integer arrays that broadcast": (np.array([[0], [1]]), np.array([2, 0])),
    "integer matrix": np.array([[1, 0], [-1, 1]]),
    "integer matrix of an inner axis": (slice(None), np.array([[2, 0], [0, -1]])),
    "integer matrix of the last axis": (slice(None), slice(None), np.array([[3, 3, 0]])),
    "integer array beside a slice": (slice(None), np.array([2, 2, 0])),
    "integer array after an integer": (0, np.array([1, 1])),
    "0-d integer array": np.array(1),
    "integer and array around a slice": (0, slice(None), np.array([2, 0])),
    "arrays around a slice": (np.array([0, 1]), slice(None), np.array([2, 0])),
    "bool mask of two axes before a negative step": (X[:, :, 0] > 4, slice(None, None, -1)),
    "array before a negative step": (np.array([1, 1]), slice(None, None, -1)),
    "new axis before a negative step": (None, slice(None, None, -1)),
    "bool scalar": True,
}


def _on(xp: Library, key):
    if isinstance(key, tuple):
        return tuple([_on(xp, k) for k in key])
    return xp.asarray(key) if isinstance(key, np.ndarray) else key


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_indexing_gives_what_numpy_gives(xp: Library, key) -> None:
    found = xp.array(X)[_on(xp, key)]

    np.testing.assert_array_equal(xp.numpy(found), X[key])


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_gradient_of_indexing_adds_up_where_a_position_is_taken(xp: Library, key) -> None:
    expected = np.zeros_like(X)
    np.add.at(expected, key, 2 * X[key])

    found = neo.grad(lambda x: nep.sum(x[_on(xp, key)] ** 2))(xp.asarray(X))

    np.testing.assert_array_equal(xp.numpy(found), expected)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_second_derivative_of_indexing(xp: Library, key) -> None:
    def f(x):
        return nep.sum(neo.grad(lambda y: nep.sum(y[_on(xp, key)] ** 3))(x))

    expected = np.zeros_like(X)
    np.add.at(expected, key, 6 * X[key])

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray(X))), expected)


def test_key_may_be_an_array_of_neo_or_a_traced_comparison(xp: Library) -> None:
    x = xp.asarray([1.0, -2.0, 3.0])

    found = neo.grad(lambda x: nep.sum(x[x > 0]) + x[xp.array(np.array([1]))][0])(x)

    np.testing.assert_array_equal(xp.numpy(found), [1.0, 1.0, 1.0])


@pytest.mark.parametrize("key", [2, -3, (0, 3), (0, 0, 0, 0)])
def test_integer_out_of_range_is_an_index_error(xp: Library, key) -> None:
    with pytest.raises(IndexError):
        xp.array(X)[key]
    with pytest.raises(IndexError):
        neo.grad(lambda x: nep.sum(x[key]))(xp.asarray(X))


@pytest.mark.parametrize("key", [[5], [0, -3]])
def test_integer_array_out_of_range_is_an_index_error(xp: Library, key) -> None:
    with pytest.raises(IndexError):
        neo.grad(lambda x: nep.sum(x[xp.asarray(np.array(key))]))(xp.asarray(X))
    with pytest.raises(IndexError):
        nep.take(xp.array(X), xp.asarray(np.array([5])), axis=1)
    with pytest.raises(IndexError):
        nep.take_along_axis(xp.array(X), xp.asarray(np.full((2, 1, 4), 5)), axis=1)


def test_list_of_positions_takes_each_and_adds_up_its_gradient(xp: Library) -> None:
    value, gradient = neo.value_and_grad(lambda x: nep.sum(x[[0, 0, 2]]))(xp.asarray([1.0, 2.0, 4.0]))

    assert float(xp.numpy(value)) == 6.0
    np.testing.assert_array_equal(xp.numpy(gradient), [2.0, 0.0, 1.0])


def test_list_of_no_positions_takes_nothing(xp: Library) -> None:
    assert neo.asarray(xp.asarray([1.0, 2.0]))[[]].shape == (0,)


def test_list_of_real_numbers_as_a_key_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="integers or bools"):
        neo.ones(3)[[0.5]]


def test_float_as_a_key_is_an_index_error(xp: Library) -> None:
    with pytest.raises(IndexError):
        xp.array(X)[xp.asarray([0.0])]


def test_take_and_take_along_axis_refuse_floats(xp: Library) -> None:
    with pytest.raises(IndexError, match="integers"):
        nep.take(xp.array(X), xp.asarray([0.0]), axis=0)


def test_iteration_goes_along_the_first_axis(xp: Library) -> None:
    rows = list(xp.array(X))

    assert [tuple(row.shape) for row in rows] == [(3, 4), (3, 4)]
    np.testing.assert_array_equal(xp.numpy(rows[1]), X[1])


def test_iteration_over_a_traced_array_has_gradients(xp: Library) -> None:
    found = neo.grad(lambda x: sum(v * v for v in x))(xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(found), [2.0, 4.0])


def test_iteration_over_a_0d_array_is_a_type_error(xp: Library) -> None:
    with pytest.raises(TypeError, match="0-d"):
        iter(xp.array(1.0))
    with pytest.raises(TypeError, match="0-d"):
        len(xp.array(1.0))


def test_length_is_that_of_the_first_axis(xp: Library) -> None:
    assert len(xp.array(X)) == 2


def test_take_counts_negative_positions_from_the_end(xp: Library) -> None:
    found = nep.take(xp.asarray(X), xp.asarray([-1, 0, -3]), axis=1)

    np.testing.assert_array_equal(xp.numpy(found), X[:, [-1, 0, -3]])


def test_take_counts_negative_positions_of_a_flat_array_too(xp: Library) -> None:
    found = nep.take(xp.asarray([1.0, 2.0, 3.0]), xp.asarray([-1, 0, -3]))

    np.testing.assert_array_equal(xp.numpy(found), [3.0, 1.0, 1.0])


def test_difference_of_order_zero_is_the_array_without_what_is_joined(xp: Library) -> None:
    x, joined = xp.asarray([1.0, 2.0]), xp.asarray([5.0])

    found = nep.diff(x, n=0, prepend=joined, append=joined)

    np.testing.assert_array_equal(xp.numpy(found), [1.0, 2.0])
