"""One dtype for the operands of a call, as the standard promotes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backends
from ..backends import define
from ..core.array import Array, Plain, bottom_of
from ..core.dtypes import COMPLEX, INTEGER, REAL, differentiable, kind
from ..core.policy import library_of_all
from ..errors import describe
from .broadcasting import astype

NUMBERS = (bool, int, float, complex)


def one_dtype(*operands: Any) -> list[Any]:
    """Return arrays and Python numbers as arrays of one library and dtype.

    A Python number never widens: it takes the dtype of the arrays, unless it is of a higher kind
    (a float beside integers, a complex number beside reals).
    Raises TypeError for arrays of two libraries.
    """
    alike = _alike(operands)
    if alike is not None:
        library, like = alike
        return [library.raw.number_like(like, x) if type(x) in NUMBERS else x for x in operands]
    operands = _without_scalars(operands)
    library = library_of_all(operands)
    arrays = [x for x in operands if type(x) not in NUMBERS]
    try:
        first = arrays[0].dtype
        if len(arrays) == len(operands) and all([x.dtype == first for x in arrays]):
            return list(operands)
        dtype = library.xp.result_type(*map(bottom_of, operands))
    except Exception as error:
        raise _unpromoted(operands, library.name) from error
    device = library.device(bottom_of(arrays[0]))
    return [library.asarray(x, dtype, device) if type(x) in NUMBERS else astype(x, dtype) for x in operands]


def _alike(operands: tuple[Any, ...]) -> tuple[backends.Backend, Any] | None:
    """Return the library of operands that need no promotion, and one of its arrays among them; else None.

    Those are arrays of one dtype, and real numbers beside them if that is a real one. Nearly all are.
    """
    library = like = None
    are_numbers = False
    for x in operands:
        if type(x) in NUMBERS:
            if type(x) is complex:
                return None
            are_numbers = True
            continue
        raw = x.held if type(x) is Array or (type(x) is Plain and x.tape.flat) else x
        found = backends.BY_TYPE.get(type(raw))
        if found is None or (library is not None and (found is not library or raw.dtype != like.dtype)):
            return None
        library, like = found, raw
    if library is None or (are_numbers and kind(like.dtype) != REAL):
        return None
    return library, like


@define("number_like")
def _number_like(xp, x, number):
    """Return a number as a 0-d array of the dtype and on the device of x."""
    return xp.asarray(number, dtype=x.dtype, device=xp.place_of(x))


def _unpromoted(operands: tuple[Any, ...], library: str) -> TypeError:
    """Return the error for operands without a common dtype."""
    others = [x for x in operands if not (type(x) in NUMBERS or hasattr(x, "dtype"))]
    if others:
        return TypeError(f"expected arrays or numbers, got {describe(others[0])}; neo.asarray makes arrays")
    given = " and ".join([describe(x) for x in operands])
    return TypeError(f"{library} has no common dtype for {given}; cast one of them with astype")


def have_one_dtype(a: Any, b: Any) -> bool:
    """Tell whether two operands are arrays of one dtype, which need no promotion."""
    return hasattr(a, "dtype") and hasattr(b, "dtype") and bool(a.dtype == b.dtype)


def _without_scalars(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the operands with NumPy's scalars, beside arrays of another library, as Python numbers."""
    if not any([isinstance(x, np.generic) for x in operands]):
        return operands
    raws = [bottom_of(x) for x in operands]
    if all([isinstance(x, np.ndarray | np.generic) or type(x) in NUMBERS for x in raws]):
        return operands
    return tuple([x.item() if isinstance(x, np.generic) else x for x in operands])


def beside_numbers(x: Any, y: Any) -> tuple[Any, Any]:
    """Return the operands of an operator in one dtype, a Python number as it is where it can be."""
    x_is_number, y_is_number = type(x) in NUMBERS, type(y) in NUMBERS
    if x_is_number != y_is_number:
        array, number = (y, x) if x_is_number else (x, y)
        if not _is_higher(number, array.dtype):
            library_of_all((array,))
            return x, y
    first, second = one_dtype(x, y)
    return first, second


def _is_higher(number: Any, dtype: Any) -> bool:
    if isinstance(number, complex):
        return kind(dtype) != COMPLEX
    return isinstance(number, float) and not differentiable(dtype)


def beside(library: backends.Backend, x: Any, like: Any, *, compared: bool = False) -> Any:
    """Return a Python number as an array of the library, in the dtype it has beside `like`.

    compared: an integer that this dtype does not hold keeps its value, in the default one.
    """
    if type(x) not in NUMBERS:
        return x
    if type(x) is not complex and kind(like.dtype) == REAL:
        return library.raw.number_like(like, x)
    if compared and type(x) is int and not 0 <= x < 128 and kind(like.dtype) == INTEGER:
        info = library.xp.iinfo(like.dtype)
        if not info.min <= x <= info.max:
            return library.asarray(x, None, library.device(like))
    return library.asarray(x, library.xp.result_type(like, x), library.device(like))
