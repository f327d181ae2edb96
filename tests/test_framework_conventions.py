"""`neo.conventions.jax` and `.torch` give at kinks what those frameworks themselves give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.functions as nn
import neo.numpy as nep
from neo import conventions

ROW = np.array([-2.0, 0.0, 0.0, 1.0, 1.0, 3.0])
LOW, HIGH = np.full(6, -2.0), np.full(6, 1.0)

# What neo is asked, and at which operands: kinks and points beside them.
CASES: dict[str, tuple[Any, tuple[np.ndarray, ...]]] = {
    "abs": (nep.abs, (ROW,)),
    "clip at numbers": (lambda x: nep.clip(x, -2.0, 1.0), (ROW,)),
    "clip at arrays": (nep.clip, (ROW, LOW, HIGH)),
    "hypot": (nep.hypot, (ROW, np.array([1.0, 0.0, 1.0, 0.0, 2.0, -1.0]))),
    "1-norm": (lambda x: nep.linalg.vector_norm(x, ord=1), (ROW,)),
    "2-norm": (lambda x: nep.linalg.vector_norm(x), (ROW,)),
    "leaky_relu": (nn.leaky_relu, (ROW,)),
    "steep leaky_relu": (lambda x: nn.leaky_relu(x, negative_slope=2.0), (ROW,)),
    "elu": (lambda x: nn.elu(x, alpha=2.0), (ROW,)),
    "relu": (nn.relu, (ROW,)),
    "max": (nep.max, (ROW,)),
    "maximum": (nep.maximum, (ROW, np.array([0.0, 0.0, 1.0, 1.0, 0.0, 3.0]))),
    "sqrt": (lambda x: nep.sqrt(x * x), (np.array([1.0, -3.0]),)),
    "xlogy": (nep.special.xlogy, (np.array([0.0, 0.0, 2.0]), np.array([-1.0, 3.0, 0.5]))),
    "running maximum": (nep.cumulative_max, (ROW,)),
    "running minimum": (nep.cumulative_min, (-ROW,)),
}

# Weights, so that a gradient that went to another element shows.
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])


def slopes(xp: Library, name: str, policies: Any) -> list[np.ndarray]:
    f, operands = CASES[name]
    weights = xp.asarray(WEIGHTS[: len(operands[0])])
    total = lambda *xs: nep.sum(f(*xs) * weights)  # noqa: E731
    numbers = tuple(range(len(operands)))
    found = neo.grad(total, argnums=numbers, policies=policies)(*[xp.asarray(x) for x in operands])
    return [xp.numpy(g) for g in found]


def of_jax(f: Any, operands: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        total = lambda *xs: jax.numpy.sum(f(jax)(*xs) * WEIGHTS[: len(operands[0])])  # noqa: E731
        found = jax.grad(total, argnums=tuple(range(len(operands))))(*map(jax.numpy.asarray, operands))
        return [np.asarray(g) for g in found]


def of_torch(f: Any, operands: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    torch = pytest.importorskip("torch")
    xs = [torch.tensor(x, requires_grad=True) for x in operands]
    (f(torch)(*xs) * torch.as_tensor(WEIGHTS[: len(operands[0])])).sum().backward()
    return [x.grad.numpy() for x in xs]


IN_JAX = {
    "abs": lambda jax: jax.numpy.abs,
    "clip at numbers": lambda jax: lambda x: jax.numpy.clip(x, -2.0, 1.0),
    "clip at arrays": lambda jax: jax.numpy.clip,
    "hypot": lambda jax: jax.numpy.hypot,
    "1-norm": lambda jax: lambda x: jax.numpy.linalg.norm(x, ord=1),
    "2-norm": lambda jax: lambda x: jax.numpy.linalg.norm(x),
    "leaky_relu": lambda jax: jax.nn.leaky_relu,
    "steep leaky_relu": lambda jax: lambda x: jax.nn.leaky_relu(x, 2.0),
    "elu": lambda jax: lambda x: jax.nn.elu(x, 2.0),
    "relu": lambda jax: jax.nn.relu,
    "max": lambda jax: jax.numpy.max,
    "maximum": lambda jax: jax.numpy.maximum,
    "sqrt": lambda jax: lambda x: jax.numpy.sqrt(x * x),
}
IN_TORCH = {
    "abs": lambda torch: torch.abs,
    "clip at numbers": lambda torch: lambda x: torch.clip(x, -2.0, 1.0),
    "1-norm": lambda torch: lambda x: torch.linalg.vector_norm(x, 1),
    "2-norm": lambda torch: torch.linalg.vector_norm,
    "leaky_relu": lambda torch: torch.nn.functional.leaky_relu,
    "steep leaky_relu": lambda torch: lambda x: torch.nn.functional.leaky_relu(x, 2.0),
    "elu": lambda torch: lambda x: torch.nn.functional.elu(x, 2.0),
    "relu": lambda torch: torch.nn.functional.relu,
    "max": lambda torch: torch.amax,
    "maximum": lambda torch: torch.maximum,
    "sqrt": lambda torch: lambda x: torch.sqrt(x * x),
    "xlogy": lambda torch: torch.xlogy,
    "running maximum": lambda torch: lambda x: torch.cummax(x, 0)[0],
    "running minimum": lambda torch: lambda x: torch.cummin(x, 0)[0],
}


@pytest.mark.parametrize("name", IN_JAX)
def test_with_its_conventions_a_gradient_is_that_of_jax(xp: Library, name) -> None:
    expected = of_jax(IN_JAX[name], CASES[name][1])

    found = slopes(xp, name, conventions.jax)

    for g, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(g, wanted, rtol=1e-14)


@pytest.mark.parametrize("name", IN_TORCH)
def test_with_its_conventions_a_gradient_is_that_of_pytorch(xp: Library, name) -> None:
    expected = of_torch(IN_TORCH[name], CASES[name][1])

    found = slopes(xp, name, conventions.torch)

    for g, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(g, wanted, rtol=1e-14)


# Kinks at which neo's own choice is another one: a rule that changes nothing goes.
DIFFERENT = {
    "jax": ["abs", "clip at numbers", "hypot", "1-norm", "leaky_relu", "elu"],
    "torch": ["steep leaky_relu", "elu", "xlogy", "running maximum", "running minimum"],
}


@pytest.mark.parametrize(
    ("framework", "name"), [(framework, name) for framework, names in DIFFERENT.items() for name in names]
)
def test_neos_own_choice_is_another_one(xp: Library, framework, name) -> None:
    own, theirs = slopes(xp, name, None), slopes(xp, name, getattr(conventions, framework))

    assert any(not np.array_equal(x, y) for x, y in zip(own, theirs, strict=True))


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_conventions_change_nothing_away_from_kinks(xp: Library, framework) -> None:
    f = lambda x: nep.sum(nep.abs(x) * nn.elu(x) + nep.clip(x, -3.0, 0.2) + nn.leaky_relu(x))  # noqa: E731
    x = xp.asarray([-0.7, 0.3, 1.9])
    policies = getattr(conventions, framework)

    for order in (1, 2):
        own, theirs = f, f
        for _ in range(order):
            own, theirs = _summed(neo.grad(own)), _summed(neo.grad(theirs, policies=policies))
        np.testing.assert_allclose(xp.numpy(theirs(x)), xp.numpy(own(x)), rtol=1e-13)


def _summed(gradient: Any) -> Any:
    return lambda x: nep.sum(gradient(x))


def test_a_rule_may_be_added_to_a_set() -> None:
    policies = {**conventions.torch, nep.round: neo.rules.StraightThrough}

    assert neo.grad(nep.round, policies=policies)(0.3) == 1.0
