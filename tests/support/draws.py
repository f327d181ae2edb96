"""What tests of randomness share: a key, what it draws, and distances from a distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import neo

KEY = neo.random.key(2011)
# Draws per statistical test. Keys are fixed, so that a test passes always or never.
MANY = 40_000

# The dtypes of real numbers; a library may lack some.
REAL = ["float16", "bfloat16", "float32", "float64"]


def drawn(function: Any, *args: Any, **settings: Any) -> np.ndarray:
    """Return what a function of neo.random draws from KEY, as NumPy's."""
    return function(KEY, *args, **settings).numpy()


def distance(sample: np.ndarray, distribution: Any) -> float:
    """Return the Kolmogorov-Smirnov distance times sqrt(n); 1.95 is passed with a chance of 0.1 %."""
    expected = np.array([distribution(x) for x in np.sort(sample.astype(float))])
    steps = np.arange(sample.size + 1) / sample.size
    return math.sqrt(sample.size) * max(np.max(expected - steps[:-1]), np.max(steps[1:] - expected))


def chi_square(sample: np.ndarray, chances: Any) -> float:
    """Return how many standard deviations the chi-square of counts is above its mean."""
    expected = sample.size * np.asarray(chances)
    counts = np.bincount(sample.astype(np.int64), minlength=expected.size)
    freedom = expected.size - 1
    return (np.sum((counts - expected) ** 2 / expected) - freedom) / math.sqrt(2 * freedom)
