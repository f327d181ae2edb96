"""Selection by a condition: `where` and `clip`."""

from __future__ import annotations

from typing import Any

from ..core.array import Array, Plain, bottom_of, box
from ..core.dtypes import BOOL, kind
from ..core.policy import library_of_all
from ..errors import describe
from .batching import aligned
from .broadcasting import unbroadcast
from .constant import stopped
from .kernels import with_kernel
from .promotion import NUMBERS, one_dtype
from .registry import BuiltIn, rule


def _formula(g, condition, shape_x, shape_y):
    """Return the gradients of where; a shape is None where that of its operand is not needed."""
    zero = zero_like(g)
    return (
        None,
        None if shape_x is None else unbroadcast(Where.of(condition, g, zero), shape_x),
        None if shape_y is None else unbroadcast(Where.of(condition, zero, g), shape_y),
    )


class Where(BuiltIn):
    linear = True
    broadcast = 0
    domain = (-2, 2)
    samples = [
        ([(2, 3), (2, 3)], {"condition": [[True, False, True], [False, False, True]]}),
        ([(3,), (2, 1)], {"condition": [True, False, True]}),
        ([(), (2,)], {"condition": [[True], [False]]}),
        ([(), ()], {"condition": [[True], [False]]}),
        ([(0, 1), (3,)], {"condition": [True, True, False]}),
    ]
    batch = classmethod(aligned)

    slopes = staticmethod(with_kernel("where_backward", _formula))

    @staticmethod
    def value_and_saved(xp, slots, condition, x, y):
        _, at_x, at_y = slots
        shapes = None if at_x is None else tuple(x.shape), None if at_y is None else tuple(y.shape)
        return xp.where(condition, x, y), (condition, *shapes)


def zero_like(g: Any) -> Any:
    """Return a 0-d zero of g's library, dtype and device."""
    raw = bottom_of(g)
    library = library_of_all((raw,))
    return library.asarray(0, raw.dtype, library.device(raw))


@rule(Where)
def where(condition: Any, x: Any, y: Any, /) -> Any:
    """Return x where the condition is true, y elsewhere; the three broadcast.

    condition: bool. x, y: arrays of any dtype, or Python numbers.
    Gradient: to x and y where each was taken. A branch not taken gets zero, and zero times an
    infinite slope further up is NaN: make the operand safe first where that can happen.
    Raises TypeError when the condition is not boolean.
    """
    if type(condition) is Array and (type(x) is Plain or type(y) is Plain):
        condition = condition.held  # it has no gradient, and the result is traced without it
    if kind(getattr(condition, "dtype", None)) != BOOL:
        condition = _condition(condition, x, y)
    if type(x) in NUMBERS and type(y) in NUMBERS:
        library = library_of_all((condition,))
        x = library.asarray(
            x, library.xp.result_type(library.asarray(x), y), library.device(bottom_of(condition))
        )
    x, y = one_dtype(x, y)
    return Where.of(condition, x, y)


def _condition(condition: Any, x: Any, y: Any) -> Any:
    """Return a Python bool as an array beside x or y; TypeError for any other condition."""
    if not isinstance(condition, bool):
        raise TypeError(
            f"where: the condition must be a boolean array, got {describe(condition)}. Write condition != 0"
        )
    like = bottom_of(x if hasattr(x, "dtype") else y)
    library = library_of_all((like,))
    return library.asarray(condition, "bool", library.device(like))


class Clip(BuiltIn):
    # The standard leaves open what crossed bounds do.
    domain = ((-2, 2), (-2, -0.5), (0.5, 2))
    samples = [([(3, 4), (), ()], {}), ([(3, 4), (4,), (3, 1)], {})]
    batch = classmethod(aligned)
    broadcast = 0

    def forward(self, x, low, high):
        self.ctx.save(x, low, high)
        return self.xp.clip(x, low, high)

    def backward(self, g):
        x, low, high = [_constant(v, g) for v in self.ctx.release]
        above = True if low is None else x >= low
        below = True if high is None else x <= high
        inside = above & below
        zero = zero_like(g)
        return (
            _taken(inside, g, zero, x) if self.needs(0) else None,
            # min is taken where x is under it, unless max is lower still.
            _taken(_not(above) & (True if high is None else low < high), g, zero, low)
            if self.needs(1)
            else None,
            _taken(_not(below) | _crossed(above, low, high), g, zero, high) if self.needs(2) else None,
        )


def _constant(x, g):
    """Return the value of x, boxed if g is: see `elementwise._like`."""
    x = stopped(x)  # which a tape that follows knows
    return box(x) if isinstance(g, Array) and x is not None else x


def _not(condition):
    return ~condition


def _crossed(above, low, high):
    return False if low is None else ~above & (low >= high)


def _taken(condition, g, zero, like):
    return unbroadcast(Where.of(condition, g, zero), tuple(like.shape))


@rule(Clip)
def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Return x with what lies outside [min, max] replaced by the bound.

    min, max: arrays that broadcast with x, Python numbers, or None for no bound.
    Gradient: to x inside the bounds and on them, to a bound where it was taken.
    """
    if min is None and max is None:
        return x + 0
    x, *given = one_dtype(x, *[b for b in (min, max) if b is not None])
    low = None if min is None else given.pop(0)
    high = None if max is None else given.pop(0)
    return Clip.of(x, low, high)
