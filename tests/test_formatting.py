"""Arrays in format strings and as Python indices."""

from __future__ import annotations

import operator

import pytest
from support.libraries import Library

import neo


def test_a_0d_array_formats_as_its_number(xp: Library) -> None:
    x = xp.array(1.25)

    assert f"{x:.1f}" == "1.2"


def test_a_traced_0d_array_formats_as_its_number(xp: Library) -> None:
    seen = []

    neo.grad(lambda x: (seen.append(f"{x:.2f}"), x * x)[1])(xp.array(1.25))

    assert seen == ["1.25"]


def test_an_array_without_a_specification_formats_as_its_values(xp: Library) -> None:
    assert f"{xp.array([1.0, 2.0])}" == "[1., 2.]"


def test_an_integer_array_is_an_index(xp: Library) -> None:
    assert "abc"[xp.array(2)] == "c"


def test_a_real_array_is_no_index(xp: Library) -> None:
    with pytest.raises(TypeError):
        operator.index(xp.array(1.0))
