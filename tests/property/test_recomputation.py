"""A checkpoint changes no number, whatever the operation: computed again, or kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from support.cases import CASES, Case
from support.differences import direction
from support.libraries import LIBRARIES
from support.pulling import Operation
from support.walking import one_each

import neo

HOW: dict[str, Any] = {"again": {}, "kept": {"keep": lambda call: True}, "budget": {"budget": 64}}


# Every third operation, all in the deep profile. Where the tape is cut does not depend on the library.
SOME = one_each(CASES)[:: 3 if settings.default.max_examples <= 3 else 1]


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_gradients_through_a_checkpoint_are_the_same_numbers(case: Case) -> None:
    operation = Operation(case, LIBRARIES["numpy"])
    xs = case.operands(case.some_shapes()[0], 0)
    ws = direction(np.random.default_rng(0), operation(xs))
    vs = direction(np.random.default_rng(1), xs)
    plain, twice = operation.pulled(xs, ws), operation.pulled_twice(xs, ws, vs)

    for how in HOW.values():
        cut = Operation(case, LIBRARIES["numpy"])
        cut.function = neo.checkpoint(cut.function, **how)
        for found, expected in zip(cut.pulled(xs, ws), plain, strict=True):
            np.testing.assert_array_equal(found, expected)
        for found, expected in zip(cut.pulled_twice(xs, ws, vs), twice, strict=True):
            # Gradients of the second order are added up in another order.
            scale = np.max(np.abs(expected), initial=1e-300)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * scale)
