"""Eigenvalues and eigenvectors.

Where two eigenvalues are equal, or equal to rounding, their vectors are any basis of one space. A
function of the values that treats equal ones alike, or of the space, has a derivative there, and
it is given; any other gets NaN. The same test tells, for complex matrices, whether a function
depends on the phase of a vector, which the library chose.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...core.array import Traced, values_of
from ...core.dtypes import COMPLEX, kind
from ..batching import leading
from ..broadcasting import astype, conj, real
from ..constant import argsort, on_values
from ..formulas import abs
from ..indexing import take_along_axis
from ..products import adjoint, matmul
from ..registry import BuiltIn, composite, rule
from . import checks
from .pieces import (
    column,
    counted,
    eye_like,
    hermitian,
    largest,
    not_zero,
    over_gap,
    row,
    skew,
    spread,
    tied,
    treated_apart,
)
from .products import diagonal, diagonal_matrix
from .solve import inv, solve

SQUARES = [([(3, 3)], {}), ([(2, 2, 2)], {}), ([(1, 1)], {}), ([(0, 2, 2)], {}), ([(2, 0, 0)], {})]


class Spectral(BuiltIn):
    """A decomposition: what it gives at equal values hangs on which results a function reads.

    U @ diag(f(s)) @ V^H has a derivative where two values are equal, f'(s) W_ij for a gradient W, but
    what arrives here is f'(s) W_ii for the values, and for the vectors f(s) W_ij, which is symmetric
    and cancels. So it is NaN if values and vectors are both read.
    given: the results that a gradient came from.
    """

    given: frozenset[int] = frozenset()

    def _filled(self, parts: Any) -> tuple[Any, ...]:
        self.given = frozenset(parts.given)
        return super()._filled(parts)


def off_diagonal(x: Any) -> Any:
    """Tell which elements of square matrices like x are off the diagonal: bool, (n, n), raw."""
    return eye_like(x, x.shape[-1]) == 0


def undecided(turned: Any) -> Any:
    """Tell which pairs of values a function of them and of the vectors may mix: bool, (..., n, n).

    turned: the gradient of the vectors, in their own basis. Off its diagonal it is not zero; and on it
    the two elements are equal, or else it is no function as `Spectral` says, and what it gives stands.
    """
    turned = values_of(turned)
    both, scale = turned + adjoint(turned), largest(turned, (-2, -1))
    level = diagonal(both)
    apart = not_zero(row(level) - column(level), scale)
    return not_zero(both, scale) & off_diagonal(both) & (apart == False)  # noqa: E712


class EighResult(NamedTuple):
    """Eigenvalues, ascending, and their vectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class EigResult(NamedTuple):
    """Eigenvalues, in no order, and their vectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class Eigh(Spectral):
    domain, samples = (-1, 1), SQUARES
    prepare = staticmethod(lambda x: ((x + adjoint(x)) / 2 + spread(x),))
    # Vectors have a sign or phase of the library's choice, which their projectors do not.
    observe = staticmethod(lambda w, v: (w, (v * row(counted(v, v.shape[-1]))) @ adjoint(v)))
    batch = classmethod(leading)

    def forward(self, x):
        out = EighResult(*checks.attempt("eigh", self.xp.linalg.eigh, x))
        self.ctx.save(*out)
        return out

    def backward(self, gw, gv):
        w, v = self.ctx.release
        turned = adjoint(v) @ gv
        closed = tied(w, w.shape[-1])
        wrong = not_zero(skew(turned), largest(turned, (-2, -1))) | treated_apart(gw)
        if 0 in self.given:
            wrong = wrong | undecided(turned)
        inner = over_gap(skew(turned) / 2, row(w) - column(w), closed, wrong)
        return v @ (inner + diagonal_matrix(gw)) @ adjoint(v)

    def push(self, dx):
        w, v = self.ctx.release
        moved = matmul(adjoint(v), hermitian(dx) @ v)
        return real(diagonal(moved)), matmul(v, _turn(moved, w))


def _turn(moved: Any, w: Any) -> Any:
    """Return how vectors turn into each other: NaN where a space of equal values is split.

    moved: the tangent of the matrix, in the basis of the vectors.
    """
    split = not_zero(moved, largest(moved, (-2, -1))) & off_diagonal(moved)
    return over_gap(moved, row(w) - column(w), tied(w, w.shape[-1]), split)


@rule(Eigh)
def eigh(x: Any, /) -> EighResult:
    """Return ascending eigenvalues and orthonormal eigenvectors of Hermitian x.

    x: (..., n, n), Hermitian; libraries read one triangle and do not look at the other.
    Returns eigenvalues (..., n), real, and eigenvectors (..., n, n), as columns.
    Gradient: to x, Hermitian. Where eigenvalues are equal it is right for a function of the values
    that treats equal ones alike, and for one of the space that their vectors span; else NaN, as it is
    for one of values and vectors together, v @ diag(f(w)) @ v^H. NaN also for a function of the phase
    of complex vectors. In forward mode vectors of equal values have the tangent NaN unless it is zero.
    Raises ValueError when x is not square.
    Source: Giles, "Collected matrix derivative results" (2008), section 3.1.
    """
    checks.square("eigh", x)
    return Eigh.of(x)


@composite(domain=(-1, 1), samples=SQUARES, prepare=Eigh.prepare)
def eigvalsh(x: Any, /) -> Any:
    """Return the eigenvalues of Hermitian matrices, ascending. See `eigh`.

    x: (..., n, n). Returns (..., n), real. Gradient: to x, Hermitian.
    """
    checks.square("eigvalsh", x)
    if isinstance(x, Traced):
        # The vectors of this very call: second derivatives meet in it, where ties are judged.
        return Eigh.of(x).eigenvalues
    return on_values(lambda xp, raw: checks.attempt("eigvalsh", xp.linalg.eigvalsh, raw), x)


def _complex(xp: Any, x: Any) -> Any:
    """Return x as complex numbers of its precision. xp: raw functions."""
    return x if kind(x.dtype) == COMPLEX else xp.astype(x, xp.result_type(x.dtype, xp.complex64))


def _in_order(w: Any, v: Any) -> tuple[Any, Any]:
    """Return eigenvalues by their real parts, and their vectors: libraries have orders of their own."""
    order = argsort(real(w), axis=-1)
    return take_along_axis(w, order, axis=-1), take_along_axis(v, row(order), axis=-1)


def _without_phases(w: Any, v: Any) -> tuple[Any, Any, Any]:
    """Return what does not depend on the phase of vectors of length 1."""
    return w, abs(v) ** 2, (v * row(counted(v, v.shape[-1]))) @ inv(v)


class Eig(Spectral):
    domain, samples = (-1, 1), SQUARES
    prepare = staticmethod(lambda x: (x / 2 + spread(x),))
    observe = staticmethod(lambda w, v: _without_phases(*_in_order(w, v)))
    batch = classmethod(leading)

    def forward(self, x):
        w, v = checks.attempt("eig", self.xp.linalg.eig, x)
        out = EigResult(_complex(self.xp, w), _complex(self.xp, v))
        self.ctx.save(*out)
        self.is_real = kind(x.dtype) != COMPLEX
        return out

    def backward(self, gw, gv):
        w, v = self.ctx.release
        turned = adjoint(v) @ gv
        # Moving along itself would change a vector's length, which stays 1.
        numerator = turned - (adjoint(v) @ v) * row(real(diagonal(turned)))
        closed = tied(w, w.shape[-1])
        wrong = not_zero(numerator, largest(turned, (-2, -1))) | treated_apart(gw)
        if len(self.given) == 2:
            wrong = wrong | off_diagonal(turned)
        inner = over_gap(numerator, conj(row(w) - column(w)), closed, wrong) + diagonal_matrix(gw)
        dx = solve(adjoint(v), inner @ adjoint(v))
        return real(dx) if self.is_real else dx

    def push(self, dx):
        w, v = self.ctx.release
        moved = solve(v, astype(dx, v.dtype) @ v)
        dv = matmul(v, _turn(moved, w))
        # Along itself a vector does not move: its length stays 1.
        return diagonal(moved), dv - row(astype(real(diagonal(matmul(adjoint(v), dv))), v.dtype)) * v


@rule(Eig)
def eig(x: Any, /) -> EigResult:
    """Return the eigenvalues, in no order, and unit eigenvectors of square matrices.

    x: (..., n, n) real or complex. Returns eigenvalues (..., n) and eigenvectors (..., n, n), as
    columns; both are complex.
    Gradient: to x, where it has n independent eigenvectors. At equal eigenvalues, and for a
    function of the vectors' phases, as in `eigh`.
    Raises ValueError when x is not square.
    Source: Boeddeker et al., "On the computation of complex-valued gradients with application to
    statistically optimum beamforming" (2017), equation 4.77; the length as in Giles (2008), 3.1.
    """
    checks.square("eig", x)
    return Eig.of(x)


@composite(domain=(-1, 1), samples=SQUARES, prepare=Eig.prepare, observe=lambda w: (_in_order(w, row(w))[0],))
def eigvals(x: Any, /) -> Any:
    """Return the eigenvalues of square matrices, in no order. See `eig`.

    x: (..., n, n). Returns (..., n), complex. Gradient: to x.
    """
    checks.square("eigvals", x)
    if isinstance(x, Traced):
        return Eig.of(x).eigenvalues
    return on_values(lambda xp, raw: _complex(xp, checks.attempt("eigvals", xp.linalg.eigvals, raw)), x)
