"""Linear algebra by Gauss's elimination: exact for fractions, at mpmath's precision for its numbers."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from .array import COMPLEX, ObjectArray, bare, divided, wrap
from .mathematics import FUNCTIONS, to_complex

SlogdetResult = namedtuple("SlogdetResult", "sign logabsdet")
SVDResult = namedtuple("SVDResult", "U S Vh")
EigResult = namedtuple("EigResult", "eigenvalues eigenvectors")
EighResult = namedtuple("EighResult", "eigenvalues eigenvectors")
QRResult = namedtuple("QRResult", "Q R")


def each(function: Callable[..., Any], *stacks: np.ndarray) -> Any:
    """Apply a function of matrices to stacks of them."""
    lead = np.broadcast_shapes(*[x.shape[:-2] for x in stacks])
    stacks = tuple([np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in stacks])
    if not lead:
        return function(*stacks)
    found = [function(*[x[place] for x in stacks]) for place in np.ndindex(*lead)]
    like = found[0] if found else function(*[np.eye(*x.shape[-2:], dtype=int).astype(object) for x in stacks])
    out = np.empty((*lead, *np.shape(like)), object)
    for place, x in zip(np.ndindex(*lead), found, strict=True):
        out[place] = x
    return out


def _eliminated(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return the x for which a @ x = b, and a's determinant; pivots are the largest of their column."""
    a, b, n, det = a.copy(), b.copy(), a.shape[0], 1
    for k in range(n):
        p = k + int(np.argmax(abs(a[k:, k])))
        if a[p, k] == 0:
            return b, det * 0
        if p != k:
            a[[k, p]], b[[k, p]], det = a[[p, k]], b[[p, k]], -det
        det = det * a[k, k]
        for i in range(k + 1, n):
            factor = divided(a[i, k], a[k, k])
            a[i, k:], b[i] = a[i, k:] - factor * a[k, k:], b[i] - factor * b[k]
    for k in reversed(range(n)):
        b[k] = divided(b[k] - (a[k, k + 1 :] @ b[k + 1 :] if k + 1 < n else 0), a[k, k])
    return b, det


def _solved(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found, det = _eliminated(a, b)
    if a.size and det == 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return found


def solve(a: ObjectArray, b: ObjectArray, /) -> ObjectArray:
    """Return the x for which a @ x = b, for stacks of square a; b of one axis is a vector."""
    if b.ndim == 1:
        return wrap(each(_solved, a.values, b.values[:, None])[..., 0])
    return wrap(each(_solved, a.values, b.values))


def inv(a: ObjectArray, /) -> ObjectArray:
    """Return the inverses of a stack of matrices."""
    return wrap(each(_solved, a.values, np.eye(a.shape[-1], dtype=int).astype(object)))


def det(a: ObjectArray, /) -> ObjectArray:
    """Return the determinants of a stack of matrices."""
    found = each(lambda x: _eliminated(x, x[:, :0])[1], a.values)
    return wrap(found)


def slogdet(a: ObjectArray, /) -> SlogdetResult:
    """Return the signs and the logarithms of the absolute values of determinants."""
    found: Any = det(a).values
    absolute = np.frompyfunc(lambda x: mpmath.log(abs(x)) if x else -mpmath.inf, 1, 1)(found)
    return SlogdetResult(wrap(np.frompyfunc(mpmath.sign, 1, 1)(found)), wrap(absolute))


def _cholesky(a: np.ndarray) -> np.ndarray:
    n = a.shape[0]
    out = np.zeros((n, n), int).astype(object)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - (out[i, :j] @ _conjugate(out[j, :j]) if j else 0)
            if i == j and not mpmath.re(rest) > 0:
                raise np.linalg.LinAlgError("Matrix is not positive definite")
            out[i, j] = mpmath.sqrt(rest) if i == j else rest / _conjugate(out[j, j])
    return out


def _conjugate(x: Any) -> Any:
    return np.frompyfunc(lambda k: k.conjugate(), 1, 1)(x)


def cholesky(a: ObjectArray, /, *, upper: bool = False) -> ObjectArray:
    """Return the triangular factors of positive definite matrices."""
    lower = each(_cholesky, a.values)
    return wrap(_conjugate(np.swapaxes(lower, -1, -2)) if upper else lower)


def diagonal(x: ObjectArray, /, *, offset: int = 0) -> ObjectArray:
    """Return the diagonals of a stack of matrices."""
    return wrap(np.diagonal(x.values, offset, -2, -1))


def vector_norm(x: ObjectArray, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> ObjectArray:
    """Return norms of any order over axes."""
    size = abs(x.values)
    settings = {"axis": axis, "keepdims": keepdims}
    if ord in (np.inf, -np.inf):
        return wrap((np.max if ord > 0 else np.min)(size, **settings))
    if ord == 0:
        return wrap(np.sum(size != 0, dtype=float, **settings))
    total = wrap(np.sum(size if ord == 1 else size**ord, **settings))
    return total if ord == 1 else FUNCTIONS["sqrt"](total) if ord == 2 else total ** (1 / mpmath.mpf(ord))


def _by_mpmath(function: Callable[..., Any], x: ObjectArray, like: Any) -> list[np.ndarray]:
    """Return a factorisation of mpmath's of a stack of matrices: arrays of objects.

    like: the factors that NumPy gives for the same shape, which are those of no elements.
    """
    lead = x.shape[:-2]
    if x.size == 0:
        return [np.asarray(part).astype(object) for part in like]
    found = [function(mpmath.matrix(x.values[place].tolist())) for place in np.ndindex(*lead)]
    return [_stacked([f[k] for f in found], lead, part.shape) for k, part in enumerate(like)]


def _stacked(parts: list[Any], lead: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    flat = np.empty(int(np.prod(shape)), object)
    flat[:] = [x for part in parts for x in part]
    return flat.reshape(shape)


def svd(x: ObjectArray, /, *, full_matrices: bool = True) -> SVDResult:
    """Return U, the singular values and V^H of a stack of matrices."""
    like = np.linalg.svd(np.zeros(x.shape), full_matrices=full_matrices)
    factor = lambda a: mpmath.svd(a, full_matrices=full_matrices)  # noqa: E731
    return SVDResult(*map(wrap, _by_mpmath(factor, x, like)))


def svdvals(x: ObjectArray, /) -> ObjectArray:
    """Return the singular values of a stack of matrices."""
    return svd(x, full_matrices=False).S


def eigh(x: ObjectArray, /) -> EighResult:
    """Return the eigenvalues of Hermitian matrices, in order, and their vectors."""
    factor = mpmath.eighe if x.dtype is COMPLEX else mpmath.eigsy
    return EighResult(*map(wrap, _by_mpmath(factor, x, np.linalg.eigh(np.zeros(x.shape)))))


def eigvalsh(x: ObjectArray, /) -> ObjectArray:
    """Return the eigenvalues of Hermitian matrices, in order."""
    return eigh(x).eigenvalues


def eig(x: ObjectArray, /) -> EigResult:
    """Return the eigenvalues of matrices and their vectors, of length 1."""
    found = _by_mpmath(mpmath.eig, x, np.linalg.eig(np.zeros(x.shape)))
    values, vectors = [to_complex(part) for part in found]
    return EigResult(wrap(values), wrap(vectors / np.sqrt(np.sum(abs(vectors) ** 2, axis=-2, keepdims=True))))


def eigvals(x: ObjectArray, /) -> ObjectArray:
    """Return the eigenvalues of matrices."""
    return eig(x).eigenvalues


def qr(x: ObjectArray, /, *, mode: Any = "reduced") -> QRResult:
    """Return the orthogonal and the triangular factors of matrices."""
    rows, columns = x.shape[-2:]
    tall = x[..., :rows]  # mpmath takes no wide ones
    like = np.linalg.qr(np.zeros(tall.shape), mode=mode)
    factor = lambda a: mpmath.qr(a, mode="skinny" if mode == "reduced" else "full")  # noqa: E731
    q, r = _by_mpmath(factor, tall, like)
    wide = _conjugate(np.swapaxes(q, -1, -2)) @ x.values if columns > rows else r
    return QRResult(wrap(q), wrap(wide))


def pinv(x: ObjectArray, /, *, rtol: Any = None) -> Any:
    """Return the pseudoinverses of matrices; singular values up to rtol times the largest count as 0."""
    u, s, vh = [part.values for part in svd(x, full_matrices=False)]
    least = (max(x.shape[-2:]) * mpmath.eps if rtol is None else bare(rtol)) * np.max(s, axis=-1, initial=0)
    inverse = np.where(s > np.expand_dims(least, -1), divided(1, s), 0)
    adjoints = [_conjugate(np.swapaxes(part, -1, -2)) for part in (u, vh)]
    return wrap((adjoints[1] * inverse[..., None, :]) @ adjoints[0])
