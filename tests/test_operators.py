"""Operators of arrays: reflected, in place, beside numbers and bare arrays, on every library."""

from __future__ import annotations

import math
import operator as op

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

ARITHMETIC = [op.add, op.sub, op.mul, op.truediv, op.floordiv, op.mod, op.pow]
IN_PLACE = [op.iadd, op.isub, op.imul, op.itruediv, op.ifloordiv, op.imod, op.ipow]
BITWISE = [op.and_, op.or_, op.xor, op.lshift, op.rshift]
COMPARISONS = [op.eq, op.ne, op.lt, op.le, op.gt, op.ge]
X, Y = np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 0.5])

name = pytest.mark.parametrize


@name("f", ARITHMETIC)
def test_operator_of_two_arrays(xp: Library, f) -> None:
    out = f(xp.array(X), xp.array(Y))

    assert type(out) is neo.Array
    np.testing.assert_array_equal(xp.numpy(out), f(X, Y))


@name("f", ARITHMETIC)
@name("number", [2, 0.5])
def test_operator_with_a_python_number_on_either_side(xp: Library, f, number) -> None:
    np.testing.assert_array_equal(xp.numpy(f(xp.array(X), number)), f(X, number))
    np.testing.assert_array_equal(xp.numpy(f(number, xp.array(X))), f(number, X))


@name("number", [2, 0.5])
def test_divmod_gives_both_on_either_side(number, xp: Library) -> None:
    for found, expected in [
        (divmod(xp.array(X), number), divmod(X, number)),
        (divmod(9, xp.array(X)), divmod(9, X)),
    ]:
        np.testing.assert_array_equal([xp.numpy(part) for part in found], expected)


def test_divmod_has_the_gradients_of_its_parts(xp: Library) -> None:
    f = lambda x: sum(divmod(7.0, x))  # noqa: E731  # 7 // x + 7 % x

    assert xp.numpy(neo.grad(f)(xp.asarray(2.0))) == -3


@name("f", [*ARITHMETIC, *COMPARISONS])
def test_operator_with_a_bare_array_on_the_right(xp: Library, f) -> None:
    out = f(xp.array(X), xp.asarray(Y))

    assert type(out) is neo.Array
    np.testing.assert_array_equal(xp.numpy(out), f(X, Y))


@name("f", [*ARITHMETIC, *COMPARISONS])
def test_operator_with_a_numpy_array_on_the_left(f) -> None:
    out = f(X, neo.asarray(Y))

    assert type(out) is neo.Array
    np.testing.assert_array_equal(out.data, f(X, Y))


@name("f", ARITHMETIC)
def test_operator_with_a_numpy_scalar_on_the_left(f) -> None:
    out = f(np.float64(2.0), neo.asarray(Y))

    assert type(out) is neo.Array
    np.testing.assert_array_equal(out.data, f(2.0, Y))


@name("f", ARITHMETIC)
def test_operator_with_a_torch_tensor_on_the_left(f) -> None:
    pytest.importorskip("torch")
    x = neo.backends.get("torch").asarray(X)

    out = f(x, neo.asarray(x + 1))

    assert type(out) is neo.Array
    np.testing.assert_array_equal(out.numpy(), f(X, X + 1))


@name("f", BITWISE)
def test_bitwise_operator_of_integers(xp: Library, f) -> None:
    x, y = np.array([1, 2, 12]), np.array([1, 3, 2])

    np.testing.assert_array_equal(xp.numpy(f(xp.array(x), xp.array(y))), f(x, y))
    np.testing.assert_array_equal(xp.numpy(f(xp.array(x), 1)), f(x, 1))
    np.testing.assert_array_equal(xp.numpy(f(1, xp.array(x))), f(1, x))


@name("f", COMPARISONS)
def test_comparison_gives_an_array_of_bool(xp: Library, f) -> None:
    out = f(xp.array(X), xp.array(Y))

    assert out.dtype == xp.library.dtype("bool")
    np.testing.assert_array_equal(xp.numpy(out), f(X, Y))
    np.testing.assert_array_equal(xp.numpy(f(xp.array(X), 2.0)), f(X, 2.0))


@name("f", [op.neg, op.pos, op.abs])
def test_unary_operator_is_the_librarys(xp: Library, f) -> None:
    np.testing.assert_array_equal(xp.numpy(f(xp.array(-X))), f(-X))


def test_inversion_of_bools_is_not(xp: Library) -> None:
    np.testing.assert_array_equal(xp.numpy(~xp.array([True, False])), [False, True])


def test_matrix_product_with_its_reflected_and_in_place_forms(xp: Library) -> None:
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    x = xp.array(a)

    x @= xp.array(b)

    np.testing.assert_array_equal(xp.numpy(x), a @ b)
    np.testing.assert_array_equal(xp.numpy(xp.array(a) @ xp.asarray(b)), a @ b)
    np.testing.assert_array_equal((a @ neo.asarray(b)).data, a @ b)


@name("f", IN_PLACE)
def test_in_place_operator_keeps_the_object(xp: Library, f) -> None:
    x = xp.array(X)

    out = f(x, xp.array(Y))

    assert out is x
    np.testing.assert_array_equal(xp.numpy(x), f(X.copy(), Y))


@name("f", IN_PLACE)
def test_in_place_operator_leaves_the_callers_bare_array(xp: Library, f) -> None:
    bare = xp.asarray(X)
    x = neo.asarray(bare)

    f(x, 2.0)

    np.testing.assert_array_equal(xp.numpy(bare), X)


def test_in_place_operator_that_would_change_shape_or_dtype_is_refused(xp: Library) -> None:
    x = xp.array(X)
    with pytest.raises(ValueError, match=r"\+= would change"):
        x += xp.array(np.ones((2, 3)))

    k = xp.array(np.array([1, 2]))
    # A strict library refuses the sum itself.
    with pytest.raises((ValueError, TypeError), match=r"\+= would change|no common dtype"):
        k += 0.5


@name("other", ["text", [1.0, 2.0, 3.0], {}])
def test_operator_with_what_is_no_array_is_a_type_error(other) -> None:
    with pytest.raises(TypeError):
        neo.asarray(X) + other


def test_equality_with_what_is_no_array_is_false() -> None:
    assert (neo.asarray(X) == "text") is False
    assert (neo.asarray(X) != None) is True  # noqa: E711


@name("f", [op.add, op.sub, op.mul, op.truediv, op.pow, op.mod])
def test_operator_of_traced_operands_has_a_gradient_on_either_side(xp: Library, f) -> None:
    x, y = xp.asarray(X), xp.array(Y)

    left = neo.grad(lambda x: nep.sum(f(x, y)))(x)
    right = neo.grad(lambda x: nep.sum(f(y, x)))(x)
    both = neo.grad(lambda x: nep.sum(f(x, y) + f(y, x)))(x)

    np.testing.assert_allclose(
        xp.numpy(left) + xp.numpy(right), xp.numpy(both), rtol=4 * np.finfo("float64").eps
    )


def test_gradient_through_a_numpy_array_on_the_left() -> None:
    assert neo.grad(lambda x: nep.sum(Y * x))(X).tolist() == Y.tolist()
    assert neo.grad(lambda x: nep.sum(Y - x))(X).tolist() == [-1.0, -1.0, -1.0]


def test_gradient_through_a_torch_tensor_on_the_left() -> None:
    pytest.importorskip("torch")
    x, y = [neo.backends.get("torch").asarray(v) for v in (X, Y)]

    assert neo.grad(lambda x: nep.sum(y * x))(x).tolist() == Y.tolist()
    assert neo.grad(lambda x: nep.sum(y @ x))(x).tolist() == Y.tolist()


def test_a_comparison_with_an_integer_that_the_dtype_does_not_hold_is_right(xp: Library) -> None:
    x = xp.array(np.asarray([1, 255]), dtype="uint8")

    found = [xp.numpy(y).tolist() for y in (x == -1, x < 300, -1 < x, x >= 1000)]

    assert found == [[False, False], [True, True], [True, True], [False, False]]


def test_the_imaginary_part_of_real_numbers_is_zero_beside_nan_too(xp: Library) -> None:
    found = nep.imag(xp.array(np.asarray([np.nan, np.inf, 1.0])))

    np.testing.assert_array_equal(xp.numpy(found), [0.0, 0.0, 0.0])


NUMBERS = (
    0,
    0.0,
    -0.0,
    1,
    2,
    0.1,
    -3.7,
    1e-45,
    1e38,
    3e38,
    1e39,
    10**30,
    math.inf,
    -math.inf,
    math.nan,
    2**70,
)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("apply", [op.add, op.sub, op.mul, op.truediv])
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning", "ignore:overflow:RuntimeWarning")
def test_a_number_beside_a_traced_array_is_that_number_to_the_last_bit(xp: Library, dtype, apply) -> None:
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp} has no {dtype}")
    x = xp.asarray([0.0, -0.0, 0.1, -1.3, 7.0, np.inf, np.nan], dtype)

    def bits(x):
        return xp.numpy(x).tobytes()

    for number in NUMBERS:
        for f in (lambda x, n=number: apply(x, n), lambda x, n=number: apply(n, x)):
            try:
                plain = f(x)
            except (OverflowError, RuntimeError):
                continue  # a number that the library does not take
            traced, pull = neo.vjp(f, x)
            again, _ = neo.vjp(f, x)
            assert bits(traced) == bits(again) == bits(plain), number
            assert pull(x)[0].dtype == x.dtype


def test_numbers_beside_tensors_do_not_outlive_a_mode_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    fake = pytest.importorskip("torch._subclasses.fake_tensor")
    f = neo.grad(lambda x: (x * 7.03125).sum())

    with torch.inference_mode():
        np.testing.assert_array_equal(f(torch.ones(2)), [7.03125, 7.03125])
    with fake.FakeTensorMode():
        assert tuple(f(torch.ones(2)).shape) == (2,)
        assert tuple(neo.grad(lambda x: (x * 9.03125).sum())(torch.ones(2)).shape) == (2,)
    np.testing.assert_array_equal(f(torch.ones(2)), [7.03125, 7.03125])
