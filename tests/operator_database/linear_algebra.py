"""Products, factorisations, norms; Fourier transforms."""

from __future__ import annotations

import math
from typing import Any

import neo.numpy as nep
from neo.numpy import fft, linalg

from .arguments import LackingError, axes


def _adjoint(x: Any) -> Any:
    return nep.conj(nep.matrix_transpose(x))


def _symmetric(function: Any) -> Any:
    """PyTorch's database gives such operations x + x.mH, so that they have a gradient at all."""
    return lambda x, *args, **kwargs: function(x + _adjoint(x), *args, **kwargs)


def _with_product(product: Any) -> Any:
    return lambda x, a, b, alpha=1, beta=1: (
        (x if beta == 1 else beta * x) + (product(a, b) if alpha == 1 else alpha * product(a, b))
    )


def _summed_product(a: Any, b: Any) -> Any:
    return nep.sum(a @ b, axis=0)


def _cross(x: Any, y: Any, dim: int = -1) -> Any:
    return linalg.cross(x, y, axis=dim if dim < 0 else dim - max(x.ndim, y.ndim))


def _first_cross(x: Any, y: Any, dim: int | None = None) -> Any:
    return _cross(x, y, x.shape.index(3) if dim is None else dim)


def _vector_norm(x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    x = x if dtype is None else nep.astype(x, dtype)
    return linalg.vector_norm(x, ord=ord, axis=axes(x, dim), keepdims=keepdim)


def _matrix_norm(
    x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, dtype: Any = None
) -> Any:
    x = x if dtype is None else nep.astype(x, dtype)
    dim = tuple([d % x.ndim for d in dim])
    out = linalg.matrix_norm(nep.moveaxis(x, dim, (-2, -1)), ord=ord)
    return nep.expand_dims(out, axis=dim) if keepdim else out


def _norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    pair = isinstance(dim, list | tuple) and len(dim) == 2
    if ord is not None and (pair or (dim is None and x.ndim == 2)):
        return _matrix_norm(x, ord, dim or (0, 1), keepdim, dtype)
    return _vector_norm(x, 2 if ord is None else ord, dim, keepdim, dtype)


def _old_norm(x: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    if p == "nuc":
        return _matrix_norm(x, "nuc", (0, 1) if dim is None else dim, keepdim)
    return _vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim, dtype)


def _det_pair(x: Any) -> Any:
    return tuple(linalg.slogdet(x))


def _logdet(x: Any) -> Any:
    sign, size = linalg.slogdet(x)
    if nep.isdtype(x.dtype, "complex floating"):
        return nep.astype(size, x.dtype) + nep.log(sign)
    return nep.where(sign < 0, math.nan, size)


def _cholesky_solve(b: Any, factor: Any, upper: bool = False) -> Any:
    lower = _adjoint(nep.triu(factor)) if upper else nep.tril(factor)
    return linalg.solve_triangular(
        _adjoint(lower), linalg.solve_triangular(lower, b, lower=True), lower=False
    )


def _cholesky_inverse(factor: Any, upper: bool = False) -> Any:
    factor = (
        nep.tril(factor, k=-1)
        + nep.triu(factor, k=1)
        + nep.eye(factor.shape[-1], dtype=factor.dtype, backend=factor.backend)
    )
    eye = nep.broadcast_to(
        nep.eye(factor.shape[-1], dtype=factor.dtype, backend=factor.backend), factor.shape
    )
    return _cholesky_solve(eye, factor, upper)


def _solve_triangular(a: Any, b: Any, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    if left:
        return linalg.solve_triangular(a, b, lower=not upper, unit_diagonal=unitriangular)
    a, b = nep.matrix_transpose(a), nep.matrix_transpose(b)
    return nep.matrix_transpose(linalg.solve_triangular(a, b, lower=upper, unit_diagonal=unitriangular))


def _old_triangular_solve(
    b: Any, a: Any, upper: bool = False, transpose: bool = False, unitriangular: bool = False
) -> Any:
    a = nep.triu(a) if upper else nep.tril(a)
    a_used, up = (nep.matrix_transpose(a), not upper) if transpose else (a, upper)
    return _solve_triangular(a_used, b, up, True, unitriangular), a.copy()


def _lu_factor(x: Any, pivot: bool = True) -> Any:
    lu, pivots = linalg.lu_factor(x)
    return lu, pivots + 1


def _lu_info(x: Any, pivot: bool = True, get_infos: bool = True) -> Any:
    lu, pivots = _lu_factor(x)
    info = nep.zeros(x.shape[:-2], dtype="int32", backend=x.backend)
    return (lu, pivots, info) if get_infos else (lu, pivots)


def _lu(x: Any, pivot: bool = True) -> Any:
    lu = linalg.lu_factor(x)[0]
    return _unpacked(lu)


def _unpacked(lu: Any) -> Any:
    m, n = lu.shape[-2:]
    k = min(m, n)
    eye = nep.eye(m, k, dtype=lu.dtype, backend=lu.backend)
    return nep.tril(lu, k=-1)[..., :, :k] + eye, nep.triu(lu)[..., :k, :]


def _svd_parts(out: Any) -> Any:
    u, s, vh = out
    k = s.shape[-1]
    return u[..., :, :k], s, vh[..., :k, :]


def _svd(x: Any, full_matrices: bool = True, some: bool | None = None) -> Any:
    return _svd_parts(linalg.svd(x, full_matrices=full_matrices if some is None else not some))


# The database asks of the singular vectors what does not hang on their free phases: it names these.
FINISHES: dict[str, Any] = {
    "fn_U": lambda usv: nep.abs(usv[0]),
    "fn_S": lambda usv: usv[1],
    "fn_Vh": lambda usv: (usv[1], nep.abs(usv[2])),
    "fn_UVh": lambda usv: (usv[0] @ usv[2], usv[1]),
}


def _lstsq(a: Any, b: Any, driver: str | None = None, rcond: Any = None) -> Any:
    x, residuals, _, _ = linalg.lstsq(a, b)
    # PyTorch gives residuals where they hold something: of more rows than columns, by most drivers.
    given = a.shape[-2] > a.shape[-1] and driver != "gelsy"
    return x, residuals if given else nep.zeros((0,), dtype=residuals.dtype, backend=a.backend)


def _lu_solved(lu: Any, pivots: Any, b: Any, left: bool = True, adjoint: bool = False) -> Any:
    if left and not adjoint:
        return linalg.lu_solve((lu, pivots - 1), b)
    eye = nep.eye(lu.shape[-1], dtype=lu.dtype, backend=lu.backend)
    inverse = linalg.lu_solve((lu, pivots - 1), nep.broadcast_to(eye, lu.shape))
    inverse = nep.conj(nep.matrix_transpose(inverse)) if adjoint else inverse
    return inverse @ b if left else b @ inverse


def _reflected(a: Any, tau: Any, other: Any, order: Any, adjoint: bool = False) -> Any:
    """Return the product of the reflectors that the columns of a hold, in an order, with other."""
    m = a.shape[-2]
    rows = nep.arange(m, backend=a.backend)
    for k in order:
        v = nep.where(rows > k, a[..., :, k], nep.astype(nep.asarray(rows == k), a.dtype))[..., None]
        scale = nep.conj(tau[..., k]) if adjoint else tau[..., k]
        other = other - scale[..., None, None] * (v @ (nep.conj(nep.matrix_transpose(v)) @ other))
    return other


def _householder(a: Any, tau: Any) -> Any:
    m, n = a.shape[-2:]
    eye = nep.broadcast_to(nep.eye(m, n, dtype=a.dtype, backend=a.backend), a.shape)
    return _reflected(a, tau, eye, reversed(range(tau.shape[-1])))


def _ormqr(a: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    if not left:
        flipped = nep.conj(nep.matrix_transpose(other))
        return nep.conj(nep.matrix_transpose(_ormqr(a, tau, flipped, True, not transpose)))
    order = range(tau.shape[-1])
    return _reflected(a, tau, other, order if transpose else reversed(order), adjoint=transpose)


def _solve(a: Any, b: Any, left: bool = True) -> Any:
    # PyTorch takes b for a stack of vectors where it has one axis less; the standard does not.
    if b.ndim == a.ndim - 1 and b.ndim > 1 and b.shape == a.shape[:-1]:
        return linalg.solve(a, b[..., None])[..., 0]
    return linalg.solve(a, b)


def _pinv(x: Any, rcond: Any = None, hermitian: bool = False, rtol: Any = None, atol: Any = None) -> Any:
    if atol is not None:
        raise LackingError("pinv has no atol")
    return linalg.pinv(x, rtol=rcond if rtol is None else rtol)


def _tensorinv(x: Any, ind: int = 2) -> Any:
    rows, columns = x.shape[:ind], x.shape[ind:]
    return nep.reshape(linalg.inv(nep.reshape(x, (math.prod(rows), -1))), (*columns, *rows))


def _tensorsolve(a: Any, b: Any, dims: Any = None) -> Any:
    if dims is not None:
        a = nep.moveaxis(a, tuple(dims), tuple(range(a.ndim - len(dims), a.ndim)))
    shape = a.shape[b.ndim :]
    return nep.reshape(linalg.solve(nep.reshape(a, (b.size, -1)), nep.reshape(b, (-1,))), shape)


def _dot_any(x: Any, y: Any) -> Any:
    return nep.tensordot(x, y, axes=((-1,), (-1,))) if x.ndim and y.ndim else x * y


def _tensordot(x: Any, y: Any, dims: Any = 2) -> Any:
    return nep.tensordot(x, y, axes=dims if isinstance(dims, int) else tuple([tuple(d) for d in dims]))


def _ident(x: Any) -> Any:
    return x


def _distance(x: Any, y: Any, p: float = 2) -> Any:
    return linalg.vector_norm(x - y, ord=p)


def _info(function: Any) -> Any:
    def with_info(x: Any, *args: Any, **kwargs: Any) -> Any:
        return function(x, *args, **kwargs), nep.zeros(x.shape[:-2], dtype="int32", backend=x.backend)

    return with_info


def _condition(x: Any, p: Any = None) -> Any:
    if p not in (None, 2):
        raise LackingError("cond of another norm")
    s = linalg.svdvals(x)
    return s[..., 0] / s[..., -1]


def _covariance(x: Any, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    x = nep.reshape(x, (1, -1)) if x.ndim < 2 else x
    ones = nep.ones(x.shape[1:], dtype="float64", backend=x.backend)
    w = (
        ones
        * (1 if fweights is None else nep.astype(fweights, "float64"))
        * (1 if aweights is None else aweights)
    )
    total = nep.sum(w)
    scaled = total if aweights is None else nep.sum(w * aweights)
    freedom = total - correction * scaled / total
    centred = x - nep.sum(x * w, axis=1, keepdims=True) / total
    out = (centred * w) @ _adjoint(centred) / nep.where(freedom < 0, 0 * freedom, freedom)
    return nep.reshape(out, ()) if out.shape == (1, 1) else out


def _correlation(x: Any) -> Any:
    c = _covariance(x)
    if not c.ndim:
        return c / c
    d = nep.sqrt(nep.real(linalg.diagonal(c)))
    out = c / d[:, None] / d[None, :]
    if nep.isdtype(out.dtype, "complex floating"):
        return nep.clip(nep.real(out), -1, 1) + 1j * nep.astype(nep.clip(nep.imag(out), -1, 1), out.dtype)
    return nep.clip(out, -1, 1)


def _einsum(operands: Any, equation: str) -> Any:
    return nep.einsum(equation, *operands)


PRODUCTS: dict[str, Any] = {
    **dict.fromkeys(("matmul", "mm", "bmm", "mv"), nep.matmul),
    "__rmatmul__": lambda x, y: y @ x,
    "dot": nep.matmul,
    "vdot": nep.vecdot,
    "inner": _dot_any,
    **dict.fromkeys(("outer",), linalg.outer),
    "kron": linalg.kron,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "addmm": _with_product(nep.matmul),
    "addmm:decomposed": _with_product(nep.matmul),
    "addmv": _with_product(nep.matmul),
    "baddbmm": _with_product(nep.matmul),
    "addbmm": _with_product(_summed_product),
    "addr": _with_product(linalg.outer),
    "cross": _first_cross,
    "linalg.cross": _cross,
    "linalg.vecdot": lambda x, y, dim=-1: nep.vecdot(x, y, axis=dim),
    "linalg.multi_dot": linalg.multi_dot,
    "dist": _distance,
    "trace": linalg.trace,
    "cov": _covariance,
    "corrcoef": _correlation,
}
FACTORS: dict[str, Any] = {
    "cholesky": _symmetric(linalg.cholesky),
    "linalg.cholesky": _symmetric(linalg.cholesky),
    "linalg.cholesky_ex": _symmetric(_info(linalg.cholesky)),
    "cholesky_solve": _cholesky_solve,
    "cholesky_inverse": _cholesky_inverse,
    "linalg.eig": lambda x: [f(y) for f, y in zip((_ident, nep.abs), linalg.eig(x), strict=True)],
    "linalg.eigvals": linalg.eigvals,
    "linalg.eigh": _symmetric(
        lambda x, UPLO="L": [f(y) for f, y in zip((_ident, nep.abs), linalg.eigh(x), strict=True)]
    ),
    "linalg.eigvalsh": _symmetric(lambda x, UPLO="L": linalg.eigvalsh(x)),
    "qr": lambda x, some=True: tuple(linalg.qr(x, mode="reduced" if some else "complete")),
    "linalg.qr": lambda x, mode="reduced": tuple(linalg.qr(x, mode=mode)),
    "svd": _svd,
    "linalg.svd": _svd,
    "linalg.svdvals": linalg.svdvals,
    "linalg.lu_factor": _lu_factor,
    "linalg.lu_factor_ex": _lu_info,
    "lu": lambda x, pivot, get_infos: _lu_info(x, pivot, get_infos),
    "linalg.lu": _lu,
    "lu_unpack": lambda lu, pivots: _unpacked(lu),
    "linalg.lu_solve": _lu_solved,
    "linalg.householder_product": _householder,
    "ormqr": _ormqr,
    "lu_solve": lambda b, lu, pivots: linalg.lu_solve((lu, pivots - 1), b),
}
SOLVERS: dict[str, Any] = {
    "linalg.det": linalg.det,
    "linalg.slogdet": _det_pair,
    "logdet": _logdet,
    "linalg.inv": linalg.inv,
    "linalg.inv_ex": _info(linalg.inv),
    "linalg.solve": _solve,
    "linalg.solve_ex": _info(_solve),
    "linalg.solve_triangular": _solve_triangular,
    "triangular_solve": _old_triangular_solve,
    "linalg.lstsq:grad_oriented": _lstsq,
    "linalg.pinv": _pinv,
    "pinverse": _pinv,
    "linalg.pinv:hermitian": _symmetric(_pinv),
    "linalg.pinv:singular": lambda a, b: linalg.pinv(a @ nep.matrix_transpose(b)),
    "linalg.tensorinv": _tensorinv,
    "linalg.tensorsolve": _tensorsolve,
    "linalg.matrix_power": linalg.matrix_power,
    "matrix_exp": linalg.expm,
    "linalg.cond": _condition,
    "linalg.matrix_rank": None,
}
del SOLVERS["linalg.matrix_rank"]
NORMS: dict[str, Any] = {
    "linalg.vector_norm": _vector_norm,
    "linalg.matrix_norm": _matrix_norm,
    "linalg.norm": _norm,
    "linalg.norm:subgradients_at_zero": _norm,
    "norm": _old_norm,
    "norm:nuc": _old_norm,
    "norm:fro": _old_norm,
    "norm:inf": _old_norm,
}


def _one_axis(function: Any) -> Any:
    return lambda x, n=None, dim=-1, norm=None: function(x, n=n, axis=dim, norm=norm or "backward")


def _many_axes(function: Any, default: Any = None) -> Any:
    def of(x: Any, s: Any = None, dim: Any = default, norm: Any = None) -> Any:
        dim = (dim,) if isinstance(dim, int) else dim
        if dim is default and s is not None and dim is None:
            dim = tuple(range(-len(s), 0))
        return function(x, s=s, axes=dim, norm=norm or "backward")

    return of


def _hermitian_many(last: Any, others: Any, default: Any = None) -> Any:
    """The transforms of several axes with a Hermitian one last: the standard has them of one axis."""

    def of(x: Any, s: Any = None, dim: Any = default, norm: Any = None) -> Any:
        dim = (dim,) if isinstance(dim, int) else dim
        dim = tuple(range(-(len(s) if s is not None else x.ndim), 0)) if dim is None else tuple(dim)
        sizes = (None,) * len(dim) if s is None else tuple(s)
        settings = {"norm": norm or "backward"}
        if last is fft.ihfft:
            x = last(x, n=sizes[-1], axis=dim[-1], **settings)
        for n, d in zip(sizes[:-1], dim[:-1], strict=True):
            x = others(x, n=n, axis=d, **settings)
        return x if last is fft.ihfft else last(x, n=sizes[-1], axis=dim[-1], **settings)

    return of


FOURIER: dict[str, Any] = {
    **{f"fft.{n}": _one_axis(getattr(fft, n)) for n in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")},
    **{f"fft.{n}n": _many_axes(getattr(fft, f"{n}n")) for n in ("fft", "ifft", "rfft", "irfft")},
    **{f"fft.{n}2": _many_axes(getattr(fft, f"{n}n"), (-2, -1)) for n in ("fft", "ifft", "rfft", "irfft")},
    "fft.hfftn": _hermitian_many(fft.hfft, fft.fft),
    "fft.hfft2": _hermitian_many(fft.hfft, fft.fft, (-2, -1)),
    "fft.ihfftn": _hermitian_many(fft.ihfft, fft.ifft),
    "fft.ihfft2": _hermitian_many(fft.ihfft, fft.ifft, (-2, -1)),
}
TABLE: dict[str, Any] = {**PRODUCTS, **FACTORS, **SOLVERS, **NORMS, **FOURIER}
