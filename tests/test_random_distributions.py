"""Random numbers have the distributions that they should, in the tails and at the ends too."""

import math
import statistics

import numpy as np
import pytest
from support.draws import KEY, MANY, REAL, distance, drawn

import neo
import neo.numpy as nep
from neo.random import bits
from neo.random.keys import words
from neo.random.placing import target

normal_below = statistics.NormalDist().cdf


def test_the_logarithm_is_right_to_three_units_of_the_last_place():
    near_1 = 1 - np.arange(1, 99) * 2.0**-53
    x = np.concatenate([bits.open_unit(words(KEY, MANY)), 2.0 ** -np.arange(1022), near_1])

    error = np.abs(bits.log(x) - np.log(x)) / np.spacing(np.abs(np.log(x)) + np.finfo(float).tiny)

    assert error.max() <= 3


def test_the_quantile_is_the_standard_librarys():
    p = np.concatenate([bits.open_unit(words(KEY, 5000)) / 2, 2.0 ** -np.arange(1, 1000)])
    expected = np.array([statistics.NormalDist().inv_cdf(x) for x in p])

    # Twice the eight roundings of each polynomial and the one of the logarithm, as a bound.
    np.testing.assert_allclose(bits.quantile(p), expected, rtol=20 * np.finfo(float).eps, atol=0)


def test_extreme_words_give_finite_numbers():
    ends = np.array([0, 1, 2**63 - 1, 2**63, 2**64 - 1], dtype=np.uint64)

    z = bits.normal(ends)

    np.testing.assert_allclose(np.abs(z), [9.2, 9.1, 0, 9.2, 0], atol=0.11)
    assert z[0] < 0 < z[3] or z[3] < 0 < z[0]
    assert np.isfinite(bits.gumbel(ends)).all()
    assert (bits.exponential(ends) > 0).all()
    assert (bits.unit(ends) < 1).all()


DISTRIBUTIONS = {
    "normal": (normal_below, 0, 1),
    "uniform": (lambda x: x, 1 / 2, 1 / 12),
    "exponential": (lambda x: -math.expm1(-x), 1, 1),
    "gumbel": (lambda x: math.exp(-math.exp(-x)), 0.5772156649, math.pi**2 / 6),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_numbers_have_their_distribution(name, dtype):
    below, mean, variance = DISTRIBUTIONS[name]

    sample = drawn(getattr(neo.random, name), MANY, dtype).astype(float)

    assert distance(sample, below) < 1.95
    assert abs(sample.mean() - mean) < 3.3 * math.sqrt(variance / MANY)
    # The variance of a sample variance is below 8 variance**2 / n for all four: the exponential's.
    assert abs(sample.var() - variance) < 3.3 * variance * math.sqrt(8 / MANY)


def test_normal_tails_are_as_heavy_as_they_should_be():
    z = drawn(neo.random.normal, 1_000_000)

    for bound in (2, 3, 4):
        expected = 1e6 * normal_below(-bound)
        assert abs(np.sum(z < -bound) - expected) < 3.3 * math.sqrt(expected)
        assert abs(np.sum(z > bound) - expected) < 3.3 * math.sqrt(expected)


def test_complex_normal_numbers_have_variance_one():
    z = drawn(neo.random.normal, MANY, "complex128")

    assert distance(z.real * math.sqrt(2), normal_below) < 1.95
    assert distance(z.imag * math.sqrt(2), normal_below) < 1.95
    assert abs(np.mean(z.real * z.imag)) < 3.3 * 0.5 / math.sqrt(MANY)


@pytest.mark.parametrize(
    ("lower", "upper"),
    [(-2, 2), (0, math.inf), (-math.inf, 1), (5, 6), (-9, -8), (-1, 10), (20, math.inf), (1, 1.001)],
)
def test_truncated_normal_numbers_have_their_distribution(lower, upper):
    sample = drawn(neo.random.truncated_normal, lower, upper, MANY)

    # By symmetry in whichever tail keeps small probabilities exact.
    sign = -1 if lower > 0 else 1
    below = [math.erfc(-sign * z / math.sqrt(2)) for z in (lower, upper)]
    assert lower <= sample.min() <= sample.max() <= upper
    assert (
        distance(sample, lambda x: (math.erfc(-sign * x / math.sqrt(2)) - below[0]) / (below[1] - below[0]))
        < 1.95
    )


def test_truncated_normal_numbers_keep_their_bounds_in_every_dtype():
    sample = drawn(neo.random.truncated_normal, -0.1, 0.1, MANY, "float16")

    assert np.abs(sample).max() == np.float16(0.1)


@pytest.mark.parametrize("bounds", [(0, 1), (-3, -2), (-1, 0), (0.1, 0.3), (0, 2.0**-20)])
@pytest.mark.parametrize("dtype", REAL)
def test_uniform_numbers_stay_below_maxval_in_every_dtype(xp, dtype, bounds):
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp} has no {dtype}")
    low, high = xp.numpy(xp.asarray(np.array(bounds, dtype=float), dtype)).astype(float)

    sample = xp.numpy(neo.random.uniform(KEY, 20_000, dtype, *bounds, backend=xp.backend, device=xp.device))

    assert low <= sample.min()
    assert sample.max() < high


@pytest.mark.parametrize(("dtype", "bits_kept"), [("float16", 11), ("bfloat16", 8)])
def test_uniform_numbers_that_would_round_up_to_maxval_are_the_number_below(xp, dtype, bits_kept):
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp} has no {dtype}")

    sample = xp.numpy(neo.random.uniform(KEY, 20_000, dtype, backend=xp.backend, device=xp.device))

    assert sample.max() == 1 - 2.0**-bits_kept


@pytest.mark.parametrize("bound", [1.0, 1.5, -1.0, -2.0, 0.5, 2.0**100, -(2.0**-100), 0.0])
def test_the_bfloat16_below_a_bound_is_the_next_one(bound):
    pytest.importorskip("torch")
    to = target("uniform", "bfloat16", None, "torch")
    like = neo.asarray(bound, dtype="bfloat16", backend="torch")
    expected = nep.nextafter(like, neo.full((), -math.inf, dtype="bfloat16", backend="torch"))

    assert to.below(np.array([bound]))[0] == expected.item()
