"""Statistical functions: reductions and cumulative ones. `sum` lives in broadcasting."""

from __future__ import annotations

from math import nan
from typing import Any

from ..core.dtypes import INTEGER, differentiable, kind
from .batching import along, over
from .broadcasting import (
    Axes,
    astype,
    broadcast_to,
    conj,
    kept_shape,
    own_dtype,
    positive_axes,
    reshape,
    spread,
    sum,
)
from .constant import argsort
from .indexing import getitem, take_along_axis
from .kernels import with_kernel
from .manipulation import concat, flip, permute_dims
from .registry import BuiltIn, composite, rule
from .selection import where, zero_like

ANY = (-2, 2)
REDUCED = [([(3, 4)], {}), ([(3, 4)], {"axis": 0}), ([(2, 3, 2)], {"axis": (0, -1), "keepdims": True})]


def count_over(shape: tuple[int, ...], axis: Axes) -> int:
    """Return how many elements a reduction over axes puts into one."""
    count = 1
    for k in positive_axes(axis, len(shape)):
        count *= shape[k]
    return count


def _freedom(x: Any, axis: Axes, correction: float) -> float:
    """Return the divisor of a variance: the elements less the correction, NaN where nothing is left."""
    left = count_over(tuple(x.shape), axis) - correction
    return left if left > 0 else nan


class Mean(BuiltIn):
    linear = True
    domain, samples = ANY, [*REDUCED, ([()], {})]
    batch = classmethod(over())

    @staticmethod
    def value_and_saved(xp, slots, x, *, axis=None, keepdims=False):
        return xp.mean(x, axis=axis, keepdims=keepdims), (tuple(x.shape), axis)

    @staticmethod
    def slopes(g, shape, axis):
        axes = positive_axes(axis, len(shape))
        return (spread(g / (count_over(shape, axes) or 1), shape, axes),)


@rule(Mean)
def mean(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the arithmetic mean over axes; NaN of no elements.

    Gradient: to x, g / count.
    """
    return Mean.of(x, axis=axis, keepdims=keepdims)


class Var(BuiltIn):
    domain, samples = ANY, [*REDUCED, ([(5,)], {"correction": 1})]
    batch = classmethod(over())

    def forward(self, x, *, axis=None, correction=0.0, keepdims=False):
        self.ctx.save(x)
        self.axis, self.correction = axis, correction
        return self.xp.var(x, axis=axis, correction=correction, keepdims=keepdims)

    def backward(self, g):
        (x,) = self.ctx.release
        scale = reshape(g, kept_shape(tuple(x.shape), self.axis))
        scale = scale * (2 / _freedom(x, self.axis, self.correction))
        return _scaled_rest(scale, x, mean(x, axis=self.axis, keepdims=True))


# In one new array, where a backend has a kernel of that name.
_scaled_rest = with_kernel("scaled_rest", lambda scale, x, middle: scale * (x - middle))


@rule(Var)
def var(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Return the variance over axes; the divisor is the count less the correction."""
    return Var.of(x, axis=axis, correction=correction, keepdims=keepdims)


class Std(BuiltIn):
    domain, samples = ANY, [*REDUCED, ([(5,)], {"correction": 1})]
    batch = classmethod(over())

    def forward(self, x, *, axis=None, correction=0.0, keepdims=False):
        out = self.xp.std(x, axis=axis, correction=correction, keepdims=keepdims)
        self.ctx.save(x, out)
        self.axis, self.correction = axis, correction
        return out

    def backward(self, g):
        x, out = self.ctx.release
        shape = kept_shape(tuple(x.shape), self.axis)
        # Where all elements are equal this is a kink; the element of least norm there is 0.
        scale = reshape(g / where(out == 0, 1, out), shape) / _freedom(x, self.axis, self.correction)
        return _scaled_rest(scale, x, mean(x, axis=self.axis, keepdims=True))


@rule(Std)
def std(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Return the standard deviation over axes. The gradient at equal elements is 0."""
    return Std.of(x, axis=axis, correction=correction, keepdims=keepdims)


def _shared_formula(g, x, out, axis):
    reached = astype(x == out, g.dtype)
    return g / sum(reached, axis=axis, keepdims=True) * reached


_shared = with_kernel("shared_by_ties", _shared_formula)


class Extremum(BuiltIn):
    """What max and min share: the elements that reach the result share its gradient evenly."""

    domain, samples = ANY, [*REDUCED, ([()], {}), ([(0, 3)], {"axis": 1})]
    batch = classmethod(over())

    @staticmethod
    def slopes(g, x, out, axis):
        shape = kept_shape(tuple(x.shape), axis)
        return (_shared(reshape(g, shape), x, reshape(out, shape), axis),)

    def push(self, v):
        x, out, axis = self.ctx.release
        reached = astype(x == reshape(out, kept_shape(tuple(x.shape), axis)), v.dtype)
        pushed = sum(v * reached, axis=axis) / sum(reached, axis=axis)
        return reshape(pushed, tuple(out.shape))


class Max(Extremum):
    @staticmethod
    def value_and_saved(xp, slots, x, *, axis=None, keepdims=False):
        out = xp.max(x, axis=axis, keepdims=keepdims)
        return out, (x, out, axis)


class Min(Extremum):
    @staticmethod
    def value_and_saved(xp, slots, x, *, axis=None, keepdims=False):
        out = xp.min(x, axis=axis, keepdims=keepdims)
        return out, (x, out, axis)


def _nonempty(name: str, x: Any, axis: Axes) -> None:
    if not count_over(tuple(x.shape), axis):
        raise ValueError(
            f"{name} of no elements: shape {tuple(x.shape)}, axis {axis}. An empty array has none"
        )


@rule(Max)
def max(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the largest element over axes. A tie splits the gradient evenly.

    Raises ValueError over no elements.
    """
    _nonempty("max", x, axis)
    return Max.of(x, axis=axis, keepdims=keepdims)


@rule(Min)
def min(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the smallest element over axes. A tie splits the gradient evenly.

    Raises ValueError over no elements.
    """
    _nonempty("min", x, axis)
    return Min.of(x, axis=axis, keepdims=keepdims)


class Prod(BuiltIn):
    domain, samples = ANY, [*REDUCED, ([()], {}), ([(2, 0)], {"axis": 1})]
    batch = classmethod(over())

    def forward(self, x, *, axis, dtype, keepdims):
        self.ctx.save(x)
        self.axis = axis
        return self.xp.prod(x, axis=axis, dtype=dtype, keepdims=keepdims)

    def backward(self, g):
        (x,) = self.ctx.release
        shape = tuple(x.shape)
        axes = positive_axes(self.axis, len(shape))
        rest = tuple([k for k in range(len(shape)) if k not in axes])
        order = rest + axes
        lengths = tuple([shape[k] for k in rest])
        rows = reshape(permute_dims(x, order), (*lengths, count_over(shape, self.axis)))
        others = reshape(conj(_others(rows)), tuple([shape[k] for k in order]))
        back = tuple(sorted(range(len(order)), key=lambda k: order[k]))
        return reshape(astype(g, x.dtype), kept_shape(shape, axes)) * permute_dims(others, back)


def _others(rows: Any) -> Any:
    """Return for each element of the last axis the product of the others, exact with zeros."""
    if rows.shape[-1] == 0:
        return rows
    before = _exclusive(rows)
    after = flip(_exclusive(flip(rows, axis=-1)), axis=-1)
    return before * after


def _exclusive(rows: Any) -> Any:
    """Return the product of all elements before each one, along the last axis."""
    lead = (slice(None),) * (len(rows.shape) - 1)
    return getitem(cumulative_prod(rows, axis=-1, include_initial=True), (*lead, slice(0, -1)))


@rule(Prod)
def prod(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the product of elements over axes.

    The gradient is exact with zeros in x.
    """
    return Prod.of(x, axis=axis, dtype=own_dtype(x, dtype), keepdims=keepdims)


class CumulativeSum(BuiltIn):
    linear = True
    domain = ANY
    samples = [
        ([(3, 4)], {"axis": 1}),
        ([(4,)], {"axis": 0, "include_initial": True}),
        ([(2, 0)], {"axis": 1}),
    ]
    batch = classmethod(along())

    def forward(self, x, *, axis, dtype=None, include_initial=False):
        self.ctx.save(axis, include_initial, x.dtype)
        return self.xp.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)

    def backward(self, g):
        axis, include_initial, dtype = self.ctx.release
        if include_initial:
            g = getitem(g, (*[slice(None)] * axis, slice(1, None)))
        g = astype(g, dtype)
        return flip(cumulative_sum(flip(g, axis=axis), axis=axis), axis=axis)


@rule(CumulativeSum)
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Return the running sum along an axis.

    axis: may be left out when x has one axis.
    include_initial: begin with 0, so the result is one longer. Gradient: to x.
    """
    axis = only_axis("cumulative_sum", x, axis)
    return CumulativeSum.of(x, axis=axis, dtype=own_dtype(x, dtype), include_initial=include_initial)


def only_axis(name: str, x: Any, axis: int | None) -> int:
    """Return the axis as a number from 0; None is that of an array with one axis, else a ValueError."""
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"{name} needs axis= for an array with {x.ndim} axes")
        axis = 0
    return positive_axes(axis, x.ndim)[0]


class CumulativeProd(BuiltIn):
    domain = ANY
    samples = [
        ([(3, 4)], {"axis": 1}),
        ([(4,)], {"axis": 0, "include_initial": True}),
        ([(2, 0)], {"axis": 1}),
    ]
    batch = classmethod(along())

    def forward(self, x, *, axis, dtype=None, include_initial=False):
        self.ctx.save(x)
        self.axis, self.include_initial = axis, include_initial
        return self.xp.cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)

    def backward(self, g):
        (x,) = self.ctx.release
        axis = self.axis
        lead = (slice(None),) * axis
        if self.include_initial:
            g = getitem(g, (*lead, slice(1, None)))
        if x.shape[axis] == 0:
            return x
        x = conj(x)
        before = getitem(cumulative_prod(x, axis=axis, include_initial=True), (*lead, slice(0, -1)))
        return before * backward_recurrence(astype(g, x.dtype), x, axis)


def backward_recurrence(g: Any, x: Any, axis: int) -> Any:
    """Return s with s[i] = g[i] + x[i + 1] * s[i + 1], in log2(n) steps of doubling.

    No division, so it is exact where x is zero. (Hillis and Steele, 1986.)
    """
    n = g.shape[axis]
    factor = _shifted(x, 1, axis)
    reach = 1
    while reach < n:
        g = g + _shifted(g, reach, axis) * factor
        factor = factor * _shifted(factor, reach, axis)
        reach *= 2
    return g


def _shifted(x: Any, k: int, axis: int) -> Any:
    """Return x moved k places towards the start of an axis, zeros behind it."""
    lead = (slice(None),) * axis
    rest = getitem(x, (*lead, slice(k, None)))
    shape = tuple([k if i == axis else n for i, n in enumerate(x.shape)])
    return concat([rest, broadcast_to(zero_like(x), shape)], axis=axis)


@rule(CumulativeProd)
def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Return the running product along an axis.

    The gradient is exact with zeros in x.
    include_initial: begin with 1, so the result is one longer.
    """
    axis = only_axis("cumulative_prod", x, axis)
    return CumulativeProd.of(x, axis=axis, dtype=own_dtype(x, dtype), include_initial=include_initial)


@composite(domain=ANY, samples=[([(5,)], {}), ([(3, 4)], {"axis": 0, "descending": True})])
def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return x in order along an axis. Gradient: to the element that each came from."""
    order = argsort(x, axis=axis, descending=descending, stable=stable)
    return take_along_axis(x, order, axis=axis)


@composite(domain=ANY, samples=[([(4,)], {}), ([(3, 4)], {"axis": 0, "n": 2})])
def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """Return the n-th difference of neighbours along an axis.

    Gradient: to x and what is joined.
    n: how many times; 0 returns x as it is, without what is joined, as in NumPy.
    """
    (axis,) = positive_axes(axis, x.ndim)
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}")
    if n == 0:
        return x
    parts = [part for part in (prepend, x, append) if part is not None]
    x = concat(parts, axis=axis) if len(parts) > 1 else x
    lead = (slice(None),) * axis
    for _ in range(n):
        upper, lower = getitem(x, (*lead, slice(1, None))), getitem(x, (*lead, slice(0, -1)))
        x = upper - lower if differentiable(x.dtype) or kind(x.dtype) == INTEGER else upper != lower
    return x
