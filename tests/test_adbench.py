"""The objectives of ADBench have the Jacobians that PyTorch and JAX give, their sparsity used."""

from __future__ import annotations

from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from support.libraries import Library

import neo
import neo.numpy as nep

SPEC = spec_from_file_location("adbench", Path(__file__).parents[1] / "examples" / "adbench.py")
assert SPEC is not None
assert SPEC.loader is not None
adbench: Any = module_from_spec(SPEC)
SPEC.loader.exec_module(adbench)

RNG = np.random.default_rng(2018)


def _gmm() -> Any:
    k, d, n = 3, 4, 20
    free = (RNG.standard_normal(k), RNG.standard_normal((k, d)), RNG.standard_normal((k, d * (d + 1) // 2)))
    x = RNG.standard_normal((n, d))
    return free, lambda np, like: lambda *free: adbench.gmm(np, *free, like(x), 1.1, 2)


def _bundle() -> Any:
    cameras, points, weights = (
        RNG.standard_normal((3, 11)),
        RNG.standard_normal((5, 3)),
        RNG.uniform(0.5, 1, 9),
    )
    seen, features = RNG.integers(0, 3, 9), RNG.standard_normal((9, 2))
    of = (seen, RNG.integers(0, 5, 9))
    return (cameras, points, weights), lambda np, like: (
        lambda *free: adbench.bundle(np, *free, tuple(map(like, of)), like(features)),
        tuple(map(like, of)),
        like(features),
    )


def _lstm() -> Any:
    layers, b, t = 2, 5, 6
    free = (RNG.standard_normal((layers, 2, 4, b)), RNG.standard_normal((3, b)))
    state, sequence = RNG.standard_normal((layers, 2, b)), RNG.standard_normal((t, b))
    return free, lambda np, like: lambda *free: adbench.lstm(np, *free, like(state), like(sequence))


def _hand() -> Any:
    bones, vertices, p = 22, 30, 7
    parents = [-1, 0] + [1 if j == 0 else 1 + 4 * f + j for f in range(5) for j in range(4)]
    relatives = np.tile(np.eye(4), (bones, 1, 1))
    relatives[:, :3, :] += 0.3 * RNG.standard_normal((bones, 3, 4))
    inverses = np.tile(np.eye(4), (bones, 1, 1))
    inverses[:, :3, :] += 0.3 * RNG.standard_normal((bones, 3, 4))
    weights = RNG.uniform(0, 1, (bones, vertices))
    model = {
        "relatives": relatives,
        "inverse_absolutes": inverses,
        "positions": np.concatenate([RNG.standard_normal((3, vertices)), np.ones((1, vertices))]),
        "weights": weights / weights.sum(axis=0),
        "triangles": RNG.integers(0, vertices, (p, 3)),
    }
    free = (0.5 * RNG.standard_normal(26), RNG.uniform(0, 0.5, (p, 2)))
    points = RNG.standard_normal((p, 3))

    def made(np: Any, like: Any) -> Any:
        own = {"parents": parents, **{name: like(x) for name, x in model.items()}}
        return lambda *free: adbench.hand(np, *free, own, like(points)), own, like(points)

    return free, made


GMM, BUNDLE, LSTM, HAND = _gmm(), _bundle(), _lstm(), _hand()
DENSE = {
    "gmm": GMM,
    "bundle": (BUNDLE[0], lambda np, like: BUNDLE[1](np, like)[0]),
    "lstm": LSTM,
    "hand": (HAND[0], lambda np, like: HAND[1](np, like)[0]),
}


def _by_torch(name: str) -> list[np.ndarray]:
    torch = pytest.importorskip("torch")
    free, made = DENSE[name]
    f = made(import_module("array_api_compat.torch"), torch.asarray)
    found = torch.autograd.functional.jacobian(f, tuple(map(torch.asarray, free)))
    return [x.numpy() for x in neo.tree.flatten(found)[0]]


def _by_jax(name: str) -> list[np.ndarray]:
    jax = pytest.importorskip("jax")
    if name == "hand" and settings.default.max_examples <= 3:
        pytest.skip("JAX compiles it for long: in the deep profile")
    free, made = DENSE[name]
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        f = made(jax.numpy, jax.numpy.asarray)
        found = jax.jit(jax.jacfwd(f, argnums=tuple(range(len(free)))))(*free)
    finally:
        jax.config.update("jax_enable_x64", before)
    return [np.asarray(x) for x in jax.tree_util.tree_leaves(found)]


def _assert_close(found: Any, expected: list[np.ndarray]) -> None:
    found = [x.numpy() for x in neo.tree.flatten(found)[0]]
    assert [x.shape for x in found] == [x.shape for x in expected]
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-8 * np.max(np.abs(y)))


@pytest.mark.parametrize("by", [_by_torch, _by_jax])
@pytest.mark.parametrize("name", DENSE)
def test_jacobian_is_that_of_other_libraries(by: Any, name: str) -> None:
    free, made = DENSE[name]
    expected = by(name)

    f = made(nep, neo.asarray)
    given, every = [neo.asarray(x) for x in free], tuple(range(len(free)))

    for transform in (neo.jacfwd, neo.jacrev):
        _assert_close(transform(f, every)(*given), expected)


@pytest.mark.parametrize("name", ["gmm", "lstm"])
def test_gradient_is_the_same_on_every_library(xp: Library, name: str) -> None:
    free, made = DENSE[name]
    every = tuple(range(len(free)))

    found = neo.grad(made(nep, xp.array), every)(*map(xp.array, free))

    expected = neo.grad(made(nep, neo.asarray), every)(*map(neo.asarray, free))
    _assert_close(found, [x.numpy() for x in expected])


def test_sparse_jacobian_of_bundle_adjustment_is_the_dense_one(xp: Library) -> None:
    free, made = BUNDLE
    f, seen, features = made(nep, xp.array)
    cameras, points, weights = map(xp.array, free)

    columns, of_weights = adbench.bundle_jacobian(cameras, points, weights, seen, features)

    (by_camera, by_point, by_weight), (_, _, own) = neo.jacrev(f, (0, 1, 2))(cameras, points, weights)
    np.testing.assert_allclose(np.diag(own.numpy()), of_weights.numpy(), rtol=1e-15)
    for k, (camera, point) in enumerate(zip(*[x.numpy() for x in seen], strict=True)):
        row = [by_camera.numpy()[k, :, camera], by_point.numpy()[k, :, point], by_weight.numpy()[k, :, [k]].T]
        np.testing.assert_allclose(columns.numpy()[k], np.concatenate(row, axis=1), rtol=1e-10, atol=1e-12)


def test_sparse_jacobian_of_the_hand_is_the_dense_one(xp: Library) -> None:
    free, made = HAND
    f, model, points = made(nep, lambda x: xp.array(x))
    theta, us = map(xp.array, free)

    by_theta, by_own = adbench.hand_jacobian(theta, us, model, points)

    dense_theta, dense_us = neo.jacrev(f, (0, 1))(theta, us)
    np.testing.assert_allclose(by_theta.numpy(), dense_theta.numpy(), rtol=1e-9, atol=1e-12)
    own = np.stack([dense_us.numpy()[k, :, k, :] for k in range(us.shape[0])])
    np.testing.assert_allclose(by_own.numpy(), own, rtol=1e-10, atol=1e-13)
