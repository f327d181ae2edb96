"""Zeros and ones like an array, whatever tapes it is on."""

from __future__ import annotations

from typing import Any

from .. import backends
from .array import Traced, bottom_of, box


def zeros_like(x: Any) -> Any:
    """Return zeros like x, as its library's own array; boxed where x is traced."""
    return _filled("zeros", x)


def ones_like(x: Any) -> Any:
    """Return ones like x, as its library's own array; boxed where x is traced.

    A rule multiplies a gradient by what it saved, and a strict library's own array does not take
    a traced one on its right; an Array does.
    """
    return _filled("ones", x)


def _filled(name: str, x: Any) -> Any:
    library = backends.BY_TYPE.get(type(x))
    if library is not None and f"{name}_like" in library.kernels:
        return library.kernels[f"{name}_like"](x)
    raw = bottom_of(x)
    library = backends.of(raw)
    place = library.place(library.device(raw))
    out = getattr(library.xp, name)(tuple(x.shape), dtype=raw.dtype, device=place)
    return box(out) if isinstance(x, Traced) else out
