"""Singular values and vectors. What `spectral` says of equal eigenvalues holds for them too."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...core.array import Traced, values_of
from ..batching import leading
from ..broadcasting import real
from ..constant import count_nonzero, on_values
from ..manipulation import concat
from ..products import adjoint, matmul
from ..registry import composite, rule
from . import checks
from .pieces import (
    block,
    column,
    counted,
    hermitian,
    largest,
    not_zero,
    over_gap,
    row,
    skew,
    spectral_tolerance,
    spread,
    tied,
    treated_apart,
    unsettled,
)
from .products import diagonal, diagonal_matrix
from .spectral import Spectral, off_diagonal, undecided


class SVDResult(NamedTuple):
    """Singular vectors as columns, values, largest first, vectors as conjugate rows."""

    U: Any
    S: Any
    Vh: Any


SHAPES = ((3, 3), (4, 2), (2, 3), (2, 3, 2), (0, 2, 3), (2, 0), (1, 1))


def _without_phase(u: Any, s: Any, vh: Any) -> tuple[Any, ...]:
    """Return what is unique of a singular value decomposition: values, products and projectors."""
    k = s.shape[-1]
    first, every = slice(0, k), slice(None)
    product = (block(u, every, first) * row(counted(u, k))) @ block(vh, first, every)
    return s, product, _projected(u, k), _projected(adjoint(vh), k)


def _projected(u: Any, k: int) -> Any:
    """Return the weighted sum of u's projectors; columns from k on have one weight."""
    first, rest, every = slice(0, k), slice(k, None), slice(None)
    u1, u2 = block(u, every, first), block(u, every, rest)
    return (u1 * row(counted(u, k))) @ adjoint(u1) - u2 @ adjoint(u2)


class Svd(Spectral):
    domain = (-1, 1)
    samples = [([shape], {"full_matrices": full}) for shape in SHAPES for full in (False, True)]
    prepare = staticmethod(lambda x: (x + spread(x),))
    observe = staticmethod(_without_phase)
    batch = classmethod(leading)

    def forward(self, x, *, full_matrices):
        out = SVDResult(*checks.attempt("svd", self.xp.linalg.svd, x, full_matrices=full_matrices))
        self.ctx.save(*out)
        return out

    def backward(self, gu, gs, gvh):
        u, s, vh = self.ctx.release
        left, right = _Side(u, gu, s), _Side(adjoint(vh), adjoint(gvh), s)
        mixed = undecided(left.turned + right.turned) if 1 in self.given else False
        inner = _pulled_values(left, right, s, gs, mixed)
        dx = left.first @ (inner + left.open + right.open) @ adjoint(right.first)
        if left.is_tall:
            dx = dx + left.leaving() @ adjoint(right.first)
        if right.is_tall:
            dx = dx + left.first @ adjoint(right.leaving())
        return dx

    def push(self, dx):
        u, s, vh = self.ctx.release
        k, v = s.shape[-1], adjoint(vh)
        first, rest, every = slice(0, k), slice(k, None), slice(None)
        u1, v1 = block(u, every, first), block(v, every, first)
        moved = matmul(adjoint(u1), dx @ v1)
        apart, around = _turns(moved, s, max(dx.shape[-2:]))
        du = matmul(u1, apart + around) + _entering(dx @ v1 - matmul(u1, moved), dx, s)
        dv = matmul(v1, apart - around) + _entering(adjoint(dx) @ u1 - matmul(v1, adjoint(moved)), dx, s)
        du = _with_rest(u1, block(u, every, rest), du)
        return du, real(diagonal(moved)), adjoint(_with_rest(v1, block(v, every, rest), dv))


def _turns(moved: Any, s: Any, size: int) -> tuple[Any, Any]:
    """Return how vectors turn, the left and right ones alike, and against each other.

    The split into partial fractions is that of `_pulled_values`. moved: the tangent, in their bases.
    """
    values = values_of(s)
    low = values <= spectral_tolerance(values, size)
    scale, across = largest(moved, (-2, -1)), skew(moved) / 2
    split = not_zero(hermitian(moved), scale) & off_diagonal(moved)
    apart = over_gap(hermitian(moved), row(s) - column(s), tied(s, size), split)
    return apart, over_gap(across, row(s) + column(s), row(low) & column(low), not_zero(across, scale))


def _entering(out: Any, dx: Any, s: Any) -> Any:
    """Return what the first columns take in from beyond the space that they span."""
    values = values_of(s)
    none = row(values <= spectral_tolerance(values, max(dx.shape[-2:])))
    return over_gap(out, row(s), none, not_zero(out, largest(dx, (-2, -1))))


def _with_rest(first: Any, rest: Any, moved: Any) -> Any:
    """Return the tangent of all columns: the rest gives way to the first ones."""
    if rest.shape[-1] == 0:
        return moved
    return concat([moved, -matmul(first, adjoint(moved) @ rest)], axis=-1)


class _Side:
    """One side's vectors with their gradient: the first k columns, and the rest if there is one."""

    def __init__(self, u: Any, gu: Any, s: Any) -> None:
        k = s.shape[-1]
        first, rest, every = slice(0, k), slice(k, None), slice(None)
        self.s = s
        self.first, self.rest = block(u, every, first), block(u, every, rest)
        self.g, self.g_rest = block(gu, every, first), block(gu, every, rest)
        self.turned = adjoint(self.first) @ self.g
        self.count = u.shape[-2]
        self.is_tall = self.count > k
        among = adjoint(self.rest) @ self.g_rest
        # The rest is any basis of a null space.
        self.open = unsettled(skew(among), among, s)

    def leaving(self) -> Any:
        """Return the pull of how the first columns leave the space they span, over s."""
        out = self.g - self.first @ self.turned - self.rest @ (adjoint(self.g_rest) @ self.first)
        values = values_of(self.s)
        none = row(values <= spectral_tolerance(values, self.count))
        scale = largest(self.g, (-2, -1))
        return over_gap(out, row(self.s), none, not_zero(out, scale))


def _pulled_values(left: _Side, right: _Side, s: Any, gs: Any, mixed: Any) -> Any:
    """Return the gradient of U^H @ x @ V: of the values, and of how vectors turn.

    With K = skew(U^H @ gU) and L = skew(V^H @ gV) it is (K_ij s_j + s_i L_ij) / (s_j^2 - s_i^2),
    split into partial fractions: K + L over the gap, which is the gauge where the gap is closed,
    and K - L over the sum, which is not closed where values are equal.
    mixed: where else a closed gap has no gradient.
    """
    of_u, of_v = skew(left.turned), skew(right.turned)
    size = max(left.count, right.count)
    closed = tied(s, size)
    values = values_of(s)
    low = values <= spectral_tolerance(values, size)
    none = row(low) & column(low)
    scale = largest(left.turned, (-2, -1)) + largest(right.turned, (-2, -1))
    wrong = not_zero(of_u + of_v, scale) | treated_apart(gs) | _kinked(low, gs, left.count != right.count)
    by_gap = over_gap((of_u + of_v) / 2, row(s) - column(s), closed, wrong | mixed)
    by_sum = over_gap((of_u - of_v) / 2, row(s) + column(s), none, not_zero(of_u - of_v, scale))
    return by_gap + by_sum + diagonal_matrix(gs)


def _kinked(low: Any, gs: Any, oblong: bool) -> Any:
    """Tell, on (..., n, n), which zero values have a gradient, but vectors that are any basis."""
    several = count_nonzero(low, axis=-1, keepdims=True) > (0 if oblong else 1)
    moved = not_zero(gs, largest(gs, (-1,)))
    return row(low & several & moved)


@rule(Svd)
def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """Return orthonormal U, descending S and V^H with U @ diag(S) @ V^H = x.

    x: (..., m, n) real or complex. k = min(m, n). Returns U (..., m, k), S (..., k), real, and Vh
    (..., k, n); with full_matrices U (..., m, m) and Vh (..., n, n).
    Gradient: to x. Where values are equal, and for vectors of full matrices beyond k, it is right
    for a function of the values that treats equal ones alike and for one of the space that vectors
    span, else NaN, as for one of values and vectors together; NaN also for a function of the common
    phase of a complex u and v. Where several singular values are 0 their own gradient is NaN: see
    matrix_norm(ord="nuc"). In forward mode vectors of equal values have the tangent NaN unless it is 0.
    Source: Townsend, "Differentiating the singular value decomposition" (2016); for complex x, Wan
    and Zhang, "Automatic differentiation for complex valued SVD" (2019).
    """
    checks.matrices("svd", x)
    return Svd.of(x, full_matrices=bool(full_matrices))


@composite(domain=(-1, 1), samples=[([shape], {}) for shape in SHAPES], prepare=Svd.prepare)
def svdvals(x: Any, /) -> Any:
    """Return the singular values of matrices, descending. See `svd`.

    x: (..., m, n). Returns (..., min(m, n)), real. Gradient: to x.
    """
    checks.matrices("svdvals", x)
    if isinstance(x, Traced):
        return Svd.of(x, full_matrices=False).S
    return on_values(lambda xp, raw: checks.attempt("svdvals", xp.linalg.svdvals, raw), x)
