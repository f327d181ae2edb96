"""Hypothesis over every operation, with one test per operation and library.

Not `@given` on the test itself: with thousands of parameters Hypothesis's own bookkeeping for
pytest takes longer than everything it checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from .cases import Case
from .libraries import Library

NUMBERS = st.integers(0, 2**32 - 1)

# check(xp, case, shapes, number): the library, the operation, its operands' shapes, and a number to
# seed the generator of their elements with.
Check = Callable[[Library, Case, Any, int], None]


def one_each(cases: Iterable[Case]) -> list[Case]:
    """Return the first case of each operation; all in the deep profile, which draws many examples."""
    cases = list(cases)
    if settings.default.max_examples > 3:
        return cases
    return list({case.name: case for case in reversed(cases)}.values())[::-1]


def walks(cases: Iterable[Case], *libraries: str) -> Callable[[Check], Callable[..., None]]:
    """Turn a check into a test of every operation, at each of its samples, on every library.

    libraries: the names of those that suffice in the quick profile; none of them means all.
    """
    by_name: dict[str, list[Case]] = {}
    for case in cases:
        by_name.setdefault(case.name, []).append(case)

    def decorate(check: Check) -> Callable[..., None]:
        def test(xp: Library, name: str) -> None:
            if libraries and xp.name not in libraries and settings.default.max_examples <= 3:
                pytest.skip(f"runs on {xp.name} in the deep profile")
            for case in by_name[name]:
                _run(check, xp, case)

        test.__name__ = test.__qualname__ = check.__name__
        test.__doc__, test.__module__ = check.__doc__, check.__module__
        return pytest.mark.parametrize("name", list(by_name))(test)

    return decorate


def _run(check: Check, xp: Library, case: Case) -> None:
    """Check one case at drawn shapes and numbers; where the shapes are given, at fewer numbers."""

    def holds(shapes: Any, number: int) -> None:
        check(xp, case, shapes, number)

    drawn = given(shapes=case.draw_shapes(), number=NUMBERS)(holds)
    count = settings.default.max_examples
    count = count if case.shapes is None else max(count // 3, 1)
    try:
        seed(crc32(case.label.encode()))(settings(max_examples=count)(drawn))()
    except Exception as error:
        error.add_note(f"Case {case.label}: shapes {case.shapes or 'any'}, settings {case.settings}")
        raise
