"""A gradient has the shape, dtype, library and device of its operand, and only a few roundings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.cases import CASES, Case
from support.differences import direction, rounding
from support.libraries import Library
from support.walking import walks

import neo

SEVERAL = [case for case in CASES if case.arity > 1]
HALVES = ("float16", "bfloat16")


@walks(CASES)
def test_gradient_of_a_float32_operand_is_like_the_operand(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    operands = case.operands(shapes, number, "float32")

    gradients = _gradients(xp, case, operands)

    for dx, x in zip(gradients, operands, strict=True):
        assert xp.owns(dx)
        assert (tuple(dx.shape), dx.dtype) == (x.shape, xp.library.dtype("float32"))


@walks(SEVERAL)
def test_gradients_of_operands_of_two_dtypes_are_those_of_the_wider_one_rounded(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    operands = case.operands(shapes, number, "float32")
    mixed = [x.astype("float64") if k % 2 else x for k, x in enumerate(operands)]

    found = _gradients(xp, case, mixed)

    wide = _gradients(xp, case, [x.astype("float64") for x in operands])
    for dx, expected, x in zip(found, wide, mixed, strict=True):
        assert xp.owns(dx)
        assert dx.dtype == xp.library.dtype(str(x.dtype))
        # One rounding to the operand's dtype; the rule itself computes in that of the result.
        np.testing.assert_allclose(
            xp.numpy(dx),
            xp.numpy(expected),
            rtol=np.finfo(x.dtype).eps,
            atol=_rounding_of_results(xp, case, mixed),
        )


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("case", [c for c in CASES if c.shapes is None], ids=lambda case: case.label)
def test_gradient_of_a_half_precision_operand_is_like_the_operand(
    xp: Library, case: Case, dtype: str
) -> None:
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp.name} has no {dtype}")
    shapes = [(2, 1), (3,)][: case.arity]
    operands = [xp.asarray(x, dtype) for x in case.operands(shapes, 0, "float32")]

    values, pull = neo.vjp(case.on(xp), *operands)

    assert [x.dtype for x in (*values, *pull(values))] == [xp.library.dtype(dtype)] * (case.arity + 1)


def _rounding_of_results(xp: Library, case: Case, operands: list[np.ndarray]) -> float:
    results = case.on(xp)(*map(xp.asarray, operands))
    return rounding(*[neo.backends.of(x).to_numpy(x).dtype for x in results])


def _gradients(xp: Library, case: Case, operands: list[np.ndarray]) -> tuple[Any, ...]:
    values, pull = neo.vjp(case.on(xp), *[xp.asarray(x) for x in operands])
    host = [np.asarray(neo.backends.of(v).to_numpy(v)) for v in values]
    # Numbers that float32 holds, so that a result in float32 is pulled by the same ones.
    weights = [
        w.astype("complex64" if w.dtype.kind == "c" else "float32")
        for w in direction(np.random.default_rng(0), host)
    ]
    return pull(
        tuple(
            [
                neo.backends.of(v).asarray(w, v.dtype, neo.backends.of(v).device(v))
                for w, v in zip(weights, values, strict=True)
            ]
        )
    )
