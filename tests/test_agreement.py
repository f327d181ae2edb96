"""Values and gradients agree with JAX and with PyTorch, where these are installed."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.functions as nn
import neo.numpy as nep

RNG = np.random.default_rng(20)
X = RNG.uniform(0.2, 0.9, (3, 4))
Y = RNG.uniform(1.1, 2.0, (3, 4))
ROW = RNG.uniform(1.1, 2.0, 4)
M = RNG.uniform(-1.0, 1.0, (4, 2))
# Some rules of the others are written in another order: a few roundings for each of 12 elements.
TOLERANCE = 12 * 16 * np.finfo("float64").eps

UNARY = (
    "abs acos acosh asin asinh atan atanh cos cosh exp expm1 log log10 log1p log2 negative "
    "reciprocal sign sin sinh sqrt square tan tanh floor ceil trunc"
).split()
BINARY = "add atan2 copysign divide hypot logaddexp maximum minimum multiply pow remainder subtract".split()
# neo's function of (nep), JAX's of (jax.numpy), PyTorch's of (torch); operands.
TABLE = {
    "sum": (lambda x: nep.sum(x, axis=0), lambda np, x: np.sum(x, 0), lambda t, x: t.sum(x, 0), [X]),
    "mean": (lambda x: nep.mean(x, axis=1), lambda np, x: np.mean(x, 1), lambda t, x: t.mean(x, 1), [X]),
    "var": (
        lambda x: nep.var(x, axis=1, correction=1),
        lambda np, x: np.var(x, 1, ddof=1),
        lambda t, x: t.var(x, 1),
        [X],
    ),
    "std": (
        lambda x: nep.std(x, axis=0),
        lambda np, x: np.std(x, 0),
        lambda t, x: t.std(x, 0, correction=0),
        [X],
    ),
    "max": (lambda x: nep.max(x, axis=1), lambda np, x: np.max(x, 1), lambda t, x: t.amax(x, 1), [X]),
    "min": (lambda x: nep.min(x), lambda np, x: np.min(x), lambda t, x: t.amin(x), [X]),
    "prod": (lambda x: nep.prod(x, axis=1), lambda np, x: np.prod(x, 1), lambda t, x: t.prod(x, 1), [X]),
    "cumulative_sum": (
        lambda x: nep.cumulative_sum(x, axis=1),
        lambda np, x: np.cumsum(x, 1),
        lambda t, x: t.cumsum(x, 1),
        [X],
    ),
    "cumulative_prod": (
        lambda x: nep.cumulative_prod(x, axis=1),
        lambda np, x: np.cumprod(x, 1),
        lambda t, x: t.cumprod(x, 1),
        [X],
    ),
    "sort": (
        lambda x: nep.sort(x, axis=1),
        lambda np, x: np.sort(x, 1),
        lambda t, x: t.sort(x, 1).values,
        [X],
    ),
    "matmul": (lambda x, m: x @ m, lambda np, x, m: x @ m, lambda t, x, m: x @ m, [X, M]),
    "matrix times vector": (lambda x, v: x @ v, lambda np, x, v: x @ v, lambda t, x, v: x @ v, [X, ROW]),
    "tensordot": (
        lambda x, m: nep.tensordot(x, m, axes=1),
        lambda np, x, m: np.tensordot(x, m, 1),
        lambda t, x, m: t.tensordot(x, m, 1),
        [X, M],
    ),
    "vecdot": (
        lambda x, y: nep.vecdot(x, y),
        lambda np, x, y: np.vecdot(x, y),
        lambda t, x, y: t.linalg.vecdot(x, y),
        [X, Y],
    ),
    "einsum": (
        lambda x, m, r: nep.einsum("ij,jk,j->ki", x, m, r),
        lambda np, x, m, r: np.einsum("ij,jk,j->ki", x, m, r),
        lambda t, x, m, r: t.einsum("ij,jk,j->ki", x, m, r),
        [X, M, ROW],
    ),
    "einsum of a diagonal": (
        lambda x: nep.einsum("ii->i", x[:, :3]),
        lambda np, x: np.einsum("ii->i", x[:, :3]),
        lambda t, x: t.einsum("ii->i", x[:, :3]),
        [X],
    ),
    "where": (
        lambda x, y: nep.where(x > 0.5, x * y, y),
        lambda np, x, y: np.where(x > 0.5, x * y, y),
        lambda t, x, y: t.where(x > 0.5, x * y, y),
        [X, Y],
    ),
    "clip": (
        lambda x: nep.clip(x, 0.4, 0.6),
        lambda np, x: np.clip(x, 0.4, 0.6),
        lambda t, x: t.clip(x, 0.4, 0.6),
        [X],
    ),
    "concat": (
        lambda x, y: nep.concat([x, y], axis=1),
        lambda np, x, y: np.concatenate([x, y], 1),
        lambda t, x, y: t.cat([x, y], 1),
        [X, Y],
    ),
    "stack": (
        lambda x, y: nep.stack([x, y], axis=1),
        lambda np, x, y: np.stack([x, y], 1),
        lambda t, x, y: t.stack([x, y], 1),
        [X, Y],
    ),
    "roll": (
        lambda x: nep.roll(x, 1, axis=0),
        lambda np, x: np.roll(x, 1, 0),
        lambda t, x: t.roll(x, 1, 0),
        [X],
    ),
    "tril": (lambda x: nep.tril(x, k=-1), lambda np, x: np.tril(x, -1), lambda t, x: t.tril(x, -1), [X]),
    "diff": (lambda x: nep.diff(x, n=2), lambda np, x: np.diff(x, 2), lambda t, x: t.diff(x, 2), [X]),
    "a network": (
        lambda x, m, r: nep.sum(nep.tanh(nep.exp(x) @ m) ** 2) / nep.mean(r),
        lambda np, x, m, r: np.sum(np.tanh(np.exp(x) @ m) ** 2) / np.mean(r),
        lambda t, x, m, r: t.sum(t.tanh(t.exp(x) @ m) ** 2) / t.mean(r),
        [X, M, ROW],
    ),
}
NETWORK = {
    "relu": nn.relu,
    "elu": nn.elu,
    "gelu": nn.gelu,
    "gelu tanh": lambda x: nn.gelu(x, approximate="tanh"),
    "silu": nn.silu,
    "softplus": nn.softplus,
    "sigmoid": nn.sigmoid,
    "softmax": nn.softmax,
    "log_softmax": nn.log_softmax,
    "logsumexp": nn.logsumexp,
}


def _ours(xp: Library, f, operands):
    value, pull = neo.vjp(f, *map(xp.asarray, operands))
    return [xp.numpy(x) for x in (value, *pull(xp.asarray(_cotangent(value.shape))))]


# What JAX gave, by function and operands: it compiles for longer than every library computes.
_known: dict = {}


def _of_jax(name, f, operands):
    key = (name, *[x.tobytes() for x in operands])
    return _known.get(key) or _known.setdefault(key, _by_jax(f, operands))


def _by_jax(f, operands):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        value, pull = jax.vjp(f, *map(jax.numpy.asarray, operands))
        return [np.asarray(x) for x in (value, *pull(jax.numpy.asarray(_cotangent(value.shape))))]


def _of_torch(f, operands):
    torch = pytest.importorskip("torch")
    leaves = [torch.tensor(x, requires_grad=True) for x in operands]
    value = f(*leaves)
    value.backward(torch.tensor(_cotangent(value.shape)))
    zeros = [torch.zeros_like(x) if x.grad is None else x.grad for x in leaves]
    return [value.detach().numpy(), *[g.numpy() for g in zeros]]


def _cotangent(shape) -> np.ndarray:
    return np.cos(np.arange(np.prod(shape, dtype=int), dtype=float)).reshape(tuple(shape))


def _agree(ours, theirs) -> None:
    for found, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE)


def _operands(name: str):
    return [X + 1.0] if name == "acosh" else [X]


@pytest.mark.parametrize("name", UNARY)
def test_elementwise_function_agrees_with_jax(xp: Library, name: str) -> None:
    jax = pytest.importorskip("jax")
    operands = _operands(name)

    _agree(_ours(xp, getattr(nep, name), operands), _of_jax(name, getattr(jax.numpy, name), operands))


@pytest.mark.parametrize("name", UNARY)
def test_elementwise_function_agrees_with_torch(xp: Library, name: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = getattr(torch, name)

    _agree(_ours(xp, getattr(nep, name), _operands(name)), _of_torch(theirs, _operands(name)))


@pytest.mark.parametrize("operands", [(X, Y), (X, ROW), (Y, X)], ids=["same", "broadcast", "swapped"])
@pytest.mark.parametrize("name", BINARY)
def test_function_of_two_operands_agrees_with_jax(xp: Library, name: str, operands) -> None:
    jax = pytest.importorskip("jax")

    _agree(_ours(xp, getattr(nep, name), operands), _of_jax(name, getattr(jax.numpy, name), operands))


@pytest.mark.parametrize("operands", [(X, Y), (X, ROW), (Y, X)], ids=["same", "broadcast", "swapped"])
@pytest.mark.parametrize("name", BINARY)
def test_function_of_two_operands_agrees_with_torch(xp: Library, name: str, operands) -> None:
    torch = pytest.importorskip("torch")

    _agree(_ours(xp, getattr(nep, name), operands), _of_torch(getattr(torch, name), operands))


@pytest.mark.parametrize("name", TABLE)
def test_function_of_the_table_agrees_with_jax(xp: Library, name: str) -> None:
    jax = pytest.importorskip("jax")
    ours, theirs, _, operands = TABLE[name]

    _agree(_ours(xp, ours, operands), _of_jax(name, lambda *xs: theirs(jax.numpy, *xs), operands))


@pytest.mark.parametrize("name", TABLE)
def test_function_of_the_table_agrees_with_torch(xp: Library, name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, _, theirs, operands = TABLE[name]

    _agree(_ours(xp, ours, operands), _of_torch(lambda *xs: theirs(torch, *xs), operands))


def _jax_of_network(name: str):
    jax = pytest.importorskip("jax")
    exact = {"gelu": lambda x: jax.nn.gelu(x, approximate=False), "gelu tanh": jax.nn.gelu}
    if name in exact:
        return exact[name]
    axis = {"softmax": -1, "log_softmax": -1, "logsumexp": None}
    f = getattr(jax.nn, name)
    return (lambda x: f(x, axis=axis[name])) if name in axis else f


@pytest.mark.parametrize("name", NETWORK)
def test_function_of_networks_agrees_with_jax(xp: Library, name: str) -> None:
    _agree(_ours(xp, NETWORK[name], [X - 0.5]), _of_jax(name, _jax_of_network(name), [X - 0.5]))


@pytest.mark.parametrize(("n", "f"), [(2, "sin"), (3, "exp"), (4, "tanh")])
def test_higher_derivative_agrees_with_jax(xp: Library, n: int, f: str) -> None:
    jax = pytest.importorskip("jax")
    ours, theirs = getattr(nep, f), getattr(jax.numpy, f)
    for _ in range(n):
        ours, theirs = neo.grad(ours), jax.grad(theirs)
    with jax.enable_x64(True):
        expected = float(theirs(0.3))

    assert float(xp.numpy(ours(xp.asarray(0.3)))) == pytest.approx(expected, rel=TOLERANCE)


def test_hessian_agrees_with_jax(xp: Library) -> None:
    jax = pytest.importorskip("jax")
    f = lambda xp, x: xp.sum(xp.tanh(x[:, None] * x[None, :]) ** 2)  # noqa: E731
    with jax.enable_x64(True):
        expected = np.asarray(jax.hessian(lambda x: f(jax.numpy, x))(jax.numpy.asarray(ROW)))

    gradient = neo.grad(lambda x: f(nep, x))
    rows = [neo.grad(lambda x, k=k: gradient(x)[k])(xp.asarray(ROW)) for k in range(len(ROW))]

    np.testing.assert_allclose([xp.numpy(r) for r in rows], expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_complex_gradient_is_the_conjugate_of_jaxs(xp: Library) -> None:
    jax = pytest.importorskip("jax")
    z = np.array([1 + 2j, 0.5 - 1j])
    f = lambda xp, z: xp.sum(xp.abs(xp.exp(z) * z) ** 2)  # noqa: E731
    with jax.enable_x64(True):
        expected = np.conj(np.asarray(jax.grad(lambda z: f(jax.numpy, z))(jax.numpy.asarray(z))))

    found = neo.grad(lambda z: f(nep, z))(xp.asarray(z))

    np.testing.assert_allclose(xp.numpy(found), expected, rtol=TOLERANCE)
