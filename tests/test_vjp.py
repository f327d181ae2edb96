"""vjp: the result and a pull-back that may be called again."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


def test_pull_back_gives_one_gradient_per_argument(xp: Library) -> None:
    value, pull = neo.vjp(lambda x, y: x * y, xp.asarray([1.0, 2.0]), xp.asarray([3.0, 4.0]))

    dx, dy = pull(xp.asarray([1.0, 10.0]))

    np.testing.assert_array_equal(xp.numpy(value), [3.0, 8.0])
    np.testing.assert_array_equal(xp.numpy(dx), [3.0, 40.0])
    np.testing.assert_array_equal(xp.numpy(dy), [1.0, 20.0])


def test_pull_back_may_be_called_again(xp: Library) -> None:
    _, pull = neo.vjp(lambda x: nep.exp(x) * x, xp.asarray([1.0, 2.0]))

    first, again = pull(xp.asarray([1.0, 0.5])), pull(xp.asarray([1.0, 0.5]))

    np.testing.assert_array_equal(xp.numpy(first[0]), xp.numpy(again[0]))


def test_scalar_result_takes_a_python_number_as_cotangent(xp: Library) -> None:
    _, pull = neo.vjp(lambda x: nep.sum(x * x), xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(pull(2.0)[0]), [4.0, 8.0])


def test_array_in_gives_array_out(xp: Library) -> None:
    value, pull = neo.vjp(lambda x: x * x, xp.array([1.0, 2.0]))

    assert type(value) is neo.Array
    assert type(pull(value)[0]) is neo.Array


def test_several_results_take_a_cotangent_each(xp: Library) -> None:
    _, pull = neo.vjp(lambda x: (x * x, nep.sum(x)), xp.asarray([1.0, 2.0]))

    (dx,) = pull((xp.asarray([1.0, 1.0]), xp.asarray(10.0)))

    np.testing.assert_array_equal(xp.numpy(dx), [12.0, 14.0])


def test_part_of_several_results_that_is_not_pulled_adds_nothing(xp: Library) -> None:
    _, pull = neo.vjp(lambda x: nep.unstack(x)[1], xp.asarray([1.0, 2.0, 3.0]))

    np.testing.assert_array_equal(xp.numpy(pull(5.0)[0]), [0.0, 5.0, 0.0])


def test_aux_comes_third() -> None:
    value, pull, aux = neo.vjp(lambda x: (x * x, "aux"), 3.0, has_aux=True)

    assert (value, pull(1.0), aux) == (9.0, (6.0,), "aux")


def test_complex_result_takes_a_complex_cotangent(xp: Library) -> None:
    _, pull = neo.vjp(lambda z: z * z, xp.asarray(1 + 2j))

    # The adjoint: conj(2 z) * w.
    assert complex(xp.numpy(pull(xp.asarray(1j))[0])) == np.conj(2 * (1 + 2j)) * 1j


def test_cotangent_of_another_shape_is_refused(xp: Library) -> None:
    _, pull = neo.vjp(lambda x: x * x, xp.asarray([1.0, 2.0]))

    with pytest.raises(ValueError, match=r"shape \(3,\).*expected.*shape \(2,\)"):
        pull(xp.asarray([1.0, 2.0, 3.0]))


def test_cotangent_of_another_dtype_is_refused(xp: Library) -> None:
    _, pull = neo.vjp(lambda x: x * x, xp.asarray([1.0, 2.0]))

    with pytest.raises(ValueError, match=r"float32.*expected float64"):
        pull(xp.asarray([1.0, 2.0], "float32"))


def test_cotangent_in_another_tree_is_refused() -> None:
    _, pull = neo.vjp(lambda x: {"a": x}, 1.0)

    with pytest.raises(ValueError, match="tree"):
        pull({"b": 1.0})


def test_cotangent_of_another_library_is_refused() -> None:
    pytest.importorskip("torch")
    _, pull = neo.vjp(lambda x: x * x, np.ones(2))

    with pytest.raises((TypeError, ValueError)):
        pull(neo.backends.get("torch").asarray([1.0, 1.0]))


def test_pull_back_inside_a_transform_is_differentiated_itself() -> None:
    def slope(x):
        _, pull = neo.vjp(lambda y: y**3, x)
        return pull(1.0)[0]

    assert neo.grad(slope)(2.0) == 12.0


def test_pull_back_is_differentiated_by_its_cotangent(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0])

    gradient = neo.grad(lambda w: nep.sum(neo.vjp(nep.square, x)[1](w)[0]))(xp.asarray([1.0, 1.0]))

    np.testing.assert_array_equal(xp.numpy(gradient), [2.0, 4.0])


def test_cotangent_of_another_library_is_named() -> None:
    torch = pytest.importorskip("torch")
    _, pull = neo.vjp(nep.sin, np.ones(2))

    with pytest.raises(ValueError, match=r"cotangent .* belongs to torch and the result to numpy"):
        pull(torch.ones(2, dtype=torch.float64))
