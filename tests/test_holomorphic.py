"""holomorphic=True gives f'(z), to every order, and refuses what is real."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

Z = np.array([0.3 + 0.4j, -1.2 + 0.7j])


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (lambda z: z**3, lambda z: 3 * z**2),
        (nep.exp, np.exp),
        (lambda z: nep.sin(z) / z, lambda z: np.cos(z) / z - np.sin(z) / z**2),
        (lambda z: nep.log(z * (2 - 1j)), lambda z: 1 / z),
    ],
)
def test_derivative_of_a_holomorphic_function_is_the_textbook_s(xp: Library, f, derivative) -> None:
    found = neo.grad(lambda z: nep.sum(f(z)), holomorphic=True)(xp.asarray(Z))

    np.testing.assert_allclose(xp.numpy(found), derivative(Z), rtol=1e-14)


def test_derivatives_nest(xp: Library) -> None:
    f = lambda z: z**4 * (1 + 2j)  # noqa: E731
    for _ in range(3):
        f = neo.grad(f, holomorphic=True)

    np.testing.assert_allclose(xp.numpy(f(xp.asarray(1j))), 24j * (1 + 2j), rtol=1e-14)


def test_value_comes_with_the_derivative_of_every_argument(xp: Library) -> None:
    both = neo.value_and_grad(lambda z, tree: z * tree["w"], argnums=(0, 1), holomorphic=True)

    value, (dz, tree) = both(xp.asarray(1 + 1j), {"w": xp.asarray(2j)})

    assert [complex(xp.numpy(x)) for x in (value, dz, tree["w"])] == [2j - 2, 2j, 1 + 1j]


JACOBIANS = [neo.jacrev, neo.jacfwd, neo.jacobian]


@pytest.mark.parametrize("transform", JACOBIANS)
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_jacobian_of_a_holomorphic_function_is_the_complex_one(xp: Library, transform, rows: int) -> None:
    a = np.array([[1j, 2.0], [3.0, 4 - 1j], [0.5, 2j]])[:rows]

    found = transform(lambda z: xp.array(a) @ (z * z), holomorphic=True)(xp.asarray(Z))

    np.testing.assert_allclose(xp.numpy(found), a * (2 * Z), rtol=1e-14)


@pytest.mark.parametrize("rows", [1, 3])
def test_value_comes_with_the_jacobian_of_a_holomorphic_function(xp: Library, rows: int) -> None:
    a = np.array([[1j, 2.0], [3.0, 4 - 1j], [0.5, 2j]])[:rows]

    value, found = neo.value_and_jacobian(lambda z: xp.array(a) @ (z * z), holomorphic=True)(xp.asarray(Z))

    np.testing.assert_allclose(xp.numpy(value), a @ Z**2, rtol=1e-14)
    np.testing.assert_allclose(xp.numpy(found), a * (2 * Z), rtol=1e-14)


def test_hessian_of_a_holomorphic_function_is_its_second_derivative(xp: Library) -> None:
    f = lambda z: nep.exp(z[0] * z[1]) * (1 + 2j)  # noqa: E731

    found = neo.hessian(f, holomorphic=True)(xp.asarray(Z))

    x, y = Z
    factors = np.array([[y * y, 1 + x * y], [1 + x * y, x * x]])
    np.testing.assert_allclose(xp.numpy(found), (1 + 2j) * np.exp(x * y) * factors, rtol=1e-13)


def test_a_python_complex_number_has_a_forward_jacobian() -> None:
    assert complex(neo.jacfwd(lambda z: z**3, holomorphic=True)(1 + 1j)) == 6j


@pytest.mark.parametrize("transform", [neo.grad, neo.value_and_grad, *JACOBIANS])
def test_real_numbers_are_refused(xp: Library, transform) -> None:
    with pytest.raises(TypeError, match="needs complex arguments, got float64"):
        transform(lambda x: nep.sum(x * 1j), holomorphic=True)(xp.asarray([1.0]))
    with pytest.raises(TypeError, match="needs complex results, got float64"):
        transform(lambda z: nep.sum(nep.abs(z)), holomorphic=True)(xp.asarray(Z))
    with pytest.raises(TypeError, match="complex128" if transform in JACOBIANS else "holomorphic=True where"):
        transform(nep.sum)(xp.asarray(Z))
