"""What kind of number a dtype holds, told by its name alone, on every library."""

from __future__ import annotations

from typing import Any

from ..errors import short_name

REAL, COMPLEX, INTEGER, BOOL, OTHER = "real", "complex", "integer", "bool", "other"
_kinds: dict[Any, str] = {}


def kind(dtype: Any) -> str:
    """Return `real`, `complex`, `integer`, `bool` or `other` for a library's dtype object."""
    key = (type(dtype), dtype)  # the class first: dtypes of two libraries are not to be compared
    try:
        return _kinds[key]
    except KeyError:
        return _kinds.setdefault(key, _kind_of(short_name(dtype)))


def _kind_of(name: str) -> str:
    if "float" in name or name in ("half", "double"):
        return REAL
    if "complex" in name:
        return COMPLEX
    if "int" in name:
        return INTEGER
    return BOOL if "bool" in name else OTHER


def differentiable(dtype: Any) -> bool:
    """Tell whether a gradient with respect to an array of this dtype exists."""
    return kind(dtype) in (REAL, COMPLEX)
