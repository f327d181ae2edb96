"""Linear systems: inv, solve, triangular and factored ones."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...core.array import values_of
from ..batching import aligned, leading
from ..broadcasting import broadcast_to, reshape, unbroadcast
from ..constant import on_values
from ..indexing import take_along_axis
from ..manipulation import broadcast_shapes, concat, tril, triu
from ..products import adjoint
from ..promotion import one_dtype
from ..registry import BuiltIn, composite, rule
from . import checks
from .pieces import block, column, dominant

# Test operands: with the diagonal times 16 a matrix of such numbers is well conditioned.
POSITIVE = (0.25, 1)
ALL = slice(None)


class Inv(BuiltIn):
    domain = POSITIVE
    samples = [([(3, 3)], {}), ([(2, 2, 2)], {}), ([(0, 2, 2)], {}), ([(2, 0, 0)], {})]
    prepare = staticmethod(dominant)
    batch = classmethod(leading)

    def forward(self, x):
        out = checks.attempt("inv", self.xp.linalg.inv, x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        side = adjoint(out)
        return -(side @ g @ side)


@rule(Inv)
def inv(x: Any, /) -> Any:
    """Return the inverse of square matrices.

    x: (..., n, n) real or complex. Returns (..., n, n).
    Gradient: to x. Not defined where x is singular.
    Raises ValueError when x is not square, LinAlgError where it is singular.
    Source: Giles, "Collected matrix derivative results" (2008), section 2.2.3.

    >>> import numpy as np
    >>> inv(np.eye(2) * 2)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    checks.square("inv", x)
    return Inv.of(x)


class Solve(BuiltIn):
    domain = POSITIVE
    samples = [
        ([(3, 3), (3, 2)], {}),
        ([(3, 3), (3,)], {}),
        ([(2, 2, 2), (2,)], {}),
        ([(2, 2), (3, 2, 1)], {}),
        ([(2, 1, 2, 2), (3, 2, 2)], {}),
        ([(0, 2, 2), (2, 1)], {}),
    ]
    prepare = staticmethod(dominant)
    batch = classmethod(aligned)

    def forward(self, a, b):
        out = checks.attempt("solve", self.xp.linalg.solve, a, b)
        self.ctx.save(a, out)
        self.shapes = tuple(a.shape), tuple(b.shape)
        return out

    def backward(self, g):
        a, out = self.ctx.release
        return _pulled_system(self, solve(adjoint(a), g), out)


def _pulled_system(call: Any, db: Any, out: Any, part: Any = lambda da: da) -> tuple[Any, Any]:
    """Return the gradients of a and b for a @ out = b, given that of b before broadcasting."""
    shape_a, shape_b = call.shapes
    da = part(-(db @ adjoint(out))) if call.needs(0) else None
    return (
        None if da is None else unbroadcast(da, shape_a),
        unbroadcast(db, shape_b) if call.needs(1) else None,
    )


@rule(Solve)
def solve(x1: Any, x2: Any, /) -> Any:
    """Return the x for which x1 @ x = x2.

    x1: (..., n, n) real or complex. x2: (n,) or (..., n, k). Leading axes broadcast.
    Returns (..., n) or (..., n, k).
    Gradient: to x1 and x2. Not defined where x1 is singular.
    Raises ValueError when shapes do not fit, LinAlgError where x1 is singular.
    Source: Giles, "Collected matrix derivative results" (2008), section 2.3.1.

    >>> import numpy as np
    >>> solve(np.eye(2) * 2, np.ones((2, 1)))
    array([[0.5],
           [0.5]])
    """
    return _system("solve", x1, x2, Solve.of)


def _system(name: str, a: Any, b: Any, solver: Any) -> Any:
    """Return solver(a, b) for b a vector or a stack of matrices, after checks."""
    checks.square(name, a)
    checks.axes(name, b, 1)
    checks.floating(name, b)
    a, b = one_dtype(a, b)
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else -1]:
        raise ValueError(
            f"{name}: shapes {tuple(a.shape)} and {tuple(b.shape)} do not fit; the last length of the "
            f"first must equal the last but one (or only) length of the second"
        )
    if b.ndim > 1:
        return solver(a, b)
    out = solver(a, column(b))
    return reshape(out, tuple(out.shape)[:-1])


class SolveTriangular(BuiltIn):
    domain = POSITIVE
    samples = [
        ([(3, 3), (3, 2)], {}),
        ([(3, 3), (3,)], {"lower": True}),
        ([(2, 2, 2), (2, 1)], {"lower": True, "unit_diagonal": True}),
        ([(2, 2), (3, 2, 1)], {"unit_diagonal": True}),
        ([(0, 2, 2), (2, 1)], {}),
    ]
    prepare = staticmethod(dominant)
    batch = classmethod(aligned)

    def forward(self, a, b, *, lower, unit_diagonal):
        out = checks.attempt(
            "solve_triangular", self.xp.solve_triangular, a, b, lower=lower, unit_diagonal=unit_diagonal
        )
        self.ctx.save(a, out)
        self.shapes = tuple(a.shape), tuple(b.shape)
        self.lower, self.unit = lower, unit_diagonal
        return out

    def backward(self, g):
        a, out = self.ctx.release
        db = SolveTriangular.of(adjoint(a), g, lower=not self.lower, unit_diagonal=self.unit)
        return _pulled_system(self, db, out, self._read)

    def _read(self, da):
        """Return the part of da where forward read a."""
        off = 1 if self.unit else 0
        return tril(da, k=-off) if self.lower else triu(da, k=off)


@rule(SolveTriangular)
def solve_triangular(a: Any, b: Any, /, *, lower: bool = False, unit_diagonal: bool = False) -> Any:
    """Return the x for which a @ x = b, reading one triangle of a only.

    a: (..., n, n) real or complex. b: (n,) or (..., n, k). Leading axes broadcast.
    lower: read the lower triangle. unit_diagonal: take the diagonal as ones.
    Returns (..., n) or (..., n, k).
    Gradient: to the triangle of a that was read, and to b. Not defined where it is singular.
    Raises ValueError when shapes do not fit.
    Source: Giles, "Collected matrix derivative results" (2008), section 2.3.1.
    """
    return _system(
        "solve_triangular",
        a,
        b,
        lambda a, b: SolveTriangular.of(a, b, lower=lower, unit_diagonal=unit_diagonal),
    )


class LUResult(NamedTuple):
    """The factors of a matrix, packed, and the rows that were exchanged."""

    lu: Any
    pivots: Any


class LuFactor(BuiltIn):
    domain = POSITIVE
    samples = [
        ([(3, 3)], {}),
        ([(2, 2, 2)], {}),
        ([(0, 2, 2)], {}),
        ([(1, 1)], {}),
        ([(2, 4)], {}),
        ([(4, 2)], {}),
    ]
    prepare = staticmethod(dominant)
    # The pivots are integers.
    observe = staticmethod(lambda lu, pivots: (lu,))
    batch = classmethod(leading)

    def forward(self, x):
        lu, pivots = checks.attempt("lu_factor", self.xp.lu_factor, x)
        self.ctx.save(lu, pivots)
        return LUResult(lu, pivots)

    def backward(self, g, _):
        lu, pivots = self.ctx.release
        m, n = lu.shape[-2:]
        dx = (_lu_wide if m < n else _lu_tall if m > n else _lu_square)(g, lu)
        # x = P @ L @ U, so rows go back to where pivoting took them from.
        return take_along_axis(dx, _places(pivots, inverse=True, like=dx), axis=-2)


def _lu_square(g, lu):
    """Return the gradient of L @ U for that of L and U in one matrix."""
    upper = adjoint(lu)  # above its diagonal stands L^H, whose own diagonal is 1
    below = tril(g, k=-1)
    inner = tril(triu(upper, k=1) @ below + below, k=-1) + triu(triu(g) @ adjoint(triu(lu)))
    left = solve_triangular(upper, inner, unit_diagonal=True)
    return adjoint(solve_triangular(lu, adjoint(left)))


def _lu_wide(g, lu):
    """The columns behind the square part are L^-1 @ those of x."""
    m = lu.shape[-2]
    square, others = block(lu, ALL, slice(m)), block(lu, ALL, slice(m, None))
    dx = solve_triangular(adjoint(square), block(g, ALL, slice(m, None)), unit_diagonal=True)
    inner = block(g, ALL, slice(m)) - tril(dx @ adjoint(others), k=-1)
    return concat([_lu_square(inner, square), dx], axis=-1)


def _lu_tall(g, lu):
    """The rows below the square part are those of x @ U^-1."""
    n = lu.shape[-1]
    square, others = block(lu, slice(n), ALL), block(lu, slice(n, None), ALL)
    dx = adjoint(solve_triangular(square, adjoint(block(g, slice(n, None), ALL))))
    inner = block(g, slice(n), ALL) - triu(adjoint(others) @ dx)
    return concat([_lu_square(inner, square), dx], axis=-2)


def _places(pivots: Any, inverse: bool, like: Any) -> Any:
    """Return the rows that pivoting brought to each place, (..., n, m) for take_along_axis."""
    rows = int(like.shape[-2])
    order = on_values(lambda xp, raw: xp.permutation_of(raw, rows, inverse=inverse), values_of(pivots))
    return broadcast_to(column(order), tuple(like.shape))


@rule(LuFactor)
def lu_factor(x: Any, /) -> LUResult:
    """Return L and U, packed, and the exchanges of rows for which P @ L @ U = x.

    x: (..., m, n) real or complex.
    Returns lu (..., m, n), with U on and above the diagonal and L, whose diagonal is 1, below, and
    pivots (..., min(m, n)) integer: row k was exchanged with row pivots[k], as in scipy.linalg.
    Gradient: of lu, to x; the pivots are constant. Not defined where the first min(m, n) rows and
    columns of P^-1 @ x make a singular matrix.
    Raises ValueError when x has fewer than two axes.
    Source: de Hoog, Anderssen and Lukas, "Differentiation of matrix functionals using triangular
    factorization" (2011).
    """
    checks.matrices("lu_factor", x)
    return LuFactor.of(x)


def _factored(a: Any, b: Any) -> tuple[Any, Any]:
    """Return operands of a test of lu_solve: drawn factors, and the last row exchanged n times."""
    rows = on_values(lambda xp, raw: xp.astype(0 * xp.abs(raw[..., 0]), xp.int64), values_of(a))
    return (*dominant(a), rows + (a.shape[-1] - 1)), b


@composite(
    domain=POSITIVE,
    samples=[([(3, 3), (3, 2)], {}), ([(2, 2, 2), (2,)], {})],
    prepare=_factored,
)
def lu_solve(lu_and_pivots: Any, b: Any, /) -> Any:
    """Return the x for which a @ x = b, given lu_factor(a).

    b: (n,) or (..., n, k). Leading axes broadcast. Returns (..., n) or (..., n, k).
    Gradient: to the factors, and so to a, and to b.
    """
    lu, pivots = lu_and_pivots
    return _system("lu_solve", lu, b, lambda lu, b: _lu_solved(lu, pivots, b))


def _lu_solved(lu: Any, pivots: Any, b: Any) -> Any:
    shape = (*broadcast_shapes(tuple(lu.shape)[:-2], tuple(b.shape)[:-2]), *tuple(b.shape)[-2:])
    b = broadcast_to(b, shape)
    moved = take_along_axis(b, _places(pivots, inverse=False, like=b), axis=-2)
    return solve_triangular(lu, solve_triangular(lu, moved, lower=True, unit_diagonal=True))
