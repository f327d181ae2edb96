"""neo under JAX's own transforms, and in its default single precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo.functions import cross_entropy, linear, relu
from neo.testing.conformance import check_backend

jax = pytest.importorskip("jax")


@pytest.fixture
def single(monkeypatch: pytest.MonkeyPatch) -> Any:
    """JAX as it comes: without double precision."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)
    yield
    jax.config.update("jax_enable_x64", before)


def loss(weights: Any, x: Any, labels: Any) -> Any:
    """The mean cross entropy of two layers."""
    hidden = relu(linear(x, weights["first"], weights["bias"]))
    return cross_entropy(hidden @ weights["second"], labels)


def step(weights: Any, x: Any, labels: Any) -> Any:
    """One step of training."""
    value, gradients = neo.value_and_grad(loss)(weights, x, labels)
    return value, {name: w - 0.1 * gradients[name] for name, w in weights.items()}


def operands() -> Any:
    """Return NumPy's weights, images and labels."""
    rng = np.random.default_rng(5)
    shapes = {"first": (6, 4), "bias": (4,), "second": (4, 3)}
    weights = {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}
    return weights, rng.normal(size=(12, 6)).astype("float32"), rng.integers(3, size=12)


def test_a_step_of_training_compiles_with_labels_that_are_not_known_yet() -> None:
    here = operands()

    value, weights = jax.jit(step)(*jax.tree.map(jax.numpy.asarray, here))

    expected, right = step(*here)
    assert np.allclose(value, expected, rtol=1e-5)
    assert all([np.allclose(weights[name], right[name], rtol=1e-5) for name in right])


def test_a_label_outside_gives_nan_where_it_is_not_known_yet() -> None:
    scores = jax.numpy.ones((2, 3))

    value = jax.jit(cross_entropy)(scores, jax.numpy.asarray([0, -1]))

    assert np.isnan(value)


@pytest.mark.parametrize("name", ["gammaln", "j0", "log_ndtr"])
def test_a_special_function_that_jax_lacks_is_called_when_the_program_runs(name: str) -> None:
    pytest.importorskip("scipy")
    x = np.linspace(0.5, 2, 4, dtype="float32")
    f = neo.grad(lambda x: nep.sum(getattr(nep.special, name)(x)))

    assert np.allclose(jax.jit(f)(jax.numpy.asarray(x)), f(x), rtol=1e-5)


def test_arrays_of_numpy_become_single_in_silence_where_jax_has_no_double(single: Any) -> None:
    x = neo.asarray(np.asarray([1.0, 2.0]), backend="jax")

    assert str(x.dtype) == "float32"
    assert str(neo.randint(0, 5, (2,), seed=1, backend="jax").dtype) == "int32"
    assert str(neo.grad(lambda x: nep.sum(nep.exp(x)))(x).dtype) == "float32"


def test_a_check_says_that_jax_has_no_double(single: Any) -> None:
    with pytest.raises(TypeError, match="jax gives float32 where float64 is asked for"):
        check_backend("jax", operations=["exp"])
