"""The gradient conventions of the documentation, row by row, on every library."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.functions as nn
import neo.numpy as nep

INF, NAN = np.inf, np.nan


def _gradient(xp: Library, f, *operands):
    """Return the gradients of the sum of f's result, one per operand, as NumPy arrays."""
    arrays = [xp.asarray(np.asarray(x) * 1.0) for x in operands]
    gradients = neo.grad(lambda *xs: nep.sum(f(*xs)), argnums=tuple(range(len(arrays))))(*arrays)
    return [xp.numpy(g).tolist() for g in gradients]


def _weighed_sort(x):
    ordered = nep.sort(x)
    return ordered[0] + 10 * ordered[1]


# name: function, operands, gradients.
FIRST_ORDER = {
    "max splits ties": (nep.max, [[1, 3, 3]], [[0, 0.5, 0.5]]),
    "min splits ties": (nep.min, [[1, 3, 1]], [[0.5, 0, 0.5]]),
    "max along an axis splits ties": (
        lambda x: nep.max(x, axis=1),
        [[[2, 2], [1, 3]]],
        [[[0.5, 0.5], [0, 1]]],
    ),
    "maximum splits a tie": (nep.maximum, [[1, 2], [1, 1]], [[0.5, 1], [0.5, 0]]),
    "minimum splits a tie": (nep.minimum, [[1, 2], [1, 1]], [[0.5, 0], [0.5, 1]]),
    "sort keeps ties in order": (_weighed_sort, [[2, 2]], [[1, 10]]),
    "abs at 0": (nep.abs, [[0, -0.0, -2]], [[0, 0, -1]]),
    "sign at 0": (nep.sign, [[0, 2]], [[0, 0]]),
    "relu at 0": (nn.relu, [[0, 1, -1]], [[0, 1, 0]]),
    "clip at its bounds": (lambda x: nep.clip(x, 0.0, 1.0), [[-1, 0, 0.5, 1, 2]], [[0, 1, 1, 1, 0]]),
    "sqrt at 0": (nep.sqrt, [[0]], [[INF]]),
    "power of one half at 0": (lambda x: x**0.5, [[0]], [[INF]]),
    "std of a constant": (nep.std, [[2, 2, 2]], [[0, 0, 0]]),
    "hypot at the origin": (nep.hypot, [[0], [0]], [[0], [0]]),
    "atan2 at the origin": (nep.atan2, [[0], [0]], [[0], [0]]),
    "pow at (0, 0)": (nep.pow, [[0], [0]], [[0], [0]]),
    "pow at x = 0, y > 0": (nep.pow, [[0], [2]], [[0], [0]]),
    "pow at x = 0, y = 1": (nep.pow, [[0], [1]], [[1], [0]]),
    "pow at x < 0": (nep.pow, [[-2], [2]], [[-4], [NAN]]),
    "x**0 at 0": (lambda x: x**0, [[0, 1]], [[0, 0]]),
    "x**1 at 0": (lambda x: x**1, [[0, 1]], [[1, 1]]),
    "x**2 at 0": (lambda x: x**2, [[0, 1]], [[0, 2]]),
    "prod with a zero": (nep.prod, [[2, 0, 3]], [[0, 6, 0]]),
    "prod with two zeros": (nep.prod, [[0, 0, 3]], [[0, 0, 0]]),
    "cumulative_prod with a zero": (nep.cumulative_prod, [[2, 0, 3]], [[1, 8, 0]]),
    "cumulative_prod with two zeros": (nep.cumulative_prod, [[0, 0, 3]], [[1, 0, 0]]),
    "logaddexp at (-inf, -inf)": (nep.logaddexp, [[-INF], [-INF]], [[0.5], [0.5]]),
    "logaddexp with one -inf": (nep.logaddexp, [[-INF], [1]], [[0], [1]]),
    "logsumexp of all -inf": (nn.logsumexp, [[-INF, -INF]], [[0.5, 0.5]]),
    "remainder": (nep.remainder, [[7], [2]], [[1], [-3]]),
    "remainder of a negative number": (nep.remainder, [[-7], [2]], [[1], [4]]),
    "floor_divide": (nep.floor_divide, [[7], [2]], [[0], [0]]),
    "round, floor, ceil, trunc": (
        lambda x: nep.round(x) + nep.floor(x) + nep.ceil(x) + nep.trunc(x),
        [[0.3]],
        [[0]],
    ),
    "sum of nothing": (nep.sum, [np.zeros((0, 2))], [np.zeros((0, 2)).tolist()]),
    "prod of nothing": (nep.prod, [np.zeros(0)], [[]]),
    "unused argument": (lambda x, y: x, [[1], [[1, 2]]], [[1], [[0, 0]]]),
    "infinite slope in the branch not taken": (
        lambda x: nep.where(x > 0, nep.sqrt(x), 0 * x),
        [[0, 4]],
        [[NAN, 0.25]],
    ),
}

# x**n and its kind keep their second derivative where the first is zero.
SECOND_ORDER = {
    "x**0 at 0": (lambda x: x**0, 0.0, 0.0),
    "x**1 at 0": (lambda x: x**1, 0.0, 0.0),
    "x**2 at 0": (lambda x: x**2, 0.0, 2.0),
    "x**3 at 0": (lambda x: x**3, 0.0, 0.0),
    "x**2.0 at 0": (lambda x: x**2.0, 0.0, 2.0),
    "array exponent 2 at 0": (lambda x: nep.pow(x, x * 0 + 2.0), 0.0, 2.0),
    "square at 0": (nep.square, 0.0, 2.0),
    "prod with a zero": (lambda x: nep.prod(nep.stack([x, x, x + 1])), 0.0, 2.0),
    "prod with two zeros": (lambda x: nep.prod(nep.stack([x, x])), 0.0, 2.0),
    "cumulative_prod with zeros": (
        lambda x: nep.sum(nep.cumulative_prod(nep.stack([x, x, x + 1]))),
        0.0,
        4.0,
    ),
    "abs at 0": (nep.abs, 0.0, 0.0),
    "relu at 0": (nn.relu, 0.0, 0.0),
    "logaddexp in a tie": (lambda x: nep.logaddexp(x, 0 * x), 0.0, 0.25),
}


@pytest.mark.parametrize(("f", "operands", "expected"), FIRST_ORDER.values(), ids=FIRST_ORDER)
def test_gradient_by_convention(xp: Library, f, operands, expected) -> None:
    for found, wanted in zip(_gradient(xp, f, *operands), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("f", "x", "expected"), SECOND_ORDER.values(), ids=SECOND_ORDER)
def test_second_derivative_by_convention(xp: Library, f, x, expected) -> None:
    found = neo.grad(neo.grad(f))(xp.asarray(x))

    assert float(xp.numpy(found)) == expected


def test_slope_of_an_infinite_value_is_zero_where_the_caller_asks(xp: Library) -> None:
    f = lambda x: nep.sum(nep.where(x > 0, nep.sqrt(x), 0 * x))  # noqa: E731

    found = neo.grad(f, zero_times_inf="zero")(xp.asarray([0.0, 4.0]))

    np.testing.assert_array_equal(xp.numpy(found), [0.0, 0.25])


def test_abs_of_a_complex_zero_has_a_gradient_of_zero(xp: Library) -> None:
    found = neo.grad(lambda z: nep.sum(nep.abs(z)))(xp.asarray([0j, 3 + 4j]))

    np.testing.assert_allclose(xp.numpy(found), [0, 0.6 + 0.8j], rtol=4e-16)


def test_gradient_of_the_squared_modulus_is_the_direction_of_ascent(xp: Library) -> None:
    found = neo.grad(lambda z: nep.abs(z) ** 2)(xp.asarray(1 + 2j))

    np.testing.assert_allclose(xp.numpy(found), 2 + 4j, rtol=4e-16)


def test_complex_gradient_descends(xp: Library) -> None:
    loss = lambda z: nep.abs(z * z - 1j) ** 2  # noqa: E731
    z = xp.array(1 + 0.2j)
    before, gradient = neo.value_and_grad(loss)(z)

    after = loss(z - 0.01 * gradient)

    assert float(xp.numpy(after)) < float(xp.numpy(before))


def test_position_taken_twice_adds_up(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0])

    found = neo.grad(lambda x: nep.sum(x[xp.asarray(np.array([0, 0]))]))(x)

    np.testing.assert_array_equal(xp.numpy(found), [2.0, 0.0])


@pytest.mark.parametrize("f", [nep.max, nep.min])
def test_extremum_of_nothing_is_a_value_error(xp: Library, f) -> None:
    with pytest.raises(ValueError, match="no elements"):
        neo.grad(f)(xp.asarray(np.zeros(0)))


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_mean_of_nothing_has_an_empty_gradient(xp: Library) -> None:
    found = neo.grad(nep.mean)(xp.asarray(np.zeros(0)))

    assert tuple(found.shape) == (0,)
