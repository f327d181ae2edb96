"""The extension `linalg` by Gauss's elimination, for libraries that have none and compute later.

Each function takes a library's raw functions first. The number of steps is that of a matrix's rows,
and depends on no value: a singular matrix gives inf and NaN, where other libraries raise.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from . import registry


def solve_triangular(xp: Any, a: Any, b: Any, *, lower: bool, unit_diagonal: bool) -> Any:
    """Return the x for which a @ x = b, reading one triangle of a: row by row."""
    n = a.shape[-1]
    b = xp.broadcast_to(b, (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))
    found: list[Any] = []
    for k in range(n) if lower else reversed(range(n)):
        here, others = slice(k, k + 1), slice(0, k) if lower else slice(k + 1, n)
        rest = xp.getitem(b, (..., here, slice(None)))
        if found:
            known = xp.concat(found if lower else found[::-1], axis=-2)
            rest = rest - xp.matmul(xp.getitem(a, (..., here, others)), known)
        found.append(rest if unit_diagonal else rest / xp.getitem(a, (..., here, here)))
    return xp.concat(found if lower else found[::-1], axis=-2) if found else b


def solve(xp: Any, a: Any, b: Any, /) -> Any:
    """Return the x for which a @ x = b, for matrices b."""
    b = xp.broadcast_to(b, (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))
    if 0 in b.shape:
        return b
    lu, pivots = xp.lu_factor(a)
    order = xp.expand_dims(xp.permutation_of(pivots, a.shape[-1], inverse=False), axis=-1)
    moved = xp.take_along_axis(b, xp.broadcast_to(order, b.shape), axis=-2)
    below = solve_triangular(xp, lu, moved, lower=True, unit_diagonal=True)
    return solve_triangular(xp, lu, below, lower=False, unit_diagonal=False)


def inv(xp: Any, a: Any, /) -> Any:
    """Return the inverses of square matrices."""
    return solve(xp, a, xp.eye(a.shape[-1], dtype=a.dtype, device=xp.place_of(a)))


def _pivots_and_sign(xp: Any, a: Any) -> tuple[Any, Any]:
    """Return the pivots of elimination and the sign of the order that rows were taken in."""
    lu, exchanged = xp.lu_factor(a)
    moved = xp.sum(xp.astype(exchanged != xp.arange(exchanged.shape[-1]), xp.int64), axis=-1)
    return xp.linalg.diagonal(lu), xp.astype(1 - 2 * (moved % 2), a.dtype)


def det(xp: Any, a: Any, /) -> Any:
    """Return the determinants of square matrices."""
    pivots, sign = _pivots_and_sign(xp, a)
    return sign * xp.prod(pivots, axis=-1)


def slogdet(xp: Any, a: Any, /) -> tuple[Any, Any]:
    """Return the signs of determinants and the logarithms of their magnitudes."""
    pivots, sign = _pivots_and_sign(xp, a)
    return sign * xp.prod(xp.sign(pivots), axis=-1), xp.sum(xp.log(xp.abs(pivots)), axis=-1)


def cholesky(xp: Any, a: Any, /, *, upper: bool = False) -> Any:
    """Return the triangular factors of positive definite matrices: column by column."""
    columns: list[Any] = []
    for k in range(a.shape[-1]):
        column = xp.getitem(a, (..., slice(None), slice(k, k + 1)))
        for earlier in columns:
            column = column - earlier * xp.getitem(earlier, (..., slice(k, k + 1), slice(None)))
        column = column / xp.sqrt(xp.getitem(column, (..., slice(k, k + 1), slice(None))))
        below = xp.asarray(np.arange(a.shape[-1])[:, None] >= k)
        columns.append(xp.where(below, column, xp.zeros_like(column)))
    lower = xp.concat(columns, axis=-1) if columns else a
    return xp.matrix_transpose(lower) if upper else lower


def adjugate(xp: Any, x: Any) -> Any:
    """Return the transposed matrices of cofactors, which are determinants: right at singular ones too."""
    return xp.matrix_transpose(_cofactors(xp, x))


def _cofactors(xp: Any, x: Any) -> Any:
    if x.shape[-1] < 2:
        return xp.ones_like(x)
    return _signs(xp, x) * det(xp, _minors(xp, x))


def cofactor_slope(xp: Any, x: Any, v: Any) -> Any:
    """Return the derivative of the matrices of cofactors along v."""
    if x.shape[-1] < 2:
        return xp.zeros_like(x)
    return _signs(xp, x) * xp.sum(_cofactors(xp, _minors(xp, x)) * _minors(xp, v), axis=(-2, -1))


def _minors(xp: Any, x: Any) -> Any:
    """Return, for each row and column, the matrix without them."""
    n = x.shape[-1]
    kept = np.asarray([[j for j in range(n) if j != k] for k in range(n)])
    rows, columns = np.broadcast_arrays(kept[:, None, :, None], kept[None, :, None, :])
    return xp.getitem(x, (..., rows, columns))


def _signs(xp: Any, x: Any) -> Any:
    places = np.arange(x.shape[-1])
    return xp.astype(xp.asarray(1 - 2 * ((places[:, None] + places) % 2)), x.dtype)


def of(library: str, *names: str) -> dict[str, Any]:
    """Return functions of this module as kernels of a library, by name."""
    return {name: partial(_of, library, globals()[name]) for name in names}


def _of(library: str, function: Any, *operands: Any, **settings: Any) -> Any:
    return function(registry.get(library).raw, *operands, **settings)
