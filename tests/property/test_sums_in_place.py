"""Sums of gradients are kept in one array that nobody else can see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.functions
import neo.numpy as nep
from neo.transforms import arguments

# What hands a gradient on as it is, as a view of it, or as a new array: the ways to share one by mistake.
STEPS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: nep.permute_dims(nep.reshape(a, (3, 2)), (1, 0)) + b,
    lambda a, b: nep.reshape(a, (6,))[::-1].reshape((2, 3)) - b,
    lambda a, b: nep.stack([a, b], axis=0)[1],
    lambda a, b: nep.broadcast_to(a[:1, :], (2, 3)) + b,
    lambda a, b: nep.positive(a),
    lambda a, b: nep.tanh(a) * neo.functions.sigmoid(b),
    lambda a, b: nep.sin(a) + nep.cos(neo.functions.relu(b)),
    lambda a, b: nep.reshape(a, (1, 2, 3))[0] + b * a[0, 1],
    lambda a, b: nep.reshape(a + nep.reshape(b, (1, 2, 3)), (2, 3)),
    lambda a, b: nep.concat([a[:, 2:], b[::-1, :2]], axis=1) * a[:1],
]


@pytest.fixture(params=[arguments.LARGE, 0], ids=["small", "large"])
def _size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take arrays for small ones, and for large ones, whose gradients are written into where they may be."""
    monkeypatch.setattr(arguments, "LARGE", request.param)


pytestmark = pytest.mark.usefixtures("_size")


def _program(seed: int, values: list[Any]) -> Any:
    rng = np.random.default_rng(seed)
    values = list(values)
    for _ in range(12):
        step = STEPS[rng.integers(len(STEPS))]
        values.append(step(*[values[k] for k in rng.integers(len(values), size=2)]))
    # Every value meets several others again.
    total = values[0]
    for x in values:
        total = total + x + nep.positive(x)
    return total


@pytest.mark.parametrize("seed", range(12))
def test_pulling_twice_gives_the_same_and_changes_nothing_given_or_returned(xp: Library, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(2, 3)) for _ in range(3)]
    inputs, cotangent = [xp.asarray(a) for a in arrays], xp.asarray(arrays[0] + 1)
    _, pull = neo.vjp(lambda *xs: _program(seed, xs), *inputs)

    first = pull(cotangent)
    kept = [xp.numpy(g).copy() for g in first]
    second = pull(cotangent)

    for g, h, copy in zip(first, second, kept, strict=True):
        np.testing.assert_array_equal(xp.numpy(g), copy)
        np.testing.assert_array_equal(xp.numpy(h), copy)
    for x, a in zip([*inputs, cotangent], [*arrays, arrays[0] + 1], strict=True):
        np.testing.assert_array_equal(xp.numpy(x), a)


@pytest.mark.parametrize("seed", range(12))
def test_sums_in_place_are_the_sums_that_a_derivative_of_second_order_makes(xp: Library, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = [xp.asarray(rng.normal(size=(2, 3))) for _ in range(3)]
    weights = xp.asarray(rng.normal(size=(2, 3)))
    loss = lambda xs: nep.sum(nep.multiply(_program(seed, xs), weights))  # noqa: E731

    found = neo.grad(loss)(inputs)

    # Gradients that are traced themselves are never added in place.
    expected, _ = neo.vjp(neo.grad(loss), inputs)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(xp.numpy(g), xp.numpy(e), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("joined", [lambda s, t: s + t, lambda s, t: t + s, lambda s, t: s + (t + s)])
def test_a_gradient_that_two_operands_share_is_not_written_into(xp: Library, joined: Any) -> None:
    a, b, w = [xp.asarray(np.array(values)) for values in ([0.1, 0.2], [0.3, 0.4], [3.0, 5.0])]

    def f(a: Any, b: Any) -> Any:
        s, t = a * w, b * w
        return nep.sum(nep.tanh(joined(s, t)))

    found = neo.grad(f, (0, 1))(a, b)

    # Gradients that are traced themselves are never written into.
    expected = neo.vjp(neo.grad(f, (0, 1)), a, b)[0]
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(xp.numpy(g), xp.numpy(e), rtol=1e-13)
