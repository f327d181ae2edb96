"""odeint: solutions of differential equations, with direct and adjoint gradients."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.errors import ConvergenceError
from neo.ode import odeint

T = np.asarray([0.1, 0.3, 0.7])
HOW = {
    "adjoint": {"gradient": "adjoint"},
    "direct": {"gradient": "direct"},
    "direct with checkpoints": {"gradient": "direct", "checkpoint": True},
}
each = pytest.mark.parametrize("how", HOW.values(), ids=HOW)


def _decay(y, t, rate):
    return -y * rate * t


def _exact(y0, t, rate):
    return y0 * nep.exp(-rate * (t[:, None] ** 2 - t[0] ** 2) / 2)


@each
def test_solution_and_gradients_are_those_of_the_closed_form(xp: Library, how) -> None:
    arguments = xp.asarray([1.0, 2.0]), xp.asarray(T), xp.asarray([1.5, 0.5])

    def loss(solution, y0, t, rate):
        return nep.sum(solution(y0, t, rate) ** 3)

    value, found = neo.value_and_grad(partial(loss, partial(odeint, _decay, **how)), (0, 1, 2))(*arguments)
    exact, expected = neo.value_and_grad(partial(loss, _exact), (0, 1, 2))(*arguments)

    # The tolerance of the method is 1.4e-8 per step.
    np.testing.assert_allclose(xp.numpy(value), xp.numpy(exact), rtol=1e-6)
    for ours, plain in zip(found, expected, strict=True):
        assert xp.owns(ours)
        np.testing.assert_allclose(xp.numpy(ours), xp.numpy(plain), rtol=1e-5, atol=1e-7)


@each
def test_second_derivatives_are_those_of_the_closed_form(xp: Library, how) -> None:
    def second(solution):
        f = lambda rate: solution(xp.array([1.0]), xp.array(T[:2]), rate)[1, 0] ** 2  # noqa: E731
        return neo.grad(neo.grad(f))(xp.asarray(0.8))

    found = second(partial(odeint, _decay, **how))

    np.testing.assert_allclose(xp.numpy(found), xp.numpy(second(_exact)), rtol=1e-4)


@each
def test_array_that_the_function_closes_over_gets_its_gradient(how) -> None:
    def end(rate):
        return odeint(lambda y, t: -rate * y, np.asarray(1.0), T[:2], **how)[-1]

    np.testing.assert_allclose(neo.grad(end)(2.0), -0.2 * np.exp(-0.4), rtol=1e-6)


@each
def test_time_may_run_backwards_over_a_tree(how) -> None:
    def f(y, t):
        return {"x": y["v"], "v": -y["x"]}

    def end(angle):
        start = {"x": nep.cos(angle), "v": -nep.sin(angle)}
        return odeint(f, start, np.asarray([1.0, 0.5, 0.0]), **how)["x"][-1]

    # The angle turns on with time: x = cos(angle + t - 1).
    np.testing.assert_allclose(neo.grad(end)(0.3), -np.sin(0.3 - 1.0), rtol=1e-6)


@each
def test_complex_state_has_the_gradient_of_the_closed_form(how) -> None:
    def loss(rate):
        y = odeint(lambda y, t, rate: rate * y, np.asarray(1.0 + 0.5j), T[:2], rate, **how)
        return nep.real(y[1] * (1 - 2j))

    found = neo.grad(loss)(np.asarray(0.3 + 1j))
    exact = neo.grad(lambda rate: nep.real(nep.exp(rate * 0.2) * (1 + 0.5j) * (1 - 2j)))(np.asarray(0.3 + 1j))

    np.testing.assert_allclose(found, exact, rtol=1e-6)


def test_times_within_one_step_are_dense() -> None:
    t = np.linspace(0.0, 1.0, 50)

    found = odeint(lambda y, t: y, np.asarray(1.0), t)

    np.testing.assert_allclose(found, np.exp(t), rtol=1e-6)


def test_solution_and_gradient_agree_with_jax() -> None:
    jax = pytest.importorskip("jax")
    ode = pytest.importorskip("jax.experimental.ode")

    def slope(xp, y, t, p):
        return xp.stack([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] * xp.cos(t) - y[1]])

    y0, p = np.asarray([1.0, 0.5]), np.asarray([0.7, 0.4, 0.3])
    with jax.enable_x64(True):
        theirs = lambda *a: jax.numpy.sum(ode.odeint(partial(slope, jax.numpy), *a) ** 2)  # noqa: E731
        expected = jax.grad(theirs, (0, 1, 2))(y0, T, p)

    found = neo.grad(lambda *a: nep.sum(odeint(partial(slope, nep), *a) ** 2), (0, 1, 2))(y0, T, p)

    for ours, jaxs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, np.asarray(jaxs), rtol=1e-5, atol=1e-6)


def test_float32_stays_float32(xp: Library) -> None:
    y0, t = xp.asarray([1.0], "float32"), xp.asarray(T, "float32")

    found = neo.grad(lambda y0: nep.sum(odeint(lambda y, t: -y, y0, t, rtol=1e-4, atol=1e-4)))(y0)

    assert found.dtype == y0.dtype
    np.testing.assert_allclose(xp.numpy(found), np.sum(np.exp(0.1 - T)), rtol=1e-3)


def test_one_time_gives_the_start() -> None:
    found = neo.grad(lambda y: nep.sum(odeint(lambda y, t: -y, y, T[:1]) ** 2))(np.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(found, [2.0, 4.0])


def test_too_few_steps_are_an_error() -> None:
    with pytest.raises(ConvergenceError, match=r"odeint stopped at t=.*, before 0.7, after 3 steps"):
        odeint(lambda y, t: nep.cos(50 * t) * y, np.asarray(1.0), T, max_steps=3)


def test_infinite_slope_is_an_error() -> None:
    with pytest.raises(ConvergenceError, match="too short to count"):
        odeint(lambda y, t: y * y, np.asarray(1.0), np.asarray([0.0, 2.0]), rtol=1e-3)


@pytest.mark.parametrize("t", [[0.0, 1.0, 0.5], [0.0, 0.0]])
def test_times_that_neither_rise_nor_fall_are_an_error(t) -> None:
    with pytest.raises(ValueError, match="times that rise or fall"):
        odeint(lambda y, t: -y, np.asarray(1.0), np.asarray(t))


def test_times_of_another_shape_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"real array of shape \(n,\)"):
        odeint(lambda y, t: -y, np.asarray(1.0), 1.0)


def test_function_that_returns_another_shape_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"returned shapes \[\(2,\)\] where y0 has \[\(\)\]"):
        odeint(lambda y, t: nep.stack([y, y]), np.asarray(1.0), T)


def test_gradient_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected 'adjoint' or 'direct'"):
        odeint(lambda y, t: -y, np.asarray(1.0), T, gradient="both")


@each
def test_forward_mode_is_reverse_mode(how) -> None:
    end = lambda rate: odeint(_decay, np.asarray(1.0), T[:2], rate, **how)[-1]  # noqa: E731

    found = neo.jvp(end, (2.0,), (1.0,))[1]

    np.testing.assert_allclose(found, -0.04 * np.exp(-0.08), rtol=1e-6)


@each
def test_solutions_are_mapped(how) -> None:
    rates = np.asarray([0.5, 2.0])
    end = lambda rate: odeint(_decay, np.asarray(1.0), T[:2], rate, **how)[-1]  # noqa: E731

    np.testing.assert_allclose(neo.vmap(end)(rates), np.exp(-0.04 * rates), rtol=1e-6)
    np.testing.assert_allclose(neo.vmap(neo.grad(end))(rates), -0.04 * np.exp(-0.04 * rates), rtol=1e-6)


@each
def test_a_state_of_integers_is_refused_and_a_number_is_none(how) -> None:
    with pytest.raises(TypeError, match=r"real or complex numbers, got int64 array of shape \(2,\)"):
        odeint(_decay, np.asarray([1, 2]), T, 0.5, **how)

    np.testing.assert_allclose(
        odeint(_decay, 1.0, T, 0.5, **how), _exact(np.ones(1), T, 0.5)[:, 0], rtol=1e-6
    )


@each
def test_a_complex_slope_of_a_real_state_is_refused(how) -> None:
    with pytest.raises(TypeError, match=r"returned complex128 .* Pass a complex y0"):
        odeint(lambda y, t: 1j * y, np.ones(1), T, **how)


@each
def test_a_slope_of_another_tree_is_refused_with_both_trees(how) -> None:
    with pytest.raises(TypeError, match=r"a tree with leaves at \[\"\['a'\]\"\] where y0 has them at \[''\]"):
        odeint(lambda y, t: {"a": y}, np.ones(1), T, **how)


@each
def test_a_slope_that_is_nan_is_said_to_be(how) -> None:
    with pytest.raises(
        ConvergenceError, match=r"stopped at t=0.1, before 0.7: its function returned NaN or inf"
    ):
        odeint(lambda y, t: y * np.nan, np.ones(1), T, **how)
