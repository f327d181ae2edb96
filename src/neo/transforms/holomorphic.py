"""holomorphic=True: f'(z) of a complex function, instead of the direction of steepest ascent.

A holomorphic f pulls w back to w * conj(f'(z)), so f'(z) is the conjugate of what 1 is pulled to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import backends, tree
from ..core.array import Array, bottom_of
from ..core.dtypes import COMPLEX, kind
from ..errors import describe
from ..ops.broadcasting import conj


def require_complex(transform: str, what: str, leaves: Iterable[Any]) -> None:
    """Raise TypeError unless all leaves, arguments or results, are complex arrays."""
    for leaf in leaves:
        raw = bottom_of(leaf)
        if type(raw) is not complex and (not hasattr(raw, "dtype") or kind(raw.dtype) != COMPLEX):
            raise TypeError(
                f"{transform} with holomorphic=True needs complex {what}, got {describe(raw)}. Cast "
                f"it, for example x.astype('complex128'), or leave holomorphic out"
            )


def derivatives(gradients: Iterable[Any]) -> list[Any]:
    """Return f'(z) for each argument, a tree of arrays, from what 1 was pulled back to."""
    return [tree.map(_conjugate, gradient) for gradient in gradients]


def _conjugate(x: Any) -> Any:
    out = conj(x)
    # NumPy's functions give scalars for 0-d arrays; a gradient is an array.
    return out if isinstance(out, Array) else backends.of(x).asarray(out)
