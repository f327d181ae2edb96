"""The namespace: the standard's functions on arrays of objects, NumPy's where they only move elements."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import array_api_compat.numpy as numpy_xp
import mpmath
import numpy as np

from . import mathematics
from .array import COMPLEX, REAL, DType, ObjectArray, bare, beside, comparison, divided, exactly, wrap


def _moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of NumPy's as one of arrays of objects."""

    def on_objects(*operands: Any, **settings: Any) -> Any:
        settings.pop("device", None)
        dtype = settings.pop("dtype", None)
        settings = {name: bare(x) for name, x in settings.items()}
        out = function(*[bare(x) for x in operands], **settings)
        return _cast(_wrapped(out), dtype)

    return on_objects


def _wrapped(out: Any) -> Any:
    if isinstance(out, tuple | list):
        parts = [wrap(x) for x in out]
        return type(out)(*parts) if hasattr(out, "_fields") else type(out)(parts)
    return wrap(out)


def _cast(x: Any, dtype: Any) -> Any:
    return x if dtype is None or not isinstance(x, ObjectArray) else astype(x, dtype)


def _of_two(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of two operands, of which one may be a number."""

    def on_objects(x: Any, y: Any, /) -> Any:
        xs, ys = bare(x), bare(y)
        return wrap(
            function(beside(xs, ys), ys)
            if np.ndim(ys) or isinstance(y, ObjectArray)
            else function(xs, beside(ys, xs))
        )

    return on_objects


def asarray(
    values: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
) -> ObjectArray:
    """Return values as an array of objects: floats and ints become mpmath's numbers, fractions stay."""
    if isinstance(values, ObjectArray):
        return _cast(values, dtype)
    found = np.asarray(values)
    if found.dtype == object and found.ndim == 0:
        found = wrap(values).values
    if dtype is None and found.dtype.kind in "iub":
        return ObjectArray(found)
    return _cast(wrap(found), dtype)


def astype(x: ObjectArray, dtype: Any, /, *, copy: bool = True, device: Any = None) -> ObjectArray:
    """Return x in a dtype: object_float, object_complex, or NumPy's bool and integers."""
    if dtype is x.dtype:
        return x
    if not isinstance(dtype, DType):
        kind = np.dtype(dtype).kind
        dtype = {"f": REAL, "c": COMPLEX}.get(kind, dtype)
    if dtype is COMPLEX:
        return ObjectArray(mathematics.to_complex(x.values))
    if dtype is REAL:
        return ObjectArray(exactly(x.values)) if x.values.dtype != object else x
    return ObjectArray(x.values.astype(dtype))


def _created(name: str) -> Callable[..., Any]:
    function = getattr(numpy_xp, name)

    def create(*args: Any, dtype: Any = None, device: Any = None, **settings: Any) -> ObjectArray:
        if name in WHOLE:
            settings["dtype"] = int
        values = np.asarray(function(*map(bare, args), **settings))
        made = ObjectArray(values.astype(object) if name in WHOLE else values)
        integral = name == "arange" and made.values.dtype.kind in "iu"
        return astype(made, dtype if dtype is not None else made.dtype if integral else REAL)

    return create


def _like(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def create(x: ObjectArray, /, *args: Any, dtype: Any = None, device: Any = None) -> ObjectArray:
        values = function(np.empty(x.shape, int), *map(bare, args)).astype(object)
        return astype(ObjectArray(values), x.dtype if dtype is None else dtype)

    return create


def mean(x: ObjectArray, /, *, axis: Any = None, keepdims: bool = False) -> ObjectArray:
    """Return the mean, exact for fractions."""
    total = np.sum(x.values, axis=axis, keepdims=keepdims)
    return wrap(divided(total, _count(x, axis)))


def _count(x: ObjectArray, axis: Any) -> int:
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    count = 1
    for k in axes:
        count *= x.shape[k]
    return count


def var(
    x: ObjectArray, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False
) -> ObjectArray:
    """Return the variance, exact for fractions."""
    spread: Any = x - mean(x, axis=axis, keepdims=True)
    divisor = Fraction(_count(x, axis)) - Fraction(correction)
    return wrap(divided(np.sum((spread * spread).values, axis=axis, keepdims=keepdims), divisor))


def std(x: ObjectArray, /, **settings: Any) -> Any:
    """Return the standard deviation."""
    return mathematics.FUNCTIONS["sqrt"](var(x, **settings))


def where(condition: Any, x: Any, y: Any, /) -> ObjectArray:
    """Return elements of x where the condition holds, of y elsewhere."""
    x, y = [k if isinstance(k, ObjectArray) else wrap(_number(k)) for k in (x, y)]
    return wrap(np.where(bare(condition), x.values, y.values))


def clip(x: ObjectArray, /, min: Any = None, max: Any = None) -> ObjectArray:
    """Return x, no element below min or above max."""
    low = x.values if min is None else np.maximum(x.values, bare(min))
    return wrap(low if max is None else np.minimum(low, bare(max)))


def _number(x: Any) -> Any:
    return mpmath.mpf(x) if isinstance(x, float) else x


def isdtype(dtype: Any, kind: Any) -> bool:
    """Tell whether a dtype is of a kind of the standard's."""
    if isinstance(kind, tuple):
        return any([isdtype(dtype, k) for k in kind])
    if isinstance(dtype, DType):
        own = "real floating" if dtype is REAL else "complex floating"
        return kind in (own, "numeric") or kind is dtype
    return bool(np.isdtype(dtype, kind))


def result_type(*operands: Any) -> Any:
    """Return the dtype that operands have together; Python's numbers widen none."""
    dtypes = [getattr(x, "dtype", x) for x in operands]
    if COMPLEX in dtypes or any([isinstance(x, complex) for x in operands]):
        return COMPLEX
    if REAL in dtypes:
        return REAL
    return np.result_type(*[x.values if isinstance(x, ObjectArray) else x for x in operands])


class Limits:
    """What `finfo` tells of mpmath's numbers at the precision in force."""

    def __init__(self) -> None:
        self.eps, self.bits = mpmath.eps, mpmath.mp.prec
        self.max, self.min, self.smallest_normal, self.dtype = mpmath.inf, -mpmath.inf, mpmath.mpf(0), REAL


def put(x: ObjectArray, key: Any, value: Any) -> ObjectArray:
    """Return a copy of x with x[key] = value."""
    out = x.values.copy()
    out[bare(key)] = np.asarray(bare(value))[()]  # NumPy would store an array without axes as an object
    return ObjectArray(out)


def add_at(x: ObjectArray, key: Any, value: Any) -> ObjectArray:
    """Return a copy of x with value added at key; positions given twice add up."""
    out = x.values.copy()
    np.add.at(out, bare(key), bare(value))
    return ObjectArray(out)


def einsum(*operands: ObjectArray, subscripts: str) -> ObjectArray:
    """Return the Einstein sum of arrays."""
    return wrap(np.einsum(subscripts, *map(bare, operands)))


MOVED = (
    "all any argmax argmin argsort bitwise_and bitwise_invert bitwise_or bitwise_xor broadcast_arrays "
    "broadcast_to concat count_nonzero cumulative_prod cumulative_sum diff equal expand_dims flip "
    "isin logical_and logical_not logical_or logical_xor matmul "
    "matrix_transpose max meshgrid min moveaxis nonzero not_equal permute_dims prod repeat reshape "
    "roll searchsorted sort squeeze stack sum take take_along_axis tensordot tile tril triu "
    "unique_all unique_counts unique_inverse unique_values unstack vecdot"
).split()
COMPARED = "greater greater_equal less less_equal".split()
TWO = "add subtract multiply maximum minimum".split()
# Of integers, which leave fractions what they are.
WHOLE = ("eye", "ones", "zeros")
CREATED = "arange empty eye full linspace ones zeros".split()


class Namespace:
    """The functions as attributes, as a module has them."""

    pi, e, inf, nan, newaxis = mpmath.pi, mpmath.e, mpmath.inf, mpmath.nan, None
    object_float = float64 = float32 = REAL
    object_complex = complex128 = complex64 = COMPLEX
    int8, int16, int32, int64 = [np.dtype(f"int{n}") for n in (8, 16, 32, 64)]
    uint8, uint16, uint32, uint64 = [np.dtype(f"uint{n}") for n in (8, 16, 32, 64)]

    def __init__(self) -> None:
        own = (asarray, astype, mean, var, std, where, isdtype, result_type, put, add_at, einsum)
        table: dict[str, Any] = {f.__name__: f for f in own}
        table |= {name: _moved(getattr(numpy_xp, name)) for name in MOVED if hasattr(numpy_xp, name)}
        table |= {name: _moved(comparison(getattr(np, name))) for name in COMPARED}
        table |= {name: _of_two(getattr(np, name)) for name in TWO}
        table |= {name: _created(name) for name in CREATED}
        table |= {name: _like(name) for name in ("zeros_like", "ones_like", "empty_like")}
        table["full_like"] = lambda x, value, **settings: table["full"](x.shape, value, **settings)
        table |= mathematics.FUNCTIONS
        table["bool"] = np.dtype(bool)
        table["finfo"] = lambda dtype: Limits()
        table["divide"] = lambda x, y: wrap(divided(bare(x), bare(y)))
        table["pow"] = lambda x, y: x**y
        table["clip"] = clip
        table["floor_divide"] = lambda x, y: x // y
        table["remainder"] = lambda x, y: x % y
        vars(self).update(table)


namespace: Any = Namespace()
