"""Inside vmap: indices, quantiles and sets that differ from example to example, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

PLACES = np.array([[0, 1, 1], [2, 2, 2], [3, 0, 3]])
VALUES = np.array([[0.5, 1.5, -2.0], [1.2, 0.7, 3.0], [-1.0, 0.4, 2.5]])
ROWS = np.array([[1.0, -2.0, 0.3, 2.0], [0.5, 0.1, -1.0, 4.0], [2.0, 3.0, -0.5, 1.0]])

WRITES = ["set", "add", "subtract", "multiply", "divide", "min", "max"]


@pytest.mark.parametrize("method", WRITES)
def test_writing_at_places_of_each_example_is_the_loop(xp: Library, method: str) -> None:
    f = lambda x, k, v: getattr(x.at[k], method)(v)  # noqa: E731
    arguments = [xp.array(x) for x in (ROWS, PLACES, VALUES)]

    found = neo.vmap(f)(*arguments).numpy()

    rows = [f(*[xp.array(x) for x in row]).numpy() for row in zip(ROWS, PLACES, VALUES, strict=True)]
    np.testing.assert_allclose(found, np.stack(rows), rtol=1e-14)


@pytest.mark.parametrize("method", WRITES)
def test_gradients_of_writing_at_places_of_each_example_are_the_loop_s(method: str) -> None:
    f = lambda x, v, k: nep.sum(nep.sin(getattr(nep.at(x)[k], method)(v)))  # noqa: E731
    pull = neo.grad(f, (0, 1))

    inside = neo.vmap(pull)(ROWS, VALUES, PLACES)
    around = neo.grad(lambda x, v: nep.sum(neo.vmap(f)(x, v, PLACES)), (0, 1))(ROWS, VALUES)

    rows = [pull(*row) for row in zip(ROWS, VALUES, PLACES, strict=True)]
    for k in range(2):
        expected = np.stack([row[k] for row in rows])
        np.testing.assert_allclose(inside[k], expected, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(around[k], expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("method", ["linear", "nearest", "hazen"])
def test_quantiles_of_each_example_are_the_loop(xp: Library, method: str) -> None:
    shares = np.array([[0.1, 0.5], [0.0, 1.0], [0.25, 0.7]])
    f = lambda x, q: nep.quantile(x, q, method=method)  # noqa: E731

    found = neo.vmap(f)(xp.array(ROWS), xp.array(shares)).numpy()

    expected = [np.quantile(x, q, method=method) for x, q in zip(ROWS, shares, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_gradients_to_quantiles_of_each_example_are_the_loop_s() -> None:
    pull = neo.grad(lambda q, x: nep.sum(nep.percentile(x, q) ** 2), (0, 1))
    shares = np.array([[10.0, 55.0], [5.0, 95.0], [25.0, 70.0]])

    found = neo.vmap(pull)(shares, ROWS)

    for k in range(2):
        expected = np.stack([pull(q, x)[k] for q, x in zip(shares, ROWS, strict=True)])
        np.testing.assert_allclose(found[k], expected, rtol=1e-12)


def test_each_example_looks_in_its_own_set_or_in_one_for_all(xp: Library) -> None:
    x = xp.array(PLACES)

    own = neo.vmap(nep.isin)(x, xp.array(PLACES[:, :1])).numpy()
    one = neo.vmap(nep.isin, (0, None))(x, xp.array(PLACES[0])).numpy()

    np.testing.assert_array_equal(own, PLACES == PLACES[:, :1])
    np.testing.assert_array_equal(one, np.isin(PLACES, PLACES[0]))


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: x[x > 0], r"a batched mask \(shape \(4,\)\) picks another number .* Use neo.numpy.where"),
        (nep.nonzero, "nonzero of a batched array: the shape of its result differs"),
        (nep.unique_values, r"unique of a batched array \(shape \(4,\), float64\): the number of distinct"),
        (nep.unique_all, "the number of distinct elements differs from example to example"),
        (nep.unique_counts, "the number of distinct elements differs from example to example"),
        (lambda x: nep.repeat(x, nep.astype(x > 0, int)), "how long its result is differs"),
        (lambda x: nep.bincount(nep.astype(x > 0, int)), r"use neo.numpy.zeros\(length\).at\[x\].add\(1\)"),
        (nep.histogram, "use neo.numpy.searchsorted"),
    ],
)
def test_a_result_whose_shape_depends_on_values_is_refused_with_what_to_use(f: Any, words: str) -> None:
    with pytest.raises((TypeError, IndexError), match=words):
        neo.vmap(f)(ROWS)


def test_what_is_told_to_use_instead_of_bincount_counts() -> None:
    found = neo.vmap(lambda k: nep.at(nep.zeros(4))[k].add(1))(PLACES)

    np.testing.assert_array_equal(np.asarray(found), [np.bincount(k, minlength=4) for k in PLACES])
