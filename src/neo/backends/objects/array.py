"""The array: objects of Python in NumPy's, with operators, and a dtype that tells real from complex."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np


class DType:
    """The dtype of Python's real or complex numbers."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


REAL, COMPLEX = DType("object_float"), DType("object_complex")
_COMPLEX_NUMBERS = (complex, mpmath.mpc)


class ObjectArray:
    """An array whose elements are Python's numbers: Fraction, mpmath's, or bool and int in NumPy's dtypes.

    values: NumPy's array. It is not written into.
    """

    __slots__ = ("dtype", "values")
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.dtype = _dtype_of(values)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.values.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.values.size

    @property
    def T(self) -> ObjectArray:
        """The array with its axes reversed."""
        return wrap(self.values.T)

    @property
    def mT(self) -> ObjectArray:
        """The array with its last two axes exchanged."""
        return wrap(np.swapaxes(self.values, -1, -2))

    @property
    def device(self) -> str:
        """Where the array is."""
        return "cpu"

    def __getitem__(self, key: Any) -> ObjectArray:
        return wrap(self.values[bare(key)])

    def __bool__(self) -> bool:
        return bool(self.values)

    def __float__(self) -> float:
        return float(self.values)

    def __int__(self) -> int:
        return int(self.values)

    def __index__(self) -> int:
        return operator.index(self.values[()])

    def __repr__(self) -> str:
        return f"ObjectArray({self.values.tolist()})"


def _dtype_of(values: np.ndarray) -> Any:
    if values.dtype != object:
        return values.dtype
    return COMPLEX if any([isinstance(x, _COMPLEX_NUMBERS) for x in values.flat]) else REAL


def wrap(values: Any) -> ObjectArray:
    """Return NumPy's array, or one number, as an array of objects; floats become mpmath's."""
    values = values if isinstance(values, np.ndarray) else _alone(values)
    if values.dtype.kind in "fc":
        values = exactly(values)
    return ObjectArray(values)


def _alone(value: Any) -> np.ndarray:
    """Return one number as a 0-d array: of objects, unless it is a bool or an int of NumPy's."""
    if isinstance(value, bool | np.bool_ | np.integer):
        return np.asarray(value)
    held = np.empty((), object)
    held[()] = value
    return held


def exactly(values: np.ndarray) -> np.ndarray:
    """Return floating or integer elements as mpmath's numbers, none of which is rounded."""
    number = mpmath.mpc if values.dtype.kind == "c" else mpmath.mpf
    out = np.empty(values.shape, object)
    out[...] = [number(x) for x in values.ravel().tolist()] if values.ndim == 0 else _filled(values, number)
    return out if values.ndim else _alone(number(values.item()))


def _filled(values: np.ndarray, number: Any) -> np.ndarray:
    flat = np.empty(values.size, object)
    flat[:] = [number(x) for x in values.ravel().tolist()]
    return flat.reshape(values.shape)


def bare(x: Any) -> Any:
    """Return what an array holds, or what the arrays in a tuple or list hold; anything else as it is."""
    if isinstance(x, tuple | list):
        return type(x)([bare(k) for k in x])
    return x.values if isinstance(x, ObjectArray) else x


def beside(x: Any, y: np.ndarray) -> Any:
    """Return an operand as it may stand beside another's elements: among fractions a float is one."""
    x = bare(x)
    if type(x) is float and np.isfinite(x) and y.dtype == object and all([is_rational(k) for k in y.flat]):
        return Fraction(x)
    return mpmath.mpf(x) if type(x) is float else x


def is_rational(x: Any) -> bool:
    """Tell whether a number is a whole one or a fraction."""
    return isinstance(x, int | Fraction)


def _operator(function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    def method(self: ObjectArray, other: Any) -> Any:
        if not isinstance(other, ObjectArray | int | float | complex | Fraction | mpmath.mpf | mpmath.mpc):
            return NotImplemented
        other = beside(other, self.values)
        pair = (other, self.values) if swapped else (self.values, other)
        return wrap(function(*pair))

    return method


def _power(x: Any, y: Any) -> Any:
    """Return x ** y; NaN where the power of a real number is not real."""
    return _power_of(x, y) if _is_objects(x) or _is_objects(y) else x**y


def _is_objects(x: Any) -> bool:
    return not isinstance(x, np.ndarray) or x.dtype == object


def _power_of_two(x: Any, y: Any) -> Any:
    out = mpmath.nan if x == 0 and y < 0 else x**y
    real = not isinstance(x, _COMPLEX_NUMBERS) and not isinstance(y, _COMPLEX_NUMBERS)
    return mpmath.nan if real and isinstance(out, _COMPLEX_NUMBERS) else out


_power_of = np.frompyfunc(_power_of_two, 2, 1)


def _divided(x: Any, y: Any) -> Any:
    """Return x / y; inf or NaN where y is 0."""
    x = x if is_rational(y) else as_mpf(x)  # Fraction has no division by mpmath's numbers
    try:
        return x / y if not isinstance(x, int) or not isinstance(y, int) else Fraction(x, y)
    except ZeroDivisionError:
        return mpmath.nan if x == 0 or x != x else mpmath.sign(x) * mpmath.inf


def _floor_divided(x: Any, y: Any) -> Any:
    """Return floor(x / y); NaN for y = 0."""
    if y == 0:
        return mpmath.nan
    return x // y if is_rational(x) and is_rational(y) else mpmath.floor(mpmath.mpf(x) / y)


floor_divided = np.frompyfunc(_floor_divided, 2, 1)
remainder = np.frompyfunc(lambda x, y: x - y * _floor_divided(x, y), 2, 1)
divided = np.frompyfunc(_divided, 2, 1)


def comparison(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a comparison of arrays that takes mpmath's numbers beside fractions."""
    each = np.frompyfunc(lambda x, y: function(as_mpf(x), as_mpf(y)), 2, 1)

    def compared(x: Any, y: Any) -> Any:
        try:
            return function(x, y)
        except TypeError:  # mpmath has arithmetic with fractions, and no order
            return np.asarray(each(x, y), dtype=bool)

    return compared


def as_mpf(x: Any) -> Any:
    """Return a fraction as a number of mpmath's, at the precision in force; anything else as it is."""
    return mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x


_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": divided,
    "pow": _power,
    "mod": remainder,
    "floordiv": floor_divided,
    "matmul": operator.matmul,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
}
for _name, _function in _OPERATORS.items():
    setattr(ObjectArray, f"__{_name}__", _operator(_function, swapped=False))
    setattr(ObjectArray, f"__r{_name}__", _operator(_function, swapped=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(ObjectArray, f"__{_name}__", _operator(comparison(getattr(operator, _name)), swapped=False))
ObjectArray.__neg__ = lambda self: wrap(-self.values)  # type: ignore[attr-defined]
ObjectArray.__pos__ = lambda self: self  # type: ignore[attr-defined]
ObjectArray.__abs__ = lambda self: wrap(abs(self.values))  # type: ignore[attr-defined]
ObjectArray.__invert__ = lambda self: wrap(~self.values)  # type: ignore[attr-defined]
