"""Forward, reverse and mapped derivatives to order 4, of checkpoints, loops, implicit functions and maps."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import settings

import neo
import neo.numpy as nep
from neo.control import fori_loop, scan, while_loop
from neo.implicit import custom_fixed_point, custom_linear_solve, custom_root
from neo.ode import odeint

PLAIN = np.asarray(3.0)


def reverse(f):
    return neo.grad(f)


def forward(f):
    return lambda x: neo.jvp(f, (x,), (neo.stop_gradient(x) * 0 + 1,))[1]


def mapped(f):
    """The derivative as one of three examples, of which the others are elsewhere."""
    return lambda x: neo.vmap(neo.grad(f))(nep.stack([x + 1, x, 2 * x]))[1]


def checkpointed(f):
    return neo.grad(neo.checkpoint(f))


TRANSFORMS = [reverse, forward, mapped, checkpointed]


def named(mix) -> str:
    return "-".join([transform.__name__ for transform in mix])


# Each transform stands once at each depth; all 256 in the deep profile.
SOME = [(k, (k + 1) % 4, (3 * k + 2) % 4, (k + 2) % 4) for k in range(4)]
DEEP = settings.default.max_examples > 10
MIXES = [*product(TRANSFORMS, repeat=4)] if DEEP else [tuple([TRANSFORMS[k] for k in mix]) for mix in SOME]
PAIRS = [*product(TRANSFORMS, repeat=2)] if DEEP else [mix[:2] for mix in MIXES]


def derived(f, mix):
    for transform in mix:
        f = transform(f)
    return f


def by_scan(x):
    """Return 3 x**5: a state that is multiplied by a closed-over x, in segments."""
    return scan(lambda c, _: (c * x, None), PLAIN * x, length=4, checkpoint=2)[0]


def by_fori_loop(x):
    return fori_loop(0, 4, lambda i, c: c * x, PLAIN * x)


def by_while_loop(x):
    return while_loop(
        lambda v: v["n"] < 4, lambda v: {"c": v["c"] * x, "n": v["n"] + 1}, {"c": PLAIN * x, "n": 0}
    )["c"]


def by_map(x):
    return nep.sum(neo.vmap(lambda a: a * x**5)(np.asarray([1.0, 0.5, 1.5])))


def by_checkpoint(x):
    inner = neo.checkpoint(lambda y: y * x * x)
    return neo.checkpoint(lambda y: inner(y) * x * x)(PLAIN * x)


POWERS = [by_scan, by_fori_loop, by_while_loop, by_map, by_checkpoint]


@pytest.mark.parametrize("f", POWERS)
@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_fourth_derivative_of_a_fifth_power(f, mix) -> None:
    found = derived(f, mix)(np.asarray(1.5))

    np.testing.assert_allclose(found, 3 * 120 * 1.5, rtol=1e-12)


@custom_root(lambda z, a: z**3 - a)
def cube_root(_, a):
    return np.cbrt(a)


@custom_fixed_point(lambda z, a: (2 * z + a / z**2) / 3)
def cube_root_by_iteration(z, a):
    for _ in range(60):
        z = (2 * z + a / z**2) / 3
    return z


def by_root(x):
    return PLAIN * cube_root(None, x)


def by_fixed_point(x):
    return PLAIN * cube_root_by_iteration(np.asarray(1.0), x)


def solve(matvec, b):
    return b / matvec(np.ones(2))


def by_linear_solve(x):
    """Return 3 x**(1/3) by way of a system whose matrix and right-hand side depend on x."""
    return custom_linear_solve(lambda v: v * x, PLAIN * x ** (4 / 3) * np.ones(2), solve)[0]


@pytest.mark.parametrize("f", [by_root, by_fixed_point, by_linear_solve])
@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_fourth_derivative_of_a_cube_root(f, mix) -> None:
    found = derived(f, mix)(np.asarray(1.5))

    # 1/3 * -2/3 * -5/3 * -8/3; each order divides by the slope of the equation once more.
    np.testing.assert_allclose(found, -3 * 80 / 81 * 1.5 ** (-11 / 3), rtol=1e-9)


@pytest.mark.parametrize("gradient", ["adjoint", "direct"])
@pytest.mark.parametrize("mix", PAIRS, ids=named)
def test_second_derivative_of_a_solution_of_an_equation(gradient: str, mix) -> None:
    def f(x):
        decay = lambda y, t: -x * y  # noqa: E731
        return odeint(decay, PLAIN, np.asarray([0.0, 1.0]), gradient=gradient, rtol=1e-9, atol=1e-9)[-1]

    found = derived(f, mix)(np.asarray(0.5))

    # The tolerance is that of the equation, whose error the derivatives share.
    np.testing.assert_allclose(found, 3 * np.exp(-0.5), rtol=1e-6)


@pytest.mark.parametrize("mix", MIXES, ids=named)
def test_inner_derivatives_take_outer_variables_for_constants(mix) -> None:
    a, b, c, d = mix

    def outer(x):
        def middle(y):
            def inner(z):
                return y * z * d(lambda w: z * w * x)(w_of(z))

            return x * y * c(inner)(y)

        return x * b(middle)(x)

    w_of = lambda z: z + 1  # noqa: E731
    # inner(z) = y z**2 x; c at y: 2 y**2 x; middle(y) = 2 x**2 y**3; b at x: 6 x**4; outer = 6 x**5.
    np.testing.assert_allclose(a(outer)(np.asarray(1.5)), 30 * 1.5**4, rtol=1e-13)
