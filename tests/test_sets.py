"""Set functions: the same order and meaning on every library, and a gradient of the values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

X = np.array([[3.0, 1.0, 3.0], [np.nan, 0.0, np.nan]])


def test_values_are_in_ascending_order_with_every_nan(xp: Library) -> None:
    found = nep.unique_values(xp.asarray(X))

    np.testing.assert_array_equal(xp.numpy(found), [0, 1, 3, np.nan, np.nan])


def test_indices_are_of_first_occurrences(xp: Library) -> None:
    found = nep.unique_all(xp.asarray(X))

    np.testing.assert_array_equal(xp.numpy(found.indices), [4, 1, 0, 3, 5])
    np.testing.assert_array_equal(xp.numpy(found.counts), [1, 1, 2, 1, 1])


def test_inverse_restores_the_array(xp: Library) -> None:
    values, places = nep.unique_inverse(xp.asarray(X))

    assert tuple(places.shape) == X.shape
    np.testing.assert_array_equal(xp.numpy(values)[xp.numpy(places)], X)


def test_signed_zeros_are_one_value(xp: Library) -> None:
    found = nep.unique_counts(xp.asarray([0.0, -0.0, 0.0]))

    np.testing.assert_array_equal(xp.numpy(found.counts), [3])


@pytest.mark.parametrize(
    "x", [[True, False, True], [2 + 1j, 2 - 1j, 1 + 5j, 2 + 1j], [7, -7, 7], 4.0, np.ones((2, 0))]
)
def test_values_and_counts_are_those_of_numpy(xp: Library, x: Any) -> None:
    x = np.asarray(x)

    found = nep.unique_counts(xp.asarray(x))

    values, counts = np.unique(x, return_counts=True)
    np.testing.assert_array_equal(xp.numpy(found.values), values)
    np.testing.assert_array_equal(xp.numpy(found.counts), counts)


def test_arrays_come_back_as_they_came_in(xp: Library) -> None:
    assert all([isinstance(x, neo.Array) for x in nep.unique_all(xp.array(X))])
    assert all([xp.owns(x) for x in nep.unique_all(xp.asarray(X))])


def test_gradient_goes_to_the_first_of_equal_elements(xp: Library) -> None:
    weights = xp.asarray([10.0, 20.0])

    def f(x: Any) -> Any:
        return nep.sum(nep.unique_all(x).values * weights)

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([5.0, 4.0, 5.0]))), [20, 10, 0])


def test_isin_tells_of_each_element(xp: Library) -> None:
    x = xp.asarray([[1, 2], [3, 2]])

    np.testing.assert_array_equal(xp.numpy(nep.isin(x, 2)), [[False, True], [False, True]])
    np.testing.assert_array_equal(
        xp.numpy(nep.isin(x, xp.asarray([1, 3]), invert=True)), [[False, True], [False, True]]
    )
    assert bool(nep.isin(3, x))
