"""Laws that every pull-back keeps: it is linear, it chains, it writes into nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.cases import CASES, Case
from support.differences import assert_close, direction, inner, rounding, size_of_inner
from support.libraries import Library
from support.pulling import Operation
from support.walking import walks

import neo
import neo.numpy as nep


@walks(CASES)
def test_pull_back_is_linear_in_the_cotangent(xp: Library, case: Case, shapes: Any, number: int) -> None:
    operation, xs, ws, rng = _drawn(xp, case, shapes, number)
    us = direction(rng, ws)

    together = operation.pulled(xs, [2 * w - 3 * u for w, u in zip(ws, us, strict=True)])

    parts = zip(operation.pulled(xs, ws), operation.pulled(xs, us), strict=True)
    for found, (of_w, of_u) in zip(together, parts, strict=True):
        assert_close(found, 2 * of_w - 3 * of_u, _tolerance(2 * of_w, 3 * of_u, *ws, *us))


@walks(CASES)
def test_zero_cotangent_gives_zero(xp: Library, case: Case, shapes: Any, number: int) -> None:
    operation, xs, ws, _ = _drawn(xp, case, shapes, number)

    found = operation.pulled(xs, [np.zeros_like(w) for w in ws])

    for dx, x in zip(found, xs, strict=True):
        np.testing.assert_array_equal(dx, np.zeros_like(x))


@walks(CASES)
def test_pull_back_is_the_adjoint_of_the_push_forward(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    operation, xs, ws, rng = _drawn(xp, case, shapes, number)
    vs = direction(rng, xs)

    # The pull-back of the pull-back, which is linear in the cotangents, pushes tangents forward.
    pushed = operation.pulled_twice(xs, ws, vs)[case.arity :]

    gradients = operation.pulled(xs, ws)
    scale = size_of_inner(pushed, ws) + size_of_inner(gradients, vs)
    tolerance = rounding(*[x.dtype for x in (*xs, *ws)]) * scale
    assert abs(inner(pushed, ws) - inner(gradients, vs)) <= tolerance


@walks(CASES)
def test_pull_back_of_a_composition_is_the_composition_of_pull_backs(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    operation, xs, ws, _ = _drawn(xp, case, shapes, number)
    halves = [x / 2 for x in xs]
    f = operation.function
    operation.function = lambda *halves: tuple([nep.sin(out) for out in f(*[2 * x for x in halves])])

    found = operation.pulled(halves, ws)

    operation.function = f
    inner_cotangents = [w * np.conj(np.cos(out)) for w, out in zip(ws, operation(xs), strict=True)]
    for dx, expected in zip(found, operation.pulled(xs, inner_cotangents), strict=True):
        assert_close(dx, 2 * expected, _tolerance(expected, *ws))


@walks(CASES)
def test_neither_operands_nor_cotangents_are_written_into(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    function = case.on(xp)
    operands = [xp.asarray(x) for x in case.operands(shapes, number)]
    values, pull = neo.vjp(function, *operands)
    cotangents = tuple([nep.cos(value) for value in values])
    before = [_copied(x) for x in (*operands, *cotangents, *values)]

    pull(cotangents)
    pull(cotangents)

    for x, copy in zip((*operands, *cotangents, *values), before, strict=True):
        np.testing.assert_array_equal(_copied(x), copy)


def _drawn(xp: Library, case: Case, shapes: Any, number: int) -> Any:
    operation = Operation(case, xp)
    xs = case.operands(shapes, number)
    rng = np.random.default_rng(number)
    return operation, xs, direction(rng, operation(xs)), rng


def _copied(x: Any) -> np.ndarray:
    return np.array(neo.backends.of(x).to_numpy(x))


def _tolerance(*arrays: np.ndarray) -> float:
    """Return the rounding of numbers that a rule adds up: no smaller than those it starts from."""
    size = max([float(np.max(np.abs(x), initial=0)) for x in arrays])
    return rounding(*[x.dtype for x in arrays]) * size
