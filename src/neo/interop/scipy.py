"""SciPy's optimisers over trees of arrays of any library, with neo's derivatives."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import scipy.optimize
from scipy.sparse.linalg import LinearOperator

from .. import backends, tree
from ..core.array import Array, box, raw_of
from ..core.dtypes import REAL, kind
from ..errors import describe
from ..ops.broadcasting import reshape
from ..ops.manipulation import concat
from ..transforms.forward import jvp
from ..transforms.gradient import grad, value_and_grad, vjp
from ..transforms.matrices import jacobian
from ..transforms.products import hvp

__all__ = ["least_squares", "minimize", "root"]

_WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}
_WITH_PRODUCT = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}
_WITH_HESSIAN = {"dogleg", "trust-exact"}
_WITH_JACOBIAN = {"hybr", "lm"}


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | None = None,
    *,
    bounds: Any = None,
    constraints: Any = (),
    **settings: Any,
) -> Any:
    """Return what `scipy.optimize.minimize` finds with neo's derivatives.

    fun: of (x, *args), returns a real 0-d array. x0: an array of any library or a tree of such; fun
    gets the like of it, and so are `x` and `jac` of the result. SciPy itself computes in float64.
    method: the gradient goes to every method that takes one, Hessian products to Newton-CG,
    trust-ncg, trust-krylov and trust-constr, the Hessian to dogleg and trust-exact.
    bounds: a pair (lower, upper), each a number, None or a tree like x0; or SciPy's own.
    constraints: SciPy's, with functions of (x, *args) that neo differentiates. settings: SciPy's.
    `success` of the result tells whether it converged, as in SciPy.

    >>> import neo.numpy as nep
    >>> def loss(p):
    ...     return nep.sum((p["a"] - 1) ** 2) + (p["b"] * p["a"][0] - 2) ** 2
    >>> found = minimize(loss, {"a": np.zeros(2), "b": np.asarray(0.5)})
    >>> found.x["a"].round(4), found.x["b"].round(4)
    (array([1., 1.]), np.float64(2.0))
    """
    space = _Space(x0)
    name = (method or "").lower()
    on_trees = lambda x: fun(x, *args)  # noqa: E731

    def both(v: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = value_and_grad(on_trees)(space.tree(v))
        return float(_on_host(value)), space.vector(gradient)

    if name in _WITHOUT_GRADIENT:
        given: dict[str, Any] = {"fun": lambda v: float(_on_host(on_trees(space.tree(v))))}
    else:
        given = {"fun": both, "jac": True}
    if name in _WITH_PRODUCT:
        given["hessp"] = lambda v, p: space.vector(hvp(on_trees, (space.tree(v),), (space.tree(p),)))
    if name in _WITH_HESSIAN:
        given["hess"] = space.matrix_of(grad(on_trees))
    limited = [_constraint(c, space, args) for c in _several(constraints)]
    found = scipy.optimize.minimize(
        x0=space.start, method=method, bounds=space.bounds(bounds), constraints=limited, **given, **settings
    )
    return space.named(found, "x", "jac")


def root(
    fun: Callable[..., Any], x0: Any, args: tuple[Any, ...] = (), method: str = "hybr", **settings: Any
) -> Any:
    """Return what `scipy.optimize.root` finds with neo's Jacobian.

    fun: of (x, *args), returns the like of x, as many numbers at least. x0: an array of any library
    or a tree of such; `x` of the result is the like of it. settings: SciPy's.

    >>> root(lambda x: x**2 - np.asarray([4.0, 9.0]), np.ones(2)).x.round(6)
    array([2., 3.])
    """
    space = _Space(x0)
    on_trees = lambda x: fun(x, *args)  # noqa: E731
    given = {"jac": space.matrix_of(on_trees)} if method.lower() in _WITH_JACOBIAN else {}
    flat = lambda v: _Space(on_trees(space.tree(v))).start  # noqa: E731
    return space.named(scipy.optimize.root(flat, space.start, method=method, **given, **settings), "x")


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    bounds: Any = None,
    jac: str = "dense",
    **settings: Any,
) -> Any:
    """Return what `scipy.optimize.least_squares` finds, with neo's Jacobian.

    fun: of (x, *args), returns the residuals, an array or a tree. x0: an array of any library or a
    tree of such; `x` and `grad` of the result are the like of it.
    jac: "dense" for the matrix, "operator" for products with it alone, forward and reverse, for
    many unknowns (SciPy's `trf` and `dogbox` with `lsmr`). bounds: as for `minimize`.
    settings: SciPy's.

    >>> import neo.numpy as nep
    >>> t, y = np.arange(4.0), np.exp(-0.5 * np.arange(4.0))
    >>> least_squares(lambda rate: nep.exp(-rate * t) - y, np.asarray(1.0)).x.round(6)
    np.float64(0.5)
    """
    if jac not in ("dense", "operator"):
        raise ValueError(f"jac={jac!r}; expected 'dense' or 'operator'")
    space = _Space(x0)
    on_trees = lambda x: fun(x, *args)  # noqa: E731
    flat = lambda v: _Space(on_trees(space.tree(v))).start  # noqa: E731
    matrix = space.matrix_of(on_trees) if jac == "dense" else space.operator_of(on_trees)
    found = scipy.optimize.least_squares(
        flat, space.start, jac=matrix, bounds=space.bounds(bounds) or (-np.inf, np.inf), **settings
    )
    return space.named(found, "x", "grad")


class _Space:
    """The vectors that SciPy knows and the trees that a function takes.

    start: a tree of arrays as one vector of float64.
    """

    def __init__(self, x: Any) -> None:
        self.leaves, self.build = tree.flatten(x)
        for leaf in self.leaves:
            if not isinstance(leaf, float) and kind(getattr(raw_of(leaf), "dtype", None)) != REAL:
                raise TypeError(
                    f"SciPy's optimisers take real arrays, or trees of them; got {describe(leaf)}"
                )
        self.shapes = [tuple(getattr(leaf, "shape", ())) for leaf in self.leaves]
        self.start = self.vector(x)

    def vector(self, x: Any) -> np.ndarray:
        """Return a tree like the first one as a vector."""
        parts = [np.reshape(np.asarray(_on_host(leaf), float), -1) for leaf in tree.flatten(x)[0]]
        return np.concatenate(parts)

    def tree(self, v: np.ndarray) -> Any:
        """Return a vector as a tree of the first one's arrays: library, dtype, device, box."""
        parts = np.split(v, np.cumsum([prod(shape) for shape in self.shapes])[:-1])
        triples = zip(self.leaves, parts, self.shapes, strict=True)
        return self.build([_like(leaf, np.reshape(part, shape)) for leaf, part, shape in triples])

    def named(self, found: Any, *names: str) -> Any:
        """Return a result of SciPy with some of its vectors as trees."""
        for name in names:
            if np.shape(found.get(name)) == self.start.shape:
                found[name] = self.tree(found[name])
        return found

    def matrix_of(self, f: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
        """Return the Jacobian of a function of trees as a matrix at a vector."""

        def matrix(v: np.ndarray) -> np.ndarray:
            blocks = jacobian(lambda leaves: _flat(f(self.build(leaves))))(tree.flatten(self.tree(v))[0])
            rows = [np.asarray(_on_host(block), float) for block in blocks]
            return np.concatenate([np.reshape(row, (row.shape[0], -1)) for row in rows], axis=1)

        return matrix

    def operator_of(self, f: Callable[[Any], Any]) -> Callable[[np.ndarray], LinearOperator]:
        """Return the Jacobian of a function of trees as products with it, at a vector."""

        def operator(v: np.ndarray) -> LinearOperator:
            x = self.tree(v)
            value, pull = vjp(f, x)
            there = _Space(value)
            return LinearOperator(
                (there.start.size, v.size),
                matvec=lambda p: there.vector(jvp(f, (x,), (self.tree(np.ravel(p)),))[1]),
                rmatvec=lambda w: self.vector(pull(there.tree(np.ravel(w)))[0]),
                dtype=float,
            )

        return operator

    def bounds(self, bounds: Any) -> Any:
        """Return a pair of trees or numbers as a pair of vectors; SciPy's own bounds as they are."""
        if not (isinstance(bounds, tuple) and len(bounds) == 2 and all(map(self._is_bound, bounds))):
            return bounds
        low, high = [self._bound(b, end) for b, end in zip(bounds, (-np.inf, np.inf), strict=True)]
        return scipy.optimize.Bounds(low, high)

    def _is_bound(self, b: Any) -> bool:
        return (
            b is None
            or isinstance(b, int | float)
            or tree.structure(b) == tree.structure(self.build(self.leaves))
        )

    def _bound(self, b: Any, end: float) -> np.ndarray:
        if b is None or isinstance(b, int | float):
            return np.full_like(self.start, end if b is None else b)
        return self.vector(b)


def _flat(x: Any) -> Any:
    return concat([reshape(leaf, (-1,)) for leaf in tree.flatten(x)[0]])


def _on_host(x: Any) -> Any:
    raw = raw_of(x)
    return backends.of(raw).to_numpy(raw) if hasattr(raw, "dtype") else raw


def _like(leaf: Any, values: np.ndarray) -> Any:
    raw = raw_of(leaf)
    if not hasattr(raw, "dtype"):
        return values
    library = backends.of(raw)
    x = library.asarray(values, raw.dtype, library.device(raw))
    return box(x) if isinstance(leaf, Array) else x


def _several(constraints: Any) -> list[Any]:
    return list(constraints) if isinstance(constraints, list | tuple) else [constraints]


def _constraint(c: Any, space: _Space, args: tuple[Any, ...]) -> Any:
    """Return a constraint whose function takes trees as one of vectors, with its Jacobian."""
    if isinstance(c, dict):
        on_trees = lambda x: c["fun"](x, *c.get("args", ()))  # noqa: E731
        flat = lambda v: _Space(on_trees(space.tree(v))).start  # noqa: E731
        return {"type": c["type"], "fun": flat, "jac": space.matrix_of(on_trees)}
    if isinstance(c, scipy.optimize.NonlinearConstraint):
        flat = lambda v: _Space(c.fun(space.tree(v))).start  # noqa: E731
        return scipy.optimize.NonlinearConstraint(flat, c.lb, c.ub, jac=space.matrix_of(c.fun))
    return c
