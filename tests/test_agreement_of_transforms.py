"""Every derivative agrees with JAX's: closures, trees, control flow, several results, complex, float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

jax = pytest.importorskip("jax")


def _layers(np: Any, p: Any, x: Any) -> Any:
    h = np.tanh(x @ p["w"][0] + p["b"])
    return np.sum((h @ p["w"][1]) ** 2) * p["scale"]


def _closure(np: Any, x: Any) -> Any:
    def power(n: int) -> Any:
        return x if n == 1 else x * power(n - 1)

    shift = np.sum(np.sin(x))
    return np.sum(power(3) + shift * power(2))


def _branches(np: Any, x: Any) -> Any:
    total = 0.0
    for k in range(3):
        total = total + (x[k] ** 2 if x[k] > 0.5 else np.exp(-x[k]) * x[(k + 1) % 3])
    return total


def _loop(np: Any, x: Any) -> Any:
    y = x
    while np.sum(y * y) < 40.0:
        y = 1.5 * y + 0.1 * np.roll(y, 1)
    return np.sum(np.log(1 + y * y))


def _norms(np: Any, x: Any) -> Any:
    centred = x - np.mean(x)
    return np.max(centred) * np.sqrt(np.sum(centred**2)) + np.prod(x) / np.cumulative_sum(x)[-1]


def _several(np: Any, x: Any, y: Any) -> Any:
    return {"outer": x[:, None] * y[None, :], "sums": (np.sum(x * x), np.sum(y) ** 3), "x": x}


def _complex(np: Any, z: Any) -> Any:
    w = np.exp(1j * z) * z[0]
    return np.sum(np.abs(w) ** 2 + np.real(w * w))


RNG = np.random.default_rng(1983)
W = [RNG.standard_normal((3, 4)), RNG.standard_normal((4, 2))]
X = RNG.uniform(0.1, 1.0, 3)
SCALARS = {
    "layers": (_layers, ({"w": W, "b": RNG.standard_normal(4), "scale": np.array(0.7)}, X)),
    "closure": (_closure, (X,)),
    "branches": (_branches, (X,)),
    "loop": (_loop, (X,)),
    "norms": (_norms, (X,)),
}
ARRAYS = {**SCALARS, "several": (_several, (X, RNG.uniform(0.1, 1.0, 2)))}
# Up to a few dozen operations of a few roundings each, in another order than JAX's.
TOLERANCE = 64 * 16 * np.finfo("float64").eps


@pytest.fixture(autouse=True)
def _double_precision() -> Any:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def _on(xp: Library, tree: Any, dtype: str = "float64") -> Any:
    return neo.tree.map(lambda x: xp.array(x, dtype), tree)


def _like(tree: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return neo.tree.map(lambda x: np.asarray(rng.standard_normal(np.shape(x))), tree)


def _assert_equal(found: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    found = [x.numpy() for x in neo.tree.flatten(found)[0]]
    expected = [np.asarray(x) for x in jax.tree_util.tree_leaves(expected)]
    assert [x.shape for x in found] == [x.shape for x in expected]
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * np.max(np.abs(y), initial=0))


def _pair(f: Any) -> tuple[Any, Any]:
    return (lambda *args: f(nep, *args)), (lambda *args: f(jax.numpy, *args))


@pytest.mark.parametrize("name", ARRAYS)
def test_push_and_pull_are_those_of_jax(xp: Library, name: str) -> None:
    f, args = ARRAYS[name]
    ours, theirs = _pair(f)
    tangents = _like(args, 1)

    found, moved = neo.jvp(ours, _on(xp, args), _on(xp, tangents))
    expected, jax_moved = jax.jvp(theirs, args, tangents)

    cotangent = _like(jax.tree_util.tree_map(np.asarray, expected), 2)
    _assert_equal((found, moved), (expected, jax_moved))
    _assert_equal(neo.linearize(ours, *_on(xp, args))[1](*_on(xp, tangents)), jax_moved)
    _assert_equal(neo.vjp(ours, *_on(xp, args))[1](_on(xp, cotangent)), jax.vjp(theirs, *args)[1](cotangent))


@pytest.mark.parametrize("name", ARRAYS)
def test_jacobians_are_those_of_jax(xp: Library, name: str) -> None:
    f, args = ARRAYS[name]
    ours, theirs = _pair(f)
    every = tuple(range(len(args)))

    expected = jax.jacrev(theirs, every)(*args)

    for transform in (neo.jacfwd, neo.jacrev, neo.jacobian):
        _assert_equal(transform(ours, every)(*_on(xp, args)), expected)


@pytest.mark.parametrize("name", SCALARS)
def test_hessian_products_are_those_of_jax(xp: Library, name: str) -> None:
    f, args = SCALARS[name]
    ours, theirs = _pair(f)
    every, tangents = tuple(range(len(args))), _like(args, 3)

    expected = jax.jvp(jax.grad(theirs, every), args, tangents)

    value, gradient, product = neo.value_grad_and_hvp(ours, _on(xp, args), _on(xp, tangents))
    _assert_equal((value, gradient, product), (theirs(*args), *expected))


@pytest.mark.parametrize("name", ["closure"])
def test_hessians_are_those_of_jax(name: str) -> None:
    f, args = SCALARS[name]
    ours, theirs = _pair(f)

    _assert_equal(neo.tree.map(neo.asarray, neo.hessian(ours)(*args)), jax.hessian(theirs)(*args))


@pytest.mark.parametrize("name", ["closure", "branches"])
def test_third_derivatives_are_those_of_jax(name: str) -> None:
    f, args = SCALARS[name]
    ours, theirs = _pair(f)
    v, u = _like(args, 4), _like(args, 5)

    def along(package: Any, g: Any, direction: Any) -> Any:
        return lambda *xs: package.jvp(g, xs, direction)[1]

    every = tuple(range(len(args)))
    found = neo.grad(along(neo, along(neo, ours, v), u), every)(*args)

    expected = jax.grad(along(jax, along(jax, theirs, v), u), every)(*args)
    _assert_equal(neo.tree.map(neo.asarray, found), expected, 16 * TOLERANCE)


@pytest.mark.parametrize("name", ["closure", "branches"])
def test_float32_agrees_to_its_own_precision(xp: Library, name: str) -> None:
    f, args = SCALARS[name]
    ours, theirs = _pair(f)
    tangents = _like(args, 6)
    single = lambda tree: jax.tree_util.tree_map(lambda x: np.asarray(x, "float32"), tree)  # noqa: E731

    _, gradient, product = neo.value_grad_and_hvp(
        ours, _on(xp, args, "float32"), _on(xp, tangents, "float32")
    )

    every = tuple(range(len(args)))
    expected = jax.jvp(jax.grad(theirs, every), single(args), single(tangents))
    assert {x.numpy().dtype.name for x in neo.tree.flatten((gradient, product))[0]} == {"float32"}
    _assert_equal((gradient, product), expected, 64 * 16 * np.finfo("float32").eps)


def test_complex_push_is_that_of_jax_and_complex_pull_its_conjugate(xp: Library) -> None:
    z, v = np.array([1 + 2j, 0.3 - 0.5j]), np.array([0.5 - 1j, 1j])
    ours, theirs = _pair(_complex)

    moved = neo.jvp(ours, xp.array(z), xp.array(v))[1]
    gradient = neo.grad(ours)(xp.array(z))

    _assert_equal(moved, jax.jvp(theirs, (z,), (v,))[1])
    _assert_equal(gradient, np.conj(jax.grad(theirs)(z)))
