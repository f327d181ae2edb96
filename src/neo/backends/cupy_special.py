"""CuPy's special functions, which are ports of SciPy's to the GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def found(name: str) -> Callable[..., Any] | None:
    """Return CuPy's function of that name, or None where it has none."""
    from cupyx.scipy import special

    function = getattr(special, name, None)
    if function is None:
        return None
    return lambda *operands: function(*operands).astype(operands[-1].dtype, copy=False)
