"""autograd.session.value_and_grad: any result, every floating argument, gradients by name."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import autograd
from neo.functions import neo_function

SEED = np.random.default_rng(0)
X, Y, B = SEED.standard_normal((3, 4)), SEED.standard_normal((4, 2)), SEED.standard_normal(2)


class Affine(autograd.Policy):
    def forward(self, X, Y, b):
        self.ctx.save(X, Y, b)
        return (X @ Y) + b

    def backward(self, grad):
        X, Y, b = self.ctx.release  # a property
        return grad @ Y.T, X.T @ grad, grad.sum(axis=0) if b.size > 1 else grad.sum()


def test_the_seed_program_runs(xp: Library) -> None:
    with neo.backends.use(xp.backend):
        X, Y, b = [neo.randn(s, device=xp.device) for s in ((3, 4), (4, 2), (2,))]
        out, grads = autograd.session.value_and_grad(neo_function(Affine))(X, Y, b)

    assert tuple(out.shape) == (3, 2)
    assert [tuple(g.shape) for g in grads.values()] == [(3, 4), (4, 2), (2,)]
    assert isinstance(X.to("cpu").numpy(), np.ndarray)


def test_the_seed_programs_gradients_equal_those_of_jax(xp: Library) -> None:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        expected = jax.grad(lambda X, Y, b: ((X @ Y) + b).sum(), argnums=(0, 1, 2))(X, Y, B)
        expected = [np.asarray(x) for x in expected]

    _, grads = autograd.session.value_and_grad(neo_function(Affine))(*map(xp.asarray, (X, Y, B)))

    assert list(grads) == ["X", "Y", "b"]
    for found, wanted in zip(grads.values(), expected, strict=True):
        # Sums of at most four products.
        np.testing.assert_allclose(xp.numpy(found), wanted, rtol=0, atol=16 * np.finfo("float64").eps)


def test_result_of_any_shape_is_seeded_with_ones(xp: Library) -> None:
    value, grads = autograd.session.value_and_grad(lambda x: x * x)(xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(value), [1.0, 4.0])
    np.testing.assert_array_equal(xp.numpy(grads["x"]), [2.0, 4.0])


def test_every_result_is_seeded(xp: Library) -> None:
    _, grads = autograd.session.value_and_grad(lambda x: (x * x, {"b": 3 * x}))(xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(grads["x"]), [5.0, 7.0])


def test_gradients_come_in_the_order_of_the_parameters() -> None:
    one = np.ones(())

    _, grads = autograd.session.value_and_grad(lambda a, b, c: a * b * c)(c=one, b=one, a=one)

    assert list(grads) == ["a", "b", "c"]


def test_arguments_without_a_gradient_are_passed_on(xp: Library) -> None:
    def f(x, labels, name, scale):
        return x[labels] * scale

    labels = xp.asarray(np.array([0, 0]))

    _, grads = autograd.session.value_and_grad(f)(xp.asarray([1.0, 2.0]), labels, "n", 3)

    assert list(grads) == ["x"]
    np.testing.assert_array_equal(xp.numpy(grads["x"]), [6.0, 0.0])


def test_variadic_arguments_are_numbered() -> None:
    _, grads = autograd.session.value_and_grad(lambda x, *rest: x * rest[0] * rest[1])(*np.ones((3, 1)))

    assert list(grads) == ["x", "rest[0]", "rest[1]"]


def test_tree_argument_has_a_gradient_in_its_tree() -> None:
    _, grads = autograd.session.value_and_grad(lambda p: p["w"] * 2)({"w": np.ones(2), "b": None})

    assert grads["p"]["w"].tolist() == [2.0, 2.0]


def test_unused_argument_has_zeros(xp: Library) -> None:
    _, grads = autograd.session.value_and_grad(lambda x, y: x)(xp.asarray([1.0]), xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(grads["y"]), [0.0, 0.0])


def test_no_array_to_differentiate_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"no argument .*holds a real or complex array; got int 3"):
        autograd.session.value_and_grad(lambda x: x)(3)


def test_result_that_is_no_array_is_an_error() -> None:
    with pytest.raises(TypeError, match="str 'text'"):
        autograd.session.value_and_grad(lambda x: "text")(np.ones(2))


def test_session_inside_a_transform_is_differentiated(xp: Library) -> None:
    def f(x):
        return nep.sum(autograd.session.value_and_grad(lambda y: y**3)(x)[1]["y"])

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([1.0, 2.0]))), [6.0, 12.0])


def test_arrays_beside_others_in_a_tree_are_differentiated(xp: Library) -> None:
    x, labels = xp.asarray([1.0, 2.0]), xp.asarray(np.array([1, 0]))

    def f(x, p):
        return nep.multiply(nep.multiply(x, p["w"]), p["n"]) if p["name"] == "relu" else p["labels"]

    parameters = {"w": x, "n": 3, "labels": labels, "name": "relu", "none": None}
    value, gradients = autograd.session.value_and_grad(f)(x, p=parameters)

    np.testing.assert_array_equal(xp.numpy(value), [3, 12])
    np.testing.assert_array_equal(xp.numpy(gradients["x"]), [3, 6])
    np.testing.assert_array_equal(xp.numpy(gradients["p"]["w"]), [3, 6])
    assert {name for name, g in gradients["p"].items() if g is None} == {"n", "labels", "name", "none"}


def test_results_without_a_gradient_are_an_error(xp: Library) -> None:
    for f in (nep.argmax, lambda x: (x > 0, x < 1), lambda x: None):
        with pytest.raises(TypeError, match=r"returned .*, which has no gradient; return a real or complex"):
            autograd.session.value_and_grad(f)(xp.asarray([1.0, 2.0]))
