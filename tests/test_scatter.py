"""`x.at[key]`: JAX's names and meaning, duplicates and ties included, on every library."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.backends import standard

X = np.arange(1.0, 7.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("act", "expected"),
    {
        "set": (lambda at: at[1].set(9.0), [[1, 2], [9, 9], [5, 6]]),
        "set, a mask": (lambda at: at[[True, False, True]].set(0.0), [[0, 0], [3, 4], [0, 0]]),
        "add twice": (lambda at: at[[0, 0]].add(1.0), [[3, 4], [3, 4], [5, 6]]),
        "subtract": (lambda at: at[:, 0].subtract([1.0, 2.0, 3.0]), [[0, 2], [1, 4], [2, 6]]),
        "multiply twice": (lambda at: at[[0, 0, 1]].multiply(2.0), [[4, 8], [6, 8], [5, 6]]),
        "divide twice": (lambda at: at[[0, 0, 2]].divide(2.0), [[0.25, 0.5], [3, 4], [2.5, 3]]),
        "power twice": (lambda at: at[[1, 1], 0].power(2.0), [[1, 2], [81, 4], [5, 6]]),
        "min": (lambda at: at[[0, 2, 2]].min(2.5), [[1, 2], [3, 4], [2.5, 2.5]]),
        "max": (lambda at: at[[0, 0, 1]].max(3.5), [[3.5, 3.5], [3.5, 4], [5, 6]]),
        "apply": (lambda at: at[0].apply(lambda x: -x), [[-1, -2], [3, 4], [5, 6]]),
        "get": (lambda at: at[[2, 0]].get(), [[5, 6], [1, 2]]),
        "get, clipped": (lambda at: at[[0, 7, -9], 1].get(mode="clip"), [2, 6, 2]),
        "get, filled": (lambda at: at[[-1, 7]].get(mode="fill", fill_value=0.5), [[5, 6], [0.5, 0.5]]),
        "get, a slice between": (
            lambda at: at[:, [0, 5]].get(mode="fill"),
            [[1, np.nan], [3, np.nan], [5, np.nan]],
        ),
        "add, dropped": (lambda at: at[[0, 7, 0]].add(1.0, mode="drop"), [[3, 4], [3, 4], [5, 6]]),
        "set, clipped": (lambda at: at[7].set(0.0, mode="clip"), [[1, 2], [3, 4], [0, 0]]),
    }.values(),
)
def test_scatter_has_its_value(xp: Library, act, expected) -> None:
    x = xp.array(X)

    np.testing.assert_allclose(xp.numpy(act(x.at)), expected)
    np.testing.assert_array_equal(xp.numpy(x), X)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("add", [1.0, 2.0, 4.0], ([1, 1], [1, 1, 1])),
        ("multiply", [0.0, 2.0, 4.0], ([0, 4], [2, 0, 3])),
        ("divide", [1.0, 2.0, 4.0], ([0.5, 0.25], [-0.5, -0.25, -0.1875])),
        ("max", [1.0, 1.0, 4.0], ([1 / 3, 0], [1 / 3, 1 / 3, 1])),
        ("min", [1.0, 0.5, 3.0], ([0, 0.5], [0, 1, 0.5])),
        ("set", [1.0, 2.0, 4.0], ([0, 0], [0, 1, 1])),
    ],
)
def test_gradient_of_a_scatter_counts_every_duplicate(xp: Library, name, values, expected) -> None:
    x, v = xp.asarray([1.0, 3.0]), xp.asarray(values)
    f = lambda x, v: nep.sum(getattr(x.at[[0, 0, 1]], name)(v))  # noqa: E731

    found = neo.grad(f, argnums=(0, 1))(x, v)

    for dx, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(xp.numpy(dx), wanted)


def test_gradient_of_what_is_out_of_range_is_zero_where_it_is_dropped(xp: Library) -> None:
    f = lambda v: nep.sum(nep.at(xp.array(X))[[0, 9]].add(v, mode="drop"))  # noqa: E731

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([[1.0], [1.0]]))), [[2.0], [0.0]])


def test_index_out_of_range_raises_unless_a_mode_is_given(xp: Library) -> None:
    x = xp.array(X)

    with pytest.raises(IndexError):
        x.at[[0, 7]].add(1.0)
    with pytest.raises(IndexError, match="at: index 7 is out of range for axis 0 of length"):
        x.at[[0, 7]].multiply(2.0)
    with pytest.raises(ValueError, match="no mode 'wrap'"):
        x.at[[0, 7]].add(1.0, mode="wrap")


def test_integers_take_part_too(xp: Library) -> None:
    x = xp.array(np.asarray([1, 5, 3]))

    assert xp.numpy(x.at[[0, 0, 1]].max(3)).tolist() == [3, 5, 3]


def test_last_of_many_values_at_one_position_stays(xp: Library) -> None:
    # More than one thread writes so many over PyTorch; the values are their own numbers.
    count = 70_000
    places = np.arange(count) % 7
    f = lambda v: nep.sum(nep.at(xp.asarray(np.zeros(7)))[xp.asarray(places)].set(v) ** 2)  # noqa: E731

    value, gradient = neo.value_and_grad(f)(xp.asarray(np.arange(count) * 1.0))

    last = np.arange(count - 7, count) * 1.0
    np.testing.assert_allclose(xp.numpy(value), np.sum(last**2))
    np.testing.assert_array_equal(xp.numpy(gradient)[-7:], 2 * last)
    assert not np.any(xp.numpy(gradient)[:-7])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (np.asarray([0, 2, 0]), np.arange(6.0).reshape(3, 2)),
        ((np.asarray([1, 1]), np.asarray([0, 0])), np.asarray([5.0, 7.0])),
        (np.asarray([2, 2]), 4.0),
        (np.asarray([True, False, True]), np.ones((1, 1, 2))),
        (slice(0, 2), 3.0),
    ],
)
def test_a_library_that_writes_in_no_order_is_given_the_last_alone(key, value) -> None:
    found = standard.put_last(np, X, key, value)

    np.testing.assert_array_equal(found, standard.put(X, key, value))


def test_lazy_positions_may_repeat() -> None:
    pytest.importorskip("dask")
    lazy = neo.backends.get("dask").asarray
    f = lambda x, v, at: nep.sum(nep.at(x)[at].multiply(v) ** 2)  # noqa: E731
    x, v, at = np.asarray([1.0, 3.0]), np.asarray([0.0, 2.0, 4.0]), np.asarray([0, 0, 1])

    found = neo.grad(f, argnums=(0, 1))(lazy(x), lazy(v), lazy(at))

    for dx, expected in zip(found, neo.grad(f, argnums=(0, 1))(x, v, at), strict=True):
        np.testing.assert_allclose(np.asarray(dx), expected)
