"""Every operation takes a plain array beside a traced one, whichever of its operands that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.cases import CASES, Case
from support.libraries import Library

import neo
import neo.numpy as nep

SEVERAL = {case.name: case for case in CASES if case.arity > 1 and case.shapes is not None}


@pytest.mark.parametrize("case", SEVERAL.values(), ids=SEVERAL)
def test_gradient_beside_plain_operands_is_that_beside_traced_ones(xp: Library, case: Case) -> None:
    operands = [xp.asarray(x) for x in case.operands(case.shapes or [], 0)]
    f = case.on(xp)

    def loss(*xs: Any) -> Any:
        return nep.sum(nep.concat([nep.reshape(nep.sin(nep.abs(neo.asarray(out))), (-1,)) for out in f(*xs)]))

    together = neo.grad(loss, argnums=tuple(range(case.arity)))(*operands)

    for k, expected in enumerate(together):
        alone = neo.grad(loss, argnums=k)(*operands)
        np.testing.assert_allclose(xp.numpy(alone), xp.numpy(expected), rtol=1e-12, atol=1e-14)
