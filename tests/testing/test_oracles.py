"""Oracles: slopes from elsewhere, each with its own error."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library
from support.right import Affine

import neo
import neo.numpy as nep
from neo.testing import oracles

X, V = np.array([0.3, -1.2, 0.8]), np.array([1.0, -0.5, 2.0])


def f(x):
    return nep.exp(nep.sin(x)) * x


SLOPE = np.exp(np.sin(X)) * (1 + X * np.cos(X)) * V


@pytest.mark.parametrize("oracle", [oracles.differences, oracles.complex_step])
def test_an_oracle_is_right_within_its_error(oracle) -> None:
    found = oracle(f, (X,), (V,))

    assert np.all(np.abs(found.value - SLOPE) <= found.error)
    assert np.all(found.error < 1e-7)


def test_a_complex_step_is_right_to_the_last_digits() -> None:
    assert np.max(oracles.complex_step(f, (X,), (V,)).error) < 1e-12


def test_a_complex_step_knows_where_it_does_not_apply() -> None:
    found = oracles.complex_step(lambda x: nep.abs(x) * x, (X,), (V,))

    assert np.all(np.isinf(found.error))


def test_differences_know_a_kink() -> None:
    found = oracles.differences(nep.abs, (np.array([0.0, 1.0]),), (np.ones(2),))

    assert np.isinf(found.error).tolist() == [True, False]


def test_pytorch_differentiates_what_neo_computes() -> None:
    pytest.importorskip("torch")

    found = oracles.by_torch(f, (X,), (V,))

    np.testing.assert_allclose(found.value, SLOPE, rtol=1e-13)


def test_jax_differentiates_a_function_of_its_own() -> None:
    jax = pytest.importorskip("jax")

    with jax.enable_x64(True):
        found = oracles.by_jax(lambda x: jax.numpy.exp(jax.numpy.sin(x)) * x, (X,), (V,))

    np.testing.assert_allclose(found.value, SLOPE, rtol=1e-13)


def test_a_gradient_is_held_to_several_oracles() -> None:
    affine = neo.neo_function(Affine)
    operands = np.ones((2, 3)), np.full((3, 2), 0.5), np.zeros(2)

    assert [e.name for e in oracles.agree(affine, operands)] == ["differences", "complex step"]


def test_a_wrong_gradient_disagrees_with_an_oracle() -> None:
    class Half(neo.autograd.Policy):
        def forward(self, x):
            return x * 2

        def backward(self, g):
            return g

    with pytest.raises(AssertionError, match="by differences it is"):
        oracles.agree(neo.neo_function(Half), (X,))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_adjoint_identity_needs_no_step(xp: Library, dtype: str) -> None:
    apart, bound = oracles.adjoint(f, xp.asarray(X, dtype))

    assert apart <= bound


def test_a_rule_is_right_to_thirty_digits() -> None:
    pytest.importorskip("mpmath")
    try:
        neo.backends.get("mpmath")
    except (ImportError, ValueError) as error:
        pytest.skip(str(error))

    assert oracles.digits(f, X) > 30
