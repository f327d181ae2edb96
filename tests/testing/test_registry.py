"""The checker compares something for every operation of neo: none is right for want of a comparison."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from neo import backends
from neo.testing import check_grads
from neo.testing.operations import cases

BY_NAME: dict[str, list[Any]] = {}
for _case in cases():
    BY_NAME.setdefault(_case.name, []).append(_case)
# The quick profile takes one operation in twelve.
NAMES = sorted(BY_NAME)[:: 1 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 12]


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_compared_at_a_sample_of_the_operation(name: str) -> None:
    case = BY_NAME[name][0]
    shapes = next(shapes for shapes in case.some_shapes() if 0 not in [n for shape in shapes for n in shape])

    with np.errstate(all="ignore"):
        report = check_grads(
            case.over(backends.get("numpy")), case.operands(shapes, 0), order=1, modes="reverse"
        )

    assert report.rows[0].compared + report.rows[0].kinks > 0
