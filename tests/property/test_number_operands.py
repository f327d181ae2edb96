"""A Python number beside an array is a constant, in every place of every elementwise operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.cases import CASES, Case
from support.libraries import Library

import neo

SEVERAL = [case for case in CASES if case.shapes is None and case.arity > 1]


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case.label)
def test_gradient_beside_a_number_is_that_beside_an_array_of_it(xp: Library, case: Case) -> None:
    numbers = [float(x) for x in case.operands([()] * case.arity, 0)]
    for place in range(case.arity):
        arrays = [xp.asarray(np.asarray([x, x])) for x in numbers]

        def beside_numbers(x: Any, place: int = place) -> Any:
            return case.on(xp)(*[x if k == place else n for k, n in enumerate(numbers)])

        def beside_arrays(x: Any, place: int = place, arrays: Any = arrays) -> Any:
            return case.on(xp)(*[x if k == place else a for k, a in enumerate(arrays)])

        found, expected = (_pulled(f, arrays[place]) for f in (beside_numbers, beside_arrays))

        for x, y in zip(found, expected, strict=True):
            np.testing.assert_allclose(xp.numpy(x), xp.numpy(y), rtol=4 * np.finfo("float64").eps)


def _pulled(f: Any, x: Any) -> list[Any]:
    values, pull = neo.vjp(f, x)
    return [*values, *pull(values)]
