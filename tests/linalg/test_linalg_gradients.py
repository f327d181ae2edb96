"""Gradients of neo.numpy.linalg agree with JAX and PyTorch; both orders with finite differences.

tests/property compares every operation with finite differences, to second order, on each library,
with operands prepared as the operation declares. Here stand others' answers, and mixed cases.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

RNG = np.random.default_rng(8)
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.diag([1.0, 2.0, 3.0])
COMPLEX = SQUARE + 0.3j * RNG.normal(size=(3, 3))
TALL, WIDE = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 4))
WEIGHTS = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
TOLERANCE = {"rtol": 1e-9, "atol": 1e-10}


# A real function of (namespace, x, weights): the namespace is neo's, JAX's or PyTorch's.
FUNCTIONS: dict[str, Any] = {
    "inv": lambda xp, x, w: _weighed(xp, xp.linalg.inv(x), w),
    "solve": lambda xp, x, w: _weighed(xp, xp.linalg.solve(x, w + x), w),
    "det": lambda xp, x, w: _weighed(xp, xp.linalg.det(x), w),
    "slogdet": lambda xp, x, w: _weighed(xp, xp.linalg.slogdet(x)[0], w) + xp.linalg.slogdet(x)[1],
    "cholesky": lambda xp, x, w: _weighed(xp, xp.linalg.cholesky(x @ xp.conj(x).mT), w),
    "eigh": lambda xp, x, w: _weighed(xp, _rebuilt(xp, *xp.linalg.eigh(x @ xp.conj(x).mT)), w),
    "pinv": lambda xp, x, w: _weighed(xp, xp.linalg.pinv(x), w),
    "nuclear": lambda xp, x, w: xp.linalg.matrix_norm(x, ord="nuc"),
    "spectral": lambda xp, x, w: xp.linalg.matrix_norm(x, ord=2),
    "norm of 3": lambda xp, x, w: xp.linalg.vector_norm(x, ord=3),
    "singular vectors": lambda xp, x, w: _weighed(xp, _polar(xp, *xp.linalg.svd(x, full_matrices=False)), w),
    "qr": lambda xp, x, w: _weighed(xp, xp.linalg.qr(x)[0] + 2 * xp.linalg.qr(x)[1], w),
    "eigvals": lambda xp, x, w: xp.sum(xp.real(xp.linalg.eigvals(x) ** 3)),
    "eig": lambda xp, x, w: xp.sum(xp.abs(xp.linalg.eig(x)[1]) ** 4),
}
# JAX has no gradient of eigenvectors, and eigenvalues of its own order.
JAX = [name for name in FUNCTIONS if name not in ("eigvals", "eig")]


def _weighed(xp: Any, x: Any, w: Any) -> Any:
    return xp.sum(xp.real(x * w))


def _rebuilt(xp: Any, values: Any, vectors: Any) -> Any:
    return (vectors * values**2) @ xp.conj(vectors).mT


def _polar(xp: Any, u: Any, s: Any, vh: Any) -> Any:
    return (u * s[..., None, :] ** 2) @ vh


matrices = pytest.mark.parametrize("x", [SQUARE, COMPLEX], ids=["real", "complex"])


def _weights(x: np.ndarray) -> np.ndarray:
    return WEIGHTS[:3, :3] if x.dtype.kind == "c" else WEIGHTS[:3, :3].real.copy()


@matrices
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_is_that_of_pytorch(name: str, x: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    leaf = torch.tensor(x, requires_grad=True)
    FUNCTIONS[name](torch, leaf, torch.tensor(_weights(x))).backward()

    found = neo.grad(lambda a: FUNCTIONS[name](nep, a, _weights(x)))(x)

    np.testing.assert_allclose(found, leaf.grad.numpy(), **TOLERANCE)


@matrices
@pytest.mark.parametrize("name", JAX)
def test_gradient_is_the_conjugate_of_that_of_jax(name: str, x: np.ndarray) -> None:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        gradient = jax.grad(lambda a: FUNCTIONS[name](jax.numpy, a, _weights(x)))(jax.numpy.asarray(x))

    found = neo.grad(lambda a: FUNCTIONS[name](nep, a, _weights(x)))(x)

    np.testing.assert_allclose(found, np.conj(gradient), **TOLERANCE)


def test_expm_has_the_gradient_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    leaf = torch.tensor(COMPLEX, requires_grad=True)
    _weighed(torch, torch.linalg.matrix_exp(leaf), torch.tensor(_weights(COMPLEX))).backward()

    found = neo.grad(lambda a: _weighed(nep, nep.linalg.expm(a), _weights(COMPLEX)))(COMPLEX)

    scale = float(torch.max(torch.abs(leaf.grad)))
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=0, atol=1e-11 * scale)


@pytest.mark.parametrize("name", ["sqrtm", "logm"])
def test_gradient_of_the_inverse_function_undoes_it(xp: Library, name: str) -> None:
    undo = {"sqrtm": lambda x: x @ x, "logm": nep.linalg.expm}[name]
    x, w = xp.asarray(SQUARE), xp.asarray(_weights(SQUARE))

    found = neo.grad(lambda x: nep.sum(undo(getattr(nep.linalg, name)(x)) * w))(x)

    np.testing.assert_allclose(xp.numpy(found), xp.numpy(w), rtol=0, atol=1e-11)


def test_gradient_of_expm_does_not_depend_on_the_size_of_the_cotangent(xp: Library) -> None:
    x = xp.asarray(SQUARE / 4)
    _, pull = neo.vjp(nep.linalg.expm, x)

    (large,), (small,) = pull(xp.asarray(1e20 * SQUARE)), pull(xp.asarray(1e-20 * SQUARE))

    np.testing.assert_allclose(xp.numpy(large), 1e40 * xp.numpy(small), rtol=1e-13)


@pytest.mark.parametrize("x", [TALL, WIDE, RNG.normal(size=(4, 3)) @ np.diag([1.0, 1.0, 0.0])])
def test_pinv_has_a_gradient_along_matrices_of_one_rank(xp: Library, x: np.ndarray) -> None:
    m, n = x.shape
    left, right, w = RNG.normal(size=(m, m)), RNG.normal(size=(n, n)), RNG.normal(size=(n, m))
    step = 1e-5

    gradient = neo.grad(lambda x: nep.sum(nep.linalg.pinv(x) * xp.asarray(w)))(xp.asarray(x))

    def moved(step: float) -> float:
        y = (np.eye(m) + step * left) @ x @ (np.eye(n) + step * right)
        return float(np.sum(np.linalg.pinv(y, rcond=1e-10) * w))

    slope = (moved(step) - moved(-step)) / (2 * step)
    np.testing.assert_allclose(np.sum(xp.numpy(gradient) * (left @ x + x @ right)), slope, rtol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: nep.linalg.lu_solve(nep.linalg.lu_factor(a), b),
        lambda a, b: nep.linalg.lstsq(a, b).x,
        lambda a, b: nep.linalg.inv(a) @ b,
    ],
)
def test_other_ways_to_solve_have_the_gradients_of_solve(xp: Library, call: Any) -> None:
    a, b, w = xp.asarray(COMPLEX), xp.asarray(COMPLEX[:, 0]), xp.asarray(_weights(COMPLEX)[0])

    def pulled(solver: Any) -> Any:
        _, pull = neo.vjp(solver, a, b)
        return [xp.numpy(g) for g in pull(w)]

    for found, expected in zip(pulled(call), pulled(nep.linalg.solve), strict=True):
        np.testing.assert_allclose(found, expected, **TOLERANCE)


def test_gradient_of_a_stack_is_the_stack_of_gradients(xp: Library) -> None:
    stack = np.stack([SQUARE, SQUARE.T, SQUARE @ SQUARE])

    def f(x: Any) -> Any:
        u, s, vh = nep.linalg.svd(x)
        return nep.sum(_polar(nep, u, s, vh)) + nep.sum(nep.linalg.qr(x).Q) + nep.sum(nep.linalg.det(x))

    found = xp.numpy(neo.grad(f)(xp.asarray(stack)))

    for k in range(3):
        one = xp.numpy(neo.grad(f)(xp.asarray(stack[k])))
        np.testing.assert_allclose(found[k], one, **TOLERANCE)


def test_cholesky_gradient_is_symmetric_though_one_triangle_is_read(xp: Library) -> None:
    x = SQUARE @ SQUARE.T

    gradient = xp.numpy(neo.grad(lambda x: nep.sum(nep.linalg.cholesky(x)))(xp.asarray(x)))

    np.testing.assert_allclose(gradient, gradient.T, rtol=0, atol=1e-14)


def test_matrix_rank_is_a_number_off_every_tape(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.sum(x) * 1.0 * int(nep.linalg.matrix_rank(x)))(xp.asarray(TALL))

    np.testing.assert_array_equal(xp.numpy(gradient), np.full((4, 2), 2.0))


@pytest.mark.parametrize(("name", "turned_back"), [("sqrtm", 1j), ("logm", np.pi * 1j * np.eye(3))])
def test_principal_values_on_the_negative_axis_have_gradients_to_second_order(
    xp: Library, name: str, turned_back: Any
) -> None:
    # -x has its eigenvalues on the positive axis, where sqrtm(x) = i sqrtm(-x), logm(x) = logm(-x) + i pi.
    function = getattr(nep.linalg, name)
    vectors = COMPLEX
    x = xp.asarray(vectors @ np.diag([-1.0, -1.0, -3.0]) @ np.linalg.inv(vectors))
    w, v = xp.asarray(_weights(COMPLEX)), xp.asarray(COMPLEX / 5)
    shift = xp.asarray(turned_back * np.ones((3, 3)))

    def on_the_axis(x: Any) -> Any:
        return nep.sum(nep.real(function(x) * w))

    def off_the_axis(x: Any) -> Any:
        root = function(-x)
        return nep.sum(nep.real((root * shift if name == "sqrtm" else root + shift) * w))

    def both(f: Any) -> Any:
        inner = neo.grad(f)
        return f(x), inner(x), neo.grad(lambda x: nep.sum(nep.real(inner(x) * v)))(x)

    for found, expected in zip(both(on_the_axis), both(off_the_axis), strict=True):
        np.testing.assert_allclose(xp.numpy(found), xp.numpy(expected), rtol=1e-9, atol=1e-10)
