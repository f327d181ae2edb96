"""Whether what is asked of a check can be done: what cannot is refused, in words of its own."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from .targets import Target

# How many examples Hypothesis draws: beside the corners, and where the caller says what to draw.
PROFILES = {"quick": (12, 60), "deep": (200, 500)}
DTYPES = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")


def listed(values: Any) -> Any:
    """Return one name or number as a list of it, and anything else as it is."""
    return [values] if isinstance(values, str | Integral) else values


def refuse(target: Target, inputs: Any, settings: Any, dtypes: Any, orders: Any, profile: Any) -> None:
    """Raise ValueError or TypeError for arguments of check_policy that are none."""
    if not isinstance(profile, str) or profile not in PROFILES:
        raise ValueError(f"profile is 'quick' or 'deep', got {profile!r}")
    refuse_dtypes(dtypes)
    refuse_orders(orders)
    if not isinstance(settings or {}, dict):
        raise TypeError(
            f"settings has a strategy by keyword of forward, such as {{'axis': neo.testing.axes(2)}}; "
            f"got {settings!r}"
        )
    if not target.names and inputs is None:
        raise ValueError(
            f"{target.name}.forward takes any number of operands, or none; say what to draw with "
            f"inputs=, for example inputs=neo.testing.same_shape(2)"
        )


def refuse_dtypes(dtypes: Any) -> None:
    """Raise ValueError for anything but names of dtypes."""
    given = dtypes if isinstance(dtypes, Sequence | set) else [dtypes]
    unknown = [dtype for dtype in given if dtype not in DTYPES]
    if unknown or not given:
        raise ValueError(f"dtypes are some of {', '.join(DTYPES)}; got {unknown or 'none'}")


def refuse_orders(orders: Any) -> None:
    """Raise ValueError for anything but whole numbers from 1 on."""
    given = list(orders) if isinstance(orders, Sequence | set) else []
    if not given or any(not isinstance(k, Integral) or k < 1 for k in given):
        raise ValueError(f"orders are whole numbers from 1 on, such as (1, 2); got {orders!r}")


def refuse_seed(seed: Any) -> None:
    """Raise ValueError for what seeds no random numbers."""
    if seed is not None and (not isinstance(seed, Integral) or seed < 0):
        raise ValueError(f"seed is a whole number from 0 on, or None; got {seed!r}")
