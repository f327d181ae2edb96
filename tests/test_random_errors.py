"""What cannot be drawn is an error that says what was wrong and what to do."""

import math

import numpy as np
import pytest
from support.draws import KEY

import neo
import neo.numpy as nep

random = neo.random
ERRORS = {
    "no key": (
        lambda: random.normal(0, (3,)),
        TypeError,
        r"normal needs a key first, got int 0.*neo\.random\.key\(seed\)",
    ),
    "the shape first": (lambda: random.uniform((3,), KEY), TypeError, "uniform needs a key"),
    "no key to split": (lambda: random.split(3), TypeError, "split needs a key"),
    "a real seed": (lambda: random.key(1.5), TypeError, "seed has to be an integer, got float 1.5"),
    "a wide seed": (lambda: random.key(2**191), ValueError, "seed is out of range"),
    "a wide fold": (lambda: random.fold_in(KEY, -(2**191) - 1), ValueError, "data is out of range"),
    "too few children": (lambda: random.split(KEY, -1), ValueError, "negative: -1"),
    "a word of a key": (lambda: random.Key(-1, 0), ValueError, "from 0 to"),
    "a real length": (lambda: random.normal(KEY, (2.0,)), TypeError, r"tuple of integers, got \(2.0,\)"),
    "a shape of text": (lambda: neo.randn("3"), TypeError, "tuple of integers"),
    "a negative length": (lambda: random.normal(KEY, (2, -1)), ValueError, r"got \(2, -1\)"),
    "integer normals": (
        lambda: random.normal(KEY, 3, "int32"),
        TypeError,
        "real or complex numbers, got int32",
    ),
    "complex uniforms": (lambda: random.uniform(KEY, 3, complex), TypeError, "real numbers, got complex128"),
    "an unknown dtype": (lambda: random.normal(KEY, 3, "float31"), TypeError, "no dtype 'float31'"),
    "an unknown device": (lambda: neo.randn(3, device="abacus"), ValueError, "no device 'abacus'"),
    "an empty interval": (lambda: random.uniform(KEY, 3, None, 1, 1), ValueError, "below the upper one"),
    "one number to float16": (
        lambda: random.uniform(KEY, 3, "float16", 1, 1.0001),
        ValueError,
        "float16 takes for 1.0",
    ),
    "an infinite interval": (
        lambda: random.uniform(KEY, 3, None, 0, math.inf),
        ValueError,
        "finite, got inf",
    ),
    "beyond float16": (lambda: random.uniform(KEY, 3, "float16", 0, 1e6), ValueError, "both finite"),
    "a bound of text": (
        lambda: random.uniform(KEY, 3, None, "0"),
        TypeError,
        "minval has to be one real number",
    ),
    "an array as bound": (
        lambda: random.uniform(KEY, 3, None, np.zeros(3)),
        TypeError,
        "minval has to be one",
    ),
    "NaN as bound": (lambda: random.truncated_normal(KEY, math.nan, 1), ValueError, "below the upper one"),
    "bounds far out": (lambda: random.truncated_normal(KEY, 38, 39), ValueError, "nearer to 0"),
    "no integers": (lambda: random.integers(KEY, 3, 5, 5), ValueError, "at least 5 and below 5"),
    "real limits": (lambda: random.integers(KEY, 3, 0, 2.5), TypeError, "high has to be an integer"),
    "real integers": (
        lambda: random.integers(KEY, 3, 0, 2, "float32"),
        TypeError,
        "integer numbers, got float32",
    ),
    "integers too wide": (lambda: random.integers(KEY, 3, 0, 257, "uint8"), ValueError, "does not fit uint8"),
    "a chance above 1": (lambda: random.bernoulli(KEY, 1.5), ValueError, "from 0 to 1; got 1.5"),
    "a chance of NaN": (lambda: random.bernoulli(KEY, np.array([0.5, math.nan])), ValueError, "from 0 to 1"),
    "a complex chance": (lambda: random.bernoulli(KEY, 1j), TypeError, "real numbers"),
    "a narrow result": (
        lambda: random.bernoulli(KEY, np.zeros(3), (2,)),
        ValueError,
        r"shape \(3,\) does not broadcast",
    ),
    "a logit of NaN": (lambda: random.categorical(KEY, [0, math.nan]), ValueError, "none NaN"),
    "a logit of inf": (lambda: random.categorical(KEY, [0, math.inf]), ValueError, "below inf"),
    "nothing possible": (lambda: random.categorical(KEY, [-math.inf, -math.inf]), ValueError, "above -inf"),
    "no categories": (lambda: random.categorical(KEY, np.zeros((2, 0))), ValueError, "above -inf"),
    "a 0-d logit": (lambda: random.categorical(KEY, 0.0), TypeError, "0-d"),
    "a 0-d permutation": (lambda: random.permutation(KEY, np.array(3)), TypeError, "0-d"),
    "a real permutation": (lambda: random.permutation(KEY, 2.5), TypeError, "integer, got float 2.5"),
    "a negative permutation": (
        lambda: random.permutation(KEY, -1),
        ValueError,
        "number of elements from 0 on",
    ),
    "an axis out of range": (
        lambda: random.permutation(KEY, np.zeros(3), 1),
        ValueError,
        "axis 1 is out of range",
    ),
    "too many choices": (
        lambda: random.choice(KEY, 3, 4, replace=False),
        ValueError,
        "4 of 3 elements without",
    ),
    "a choice of nothing": (lambda: random.choice(KEY, 0, 1), ValueError, "1 of 0 elements"),
    "weights of 0": (lambda: random.choice(KEY, 2, 1, p=[0.0, 0.0]), ValueError, "1 of 0 elements"),
    "too few weights": (lambda: random.choice(KEY, 2, 1, p=[1.0]), ValueError, r"expected shape \(2,\)"),
    "a negative weight": (lambda: random.choice(KEY, 2, 1, p=[1.0, -1.0]), ValueError, "not negative"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_was_wrong(name):
    call, error, message = ERRORS[name]

    with pytest.raises(error, match=message):
        call()


def test_a_bound_on_a_tape_is_refused():
    with pytest.raises(TypeError, match="one real number"):
        neo.grad(lambda high: nep.sum(neo.random.uniform(KEY, 3, None, 0.0, high)))(np.array(1.0))
