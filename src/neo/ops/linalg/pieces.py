"""What the rules of linalg are made of: parts of matrices, and quotients by gaps of a spectrum."""

from __future__ import annotations

import math
from typing import Any

from ...core.array import bottom_of, values_of
from ...core.policy import library_of_all
from ..constant import any_of
from ..formulas import abs
from ..indexing import getitem
from ..manipulation import expand_dims, tril
from ..products import adjoint
from ..selection import where, zero_like
from ..statistics import max as maximum_of


def raw_and_library(x: Any) -> tuple[Any, Any]:
    """Return the library's own array at the bottom, for its dtype and device, and the library."""
    raw = bottom_of(x)
    return raw, library_of_all((raw,))


def eye_like(x: Any, n: int, m: int | None = None) -> Any:
    """Return the raw identity, (n, m), of x's library, dtype and device."""
    raw, library = raw_and_library(x)
    return library.raw.eye(n, m, dtype=raw.dtype, device=library.place(library.device(raw)))


def row(s: Any) -> Any:
    """Return (..., n) as (..., 1, n): times a matrix it scales the columns."""
    return expand_dims(s, axis=-2)


def column(s: Any) -> Any:
    """Return (..., n) as (..., n, 1): times a matrix it scales the rows."""
    return expand_dims(s, axis=-1)


def block(x: Any, rows: slice, columns: slice) -> Any:
    """Return x[..., rows, columns]."""
    return getitem(x, (..., rows, columns))


def lower_half(x: Any) -> Any:
    """Return the part of x below the diagonal plus half the diagonal."""
    return (tril(x) + tril(x, k=-1)) / 2


def hermitian(x: Any) -> Any:
    """Return (x + x^H) / 2."""
    return (x + adjoint(x)) / 2


def skew(x: Any) -> Any:
    """Return x - x^H."""
    return x - adjoint(x)


# Rounding. The values asked here are off every tape: where a quotient is cut off does not move.


def eps_of(x: Any) -> float:
    """Return the spacing of x's dtype at 1."""
    raw, library = raw_and_library(x)
    return float(library.xp.finfo(raw.dtype).eps)


def largest(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the largest magnitude over the last axes, which stay with length 1; 0 of none; untraced."""
    sizes = abs(values_of(x))
    if 0 in tuple(sizes.shape)[-len(axes) :]:
        return zero_like(sizes)
    return maximum_of(sizes, axis=axes, keepdims=True)


def not_zero(x: Any, scale: Any = None) -> Any:
    """Tell where x is more than rounding beside the largest element of its matrix.

    A numerator that ought to cancel is known to the rounding of what went into it, which may be far
    larger than its own: the root of eps is the middle between that and a numerator that does not.
    """
    scale = largest(x, (-2, -1)) if scale is None else scale
    return abs(values_of(x)) > scale * math.sqrt(eps_of(x))


def spectral_tolerance(s: Any, size: int) -> Any:
    """Return the distance, (..., 1), below which eigen- or singular values are one.

    LAPACK finds them to a modest multiple of eps times the largest.
    """
    return largest(s, (-1,)) * (8 * max(size, 1) * eps_of(s))


def tied(s: Any, size: int) -> Any:
    """Tell which of the values s, (..., n), are one to rounding: bool, (..., n, n)."""
    values = values_of(s)
    return abs(row(values) - column(values)) <= column(spectral_tolerance(values, size))


def treated_apart(gs: Any) -> Any:
    """Tell which pairs of values have different gradients: bool, (..., n, n)."""
    values = values_of(gs)
    return not_zero(row(values) - column(values), column(largest(values, (-1,))))


def over_gap(numerator: Any, gap: Any, closed: Any, wrong: Any) -> Any:
    """Return numerator / gap; where the gap is closed 0, and NaN where that is wrong.

    closed, wrong: bool. The derivative exists at a closed gap if the numerator is zero there.
    """
    zero = zero_like(numerator)
    limit = where(wrong, math.nan, zero)
    return where(closed, limit, numerator / where(closed, 1, gap))


def unsettled(numerator: Any, beside: Any, like: Any) -> Any:
    """Return, (..., 1, 1), NaN for a matrix where an element of numerator is not zero, else 0.

    For what a factorization leaves open, such as which basis of a null space it gives: a function
    that depends on the choice has no derivative. beside: what the numerator was computed from.
    """
    open_ = not_zero(numerator, largest(beside, (-2, -1)))
    return where(any_of(open_, axis=(-2, -1), keepdims=True), math.nan, zero_like(like))


def dominant(a: Any, *others: Any) -> tuple[Any, ...]:
    """Return operands of a test with the diagonal of a made to outweigh the rest.

    A product with powers of two, since a sum would round: tests compare precisions.
    """
    return (a * (15 * eye_like(a, *a.shape[-2:]) + 1), *others)


def counted(x: Any, n: int) -> Any:
    """Return 1, 2, ..., n raw, with the dtype, library and device of x."""
    raw, library = raw_and_library(x)
    numbers = library.raw.arange(1, n + 1, device=library.place(library.device(raw)))
    return library.xp.astype(numbers, raw.dtype)


def spread(x: Any) -> Any:
    """Return a diagonal matrix like x whose elements are 3 apart: it keeps a spectrum simple."""
    return 3 * eye_like(x, *x.shape[-2:]) * column(counted(x, x.shape[-2]))
