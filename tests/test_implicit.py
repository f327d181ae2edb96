"""Implicit differentiation: the derivative of a solution is that of the condition it fulfils."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.errors import ConvergenceError
from neo.implicit import (
    bicgstab,
    cg,
    custom_argmin,
    custom_fixed_point,
    custom_linear_solve,
    custom_root,
    dense,
    gmres,
    normal_cg,
)

A = np.asarray([[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 2.0]])
SKEW = A + np.asarray([[0.0, 0.5, 0.0], [-0.5, 0.0, 0.2], [0.0, -0.2, 0.0]])
B = np.asarray([1.0, -2.0, 0.5])
ANY = [dense, normal_cg, bicgstab, gmres]


def _newton(f):
    """Return a solver of f(x, ...) = 0 for arrays whose elements do not meet."""

    def solver(x, *args, **kwargs):
        for _ in range(60):
            _, slope = neo.value_and_grad(lambda x: nep.sum(f(x, *args, **kwargs)))(x)
            x = x - f(x, *args, **kwargs) / slope
        return x

    return solver


def _cube(x, p):
    return x**3 - p["a"] * p["b"]


CUBE_ROOT = custom_root(_cube)(_newton(_cube))


def test_gradient_of_a_root_in_a_tree(xp: Library) -> None:
    p = {"a": xp.asarray([8.0, 1.0]), "b": xp.asarray([1.0, 8.0])}

    value, found = neo.value_and_grad(lambda p: nep.sum(CUBE_ROOT(xp.asarray([1.0, 1.5]), p)))(p)

    # (a b)^(1/3): a third of b (a b)^(-2/3).
    assert float(xp.numpy(value)) == pytest.approx(4, rel=1e-14)
    np.testing.assert_allclose(xp.numpy(found["a"]), np.asarray([1.0, 8.0]) / 12, rtol=1e-13)
    np.testing.assert_allclose(xp.numpy(found["b"]), np.asarray([8.0, 1.0]) / 12, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("solve", [None, gmres])
def test_root_has_derivatives_of_every_order(xp: Library, solve, n: int) -> None:
    f = lambda x, a: x**3 - a  # noqa: E731
    root = custom_root(f, solve=solve)(_newton(f))
    derivative = lambda a: root(xp.asarray(1.5), a)  # noqa: E731
    for _ in range(n):
        derivative = neo.grad(derivative)

    found = derivative(xp.asarray(8.0))

    powers = np.cumprod([1 / 3 - k for k in range(n)])[-1]
    np.testing.assert_allclose(xp.numpy(found), powers * 8.0 ** (1 / 3 - n), rtol=1e-10)


def test_root_of_an_array_that_the_condition_closes_over(xp: Library) -> None:
    def loss(a):
        f = lambda x: x**3 - a  # noqa: E731
        return nep.sum(custom_root(f)(_newton(f))(xp.asarray([1.0, 1.5])))

    found = neo.grad(loss)(xp.asarray([1.0, 8.0]))

    np.testing.assert_allclose(xp.numpy(found), [1 / 3, 1 / 12], rtol=1e-13)


class _Hidden:
    """Holds an array where a search through closures does not find it."""

    def __init__(self, a) -> None:
        self.a = [lambda: None, a]

    def value(self):
        """Return the array."""
        return self.a[1]


def test_condition_that_hides_a_traced_array_is_an_error() -> None:
    def loss(a):
        holder = [_Hidden(a)]
        f = lambda x: x**3 - holder[0].value()  # noqa: E731
        return custom_root(f)(lambda x: 2.0)(1.0 + 0 * neo.stop_gradient(a))

    with pytest.raises(TypeError, match="sees one besides its arguments"):
        neo.grad(loss)(8.0)


def test_fixed_point_agrees_with_unrolled_iterations(xp: Library) -> None:
    step = lambda x, w, b: nep.tanh(w @ x + b)  # noqa: E731

    def iterate(x, w, b):
        for _ in range(80):
            x = step(x, w, b)
        return x

    arguments = xp.asarray(np.zeros(3)), xp.asarray(A / 8), xp.asarray(B)
    found = neo.grad(lambda *a: nep.sum(custom_fixed_point(step)(iterate)(*a) ** 2), (1, 2))(*arguments)
    unrolled = neo.grad(lambda *a: nep.sum(iterate(*a) ** 2), (1, 2))(*arguments)

    for ours, plain in zip(found, unrolled, strict=True):
        np.testing.assert_allclose(xp.numpy(ours), xp.numpy(plain), rtol=1e-10, atol=1e-14)


def _ridge(w, data, *, penalty):
    return nep.sum((data["X"] @ w - data["y"]) ** 2) + penalty * nep.sum(w**2)


def _normal(X, y, penalty):
    one = nep.ones_like(X.T @ X)
    return nep.linalg.solve(X.T @ X + penalty * nep.tril(nep.triu(one)), X.T @ y)


@pytest.mark.parametrize("solve", [None, cg, gmres])
def test_argmin_agrees_with_the_closed_form(xp: Library, solve) -> None:
    data = {"X": xp.asarray(SKEW), "y": xp.asarray(B)}
    penalty, start = xp.asarray(0.7), xp.asarray(np.zeros(3))
    fit = custom_argmin(_ridge, solve=solve)(
        lambda w, data, *, penalty: _normal(data["X"], data["y"], penalty)
    )

    def loss(fit, data, penalty):
        return nep.sum(fit(start, data, penalty=penalty) ** 3)

    def hessian(fit):
        return neo.jacrev(neo.grad(partial(loss, fit), (0, 1)), (0, 1))(data, penalty)

    closed = lambda w, data, *, penalty: _normal(data["X"], data["y"], penalty)  # noqa: E731
    found, expected = hessian(fit), hessian(closed)

    np.testing.assert_allclose(xp.numpy(found[1][1]), xp.numpy(expected[1][1]), rtol=1e-9)
    for k in ("X", "y"):
        ours, plain = xp.numpy(found[0]["X"][0][k]), xp.numpy(expected[0]["X"][0][k])
        np.testing.assert_allclose(ours, plain, rtol=1e-8, atol=1e-11)


def test_compiled_solver_of_scipy_is_differentiated(xp: Library) -> None:
    optimize = pytest.importorskip("scipy.optimize")

    def residual(x, a):
        return nep.stack([x[0] ** 2 + x[1] - a[0], x[0] - x[1] ** 3 - a[1]])

    @custom_root(residual, has_aux=True)
    def solver(x, a):
        to_numpy = lambda x: np.asarray(xp.numpy(x))  # noqa: E731
        found = optimize.root(lambda x: to_numpy(residual(xp.asarray(x), a)), to_numpy(x), tol=1e-13)
        return found.x, {"calls": found.nfev, "residual": xp.asarray(found.fun)}

    def loss(a):
        x, aux = solver(xp.asarray([1.0, 0.5]), a)
        assert aux["calls"] > 3
        return x[0] * x[1] + nep.sum(aux["residual"])

    found = neo.grad(loss)(xp.asarray([2.0, 0.5]))

    # The Jacobian of the residual in x, inverted at the solution.
    x = optimize.root(lambda x: [x[0] ** 2 + x[1] - 2.0, x[0] - x[1] ** 3 - 0.5], [1.0, 0.5], tol=1e-13).x
    jacobian = np.asarray([[2 * x[0], 1.0], [1.0, -3 * x[1] ** 2]])
    np.testing.assert_allclose(xp.numpy(found), np.linalg.solve(jacobian.T, x[::-1]), rtol=1e-7)


def test_solution_without_a_derivative_is_the_solvers(xp: Library) -> None:
    f = lambda x, a: x**3 - a  # noqa: E731

    found = custom_root(f)(_newton(f))(xp.asarray(1.5), xp.asarray(8.0))

    assert xp.owns(nep.asarray(found).data)
    assert custom_root(f)(lambda init, a: 2.0)(None, 8.0) == 2.0


def test_solver_that_did_not_converge_is_an_error() -> None:
    with pytest.raises(ConvergenceError, match=r"solver did not converge.*norm 7 there, and tol=0.001"):
        neo.grad(lambda a: custom_root(lambda x, a: x**3 - a)(_constant(1.0))(None, a))(8.0)
    with pytest.raises(ConvergenceError, match="norm nan"):
        neo.grad(lambda a: custom_root(lambda x, a: x**3 - a)(_constant(np.nan))(None, a))(8.0)


def _constant(value):
    def solver(init, a):
        return value

    return solver


def test_without_a_tolerance_a_solver_is_believed() -> None:
    solver = custom_root(lambda x, a: x**3 - a, tol=None)(_constant(1.0))

    assert float(neo.grad(lambda a: solver(None, a))(8.0)) == pytest.approx(1 / 3)


def test_condition_of_another_shape_is_an_error() -> None:
    solver = custom_root(lambda x, a: nep.stack([x - a, x]))(_constant(1.0))

    with pytest.raises(ValueError, match="as many equations as unknowns"):
        neo.grad(lambda a: solver(None, a))(8.0)


def test_has_aux_without_a_pair_is_an_error() -> None:
    solver = custom_root(lambda x, a: x - a, has_aux=True)(_constant(1.0))

    with pytest.raises(TypeError, match="needs solver to return a pair"):
        neo.grad(lambda a: solver(None, a)[0])(8.0)


@pytest.mark.parametrize("solve", ANY)
def test_linear_solve_agrees_with_a_dense_one_to_second_order(xp: Library, solve) -> None:
    def loss(solver, a, b):
        return nep.sum(solver(a, b) ** 3)

    def by_products(a, b):
        return custom_linear_solve(lambda x: a @ x, b, solve)

    def derivatives(solver):
        first = neo.grad(partial(loss, solver), (0, 1))
        second = neo.grad(lambda a, b: nep.sum(first(a, b)[0] * a) + nep.sum(first(a, b)[1] ** 2), (0, 1))
        return [*first(xp.asarray(SKEW), xp.asarray(B)), *second(xp.asarray(SKEW), xp.asarray(B))]

    for ours, plain in zip(derivatives(by_products), derivatives(nep.linalg.solve), strict=True):
        np.testing.assert_allclose(xp.numpy(ours), xp.numpy(plain), rtol=1e-9, atol=1e-11)


def test_symmetric_linear_solve_over_a_tree(xp: Library) -> None:
    def solver(a, b):
        def matvec(v):
            out = a @ nep.concat([v["p"], v["q"][None]])
            return {"p": out[:2], "q": out[2]}

        x = custom_linear_solve(matvec, {"p": b[:2], "q": b[2]}, cg, symmetric=True)
        return nep.sum(x["p"] ** 2) + x["q"] ** 2

    found = neo.grad(solver, 1)(xp.asarray(A), xp.asarray(B))

    inverse = np.linalg.inv(A)
    np.testing.assert_allclose(xp.numpy(found), 2 * inverse @ inverse @ B, rtol=1e-12)


@pytest.mark.parametrize("solve", ANY)
def test_linear_solve_of_complex_numbers(solve) -> None:
    a, b = SKEW + 1j * A[::-1], B * (1 + 2j)

    def loss(solver, a, b):
        return nep.sum(abs(solver(a, b)) ** 2)

    found = neo.grad(partial(loss, lambda a, b: custom_linear_solve(lambda x: a @ x, b, solve)), (0, 1))(a, b)
    plain = neo.grad(partial(loss, nep.linalg.solve), (0, 1))(a, b)

    for ours, theirs in zip(found, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_linear_solver_that_did_not_converge_is_an_error() -> None:
    with pytest.raises(ConvergenceError, match="gmres left a residual"):
        gmres(lambda v: SKEW @ v, B, steps=1, restart=1)
    with pytest.raises(ConvergenceError, match="cg left a residual"):
        cg(lambda v: A @ v, B, steps=1)


def test_linear_solution_of_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="solve returned float64 array"):
        custom_linear_solve(lambda v: A @ v, B, lambda matvec, b: b[:2])


def test_forward_mode_is_reverse_mode() -> None:
    f = lambda x, a: x**3 - a  # noqa: E731
    root = partial(custom_root(f)(_newton(f)), 1.5)
    push = lambda f: lambda a: neo.jvp(f, (a,), (1.0,))[1]  # noqa: E731

    assert float(push(root)(8.0)) == pytest.approx(1 / 12)
    for second in (push(push(root)), neo.grad(push(root)), push(neo.grad(root))):
        assert float(second(8.0)) == pytest.approx(-2 / 9 * 8 ** (-5 / 3))


def test_linear_solve_in_forward_mode() -> None:
    f = lambda a: nep.sum(custom_linear_solve(lambda x: a * SKEW @ x, B, gmres))  # noqa: E731

    found = neo.jvp(f, (2.0,), (1.0,))[1]

    np.testing.assert_allclose(found, -np.sum(np.linalg.solve(SKEW, B)) / 4, rtol=1e-12)


@pytest.mark.parametrize("solve", [None, gmres])
def test_solutions_are_mapped(solve) -> None:
    f = lambda x, a: x**3 - a  # noqa: E731
    root = partial(custom_root(f, solve=solve)(_newton(f)), 1.5)
    a = np.asarray([8.0, 1.0, 27.0])

    np.testing.assert_allclose(neo.vmap(root)(a), a ** (1 / 3), rtol=1e-12)
    np.testing.assert_allclose(neo.vmap(neo.grad(root))(a), a ** (-2 / 3) / 3, rtol=1e-12)
    np.testing.assert_allclose(
        neo.grad(lambda a: nep.sum(neo.vmap(root)(a)))(a), a ** (-2 / 3) / 3, rtol=1e-12
    )
    np.testing.assert_allclose(neo.vmap(neo.grad(neo.grad(root)))(a), -2 / 9 * a ** (-5 / 3), rtol=1e-10)


def test_linear_solutions_are_mapped() -> None:
    scales, sides = np.asarray([1.0, 2.0]), np.stack([B, 3 * B])
    f = lambda s, b: nep.sum(custom_linear_solve(lambda x: s * (SKEW @ x), b, gmres))  # noqa: E731

    found = neo.vmap(neo.grad(f))(scales, sides)

    total = np.sum(np.linalg.solve(SKEW, B))
    np.testing.assert_allclose(found, [-total, -3 * total / 4], rtol=1e-12)
