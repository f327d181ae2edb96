"""Gradients of Python's own numbers: exact with fractions, to any precision with mpmath."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo.testing.conformance import check_backend

mpmath = pytest.importorskip("mpmath")

# One of each kind: see docs/plugin-tables.md for the table of all.
OPERATIONS = [
    "add",
    "cross_entropy",
    "det",
    "adjugate",
    "eig",
    "eigh",
    "fft",
    "getitem",
    "irfftn",
    "matmul",
    "pow",
    "pinv",
    "qr",
    "setitem",
    "solve",
    "svd",
    "where",
]


def test_gradient_of_fractions_is_exact() -> None:
    x = neo.asarray([Fraction(1, 3), Fraction(-2, 7)], backend="mpmath")

    value, gradient = neo.value_and_grad(lambda x: nep.sum(x**3 / (1 + x * x)) * 0.5)(x)

    third, seventh = Fraction(1, 3), Fraction(-2, 7)
    assert gradient.tolist() == [(3 * x**2 + x**4) / (1 + x * x) ** 2 / 2 for x in (third, seventh)]
    assert value.item() == sum([x**3 / (1 + x * x) for x in (third, seventh)]) / 2


def test_hessian_of_a_rational_function_is_exact() -> None:
    x = neo.asarray([Fraction(1, 2), Fraction(1, 3)], backend="mpmath")

    hessian = neo.jacrev(neo.grad(lambda x: x[0] ** 2 * x[1] ** 3))(x)

    a, b = Fraction(1, 2), Fraction(1, 3)
    assert hessian.tolist() == [[2 * b**3, 6 * a * b**2], [6 * a * b**2, 6 * a**2 * b]]


def test_gradient_has_fifty_digits() -> None:
    with mpmath.workdps(50):
        x = neo.asarray(np.asarray([0.25, 1.5]), backend="mpmath")
        found = neo.grad(lambda x: nep.sum(nep.exp(-x) * nep.sin(x * x) / nep.sqrt(x)))(x).numpy()
        expected = [
            mpmath.diff(lambda x: mpmath.exp(-x) * mpmath.sin(x * x) / mpmath.sqrt(x), p) for p in (0.25, 1.5)
        ]

        assert all([abs(a - b) < mpmath.mpf(10) ** -40 for a, b in zip(found, expected, strict=True)])


def test_operations_agree_with_numpy() -> None:
    report = check_backend("mpmath", operations=OPERATIONS)

    assert [row for row in report.rows if row.status != "works"] == []


def test_an_array_of_objects_is_refused_with_what_to_do() -> None:
    with pytest.raises(TypeError, match="its dtype is object"):
        neo.grad(nep.sum)(np.asarray([Fraction(1, 3)], dtype=object))


def test_one_number_is_written_as_a_number() -> None:
    x = neo.asarray([Fraction(1, 3), Fraction(1, 2)], backend="mpmath")

    x[0] = x[1] * 3

    assert x.tolist() == [Fraction(3, 2), Fraction(1, 2)]
    assert (x + x).tolist() == [Fraction(3), Fraction(1)]


SINGULAR = [
    [Fraction(1), Fraction(2), Fraction(3)],
    [Fraction(2), Fraction(4), Fraction(6)],
    [1, 1, Fraction(1, 2)],
]


def test_slopes_of_determinants_of_fractions_are_exact_at_singular_matrices_too() -> None:
    x = neo.asarray(np.asarray(SINGULAR, object), backend="mpmath")
    weights = neo.asarray([Fraction(1), Fraction(2), Fraction(3)], backend="mpmath")

    gradient = neo.grad(nep.linalg.det)(x)
    moved = neo.grad(lambda x: nep.sum(neo.grad(nep.linalg.det)(x) * weights))(x)

    assert gradient.tolist() == [[-4, 5, -2], [2, Fraction(-5, 2), 1], [0, 0, 0]]
    # By differences, which are exact: the cofactors are of the second degree.
    assert moved.tolist() == [[-2, Fraction(5, 2), -1], [2, Fraction(-5, 2), 1], [0, 0, 0]]


def test_numbers_of_mpmath_are_compared_with_fractions() -> None:
    x = neo.asarray([mpmath.mpf(1), mpmath.mpf(2)], backend="mpmath")
    y = neo.asarray([Fraction(1, 2), Fraction(5, 2)], backend="mpmath")

    assert (x > y).tolist() == [True, False]
    assert (y >= x).tolist() == [False, True]


def test_a_transform_keeps_the_sum_of_squares_to_fifty_digits() -> None:
    with mpmath.workdps(50):
        x = neo.asarray(np.asarray([0.3, -1.25, 2.0, 0.1, 5.5]), backend="mpmath")

        gradient = neo.grad(lambda x: nep.sum(nep.abs(nep.fft.fft(x, norm="ortho")) ** 2))(x)

        apart = [
            abs(found - 2 * expected) for found, expected in zip(gradient.numpy(), x.numpy(), strict=True)
        ]
        assert max(apart) < mpmath.mpf(10) ** -47
