"""Indexing, assignment by rebinding, take and their scatters."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import backends
from ..backends import define
from ..core.array import Array, Batched, Plain, Traced, beneath, bottom_of, box, unbox, values_of
from ..core.call import call
from ..core.dtypes import INTEGER, kind
from ..core.following import followed, read
from ..core.policy import library_of_all
from ..errors import counted, describe
from . import lean
from .batching import all_batched, along, ranked, refuse_batched, spread
from .broadcasting import astype, positive_axes, reshape, sum, unbroadcast
from .fitting import like_elements
from .kernels import Kernel, with_kernel
from .keys import Plan, filled, is_batched_mask, parted
from .manipulation import arange_like, permute_dims
from .registry import BuiltIn, reworded, rule
from .selection import where, zero_like

ANY = (-2, 2)


BASIC = frozenset((int, slice, type(None), type(Ellipsis)))


def is_basic(key: Any) -> bool:
    """Tell whether a key holds no arrays: it then takes no position twice."""
    return type(key) in BASIC or (type(key) is tuple and BASIC.issuperset(map(type, key)))


_scattered = with_kernel("scatter", lambda g, shape, key: scatter(g, shape=shape, key=key))


class Getitem(BuiltIn):
    linear = True
    slopes = staticmethod(lambda g, shape, key: (_scattered(g, shape, key),))
    domain = ANY
    samples = [
        ([(3, 4)], {"key": (slice(None, None, -1), 1)}),
        ([(3, 4)], {"key": (None, Ellipsis, slice(1, 3))}),
        ([(3, 4)], {"key": [0, 2, 0]}),
        ([(3, 4)], {"key": (slice(None), [1, 1])}),
        ([(3, 4)], {"key": ([0, 2, 2], [1, 3, 3])}),
        ([(2, 3)], {"key": [[True, False, True], [False, True, False]]}),
        ([()], {"key": ()}),
        ([(3, 4)], {"key": slice(0, 0)}),
    ]

    @staticmethod
    def value_and_saved(xp, slots, x, *indices, key):
        key = filled(key, indices) if indices else key
        return xp.getitem(x, key), (tuple(x.shape), key)

    def backward(self, g):
        shape, key = self.ctx.release
        return beside_none(self, scatter(g, shape=shape, key=key))

    @classmethod
    def batch(cls, batched, x, *indices, key):
        own, *flags = batched
        plan = Plan(key, len(x.shape) - own, indices, flags, arange_like(x, x.shape[0]) if own else None)
        return permute_dims(getitem(x, plan.key), plan.order)


@rule(Getitem)
def getitem(x: Any, key: Any, /) -> Any:
    """Return x[key] for any mix of integers, slices, None, ..., bool and integer arrays.

    Gradient: to x; a position taken several times gets the sum.
    Raises IndexError when an index is out of range.
    """
    if is_basic(key):
        return part(x, key)
    x = followed(x, key)
    key, batched = parted(key)
    return Getitem.of(x, *batched, key=key)


@define("part")
def _raw_part(xp, x, key):
    return xp.getitem(x, key)


@define("add_part")
def _add_raw_part(xp, x, key, g):
    x[key] += g


def _part(x: Any, key: Any) -> Any:
    library = backends.BY_TYPE.get(type(x.held)) if type(x) is Array else None
    return call(Getitem, (x,), {"key": key}) if library is None else box(library.raw.part(x.held, key))


_kernel = Kernel("part")
_lean_part = lean.taking(_kernel, lambda g, saved: _scattered(g, *saved), _part)
_kernel.update({Plain: _lean_part, Traced: _part})


def part(x: Any, key: Any) -> Any:
    """Return x[key] for a key that holds no arrays."""
    try:
        return _lean_part(x, key)
    except Exception as error:
        reworded("getitem", (x,), {"key": key}, error)
        raise


def beside_none(call: Any, *gradients: Any) -> Any:
    """Return gradients, and None for each batched index array among the operands of a call."""
    rest = len(call.slots) - len(gradients)
    return gradients[0] if len(call.slots) == 1 else (*gradients, *[None] * rest)


@define("scatter")
def _scatter(xp, g, shape, key):
    """Return zeros of a shape with g added at key: the gradient of indexing."""
    zeros = xp.zeros(shape, dtype=g.dtype, device=xp.place_of(g))
    # A basic key takes no position twice, so writing is adding.
    return xp.put(zeros, key, g) if is_basic(key) else xp.add_at(zeros, key, g)


class Scatter(BuiltIn):
    linear = True
    domain = ANY
    samples = [
        ([(2,)], {"shape": (3, 4), "key": (slice(0, 2), 1)}),
        ([(3, 4)], {"shape": (2, 4), "key": [0, 1, 0]}),
    ]

    def forward(self, g, *indices, shape, key):
        key = filled(key, indices) if indices else key
        self.ctx.save(key)
        return self.xp.scatter(g, shape, key)

    def backward(self, g):
        (key,) = self.ctx.release
        return beside_none(self, getitem(g, key))

    @classmethod
    def batch(cls, batched, g, *indices, shape, key):
        own, *flags = batched
        n = next(x.shape[0] for x, own in zip((g, *indices), batched, strict=True) if own)
        plan = Plan(key, len(shape), indices, flags, arange_like(g, n))
        g = g if own else spread(g, n)
        return scatter(permute_dims(g, plan.inverse), shape=(n, *shape), key=plan.key)


@rule(Scatter)
def scatter(g: Any, /, *, shape: tuple[int, ...], key: Any) -> Any:
    """Return zeros of a shape with g added at key: the gradient of indexing."""
    g = followed(g, key)
    key, batched = parted(key)
    return Scatter.of(g, *batched, shape=shape, key=key)


class Setitem(BuiltIn):
    linear = True
    domain = ANY
    samples = [
        ([(3, 4), (4,)], {"key": 1}),
        ([(3, 4), ()], {"key": (slice(None), slice(0, 2))}),
        ([(3, 4), (1, 2, 1)], {"key": (slice(0, 2), slice(None, None, -1))}),
        ([(3, 4), (2, 4)], {"key": [2, 0]}),
        ([(3,), (3,)], {"key": [1, 1, 0]}),
        ([(2, 3), ()], {"key": [[True, False, True], [False, True, False]]}),
        ([(), ()], {"key": ()}),
    ]

    def forward(self, x, value, *indices, key):
        key = filled(key, indices) if indices else key
        self.ctx.save(tuple(value.shape), key)
        return self.xp.put(x, key, value)

    def backward(self, g):
        shape, key = self.ctx.release
        return beside_none(
            self,
            setitem(g, key, zero_like(g)) if self.needs(0) else None,
            _value_gradient(g, key, shape) if self.needs(1) else None,
        )

    @classmethod
    def batch(cls, batched, x, value, *indices, key):
        return written(setitem, batched, x, value, indices, key)


def written(write: Any, batched: Any, x: Any, value: Any, indices: Any, key: Any) -> Any:
    """Return write(x, key, value) on all examples of a batch."""
    own, own_value, *flags = batched
    n = next(y.shape[0] for y, own in zip((x, value, *indices), batched, strict=True) if own)
    x = x if own else spread(x, n)
    plan = Plan(key, len(x.shape) - 1, indices, flags, arange_like(x, n))
    value = ranked(value if own_value else reshape(value, (1, *value.shape)), len(plan.order) - 1)
    # Leading axes of length 1 more than the place has are dropped, as in any assignment.
    value = reshape(value, (value.shape[0], *value.shape[len(value.shape) + 1 - len(plan.order) :]))
    return write(x, plan.key, permute_dims(value, plan.inverse))


def _value_gradient(g: Any, key: Any, shape: tuple[int, ...]) -> Any:
    taken = getitem(g, key)
    if not is_basic(key):
        taken = taken * astype(_written(g, key), g.dtype)
    return summed_to(taken, shape)


def summed_to(taken: Any, shape: tuple[int, ...]) -> Any:
    """Return what was taken at a key summed to the shape of a value, which may have more axes of length 1."""
    extra = len(shape) - len(taken.shape)
    return reshape(unbroadcast(taken, shape[max(extra, 0) :]), shape)


def _written(g: Any, key: Any) -> Any:
    """Tell which of the values written at key stayed: of several at one position, the last."""
    positions = reshape(arange_like(g, prod(g.shape)), tuple(g.shape))
    taken = getitem(positions, key)
    numbers = reshape(arange_like(g, prod(taken.shape)), tuple(taken.shape))
    return getitem(setitem(positions, key, numbers), key) == numbers


@rule(Setitem)
def setitem(x: Any, key: Any, value: Any, /) -> Any:
    """Return a copy of x with x[key] = value.

    Gradient: to x where it was kept, to value where it was written.
    Raises TypeError when the dtype of value does not fit into that of x.
    """
    value, x = like_elements(x, value), followed(x, key)
    if is_batched_mask(key):
        return _chosen(x, values_of(key), value)
    key, batched = parted(key)
    return Setitem.of(x, value, *batched, key=key)


def _chosen(x: Any, mask: Any, value: Any) -> Any:
    """Return x with a value where a batched mask is true: the same number, or row, in every place."""
    rest = len(x.shape) - len(mask.shape)
    if len(value.shape) > rest:
        raise IndexError(
            f"x[mask] = value with a batched mask (shape {mask.shape}) takes one value for all places, got "
            f"{describe(value)}. Use neo.numpy.where(mask, values, x) with values of the shape of x"
        )
    return where(reshape(mask, (*mask.shape, *[1] * rest)), value, x)


def rebind(x: Array, value: Any) -> None:
    """Give an array object another value: what was computed or saved from it stays."""
    value = unbox(value)
    if not isinstance(x, Traced):
        x.held = value
    elif isinstance(value, Traced):
        held = beneath(value)
        x.__class__ = type(value)
        x.held, x.shape, x.tape, x.slot = held, value.shape, value.tape, value.slot
    else:
        # Nothing traced is left in it: the value becomes an input nobody asks the gradient of.
        rebind(x, x.tape.trace(value))


class Take(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(4,)], {"indices": [0, 2, 2]}), ([(3, 4)], {"indices": [3, 0, 0], "axis": 1})]
    batch = classmethod(along())

    @staticmethod
    def value_and_saved(xp, slots, x, *, indices, axis):
        return xp.take(x, indices, axis=axis), (tuple(x.shape), indices, axis)

    @staticmethod
    def slopes(g, shape, indices, axis):
        return (_scattered(g, shape, (*[slice(None)] * axis, indices)),)


@rule(Take)
def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """Return the elements of x at integer indices along an axis.

    indices: integer; their shape takes the place of the axis. axis: may be left out when x has one axis.
    Gradient: to x; a position taken several times gets the sum.
    Raises IndexError when an index is out of range.
    """
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take needs axis= for an array with {x.ndim} axes")
        axis = 0
    (axis,) = positive_axes(axis, x.ndim)
    x, indices = followed(x, indices), _indices(x, indices)
    if type(indices) is Batched or len(indices.shape) != 1:
        return getitem(x, (*[slice(None)] * axis, indices))
    return Take.of(x, indices=indices, axis=axis)


def _indices(x: Any, indices: Any) -> Any:
    raw = values_of(indices)
    if not hasattr(raw, "dtype") or isinstance(raw, np.ndarray | np.generic):
        library = library_of_all((x,))
        made = library.asarray(raw, None, library.device(bottom_of(x)))
        # By its identity a tape that follows knows where it came from.
        raw = raw if isinstance(raw, library.arrays) else made
    if kind(raw.dtype) != INTEGER:
        raise IndexError(f"indices must be integers, got {describe(raw)}")
    return raw


class TakeAlongAxis(BuiltIn):
    linear = True
    domain = ANY
    samples = [
        ([(3, 4)], {"indices": [[0, 0, 1, 2]], "axis": 0}),
        ([(2, 3)], {"indices": [[2, 0, 2, 1], [1, 1, 0, 0]]}),
    ]

    def forward(self, x, *batched, indices, axis):
        (indices,) = batched or (indices,)
        self.ctx.save(tuple(x.shape), indices, axis)
        return self.xp.take_along_axis(x, indices, axis=axis)

    def backward(self, g):
        shape, indices, axis = self.ctx.release
        return beside_none(self, scatter(g, shape=shape, key=_open_grid(g, shape, indices, axis)))

    @classmethod
    def batch(cls, batched, x, *places, indices, axis):
        if not places:
            return take_along_axis(x, reshape(indices, (1, *indices.shape)), axis=axis + 1)
        return take_along_axis(*all_batched(batched, (x, *places)), axis=axis + 1)


def _open_grid(g: Any, shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """Return the index arrays, one per axis, that select what take_along_axis takes."""
    grid = []
    for k in range(len(shape)):
        lengths = [1] * len(shape)
        lengths[k] = -1
        places = reshape(arange_like(g, shape[k]), tuple(lengths))
        grid.append(indices if k == axis else places)
    return tuple(grid)


@rule(TakeAlongAxis)
def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """Return x[..., indices[..., i, ...], ...], other positions matched.

    indices: integer, with as many axes as x; the other lengths broadcast. Gradient: to x.
    """
    (axis,) = positive_axes(axis, x.ndim)
    x, indices = followed(x, indices), _indices(x, indices)
    batched = [indices] if type(indices) is Batched else []
    return TakeAlongAxis.of(x, *batched, indices=None if batched else indices, axis=axis)


class Repeat(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {"repeats": 2, "axis": 1})]
    batch = classmethod(along())

    def forward(self, x, *, repeats, axis):
        self.ctx.save(tuple(x.shape), repeats, axis)
        return self.xp.repeat(x, repeats, axis=axis)

    def backward(self, g):
        shape, repeats, axis = self.ctx.release
        return sum(reshape(g, (*shape[: axis + 1], repeats, *shape[axis + 1 :])), axis=axis + 1)


@rule(Repeat)
def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Return x with each element repeated along an axis, or the flattened x.

    repeats: an integer, or an integer array with one number per element of the axis.
    Gradient: to x, the sum of the copies.
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    (axis,) = positive_axes(axis, x.ndim)
    if not hasattr(repeats, "dtype") and not isinstance(repeats, list | tuple):
        return Repeat.of(x, repeats=counted("repeat", "repeats", repeats), axis=axis)
    refuse_batched("repeat by", repeats, "how long its result is differs from example to example")
    library = library_of_all((x,))
    places = library.xp.repeat(arange_like(x, x.shape[axis]), read(repeats))
    return take(x, places, axis=axis)
