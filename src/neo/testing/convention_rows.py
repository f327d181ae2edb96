"""The rows of the table of gradient conventions; `conventions` says what they are."""

from __future__ import annotations

import math

from .. import functions
from .. import numpy as nep
from .convention_rows_of_arrays import ARGUMENTS, MATRICES, PLACES
from .conventions import Row, Slope

INF, NAN = math.inf, math.nan
EPS = 2.3e-16


def _weighed(x):
    """Return the sum of the elements times 1, 10, 100, ..."""
    return sum([10.0**k * x[k] for k in range(x.shape[0])])


def _step(x):
    return nep.where(x > 0, nep.sqrt(x), 0 * x)


TIES = (
    Row(
        "`max`, `min` (reduction), ties",
        "even split",
        "even split",
        "even split",
        "even split",
        (
            Slope("max(x)", nep.max, ([1, 3, 3],), ([0, 0.5, 0.5],)),
            Slope("min(x)", nep.min, ([1, 3, 1],), ([0.5, 0, 0.5],)),
            Slope(
                "max(x, axis=1)",
                lambda x: nep.max(x, axis=1),
                ([[2, 2], [1, 3]],),
                ([[0.5, 0.5], [0, 1]],),
            ),
        ),
    ),
    Row(
        "`maximum`, `minimum`, x = y",
        "0.5, 0.5",
        "0.5, 0.5",
        "0.5, 0.5",
        "0.5, 0.5",
        (
            Slope("maximum(x, y)", nep.maximum, ([1, 2], [1, 1]), ([0.5, 1], [0.5, 0])),
            Slope("minimum(x, y)", nep.minimum, ([1, 2], [1, 1]), ([0.5, 0], [0.5, 1])),
        ),
    ),
    Row(
        "`sort`, ties",
        "stable",
        "stable",
        "stable",
        "stable",
        (Slope("sort(x) · (1, 10, 100)", lambda x: _weighed(nep.sort(x)), ([2, 2, 1],), ([10, 100, 1],)),),
    ),
    Row(
        "`cumulative_max`, `cumulative_min`, ties",
        "even split",
        "the last",
        "-",
        "even split",
        (
            Slope("cumulative_max(x)", nep.cumulative_max, ([1, 3, 3],), ([1, 1.5, 0.5],)),
            Slope("cumulative_min(x)", nep.cumulative_min, ([2, 2],), ([1.5, 0.5],)),
        ),
    ),
    Row(
        "`max_pool`, ties under a window",
        "the first",
        "the first",
        "-",
        "even split",
        (Slope("max_pool(x, 2)", lambda x: functions.max_pool(x, 2), ([[[1, 1]]],), ([[[0.5, 0.5]]],)),),
    ),
)

KINKS = (
    Row(
        "`abs` at 0, `sign` at 0",
        "1, 0",
        "0, 0",
        "0, 0",
        "0, 0",
        (
            Slope("abs(x)", nep.abs, ([0, -0.0, -2],), ([0, 0, -1],)),
            Slope("sign(x)", nep.sign, ([0, 2],), ([0, 0],)),
            Slope("abs(x), second order", nep.abs, (0,), (0,), order=2),
        ),
    ),
    Row(
        "`abs` at 0+0j",
        "0",
        "0",
        "0",
        "0",
        (Slope("abs(z)", nep.abs, ([0j, 3 + 4j],), ([0j, 0.6 + 0.8j],), tolerance=2 * EPS),),
    ),
    Row(
        "`relu(0)`",
        "0",
        "0",
        "0.5",
        "0",
        (
            Slope("relu(x)", functions.relu, ([0, 1, -1],), ([0, 1, 0],)),
            Slope("relu(x), second order", functions.relu, (0,), (0,), order=2),
        ),
    ),
    Row(
        "`clip` at a bound",
        "0.5",
        "1",
        "0",
        "1",
        (
            Slope(
                "clip(x, 0, 1)",
                lambda x: nep.clip(x, 0.0, 1.0),
                ([-1, 0, 0.5, 1, 2],),
                ([0, 1, 1, 1, 0],),
            ),
        ),
    ),
    Row(
        "`sqrt`, `cbrt`, `x**0.5` at 0",
        "inf",
        "inf",
        "error",
        "inf",
        (
            Slope("sqrt(x)", nep.sqrt, (0,), (INF,)),
            Slope("cbrt(x)", lambda x: nep.special.cbrt(x), (0,), (INF,)),
            Slope("x**0.5", lambda x: x**0.5, (0,), (INF,)),
        ),
    ),
    Row(
        "vector norm, Frobenius norm, `std` of a constant, at 0",
        "nan",
        "0",
        "nan",
        "0",
        (
            Slope("vector_norm(x)", lambda x: nep.linalg.vector_norm(x), ([0, 0],), ([0, 0],)),
            Slope(
                "matrix_norm(x)",
                lambda x: nep.linalg.matrix_norm(x),
                ([[0, 0], [0, 0]],),
                ([[0, 0], [0, 0]],),
            ),
            Slope("std(x)", nep.std, ([2, 2, 2],), ([0, 0, 0],)),
        ),
    ),
    Row(
        "1-norm where an element is 0",
        "1",
        "0",
        "error",
        "0",
        (
            Slope(
                "vector_norm(x, ord=1)",
                lambda x: nep.linalg.vector_norm(x, ord=1),
                ([0, -2],),
                ([0, -1],),
            ),
        ),
    ),
    Row(
        "inf-norm, ties",
        "even split",
        "even split",
        "all",
        "even split",
        (
            Slope(
                "vector_norm(x, ord=inf)",
                lambda x: nep.linalg.vector_norm(x, ord=INF),
                ([1, 2, -2],),
                ([0, 0.5, -0.5],),
            ),
        ),
    ),
    Row(
        "`hypot(0, 0)`, `atan2(0, 0)`",
        "0.5, nan",
        "nan, 0",
        "-, nan",
        "0, 0",
        (
            Slope("hypot(x, y)", nep.hypot, (0, 0), (0, 0)),
            Slope("atan2(x, y)", nep.atan2, (0, 0), (0, 0)),
        ),
    ),
)

LIMITS = (
    Row(
        "`pow`: d/dx at (0, 0); d/dy at x = 0, y > 0",
        "nan; 0",
        "0; 0",
        "0; 0",
        "0; 0",
        (
            Slope("pow(x, y)", nep.pow, (0, 0), (0, 0)),
            Slope("pow(x, y)", nep.pow, (0, 2), (0, 0)),
            Slope("pow(x, y)", nep.pow, (0, 1), (1, 0)),
        ),
    ),
    Row(
        "`pow`: d/dy at x < 0", "nan", "nan", "nan", "nan", (Slope("pow(x, y)", nep.pow, (-2, 2), (-4, NAN)),)
    ),
    Row(
        "`x**0`, `x**1`, `x**2` at 0, also second order",
        "exact",
        "exact",
        "exact",
        "exact",
        (
            Slope("x**0", lambda x: x**0, ([0, 1, INF],), ([0, 0, 0],)),
            Slope("x**1", lambda x: x**1, ([0, 1],), ([1, 1],)),
            Slope("x**2", lambda x: x**2, ([0, 1],), ([0, 2],)),
            Slope("x**0, second order", lambda x: x**0, (0,), (0,), order=2),
            Slope("x**1, second order", lambda x: x**1, (0,), (0,), order=2),
            Slope("x**2, second order", lambda x: x**2, (0,), (2,), order=2),
            Slope("x**2.0, second order", lambda x: x**2.0, (0,), (2,), order=2),
            Slope("x**3, second order", lambda x: x**3, (0,), (0,), order=2),
            Slope("x**(0 * x + 2), second order", lambda x: nep.pow(x, x * 0 + 2.0), (0,), (2,), order=2),
            Slope("square(x), second order", nep.square, (0,), (2,), order=2),
        ),
    ),
    Row(
        "`prod`, `cumulative_prod` with one or more zeros",
        "exact",
        "exact",
        "nan",
        "exact",
        (
            Slope("prod(x)", nep.prod, ([2, 0, 3],), ([0, 6, 0],)),
            Slope("prod(x)", nep.prod, ([0, 0, 3],), ([0, 0, 0],)),
            Slope("cumulative_prod(x)", nep.cumulative_prod, ([2, 0, 3],), ([1, 8, 0],)),
            Slope("cumulative_prod(x)", nep.cumulative_prod, ([0, 0, 3],), ([1, 0, 0],)),
            Slope(
                "x * x, by prod, second order",
                lambda x: nep.prod(nep.stack([x, x])),
                (0,),
                (2,),
                order=2,
            ),
            Slope(
                "x + x * x + x * x * (x + 1), by cumulative_prod, second order",
                lambda x: nep.cumulative_prod(nep.stack([x, x, x + 1])),
                (0,),
                (4,),
                order=2,
            ),
        ),
    ),
    Row(
        "`logsumexp` of all -inf, `logaddexp(-inf, -inf)`",
        "nan",
        "nan",
        "nan",
        "even split",
        (
            Slope("logsumexp(x)", functions.logsumexp, ([-INF, -INF],), ([0.5, 0.5],)),
            Slope("logaddexp(x, y)", nep.logaddexp, (-INF, -INF), (0.5, 0.5)),
            Slope("logaddexp(x, y)", nep.logaddexp, (-INF, 1), (0, 1)),
            Slope(
                "logaddexp(x, 0 * x), second order", lambda x: nep.logaddexp(x, 0 * x), (0,), (0.25,), order=2
            ),
        ),
    ),
    Row(
        "`where` with an infinite slope in the branch not taken",
        "nan",
        "nan",
        "error",
        'nan; 0 with `zero_times_inf="zero"`',
        (
            Slope("where(x > 0, sqrt(x), 0 * x)", _step, ([0, 4],), ([NAN, 0.25],)),
            Slope(
                'the same, zero_times_inf="zero"',
                _step,
                ([0, 4],),
                ([0, 0.25],),
                settings={"zero_times_inf": "zero"},
            ),
        ),
    ),
    Row(
        "`sinc` at 0, first and second order",
        "0, -3.29",
        "0, nan",
        "nan",
        "0, -3.29",
        (
            Slope("sinc(x)", lambda x: nep.special.sinc(x), (0,), (0,)),
            Slope(
                "sinc(x), second order",
                lambda x: nep.special.sinc(x),
                (0,),
                (-(math.pi**2) / 3,),
                order=2,
                tolerance=8 * EPS,
            ),
        ),
    ),
    Row(
        "`xlogy(0, 0)`: d/dx, d/dy",
        "-inf, nan",
        "0, nan",
        "-",
        "-inf, 0",
        (Slope("xlogy(x, y)", lambda x, y: nep.special.xlogy(x, y), (0, 0), (-INF, 0)),),
    ),
    Row(
        "`remainder`, `floor_divide`",
        "-floor(x/y) for y; 0",
        "-floor; error",
        "-; error",
        "-floor(x/y); 0",
        (
            Slope("remainder(x, y)", nep.remainder, (7, 2), (1, -3)),
            Slope("remainder(x, y)", nep.remainder, (-7, 2), (1, 4)),
            Slope("floor_divide(x, y)", nep.floor_divide, (7, 2), (0, 0)),
        ),
    ),
    Row(
        "`round`, `floor`, `ceil`, `trunc`",
        "0",
        "0",
        "0",
        "0",
        (
            Slope("round(x)", nep.round, (0.3,), (0,)),
            Slope("floor(x)", nep.floor, (0.3,), (0,)),
            Slope("ceil(x)", nep.ceil, (0.3,), (0,)),
            Slope("trunc(x)", nep.trunc, (0.3,), (0,)),
        ),
    ),
)

ROWS = (*TIES, *KINKS, *LIMITS, *MATRICES, *PLACES, *ARGUMENTS)
