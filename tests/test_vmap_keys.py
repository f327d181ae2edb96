"""Random keys inside vmap: a key for each example, and what is drawn from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo import random
from neo.functions import dropout

KEY = random.key(0)
KEYS = random.split(KEY, 4)
XS = np.arange(20.0).reshape(4, 5)
PS = np.linspace(0.1, 0.9, 20).reshape(4, 5)

DRAWS = {
    "normal": lambda key: random.normal(key, (3,)),
    "complex normal": lambda key: random.normal(key, (2,), "complex128"),
    "uniform": lambda key: random.uniform(key, (2, 2), minval=-1.0),
    "exponential": lambda key: random.exponential(key, (3,)),
    "gumbel": lambda key: random.gumbel(key),
    "truncated_normal": lambda key: random.truncated_normal(key, -1.0, 1.0, (3,)),
    "integers": lambda key: random.integers(key, (3,), 0, 100),
    "permutation": lambda key: random.permutation(key, 6),
    "choice": lambda key: random.choice(key, 6, (2, 2), replace=False),
    "of a split key": lambda key: random.normal(random.split(key, 3)[1], (2,)),
    "of a folded key": lambda key: random.normal(random.fold_in(key, 7), (2,)),
}
BESIDE = {
    "bernoulli": lambda key, p: random.bernoulli(key, p),
    "categorical": lambda key, p: random.categorical(key, p),
    "permutation": lambda key, x: random.permutation(key, x),
    "choice": lambda key, x: random.choice(key, x, (3, 2)),
    "choice by weight": lambda key, p: random.choice(key, 5, (3,), p=p),
    "dropout": lambda key, x: dropout(x, 0.5, key),
}


def numpy(x: Any) -> np.ndarray:
    return x.numpy() if isinstance(x, neo.Array) else np.asarray(x)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_each_example_draws_what_its_key_gives_alone(draw: Any) -> None:
    found = neo.vmap(draw)(KEYS)

    np.testing.assert_array_equal(found.numpy(), np.stack([draw(key).numpy() for key in KEYS]))


@pytest.mark.parametrize("draw", BESIDE.values(), ids=BESIDE)
def test_keys_and_arrays_are_mapped_together_and_apart(draw: Any) -> None:
    both = neo.vmap(draw)(KEYS, PS)
    one_key = neo.vmap(draw, (None, 0))(KEY, PS)
    one_array = neo.vmap(draw, (0, None))(KEYS, PS[0])

    np.testing.assert_array_equal(
        numpy(both), np.stack([numpy(draw(k, p)) for k, p in zip(KEYS, PS, strict=True)])
    )
    np.testing.assert_array_equal(numpy(one_key), np.stack([numpy(draw(KEY, p)) for p in PS]))
    np.testing.assert_array_equal(numpy(one_array), np.stack([numpy(draw(k, PS[0])) for k in KEYS]))


def test_keys_that_a_map_returns_are_mapped_again() -> None:
    pairs = neo.vmap(lambda key: random.split(key, 3))(KEYS)

    found = neo.vmap(neo.vmap(DRAWS["normal"]))(pairs)

    assert pairs == tuple([random.split(key, 3) for key in KEYS])
    rows = [[DRAWS["normal"](key).numpy() for key in row] for row in pairs]
    np.testing.assert_array_equal(found.numpy(), np.array(rows))


def test_numbers_of_examples_are_folded_into_a_key() -> None:
    found = neo.vmap(lambda k: random.fold_in(KEY, k))(np.arange(3))

    assert found == tuple([random.fold_in(KEY, k) for k in range(3)])


def noisy(x: Any, key: random.Key) -> Any:
    first, second = random.split(key)
    return nep.sum(dropout(x, 0.5, first) ** 2 * random.permutation(second, x) * random.normal(key, (5,)))


@pytest.mark.parametrize("transform", [neo.grad, neo.hessian, neo.jacfwd])
def test_derivatives_of_noisy_functions_are_those_of_each_example(transform: Any) -> None:
    derivative = transform(noisy)

    found = neo.vmap(derivative)(XS, KEYS)

    expected = np.stack([numpy(derivative(x, key)) for x, key in zip(XS, KEYS, strict=True)])
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_several_keys_are_a_tuple_of_which_a_part_is_one_too() -> None:
    assert KEYS[:2] == random.split(KEY, 2)
    assert isinstance(KEYS[1:], random.Keys)
    assert neo.vmap(DRAWS["normal"])(KEYS[1:3]).shape == (2, 3)


def test_what_is_no_axis_of_keys_is_refused() -> None:
    with pytest.raises(ValueError, match=r"axis 1 is out of range for argument 0 .*, which are 4 keys"):
        neo.vmap(DRAWS["normal"], 1)(KEYS)
    with pytest.raises(TypeError, match=r"Several random keys, as neo.random.split gives them, have one"):
        neo.vmap(DRAWS["normal"])(KEY)
    with pytest.raises(ValueError, match=r"argument 0 \('key'\) has 4, argument 1 \('p'\) has 2"):
        neo.vmap(BESIDE["bernoulli"])(KEYS, PS[:2])
