"""vmap gives what JAX's vmap gives, by itself and with derivatives inside and around."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neo
import neo.numpy as nep

jax = pytest.importorskip("jax")

RNG = np.random.default_rng(11)
X, Y, M = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 3))
STACK, INTEGERS, Z = RNG.normal(size=(2, 3, 3)), RNG.integers(0, 3, (4, 2)), RNG.normal(size=(4, 3)) + 1j
SPD = STACK @ np.swapaxes(STACK, 1, 2) + np.eye(3)


def _attention(t: Any, xp: Any, q: Any, k: Any) -> Any:
    scores = q @ k.T
    weights = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    return (weights / xp.sum(weights, axis=-1, keepdims=True)) @ k


# name: (f of the transforms' module, the namespace and the arguments; arguments; in_axes; out_axes)
TABLE: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any, Any]] = {
    "matrix times vector": (lambda t, xp, m, x: m @ x, (M, X), (None, 0), 0),
    "other axes": (lambda t, xp, x, y: xp.sin(x) * y, (X, Y), (0, 1), 1),
    "negative axes": (lambda t, xp, x, y: xp.stack([x, y]), (X, Y), (-2, -1), -1),
    "a tree": (
        lambda t, xp, p, x: {"out": xp.tanh(p["w"] @ x + p["b"][0]), "p": p["b"]},
        ({"w": M, "b": [X[0]]}, X),
        ({"w": None, "b": None}, 0),
        {"out": 0, "p": None},
    ),
    "a tree of axes": (lambda t, xp, p: p[0] * p[1]["x"], ((X, {"x": Y}),), ((0, {"x": 1}),), 0),
    "a constant result": (lambda t, xp, x: (x, xp.ones(2)), (X,), 0, (1, 0)),
    "indices": (lambda t, xp, x, i: x[i], (X, INTEGERS), (0, 0), 0),
    "indices into what is shared": (lambda t, xp, m, i: m[:, i], (M, INTEGERS), (None, 0), 0),
    "a take": (lambda t, xp, m, i: xp.take(m, i, axis=1), (M, INTEGERS), (None, 0), 2),
    "where": (lambda t, xp, x: xp.where(x > 0, xp.sqrt(abs(x)), -x), (X,), 0, 0),
    "reductions": (lambda t, xp, x: (xp.max(x), xp.std(x, axis=0), xp.argmin(x)), (STACK,), 0, 0),
    "sorting": (lambda t, xp, x: (xp.sort(x), xp.argsort(x)), (X,), 0, 0),
    "running sums": (lambda t, xp, x: xp.cumulative_sum(x, axis=1), (STACK,), 2, 1),
    "linear algebra": (lambda t, xp, a, b: xp.linalg.solve(a, b), (SPD, M), (0, None), 0),
    "a factorization": (lambda t, xp, a: xp.linalg.cholesky(a), (SPD,), 0, 0),
    "a spectrum": (lambda t, xp, x: abs(xp.fft.rfft(x)), (STACK,), 1, 0),
    "complex numbers": (lambda t, xp, z: xp.real(z * xp.conj(xp.exp(z))), (Z,), 0, 0),
    "attention": (_attention, (STACK, STACK), 0, 0),
    "two maps": (
        lambda t, xp, x, y: t.vmap(lambda y: xp.sum((x - y) ** 2), in_axes=1)(y),
        (X, Y),
        (0, None),
        0,
    ),
    "a gradient inside": (
        lambda t, xp, m, x: t.grad(lambda m: xp.sum(xp.tanh(m @ x)))(m),
        (M, X),
        (None, 0),
        0,
    ),
    "a Hessian inside": (lambda t, xp, x: t.hessian(lambda x: xp.sum(xp.exp(x[0] * x)))(x), (X,), 0, 0),
    "a jvp inside": (lambda t, xp, x, v: t.jvp(lambda x: xp.sin(x) * x[1], (x,), (v,)), (X, Y), (0, 1), 0),
    "a Jacobian inside": (lambda t, xp, x: t.jacrev(lambda x: xp.sin(x) * x[1])(x), (X,), 0, 1),
    "a gradient around": (
        lambda t, xp, m: t.grad(lambda m: xp.sum(t.vmap(lambda x: xp.tanh(m @ x) ** 2)(xp.asarray(X))))(m),
        (STACK,),
        0,
        0,
    ),
    "writing at an index": (lambda t, xp, x, i: x.at[i].add(2.0), (X, INTEGERS), 0, 0),
}


@pytest.mark.parametrize("name", TABLE)
def test_vmap_agrees_with_jax(name: str) -> None:
    f, arguments, in_axes, out_axes = TABLE[name]

    found = neo.vmap(lambda *xs: f(neo, nep, *xs), in_axes, out_axes)(*_boxed(arguments))

    with jax.enable_x64(True):
        expected = jax.vmap(lambda *xs: f(jax, jax.numpy, *xs), in_axes, out_axes)(*_jaxed(arguments))
        _assert_alike(found, expected)


def _boxed(arguments: Any) -> Any:
    return neo.tree.map(neo.asarray, arguments)


def _jaxed(arguments: Any) -> Any:
    return jax.tree.map(jax.numpy.asarray, arguments)


def _assert_alike(found: Any, expected: Any) -> None:
    pairs = list(zip(neo.tree.flatten(found)[0], jax.tree.leaves(expected), strict=True))
    for x, y in pairs:
        assert x.shape == y.shape
        np.testing.assert_allclose(x.numpy(), np.asarray(y), rtol=1e-10, atol=1e-12)
