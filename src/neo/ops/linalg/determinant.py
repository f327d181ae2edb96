"""Determinants: det, whose gradient is right at singular matrices too, and slogdet."""

from __future__ import annotations

import cmath
import math
from typing import Any, NamedTuple

from ...backends import define
from ...core.array import values_of
from ...core.dtypes import COMPLEX, kind
from ...errors import LinAlgError
from ..batching import aligned, leading
from ..broadcasting import astype, broadcast_to, conj, imag, real
from ..constant import equal, is_zero
from ..formulas import abs
from ..indexing import getitem
from ..manipulation import expand_dims, flip
from ..products import adjoint
from ..promotion import one_dtype
from ..registry import BuiltIn, rule
from ..selection import where
from ..statistics import cumulative_prod, mean
from . import checks
from .pieces import column, dominant, eps_of, eye_like, largest, raw_and_library, row
from .solve import POSITIVE, inv

SQUARES = [([(3, 3)], {}), ([(2, 2, 2)], {}), ([(1, 1)], {}), ([(0, 2, 2)], {}), ([(2, 0, 0)], {})]


class Det(BuiltIn):
    domain, samples = (-1, 1), [*SQUARES, ([(4, 4)], {})]
    batch = classmethod(leading)

    def forward(self, x):
        self.ctx.save(x)
        return checks.attempt("det", self.xp.linalg.det, x)

    def backward(self, g):
        (x,) = self.ctx.release
        return column(column(g)) * adjoint(adjugate(x))


@rule(Det)
def det(x: Any, /) -> Any:
    """Return the determinant of square matrices.

    x: (..., n, n) real or complex. Returns (...).
    Gradient: to x, the cofactors; right at every matrix, singular ones of any rank included, to
    every order.
    Raises ValueError when x is not square.
    Source: Jacobi's formula; Giles, "Collected matrix derivative results" (2008), section 2.2.4.
    """
    checks.square("det", x)
    return Det.of(x)


class Adjugate(BuiltIn):
    domain, samples = (-1, 1), SQUARES
    batch = classmethod(leading)

    def forward(self, x):
        self.ctx.save(x)
        return self.xp.adjugate(x)

    def backward(self, g):
        (x,) = self.ctx.release
        # The adjugate is the transposed slope of det, so its own is det's second, which is symmetric.
        return conj(cofactor_slope(x, adjoint(g)))


@define("adjugate")
def _adjugate(xp: Any, x: Any) -> Any:
    u, s, vh = checks.attempt("svd", xp.linalg.svd, x)
    phase = xp.linalg.det(u) * xp.linalg.det(vh)
    return column(column(phase)) * ((_adjoint(xp, vh) * row(products_of_others(s))) @ _adjoint(xp, u))


def _adjoint(xp: Any, x: Any) -> Any:
    return xp.matrix_transpose(xp.conj(x) if kind(x.dtype) == COMPLEX else x)


@rule(Adjugate)
def adjugate(x: Any, /) -> Any:
    """Return the transposed matrix of cofactors: x @ adjugate(x) = det(x) * identity.

    x: (..., n, n) real or complex. It is finite and right at singular matrices.
    Gradient: to x, at every matrix. Raises ValueError when x is not square.
    Source: Stewart, "On the adjugate matrix" (1998), by the singular value decomposition.
    """
    checks.square("adjugate", x)
    return Adjugate.of(x)


class CofactorSlope(BuiltIn):
    # Not in the table of operations: its own slope sums more products than the tests' model of
    # rounding allows for. Those of det reach it, to the third order.
    label = "cofactor_slope"
    batch = classmethod(aligned)

    def forward(self, x, v):
        self.ctx.save(x, v)
        return self.xp.cofactor_slope(x, v)

    def backward(self, g):
        x, v = self.ctx.release
        g = conj(g)
        return (
            conj(_slope_along(x, g, v)) if self.needs(0) else None,
            conj(cofactor_slope(x, g)) if self.needs(1) else None,
        )


@define("cofactor_slope")
def _cofactor_slope(xp: Any, x: Any, v: Any) -> Any:
    u, s, vh = checks.attempt("svd", xp.linalg.svd, x)
    # In the frame of u and vh, x is the diagonal s. There the slope of element ij of the adjugate
    # is -v_ij times the product of all s but s_i and s_j; element ii is the product of all x_kk but x_ii.
    turned = _adjoint(xp, u) @ v @ _adjoint(xp, vh)
    pairs = products_of_other_pairs(s)
    along = xp.sum(pairs * row(xp.linalg.diagonal(turned)), axis=-1)
    inner = eye_like(x, x.shape[-1]) * row(along) - pairs * turned
    phase = xp.linalg.det(u) * xp.linalg.det(vh)
    return xp.matrix_transpose(column(column(phase)) * (_adjoint(xp, vh) @ inner @ _adjoint(xp, u)))


def cofactor_slope(x: Any, v: Any, /) -> Any:
    """Return the derivative of the matrix of cofactors of x in the direction v.

    x, v: (..., n, n) real or complex. Returns (..., n, n). It is the second derivative of det.
    Gradient: to x and v, at every matrix, to every order.
    """
    return CofactorSlope.of(*one_dtype(x, v))


def _slope_along(x: Any, h: Any, v: Any) -> Any:
    """Return the derivative of cofactor_slope(x, v) as x moves along h, exactly.

    It is a polynomial in the step t, of degree n - 2, so the mean of its values over t at n roots
    of unity gives its coefficient of t (Cauchy's formula, without an error at n points). Steps of
    about the size of x over n keep the values of one size.
    """
    n = x.shape[-1]
    if n < 3:
        return 0 * x
    raw, library = raw_and_library(x)
    roots = [cmath.exp(2j * cmath.pi * k / n) for k in range(n)]
    dtype = library.xp.result_type(raw.dtype, library.xp.complex64)
    size = _or_one(largest(x, (-2, -1))) / _or_one(largest(h, (-2, -1))) * (3 / (n - 2))
    steps = expand_dims(size, axis=-3) * column(column(library.asarray(roots, dtype, library.device(raw))))
    moved = expand_dims(x, axis=-3) + expand_dims(h, axis=-3) * steps
    values = cofactor_slope(moved, broadcast_to(astype(expand_dims(v, axis=-3), dtype), tuple(moved.shape)))
    none = largest(h, (-2, -1)) == 0
    out = where(none, 0, mean(values / steps, axis=-3))
    return out if kind(raw.dtype) == COMPLEX else real(out)


def _or_one(x: Any) -> Any:
    return where(x == 0, 1, x)


def products_of_others(s: Any) -> Any:
    """Return, for each element of the last axis, the product of the others, without division."""
    return _before(s) * flip(_before(flip(s, axis=-1)), axis=-1)


def _before(s: Any) -> Any:
    """Return the product of all elements before each one, along the last axis."""
    return getitem(cumulative_prod(s, axis=-1, include_initial=True), (..., slice(0, -1)))


def products_of_other_pairs(s: Any) -> Any:
    """Return (..., n, n): the product of all s but s_i and s_j; 0 on the diagonal."""
    n = s.shape[-1]
    same = eye_like(s, n) == 1
    return where(same, 0, products_of_others(where(same, 1, row(s))))


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its magnitude."""

    sign: Any
    logabsdet: Any


class Slogdet(BuiltIn):
    domain, samples = POSITIVE, SQUARES
    prepare = staticmethod(dominant)
    batch = classmethod(leading)

    def forward(self, x):
        out = SlogdetResult(*checks.attempt("slogdet", self.xp.linalg.slogdet, x))
        self.ctx.save(x, out.sign)
        return out

    def backward(self, g_sign, g_log):
        x, sign = self.ctx.release
        # The sign of a complex determinant turns with the imaginary part of tr(x^-1 dx).
        turn = imag(g_sign * conj(sign)) * 1j if kind(sign.dtype) == COMPLEX else 0
        g = column(column(g_log + turn))
        dx = g * adjoint(_inverse_or_infinite(x, sign))
        return where(equal(g, 0), 0, dx) if self.zero_wins else dx


def _inverse_or_infinite(x: Any, sign: Any) -> Any:
    """Return the inverse, which is adjugate / det; of a singular matrix that with its infinities."""
    try:
        return inv(x)
    except LinAlgError:
        singular = column(column(is_zero(sign)))
    n = x.shape[-1]
    one = eye_like(x, n)
    cofactors = adjugate(where(singular, x, one))
    # The largest that rounding makes of a cofactor that is 0.
    none = abs(values_of(cofactors)) <= largest(x, (-2, -1)) ** (n - 1) * (8 * n * eps_of(x))
    infinite = where(none, 0, where(none, 1, cofactors) * math.inf)
    return where(singular, infinite, inv(where(singular, one, x)))


@rule(Slogdet)
def slogdet(x: Any, /) -> SlogdetResult:
    """Return the sign of the determinant and the logarithm of its magnitude.

    x: (..., n, n) real or complex. Returns sign (...), like x and of magnitude 1 or 0, and
    logabsdet (...), real, -inf where x is singular.
    Gradient: to x. Where x is singular, that of the logarithm is inf with the signs of the cofactors,
    as 1 / 0 is, and 0 where a cofactor is 0, since the determinant then stays 0.
    Raises ValueError when x is not square.
    Source: Giles, "Collected matrix derivative results" (2008), section 2.2.4.
    """
    checks.square("slogdet", x)
    return Slogdet.of(x)
