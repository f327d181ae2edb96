"""What array users expect beyond the standard: NumPy's functions have NumPy's values."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

RNG = np.random.default_rng(3)
X, LINE = RNG.normal(size=(3, 4)), RNG.normal(size=5)
HOLES = np.where(RNG.random((3, 4)) < 0.3, np.nan, X)
HOLES[1] = np.nan
METHODS = [
    *("linear", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"),
    *("lower", "higher", "nearest", "midpoint"),
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation"),
]
INF = np.inf

# name: the call, of a namespace and arrays; those arrays.
CALLS = {
    **{
        f"pad, {mode}": (lambda n, x, mode=mode: n.pad(x, ((1, 0), (2, 3)), mode), X)
        for mode in (
            "constant",
            "edge",
            "reflect",
            "symmetric",
            "wrap",
            "linear_ramp",
            "mean",
            "median",
            "minimum",
        )
    },
    "pad, further than x is long": (lambda n, x: n.pad(x, ((9, 7), (1, 0)), "reflect"), X),
    "pad, values": (lambda n, x: n.pad(x, 1, constant_values=((1, 2), (3, 4))), X),
    "pad, ends": (lambda n, x: n.pad(x, 2, "linear_ramp", end_values=(1, 2)), X),
    "pad, odd": (lambda n, x: n.pad(x, 2, "reflect", reflect_type="odd"), X),
    "pad, odd, further": (lambda n, x: n.pad(x, ((7, 2), (1, 5)), "reflect", reflect_type="odd"), X),
    "pad, odd, edges twice": (lambda n, x: n.pad(x, (5, 4), "symmetric", reflect_type="odd"), X),
    "pad, some": (lambda n, x: n.pad(x, 2, "maximum", stat_length=2), X),
    **{
        f"quantile, {method}": (
            lambda n, x, method=method: n.quantile(x, np.asarray([0, 0.1, 0.25, 0.5, 0.7, 1]), method=method),
            LINE,
        )
        for method in METHODS
    },
    "percentile": (lambda n, x: n.percentile(x, 30, axis=1, keepdims=True), X),
    "median": (lambda n, x: n.median(x, axis=(0, 1)), X),
    "median of a NaN": (lambda n, x: n.median(x, axis=0), HOLES),
    "nanquantile": (lambda n, x: n.nanquantile(x, np.asarray([0.2, 0.5]), axis=1), HOLES),
    "nanmedian": (lambda n, x: n.nanmedian(x), HOLES),
    **{
        name: (lambda n, x, name=name: getattr(n, name)(x, axis=1, keepdims=True), HOLES)
        for name in ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin")
    },
    "nancumsum": (lambda n, x: n.nancumsum(x), HOLES),
    "nancumprod": (lambda n, x: n.nancumprod(x, axis=0), HOLES),
    "interp": (lambda n, x: n.interp(x, np.arange(3.0) - 1, np.asarray([1.0, -2.0, 5.0])), X),
    "interp, ends": (lambda n, x: n.interp(x, np.arange(2.0), np.arange(2.0), left=-1.0, right=9.0), X),
    "interp, period": (
        lambda n, x: n.interp(x, np.asarray([1.5, 0.2]), np.asarray([2.0, 3.0]), period=2.0),
        X,
    ),
    "trapezoid": (lambda n, x: n.trapezoid(x, dx=0.5, axis=0), X),
    "trapezoid, places": (lambda n, x: n.trapezoid(x, np.asarray([0.0, 1.0, 3.0, 4.0])), X),
    "gradient": (lambda n, x: n.gradient(x, axis=1), X),
    "gradient, places": (
        lambda n, x: n.gradient(x, np.arange(5.0) ** 2, edge_order=2),
        LINE,
    ),
    "gradient, order 2": (lambda n, x: n.gradient(x, 0.5, edge_order=2), LINE),
    "polyval": (lambda n, x: n.polyval(np.asarray([2.0, -1.0, 3.0]), x), X),
    "vander": (lambda n, x: n.vander(x, 3), LINE),
    "vander, increasing": (lambda n, x: n.vander(x, increasing=True), LINE),
    "unwrap": (lambda n, x: n.unwrap(4 * x, axis=0), X),
    **{f"rot90, {k}": (lambda n, x, k=k: n.rot90(x, k), X) for k in (-1, 0, 1, 2, 3)},
    "swapaxes": (lambda n, x: n.swapaxes(x[None], 0, -1), X),
    "vstack": (lambda n, x: n.vstack([x, x]), LINE),
    "hstack": (lambda n, x: n.hstack([x, x]), X),
    "dstack": (lambda n, x: n.dstack([x, x]), X),
    "column_stack": (lambda n, x: n.column_stack([x, x]), LINE),
    "append": (lambda n, x: n.append(x, x), X),
    "array_split": (lambda n, x: n.array_split(x, 3)[1], LINE),
    "split": (lambda n, x: n.split(x, 2, axis=1)[1], X),
    "atleast_3d": (lambda n, x: n.atleast_3d(x), X),
    "diag": (lambda n, x: n.diag(x, 1), LINE),
    "diag of a matrix": (lambda n, x: n.diag(x, -1), X),
    "diagonal": (lambda n, x: n.diagonal(x, 1), X),
    "trace": (lambda n, x: n.trace(x, -1), X),
    "outer": (lambda n, x: n.outer(x, x), X),
    "inner": (lambda n, x: n.inner(x, x), X),
    "dot": (lambda n, x: n.dot(x, x[0]), X),
    "ediff1d": (lambda n, x: n.ediff1d(x), X),
    "nan_to_num": (lambda n, x: n.nan_to_num(x, posinf=9.0), np.asarray([1.0, np.nan, np.inf, -np.inf])),
    "fmax": (lambda n, x: n.fmax(x, x[:1]), HOLES),
    "fmin": (lambda n, x: n.fmin(x[:1], x), HOLES),
    "exp2": (lambda n, x: n.exp2(x), X),
    "logaddexp2": (lambda n, x: n.logaddexp2(x, x[0]), X),
    "deg2rad": (lambda n, x: n.deg2rad(x) + n.rad2deg(x), X),
    "angle": (lambda n, x: n.angle(x + 1j * x[0], deg=True), X),
    "heaviside": (lambda n, x: n.heaviside(x, 0.5 + 0 * x), np.asarray([-1.0, 0.0, 2.0])),
    "select": (lambda n, x: n.select([x > 1, x > 0], [x, -x], 7.0), X),
    "piecewise": (lambda n, x: n.piecewise(x, [x > 1, x < 0], [lambda y: y * y, -1.0, 5.0]), X),
    "average": (lambda n, x: n.average(x, axis=1, weights=np.arange(4.0)), X),
    "ptp": (lambda n, x: n.ptp(x, axis=0), X),
    "cov": (lambda n, x: n.cov(x), X),
    "cov, columns": (lambda n, x: n.cov(x, rowvar=False, ddof=0), X),
    "cov of one": (lambda n, x: n.cov(x), LINE),
    "corrcoef": (lambda n, x: n.corrcoef(x), X),
    "isclose": (lambda n, x: n.isclose(x, x + 1e-9, equal_nan=True), HOLES),
    "flatnonzero": (lambda n, x: n.flatnonzero(x > 0), X),
    "argwhere": (lambda n, x: n.argwhere(x > 0), X),
    "digitize": (lambda n, x: n.digitize(x, np.asarray([-1.0, 0.0, 1.0])), X),
    "bincount": (lambda n, x: n.bincount(np.asarray([0, 3, 1, 3, 0]), x), LINE),
    "histogram": (lambda n, x: n.histogram(x, 4)[0], X),
    "histogram, weights": (lambda n, x: n.histogram(x, np.asarray([-1.0, 0.0, 1.0]), weights=x)[0], X),
    "nanargmax": (lambda n, x: n.nanargmax(x), HOLES),
}


@pytest.mark.parametrize(("call", "x"), CALLS.values(), ids=CALLS)
def test_value_is_numpy_s(xp: Library, call, x) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, of rows that are all NaN
        expected = call(np, x)

    found = call(Own(xp), xp.array(x))

    np.testing.assert_allclose(xp.numpy(found), expected, rtol=1e-12, atol=1e-15)


class Own:
    """neo.numpy, whose functions take NumPy's arrays too, as those of the library at hand."""

    def __init__(self, xp: Library) -> None:
        self.xp = xp

    def __getattr__(self, name: str):
        own = lambda x: self.xp.array(x) if isinstance(x, np.ndarray) else x  # noqa: E731
        return lambda *args, **settings: getattr(nep, name)(
            *map(own, args), **{k: own(x) for k, x in settings.items()}
        )


# name: the function, an operand, the gradient of 1 * out[0] + 2 * out[1] + 4 * out[2] + ...
GRADIENTS = {
    "cumulative_max": (nep.cumulative_max, [1, 3, 3, 2], [1, 2 + 4 / 2 + 8 / 2, 4 / 2 + 8 / 2, 0]),
    "cumulative_max of inf": (nep.cumulative_max, [1, INF, INF, 1], [1, 8, 6, 0]),
    "cumulative_min of NaN": (nep.cumulative_min, [1, np.nan, 2, 3], [1, 0, 0, 0]),
    "cumulative_min": (nep.cumulative_min, [3, 1, 2, 1], [1, 2 + 4 + 8 / 2, 0, 8 / 2]),
    "logcumsumexp": (nep.logcumsumexp, [2, 2, 2], [1 + 1 + 4 / 3, 1 + 4 / 3, 4 / 3]),
    "logcumsumexp of -inf": (nep.logcumsumexp, [-INF, -INF, 1], [2, 1, 4]),
    "logcumsumexp of inf": (nep.logcumsumexp, [1, INF, INF, 1], [1, 8, 6, 0]),
    "nanmean": (nep.nanmean, [1, np.nan, 2, 3], [1 / 3, 0, 1 / 3, 1 / 3]),
    "nanstd of a constant": (nep.nanstd, [2, np.nan, 2], [0, 0, 0]),
    "nanmax, ties": (nep.nanmax, [2, np.nan, 2], [0.5, 0, 0.5]),
    "median": (nep.median, [4, 1, 3, 2], [0, 0, 0.5, 0.5]),
    "pad, reflect": (lambda x: nep.pad(x, (2, 0), "reflect"), [1, 2, 3], [4, 8 + 2, 16 + 1]),
}


@pytest.mark.parametrize(("f", "x", "expected"), GRADIENTS.values(), ids=GRADIENTS)
def test_gradient_is_what_it_should_be(xp: Library, f, x, expected) -> None:
    def weighed(x):
        out = f(x)
        weights = xp.asarray(2.0 ** np.arange(out.size).reshape(out.shape))
        return nep.sum(out * weights)

    found = neo.grad(weighed)(xp.asarray(np.asarray(x, dtype=float)))

    np.testing.assert_allclose(xp.numpy(found), expected, rtol=1e-15)


def test_powers_of_two_are_exact(xp: Library) -> None:
    found = nep.exp2(xp.asarray([-2.0, 0.5, 3.0]))

    np.testing.assert_array_equal(xp.numpy(found), [0.25, np.sqrt(2), 8.0])


@pytest.mark.parametrize("product", [nep.dot, nep.inner])
def test_product_with_a_number_is_elementwise(xp: Library, product) -> None:
    x = xp.asarray([1.0, 2.0])

    np.testing.assert_array_equal(xp.numpy(product(x, 3.0)), [3.0, 6.0])
    np.testing.assert_array_equal(xp.numpy(product(3.0, x)), [3.0, 6.0])


def test_power_zero_is_one_at_infinity_too(xp: Library) -> None:
    found = nep.vander(xp.asarray([np.inf, 2.0]))

    np.testing.assert_array_equal(xp.numpy(found), [[np.inf, 1.0], [2.0, 1.0]])


def test_weighted_average_with_an_infinite_element_is_infinite(xp: Library) -> None:
    found = nep.average(xp.asarray([[np.inf, 1.0], [1.0, 3.0]]), 1, xp.asarray([0.5, 0.5]))

    np.testing.assert_array_equal(xp.numpy(found), [np.inf, 2.0])


def test_quantile_has_a_gradient_to_the_share(xp: Library) -> None:
    x = xp.asarray([4.0, 1.0, 2.0])

    found = neo.grad(lambda q: nep.quantile(x, q))(xp.asarray(0.6))

    np.testing.assert_allclose(xp.numpy(found), 4.0)  # two steps from 0 to 1, the second 2 high


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: nep.pad(x, 1, "around"), "no mode 'around'"),
        (lambda x: nep.pad(x, -1), "not negative"),
        (lambda x: nep.pad(x, 1, "edge", end_values=1), "no setting"),
        (lambda x: nep.pad(x, ((1, 1), (1, 1))), "2 entries for an array with 1 axes"),
        (lambda x: nep.quantile(x, 2.0), "from 0 to 1"),
        (lambda x: nep.quantile(x, 0.5, method="best"), "no method 'best'"),
        (lambda x: nep.median(x[:0]), "no elements"),
    ],
)
def test_what_makes_no_sense_is_refused(xp: Library, call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(xp.array([1.0, 2.0, 3.0]))


def test_quantile_that_leaves_nan_out_has_a_gradient_to_the_share(xp: Library) -> None:
    x = xp.asarray([[4.0, 1.0, np.nan, 2.0], [1.0, 3.0, np.nan, np.nan]])

    found = neo.grad(lambda q: nep.sum(nep.nanquantile(x, q, axis=1)))(xp.asarray(0.6))

    np.testing.assert_allclose(xp.numpy(found), 4.0 + 2.0)


def test_results_are_as_wrapped_as_their_operands(xp: Library) -> None:
    x = np.abs(X)

    assert xp.owns(nep.nanquantile(xp.asarray(x), 0.3))
    assert xp.owns(nep.nanstd(xp.asarray(x)))
    assert xp.owns(nep.pad(xp.asarray(x), 1, "linear_ramp"))
    assert type(nep.nanquantile(xp.array(x), 0.3)) is neo.Array
