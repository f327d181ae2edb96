"""Which dtype a result has: Python numbers never widen, arrays promote by the standard."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

FLOATING = ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]
NUMBERS = [2, 2.0, True]
FUNCTIONS = {
    "add": lambda x, k: x + k,
    "add from the left": lambda x, k: k + x,
    "multiply": lambda x, k: x * k,
    "divide": lambda x, k: x / k,
    "divide from the left": lambda x, k: k / x,
    "pow": lambda x, k: x**k,
    "nep.add": lambda x, k: nep.add(x, k),
    "nep.multiply": lambda x, k: nep.multiply(k, x),
    "nep.where": lambda x, k: nep.where(x == x, x, k),
}


def _made(xp: Library, dtype: str):
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp.name} has no {dtype}")
    return xp.array(np.array([1.0, 2.0]), dtype)


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_python_number_never_widens(xp: Library, dtype: str, number, f) -> None:
    if number is True and xp.backend == "array_api_strict":
        pytest.skip("the standard leaves a bool beside a float open, and this library refuses it")
    x = _made(xp, dtype)

    assert f(x, number).dtype == x.dtype


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_gradient_beside_a_python_number_keeps_the_dtype(xp: Library, dtype: str, f) -> None:
    x = _made(xp, dtype)

    value, pull = neo.vjp(lambda x: f(x, 2.0), x)

    assert value.dtype == x.dtype
    assert pull(value)[0].dtype == x.dtype


@pytest.mark.parametrize("f", ["sin", "exp", "sqrt", "tanh", "sum", "mean", "prod", "std", "cumulative_sum"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_function_keeps_the_dtype_of_a_real_operand(xp: Library, f: str, dtype: str) -> None:
    x = _made(xp, dtype)

    value, pull = neo.vjp(getattr(nep, f), x)

    assert value.dtype == x.dtype
    assert pull(nep.ones_like(value))[0].dtype == x.dtype


def test_complex_number_beside_a_real_array_gives_the_complex_dtype_of_its_width(xp: Library) -> None:
    x = xp.array(np.array([1.0, 2.0]), "float32")

    assert (x * 2j).dtype == xp.library.dtype("complex64")
    assert neo.grad(lambda x: nep.sum(nep.abs(x * 2j)))(x).dtype == x.dtype


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("float32", "float64", "float64"),
        ("float32", "complex64", "complex64"),
        ("float64", "complex64", "complex128"),
        ("int8", "int32", "int32"),
    ],
)
def test_arrays_promote_by_the_standard(xp: Library, left: str, right: str, expected: str) -> None:
    x, y = xp.array(np.array([1, 2]), left), xp.array(np.array([3, 4]), right)

    assert (x + y).dtype == xp.library.dtype(expected)
    assert nep.multiply(y, x).dtype == xp.library.dtype(expected)
    assert nep.where(x == x, x, y).dtype == xp.library.dtype(expected)


def test_integer_array_beside_a_float_becomes_real() -> None:
    assert (neo.asarray(np.array([1, 2])) + 0.5).tolist() == [1.5, 2.5]
    assert (0.5 * neo.asarray(np.array([1, 2]))).tolist() == [0.5, 1.0]


def test_traced_array_beside_an_integer_array_has_a_gradient() -> None:
    assert neo.grad(lambda x: nep.sum(x * np.array([1, 2])))(np.ones(2)).tolist() == [1.0, 2.0]


def test_mean_of_a_traced_comparison_is_no_part_of_the_gradient(xp: Library) -> None:
    def f(x):
        share = nep.mean(nep.astype(x > 1, x.dtype))
        return nep.sum(x) * share

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([1.0, 2.0]))), [0.5, 0.5])


@pytest.mark.parametrize("dtype", [nep.float32, np.float32, "float32"])
def test_astype_takes_a_dtype_of_any_library_or_its_name(xp: Library, dtype) -> None:
    x = xp.array([1.0, 2.0])

    assert x.astype(dtype).dtype == xp.library.dtype("float32")
    assert nep.astype(x, dtype).dtype == xp.library.dtype("float32")
    assert nep.sum(x, dtype=dtype).dtype == xp.library.dtype("float32")


def test_astype_to_an_integer_dtype_has_no_gradient(xp: Library) -> None:
    def f(x):
        return nep.sum(x * nep.astype(nep.astype(x, "int64"), x.dtype))

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([1.5, 2.5]))), [1.0, 2.0])


def test_sum_with_a_wider_dtype_has_a_gradient_of_the_operands_dtype(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0], "float32")

    assert neo.grad(lambda x: nep.sum(x, dtype=nep.float64))(x).dtype == x.dtype
    assert neo.grad(lambda x: nep.prod(x, dtype=nep.float64))(x).dtype == x.dtype
    assert (
        neo.vjp(lambda x: nep.cumulative_sum(x, dtype=nep.float64), x)[1](xp.asarray([1.0, 1.0]))[0].dtype
        == x.dtype
    )


def test_complex_operand_of_a_real_result_has_a_complex_gradient(xp: Library) -> None:
    z = xp.asarray([1 + 2j], "complex64")

    assert neo.grad(lambda z: nep.sum(nep.abs(z)))(z).dtype == z.dtype
    assert neo.grad(lambda z: nep.sum(nep.imag(z)))(z).dtype == z.dtype
