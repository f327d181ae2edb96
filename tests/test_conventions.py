"""The gradient conventions, row by row, on every library; the page is made of the same rows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.testing import conventions
from neo.testing.conventions import Refusal, Slope

PAGE = Path(__file__).resolve().parents[1] / "docs" / "conventions.md"
CHECKS = list(conventions.checks())
SLOPES = [pytest.param(c, id=label) for label, c in CHECKS if isinstance(c, Slope)]
REFUSALS = [pytest.param(c, id=label) for label, c in CHECKS if isinstance(c, Refusal)]


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("check", SLOPES)
def test_gradient_is_the_convention_s(xp: Library, check: Slope) -> None:
    if check.dtype and not xp.has_dtype(check.dtype):
        pytest.skip(f"{xp.name} has no {check.dtype}")

    found = check.found(xp.asarray)

    for dx, expected in zip(found, check.gradients, strict=True):
        np.testing.assert_allclose(xp.numpy(dx), expected, rtol=0, atol=check.tolerance)
        assert check.dtype is None or dx.dtype == xp.library.dtype(check.dtype)


@pytest.mark.parametrize("check", REFUSALS)
def test_error_is_the_convention_s(xp: Library, check: Refusal) -> None:
    with pytest.raises(check.error, match=re.escape(check.words)):
        check.attempt(xp.asarray)


@pytest.mark.parametrize("made", [conventions.table, conventions.programs], ids=["table", "programs"])
def test_page_shows_the_conventions_as_they_are_tested(made) -> None:
    assert f"\n\n{made()}\n" in PAGE.read_text(), f"put neo.testing.conventions.{made.__name__}() into {PAGE}"


def test_complex_gradient_descends(xp: Library) -> None:
    loss = lambda z: nep.abs(z * z - 1j) ** 2  # noqa: E731
    z = xp.array(1 + 0.2j)
    before, gradient = neo.value_and_grad(loss)(z)

    after = loss(z - 0.01 * gradient)

    assert float(xp.numpy(after)) < float(xp.numpy(before))
