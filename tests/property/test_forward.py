"""Forward mode against reverse mode, over every operation: the adjoint, and each order of nesting."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.cases import CASES, COMPLEX_CASES, Case
from support.differences import assert_near, direction, inner, rounding, size_of_inner
from support.libraries import Library
from support.pulling import Operation
from support.walking import one_each, walks


@walks(CASES, "numpy", "array-api-strict", "torch")
def test_push_is_the_adjoint_of_the_pull_back(xp: Library, case: Case, shapes: Any, number: int) -> None:
    _assert_adjoint(xp, case, case.operands(shapes, number), number)


@walks(COMPLEX_CASES, "numpy", "torch")
def test_push_of_complex_tangents_is_the_adjoint_of_the_pull_back(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    _assert_adjoint(xp, case, case.operands(shapes, number, "complex128"), number)


@walks(one_each(CASES), "numpy", "torch")
def test_forward_over_reverse_and_reverse_over_forward_are_reverse_over_reverse(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    _assert_second_order(xp, case, case.operands(shapes, number), number)


@walks(one_each(COMPLEX_CASES), "numpy")
def test_second_derivatives_of_complex_operands_are_the_same_in_every_order(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    _assert_second_order(xp, case, case.operands(shapes, number, "complex128"), number)


def _assert_adjoint(xp: Library, case: Case, xs: Any, number: int) -> None:
    """Assert <w, J v> = <J* w, v> to the rounding of what the inner products add up."""
    operation = Operation(case, xp)
    rng = np.random.default_rng(number)
    vs, ws = direction(rng, xs), direction(rng, operation(xs))

    pushed = operation.pushed(xs, vs)

    gradients = operation.pulled(xs, ws)
    scale = size_of_inner(pushed, ws) + size_of_inner(gradients, vs)
    assert abs(inner(pushed, ws) - inner(gradients, vs)) <= rounding(*[x.dtype for x in (*xs, *ws)]) * scale


def _assert_second_order(xp: Library, case: Case, xs: Any, number: int) -> None:
    """Assert that the gradient of <w, J v> is the same in every mix of forward and reverse."""
    operation = Operation(case, xp)
    rng = np.random.default_rng(number)
    vs, ws, us = direction(rng, xs), direction(rng, operation(xs)), direction(rng, xs)

    found = [operation.pull_pushed(xs, ws, vs), operation.push_pulled(xs, ws, vs)]

    twice = lambda xs: operation.pulled_twice(xs, ws, vs)[: case.arity]  # noqa: E731
    expected = twice(xs)
    scale = size_of_inner(expected, us) + size_of_inner(operation.pulled(xs, ws), us)
    tolerance = rounding(*[x.dtype for x in (*xs, *ws)]) * scale
    for gradients in found:
        # What cancels inside, as on the diagonal of corrcoef, is no part of the scale.
        assert_near(inner(gradients, us), inner(expected, us), tolerance, lambda xs: inner(twice(xs), us), xs)
