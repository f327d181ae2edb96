"""Jacobians in reverse mode."""

import numpy as np
import pytest

import neo
import neo.numpy as nep


def test_a_jacobian_has_the_axes_of_the_result_then_of_the_argument(xp):
    x = xp.asarray(np.arange(6.0).reshape(2, 3))

    found = neo.jacrev(lambda x: nep.sum(x * x, axis=1))(x)

    expected = np.zeros((2, 2, 3))
    expected[0, 0], expected[1, 1] = 2 * np.arange(3.0), 2 * np.arange(3.0, 6.0)
    np.testing.assert_array_equal(xp.numpy(found), expected)


def test_trees_nest_the_argument_inside_the_result():
    def f(p):
        return {"sum": p["a"] + p["b"], "none": p["b"] * 0.0 + 1.0}

    found = neo.jacrev(f)({"a": np.ones(2), "b": np.ones(2)})

    np.testing.assert_array_equal(found["sum"]["a"], np.eye(2))
    np.testing.assert_array_equal(found["none"]["a"], np.zeros((2, 2)))


def test_several_arguments_give_a_tuple_and_aux_is_handed_on():
    (to_x, to_y), aux = neo.jacrev(lambda x, y: (x * y, "aux"), argnums=(0, 1), has_aux=True)(
        np.array([1.0, 2.0]), np.array([3.0, 4.0])
    )

    np.testing.assert_array_equal(to_x, np.diag([3.0, 4.0]))
    np.testing.assert_array_equal(to_y, np.diag([1.0, 2.0]))
    assert aux == "aux"


def test_a_hessian_is_the_jacobian_of_a_gradient():
    x = np.array([1.0, 2.0])

    found = neo.jacrev(neo.grad(lambda x: nep.sum(x) ** 3))(x)

    np.testing.assert_allclose(found, np.full((2, 2), 18.0))


def test_a_jacobian_of_a_jacobian_is_right():
    found = neo.jacrev(neo.jacrev(lambda x: x**3))(np.array([1.0, 2.0]))

    expected = np.zeros((2, 2, 2))
    expected[0, 0, 0], expected[1, 1, 1] = 6.0, 12.0
    np.testing.assert_allclose(found, expected)


def test_a_result_without_elements_has_a_jacobian_without_rows():
    found = neo.jacrev(lambda x: x[:0])(np.ones(3))

    assert found.shape == (0, 3)


def test_a_complex_result_is_refused():
    with pytest.raises(TypeError, match="vjp"):
        neo.jacrev(lambda x: x * 1j)(np.ones(2))
