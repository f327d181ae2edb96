"""NumPy's ufuncs and functions, and SciPy's ufuncs, by the names that neo has for them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

# Of ufuncs and of functions; what is not named here has the same name.
_RENAMED = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "concatenate": "concat",
    "conjugate": "conj",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "fabs": "abs",
    "float_power": "pow",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "true_divide": "divide",
}
# What NumPy calls arguments that neo's functions have too.
_ARGUMENTS = {"a_max": "max", "a_min": "min", "ddof": "correction"}


def name_of(function: Any) -> tuple[str, str] | None:
    """Return the module of neo.numpy and the name in it for a ufunc or function, None if unknown.

    The function itself must stand under its name in NumPy or SciPy: ufuncs of others may be called alike.
    """
    name = function.__name__
    for module, source in (("numpy", "numpy"), ("linalg", "numpy.linalg"), ("fft", "numpy.fft")):
        if getattr(sys.modules.get(source), name, None) is function:
            return module, _RENAMED.get(name, name)
    if getattr(sys.modules.get("scipy.special"), name, None) is function:
        return "special", name
    return None


def arguments_of(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[str, Any]]:
    """Return the arguments of a NumPy function by name, in its order, those at their defaults left out."""
    parameters = inspect.signature(function)
    bound = parameters.bind(*args, **kwargs)
    found: list[tuple[str, Any]] = []
    for name, value in bound.arguments.items():
        parameter = parameters.parameters[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            found += value.items()
        elif not _is_default(value, parameter.default):
            found.append((_ARGUMENTS.get(name, name), value))
    return found


def _is_default(value: Any, default: Any) -> bool:
    plain = isinstance(value, bool | int | float | str | type(None) | type(np._NoValue))
    return plain and value is default
