"""Solvers of linear systems that are known by what they do to a vector: solve(matvec, b) -> x.

matvec: linear, from trees of arrays like b to the like. They run on values; derivatives of their
solution are `custom_linear_solve`'s. Only `dense` is made of operations and differentiates itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backends
from ..core.array import bottom_of, raw_of
from ..core.dtypes import COMPLEX, kind
from ..errors import ConvergenceError, short_name
from ..linalg import solve
from ..ops.manipulation import stack
from .vectors import Operator, Transpose, flat, inner, norm


def dense(matvec: Operator, b: Any) -> Any:
    """Return the x for which matvec(x) = b, from the whole matrix.

    For up to some hundred unknowns; exact, and differentiable as it stands.
    """
    product, vector, unravel = flat(matvec, b)
    columns = [product(unit) for unit in _units(vector)]
    return unravel(solve(stack(columns, axis=1), vector))


def _units(vector: Any) -> list[Any]:
    raw, n = bottom_of(vector), vector.shape[0]
    library = backends.of(raw)
    eye = library.xp.eye(n, dtype=raw.dtype, device=library.place(library.device(raw)))
    return [eye[k, ...] for k in range(n)]


def cg(matvec: Operator, b: Any, *, tol: float | None = None, steps: int | None = None) -> Any:
    """Return the x for which matvec(x) = b, by conjugate gradients.

    matvec: the product with a matrix A that is symmetric (Hermitian) and positive definite.
    tol: of the residual, as a part of b's norm; by default a few roundings of b's dtype.
    steps: at most; by default ten times the number of unknowns.
    Raises ConvergenceError when the residual is larger after so many steps.
    Source: Hestenes and Stiefel, "Methods of conjugate gradients" (1952).
    """
    product, r, unravel = flat(matvec, b)
    goal, steps = _goal(r, tol), steps or 10 * r.shape[0]
    x, p, rr = 0 * r, r, inner(r, r).real
    for _ in range(steps):
        if not rr > goal**2:
            break
        ap = product(p)
        alpha = rr / inner(p, ap).real
        x, r = x + p * alpha, r - ap * alpha
        before, rr = rr, inner(r, r).real
        p = r + p * (rr / before)
    _check("cg", rr**0.5, goal, steps)
    return unravel(x)


def normal_cg(matvec: Operator, b: Any, *, tol: float | None = None, steps: int | None = None) -> Any:
    """Return the x for which matvec(x) = b, by the normal equations and `cg`.

    They are A^T A x = A^T b, for any regular A. Twice the products of `cg`, and the square of the
    condition number.
    """
    back = Transpose(matvec, b)
    return cg(lambda v: back(matvec(v)), back(b), tol=tol, steps=steps)


def bicgstab(matvec: Operator, b: Any, *, tol: float | None = None, steps: int | None = None) -> Any:
    """Return the x for which matvec(x) = b, by stabilised biconjugate gradients.

    For any regular A, in little memory. See `cg`. Source: van der Vorst, "Bi-CGSTAB" (1992).
    """
    product, r, unravel = flat(matvec, b)
    goal, steps = _goal(r, tol), steps or 10 * r.shape[0]
    x, shadow, p, rho = 0 * r, r, r, inner(r, r)
    for _ in range(steps):
        if not norm(r) > goal:
            break
        v = product(p)
        alpha = rho / inner(shadow, v)
        s = r - v * alpha
        t = product(s)
        omega = inner(t, s) / (inner(t, t) or 1.0)
        x, r = x + p * alpha + s * omega, s - t * omega
        before, rho = rho, inner(shadow, r)
        p = r + (p - v * omega) * (rho / before * alpha / omega if omega else 0.0)
    _check("bicgstab", norm(r), goal, steps)
    return unravel(x)


def gmres(
    matvec: Operator, b: Any, *, tol: float | None = None, steps: int | None = None, restart: int = 50
) -> Any:
    """Return the x for which matvec(x) = b, by generalised minimal residuals.

    For any regular A. restart: how many directions are held at once. See `cg`.
    Source: Saad and Schultz, "GMRES" (1986).
    """
    product, vector, unravel = flat(matvec, b)
    goal, steps = _goal(vector, tol), steps or 10 * vector.shape[0]
    x, r, done = 0 * vector, vector, 0
    while norm(r) > goal and done < steps:
        basis, heights = _arnoldi(product, r, min(restart, vector.shape[0]), goal)
        y = np.linalg.lstsq(heights, norm(r) * np.eye(len(heights), 1)[:, 0], rcond=None)[0]
        for weight, direction in zip(y, basis, strict=False):
            x = x + direction * weight.item()
        r, done = vector - product(x), done + len(y)
    _check("gmres", norm(r), goal, steps)
    return unravel(x)


def _arnoldi(product: Operator, r: Any, most: int, goal: float) -> tuple[list[Any], np.ndarray]:
    """Return an orthonormal basis of r, Ar, A²r, ... and A in it, upper Hessenberg."""
    basis = [r * (1 / norm(r))]
    heights = np.zeros((most + 1, most), complex if kind(r.dtype) == COMPLEX else float)
    for k in range(most):
        w = product(basis[k])
        for _ in range(2):  # twice is enough (Kahan and Parlett)
            for j, direction in enumerate(basis):
                part = inner(direction, w)
                heights[j, k] += part
                w = w - direction * part
        heights[k + 1, k] = length = norm(w)
        if not length > np.finfo(float).eps * np.abs(heights[: k + 1, k]).max():
            return basis, heights[: k + 2, : k + 1]
        basis.append(w * (1 / length))
    return basis, heights


def _goal(b: Any, tol: float | None) -> float:
    """Return the residual to reach. By default 10 roundings of b, with room for its length."""
    if tol is None:
        eps = float(np.finfo(short_name(raw_of(b).dtype)).eps)
        tol = 10 * eps * max(b.shape[0], 1) ** 0.5
    return tol * norm(b)


def _check(name: str, residual: float, goal: float, steps: int) -> None:
    if not residual <= 10 * goal:  # a recursion's residual may stand a little off the true one
        raise ConvergenceError(
            f"{name} left a residual of {residual:.3g} after at most {steps} steps; {goal:.3g} was asked "
            f"for. Raise steps= or tol= (functools.partial(neo.implicit.{name}, tol=...)), or choose "
            f"another solver"
        )
