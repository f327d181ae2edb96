"""Values to be written into an array: in its library and dtype, or refused."""

from __future__ import annotations

from typing import Any

from ..core.array import bottom_of
from ..core.dtypes import COMPLEX, INTEGER, kind
from ..core.policy import library_of_all
from ..errors import describe, short_name
from .broadcasting import astype


def like_elements(x: Any, value: Any) -> Any:
    """Return a value to be written into x as an array of x's dtype; TypeError if it does not fit."""
    raw = bottom_of(x)
    if not hasattr(value, "dtype"):
        return _as_elements(raw, value)
    if value.dtype == raw.dtype:
        return value
    library_of_all((raw, value))
    return astype(_fitting(value, raw), raw.dtype)


def _as_elements(raw: Any, value: Any) -> Any:
    """Return a Python number, or nested lists of them, as an array like raw."""
    library = library_of_all((raw,))
    try:
        return library.asarray(value, raw.dtype, library.device(raw))
    except Exception as error:
        raise TypeError(
            f"cannot write {describe(value)} into {describe(raw)}: {error}. Use a number or an array"
        ) from error


def _fitting(value: Any, into: Any) -> Any:
    order = {"bool": 0, INTEGER: 1, "real": 2, COMPLEX: 3}
    if order.get(kind(value.dtype), 4) > order.get(kind(into.dtype), 4):
        raise TypeError(
            f"cannot write {describe(value)} into {describe(into)} without losing part of it; "
            f"cast one of them first: x.astype({short_name(value.dtype)!r})"
        )
    return value
