"""Functions of elements and of samples, by NumPy's names, made of neo's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..core.dtypes import COMPLEX, differentiable, kind
from ..core.following import read
from ..core.policy import library_of_all
from ..errors import describe
from .arranging import diagonal
from .batching import refuse_batched
from .broadcasting import Axes, broadcast_to, conj, imag, real, reshape, sum
from .constant import (
    all_of,
    equal,
    greater,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_or,
    nonzero,
    searchsorted,
    stop_gradient,
)
from .creation import zeros_like
from .formulas import abs, atan2, divide, logaddexp, maximum, minimum, multiply, positive, pow, sqrt
from .indexing import getitem, scatter
from .inspection import finfo
from .manipulation import expand_dims, matrix_transpose, stack
from .products import matmul
from .promotion import NUMBERS, one_dtype
from .registry import composite
from .selection import where
from .statistics import max, mean, min

ANY, PAIR = (-2, 2), [([(2, 3), (3,)], {})]
SQUARE, LINE = [([(2, 3)], {})], [([(4,)], {})]


@composite(domain=ANY, samples=LINE)
def nan_to_num(x: Any, /, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Return x with numbers in place of NaN and of infinities.

    nan, posinf, neginf: the numbers; for an infinity the largest finite one by default.
    Gradient: to x where it was finite.
    """
    if not differentiable(x.dtype):
        return x
    if kind(x.dtype) == COMPLEX:
        return nan_to_num(real(x), nan, posinf, neginf) + 1j * nan_to_num(imag(x), nan, posinf, neginf)
    limits = finfo(x)
    x, value = where(isnan(x), nan, x), stop_gradient(x)
    x = where(logical_and(isinf(value), greater(value, 0)), limits.max if posinf is None else posinf, x)
    return where(logical_and(isinf(value), less(value, 0)), limits.min if neginf is None else neginf, x)


@composite(domain=ANY, samples=PAIR)
def fmax(x: Any, y: Any, /) -> Any:
    """Return the larger of x and y, the other one where one is NaN.

    A tie splits the gradient evenly.
    """
    return _ignoring_nan(maximum, x, y)


@composite(domain=ANY, samples=PAIR)
def fmin(x: Any, y: Any, /) -> Any:
    """Return the smaller of x and y, the other one where one is NaN.

    A tie splits the gradient evenly.
    """
    return _ignoring_nan(minimum, x, y)


def _ignoring_nan(function: Any, x: Any, y: Any) -> Any:
    x, y = one_dtype(x, y)
    return where(isnan(x), y, where(isnan(y), x, function(x, y)))


def exp2(x: Any, /) -> Any:
    """Return 2 ** x. Gradient: to x."""
    return pow(2.0, positive(x) if type(x) in NUMBERS else x)


@composite(domain=ANY, samples=PAIR)
def logaddexp2(x: Any, y: Any, /) -> Any:
    """Return the logarithm of 2 ** x + 2 ** y to base 2. Gradient: to both."""
    x, y = one_dtype(x, y)
    scale = math.log(2)
    return logaddexp(x * scale, y * scale) / scale


def deg2rad(x: Any, /) -> Any:
    """Return degrees as radians. Gradient: to x."""
    return x * (math.pi / 180)


def rad2deg(x: Any, /) -> Any:
    """Return radians as degrees. Gradient: to x."""
    return x * (180 / math.pi)


@composite(domain=(0.3, 2), samples=LINE)
def angle(z: Any, /, deg: bool = False) -> Any:
    """Return the argument of complex numbers, in radians or degrees.

    Gradient: to z; 0 at 0.
    """
    found = atan2(imag(z), real(z))
    return found * (180 / math.pi) if deg else found


@composite(domain=((0.3, 2), ANY), samples=PAIR)
def heaviside(x: Any, h: Any, /) -> Any:
    """Return 0 where x < 0, 1 where x > 0 and h where x is 0.

    Gradient: to h there, zero to x.
    """
    x, h = one_dtype(x, h)
    none = zeros_like(stop_gradient(x))
    return where(equal(x, 0), h, where(less(x, 0), none, none + 1))


@composite(domain=ANY, samples=[([(3,), (3,)], {"condlist": ([True, False, False], [True, True, False])})])
def select(condlist: Sequence[Any], arrays: Sequence[Any], /, default: Any = 0) -> Any:
    """Return for each element the choice of the first condition that holds.

    condlist: bool arrays. arrays: the choices, as many, arrays or numbers. default: where none holds.
    Gradient: to the choices.
    """
    choices = list(arrays)
    if len(choices) != len(condlist) or not choices:
        raise ValueError(f"select: {len(condlist)} conditions for {len(choices)} choices; give one for each")
    out = default
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        out = where(condition, choice, out)
    return out


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """Return for each element the function of the last condition that holds.

    funclist: functions or numbers, one per condition, and perhaps one more for where none holds, else
    0. Every function is called with all of x, so zero_times_inf="zero" (see `neo.grad`) may be wanted.
    Gradient: to x.
    """
    conditions = list(condlist) if isinstance(condlist, list | tuple) else [condlist]
    functions = list(funclist)
    last = functions.pop() if len(functions) == len(conditions) + 1 else 0
    if len(functions) != len(conditions):
        raise ValueError(f"piecewise: {len(conditions)} conditions for {len(functions)} functions")
    value = lambda f: f(x, *args, **kw) if callable(f) else f  # noqa: E731
    out = zeros_like(stop_gradient(x)) + value(last)
    for condition, f in zip(conditions, functions, strict=True):
        out = where(condition, value(f), out)
    return out


@composite(domain=(ANY, (0.2, 1)), samples=[([(3, 4), (4,)], {"axis": 1})])
def average(x: Any, /, axis: Axes = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    """Return the mean over axes, weighted if weights are given. Gradient: to both.

    weights: of the shape of x, or (n,) for one axis of that length.
    """
    if weights is None:
        return mean(x, axis=axis, keepdims=keepdims)
    x, weights = one_dtype(x, weights)
    if len(weights.shape) != len(x.shape):
        if not isinstance(axis, int) or tuple(weights.shape) != (x.shape[axis],):
            raise ValueError(f"average: weights are {describe(weights)} for {describe(x)} over axis {axis}")
        at = axis % len(x.shape)
        weights = reshape(weights, tuple([-1 if k == at else 1 for k in range(len(x.shape))]))
    total = sum(broadcast_to(weights, tuple(x.shape)), axis=axis, keepdims=keepdims)
    return divide(sum(multiply(x, weights), axis=axis, keepdims=keepdims), total)


@composite(domain=ANY, samples=[([(2, 3)], {"axis": 1})])
def ptp(x: Any, /, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return the largest less the smallest element over axes.

    Ties split the gradient evenly.
    """
    return max(x, axis=axis, keepdims=keepdims) - min(x, axis=axis, keepdims=keepdims)


@composite(domain=ANY, samples=[([(2, 4)], {}), ([(3, 2)], {"rowvar": False, "ddof": 0})])
def cov(m: Any, /, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """Return the covariance matrix of variables, a row each (a column if not rowvar).

    Gradient: to m.
    """
    rows = expand_dims(m, axis=0) if len(m.shape) == 1 else m
    rows = rows if rowvar or len(m.shape) == 1 else matrix_transpose(rows)
    rest = rows - mean(rows, axis=1, keepdims=True)
    freedom = rows.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    out = matmul(rest, matrix_transpose(conj(rest))) / freedom
    return out if len(m.shape) > 1 else reshape(out, ())


@composite(domain=ANY, samples=[([(2, 4)], {})])
def corrcoef(m: Any, /, rowvar: bool = True) -> Any:
    """Return the correlation coefficients of variables, a row each.

    m: (variables, observations) real or complex; the other way round if not rowvar. Gradient: to m.
    """
    c = cov(m, rowvar=rowvar)
    if len(m.shape) == 1:
        return c / c
    scale = sqrt(real(diagonal(c)))
    return c / expand_dims(scale, axis=1) / expand_dims(scale, axis=0)


def isclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Tell where x and y differ by at most atol + rtol * |y|.

    The result has no gradient.
    """
    x, y = one_dtype(stop_gradient(x), stop_gradient(y))
    near = less_equal(abs(x - y), atol + rtol * abs(y))
    found = logical_or(equal(x, y), logical_and(near, isfinite(y)))
    return logical_or(found, logical_and(isnan(x), isnan(y))) if equal_nan else found


def allclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Tell whether `isclose` holds everywhere."""
    return bool(all_of(isclose(x, y, rtol, atol, equal_nan)))


def array_equal(x: Any, y: Any, /) -> bool:
    """Tell whether two arrays have one shape and equal elements."""
    return tuple(x.shape) == tuple(y.shape) and bool(all_of(equal(x, y)))


def flatnonzero(x: Any, /) -> Any:
    """Return the positions in the flattened x of elements that are not zero.

    The result has no gradient.
    """
    return nonzero(reshape(stop_gradient(x), (-1,)))[0]


def argwhere(x: Any, /) -> Any:
    """Return the positions of elements that are not zero, a row each.

    The result has no gradient.
    """
    return stack(nonzero(stop_gradient(x)), axis=1)


def digitize(x: Any, bins: Any, /, right: bool = False) -> Any:
    """Return which of the intervals between sorted bins each element is in.

    The result has no gradient.
    """
    return searchsorted(bins, x, side="left" if right else "right")


_UNKNOWN = "how long its result is depends on values, which differ from example to example"


@composite(domain=ANY, samples=[([(4,)], {"x": [0, 2, 0, 1], "minlength": 4})])
def bincount(x: Any, weights: Any = None, /, minlength: int = 0) -> Any:
    """Return how often each integer from 0 occurs in x, or the sum of its weights.

    Gradient: to weights.
    x: (n,) integer, not negative. weights: (n,).
    """
    refuse_batched("bincount", x, _UNKNOWN, "Inside vmap use neo.numpy.zeros(length).at[x].add(1)")
    raw = read(x)
    library = library_of_all((raw,))
    longest = int(library.xp.max(raw)) + 1 if raw.shape[0] else 0
    if raw.shape[0] and int(library.xp.min(raw)) < 0:
        raise ValueError(f"bincount: x holds {int(library.xp.min(raw))}; expected integers from 0")
    counted = library.xp.astype(raw == raw, raw.dtype) if weights is None else weights
    return scatter(counted, shape=(longest if longest > minlength else minlength,), key=(raw,))


def histogram(x: Any, bins: Any = 10, range: tuple[float, float] | None = None, weights: Any = None) -> Any:
    """Return the number of elements, or their sum of weights, per bin; and the edges.

    bins: how many of one width, or their edges. Gradient: to weights; counts have none.
    """
    refuse_batched("histogram", x, _UNKNOWN, "Inside vmap use neo.numpy.searchsorted and x.at[places].add(1)")
    raw = reshape(read(x), (-1,))
    library = library_of_all((raw,))
    edges = read(bins)
    if isinstance(edges, int):
        low, high = range or (float(library.xp.min(raw)), float(library.xp.max(raw)))
        low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
        place = library.place(library.device(raw))
        edges = library.xp.linspace(low, high, edges + 1, dtype=raw.dtype, device=place)
    number = searchsorted(edges, raw, side="right") - 1
    last = edges.shape[0] - 2
    number = library.xp.where(raw == edges[-1], library.xp.full_like(number, last), number)
    inside = nonzero((number >= 0) & (number <= last))[0]
    given = None if weights is None else getitem(reshape(weights, (-1,)), (inside,))
    return bincount(getitem(number, (inside,)), given, minlength=last + 1), edges
