"""What the functions say about operands that they are not defined for."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import COMPLEX, kind
from ..errors import describe


def real(name: str, x: Any) -> None:
    """Raise TypeError for a complex operand: its gradient would be a wrong number, not an error."""
    if kind(x.dtype) == COMPLEX:
        raise TypeError(f"{name} is a function of real numbers, got {describe(x)}")
