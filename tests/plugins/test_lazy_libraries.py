"""Libraries that compute when they are asked: nothing is computed before, and evaluate asks."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo.functions import cross_entropy, linear, relu

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")


def refuse(*args: Any, **settings: Any) -> NoReturn:
    """A scheduler that computes nothing."""
    raise AssertionError("something was computed")


def loss(weights: Any, x: Any, labels: Any) -> Any:
    """The mean cross entropy of two layers."""
    hidden = relu(linear(x, weights["first"], weights["bias"]))
    return cross_entropy(hidden @ weights["second"], labels)


def operands(chunks: int) -> Any:
    """Return weights, images in blocks of that many, and labels."""
    rng = np.random.default_rng(5)
    weights = {
        "first": rng.normal(size=(6, 4)),
        "bias": rng.normal(size=4),
        "second": rng.normal(size=(4, 3)),
    }
    x, labels = rng.normal(size=(12, 6)), rng.integers(3, size=12)
    lazy = {name: da.from_array(w) for name, w in weights.items()}
    return (weights, x, labels), (lazy, da.from_array(x, (chunks, 6)), da.from_array(labels, chunks))


def test_a_gradient_computes_nothing_and_its_blocks_are_those_of_the_data() -> None:
    here, lazy = operands(4)
    f = neo.value_and_grad(loss, argnums=(0, 1))

    with dask.config.set(scheduler=refuse):
        value, gradients = f(*lazy)
    expected, right = f(*here)

    assert gradients[1].chunks == lazy[1].chunks
    assert np.allclose(value.compute(), expected)
    assert np.allclose(gradients[1].compute(), right[1])
    assert all([np.allclose(gradients[0][name].compute(), right[0][name]) for name in right[0]])


def test_evaluate_computes_a_tree_at_once_and_keeps_what_is_not_lazy() -> None:
    x = da.ones(4, chunks=2) + 1
    host = np.ones(2)

    tree = neo.evaluate({"bare": x, "boxed": neo.asarray(x * 3), "host": host, "name": "x"})

    with dask.config.set(scheduler=refuse):
        assert [len(tree["bare"].dask), len(tree["boxed"].data.dask)] == [2, 2]
    assert tree["host"] is host
    assert tree["name"] == "x"
    assert tree["boxed"].tolist() == [6.0] * 4


def test_evaluate_leaves_the_arrays_of_a_transform_to_it() -> None:
    x = da.ones(4, chunks=2)

    gradient = neo.grad(lambda x: nep.sum(neo.evaluate(x) ** 2))(x)

    assert gradient.compute().tolist() == [2.0] * 4


def test_a_loop_that_evaluates_has_a_graph_that_does_not_grow() -> None:
    x = da.ones(4, chunks=2)
    sizes = []

    for _ in range(3):
        x = neo.evaluate(x - 0.1 * neo.grad(lambda x: nep.sum(nep.tanh(x)))(x))
        sizes.append(len(x.dask))

    assert sizes == [2, 2, 2]


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["argsort", "cumulative_prod", "sort"])
def test_a_function_along_one_axis_is_blockwise_over_the_others(name: str, axis: int) -> None:
    values = np.random.default_rng(2).normal(size=(4, 6))
    raw = neo.backends.get("dask").raw

    out = getattr(raw, name)(da.from_array(values, (2, 3)), axis=axis)

    assert out.numblocks == ((1, 2) if axis == 0 else (2, 1))
    assert np.array_equal(out.compute(), getattr(neo.backends.get("numpy").raw, name)(values, axis=axis))


def test_a_label_that_nobody_has_looked_at_is_refused_when_it_is_used() -> None:
    labels = da.from_array(np.asarray([0, -1]))
    scores = da.ones((2, 3))

    with dask.config.set(scheduler=refuse):
        value = cross_entropy(scores, labels)

    with pytest.raises(IndexError, match="out of bounds"):
        value.compute()


def test_a_special_function_is_blockwise() -> None:
    pytest.importorskip("scipy")
    x = da.from_array(np.linspace(1.0, 2.0, 6), 2)

    with dask.config.set(scheduler=refuse):
        gradient = neo.grad(lambda x: nep.sum(nep.special.gammaln(x)))(x)

    assert gradient.chunks == x.chunks
    assert np.allclose(gradient.compute(), nep.special.psi(np.linspace(1.0, 2.0, 6)))
