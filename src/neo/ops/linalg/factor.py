"""Triangular factorizations: cholesky and qr."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..batching import leading
from ..manipulation import concat
from ..products import adjoint
from ..registry import BuiltIn, rule
from . import checks
from .pieces import block, dominant, eye_like, hermitian, lower_half, skew, unsettled
from .solve import POSITIVE, solve_triangular


def _positive_definite(x: Any) -> tuple[Any]:
    return (x @ adjoint(x) + eye_like(x, x.shape[-1]),)


class Cholesky(BuiltIn):
    domain = (-1, 1)
    samples = [
        ([(3, 3)], {}),
        ([(2, 2, 2)], {"upper": True}),
        ([(1, 1)], {}),
        ([(0, 2, 2)], {}),
        ([(2, 0, 0)], {}),
    ]
    prepare = staticmethod(_positive_definite)
    batch = classmethod(leading)

    def forward(self, x, *, upper):
        out = checks.attempt("cholesky", self.xp.linalg.cholesky, x, upper=upper)
        self.ctx.save(out)
        self.upper = upper
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        factor, g = (out, adjoint(g)) if self.upper else (adjoint(out), g)
        inner = hermitian(lower_half(factor @ g))
        left = solve_triangular(factor, inner)
        # The library read one triangle; the gradient is that of a symmetric x, so it is symmetric.
        return hermitian(solve_triangular(factor, adjoint(left)))


@rule(Cholesky)
def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """Return the triangular L, with a real positive diagonal, for which L @ L^H = x.

    x: (..., n, n), Hermitian positive definite; libraries read one triangle and do not look at the
    other. upper: return L^H instead.
    Gradient: to x, Hermitian: what moves x along Hermitian matrices.
    Raises ValueError when x is not square, LinAlgError where it is not positive definite.
    Source: Murray, "Differentiation of the Cholesky decomposition" (2016), equation 10.

    >>> import numpy as np
    >>> cholesky(np.eye(2) * 4)
    array([[2., 0.],
           [0., 2.]])
    """
    checks.square("cholesky", x)
    return Cholesky.of(x, upper=bool(upper))


class QRResult(NamedTuple):
    """Orthonormal columns and a triangle whose product is the matrix."""

    Q: Any
    R: Any


def _without_basis(q: Any, r: Any) -> tuple[Any, ...]:
    """Return what is unique of a factorization: of columns beyond r's rank, only what they span."""
    k = min(r.shape[-2:])
    first, rest = block(q, slice(None), slice(0, k)), block(q, slice(None), slice(k, None))
    return first, r, rest @ adjoint(rest)


class Qr(BuiltIn):
    domain = POSITIVE
    samples = [
        ([shape], {"mode": mode})
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 2, 2), (2, 0))
        for mode in ("reduced", "complete")
    ]
    prepare = staticmethod(dominant)
    observe = staticmethod(_without_basis)
    batch = classmethod(leading)

    def forward(self, x, *, mode):
        out = QRResult(*checks.attempt("qr", self.xp.linalg.qr, x, mode=mode))
        self.ctx.save(x, *out)
        return out

    def backward(self, dq, dr):
        x, q, r = self.ctx.release
        m, n = tuple(x.shape)[-2:]
        if m >= n:
            return _pulled_tall(q, r, dq, dr)
        # x = (a, b) with a square: q and its triangle come from a alone, and the rest is q^H @ b.
        a, b = slice(0, m), slice(m, None)
        every = slice(None)
        dr_b = block(dr, every, b)
        da = _pulled_tall(q, block(r, every, a), dq + block(x, every, b) @ adjoint(dr_b), block(dr, every, a))
        return concat([da, q @ dr_b], axis=-1)


def _pulled_tall(q: Any, r: Any, dq: Any, dr: Any) -> Any:
    """Return the gradient of an x with at least as many rows as columns, of full rank."""
    n = tuple(r.shape)[-1]
    top, rest, every = slice(0, n), slice(n, None), slice(None)
    q1, q2 = block(q, every, top), block(q, every, rest)
    dq1, dq2 = block(dq, every, top), block(dq, every, rest)
    r, dr = block(r, top, every), block(dr, top, every)
    turned = adjoint(q1) @ dq1
    outer = dr @ adjoint(r)
    # How the columns turn among each other, and how they leave what they span.
    inner = outer + lower_half(skew(turned - outer)) - turned
    left = q1 @ inner + dq1 - q2 @ (adjoint(dq2) @ q1)
    left = left + unsettled(skew(adjoint(q2) @ dq2), adjoint(q2) @ dq2, left)
    return adjoint(solve_triangular(r, adjoint(left)))


@rule(Qr)
def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """Return Q with orthonormal columns and an upper triangular R: Q @ R = x.

    x: (..., m, n) real or complex. k = min(m, n). mode: "reduced" gives Q (..., m, k) and R
    (..., k, n); "complete" gives (..., m, m) and (..., m, n).
    Gradient: to x, where its first k columns are independent. The columns of a complete Q beyond n
    are any basis of what the others leave: the gradient is NaN if it depends on which.
    Raises ValueError for another mode.
    Source: Walter and Lehmann, "Algorithmic differentiation of linear algebra functions" (2010);
    Roberts and Roberts, "QR and LQ decomposition matrix backpropagation algorithms" (2020).
    """
    checks.matrices("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is 'reduced' or 'complete', got {mode!r}")
    return Qr.of(x, mode=mode)
