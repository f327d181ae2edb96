"""`custom_root`, `custom_fixed_point` and `custom_argmin`: the derivative of what a solver found.

Where F(x, args) = 0, the implicit function theorem gives dx = -A^-1 B d(args), A = dF/dx and
B = dF/d(args): one linear system, whatever the solver did.
Source: Blondel et al., "Efficient and modular implicit differentiation" (2022).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any

from .. import tree
from ..core.array import Traced, box
from ..core.call import call
from ..core.policy import Policy, is_raw
from ..errors import ConvergenceError, describe
from ..transforms.captured import opened
from ..transforms.gradient import grad, vjp
from .linear import custom_linear_solve, plain
from .solvers import dense, gmres
from .vectors import Transpose, in_words, is_like, norm

# Up to so many unknowns the whole matrix is made; its solution is exact.
_DENSE = 200


def custom_root(
    optimality: Callable[..., Any], *, has_aux: bool = False, solve: Any = None, tol: float | None = 1e-3
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a solver of optimality(x, *args) = 0: x gets a derivative in args.

    optimality: returns a tree like x. It is made of neo's functions; the solver need not be. The
    decorated solver(init, *args, **kwargs) returns x, or (x, aux) with has_aux. It sees the
    library's own arrays, and is run once, whatever is differentiated.
    solve: of the linear system, a function of (matvec, b) such as those of `neo.implicit`; by
    default `dense` up to 200 unknowns and `gmres` beyond.
    tol: the norm of optimality at x must be below tol, or tol times that of x or of optimality at
    init; None to take what the solver gives.
    Gradient: to the trees of arrays in args and kwargs, and to what optimality closes over, to
    every order, forward and reverse. None to init and through aux.
    Raises ConvergenceError for an x that is no root, ValueError for an optimality not like x.

    >>> import neo
    >>> import neo.numpy as nep
    >>> from scipy.optimize import brentq
    >>> @custom_root(lambda x, a: x**3 - a)
    ... def cube_root(init, a):
    ...     return brentq(lambda x: x**3 - float(a), 0.0, 10.0, xtol=1e-14)
    >>> print(neo.grad(lambda a: cube_root(None, a))(8.0))
    0.08333333333333333
    """

    def decorate(solver: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(solver)
        def solution(init: Any, *args: Any, **kwargs: Any) -> Any:
            return _Problem(optimality, solver, has_aux, solve, tol).solved(init, args, kwargs)

        return solution

    return decorate


def custom_fixed_point(
    fixed_point: Callable[..., Any], *, has_aux: bool = False, solve: Any = None, tol: float | None = 1e-3
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a solver of fixed_point(x, *args) = x: x gets a derivative in args.

    See `custom_root`.

    >>> import neo
    >>> import neo.numpy as nep
    >>> @custom_fixed_point(lambda x, a: nep.cos(a * x))
    ... def iterate(x, a):
    ...     for _ in range(200):
    ...         x = nep.cos(a * x)
    ...     return x
    >>> print(neo.grad(lambda a: iterate(0.5, a))(1.0).round(6))
    -0.297474
    """

    @wraps(fixed_point)
    def residual(x: Any, *args: Any, **kwargs: Any) -> Any:
        leaves, build = tree.flatten(fixed_point(x, *args, **kwargs))
        return build([y - old for y, old in zip(leaves, tree.flatten(x)[0], strict=True)])

    return custom_root(residual, has_aux=has_aux, solve=solve, tol=tol)


def custom_argmin(
    objective: Callable[..., Any], *, has_aux: bool = False, solve: Any = None, tol: float | None = 1e-3
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a solver of min objective(x, *args): x gets a derivative in args.

    objective: returns a real 0-d array; its gradient in x is zero at the solution, and the matrix
    of the linear system its Hessian. `cg` is a good `solve` for many unknowns. See `custom_root`.

    >>> import numpy as np
    >>> import neo
    >>> import neo.numpy as nep
    >>> from scipy.optimize import minimize
    >>> def ridge(w, X, y, penalty):
    ...     return nep.sum((X @ w - y) ** 2) + penalty * nep.sum(w**2)
    >>> @custom_argmin(ridge)
    ... def fit(w, X, y, penalty):
    ...     return minimize(neo.value_and_grad(ridge), w, (X, y, penalty), jac=True, tol=1e-12).x
    >>> X, y = np.array([[1.0], [2.0]]), np.array([1.0, 3.0])
    >>> print(neo.grad(lambda penalty: nep.sum(fit(np.zeros(1), X, y, penalty)))(2.0).round(6))
    -0.142857
    """
    return custom_root(_gradient_of(objective), has_aux=has_aux, solve=solve, tol=tol)


def _gradient_of(objective: Callable[..., Any]) -> Callable[..., Any]:
    # Not grad(objective) at once: what the objective closes over must be seen, and grad hides nothing.
    @wraps(objective)
    def gradient(x: Any, *args: Any, **kwargs: Any) -> Any:
        return grad(objective)(x, *args, **kwargs)

    return gradient


class _Problem:
    """One call of a solver: what does not change with the arrays."""

    def __init__(self, optimality: Any, solver: Any, has_aux: bool, solve: Any, tol: float | None) -> None:
        self.has_aux, self.solve, self.tol = has_aux, solve, tol
        self.seen, self.build = opened((optimality, solver))
        self.name = getattr(solver, "__name__", type(solver).__name__)

    def solved(self, init: Any, args: Any, kwargs: Any) -> Any:
        """Return the solution, with its derivatives."""
        leaves, self.build_arguments = tree.flatten((init, args, kwargs))
        self.constants = [None if _is_array(x) else (x,) for x in leaves]
        self.first = len(tree.flatten(init)[0])
        arrays = [*self.seen, *[x for x in leaves if _is_array(x)]]
        if not arrays:
            return self.build(self.seen)[1](init, *args, **kwargs)
        self.seen, self.count = [], len(self.seen)
        out = call(ImplicitSolution, arrays, {"problem": self})
        return self.build_result(list(out))

    def of(self, arrays: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Return optimality, solver, init, args and kwargs for some arrays."""
        optimality, solver = self.build(list(arrays[: self.count]))
        rest = iter(arrays[self.count :])
        leaves = [next(rest) if constant is None else constant[0] for constant in self.constants]
        return (optimality, solver, *self.build_arguments(leaves))

    def run(self, arrays: Any) -> list[Any]:
        """Return the leaves of the solution, and of aux, from the solver; check that it is one."""
        _, solver, init, args, kwargs = self.of(arrays)
        result = solver(init, *args, **kwargs)
        x, aux = self._pair(result) if self.has_aux else (result, None)
        beside = next((a for a in arrays if is_raw(a)), None)
        as_plain = lambda leaf: plain(leaf, beside, self.name)  # noqa: E731
        leaves, self.build_x = tree.flatten(tree.map(as_plain, x))
        self.unknowns = len(leaves)
        extra, build_aux = tree.flatten(aux)
        fixed = [None if hasattr(leaf, "dtype") else (leaf,) for leaf in extra]
        self.build_result = lambda new: self._result(new, build_aux, fixed)
        self._check(self.build_x([box(leaf) for leaf in leaves]), *self.of([box(a) for a in arrays]))
        return [*leaves, *[as_plain(leaf) for leaf in extra if hasattr(leaf, "dtype")]]

    def _pair(self, result: Any) -> Any:
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"has_aux=True needs {self.name} to return a pair (x, aux); it returned {describe(result)}"
            )
        return result

    def _result(self, leaves: list[Any], build_aux: Any, fixed: list[Any]) -> Any:
        x, rest = self.build_x(leaves[: self.unknowns]), iter(leaves[self.unknowns :])
        aux = [next(rest) if constant is None else constant[0] for constant in fixed]
        return (x, build_aux(aux)) if self.has_aux else x

    def _check(self, x: Any, optimality: Any, _: Any, init: Any, args: Any, kwargs: Any) -> None:
        """Raise unless x is a root, and optimality's value is like x."""
        found = optimality(x, *args, **kwargs)
        for leaf in tree.flatten(found)[0]:
            plain(leaf, leaf, "the condition")
        if not is_like(found, x):
            raise ValueError(
                f"the condition of {self.name} is {in_words(found)} where the solution is {in_words(x)}. "
                f"It needs as many equations as unknowns, in one tree of the same shapes"
            )
        residual = norm(found)
        if self.tol is None or residual <= self.tol * max(1.0, norm(x)):
            return
        start = norm(optimality(init, *args, **kwargs)) if init is not None and is_like(init, x) else 0.0
        if not residual <= self.tol * start:
            raise ConvergenceError(
                f"{self.name} did not converge: the condition that its solution should make zero has norm "
                f"{residual:.3g} there, and tol={self.tol:g}. Let the solver run longer, or pass tol=None "
                f"to take what it gives: the derivative is then that of a solution which is not there"
            )


class ImplicitSolution(Policy):
    """The solution of a problem, whose gradient is that of the condition it fulfils."""

    bare = trusted = True

    def forward(self, *arrays: Any, problem: Any) -> Any:
        """Return the leaves of the solution, and of aux."""
        self.problem = problem
        out = tuple(problem.run(arrays))
        self.ctx.save(*arrays, *out)
        return out

    def backward(self, *gradients: Any) -> Any:
        """Solve the transposed linear system, and pull its solution through the condition."""
        # Boxed: a strict library's own array takes no traced one beside it.
        saved, problem = [box(x) for x in self.ctx.release], self.problem
        arrays, found = saved[: -len(gradients)], saved[-len(gradients) :]
        x = problem.build_x(found[: problem.unknowns])
        optimality, _, _, args, kwargs = problem.of(arrays)
        g = problem.build_x(list(gradients[: problem.unknowns]))
        back = Transpose(lambda x: optimality(x, *args, **kwargs), x)
        u = _linear_solve(back, g, problem.solve)
        wanted = [k for k in range(len(arrays)) if self.needs(k) and not self._is_init(k)]
        return self._pulled(arrays, wanted, x, tree.map(lambda leaf: -leaf, u))

    def _is_init(self, k: int) -> bool:
        problem = self.problem
        first = sum([constant is None for constant in problem.constants[: problem.first]])
        return problem.count <= k < problem.count + first

    def _pulled(self, arrays: Any, wanted: list[int], x: Any, u: Any) -> list[Any]:
        """Return the gradients of the wanted operands, from a cotangent of the condition."""

        def condition(some: list[Any]) -> Any:
            changed = list(arrays)
            for k, value in zip(wanted, some, strict=True):
                changed[k] = value
            optimality, _, _, args, kwargs = self.problem.of(changed)
            return optimality(x, *args, **kwargs)

        found: list[Any] = [None] * len(arrays)
        if wanted:
            pulled = vjp(condition, [arrays[k] for k in wanted])[1](u)[0]
            for k, dx in zip(wanted, pulled, strict=True):
                found[k] = dx
        return found


def _linear_solve(back: Any, g: Any, solve: Any) -> Any:
    size = sum([prod(leaf.shape) for leaf in tree.flatten(g)[0]])
    if solve is None:
        solve = dense if size <= _DENSE else gmres
    return dense(back, g) if solve is dense else custom_linear_solve(back, g, solve)


def _is_array(x: Any) -> bool:
    return isinstance(x, Traced) or is_raw(x)
