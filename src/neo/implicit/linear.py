"""`custom_linear_solve`: the solution of a linear system by any solver, with its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import backends, tree
from ..core.array import Array, Traced, box, raw_of, unbox
from ..core.call import call
from ..core.policy import Policy
from ..transforms.captured import opened
from ..transforms.gradient import vjp
from .vectors import Operator, Transpose, in_words, is_like

Solver = Callable[[Operator, Any], Any]


def custom_linear_solve(
    matvec: Operator,
    b: Any,
    solve: Solver,
    transpose_solve: Solver | None = None,
    symmetric: bool = False,
) -> Any:
    """Return solve(matvec, b), the x for which matvec(x) = b, with its derivatives.

    matvec: a linear function of trees like b; what it closes over is differentiated too. solve:
    any function of (matvec, b), compiled code too; it sees the library's own arrays.
    transpose_solve: the same for (vecmat, b) with the transposed function, conjugated where
    complex; by default solve. symmetric: whether matvec is its own transpose.
    Gradient: to b and to the arrays that matvec sees, by one more solve; to every order.
    Raises ValueError when matvec's result or the solution is not like b.

    >>> import numpy as np
    >>> import neo
    >>> import neo.numpy as nep
    >>> A, b = np.array([[2.0, 1.0], [0.0, 4.0]]), np.array([1.0, 8.0])
    >>> by_scipy = lambda matvec, b: np.linalg.solve(np.stack([matvec(e) for e in np.eye(2)], 1), b)
    >>> f = lambda A, b: nep.sum(custom_linear_solve(lambda x: A @ x, b, by_scipy))
    >>> neo.grad(f, 1)(A, b)
    array([0.5  , 0.125])
    """
    seen, build = opened((matvec, solve, transpose_solve))
    leaves, build_b = tree.flatten(b)
    system = _System(build, len(seen), build_b, symmetric)
    out = call(LinearSolve, [*seen, *leaves], {"system": system})
    return build_b(list(out))


class _System:
    """What does not change with the arrays: how to build the functions and b from them."""

    def __init__(self, build: Any, count: int, build_b: Any, symmetric: bool) -> None:
        self.build, self.count, self.build_b, self.symmetric = build, count, build_b, symmetric

    def of(self, arrays: Any) -> tuple[Operator, Solver, Solver, Any]:
        """Return matvec, solve, transpose_solve and b for some arrays.

        What the functions see is boxed: a strict library's own array takes no traced one beside it.
        """
        matvec, solve, transposed = self.build([box(x) for x in arrays[: self.count]])
        return matvec, solve, transposed or solve, self.build_b(list(arrays[self.count :]))


class LinearSolve(Policy):
    """The solution of a linear system, whose gradient is that of the transposed system."""

    bare = trusted = True

    def forward(self, *arrays: Any, system: Any) -> Any:
        """Return the leaves of the solution."""
        self.system = system
        matvec, solve, _, b = system.of(arrays)
        x = solve(lambda v: tree.map(unbox, matvec(v)), b)
        if not is_like(x, b):
            raise ValueError(f"solve returned {in_words(x)} for a right side of {in_words(b)}")
        out = tuple([plain(leaf, arrays[-1], "solve") for leaf in tree.flatten(x)[0]])
        self.ctx.save(*arrays, *out)
        return out

    def backward(self, *gradients: Any) -> Any:
        """Solve the transposed system."""
        saved, n = self.ctx.release, len(gradients)
        arrays, x = saved[:-n], self.system.build_b([box(leaf) for leaf in saved[-n:]])
        matvec, solve, transposed, b = self.system.of(arrays)
        g = self.system.build_b(list(gradients))
        back = matvec if self.system.symmetric else Transpose(matvec, b)
        u = custom_linear_solve(back, g, transposed, solve, self.system.symmetric)
        count = self.system.count
        by_b = tree.flatten(u)[0]
        if not any([self.needs(k) for k in range(count)]):
            return (*[None] * count, *by_b)
        at = lambda seen: self.system.build(seen)[0](x)  # noqa: E731
        by_seen = vjp(at, [box(a) for a in arrays[:count]])[1](tree.map(lambda leaf: -leaf, u))[0]
        return (*by_seen, *by_b)


def plain(x: Any, beside: Any, what: str) -> Any:
    """Return what a solver gave as the library's own array; a traced one is an error."""
    if isinstance(x, Traced):
        raise TypeError(
            f"{what} returned an array that is being differentiated, so it sees one besides its arguments. "
            f"Pass every array that it depends on as an argument, or neo.stop_gradient(x) of it"
        )
    x = x.held if isinstance(x, Array) else x
    raw = raw_of(beside)
    return x if isinstance(x, backends.of(raw).arrays) else backends.of(raw).asarray(x)
