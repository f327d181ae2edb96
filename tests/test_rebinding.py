"""Writing into an array gives that object a new value, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

VALUES = np.array([1.0, 2.0, 3.0, 4.0])


def test_writing_leaves_the_bare_array_as_it_was(xp: Library) -> None:
    bare = xp.asarray(VALUES)
    x = neo.asarray(bare)

    x[0] = 10.0

    np.testing.assert_array_equal(xp.numpy(x), [10.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(xp.numpy(bare), VALUES)


def test_a_second_name_and_a_view_see_the_write(xp: Library) -> None:
    x = xp.array(VALUES)
    alias, view = x, x[0:2]

    x[0] = 10.0

    assert alias is x
    np.testing.assert_array_equal(xp.numpy(view), [10.0, 2.0])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (1, 9.0),
        (-1, 9.0),
        (slice(0, 2), 9.0),
        (slice(None, None, -2), [8.0, 9.0]),
        (..., 0.0),
        (np.array([True, False, True, False]), 9.0),
        (np.array([0, 2]), [8.0, 9.0]),
    ],
)
def test_writing_writes_what_numpy_would(xp: Library, key, value) -> None:
    expected = VALUES.copy()
    expected[key] = value
    x = xp.array(VALUES)

    x[xp.asarray(key) if isinstance(key, np.ndarray) else key] = (
        xp.asarray(value) if isinstance(value, list) else value
    )

    np.testing.assert_array_equal(xp.numpy(x), expected)


def test_of_several_values_for_one_position_the_last_stays(xp: Library) -> None:
    x = xp.array(VALUES)

    x[xp.asarray(np.array([1, 1, 0]))] = xp.asarray([7.0, 8.0, 9.0])

    np.testing.assert_array_equal(xp.numpy(x), [9.0, 8.0, 3.0, 4.0])


def test_only_the_value_that_stays_has_a_gradient(xp: Library) -> None:
    def f(v):
        x = xp.array(VALUES)
        x[xp.asarray(np.array([1, 1, 0]))] = v
        return nep.sum(x * xp.array([1.0, 10.0, 100.0, 1000.0]))

    found = neo.grad(f)(xp.asarray([7.0, 8.0, 9.0]))

    np.testing.assert_array_equal(xp.numpy(found), [0.0, 10.0, 1.0])


def test_masked_assignment_in_a_transform_has_a_gradient(xp: Library) -> None:
    def f(x):
        y = x * x
        y[x > 2] = 0.0
        return nep.sum(y)

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray(VALUES))), [2.0, 4.0, 0.0, 0.0])


def test_argument_that_the_function_writes_into_still_gets_its_gradient(xp: Library) -> None:
    def f(x):
        x[0] = 5.0
        x *= 3.0
        return nep.sum(x * x)

    # 9 x**2 from the elements that were kept.
    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray(VALUES))), [0.0, 36.0, 54.0, 72.0])


def test_array_that_the_function_overwrites_does_not_change_for_the_caller(xp: Library) -> None:
    x = xp.array(VALUES)

    def f(x):
        x += 1.0
        return nep.sum(x)

    neo.grad(f)(x)

    np.testing.assert_array_equal(xp.numpy(x), VALUES)


def test_argument_overwritten_by_a_constant_has_a_gradient_of_zero(xp: Library) -> None:
    def f(x):
        x[...] = 0.0
        return nep.sum(x * x)

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray(VALUES))), np.zeros(4))


def test_untraced_array_written_with_a_traced_value_becomes_traced(xp: Library) -> None:
    def f(x):
        out = xp.array(np.zeros(4))
        for k in range(4):
            out[k] = x[k] * x[k]
        return nep.sum(out)

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray(VALUES))), 2 * VALUES)


def test_untraced_array_becomes_traced_by_an_in_place_operator(xp: Library) -> None:
    def f(x):
        total = xp.array(np.zeros(()))
        for k in range(4):
            total += x[k] * x[k]
        return total

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray(VALUES))), 2 * VALUES)


def test_second_derivative_through_writing(xp: Library) -> None:
    def f(x):
        out = xp.array(np.zeros(2))
        out[0] = x * x * x
        out[1] += x * x
        return nep.sum(out)

    assert float(xp.numpy(neo.grad(neo.grad(f))(xp.asarray(2.0)))) == 14.0


def test_inner_transform_writes_into_its_own_array() -> None:
    def f(x):
        def g(y):
            buffer = x * 1.0
            buffer[0] = y
            return nep.sum(buffer * buffer)

        return neo.grad(g)(x[1]) * x[0]

    # d/dy y**2 at y = x_1, times x_0.
    assert neo.grad(f)(np.array([3.0, 4.0])).tolist() == [8.0, 6.0]


def test_traced_value_that_does_not_fit_the_dtype_is_refused(xp: Library) -> None:
    x = xp.array(np.array([1, 2]))

    with pytest.raises(TypeError, match="cannot write"):
        x[0] = xp.array(0.5)


def test_write_that_does_not_fit_the_shape_is_refused(xp: Library) -> None:
    x = xp.array(VALUES)

    with pytest.raises((ValueError, IndexError, RuntimeError)):
        x[0:2] = xp.asarray([1.0, 2.0, 3.0])


def test_write_out_of_range_is_an_index_error(xp: Library) -> None:
    x = xp.array(VALUES)

    with pytest.raises(IndexError):
        x[4] = 0.0


# What is written into a part reaches the array, as it does through NumPy's views.


def _writes_through_two_parts(x):
    first, second = x[0:2], x[1:3]
    first += 1.0
    second *= first
    return x


def _writes_into_a_part_of_a_part(x):
    inner = x[1:][0:2]
    inner[1] = inner[0] * 5.0
    return x


def _adds_in_place_at_a_key(x):
    x[0:2] += x[1:3]
    return x


def _writes_into_a_stale_part(x):
    part = x[0:2]
    x[0] = 7.0
    part[1] = 3.0
    return x


def _writes_rows(x):
    rows = x[None, :] * 1.0
    for row in rows:
        row *= 2.0
    return rows


WRITES = [
    _writes_through_two_parts,
    _writes_into_a_part_of_a_part,
    _adds_in_place_at_a_key,
    _writes_into_a_stale_part,
    _writes_rows,
]


@pytest.mark.parametrize("f", WRITES)
def test_what_is_written_into_a_part_reaches_the_array(xp: Library, f) -> None:
    x = np.asarray([1.0, 2.0, 4.0])
    step = 1e-6

    value, pull = neo.vjp(lambda x: nep.sum(f(x) ** 2), xp.array(x))

    ends = [float(np.sum(f(x + sign * step) ** 2)) for sign in (-1, 1)]
    assert float(xp.numpy(value)) == float(np.sum(f(x.copy()) ** 2))
    np.testing.assert_allclose(
        np.sum(xp.numpy(pull(neo.asarray(xp.asarray(1.0)))[0])), (ends[1] - ends[0]) / (2 * step), rtol=1e-7
    )


def test_part_that_is_copied_or_picked_by_positions_is_no_view(xp: Library) -> None:
    x = xp.array([1.0, 2.0, 4.0])
    copied, picked, number = x[0:2].copy(), x[[0, 1]], x[0]

    copied += 1.0
    picked += 1.0
    number += 1.0

    np.testing.assert_array_equal(xp.numpy(x), [1.0, 2.0, 4.0])


REARRANGED = {
    "permute_dims": lambda xp, x: xp.permute_dims(x, (1, 0))[0, :],
    "moveaxis": lambda xp, x: xp.moveaxis(x, 0, 1)[0, :],
    "reshape": lambda xp, x: xp.reshape(x, (-1,))[:2],
    "flip": lambda xp, x: xp.flip(x, axis=1)[:, 1],
    "expand_dims": lambda xp, x: xp.expand_dims(x, axis=0)[0, ..., 1:],
    "matrix_transpose": lambda xp, x: xp.matrix_transpose(x)[1, :],
}


@pytest.mark.parametrize("name", list(REARRANGED))
def test_code_of_others_writes_through_what_its_namespace_rearranges(xp: Library, name: str) -> None:
    values = np.arange(1.0, 7.0).reshape(2, 3)

    def f(x):
        view = REARRANGED[name](x.__array_namespace__(), x)
        view *= 3.0
        return x

    expected = f(values.copy())
    value, gradient = neo.value_and_grad(lambda x: nep.sum(f(x)))(xp.array(values))

    assert float(xp.numpy(value)) == expected.sum()
    np.testing.assert_array_equal(xp.numpy(gradient), expected / values)
