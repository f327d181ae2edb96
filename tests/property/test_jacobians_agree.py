"""jacfwd is jacrev for every operation, and all directions go through both at once."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import settings
from support.cases import CASES, Case
from support.libraries import LIBRARIES

import neo

# How a batch axis is taken is said once for all libraries; by default a sixth of the cases run.
DEEP = settings.default.max_examples > 10
DUE = [case for case in CASES if DEEP or crc32(case.label.encode()) % 6 == 0]


def _real_results(case: Case) -> Any:
    f = case.on(LIBRARIES["numpy"])
    return lambda *xs: tuple([y for y in f(*xs) if np.dtype(y.dtype).kind == "f"])


@pytest.mark.parametrize("case", DUE, ids=[case.label for case in DUE])
def test_jacobian_by_columns_is_that_by_rows(case: Case) -> None:
    operands = [np.asarray(x) for x in case.operands(case.some_shapes()[-1], 0)]
    f, argnums = _real_results(case), tuple(range(len(operands)))

    # A PerformanceWarning, from an operation whose gradient cannot be batched, is an error here.
    by_rows = neo.tree.flatten(neo.jacrev(f, argnums)(*operands))[0]
    by_columns = neo.tree.flatten(neo.jacfwd(f, argnums)(*operands))[0]

    assert [x.shape for x in by_rows] == [x.shape for x in by_columns]
    for row, column in zip(by_rows, by_columns, strict=True):
        # Both apply one formula, in another order of sums; factorizations divide by gaps of 1e-2.
        np.testing.assert_allclose(row, column, rtol=1e-9, atol=1e-9)
