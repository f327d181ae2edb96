"""Views: a part and its array see each other's writes, as NumPy's do, and gradients follow."""

from __future__ import annotations

import gc
import pickle
import random
from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

VALUES = np.arange(1.0, 7.0).reshape(2, 3)

# Views of an array with shape (2, 3), by functions of a namespace, NumPy's or neo's.
VIEWS = {
    "key": lambda xp, x: x[:, 1:],
    "reversed": lambda xp, x: x[::-1, ::2],
    "new axis": lambda xp, x: x[None, 1],
    "T": lambda xp, x: x.T,
    "matrix_transpose": lambda xp, x: xp.matrix_transpose(x),
    "mT": lambda xp, x: x.mT,
    "transpose": lambda xp, x: x.transpose(1, 0),
    "permute_dims": lambda xp, x: xp.permute_dims(x, (1, 0)),
    "moveaxis": lambda xp, x: xp.moveaxis(x, 0, -1),
    "swapaxes": lambda xp, x: xp.swapaxes(x, 0, 1),
    "reshape": lambda xp, x: xp.reshape(x, (3, 2)),
    "reshape of a method": lambda xp, x: x.reshape(6),
    "ravel": lambda xp, x: x.ravel(),
    "ravel of a function": lambda xp, x: xp.ravel(x),
    "expand_dims": lambda xp, x: xp.expand_dims(x, axis=1),
    "squeeze": lambda xp, x: xp.squeeze(x[:1], axis=0),
    "flip": lambda xp, x: xp.flip(x, axis=1),
    "flipud": lambda xp, x: xp.flipud(x),
    "rot90": lambda xp, x: xp.rot90(x),
    "atleast_3d": lambda xp, x: xp.atleast_3d(x),
    "unstack": lambda xp, x: xp.unstack(x, axis=1)[2],
    "split": lambda xp, x: xp.split(x, [1], axis=1)[1],
    "a row in a loop": lambda xp, x: list(x)[1],
    "view of a view": lambda xp, x: xp.reshape(x, (3, 2)).T[1:][0],
}
views = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


def written_into(view: Any, xp: Any, x: Any) -> Any:
    part = view(xp, x)
    part *= 3.0
    part[...] = part * part
    return x


def seen_in(view: Any, xp: Any, x: Any) -> Any:
    part = view(xp, x)
    x[1] = x[0] * 2.0
    x *= x
    return part


@views
@pytest.mark.parametrize("program", [written_into, seen_in])
def test_a_view_and_its_array_see_each_others_writes(program: Any, view: Any, xp: Library) -> None:
    expected = program(view, np, VALUES.copy())

    value = program(view, nep, xp.array(VALUES))

    np.testing.assert_array_equal(xp.numpy(value), expected)


@views
@pytest.mark.parametrize("program", [written_into, seen_in])
def test_gradients_follow_what_is_written(program: Any, view: Any, xp: Library) -> None:
    direction, step = np.linspace(0.5, 1.5, 6).reshape(2, 3), 1e-6
    ends = [float(np.sum(program(view, np, VALUES + s * step * direction) ** 2)) for s in (1, -1)]

    gradient = neo.grad(lambda x: nep.sum(program(view, nep, x) ** 2))(xp.asarray(VALUES))

    np.testing.assert_allclose(
        np.sum(xp.numpy(gradient) * direction), (ends[0] - ends[1]) / (2 * step), rtol=1e-7
    )


@pytest.mark.parametrize("name", ["T", "reshape", "flip", "unstack", "view of a view"])
def test_second_derivatives_and_tangents_follow_too(name: str, xp: Library) -> None:
    def f(x: Any) -> Any:
        return nep.sum(written_into(VIEWS[name], nep, x * 1.0))  # where written, (3x)**2

    values, ones = xp.asarray(VALUES), xp.asarray(np.ones((2, 3)))
    mask = np.zeros((2, 3))
    VIEWS[name](np, mask)[...] = 1.0

    _, tangent = neo.jvp(f, (values,), (ones,))
    twice = neo.grad(lambda x: nep.sum(neo.grad(f)(x)))(values)

    np.testing.assert_allclose(xp.numpy(twice), 18 * mask)
    np.testing.assert_allclose(float(xp.numpy(tangent)), np.sum(np.where(mask, 18 * VALUES, 1)))


def test_a_view_is_written_through_in_every_example(xp: Library) -> None:
    def f(x: Any) -> Any:
        row = x.T[0]
        row += 1.0
        return x

    mapped = neo.vmap(f)(xp.asarray(np.stack([VALUES, 2 * VALUES])))

    np.testing.assert_array_equal(xp.numpy(mapped)[:, :, 0], [[2.0, 5.0], [3.0, 9.0]])


@pytest.mark.parametrize("key", [True, False, (True, 1), (..., True), ([0, 2], True)], ids=str)
def test_a_bool_is_a_mask_without_axes_inside_a_map_too(key: Any, xp: Library) -> None:
    def written(row: Any) -> Any:
        row[key] = 5.0
        return row

    taken = neo.vmap(lambda row: row[key])(xp.asarray(VALUES))
    filled = neo.vmap(written)(xp.asarray(VALUES))

    np.testing.assert_array_equal(xp.numpy(taken), np.stack([row[key] for row in VALUES]))
    np.testing.assert_array_equal(xp.numpy(filled), np.stack([written(row.copy()) for row in VALUES]))


def test_a_part_of_a_part_sees_what_is_written_into_that(xp: Library) -> None:
    x = xp.array(VALUES)
    y = x[1:]
    z = y[0]

    y -= 1.0

    np.testing.assert_array_equal(xp.numpy(z), VALUES[1] - 1)
    np.testing.assert_array_equal(xp.numpy(x)[1], VALUES[1] - 1)


def test_real_and_imaginary_parts_are_views(xp: Library) -> None:
    z = xp.array(np.asarray([1 + 2j, 3 + 4j]))
    real, imaginary = z.real, nep.imag(z)

    real[0] = 5.0
    z[1] = 6.0 + 7.0j
    imaginary *= 2.0

    np.testing.assert_array_equal(xp.numpy(z), [5 + 4j, 6 + 14j])
    np.testing.assert_array_equal(xp.numpy(real), [5.0, 6.0])


@pytest.mark.parametrize("part", ["real", "imag"])
@pytest.mark.parametrize("value", [0.0, np.inf, np.nan, -0.0])
def test_a_write_into_one_part_of_complex_numbers_leaves_all_others(
    part: str, value: float, xp: Library
) -> None:
    expected = np.asarray([1 + 1j, complex(-0.0, np.inf), complex(np.nan, 2), complex(-np.inf, np.nan)])
    z = xp.array(expected)

    getattr(expected, part)[0] = value
    getattr(z, part)[0] = value

    np.testing.assert_array_equal(xp.numpy(z).view(float), expected.view(float))
    np.testing.assert_array_equal(np.signbit(xp.numpy(z).view(float)), np.signbit(expected.view(float)))


def _doubled_imaginary_part(z: Any) -> Any:
    z = z * z
    z.imag[...] *= 2.0
    return z  # of z = a + ib: a**2 - b**2 + 4iab


def test_derivatives_pass_what_is_written_into_a_part_of_complex_numbers(xp: Library) -> None:
    def f(z: Any) -> Any:
        w = _doubled_imaginary_part(z)
        return nep.sum(w.real + 3.0 * w.imag)  # a**2 - b**2 + 12ab

    a, b = np.asarray([1.0, -2.0]), np.asarray([0.5, 3.0])
    z, v = xp.asarray(a + 1j * b), xp.asarray(np.full(2, 1 + 2j))

    gradient, (_, tangent) = neo.grad(f)(z), neo.jvp(f, (z,), (v,))
    twice = neo.grad(lambda z: nep.sum(nep.real(neo.grad(f)(z))))(z)  # of 2a + 12b
    mapped = neo.vmap(_doubled_imaginary_part)(z)

    np.testing.assert_allclose(xp.numpy(gradient), (2 * a + 12 * b) + 1j * (12 * a - 2 * b))
    np.testing.assert_allclose(xp.numpy(tangent), np.sum((2 * a + 12 * b) + 2 * (12 * a - 2 * b)))
    np.testing.assert_allclose(xp.numpy(twice), np.full(2, 2 + 12j))
    np.testing.assert_allclose(xp.numpy(mapped), a**2 - b**2 + 4j * a * b)


def test_what_was_computed_or_saved_from_a_view_stays(xp: Library) -> None:
    def f(x: Any) -> Any:
        x = x * 1.0
        part = x[0]
        squares = part * part
        x[0] = 100.0
        return nep.sum(squares)

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray(VALUES))), [[2.0, 4.0, 6.0], [0, 0, 0]])


def test_a_reshape_that_had_to_copy_is_no_view(xp: Library) -> None:
    x = xp.array(VALUES)
    flat = x.T.reshape(-1)

    flat *= 2.0

    np.testing.assert_array_equal(xp.numpy(x), VALUES)
    np.testing.assert_array_equal(xp.numpy(flat), 2 * VALUES.T.reshape(-1))


def test_copies_are_no_views(xp: Library) -> None:
    x = xp.array(VALUES[0])
    copies = [
        x.copy(),
        x.flatten(),
        x[[0, 1]],
        nep.reshape(x, (3,), copy=True),
        nep.astype(x, x.dtype),
        +x,
        neo.array(x),
    ]
    copies += [
        nep.conj(x),
        nep.meshgrid(x)[0],
        nep.asarray(x, copy=True),
        nep.sort(x),
        x + 0.0,
        nep.pad(x, 0),
        nep.full(3, x),
        np.copy(x),
    ]

    for one in copies:
        one *= 2.0

    np.testing.assert_array_equal(xp.numpy(x), VALUES[0])


def test_parts_that_are_gone_are_forgotten(xp: Library) -> None:
    x = xp.array(VALUES)
    for _ in range(2000):
        x[0]
    gc.collect()

    assert len(x.parts) < 600


def test_an_array_that_has_parts_or_is_one_pickles_as_its_values(xp: Library) -> None:
    x = xp.array(VALUES)
    parts = [x[0], x.T, x.reshape(6), *x]

    copies = pickle.loads(pickle.dumps([x, *parts]))
    copies[0][...] = 0.0

    np.testing.assert_array_equal(xp.numpy(x), VALUES)
    for one, part in zip(copies[1:], parts, strict=True):
        np.testing.assert_array_equal(xp.numpy(one), xp.numpy(part))


def test_a_long_chain_of_views_is_written_through(xp: Library) -> None:
    x = xp.array(VALUES)
    y = x
    for _ in range(2000):
        y = y.T

    y[0, 1] = 9.0
    x[1, 1] = 7.0

    np.testing.assert_array_equal(xp.numpy(x), [[1.0, 9.0, 3.0], [4.0, 7.0, 6.0]])
    np.testing.assert_array_equal(xp.numpy(y), xp.numpy(x))


def _step(r: random.Random, arrays: list[Any], others: list[Any]) -> None:
    """Apply one random view or write to an array of NumPy's and the same to neo's."""
    k = r.randrange(len(arrays))
    x, y = arrays[k], others[k]
    keys = [slice(None), 0, -1, slice(0, 1), slice(None, None, -1), (..., 0), (None, slice(1)), ...]
    key, number, name = r.choice(keys), r.random() + 0.5, r.choice(["view", "view", "set", "add", "multiply"])
    if not x.ndim:
        return
    if name == "view":
        # A reshape of what is turned round may be a copy by one library and a view by another.
        view = VIEWS[r.choice(["new axis", "T", "swapaxes", "expand_dims"])] if x.shape == (2, 3) else None
        take = view or (lambda xp, x: x[key])
        if take(np, x).ndim:
            arrays.append(take(np, x))
            others.append(take(nep, y))
    elif name == "set":
        x[key], y[key] = number, number
    elif name == "add":
        x[key] += number
        y[key] += number
    else:
        x *= number
        y *= number


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_of_views_and_writes_agree_with_numpy(seed: int, xp: Library) -> None:
    r, arrays, others = random.Random(seed), [VALUES.copy()], [xp.array(VALUES)]

    for _ in range(15):
        _step(r, arrays, others)

    for expected, found in zip(arrays, others, strict=True):
        np.testing.assert_allclose(xp.numpy(found), expected, rtol=1e-12)
