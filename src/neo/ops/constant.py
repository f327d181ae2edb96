"""Functions without a gradient: comparisons, tests, searches, integer arithmetic.

They take traced arrays and look at their values. A result that holds no real or complex numbers
has no gradient to lose, so it is an Array off every tape.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from .. import backends, tree
from ..backends import define
from ..core.array import Array, Batched, Plain, bottom_of, box, raw_of
from ..core.call import newest
from ..core.dtypes import REAL, kind
from ..core.following import without_gradient
from ..core.policy import library_of_all
from ..core.tape import Tape
from .batching import aligned, along, flattening, leading, one_by_one, over
from .broadcasting import Axes
from .promotion import NUMBERS, beside
from .registry import reworded

# By what Python's operators are called.
_COMPARISONS = {
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
}


def compared(name: str, *operands: Any, batch: Any = None, **settings: Any) -> Any:
    """Return a library's function of operands that may be traced, boxed, bare or Python numbers.

    batch: how it takes a batch axis, a rule of `batching`; None if it cannot.
    """
    values = [_off_tapes(x) for x in operands]
    level = newest(values)
    try:
        if level is None:
            library = library_of_all(values)
            given = [_beside(library, x, values, name in _COMPARISONS) for x in values]
            out = library.kernel(name)(*given, **settings)
        else:
            out = level.mapped(name, batch, values, settings)
    except Exception as error:
        reworded(name, operands, settings, error, broadcast=0 if batch is aligned else None)
        raise
    return without_gradient(partial(compared, name, batch=batch), operands, settings, out)


def _off_tapes(x: Any) -> Any:
    """Return what stands below the tapes of x: the library's own array, or a batched one."""
    while isinstance(x, Array) and type(x) is not Batched:
        x = x.held
    return x


def _beside(library: backends.Backend, x: Any, arrays: Any, compared: bool = False) -> Any:
    """Return a Python number as an array like the first array beside it."""
    like = next(bottom_of(a) for a in arrays if type(a) not in NUMBERS)
    return beside(library, x, like, compared=compared)


def _named(name: str, function: Callable[..., Any], doc: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc + "\n\nThe result has no gradient."
    return function


def _of_one(batch: Any = leading, **docs: str) -> list[Callable[..., Any]]:
    """Define functions of one array that have no gradient."""

    def define(name: str) -> Callable[..., Any]:
        def function(x: Any, /) -> Any:
            return compared(name, x, batch=batch)

        return function

    return [_named(name, define(name), doc) for name, doc in docs.items()]


def _of_two(**docs: str) -> list[Callable[..., Any]]:
    """Define functions of two arrays, or an array and a Python number, that have no gradient."""

    def define(name: str) -> Callable[..., Any]:
        def function(x: Any, y: Any, /) -> Any:
            return compared(name, x, y, batch=aligned)

        return function

    return [_named(name, define(name), doc) for name, doc in docs.items()]


def _comparisons(**docs: str) -> list[Callable[..., Any]]:
    """Define comparisons, by Python's operators of their names where the arrays are the usual ones."""

    def define(name: str) -> Callable[..., Any]:
        compare = getattr(operator, _COMPARISONS[name])

        def function(x: Any, y: Any, /) -> Any:
            values = _values_alike(x, y)
            if values is not None:
                try:
                    return box(compare(*values))
                except Exception as error:
                    reworded(name, (x, y), {}, error, broadcast=0)
                    raise
            return compared(name, x, y, batch=aligned)

        return function

    return [_named(name, define(name), doc) for name, doc in docs.items()]


def _values_alike(x: Any, y: Any) -> tuple[Any, Any] | None:
    """Return the values of an array and one like it, or a number that the library compares as one; else None.

    In half precision a library may compare the number itself, unrounded.
    """
    if type(x) is Array or (type(x) is Plain and type(x.tape) is Tape and x.tape.flat):
        a, b = x.held, y.held if type(y) is Array or (type(y) is Plain and type(x) is Plain) else y
        if type(y) is Plain and y.tape is not x.tape:
            return None
        if type(b) in (int, float):
            is_wide = type(a) in backends.BY_TYPE and getattr(a.dtype, "itemsize", 0) > 2
            return (a, b) if is_wide and kind(a.dtype) == REAL else None
        if type(b) is type(a) and type(a) in backends.BY_TYPE and b.dtype == a.dtype:
            return a, b
    return None


def _over_axes(batch: Any, **docs: str) -> list[Callable[..., Any]]:
    """Define reductions that have no gradient."""

    def define(name: str) -> Callable[..., Any]:
        def function(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
            return compared(name, x, batch=batch, axis=axis, keepdims=keepdims)

        return function

    return [_named(name, define(name), doc) for name, doc in docs.items()]


isnan, isinf, isfinite, signbit, logical_not, bitwise_invert = _of_one(
    isnan="Tell where x is NaN.",
    isinf="Tell where x is infinite.",
    isfinite="Tell where x is neither infinite nor NaN.",
    signbit="Tell where the sign bit of x is set: -0.0 included.",
    logical_not="Return not x, elementwise.",
    bitwise_invert="Return ~x, bit by bit.",
)
(nonzero,) = _of_one(
    batch=None, nonzero="Return the positions of elements that are not zero, one array per axis."
)
equal, not_equal, less, less_equal, greater, greater_equal = _comparisons(
    equal="Tell where x == y.",
    not_equal="Tell where x != y.",
    less="Tell where x < y.",
    less_equal="Tell where x <= y.",
    greater="Tell where x > y.",
    greater_equal="Tell where x >= y.",
)
logical_and, logical_or, logical_xor = _of_two(
    logical_and="Return x and y, elementwise.",
    logical_or="Return x or y, elementwise.",
    logical_xor="Return x or y but not both, elementwise.",
)
bitwise_and, bitwise_or, bitwise_xor, bitwise_left_shift, bitwise_right_shift = _of_two(
    bitwise_and="Return x & y, bit by bit.",
    bitwise_or="Return x | y, bit by bit.",
    bitwise_xor="Return x ^ y, bit by bit.",
    bitwise_left_shift="Return x << y.",
    bitwise_right_shift="Return x >> y.",
)
all_of, any_of, count_nonzero = _over_axes(
    over(),
    all="Tell whether all elements over axes are true. None means all axes.",
    any="Tell whether an element over axes is true. None means all axes.",
    count_nonzero="Return how many elements over axes are not zero. None means all axes.",
)


argmax, argmin = _over_axes(
    flattening,
    argmax="Return the position of the first largest element along an axis, or of all.",
    argmin="Return the position of the first smallest element along an axis, or of all.",
)


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return the positions that sort x along an axis.

    stable: equal elements keep their order. The result has no gradient.
    """
    return compared("argsort", x, batch=along(), axis=axis, descending=descending, stable=stable)


def searchsorted(x: Any, y: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Return where each of y would go in x, which is sorted.

    x: (n,) real. y: an array of any shape, or a Python number. side: before (`left`) or behind
    (`right`) equal elements. sorter: (n,) integer, the positions that sort x if it is not sorted.
    Returns integers of the shape of y. The result has no gradient.
    """
    return compared("searchsorted", x, y, batch=one_by_one, side=side, sorter=raw_of(sorter))


def on_values(function: Callable[..., Any], *operands: Any) -> Any:
    """Return function(library's raw functions, values of the operands), as wrapped as they are untraced.

    The function is elementwise, or one of the last axes, so that a batch axis in front is nothing to it.
    """
    arrays = [x for x in operands if type(x) not in NUMBERS]
    found = {backends.BY_TYPE.get(type(x)) for x in arrays}
    if len(found) == 1 and None not in found:  # bare arrays of one library: nothing to take off, or to wrap
        (library,) = found
        return function(library.raw, *[beside(library, x, arrays[0]) for x in operands])
    values = [_off_tapes(x) for x in operands]
    level = newest(values)
    again = partial(on_values, function)
    try:
        if level is None:
            library = library_of_all(values)
            out = function(library.raw, *[_beside(library, x, values) for x in values])
        else:
            out = level.mapped(again, aligned, values, {})
    except Exception as error:
        reworded(function.__name__, operands, {}, error)
        raise
    return without_gradient(again, operands, {}, out)


def _by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of (xp, raw arrays) as one of arrays of any kind."""

    def of_arrays(*operands: Any) -> Any:
        return on_values(function, *operands)

    of_arrays.__name__, of_arrays.__doc__ = function.__name__, function.__doc__
    return of_arrays


# What the formulas ask of values; a number wanted has the dtype of x.
@_by_value
def is_zero(xp, x):
    """Tell where x is zero."""
    return x == 0


@_by_value
def is_no_base(xp, x):
    """Tell where x is zero or NaN, and x**-1 no number."""
    return (x == 0) | (x != x)


@define("share")
def _share(xp, x, y):
    return (xp.astype(x > y, x.dtype) + xp.astype(x >= y, x.dtype)) / 2


@_by_value
def share(xp, x, y):
    """Return 1 where x > y, 1/2 where they are equal, else 0."""
    return xp.share(x, y)


@_by_value
def copysign_one(xp, y):
    """Return 1 with the sign of y."""
    return xp.copysign(xp.ones_like(y), y)


@_by_value
def infinite_slope(xp, x, y):
    """Return the slope of 0**y in y: 0 where y >= 0, -inf below. Zero for complex numbers."""
    zero = xp.zeros_like(x * y)
    if xp.isdtype(zero.dtype, "complex floating"):
        return zero
    return xp.where(xp.broadcast_to(y < 0, zero.shape), zero - math.inf, zero)


@_by_value
def log_tie(xp, x, y, out):
    """Return the logarithm of x's share of an infinite out: log(1/2) in a tie, else 0 or -inf."""
    alone = xp.where(x == out, xp.zeros_like(out), xp.full_like(out, -math.inf))
    return xp.where(x == y, xp.full_like(out, -math.log(2)), alone)


def stop_gradient(x: Any) -> Any:
    """Return the value of x off every tape: no gradient flows through it.

    x: an array or a tree of arrays. Returns the same tree; a traced array becomes an Array, an
    Array one of its own (rebinding it leaves x alone), everything else stays as it is.

    >>> import neo
    >>> print(neo.grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    return tree.map(stopped, x)


def stopped(leaf: Any) -> Any:
    """Return what `stop_gradient` does of one leaf."""
    return on_values(_as_it_is, leaf) if isinstance(leaf, Array) else leaf


def _as_it_is(xp: Any, x: Any) -> Any:
    return x


_as_it_is.__name__ = "stop_gradient"  # in a listing
