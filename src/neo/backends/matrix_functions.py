"""Factors and functions of matrices that array libraries lack, from those that all have.

Each takes a library's raw functions first; all take stacks, and write into nothing.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ..errors import LinAlgError
from .defined import define


def _eye(xp: Any, a: Any) -> Any:
    """Return the identity of a's length, dtype and device."""
    return xp.eye(a.shape[-1], dtype=a.dtype, device=xp.place_of(a))


def _norm(xp: Any, a: Any) -> Any:
    """Return the 1-norms of matrices, (...): the largest sum of magnitudes down a column."""
    return xp.max(xp.sum(xp.abs(a), axis=-2), axis=-1)


def _largest(xp: Any, values: Any) -> float:
    """Return the largest of real numbers as a Python number; 0 of none, NaN if one is NaN."""
    return float(xp.max(values)) if math.prod(values.shape) else 0.0


@define("solve_triangular")
def solve_triangular(xp: Any, a: Any, b: Any, *, lower: bool, unit_diagonal: bool) -> Any:
    """Return the x for which a @ x = b, reading one triangle of a."""
    triangle = xp.tril(a) if lower else xp.triu(a)
    if unit_diagonal:
        one = _eye(xp, a)
        triangle = xp.where(one == 1, one, triangle)
    return xp.linalg.solve(triangle, b)


@define("lu_factor")
def lu_factor(xp: Any, a: Any) -> tuple[Any, Any]:
    """Return L and U packed, and the row that each row was exchanged with. Loops over columns."""
    m, n = a.shape[-2:]
    rows = xp.broadcast_to(xp.arange(m, device=xp.place_of(a)), a.shape[:-1])
    pivots = []
    for k in range(min(m, n)):
        candidates = xp.where(rows >= k, _size(xp, a[..., :, k]), -1.0)
        pivot = xp.expand_dims(xp.argmax(candidates, axis=-1), axis=-1)
        a = _taken(xp, a, _exchanged(xp, rows, k, pivot))
        a = _eliminated(xp, a, rows, k)
        pivots.append(pivot)
    return a, xp.concat(pivots, axis=-1) if pivots else rows[..., :0]


def _size(xp: Any, x: Any) -> Any:
    """Return what LAPACK compares pivots by: |x|, of complex numbers |real| + |imag|."""
    if not xp.isdtype(x.dtype, "complex floating"):
        return xp.abs(x)
    return xp.abs(xp.real(x)) + xp.abs(xp.imag(x))


def _exchanged(xp: Any, order: Any, k: int, pivot: Any) -> Any:
    """Return positions (..., n) with those at k and at pivot, (..., 1), exchanged."""
    places = xp.arange(order.shape[-1], device=xp.place_of(order))
    at_pivot = xp.take_along_axis(order, pivot, axis=-1)
    at_k = order[..., k : k + 1]
    return xp.where(places == k, at_pivot, xp.where(places == pivot, at_k, order))


def _taken(xp: Any, a: Any, order: Any) -> Any:
    """Return the rows of a in an order, (..., n)."""
    return xp.take_along_axis(a, xp.broadcast_to(xp.expand_dims(order, axis=-1), a.shape), axis=-2)


def _eliminated(xp: Any, a: Any, rows: Any, k: int) -> Any:
    """Return a with multiples of row k taken from those below, and the multiples in column k."""
    below = rows > k
    pivot = a[..., k, k : k + 1]
    safe = xp.where(pivot == 0, xp.ones_like(pivot), pivot)
    factors = xp.where(below, a[..., :, k] / safe, xp.zeros_like(a[..., :, k]))
    behind = xp.arange(a.shape[-1], device=xp.place_of(a)) > k
    pivot_row = xp.where(behind, a[..., k, :], xp.zeros_like(a[..., k, :]))
    reduced = a - xp.expand_dims(factors, axis=-1) * xp.expand_dims(pivot_row, axis=-2)
    here = xp.expand_dims(below, axis=-1) & (xp.arange(a.shape[-1], device=xp.place_of(a)) == k)
    return xp.where(here, xp.expand_dims(factors, axis=-1), reduced)


@define("permutation_of")
def permutation_of(xp: Any, pivots: Any, rows: int, *, inverse: bool) -> Any:
    """Return the order of rows that a sequence of exchanges makes, or the one that undoes it."""
    order = xp.broadcast_to(xp.arange(rows, device=xp.place_of(pivots)), (*pivots.shape[:-1], rows))
    for k in range(pivots.shape[-1]):
        order = _exchanged(xp, order, k, xp.astype(pivots[..., k : k + 1], xp.int64))
    return xp.argsort(order, axis=-1) if inverse else order


# Coefficients of the Pade approximant of degree 13 of exp; it is good to double precision up to a
# 1-norm of 5.37. Higham, "The scaling and squaring method for the matrix exponential revisited".
_PADE = [math.comb(13, k) * math.factorial(26 - k) / math.factorial(26) for k in range(14)]
_REACH = 5.37


@define("expm")
def expm(xp: Any, a: Any) -> Any:
    """Return the matrix exponential by scaling and squaring, each matrix scaled for itself."""
    if not a.shape[-1]:
        return a
    norm = xp.maximum(_norm(xp, a) / _REACH, xp.ones_like(_norm(xp, a)))
    steps = xp.ceil(xp.log2(norm))[..., None, None]
    out = _pade(xp, a / 2**steps)
    largest = _largest(xp, steps)
    for k in range(int(largest) if math.isfinite(largest) else 0):
        out = xp.where(steps > k, out @ out, out)
    return out


def _pade(xp: Any, a: Any) -> Any:
    """Return p(a) / p(-a), the approximant of exp near 0."""
    c, one = _PADE, _eye(xp, a)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * one
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * one
    odd = a @ odd
    return xp.linalg.solve(even - odd, even + odd)


_NO_ROOT = "an eigenvalue is 0 or a negative real number, or the matrix holds inf or NaN"
_NEGATIVE = "a real matrix has a negative eigenvalue; cast it for a complex result: astype(x, 'complex128')"
_SINGULAR = "a matrix is singular"


def _converged(xp: Any, a: Any) -> Any:
    """Return the principal square root by the product form of the Denman-Beavers iteration.

    Each step replaces m by (2 + m + 1/m) / 4 and a root of the rest, which is m's start over m, by
    its product with (1 + 1/m) / 2. It is scaled by determinants until m is near the identity, and
    converges quadratically from there.
    """
    one, m, root = _eye(xp, a), a, a
    near = math.sqrt(float(xp.finfo(a.dtype).eps))
    before = math.inf
    for _ in range(100):
        inverse = xp.linalg.inv(m)
        far = _norm(xp, m - one)
        scale = xp.where(far > 0.1, _balance(xp, m), xp.ones_like(far))[..., None, None]
        root = (root * scale + (root @ inverse) / scale) / 2
        m = (one + (m * scale**2 + inverse / scale**2) / 2) / 2
        distance = _largest(xp, _norm(xp, m - one))
        # From near on one step is exact to rounding; before that, rounding may already rule.
        if before <= near or (before < 1e-3 and distance >= before):
            return _checked(xp, root, a)
        before = distance
    raise LinAlgError(_NO_ROOT)


def _checked(xp: Any, root: Any, a: Any) -> Any:
    """Return the root if its square is a to three digits: of eigenvalues -1 that rounding moved it is not."""
    if not _largest(xp, _norm(xp, root @ root - a) - 1e-3 * _norm(xp, a)) <= 0:
        raise LinAlgError(_NO_ROOT)
    return root


@define("sqrtm")
def sqrtm(xp: Any, a: Any, *, regular: bool) -> Any:
    """Return the principal square root; of singular matrices that of a + p, less p.

    p projects onto the kernel of a along its range, so that the root of a + p is that of a there
    and 1 on the kernel. regular: whether no matrix is taken for a singular one.
    """
    if not math.prod(a.shape):
        return a
    if regular or not _is_singular(xp, a):
        return _converged(xp, a)
    onto = _onto_kernel(xp, a)
    return _converged(xp, a + onto) - onto


def _rank_tolerance(xp: Any, a: Any) -> float:
    """Return the part of a matrix's size that is rounding."""
    return float(8 * a.shape[-1] * xp.finfo(a.dtype).eps)


def _is_singular(xp: Any, a: Any) -> bool:
    """Tell whether a matrix of a stack is singular to rounding."""
    try:
        inverse = xp.linalg.inv(a)
    except Exception as error:
        if "LinAlgError" not in type(error).__name__:
            raise
        return True
    return not _largest(xp, _norm(xp, a) * _norm(xp, inverse)) < 1 / _rank_tolerance(xp, a)


def _onto_kernel(xp: Any, a: Any) -> Any:
    """Return the projectors onto the kernels of matrices along their ranges; 0 of a regular one.

    Raises LinAlgError where kernel and range meet: the eigenvalue 0 then has no root, or no one.
    """
    u, s, vh = xp.linalg.svd(a)
    none = xp.astype(s <= xp.max(s, axis=-1, keepdims=True) * _rank_tolerance(xp, a), a.dtype)
    left, right = _adjoint(xp, u * none[..., None, :]), _adjoint(xp, vh * none[..., :, None])
    # The angle between the kernels of a and of its adjoint, beside an identity.
    between = left @ right + _eye(xp, a) * (1 - none)[..., None, :]
    smallest = xp.min(xp.linalg.svdvals(between), axis=-1)
    if not _largest(xp, -smallest) < -math.sqrt(float(xp.finfo(a.dtype).eps)):
        raise LinAlgError(
            "the eigenvalue 0 has fewer eigenvectors than its multiplicity, so there is no root"
        )
    return right @ xp.linalg.inv(between) @ left


def _adjoint(xp: Any, a: Any) -> Any:
    return xp.matrix_transpose(xp.conj(a) if xp.isdtype(a.dtype, "complex floating") else a)


@define("angle_from_cut")
def angle_from_cut(xp: Any, a: Any) -> Any:
    """Return the angle, (..., 1, 1), by which the spectrum turns about 0 from where it is farthest from the
    negative real axis, whose own angle is pi; 0 for real matrices.

    Raises LinAlgError for a real matrix with a negative eigenvalue.
    """
    is_complex = xp.isdtype(a.dtype, "complex floating")
    w = xp.linalg.eigvals(a)
    size, flat = xp.abs(w), xp.abs(xp.imag(w))
    top = xp.max(size, axis=-1, keepdims=True) if a.shape[-1] else size
    small = top * (8 * _rank_tolerance(xp, a))
    if not is_complex:
        # Equal ones may be apart by the root of eps.
        beside = top * math.sqrt(float(xp.finfo(a.dtype).eps))
        if xp.is_known(a) and bool(xp.any((xp.real(w) < -small) & (flat <= beside))):
            raise LinAlgError(_NEGATIVE)
        return xp.zeros_like(a[..., :1, :1])
    angle = xp.atan2(xp.imag(w), xp.real(w))
    angle = xp.where((flat <= small) & (xp.real(w) < 0), xp.full_like(angle, math.pi), angle)
    angle = xp.where(size <= small, xp.zeros_like(angle), angle)
    middle = (xp.max(angle, axis=-1) + xp.min(angle, axis=-1)) / 2 if a.shape[-1] else angle
    return xp.astype(middle, a.dtype)[..., None, None]


def _balance(xp: Any, m: Any) -> Any:
    """Return |det m| ** (-1 / (2 n)): scaled by its square, m has determinant 1; inf where it is 0."""
    _, log = xp.linalg.slogdet(m)
    none = log == -math.inf
    scale = xp.exp(xp.where(none, xp.zeros_like(log), log) * (-0.5 / m.shape[-1]))
    return xp.where(none, xp.full_like(log, math.inf), scale)


@cache
def _gauss() -> list[tuple[float, float]]:
    """Return the nodes and weights of Gauss's rule of 16 points on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    return list(zip(nodes.tolist(), weights.tolist(), strict=True))


@define("logm")
def logm(xp: Any, a: Any, *, regular: bool) -> Any:
    """Return the principal logarithm: 2^k times that of the 2^k-th root, which is near the identity.

    Near it the logarithm is the integral over t in [0, 1] of r / (1 + t r), r = a - 1; Gauss's rule
    of 16 points is a Pade approximant, good to double precision up to a norm of 0.7. A matrix is
    scaled to determinant 1 first, since each root costs a bit. regular: as in `sqrtm`.
    Source: Higham, "Functions of Matrices" (2008), theorem 11.6.
    """
    if not math.prod(a.shape):
        return a
    if not regular and _is_singular(xp, a):
        raise LinAlgError(_SINGULAR)
    one, roots = _eye(xp, a), 0
    scale = _balance(xp, a)[..., None, None] ** 2
    a = a * scale
    while not _largest(xp, _norm(xp, a - one)) <= 0.7:
        a, roots = _converged(xp, a), roots + 1
        if roots > 60:
            raise LinAlgError(_NO_ROOT)
    rest = a - one
    total = xp.zeros_like(rest)
    for node, weight in _gauss():
        total = total + xp.linalg.solve(one + rest * ((node + 1) / 2), rest) * (weight / 2)
    return total * 2.0**roots - one * xp.log(scale)
