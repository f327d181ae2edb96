"""neo's functions as JAX functions, and JAX's on neo's tape."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

jax = pytest.importorskip("jax")
bridge = pytest.importorskip("neo.interop.jax")
jnp = jax.numpy

X, W = np.asarray([0.3, -0.7, 1.2], "float32"), np.asarray([0.5, 2.0, -1.0], "float32")
# JAX computes in float32 here; terms are of the order of 1.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def _body(xp, tree, power):
    hidden = xp.tanh(tree["x"] * tree["w"])
    return {"sum": xp.sum(hidden**power), "hidden": hidden, "largest": xp.argmax(hidden)}


def _by_neo(tree, power):
    return _body(nep, tree, power)


def _by_jax(tree, power):
    return _body(jnp, tree, power)


def _loss(f, x, w):
    out = f({"x": x, "w": w}, 3)
    return out["sum"] * (out["hidden"] * x).sum()


def _close(found, expected) -> None:
    for ours, plain in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(plain), **CLOSE)


def test_neo_function_is_compiled_and_differentiated_by_jax() -> None:
    f = bridge.as_jax(_by_neo)

    found = jax.jit(jax.value_and_grad(lambda x, w: _loss(f, x, w), (0, 1)))(X, W)

    _close(found, jax.value_and_grad(lambda x, w: _loss(_by_jax, x, w), (0, 1))(X, W))


def test_neo_function_has_second_derivatives_in_jax() -> None:
    def second(f):
        return jax.grad(lambda x: (jax.grad(lambda x, w: _loss(f, x, w), 1)(x, W) ** 2).sum())(jnp.asarray(X))

    _close(second(bridge.as_jax(_by_neo)), second(_by_jax))


def test_neo_function_is_mapped_by_jax() -> None:
    f = bridge.as_jax(lambda x: nep.sum(x * nep.exp(x)))

    found = jax.vmap(jax.grad(f))(jnp.stack([X, W]))

    _close(found, jnp.stack([(1 + x) * jnp.exp(x) for x in (X, W)]))


def test_result_may_be_told_instead_of_found_out() -> None:
    runs = []

    def f(x):
        runs.append(x.shape)
        return nep.sin(x)

    found = bridge.as_jax(f, result=jax.ShapeDtypeStruct((3,), "float32"))(X)

    _close(found, np.sin(X))
    assert runs == [(3,)]


def test_complex_gradients_have_jaxs_convention() -> None:
    z = jnp.asarray([1 + 2j, 0.5 - 1j])

    found = jax.grad(bridge.as_jax(lambda z: nep.sum(nep.real(z * z * (2 - 1j)))))(z)

    _close(found, jax.grad(lambda z: jnp.sum(jnp.real(z * z * (2 - 1j))))(z))


def _writing(x):
    x[0] = x[1] * 3
    x *= 2
    return nep.sum(nep.sin(x))


def _without_writing(x):
    return jnp.sum(jnp.sin(2 * x.at[0].set(x[1] * 3)))


def test_function_that_writes_is_right_and_leaves_the_array_alone() -> None:
    x = jnp.asarray(X)
    outs = []

    for forward, reverse in (
        (bridge.as_jax(_writing, mode="forward"), bridge.as_jax(_writing)),
        (_without_writing, _without_writing),
    ):
        pushed = jax.jvp(forward, (x,), (jnp.asarray(W),))
        outs.append([reverse(x), jax.jit(jax.grad(reverse))(x), jax.jacrev(jax.grad(reverse))(x), pushed])

    _close(*outs)
    np.testing.assert_array_equal(x, X)


def _order(f, n):
    for _ in range(n):
        f = (lambda g: lambda x: nep.sum(neo.grad(g)(x) * x))(f)
    return neo.grad(f)


@pytest.mark.parametrize("n", [0, 1])
def test_jax_function_on_a_neo_tape(xp: Library, n: int) -> None:
    x, w = xp.asarray(X, "float64"), xp.array(np.asarray(W, "float64"))

    found = _order(lambda x: _loss_of_arrays(bridge.as_neo(jax.jit(_by_jax)), x, w), n)(x)
    plain = _order(lambda x: _loss_of_arrays(_by_neo, x, w), n)(x)

    assert xp.owns(found) or xp.owns(found.data)
    # JAX's float64, since the operands have it.
    np.testing.assert_allclose(np.asarray(neo.asarray(found).numpy()), neo.asarray(plain).numpy(), rtol=1e-9)


def _loss_of_arrays(f, x, w):
    out = f({"x": x, "w": w}, 3)
    return out["sum"] * nep.sum(out["hidden"] * x)


def test_jax_function_in_forward_mode() -> None:
    f = bridge.as_neo(lambda x: jnp.sin(x) * x)

    found = neo.jvp(f, (X,), (W,))[1]

    np.testing.assert_allclose(found, (np.cos(X) * X + np.sin(X)) * W, rtol=1e-6)


def test_jax_function_of_complex_numbers_has_neos_convention() -> None:
    z = np.asarray([1 + 2j, 0.5 - 1j])

    found = neo.grad(lambda z: nep.sum(bridge.as_neo(lambda z: jnp.abs(z * z) ** 2)(z)))(z)

    np.testing.assert_allclose(found, neo.grad(lambda z: nep.sum(abs(z * z) ** 2))(z), rtol=1e-12)


def test_forward_mode_of_jax_pushes_through_a_neo_function_to_third_order() -> None:
    ours = bridge.as_jax(lambda x: {"y": nep.sin(x) * x, "k": nep.argmax(x)}, mode="forward")
    plain = lambda x: {"y": jax.numpy.sin(x) * x, "k": jax.numpy.argmax(x)}  # noqa: E731
    x, v = jax.numpy.asarray([0.3, 1.2, -0.5]), jax.numpy.asarray([1.0, -2.0, 0.5])
    along = lambda f: lambda x: jax.jvp(f, (x,), (v,))[1]  # noqa: E731
    outs = []

    for f in (ours, plain):
        first = along(lambda x, f=f: f(x)["y"])
        pushed = jax.jvp(f, (x,), (v,))[1]
        outs.append(
            [
                pushed["y"],
                jax.jit(along(first))(x),
                along(along(first))(x),
                jax.jacfwd(lambda x, f=f: f(x)["y"])(x),
                jax.vmap(first)(jax.numpy.stack([x, v])),
            ]
        )
        assert pushed["k"].dtype == jax.dtypes.float0

    for a, b in zip(*outs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_another_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="mode is 'reverse' or 'forward', got 'both'"):
        bridge.as_jax(nep.sin, mode="both")


@pytest.mark.parametrize("number", [3.0, 1 + 2j], ids=["real", "complex"])
def test_python_numbers_are_differentiated_by_jax(number) -> None:
    f = bridge.as_jax(lambda z, n: nep.real(z * nep.conj(z)) * n)

    gradient = jax.grad(f)(number, 2)
    pushed = jax.jvp(
        bridge.as_jax(lambda z: nep.real(z * nep.conj(z)), mode="forward"), (number,), (1.0 + 0 * number,)
    )

    np.testing.assert_allclose(gradient, 4 * np.conj(number), rtol=1e-6)
    np.testing.assert_allclose(pushed[1], 2 * np.real(number), rtol=1e-6)
