"""Norms of vectors and matrices, with the gradient of least norm at their kinks."""

from __future__ import annotations

import math
from typing import Any

from ...core.array import values_of
from ...core.dtypes import differentiable
from ...errors import short_name
from ..batching import leading, over
from ..broadcasting import Axes, astype, kept_shape, positive_axes, reshape, sum
from ..constant import is_zero, stopped
from ..formulas import abs, sign
from ..registry import BuiltIn, composite, rule
from ..selection import where
from ..statistics import max as maximum_of
from ..statistics import min as minimum_of
from . import checks
from .pieces import column, row, spectral_tolerance, spread
from .singular import svd

ORDERS = (1, math.inf, -math.inf, 0, -1, -2, 3, 2.5, 0.5)


class VectorNorm(BuiltIn):
    domain = (0.2, 2)
    samples = [
        ([(4,)], {}),
        ([(2, 3)], {"axis": 0}),
        ([(2, 3, 2)], {"axis": (0, 2), "keepdims": True}),
        ([()], {}),
        ([(2, 0)], {"axis": 1}),
        *[([(2, 3)], {"axis": 1, "ord": order}) for order in ORDERS],
    ]
    batch = classmethod(over())

    def forward(self, x, *, axis, keepdims, ord):
        out = self.xp.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
        self.ctx.save(x, out, axis, ord)
        return out

    def backward(self, g):
        x, out, axis, order = self.ctx.release
        shape = kept_shape(tuple(x.shape), axis)
        g, out = reshape(g, shape), reshape(out, shape)
        if order == 0:
            return 0 * sign(x)
        if order == 2:
            return (g * _inverse(out)) * x
        if order == 1:
            return g * sign(x)
        if math.isinf(order):
            return _shared(g, x, out, axis)
        return g * (sign(x) * _powered(abs(x) * _inverse(out), order - 1))


def _inverse(x: Any) -> Any:
    """Return 1 / x, and 0 where x is 0: where the norm is 0 all slopes are, to every order."""
    none = is_zero(x)
    return where(none, 0, 1 / where(none, 1, x))


def _powered(x: Any, power: float) -> Any:
    """Return x ** power for x >= 0, and 0 where x is 0, which is a kink or flat."""
    none = is_zero(x)
    return where(none, 0, where(none, 1, x) ** power)


def _shared(g: Any, x: Any, out: Any, axis: Axes) -> Any:
    """Return g split evenly among the elements whose magnitude is the norm."""
    reached = abs(stopped(x)) == stopped(out)
    share = astype(reached, out.dtype)
    return (g / sum(share, axis=axis, keepdims=True) * share) * sign(x)


@rule(VectorNorm)
def vector_norm(x: Any, /, *, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Any:
    """Return norms of vectors: the sum of |x|**ord, to the power of 1 / ord.

    x: (...) real or complex. axis: an axis, several, or None for all elements of x. ord: a number,
    inf for the largest magnitude, -inf for the smallest, 0 for how many are not zero.
    Returns real numbers, without the axes unless keepdims is true.
    Gradient: to x. At 0 it is 0; the 1-norm's is 0 at zero elements; inf and -inf split it evenly
    between ties; 0 has none.
    """
    checks.axes("vector_norm", x, 0)
    _real_or_complex("vector_norm", x)
    axes = positive_axes(axis, len(x.shape))
    if axis is not None and not axes:
        return astype(x != 0, abs(x).dtype) if ord == 0 else abs(x)
    return VectorNorm.of(x, axis=axis if axis is None else axes, keepdims=keepdims, ord=ord)


def _real_or_complex(name: str, x: Any) -> None:
    if not differentiable(x.dtype):
        raise TypeError(f"{name} needs real or complex numbers, got {short_name(x.dtype)}; cast first")


MATRIX_ORDERS = ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)


class SpectralNorm(BuiltIn):
    domain = (-1, 1)
    samples = [
        ([shape], {"ord": order})
        for order in ("nuc", 2, -2)
        for shape in ((3, 3), (2, 3), (2, 3, 2), (0, 2, 2))
    ]
    prepare = staticmethod(lambda x: (x + spread(x),))
    batch = classmethod(leading)

    def forward(self, x, *, ord):
        self.ctx.save(x)
        self.order = ord
        s = checks.attempt("matrix_norm", self.xp.linalg.svdvals, x)
        return self.xp.sum(s, axis=-1) if ord == "nuc" else s[..., 0] if ord == 2 else s[..., -1]

    def backward(self, g):
        (x,) = self.ctx.release
        u, s, vh = svd(x, full_matrices=False)
        shares = _shares(s, self.order, max(x.shape[-2:]))
        return column(column(g)) * ((u * row(shares)) @ vh)


def _shares(s: Any, order: Any, size: int) -> Any:
    """Return the share of each singular value in a norm; zero and tied ones are told by rounding.

    A singular value of 0 is a kink, as |x| at 0: it gets none.
    """
    values = values_of(s)
    tolerance = spectral_tolerance(values, size)
    if order == "nuc":
        return astype(values > tolerance, s.dtype)
    reached = values >= values[..., :1] - tolerance if order == 2 else values <= values[..., -1:] + tolerance
    count = sum(astype(reached, s.dtype), axis=-1, keepdims=True)
    return astype(reached & (values > tolerance), s.dtype) / count


@rule(SpectralNorm)
def spectral_norm(x: Any, /, *, ord: Any = 2) -> Any:
    """Return the sum ("nuc"), the largest (2) or the smallest (-2) of the singular values."""
    return SpectralNorm.of(x, ord=ord)


@composite(
    domain=(0.2, 2),
    samples=[
        ([(2, 3)], {}),
        ([(2, 2, 3)], {"keepdims": True}),
        *[([(3, 2)], {"ord": order}) for order in (1, -1, math.inf, -math.inf)],
        ([(3, 2)], {"ord": "nuc", "keepdims": True}),
    ],
)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return norms of matrices.

    x: (..., m, n) real or complex. ord: "fro" (or None), the root of the sum of squares; "nuc", the
    sum of singular values; 2, the largest, and -2, the smallest; 1, the largest sum of magnitudes
    down a column, and -1, the smallest; inf and -inf, the same along a row. Without elements the
    largest is 0.
    Returns (...), or (..., 1, 1) with keepdims; real.
    Gradient: to x. Of least norm at kinks: 0 at a zero matrix, an even split between ties, nothing
    from singular values of 0.
    Raises ValueError for another ord, or for the smallest of nothing.
    Source: Watson, "Characterization of the subdifferential of some matrix norms" (1992).
    """
    checks.axes("matrix_norm", x, 2)
    _real_or_complex("matrix_norm", x)
    if ord is None or ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord not in MATRIX_ORDERS:
        raise ValueError(f"matrix_norm: ord is one of {', '.join(map(repr, MATRIX_ORDERS))}; got {ord!r}")
    if 0 in tuple(x.shape)[-2:] and ord in ("nuc", 1, 2, math.inf):
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)  # all of them are 0 of no elements
    if ord == -2 and 0 in tuple(x.shape)[-2:]:
        raise ValueError(
            f"matrix_norm: the smallest singular value of matrices without any (shape {tuple(x.shape)}) is "
            f"asked for. Use ord 2, or matrices with elements"
        )
    if ord in ("nuc", 2, -2):
        out = spectral_norm(x, ord=ord)
    else:
        sums = sum(abs(x), axis=-2 if ord in (1, -1) else -1)
        out = maximum_of(sums, axis=-1) if ord > 0 else minimum_of(sums, axis=-1)
    return column(column(out)) if keepdims else out
