"""Gradients at kinks, poles and edges are what the table of conventions says, or the limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

pytest.importorskip("scipy")
INF = math.inf
# Function, operands, the gradient to each.
EDGES: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [
    ("xlogy", (0.0, 0.0), (-INF, 0.0)),
    ("xlog1py", (0.0, -1.0), (-INF, 0.0)),
    ("rel_entr", (0.0, 0.0), (INF, 0.0)),
    ("rel_entr", (0.0, 2.0), (-INF, 0.0)),
    ("rel_entr", (-1.0, 2.0), (0.0, 0.0)),
    ("kl_div", (0.0, 0.0), (INF, 1.0)),
    ("kl_div", (0.0, 2.0), (-INF, 1.0)),
    ("huber", (1.0, 1.0), (0.0, 1.0)),
    ("huber", (-1.0, 1.0), (0.0, 0.0)),
    ("pseudo_huber", (0.0, 0.0), (0.0, 0.0)),
    ("pseudo_huber", (-1.0, 1.0), (0.0, 0.0)),
    ("boxcox", (2.0, 0.0), (0.5, math.log(2) ** 2 / 2)),
    ("boxcox", (0.0, 2.0), (0.0, 0.25)),
    ("inv_boxcox", (2.0, 0.0), (math.exp(2), -2 * math.exp(2))),
    ("cbrt", (0.0,), (INF,)),
    ("entr", (0.0,), (INF,)),
    ("entr", (-1.0,), (0.0,)),
    ("erfinv", (1.0,), (INF,)),
    ("ndtri", (0.0,), (INF,)),
    ("logit", (0.0,), (INF,)),
    ("i0e", (0.0,), (0.0,)),
    ("i1e", (0.0,), (0.5,)),
    ("spence", (0.0,), (-INF,)),
    ("sinc", (0.0,), (0.0,)),
    ("sinc", (INF,), (0.0,)),
    ("expit", (-INF,), (0.0,)),
    ("ndtr", (INF,), (0.0,)),
    ("log_ndtr", (INF,), (0.0,)),
    ("erfcx", (INF,), (0.0,)),
    ("rgamma", (0.0,), (1.0,)),
]


@pytest.mark.parametrize(("name", "values", "expected"), EDGES)
def test_gradient_at_an_edge(xp: Library, name: str, values: Any, expected: Any) -> None:
    operands = [xp.asarray(np.asarray(x)) for x in values]

    with np.errstate(all="ignore"):
        gradients = neo.grad(getattr(nep.special, name), argnums=tuple(range(len(values))))(*operands)

    found = [float(xp.numpy(g)) for g in gradients]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_sinc_has_derivatives_of_every_order_at_zero(xp: Library) -> None:
    orders, f = [], nep.special.sinc
    for _ in range(6):
        f = neo.grad(f)
        orders.append(float(xp.numpy(f(xp.asarray(np.asarray(0.0))))))

    expected = [0, -(math.pi**2) / 3, 0, math.pi**4 / 5, 0, -(math.pi**6) / 7]
    np.testing.assert_allclose(orders, expected, rtol=1e-14)


def test_bessel_functions_have_derivatives_of_every_order_at_zero(xp: Library) -> None:
    zero = xp.asarray(np.asarray(0.0))
    third = neo.grad(neo.grad(neo.grad(nep.special.j1)))

    assert float(xp.numpy(third(zero))) == pytest.approx(-3 / 8, rel=1e-14)
    assert float(xp.numpy(neo.grad(neo.grad(nep.special.i0))(zero))) == 0.5


def test_logsumexp_of_minus_infinity_splits_evenly(xp: Library) -> None:
    x = xp.asarray(np.full(4, -INF))

    np.testing.assert_array_equal(xp.numpy(neo.grad(nep.special.logsumexp)(x)), np.full(4, 0.25))


def test_logsumexp_is_differentiable_in_its_weights(xp: Library) -> None:
    a, b = np.array([0.3, 800.0, 799.0]), np.array([2.0, 0.5, -0.25])

    def function(a: Any, b: Any) -> Any:
        return nep.special.logsumexp(a, b=b)

    found = neo.grad(function, argnums=(0, 1))(xp.asarray(a), xp.asarray(b))

    parts = np.exp(a - 800)
    total = np.sum(b * parts)
    np.testing.assert_allclose(xp.numpy(found[0]), b * parts / total, rtol=1e-12)
    np.testing.assert_allclose(xp.numpy(found[1]), parts / total, rtol=1e-12)
