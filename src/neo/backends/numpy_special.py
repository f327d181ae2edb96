"""SciPy's special functions, as raw functions of NumPy arrays. SciPy is imported on first use."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

# The function of one operand that SciPy has under the name of one of two.
_ONE_OPERAND = {"riemann_zeta": "zeta"}


def found(name: str) -> Callable[..., Any] | None:
    """Return SciPy's function of that name, or None where SciPy is not installed."""
    try:
        from scipy import special
    except ImportError:
        return None
    # Below what SciPy wraps it in to dispatch, which takes longer than the function.
    return _settled(inspect.unwrap(getattr(special, _ONE_OPERAND.get(name, name))))


def needed(name: str) -> Callable[..., Any]:
    """Return SciPy's function of that name. Raises ImportError where SciPy is not installed."""
    function = found(name)
    if function is None:
        raise ImportError(f"special.{name} needs SciPy: pip install 'neo-autodiff[special]'")
    return function


def _settled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with results in the dtype of its last operand.

    SciPy has no float16 and gives float32 for it; beside int64 it gives float64 for float32.
    """

    def kernel(*operands: Any) -> Any:
        out = function(*operands)
        dtype = operands[-1].dtype
        return out if out.dtype == dtype else out.astype(dtype)

    return kernel
