"""Integers, truth values, categories, orders and choices come as often as they should."""

import itertools
import math

import numpy as np
import pytest
from support.draws import KEY, MANY, chi_square, drawn

import neo
import neo.numpy as nep

# Integers, truth values, categories


@pytest.mark.parametrize("n", [2, 3, 6, 7, 10, 64])
def test_integers_are_equally_likely(n):
    sample = drawn(neo.random.integers, MANY, -3, n - 3)

    assert set(sample.tolist()) == set(range(-3, n - 3))
    assert abs(chi_square(sample + 3, [1 / n] * n)) < 3.5


@pytest.mark.parametrize("n", [3 << 62, 5 << 61, (1 << 63) + 1])
def test_integers_of_a_wide_range_are_not_biased_by_the_remainder(n):
    # The remainder of 64 bits alone would fall into the first quarter of these too often.
    sample = drawn(neo.random.integers, MANY, 0, n, "uint64")

    assert int(sample.max()) < n
    assert abs(chi_square(np.array([int(x) * 8 // n for x in sample]), [1 / 8] * 8)) < 3.5


def test_integers_cover_all_of_64_bits():
    signed = drawn(neo.random.integers, 1000, -(2**63), 2**63)
    unsigned = drawn(neo.random.integers, 1000, 0, 2**64, "uint64")

    assert signed.min() < -(2**62) < 2**62 < signed.max()
    assert unsigned.max() > 2**63 + 2**62
    assert drawn(neo.random.integers, 3, 2**63 - 1, 2**63).tolist() == [2**63 - 1] * 3


@pytest.mark.parametrize("p", [0.0, 0.25, 1 / 3, 1.0])
def test_bernoulli_is_true_as_often_as_p(p):
    sample = drawn(neo.random.bernoulli, p, MANY)

    assert abs(sample.mean() - p) <= 3.3 * math.sqrt(p * (1 - p) / MANY)


def test_bernoulli_takes_an_array_of_chances(xp):
    p = xp.asarray(np.array([0.0, 0.2, 1.0]))

    found = neo.random.bernoulli(KEY, p, (5000, 3))

    assert xp.owns(found)
    assert np.abs(xp.numpy(found).mean(axis=0) - [0, 0.2, 1]).max() < 3.3 * 0.4 / math.sqrt(5000)
    assert isinstance(neo.random.bernoulli(KEY, neo.asarray(p)), neo.Array)


def test_categories_come_as_often_as_softmax_says(xp):
    logits = np.array([[0.0, 1.0, -np.inf, 2.0], [700.0, 700.0, 0.0, 701.0]])
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)

    found = neo.random.categorical(KEY, xp.asarray(logits.T), axis=0, shape=(10_000, 2))

    assert xp.owns(found)
    for column, chance in zip(xp.numpy(found).T, chances, strict=True):
        assert not (column == 2).any()
        assert abs(chi_square(np.where(column == 3, 2, column), chance[[0, 1, 3]])) < 3.5


def test_categorical_takes_traced_logits():
    def f(x):
        return nep.sum(x[neo.random.categorical(KEY, x)] * x)

    x = np.array([1.0, 2.0, 3.0])
    k = int(neo.random.categorical(KEY, x))

    np.testing.assert_allclose(neo.grad(f)(x), x[k] + x.sum() * (np.arange(3) == k))


# Orders and choices


def test_a_permutation_holds_every_element_once(xp):
    x = xp.asarray(np.arange(12.0).reshape(3, 4))

    found = neo.random.permutation(KEY, x, axis=1)

    order = xp.numpy(neo.random.permutation(KEY, 4, backend=xp.backend))
    assert xp.owns(found)
    assert sorted(order) == [0, 1, 2, 3]
    assert (xp.numpy(found) == np.arange(12.0).reshape(3, 4)[:, order]).all()
    assert isinstance(neo.random.permutation(KEY, neo.asarray(x)), neo.Array)


def test_all_orders_are_equally_likely():
    orders = list(itertools.permutations(range(4)))
    keys = neo.random.split(KEY, 2400)
    sample = np.array([orders.index(tuple(neo.random.permutation(key, 4).tolist())) for key in keys])

    assert abs(chi_square(sample, [1 / 24] * 24)) < 3.5


@pytest.mark.parametrize("n", [0, 1])
def test_a_permutation_of_next_to_nothing(n):
    assert drawn(neo.random.permutation, n).tolist() == list(range(n))


def test_the_gradient_of_a_permutation_is_in_the_order_of_its_operand(xp):
    w = xp.asarray(np.arange(5.0))
    order = neo.random.permutation(KEY, 5).numpy()

    gradient = neo.grad(lambda x: nep.sum(neo.random.permutation(KEY, x) * w))(xp.asarray(np.ones(5)))

    assert (xp.numpy(gradient)[order] == np.arange(5.0)).all()


def test_the_gradient_passes_through_mean_plus_std_times_normal(xp):
    where = {"backend": xp.backend, "device": xp.device}
    noise = neo.random.normal(KEY, (4,), "float64", **where)

    def loss(mean, std):
        return nep.sum(mean + std * neo.random.normal(KEY, (4,), "float64", **where))

    mean, std = neo.grad(loss, argnums=(0, 1))(xp.asarray(np.float64(1)), xp.asarray(np.float64(2)))

    np.testing.assert_allclose(xp.numpy(mean), 4)
    np.testing.assert_allclose(xp.numpy(std), noise.numpy().sum(), rtol=1e-14)


def test_choices_take_the_place_of_the_axis(xp):
    x = np.arange(24.0).reshape(2, 3, 4)
    order = drawn(neo.random.choice, 3, (5, 2))

    found = neo.random.choice(KEY, xp.asarray(x), (5, 2), axis=1)

    assert xp.owns(found)
    assert (xp.numpy(found) == x[:, order]).all()
    assert neo.random.choice(KEY, neo.asarray(xp.asarray(x)), (), axis=1).shape == (2, 4)


def test_the_gradient_of_a_choice_counts_how_often_it_was_drawn():
    counts = np.bincount(drawn(neo.random.choice, 4, 9), minlength=4)

    gradient = neo.grad(lambda x: nep.sum(neo.random.choice(KEY, x, 9)))(np.ones(4))

    assert (gradient == counts).all()


@pytest.mark.parametrize("weights", [None, [3.0, 0.0, 2.0, 5.0, 0.0]])
def test_choices_come_as_often_as_their_weights_say(weights):
    sample = drawn(neo.random.choice, 5, MANY, p=weights)

    chances = np.ones(5) if weights is None else np.array(weights)
    possible = chances > 0
    assert possible[sample].all()
    assert abs(chi_square(np.cumsum(possible)[sample] - 1, chances[possible] / chances.sum())) < 3.5


def test_weighted_choices_without_replacement_are_successive_draws():
    weights = np.array([1.0, 2.0, 3.0, 0.0])
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    chances = [weights[a] / 6 * weights[b] / (6 - weights[a]) for a, b in pairs]
    keys = neo.random.split(KEY, 3000)

    sample = [neo.random.choice(key, 4, 2, replace=False, p=weights).tolist() for key in keys]

    assert abs(chi_square(np.array([pairs.index(tuple(pair)) for pair in sample]), chances)) < 3.5


def test_choices_without_replacement_are_the_first_of_a_permutation():
    found = drawn(neo.random.choice, 9, 4, replace=False)

    assert (found == drawn(neo.random.permutation, 9)[:4]).all()
