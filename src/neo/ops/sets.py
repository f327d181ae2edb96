"""Sets: the distinct elements of an array, where they are, and how often they occur.

One way for every library, since they differ in order, in NaN and in what they lack: sort stably,
and see where neighbours differ. So values come in ascending order, NaNs last and each on its own,
-0.0 and 0.0 as one value, complex numbers by real and then by imaginary part.

`values` is x, flattened, at `indices`, the first occurrences; so is its gradient. Where elements
are equal another choice is as good as a derivative, and this one agrees with what `indices` says
and with `sort`, whose ties are stable.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ..core.array import raw_of
from ..core.dtypes import BOOL, COMPLEX, kind
from ..core.following import without_gradient
from ..core.policy import library_of_all
from .batching import one_by_one, refuse_batched
from .broadcasting import reshape
from .constant import compared, logical_not
from .indexing import take
from .registry import composite


class UniqueAll(NamedTuple):
    """The result of `unique_all`."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """The result of `unique_counts`."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """The result of `unique_inverse`."""

    values: Any
    inverse_indices: Any


class _Groups:
    """The elements of a raw array in order, and where each group of equal ones starts."""

    def __init__(self, x: Any) -> None:
        library = library_of_all((x,))
        self.library, self.xp, self.shape = library, library.raw, tuple(x.shape)
        x = self.xp.reshape(x, (-1,))
        self.order = _order(self.xp, x)
        ordered = self.xp.take(x, self.order, axis=0)
        n = x.shape[0]
        first = self.order[: min(n, 1)] >= 0
        differ = ordered[min(n, 1) :] != ordered[: max(n - 1, 0)]
        self.begins = self.xp.concat([first, differ], axis=0)
        self.starts = self.xp.nonzero(self.begins)[0]

    def indices(self) -> Any:
        """Return the position in x, flattened, of the first of each group."""
        return self.xp.take(self.order, self.starts, axis=0)

    def inverse(self) -> Any:
        """Return the group of each element of x, in the shape of x."""
        groups = self.xp.cumulative_sum(self.xp.astype(self.begins, self.order.dtype), axis=0) - 1
        return self.xp.reshape(self.library.raw.put(self.order, self.order, groups), self.shape)

    def counts(self) -> Any:
        """Return the size of each group."""
        one = min(self.starts.shape[0], 1)
        end = self.xp.full_like(self.starts[:one], self.order.shape[0])
        return self.xp.concat([self.starts[one:], end], axis=0) - self.starts


def _order(xp: Any, x: Any) -> Any:
    """Return the positions that sort x, equal elements in the order that they have."""
    if kind(x.dtype) == BOOL:
        x = xp.astype(x, xp.uint8)
    if kind(x.dtype) != COMPLEX:
        return xp.argsort(x, stable=True)
    order = xp.argsort(xp.imag(x), stable=True)
    return xp.take(order, xp.argsort(xp.take(xp.real(x), order, axis=0), stable=True), axis=0)


def _of_groups(name: str, x: Any) -> Any:
    """Return the indices, inverse or counts of the groups of x."""
    return getattr(_Groups(raw_of(x)), name)()


def _grouped(x: Any) -> tuple[Callable[[str], Any], Any]:
    """Return what gives the indices, inverse or counts of x, wrapped as x is, and its distinct values."""
    refuse_batched("unique", x, "the number of distinct elements differs from example to example")
    groups = _Groups(raw_of(x))
    given = lambda name: without_gradient(partial(_of_groups, name), (x,), {}, getattr(groups, name)())  # noqa: E731
    return given, take(reshape(x, (-1,)), given("indices"), axis=0)


@composite(domain=(-2, 2), samples=[([(5,)], {}), ([(2, 3)], {}), ([()], {}), ([(0,)], {})])
def unique_values(x: Any, /) -> Any:
    """Return the distinct elements of x in ascending order.

    x: (...) of any dtype. Returns (k,), dtype of x. Gradient: to the first of equal elements.
    """
    return _grouped(x)[1]


def unique_all(x: Any, /) -> UniqueAll:
    """Return the distinct elements of x, where they are, and how often they occur.

    x: (...) of any dtype. Returns values (k,) in ascending order; indices (k,), the first
    occurrence of each in x flattened; inverse_indices, of the shape of x, with
    values[inverse_indices] equal to x; counts (k,).
    Gradient: of values, to the first of equal elements. The integers have none.
    """
    given, values = _grouped(x)
    return UniqueAll(values, given("indices"), given("inverse"), given("counts"))


def unique_counts(x: Any, /) -> UniqueCounts:
    """Return the distinct elements of x and how often each occurs. See `unique_all`."""
    given, values = _grouped(x)
    return UniqueCounts(values, given("counts"))


def unique_inverse(x: Any, /) -> UniqueInverse:
    """Return the distinct elements of x and the place of each of x among them.

    See `unique_all`.
    """
    given, values = _grouped(x)
    return UniqueInverse(values, given("inverse"))


def _isin(cls: Any, batched: Any, x: Any, y: Any) -> Any:
    """Look for the elements of all examples at once, unless each looks in a set of its own."""
    return one_by_one(cls, batched, x, y) if batched[1] else cls.of(x, y)


def isin(x: Any, y: Any, /, *, invert: bool = False) -> Any:
    """Tell for each element of x whether it is one of y, or is not, if invert.

    x, y: arrays of any shape, one of them may be a Python number. Returns bool, of the shape of
    x. NaN is in nothing. The result has no gradient.
    """
    found = compared("isin", x, y, batch=_isin)
    # Not by the library's own invert=, which array_api_strict 2.6 takes and forgets.
    return logical_not(found) if invert else found
