"""Words for errors: how a value is described to the person who passed it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from operator import index
from types import ModuleType
from typing import Any


def describe(x: Any) -> str:
    """Return a few words for a value: `float32 array of shape (3,)`, `int 4`, `list`."""
    shape, dtype = getattr(x, "shape", None), getattr(x, "dtype", None)
    # NumPy itself, and its float32, have both.
    if shape is not None and dtype is not None and not isinstance(x, type | ModuleType):
        return f"{short_name(dtype)} array of shape {tuple(shape)}"
    if isinstance(x, bool | int | float | complex | str):
        return f"{type(x).__name__} {x!r}"
    return type(x).__name__


def short_name(dtype: Any) -> str:
    """Return a dtype's name without its library: `torch.float32` -> `float32`."""
    if isinstance(dtype, type):
        return dtype.__name__
    return str(getattr(dtype, "name", dtype)).rsplit(".", 1)[-1]


def near(name: str, names: Iterable[str]) -> str:
    """Return `. Did you mean 'conv'?` for a name that is like a known one, or ""."""
    from difflib import get_close_matches  # for an error only

    found = get_close_matches(name, names, 1, 0.65)
    return f". Did you mean {found[0]!r}?" if found else ""


def library_of(x: Any) -> str:
    """Return the top-level module that a value's class comes from: `torch`, `numpy`."""
    return type(x).__module__.partition(".")[0]


def whole(name: str, what: str, number: Any) -> int:
    """Return a number as an int, or raise TypeError, with the names."""
    try:
        return index(number)
    except TypeError as error:
        raise TypeError(f"{name}: {what} must be an integer, got {describe(number)}") from error


def counted(name: str, what: str, number: Any) -> int:
    """Return a number as an int that is not negative, or raise with the names."""
    n = whole(name, what, number)
    if n < 0:
        raise ValueError(f"{name}: {what} must not be negative, got {n}")
    return n


class LinAlgError(ValueError):
    """A matrix that an operation is not defined for, a singular one say."""


class PerformanceWarning(UserWarning):
    """A result that is right, and took a way that is much slower than usual."""


def warn(message: str, kind: type[Warning]) -> None:
    """Warn of something in the line outside neo that led to it."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "neo":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, kind, stacklevel=level)


class ConvergenceError(ArithmeticError):
    """A solver that stopped before it had found what it was asked for."""
