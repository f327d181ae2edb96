"""Every gradient agrees with finite differences: first and second order, real and complex."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.cases import CASES, COMPLEX_CASES, Case
from support.differences import assert_slope, direction, inner, rounding, size_of_inner
from support.libraries import Library
from support.pulling import Operation
from support.walking import walks


@walks(CASES)
def test_gradient_agrees_with_finite_differences(xp: Library, case: Case, shapes: Any, number: int) -> None:
    _first_order(xp, case, shapes, number, "float64")


@walks(COMPLEX_CASES)
def test_complex_pull_back_is_the_adjoint_of_the_slope(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    _first_order(xp, case, shapes, number, "complex128")


@walks(CASES)
def test_gradient_of_the_gradient_agrees_with_finite_differences(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    _second_order(xp, case, shapes, number, "float64")


@walks(COMPLEX_CASES)
def test_complex_gradient_of_the_gradient_agrees_with_finite_differences(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    _second_order(xp, case, shapes, number, "complex128")


@walks(CASES)
def test_the_hessian_is_symmetric(xp: Library, case: Case, shapes: Any, number: int) -> None:
    operation, xs, ws, rng = _drawn(xp, case, shapes, number, "float64")
    us, vs = direction(rng, xs), direction(rng, xs)

    forward = operation.pulled_twice(xs, ws, us)[: case.arity]
    backward = operation.pulled_twice(xs, ws, vs)[: case.arity]

    scale = size_of_inner(forward, vs) + size_of_inner(backward, us)
    scale += _size_of_terms(operation.pulled(xs, ws), xs, us, vs)
    tolerance = rounding("float64", *[w.dtype for w in ws]) * scale
    assert abs(inner(forward, vs) - inner(backward, us)) <= tolerance


def _size_of_terms(gradients: Any, xs: Any, us: Any, vs: Any) -> float:
    """Return the size of what may cancel in a second derivative: a gradient over an operand.

    Where the Hessian is zero, as an adjugate's of length 2, rounding is all that is left of them.
    """
    sizes = [np.linalg.norm([np.linalg.norm(x) for x in arrays]) for arrays in (gradients, us, vs)]
    return float(np.prod(sizes)) / (max([float(np.max(np.abs(x), initial=0)) for x in xs]) or 1.0)


def _drawn(xp: Library, case: Case, shapes: Any, number: int, dtype: str) -> Any:
    """Return the operation, operands, cotangents and the generator that they came from."""
    operation = Operation(case, xp)
    xs = case.operands(shapes, number, dtype)
    rng = np.random.default_rng(number)
    return operation, xs, direction(rng, operation(xs)), rng


def _first_order(xp: Library, case: Case, shapes: Any, number: int, dtype: str) -> None:
    operation, xs, ws, rng = _drawn(xp, case, shapes, number, dtype)

    gradients = operation.pulled(xs, ws)

    assert_slope(operation, xs, direction(rng, xs), ws, gradients)


def _second_order(xp: Library, case: Case, shapes: Any, number: int, dtype: str) -> None:
    """Compare the gradient of <us, pulled(xs, ws)>, to xs and ws at once, with its slope."""
    operation, xs, ws, rng = _drawn(xp, case, shapes, number, dtype)
    us = direction(rng, xs)

    gradients = operation.pulled_twice(xs, ws, us)

    both = [*xs, *ws]
    assert_slope(
        lambda arrays: operation.pulled(arrays[: case.arity], arrays[case.arity :]),
        both,
        direction(rng, both),
        us,
        gradients,
    )
