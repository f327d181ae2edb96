"""Slopes keep their digits where the textbook's form cancels: far out, next to 0, at large parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

pytest.importorskip("scipy")
# A few hundred units of rounding: what SciPy's values of beta and of Bessel functions at 20 bring in.
UNITS = 400
# Function, operands, which of them, slope. By mpmath with 260 digits from these formulas, with operands
# as the floating numbers that they are: D I(v) e^-|x| = (I(v-1) + I(v+1)) / 2 e^-|x| - sign(x) I(v) e^-|x|,
# D K(v) e^x = (K(v) - (K(v-1) + K(v+1)) / 2) e^x; digamma differences times the value for beta, poch and
# binom; x^(a-1) (1-x)^(b-1) / B(a, b) for betainc, bdtr and fdtr; -pi / 180 / sin^2 for cotdg; with
# L = log(1 + x) and t = lambda L, L^2 (e^t (t - 1) + 1) / t^2 for boxcox1p.
SLOPES: list[tuple[str, tuple[Any, ...], int, float]] = [
    ("i0e", (20.0,), 0, -0.0022740897015373564),
    ("i0e", (100.0,), 0, -0.00020022627396642996),
    ("i0e", (10000.0,), 0, -1.9947862106984187e-07),
    ("i0e", (100000000.0,), 0, -1.9947114094873313e-13),
    ("i0e", (-100.0,), 0, 0.00020022627396642996),
    ("i1e", (20.0,), 0, -0.002101221407627077),
    ("i1e", (100.0,), 0, -0.00019721525628487254),
    ("i1e", (10000.0,), 0, -1.9944869852852436e-07),
    ("i1e", (100000000.0,), 0, -1.99471137956666e-13),
    ("i1e", (-100.0,), 0, -0.00019721525628487254),
    ("k0e", (20.0,), 0, -0.006880620283544222),
    ("k0e", (100.0,), 0, -0.0006243288204519505),
    ("k0e", (10000.0,), 0, -6.266335712204455e-07),
    ("k0e", (100000000.0,), 0, -6.266570663077861e-13),
    ("k0e", (1e-08,), 0, -99999982.46338746),
    ("k1e", (20.0,), 0, -0.007390654563492101),
    ("k1e", (100.0,), 0, -0.0006336706843438349),
    ("k1e", (10000.0,), 0, -6.267275639066051e-07),
    ("k1e", (100000000.0,), 0, -6.266570757076421e-13),
    ("k1e", (1e-08,), 0, -1.0000000000000008e16),
    ("ive", (2.5, 100.0), 1, -0.00018181794429295294),
    ("ive", (40.0, 10000.0), 1, -1.546765652956663e-07),
    ("ive", (7.5, 100000000.0), 1, -1.9947097264499626e-13),
    ("kve", (2.5, 100.0), 1, -0.0006839961904399343),
    ("kve", (40.0, 10000.0), 1, -7.87424078685737e-07),
    ("kve", (7.5, 100000000.0), 1, -6.266575950498062e-13),
    ("beta", (100000000.0, 2.0), 0, -1.9999999700000002e-24),
    ("betaln", (100000000.0, 2.0), 1, -17.9978964238539),
    ("beta", (100000000.0, 0.001), 0, -9.811822377479308e-09),
    ("betaln", (100000000.0, 0.001), 1, -1018.9962526707726),
    ("beta", (1e-08, 2.0), 0, -9999999999999998.0),
    ("betaln", (1e-08, 2.0), 1, -6.449340648276574e-09),
    ("beta", (2.0, 100000000.0), 0, -1.7997896243874938e-15),
    ("betaln", (2.0, 100000000.0), 1, -1.9999999900000002e-08),
    ("beta", (1e-100, 5.0), 0, -1e200),
    ("betaln", (1e-100, 5.0), 1, -2.2132295573711532e-101),
    ("beta", (-1.5, 0.7), 0, -2.535034689098164),
    ("poch", (100000000.0, 2.0), 0, 200000001.0),
    ("poch", (1000000.0, 0.001), 0, 1.013911891679136e-09),
    ("poch", (2.5, 1e-08), 0, 4.903577583671977e-09),
    ("binom", (100000000.0, 2.0), 0, 99999999.5),
    ("binom", (100000000.0, 2.0), 1, 8.748948109437467e16),
    ("binom", (100000000.0, 2.5), 0, 752252769600.8313),
    ("binom", (100000000.0, 2.5), 1, 5.210862142637285e20),
    ("binom", (50.0, 25.0), 0, 86369687915273.94),
    ("binom", (50.0, 25.0), 1, 0.0),
    ("betainc", (10000.0, 20000.0, 0.3333), 2, 146.57566459939795),
    ("betainc", (1000000.0, 1000000.0, 0.5001), 2, 1084.1346940861129),
    ("betainc", (100.0, 50.0, 0.6), 2, 2.3152985088672886),
    ("betainc", (0.001, 10000.0, 1e-08), 2, 99130.40437373104),
    ("betainc", (2.5, 1000000.0, 3e-06), 2, 194608.7662957205),
    ("betainc", (2.0, 3.0, 1e-08), 2, 1.199999976e-07),
    ("bdtr", (300.0, 1000, 0.3), 2, -27.521003821268383),
    ("fdtr", (10000.0, 10000.0, 1.01), 2, 17.450150911246773),
    ("cotdg", (1e-09,), 0, -5.7295779513082315e19),
    ("tandg", (89.999999,), 0, 57295779802398.2),
    ("boxcox1p", (1e-09, 2.0), 1, 5.000000001666667e-19),
    ("inv_boxcox1p", (1e-09, 2.0), 1, -4.999999991666667e-19),
]


SCALED = ("i0e", "i1e", "k0e", "k1e", "ive", "kve")


def _found(xp: Library, name: str, values: Any, k: int, dtype: str) -> Any:
    operands = [xp.asarray(np.asarray(x, "int64" if isinstance(x, int) else dtype)) for x in values]

    def function(x: Any) -> Any:
        return getattr(nep.special, name)(*operands[:k], x, *operands[k + 1 :])

    return xp.numpy(neo.grad(function)(operands[k]))


@pytest.mark.parametrize(("name", "values", "k", "slope"), SLOPES)
def test_slope_keeps_its_digits(xp: Library, name: str, values: Any, k: int, slope: float) -> None:
    found = _found(xp, name, values, k, "float64")

    np.testing.assert_allclose(found, slope, rtol=UNITS * np.finfo("float64").eps)


@pytest.mark.parametrize(("name", "values", "k", "slope"), [x for x in SLOPES if x[0] in SCALED])
def test_slope_keeps_its_digits_in_single_precision(
    xp: Library, name: str, values: Any, k: int, slope: float
) -> None:
    # These operands are numbers of single precision too, 1e-8 nearly, where slopes are -1 / x and -1 / x^2.
    found = _found(xp, name, values, k, "float32")

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slope, rtol=UNITS * np.finfo("float32").eps)


def test_second_slope_far_out_keeps_its_digits(xp: Library) -> None:
    # e^-x I(0, x) is (2 pi x)^(-1/2) (1 + 1 / (8 x) + ...).
    x = xp.asarray(1e8)

    found = xp.numpy(neo.grad(neo.grad(nep.special.i0e))(x))

    np.testing.assert_allclose(found, 0.75 / np.sqrt(2 * np.pi) * 1e8**-2.5 * (1 + 5 / 8e8), rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "at", "limit"),
    [
        ("expi", np.inf, np.inf),
        ("exprel", np.inf, np.inf),
        ("exprel", -np.inf, 0.0),
        ("rgamma", np.inf, 0.0),
    ],
)
def test_slope_at_infinity_is_the_limit(xp: Library, name: str, at: float, limit: float) -> None:
    assert _found(xp, name, (at,), 0, "float64") == limit
