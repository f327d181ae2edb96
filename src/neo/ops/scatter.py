"""Scatter: copies of an array with values written, added, multiplied at a key. `x.at[key].add(v)`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod as product
from typing import Any

from .. import backends
from ..core.array import bottom_of
from ..core.following import followed
from ..core.policy import library_of_all
from .broadcasting import broadcast_to, reshape
from .constant import equal
from .fitting import like_elements
from .formulas import divide, maximum, minimum, multiply, pow
from .indexing import beside_none, getitem, is_basic, setitem, summed_to, take, written
from .inspection import finfo, iinfo, isdtype
from .keys import filled, parted, raw_key
from .manipulation import arange_like, concat, expand_dims
from .registry import BuiltIn, composite, reworded, rule
from .selection import where
from .statistics import max, min, prod

AWAY = ((0.3, 2), (0.3, 2))
TWICE = ([(3,), (4,)], {"key": [1, 1, 0, 1]})
ROW = ([(3, 4), (4,)], {"key": 1})


class AddAt(BuiltIn):
    linear = True
    domain = (-2, 2)
    samples = [ROW, TWICE, ([(3, 2), (1, 1, 2)], {"key": (slice(0, 2), None)})]

    def forward(self, x, value, *indices, key):
        key = filled(key, indices) if indices else key
        self.ctx.save(tuple(value.shape), key)
        return self.xp.add_at(x, key, value)

    def backward(self, g):
        shape, key = self.ctx.release
        return beside_none(self, g, summed_to(getitem(g, key), shape) if self.needs(1) else None)

    @classmethod
    def batch(cls, batched, x, value, *indices, key):
        return written(add_at, batched, x, value, indices, key)


@rule(AddAt)
def add_at(x: Any, key: Any, value: Any, /) -> Any:
    """Return a copy of x with value added at key; a position given several times gets the sum.

    Gradient: to x, and to value where it was added. Raises TypeError when the dtype of value does
    not fit into that of x.
    """
    x = followed(x, key)
    key, batched = parted(key)
    return AddAt.of(x, like_elements(x, value), *batched, key=key)


@composite(domain=AWAY, samples=[ROW, TWICE])
def multiply_at(x: Any, key: Any, value: Any, /) -> Any:
    """Return a copy of x multiplied by value at key; a position given several times by each of them."""
    return _combined(x, key, value, multiply, lambda first, rows: multiply(first, prod(rows, axis=1)), 1)


@composite(domain=AWAY, samples=[ROW, TWICE])
def divide_at(x: Any, key: Any, value: Any, /) -> Any:
    """Return a copy of x divided by value at key; a position given several times by each of them."""
    return _combined(x, key, value, divide, lambda first, rows: divide(first, prod(rows, axis=1)), 1)


@composite(domain=AWAY, samples=[ROW, TWICE])
def power_at(x: Any, key: Any, value: Any, /) -> Any:
    """Return a copy of x raised to value at key; a position given several times to each of them."""
    return _combined(x, key, value, pow, lambda first, rows: pow(first, prod(rows, axis=1)), 1)


def _beside(reduce: Callable[..., Any], first: Any, rows: Any) -> Any:
    return reduce(concat([expand_dims(first, axis=1), rows], axis=1), axis=1)


@composite(domain=(-2, 2), samples=[ROW, TWICE])
def maximum_at(x: Any, key: Any, value: Any, /) -> Any:
    """Return a copy of x with the larger of x and value at key. A tie splits the gradient evenly."""
    return _combined(x, key, value, maximum, partial(_beside, max), _extreme(x, lowest=True))


@composite(domain=(-2, 2), samples=[ROW, TWICE])
def minimum_at(x: Any, key: Any, value: Any, /) -> Any:
    """Return a copy of x with the smaller of x and value at key. A tie splits the gradient evenly."""
    return _combined(x, key, value, minimum, partial(_beside, min), _extreme(x, lowest=False))


def _extreme(x: Any, lowest: bool) -> Any:
    """Return the number of x's dtype that no element is below, or above."""
    if isdtype(x.dtype, "real floating"):
        return -float("inf") if lowest else float("inf")
    limits = iinfo(x.dtype) if isdtype(x.dtype, "integral") else finfo(x)
    return limits.min if lowest else limits.max


def _combined(x: Any, key: Any, value: Any, pair: Any, several: Any, neutral: Any) -> Any:
    """Return x with pair(x[key], value) at key, and several(x, rows of values) where positions repeat."""
    value = like_elements(x, value)
    if parted(key)[1]:
        return _by_table(x, key, value, several, neutral)
    key = raw_key(key)
    found = None if is_basic(key) else _repeated(x, key)
    if found is None:
        return setitem(x, key, pair(getitem(x, key), value))
    positions, rows, columns, order, shape = found
    values = take(reshape(broadcast_to(_trimmed(value, shape), shape), (-1,)), order)
    library, raw = library_of_all((x,)), bottom_of(x)
    width = int(library.xp.max(columns)) + 1
    place = library.place(library.device(raw))
    table = library.xp.full((positions.shape[0], width), neutral, dtype=raw.dtype, device=place)
    flat = reshape(x, (-1,))
    combined = several(take(flat, positions), setitem(table, (rows, columns), values))
    return reshape(setitem(flat, (positions,), combined), tuple(x.shape))


def _by_table(x: Any, key: Any, value: Any, several: Any, neutral: Any) -> Any:
    """Return what _combined does for a key that differs from example to example.

    A row of the table for each element of x has the values for it, neutral in the place of others.
    """
    count = arange_like(x, product(x.shape))
    positions = getitem(reshape(count, tuple(x.shape)), key)
    shape = tuple(positions.shape)
    values = reshape(broadcast_to(_trimmed(value, shape), shape), (1, -1))
    table = where(equal(reshape(count, (-1, 1)), reshape(positions, (1, -1))), values, neutral)
    return reshape(several(reshape(x, (-1,)), table), tuple(x.shape))


def _trimmed(value: Any, shape: tuple[int, ...]) -> Any:
    """Return a value without the axes of length 1 that it has before those of a shape."""
    extra = len(value.shape) - len(shape)
    return reshape(value, tuple(value.shape[extra:])) if extra > 0 else value


def _repeated(x: Any, key: Any) -> Any:
    """Return None if no position is in key twice, else where each value of a table belongs.

    As raw arrays: the positions in the flattened x without repetition; for each value, in order of
    position, its row (which position) and its column (which of the values there); that order; and
    the shape of x[key]. How many rows there are depends on the values of the key, so a lazy key is
    computed for it; x stays as it is.
    """
    library = library_of_all((x,))
    xp = library.raw
    count = arange_like(x, product(x.shape))
    try:
        taken = xp.getitem(xp.reshape(count, tuple(x.shape)), key)
    except Exception as error:
        reworded("at", (x,), {"key": key}, error)
        raise
    shape = tuple(taken.shape)
    if xp.is_known(taken):
        found = _grouped(xp, xp.reshape(taken, (-1,)))
        return found and (*found, shape)
    found = _grouped(backends.get("numpy").raw, library.to_numpy(taken).reshape(-1))
    return found and (*[library.asarray(part) for part in found], shape)


def _grouped(xp: Any, every: Any) -> Any:
    """Return the positions, rows, columns and order of `_repeated`; None if no position is there twice."""
    order = xp.argsort(every, stable=True)
    every = xp.take(every, order, axis=0)
    if every.shape[0] < 2 or not bool(xp.any(every[1:] == every[:-1])):
        return None
    first = xp.concat([every[:1] == every[:1], every[1:] != every[:-1]])
    rows = xp.cumulative_sum(xp.astype(first, every.dtype)) - 1
    starts = xp.nonzero(first)[0]
    columns = arange_like(every, every.shape[0]) - xp.take(starts, rows, axis=0)
    return xp.take(every, starts, axis=0), rows, columns, order


class At:
    """Places of x to write to in a copy: `x.at[0].set(1.0)`, `x.at[[1, 1]].add(v)`.

    The names and the meaning are JAX's; a position given several times takes part several times,
    and an index out of range is an IndexError unless `mode` says otherwise.
    """

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x

    def __getitem__(self, key: Any) -> AtKey:
        return AtKey(self.x, key)


class AtKey:
    """An array and a key into it; each method returns a new array.

    mode: None raises IndexError for an index out of range, "clip" moves it to the nearest position,
    "drop" leaves it out ("fill" in `get`: takes fill_value, NaN by default).
    """

    __slots__ = ("x", "key")

    def __init__(self, x: Any, key: Any) -> None:
        self.x = x
        self.key = key

    def get(self, *, mode: str | None = None, fill_value: Any = None) -> Any:
        """Return x[key]."""
        if mode in ("fill", "drop"):
            from .bounds import filled

            return filled(self.x, self.key, fill_value)
        return getitem(self.x, self._within(mode))

    def set(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x with value at key; of several values at one position the last."""
        return self._scattered(setitem, value, mode)

    def add(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x with value added at key."""
        return self._scattered(add_at, value, mode)

    def subtract(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x with value subtracted at key."""
        return self._scattered(add_at, -like_elements(self.x, value), mode)

    def multiply(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x multiplied by value at key."""
        return self._scattered(multiply_at, value, mode)

    mul = multiply

    def divide(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x divided by value at key."""
        return self._scattered(divide_at, value, mode)

    def power(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x raised to value at key."""
        return self._scattered(power_at, value, mode)

    def min(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x with the smaller of x and value at key; a tie splits the gradient evenly."""
        return self._scattered(minimum_at, value, mode)

    def max(self, value: Any, *, mode: str | None = None) -> Any:
        """Return x with the larger of x and value at key; a tie splits the gradient evenly."""
        return self._scattered(maximum_at, value, mode)

    def apply(self, f: Callable[[Any], Any], *, mode: str | None = None) -> Any:
        """Return x with f(x[key]) at key; f is elementwise, and applied once to each position."""
        return self._scattered(setitem, f(self.get(mode="clip" if mode else None)), mode)

    def _within(self, mode: str | None) -> Any:
        if mode in (None, "promise_in_bounds"):
            return self.key
        from .bounds import clipped

        return clipped(self.x, self.key, mode)

    def _scattered(self, function: Callable[..., Any], value: Any, mode: str | None) -> Any:
        if mode not in ("drop", "fill"):
            return function(self.x, self._within(mode), value)
        from .bounds import kept

        flat, positions, values = kept(self.x, self.key, like_elements(self.x, value))
        return reshape(function(flat, (positions,), values), tuple(self.x.shape))


def at(x: Any, /) -> At:
    """Return what `x.at` is for a neo Array, for an array of any library."""
    return At(x)
