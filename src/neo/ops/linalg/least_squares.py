"""Pseudo-inverse, rank and least squares: matrices of any shape and rank."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...core.array import raw_of
from ..batching import leading
from ..broadcasting import reshape, sum
from ..constant import on_values
from ..formulas import abs, subtract
from ..products import adjoint, matmul
from ..promotion import one_dtype
from ..registry import BuiltIn, composite, rule
from . import checks
from .pieces import column, dominant, eps_of
from .singular import svdvals
from .solve import POSITIVE


def _cutoff(x: Any, rtol: Any) -> Any:
    """Return rtol, by default the standard's: max(m, n) * eps."""
    return max(x.shape[-2:]) * eps_of(x) if rtol is None else raw_of(rtol)


class Pinv(BuiltIn):
    domain = POSITIVE
    samples = [
        ([(3, 3)], {}),
        ([(4, 2)], {}),
        ([(2, 2, 3)], {"rtol": 1e-10}),
        ([(0, 2, 3)], {}),
        ([(2, 0)], {}),
    ]
    prepare = staticmethod(dominant)
    batch = classmethod(leading)

    def forward(self, x, *, rtol):
        out = checks.attempt("pinv", self.xp.linalg.pinv, x, rtol=rtol)
        self.ctx.save(x, out)
        return out

    def backward(self, g):
        x, out = self.ctx.release
        side, h = adjoint(out), adjoint(g)
        rest = h - x @ (out @ h)  # (1 - x @ out) @ g^H
        other = h - (h @ out) @ x  # g^H @ (1 - out @ x)
        return rest @ (out @ side) + (side @ out) @ other - side @ (g @ side)


@rule(Pinv)
def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """Return the Moore-Penrose pseudo-inverse of matrices.

    x: (..., m, n) real or complex. rtol: singular values below rtol times the largest count as
    zero; a number or (...); max(m, n) * eps by default. Returns (..., n, m).
    Gradient: to x, where its rank does not change.
    Source: Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate" (1973), theorem 4.3.
    """
    checks.matrices("pinv", x)
    return Pinv.of(x, rtol=_cutoff(x, rtol))


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """Return the number of singular values above rtol times the largest.

    x: (..., m, n) real or complex. rtol: a number or (...); max(m, n) * eps by default.
    Returns (...), integer. The result has no gradient.
    """
    checks.matrices("matrix_rank", x)
    cutoff = _cutoff(x, rtol)

    def rank(xp: Any, raw: Any) -> Any:
        return _counted(xp, checks.attempt("matrix_rank", xp.linalg.svdvals, raw), cutoff)

    return on_values(rank, x)


def _counted(xp: Any, s: Any, cutoff: Any) -> Any:
    if not s.shape[-1]:
        return xp.sum(xp.astype(s, xp.int64), axis=-1)
    bound = xp.max(s, axis=-1) * cutoff
    return xp.sum(xp.astype(s > xp.expand_dims(bound, axis=-1), xp.int64), axis=-1)


class LstsqResult(NamedTuple):
    """What lstsq returns: NumPy's four results."""

    x: Any
    residuals: Any
    rank: Any
    s: Any


@composite(
    domain=POSITIVE,
    samples=[([(4, 2), (4,)], {}), ([(2, 4), (2, 2)], {}), ([(2, 3, 2), (3, 1)], {})],
    prepare=dominant,
    observe=lambda x, residuals, rank, s: (x, residuals),
)
def lstsq(a: Any, b: Any, /, rcond: Any = None, *, rtol: Any = None) -> LstsqResult:
    """Return the x of least norm of those for which the norm of a @ x - b is least.

    a: (..., m, n) real or complex, of any rank. b: (m,) or (..., m, k). Leading axes broadcast.
    rtol, or rcond as NumPy calls it: singular values below rtol times the largest count as zero;
    max(m, n) * eps by default.
    Returns x (..., n) or (..., n, k), residuals: the squared norms of a @ x - b, (...) or (..., k),
    also where NumPy leaves them out; rank (...) and the singular values s (..., min(m, n)).
    Gradient: of x and residuals, to a and b, where the rank of a does not change.
    Raises ValueError when shapes do not fit.
    Source: Golub and Pereyra (1973), as for `pinv`.
    """
    rtol = rcond if rtol is None else rtol
    checks.matrices("lstsq", a)
    checks.axes("lstsq", b, 1)
    checks.floating("lstsq", b)
    a, b = one_dtype(a, b)
    vector = b.ndim == 1
    if a.shape[-2] != b.shape[-1 if vector else -2]:
        raise ValueError(
            f"lstsq: shapes {tuple(a.shape)} and {tuple(b.shape)} do not fit; both need as many rows"
        )
    right = column(b) if vector else b
    x = matmul(pinv(a, rtol=rtol), right)
    residuals = sum(abs(subtract(right, matmul(a, x))) ** 2, axis=-2)
    if vector:
        x, residuals = reshape(x, tuple(x.shape)[:-1]), reshape(residuals, tuple(residuals.shape)[:-1])
    return LstsqResult(x, residuals, matrix_rank(a, rtol=rtol), on_values(lambda _, raw: svdvals(raw), a))
