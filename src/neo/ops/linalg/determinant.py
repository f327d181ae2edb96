"""Determinants: det, whose gradient is right at singular matrices too, and slogdet."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..broadcasting import conj, imag
from ..indexing import getitem
from ..manipulation import flip
from ..products import adjoint, matrix_transpose
from ..registry import BuiltIn, rule
from ..selection import where
from ..statistics import cumulative_prod, sum
from . import checks
from .pieces import column, dominant, eye_like, row
from .products import diagonal, diagonal_matrix
from .solve import POSITIVE, inv
from .spectral import svd

SQUARES = [([(3, 3)], {}), ([(2, 2, 2)], {}), ([(1, 1)], {}), ([(0, 2, 2)], {}), ([(2, 0, 0)], {})]


class Det(BuiltIn):
    domain, samples = (-1, 1), [*SQUARES, ([(4, 4)], {})]

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
    Gradient: to x, the cofactors; right at every matrix, singular ones of any rank included, and so
    is the second derivative. Higher ones need distinct singular values.
    Raises ValueError when x is not square.
    Source: Jacobi's formula; Giles, "Collected matrix derivative results" (2008), section 2.2.4.
    """
    checks.square("det", x)
    return Det.of(x)


class Adjugate(BuiltIn):
    domain, samples = (-1, 1), SQUARES

    def forward(self, x):
        self.ctx.save(x)
        xp = self.xp
        u, s, vh = checks.attempt("svd", xp.linalg.svd, x)
        phase = xp.linalg.det(u) * xp.linalg.det(vh)
        return column(column(phase)) * ((_adjoint(xp, vh) * row(products_of_others(s))) @ _adjoint(xp, u))

    def backward(self, g):
        (x,) = self.ctx.release
        u, s, vh = svd(x)
        v = adjoint(vh)
        # In the frame of u and v, x is the diagonal s. There, to first order, element ij of the
        # adjugate is -x_ij times the product of all s but s_i and s_j; element ii is the product of
        # all x_kk but x_ii.
        inner = adjoint(v) @ g @ u
        pairs = products_of_other_pairs(s)
        along = sum(pairs * column(diagonal(inner)), axis=-2)
        inner = diagonal_matrix(along) - pairs * inner
        phase = det(u) * det(vh)
        return column(column(conj(phase))) * (u @ inner @ vh)


def _adjoint(xp: Any, x: Any) -> Any:
    return xp.matrix_transpose(xp.conj(x)) if xp.isdtype(x.dtype, "complex floating") else xp.matrix_transpose(x)


@rule(Adjugate)
def adjugate(x: Any, /) -> Any:
    """Return the transposed matrix of cofactors: x @ adjugate(x) = det(x) * identity.

    x: (..., n, n) real or complex. It is finite and right at singular matrices.
    Gradient: to x, at every matrix. Raises ValueError when x is not square.
    Source: Stewart, "On the adjugate matrix" (1998), by the singular value decomposition; the
    gradient is neo's own, by the same frame.
    """
    checks.square("adjugate", x)
    return Adjugate.of(x)


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

    def forward(self, x):
        out = SlogdetResult(*checks.attempt("slogdet", self.xp.linalg.slogdet, x))
        self.ctx.save(x, out.sign)
        return out

    def backward(self, g_sign, g_log):
        x, sign = self.ctx.release
        # The sign of a complex determinant turns with the imaginary part of tr(x^-1 dx).
        turn = imag(g_sign * conj(sign)) * 1j if _is_complex(sign) else 0
        return column(column(g_log + turn)) * adjoint(inv(x))


def _is_complex(x: Any) -> bool:
    from ...core.dtypes import COMPLEX, kind

    return kind(x.dtype) == COMPLEX


@rule(Slogdet)
def slogdet(x: Any, /) -> SlogdetResult:
    """Return the sign of the determinant and the logarithm of its magnitude.

    x: (..., n, n) real or complex. Returns sign (...), like x and of magnitude 1 or 0, and
    logabsdet (...), real, -inf where x is singular.
    Gradient: to x. Not defined where x is singular: there it raises LinAlgError; see det.
    Raises ValueError when x is not square.
    Source: Giles, "Collected matrix derivative results" (2008), section 2.2.4.
    """
    checks.square("slogdet", x)
    return Slogdet.of(x)
