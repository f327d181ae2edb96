"""The operations that the property tests walk, with shapes that Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from neo.testing import operations

from .libraries import LIBRARIES, Library


class Case(operations.Case):
    """One operation at the shapes of one sample, on any library of the tests."""

    def takes_complex(self) -> bool:
        """Tell whether the operation is one of complex numbers too, as array_api_strict says.

        What the standard defines for real numbers only, that library refuses with a TypeError.
        """
        strict = LIBRARIES["array-api-strict"]
        try:
            self.on(strict)(*map(strict.asarray, self.operands(self.some_shapes()[0], 0, "complex128")))
        except TypeError:
            return False
        except Exception:  # a fault of the operation, for its tests to report
            return True
        return True

    def draw_shapes(self) -> st.SearchStrategy[list[tuple[int, ...]]]:
        """Return a strategy for the operands' shapes, broadcast, empty and 0-d ones among them."""
        if self.shapes is not None:
            return st.just(self.shapes)
        known = st.sampled_from(self.some_shapes())
        drawn = mutually_broadcastable_shapes(num_shapes=self.arity, max_dims=3, min_side=0, max_side=3)
        return known | drawn.map(lambda found: list(found.input_shapes))

    def on(self, xp: Library) -> Callable[..., tuple[Any, ...]]:
        """Return the operation as a function of its arrays alone that gives a tuple of results."""
        return self.over(xp.library, xp.asarray)


# `cases` leaves out what declares no domain; a test says which those are.
CASES = [Case(**vars(case)) for case in operations.cases()]
COMPLEX_CASES = [case for case in CASES if case.takes_complex()]
