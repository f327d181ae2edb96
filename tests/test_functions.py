"""neo.functions: values and gradients beside plain formulas, at extremes, in every dtype, and errors."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import functions
from neo.backends.defined import DEFINED
from neo.functions import pooling  # noqa: F401  # loaded on first use, and with it its definitions
from neo.ops.windows import Windows

INF, NAN = math.inf, math.nan
ROWS = np.array([[0.3, -1.2, 2.5, 0.0], [4.0, 4.0, -3.0, 1.0], [-0.7, 0.1, 0.2, -2.0]])
LINE = np.array([-30.0, -5.0, -1.3, -0.2, 0.4, 1.7, 6.0, 25.0])
erf = np.vectorize(math.erf)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "relu": (functions.relu, lambda x: np.maximum(x, 0)),
    "leaky_relu": (functions.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x)),
    "leaky_relu of a steep slope": (
        lambda x: functions.leaky_relu(x, negative_slope=3.0),
        lambda x: np.where(x > 0, x, 3 * x),
    ),
    "elu": (functions.elu, lambda x: np.where(x > 0, x, np.exp(x) - 1)),
    "elu of alpha": (
        lambda x: functions.elu(x, alpha=0.5),
        lambda x: np.where(x > 0, x, (np.exp(x) - 1) / 2),
    ),
    "gelu": (functions.gelu, lambda x: x * (1 + erf(x / 2**0.5)) / 2),
    "gelu by tanh": (
        lambda x: functions.gelu(x, approximate="tanh"),
        lambda x: x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))) / 2,
    ),
    "silu": (functions.silu, lambda x: x * _sigmoid(x)),
    "softplus": (functions.softplus, lambda x: np.log(1 + np.exp(x))),
    "sigmoid": (functions.sigmoid, _sigmoid),
}
activations = pytest.mark.parametrize(("f", "plain"), ACTIVATIONS.values(), ids=list(ACTIVATIONS))


def _gradient(f: Any, xp: Library, x: Any) -> np.ndarray:
    """Return the gradient of the sum of f(x)."""
    out, pull = neo.vjp(f, xp.asarray(x))
    return xp.numpy(pull(xp.asarray(np.ones(tuple(out.shape))))[0])


@activations
def test_activation_is_its_formula(xp: Library, f: Any, plain: Any) -> None:
    out = f(xp.asarray(LINE))

    np.testing.assert_allclose(xp.numpy(out), plain(LINE), rtol=1e-13, atol=2e-13)


@activations
def test_slope_of_an_activation_is_that_of_its_formula(xp: Library, f: Any, plain: Any) -> None:
    h = 1e-6 * np.abs(LINE)

    found = _gradient(f, xp, LINE)

    differences = (plain(LINE + h) - plain(LINE - h)) / (2 * h)
    # The difference has an error of about eps ** (2/3) times the value.
    np.testing.assert_allclose(found, differences, rtol=1e-8, atol=1e-9)


MORE = {
    "softmax": functions.softmax,
    "log_softmax": functions.log_softmax,
    "logsumexp": functions.logsumexp,
    "layer_norm": lambda x: functions.layer_norm(x, None, None),
    "cross_entropy": lambda x: functions.cross_entropy(x, [0, 1, 3]),
    "linear": lambda x: functions.linear(x, x.T),
    "dropout": lambda x: functions.dropout(x, 0.5, neo.random.key(0)),
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    "f", [*[f for f, _ in ACTIVATIONS.values()], *MORE.values()], ids=[*ACTIVATIONS, *MORE]
)
def test_result_and_gradient_keep_the_dtype(xp: Library, f: Any, dtype: str) -> None:
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp} has no {dtype}")
    x = xp.asarray(ROWS, dtype)

    value, gradient = neo.value_and_grad(lambda x: nep.sum(f(x)))(x)

    assert f(x).dtype == value.dtype == gradient.dtype == x.dtype
    assert tuple(gradient.shape) == tuple(x.shape)


@pytest.mark.parametrize("f", [f for f, _ in ACTIVATIONS.values()], ids=list(ACTIVATIONS))
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
def test_activation_takes_0d_and_empty_arrays(xp: Library, f: Any, shape: tuple[int, ...]) -> None:
    out = f(xp.asarray(np.full(shape, 0.5)))

    assert tuple(out.shape) == shape


EXTREMES = {
    "relu": ([-INF, -0.0, 0.0, INF], [0, 0, 0, INF], [0, 0, 0, 1]),
    "sigmoid": ([-INF, -1e4, 1e4, INF], [0, 0, 1, 1], [0, 0, 0, 0]),
    "softplus": ([-INF, -1e4, 1e4, INF], [0, 0, 1e4, INF], [0, 0, 1, 1]),
    "silu": ([-1e30, -1e4, 1e30, INF], [0, 0, 1e30, INF], [0, 0, 1, 1]),
    "gelu": ([-1e200, -1e4, 1e200, INF], [0, 0, 1e200, INF], [0, 0, 1, 1]),
    "gelu by tanh": ([-1e200, -1e4, 1e200, INF], [0, 0, 1e200, INF], [0, 0, 1, 1]),
    "elu": ([-INF, -1e4, 1e4, INF], [-1, -1, 1e4, INF], [0, 0, 1, 1]),
    "leaky_relu": ([-INF, -1e4, 1e4, INF], [-INF, -100, 1e4, INF], [0.01, 0.01, 1, 1]),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_activation_and_its_slope_reach_their_limits(xp: Library, name: str) -> None:
    f, (x, expected, slope) = ACTIVATIONS[name][0], EXTREMES[name]

    np.testing.assert_allclose(xp.numpy(f(xp.asarray(x))), expected, rtol=1e-15)
    np.testing.assert_allclose(_gradient(f, xp, np.array(x)), slope, rtol=1e-15)


@activations
def test_activation_of_nan_is_nan(xp: Library, f: Any, plain: Any) -> None:
    assert np.isnan(xp.numpy(f(xp.asarray([NAN])))).all()


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_sigmoid_of_a_short_dtype_has_no_gap_on_its_way_to_0_and_1(dtype: str) -> None:
    x = np.linspace(-30, 30, 241).astype(dtype)
    expected = 1 / (1 + np.exp(-x.astype(float)))

    # Two roundings and the one of e ** x; below the normal numbers only a multiple of the smallest is left.
    limits = np.finfo(dtype)
    close = {"rtol": 3 * float(limits.eps), "atol": float(limits.smallest_subnormal)}
    np.testing.assert_allclose(functions.sigmoid(x), expected, **close)


def test_sigmoid_keeps_its_digits_far_to_the_left(xp: Library) -> None:
    out = xp.numpy(functions.sigmoid(xp.asarray([-700.0, -50.0])))

    np.testing.assert_allclose(out, np.exp([-700.0, -50.0]), rtol=1e-13)


def test_relu_stops_an_infinite_gradient_where_it_is_flat(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.sum(nep.sqrt(functions.relu(x))))(xp.asarray([-1.0, 4.0]))

    np.testing.assert_array_equal(xp.numpy(gradient), [0, 0.25])


@pytest.mark.parametrize(("slope", "expected"), [(0.01, 0.01), (2.0, 1.0)])
def test_slope_at_a_kink_is_the_one_nearer_to_zero(xp: Library, slope: float, expected: float) -> None:
    gradient = _gradient(lambda x: functions.leaky_relu(x, negative_slope=slope), xp, np.array([0.0]))

    np.testing.assert_array_equal(gradient, [expected])


def test_gelu_of_float32_on_numpy_keeps_its_digits_to_the_left() -> None:
    x = np.linspace(-5, 3, 4001, dtype=np.float32)
    chance = np.array([math.erfc(-t / math.sqrt(2)) / 2 for t in x.tolist()])

    error = np.abs(functions.gelu(x) - x * chance)

    # A unit of the chance's logarithm, which is what is rounded, is that many of the chance's.
    assert np.all(error <= 4 * np.finfo(np.float32).eps * (1 - np.log(chance)) * np.abs(x * chance))


def test_gelu_refuses_an_unknown_approximation() -> None:
    with pytest.raises(ValueError, match="erf"):
        functions.gelu(LINE, approximate="erf")


@pytest.mark.parametrize("name", ["relu", "sigmoid", "elu", "softmax", "logsumexp", "layer_norm"])
def test_complex_operands_are_refused(name: str) -> None:
    settings = {"weight": None, "bias": None} if name == "layer_norm" else {}

    with pytest.raises(TypeError, match=f"{name} is a function of real numbers, got complex128"):
        getattr(functions, name)(np.ones(3, "complex128"), **settings)


@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu"])
def test_complex_operands_are_refused_by_kernels_too(xp: Library, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} is a function of real numbers, got complex128"):
        getattr(functions, name)(xp.asarray(np.ones(3, "complex128")))


# softmax, log_softmax, logsumexp


@pytest.mark.parametrize("axis", [-1, 0, None, (0, 1)])
def test_softmax_and_its_logarithm_are_their_formulas(xp: Library, axis: Any) -> None:
    parts = np.exp(ROWS)
    expected = parts / parts.sum(axis=axis, keepdims=True)

    np.testing.assert_allclose(xp.numpy(functions.softmax(xp.asarray(ROWS), axis=axis)), expected, rtol=1e-14)
    np.testing.assert_allclose(
        xp.numpy(functions.log_softmax(xp.asarray(ROWS), axis=axis)), np.log(expected), rtol=1e-13, atol=1e-14
    )


@pytest.mark.parametrize(("axis", "keepdims"), [(-1, False), (0, True), (None, False), ((0, 1), True)])
def test_logsumexp_is_its_formula(xp: Library, axis: Any, keepdims: bool) -> None:
    out = functions.logsumexp(xp.asarray(ROWS), axis=axis, keepdims=keepdims)

    expected = np.log(np.sum(np.exp(ROWS), axis=axis, keepdims=keepdims))
    assert tuple(out.shape) == expected.shape
    np.testing.assert_allclose(xp.numpy(out), expected, rtol=1e-14)


INFINITE = np.array([[-INF, -INF, -INF], [INF, 0.0, INF], [0.0, -INF, 0.0], [1e300, -1e300, 0.0]])
SHARES = np.array([[1 / 3, 1 / 3, 1 / 3], [0.5, 0, 0.5], [0.5, 0, 0.5], [1, 0, 0]])


def test_softmax_of_infinite_elements_is_the_limit(xp: Library) -> None:
    out = functions.softmax(xp.asarray(INFINITE), axis=-1)

    np.testing.assert_allclose(xp.numpy(out), SHARES, rtol=1e-15)


def test_log_softmax_of_infinite_elements_is_the_limit(xp: Library) -> None:
    out = xp.numpy(functions.log_softmax(xp.asarray(INFINITE[:3]), axis=-1))

    expected = [[-math.log(3)] * 3, [-math.log(2), -INF, -math.log(2)], [-math.log(2), -INF, -math.log(2)]]
    np.testing.assert_allclose(out, expected, rtol=1e-15)


def test_logsumexp_of_infinite_elements_splits_its_gradient_evenly(xp: Library) -> None:
    out = functions.logsumexp(xp.asarray(INFINITE), axis=1)
    gradient = _gradient(lambda x: functions.logsumexp(x, axis=1), xp, INFINITE)

    np.testing.assert_allclose(xp.numpy(out), [-INF, INF, math.log(2), 1e300], rtol=1e-15)
    np.testing.assert_allclose(gradient, SHARES, rtol=1e-15)


@pytest.mark.parametrize("f", [functions.softmax, functions.log_softmax])
def test_softmax_of_nan_is_nan_in_its_row_alone(xp: Library, f: Any) -> None:
    out = xp.numpy(f(xp.asarray([[NAN, 0.0], [1.0, 2.0]])))

    assert np.isnan(out[0]).all()
    assert np.isfinite(out[1]).all()


def test_logsumexp_of_no_elements_is_minus_infinity(xp: Library) -> None:
    out = functions.logsumexp(xp.asarray(np.ones((2, 0))), axis=1)

    np.testing.assert_array_equal(xp.numpy(out), [-INF, -INF])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_softmax_takes_empty_arrays(xp: Library, shape: tuple[int, ...]) -> None:
    assert tuple(functions.softmax(xp.asarray(np.ones(shape))).shape) == shape


def test_softmax_of_a_0d_array_says_that_there_is_no_axis(xp: Library) -> None:
    with pytest.raises(ValueError, match="axis -1 is out of range for an array with 0 axes"):
        functions.softmax(xp.asarray(1.0))


# linear


@pytest.mark.parametrize("lead", [(), (5,), (2, 3), (0,)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_linear_is_a_product_and_a_sum(xp: Library, lead: tuple[int, ...], has_bias: bool) -> None:
    rng = np.random.default_rng(0)
    x, weight, bias = rng.normal(size=(*lead, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    operands = [x, weight, bias][: 2 + has_bias]

    out, pull = neo.vjp(functions.linear, *map(xp.asarray, operands))
    gradients = pull(xp.asarray(np.ones((*lead, 3))))

    np.testing.assert_allclose(xp.numpy(out), x @ weight + (bias if has_bias else 0), rtol=1e-13)
    ones = np.ones((x.size // 4, 3))
    expected = [(ones @ weight.T).reshape(x.shape), x.reshape(-1, 4).T @ ones, ones.sum(axis=0)]
    for g, e in zip(gradients, expected, strict=False):
        np.testing.assert_allclose(xp.numpy(g), e, rtol=1e-13, atol=1e-13)


def test_linear_takes_its_operands_by_name() -> None:
    out = functions.linear(ROWS, weight=np.ones((4, 2)), bias=np.ones(2))

    np.testing.assert_allclose(out, ROWS @ np.ones((4, 2)) + 1)


@pytest.mark.parametrize("shapes", [[(3, 4), (5, 2)], [(3, 4), (4,)], [(3, 4), (4, 2), (3,)], [(), (4, 2)]])
def test_linear_says_which_shapes_do_not_fit(xp: Library, shapes: Any) -> None:
    with pytest.raises(ValueError, match=r"linear: .* do not fit"):
        functions.linear(*[xp.asarray(np.ones(shape)) for shape in shapes])


# layer_norm


@pytest.mark.parametrize("axis", [-1, (-2, -1), (1, 2)])
def test_layer_norm_is_its_formula(xp: Library, axis: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 4))
    shape = (4,) if axis == -1 else (3, 4)
    weight, bias = rng.normal(size=shape), rng.normal(size=shape)

    out = functions.layer_norm(*map(xp.asarray, (x, weight, bias)), axis, 0.1)

    centred = x - x.mean(axis=axis, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + 0.1) * weight + bias
    np.testing.assert_allclose(xp.numpy(out), expected, rtol=1e-13, atol=1e-14)


def test_layer_norm_of_equal_elements_is_its_bias(xp: Library) -> None:
    out = functions.layer_norm(*map(xp.asarray, (np.full((2, 3), 7.0), np.ones(3), np.arange(3.0))))

    np.testing.assert_array_equal(xp.numpy(out), np.tile(np.arange(3.0), (2, 1)))


@pytest.mark.parametrize(
    ("shapes", "axis", "message"),
    [
        ([(3, 4), (3,), (4,)], -1, "weight is float64 array of shape"),
        ([(3, 4), (3,), (3,)], 0, "does not name the last axes"),
        ([(3, 0), (0,), (0,)], -1, "has no elements"),
    ],
)
def test_layer_norm_says_what_does_not_fit(shapes: Any, axis: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        functions.layer_norm(*[np.ones(shape) for shape in shapes], axis=axis)


# cross_entropy

LABELS = [2, 0, 1]


def _losses() -> np.ndarray:
    return np.log(np.exp(ROWS).sum(axis=1)) - ROWS[np.arange(3), LABELS]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_cross_entropy_is_its_formula(xp: Library, reduction: str, dtype: str) -> None:
    out = functions.cross_entropy(xp.asarray(ROWS), xp.asarray(LABELS, dtype), reduction)

    expected = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](_losses())
    np.testing.assert_allclose(xp.numpy(out), expected, rtol=1e-14)


@pytest.mark.parametrize(("reduction", "weight"), [("mean", 1 / 3), ("sum", 1), ("none", 1)])
def test_gradient_of_cross_entropy_is_softmax_less_one_at_the_label(
    xp: Library, reduction: str, weight: float
) -> None:
    labels = xp.asarray(LABELS)

    found = _gradient(lambda x: functions.cross_entropy(x, labels, reduction), xp, ROWS)

    softmax = np.exp(ROWS) / np.exp(ROWS).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, weight * (softmax - np.eye(4)[LABELS]), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("wrap", ["list", "numpy", "bare", "boxed"])
def test_labels_may_be_lists_and_arrays_of_any_wrapping(xp: Library, wrap: str) -> None:
    bare = xp.asarray(LABELS)
    made = {"list": LABELS, "numpy": np.array(LABELS), "bare": bare, "boxed": neo.asarray(bare)}

    out = functions.cross_entropy(xp.asarray(ROWS), made[wrap])

    np.testing.assert_allclose(xp.numpy(out), _losses().mean(), rtol=1e-14)


def test_cross_entropy_of_an_impossible_label_is_infinite(xp: Library) -> None:
    out = functions.cross_entropy(xp.asarray([[0.0, -INF], [0.0, -INF]]), xp.asarray([1, 0]), "none")

    np.testing.assert_array_equal(xp.numpy(out), [INF, 0])


def test_cross_entropy_of_huge_logits_does_not_overflow(xp: Library) -> None:
    out = functions.cross_entropy(xp.asarray([[1e30, 0.0]], "float32"), xp.asarray([0]))

    assert xp.numpy(out) == 0


@pytest.mark.parametrize(("label", "shown"), [(4, 4), (-1, -1), (-100, -100), (99, 99)])
def test_label_out_of_range_is_named_with_the_range(xp: Library, label: int, shown: int) -> None:
    with pytest.raises(IndexError, match=f"label {shown} is out of range for 4 classes; .* from 0 to 3"):
        functions.cross_entropy(xp.asarray(ROWS), xp.asarray([0, label, 1]))


def test_float_labels_are_refused(xp: Library) -> None:
    with pytest.raises(TypeError, match=r"labels are float64 array of shape .*; expected integers"):
        functions.cross_entropy(xp.asarray(ROWS), xp.asarray(ROWS[:, 0]))


@pytest.mark.parametrize("shape", [(2,), (3, 1), ()])
def test_labels_of_another_shape_are_refused(xp: Library, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected logits of shape \(n, k\) and labels of shape \(n,\)"):
        functions.cross_entropy(xp.asarray(ROWS), xp.asarray(np.zeros(shape, "int64")))


def test_unknown_reduction_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'average'"):
        functions.cross_entropy(ROWS, LABELS, "average")


# dropout


def test_dropout_zeroes_or_scales_and_its_gradient_alike(xp: Library) -> None:
    key = neo.random.key(0)
    x = np.full((50, 40), 3.0)

    out = xp.numpy(functions.dropout(xp.asarray(x), 0.25, key))
    gradient = _gradient(lambda x: functions.dropout(x, 0.25, key), xp, x)

    assert set(np.unique(out)) == {0.0, 4.0}
    # Three standard deviations of the number dropped of 2000.
    assert abs((out == 0).mean() - 0.25) < 3 * (0.25 * 0.75 / 2000) ** 0.5
    np.testing.assert_allclose(gradient, out / 3, rtol=1e-15)


def test_dropout_drops_infinite_elements_too(xp: Library) -> None:
    out = xp.numpy(functions.dropout(xp.asarray(np.full(100, INF)), 0.5, neo.random.key(0)))

    assert set(out) == {0.0, INF}


def test_dropout_at_rate_zero_is_the_operand(xp: Library) -> None:
    x = xp.asarray(ROWS)

    assert functions.dropout(x, 0, neo.random.key(0)) is x


@pytest.mark.parametrize("rate", [1, -0.1, NAN])
def test_dropout_refuses_a_rate_out_of_range(rate: float) -> None:
    with pytest.raises(ValueError, match="the rate is a chance"):
        functions.dropout(ROWS, rate, neo.random.key(0))


# kernels, and references


GELU_AT = np.array([-4.0, -1.0, -1e-40, 0.0, 1e-3, 0.5, 2.0, 20.0, INF])
GELU_OF = np.array([x * 0.5 * (1 + math.erf(x * math.sqrt(0.5))) for x in GELU_AT])
GELU_GRADIENT = np.linspace(1.0, 2.0, len(GELU_AT))

NORMALIZED = (ROWS, ROWS.mean(axis=1, keepdims=True), 1 / ROWS.std(axis=1, keepdims=True))
SCALED = (ROWS, ROWS.mean(axis=0, keepdims=True), np.array([[0.5, 2.0, 1.0, 3.0]]))

# By name; what follows a space tells several inputs of one kernel apart.
KERNEL_INPUTS = {
    "relu": (LINE,),
    "sigmoid": (LINE,),
    "silu": (LINE,),
    "gelu": (LINE,),
    "erf": (LINE,),
    "relu_backward": (np.array([1.0, -2.0, INF, NAN, INF, 3.0]), np.array([0.0, 1.0, 0.0, 2.0, NAN, -0.0])),
    "tanh_backward": (np.array([1.0, -2.0, INF, 3.0]), np.array([0.0, 0.5, 0.5, -1.0])),
    "sin_backward": (np.arange(3.0), np.array([0.0, 0.5, 2.0])),
    "cos_backward": (np.arange(3.0), np.array([0.0, 0.5, 2.0])),
    "softplus": (LINE,),
    "gelu_tanh": (LINE,),
    "gelu_tanh_backward": (GELU_GRADIENT, GELU_AT),
    "silu_backward": (np.ones(7), np.array([-50.0, -1.0, 0.0, 1e-40, 2.0, 50.0, INF])),
    "gelu_backward": (GELU_GRADIENT, GELU_AT, GELU_OF),
    "gelu_backward away from 0": (GELU_GRADIENT[4:8], GELU_AT[4:8], GELU_OF[4:8]),
    "matmul_backward": (np.ones((2, 3, 3)), ROWS, np.stack([ROWS.T, -ROWS.T]), (3, 4), (2, 4, 3)),
    "matmul_backward of matrices": (np.ones((3, 3)), ROWS, ROWS.T, (3, 4), (4, 3)),
    "where_backward": (ROWS, ROWS[0] > 0.1, (3, 1), (4,)),
    "where_backward to one": (ROWS, ROWS > 0.1, None, (3, 4)),
    "spread": (ROWS, (3, 2, 4, 2), (1, 3)),
    "spread of a number": (np.array([[2.0]]), (2, 3), (0, 1)),
    "spread of a transpose": (ROWS.T, (4, 2, 3), (1,)),
    "spread over nothing": (np.ones((0, 3)), (0, 2, 3), (1,)),
    "share": (np.array([1.0, 2.0, 3.0, NAN, INF]), np.array([2.0, 2.0, 1.0, 1.0, INF])),
    "sign": (LINE,),
    "relu of many": (np.resize(LINE, 3000),),
    "sigmoid of many": (np.resize(LINE, 3000),),
    "scatter": (np.arange(6.0).reshape(2, 3), (4, 3), (slice(1, 3), slice(None))),
    "part": (ROWS, (slice(0, 2), slice(None, None, -1))),
    "part of numbers": (ROWS, (1, 0)),
    "unbroadcast": (ROWS, (4,)),
    "unbroadcast stretched": (np.arange(12.0).reshape(2, 3, 2), (3, 1)),
    "unbroadcast to a number": (ROWS, ()),
    "sigmoid_backward": (np.arange(3.0), np.array([0.0, 0.3, 1.0])),
    "softmax": (ROWS, (1,)),
    "log_softmax": (ROWS, (1,)),
    "logsumexp": (ROWS, (1,)),
    "shifted": (ROWS, (1,)),
    "softmax of large numbers": (ROWS * 300, (1,)),
    "softmax over other axes": (ROWS, (0,)),
    "softmax_backward over other axes": (ROWS, np.exp(-ROWS), (0,)),
    "log_softmax_backward": (ROWS, -np.exp(ROWS), (1,)),
    "softmax_backward": (ROWS, np.exp(-ROWS), (1,)),
    "linear": (ROWS, ROWS.T, np.arange(3.0)),
    "linear_backward": (ROWS, ROWS, ROWS, (3,)),
    "linear_backward of a stack": (np.stack([ROWS, -ROWS]), np.stack([ROWS, ROWS]), ROWS.T @ ROWS, (2, 3)),
    "linear_backward of a vector": (ROWS[0], ROWS[1], ROWS.T @ ROWS, ()),
    "linear_backward to x": (np.stack([ROWS, -ROWS]), None, ROWS, None),
    "cross_entropy": (ROWS, np.array(LABELS), "mean"),
    "negative_log_likelihood": (ROWS, np.array(LABELS), "mean"),
    "layer_norm": (ROWS, ROWS[0], ROWS[1], (1,), 1e-5),
    "layer_norm over other axes": (ROWS, None, None, (0,), 1e-5),
    "layer_norm_backward": (ROWS[::-1].copy(), *NORMALIZED, ROWS[0], (1,), (True, True, True)),
    "layer_norm_backward to some": (ROWS[::-1].copy(), *NORMALIZED, ROWS[0], (1,), (False, True, False)),
    "layer_norm_backward over other axes": (ROWS[::-1].copy(), *SCALED, None, (0,), (True, False, False)),
    "unit_square": (ROWS, (1,), 1e-5),
    "unit_square_backward": (ROWS[::-1].copy(), ROWS, np.array([[0.5], [2.0], [1.0]]), (1,)),
    "unit_square_backward over other axes": (ROWS[::-1].copy(), ROWS, np.array([[0.5, 2.0, 1.0, 3.0]]), (0,)),
    "scaled_rest": (np.array([[0.5], [2.0], [1.0]]), ROWS, ROWS.mean(axis=1, keepdims=True)),
    "shared_by_ties": (np.array([[0.5], [2.0], [1.0]]), ROWS, ROWS.max(axis=1, keepdims=True), 1),
    "shared_by_ties where there is NaN": (
        np.array([1.0, 2.0]),
        np.array([NAN, 1.0]),
        np.array([NAN, 1.0]),
        (),
    ),
    "max_pool": (
        np.sin(np.arange(24.0)).reshape(2, 1, 3, 4),
        Windows((2, 2), (1, 2), ((1, 1), (0, 1)), (1, 1)),
    ),
}


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("name", KERNEL_INPUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernel_of_a_backend_agrees_with_the_definition(backend: str, name: str, dtype: str) -> None:
    pytest.importorskip(backend)
    library, strict = neo.backends.get(backend), neo.backends.get("array_api_strict")
    inputs = [_as_dtype(x, dtype) for x in KERNEL_INPUTS[name]]
    name = name.partition(" ")[0]
    if name not in library.kernels:
        pytest.skip(f"{backend} brings no kernel for {name}")

    with library.forgiving():  # as the walk back is
        found = library.kernels[name](*[_on(library, x) for x in inputs])
        expected = _definition(name, strict)(*[_on(strict, x) for x in inputs])

    close = {"rtol": 16 * float(np.finfo(dtype).eps), "atol": 16 * float(np.finfo(dtype).eps)}
    pairs = zip(_several(found), _several(expected), strict=True)
    # None stands for what only the backend's own kernel of the gradient reads.
    for f, e in [(f, e) for f, e in pairs if e is not None]:
        np.testing.assert_allclose(library.to_numpy(f), strict.to_numpy(e), **close)


def _as_dtype(x: Any, dtype: str) -> Any:
    return x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def _on(library: Any, x: Any) -> Any:
    return library.asarray(x) if isinstance(x, np.ndarray) else x


def _several(out: Any) -> Any:
    return out if isinstance(out, tuple) else (out,)


def _definition(name: str, library: Any) -> Any:
    """Return what a name is defined as: its raw function, or the formula of the gradient."""
    formulas = {
        "relu_backward": functions.relu.policy.rules[0].formula,
        "sigmoid_backward": functions.sigmoid.policy.rules[0].formula,
        "tanh_backward": nep.tanh.policy.rules[0].formula,
        "sin_backward": nep.sin.policy.rules[0].formula,
        "cos_backward": nep.cos.policy.rules[0].formula,
        "layer_norm_backward": functions.layer_norm.policy.push.__globals__["_formula"],
        "gelu_tanh_backward": functions.gelu.policies[1].rules[0].formula,
        "silu_backward": functions.silu.policy.rules[0].formula,
        "gelu_backward": functions.gelu.policy.rules[0].formula,
        "unit_square_backward": functions.rms_norm.__globals__["_unit_square_formula"],
        "scaled_rest": nep.var.policy.backward.__globals__["_scaled_rest"].__wrapped__,
        "shared_by_ties": nep.max.policy.slopes.__globals__["_shared_formula"],
        "where_backward": nep.where.policy.slopes.__wrapped__,
        "spread": nep.sum.__globals__["_spread"],
        "matmul_backward": nep.matmul.policy.slopes,
        "scatter": nep.take.__globals__["_scattered"],
        "unbroadcast": nep.take.__globals__["unbroadcast"],
        "log_softmax_backward": functions.log_softmax.policy.backward.__globals__["_log_softmax_formula"],
        "softmax_backward": functions.softmax.policy.push.__globals__["_softmax_formula"],
        "linear_backward": functions.linear.policy.slopes.__wrapped__,
    }
    return formulas[name] if name in formulas else library.kernel(name)


def test_every_definition_has_a_kernel_test_or_no_kernel() -> None:
    found = [neo.backends.get(k) for k in ("numpy", "torch") if k in neo.backends.available()]
    brought = {name for library in found for name in library.kernels}

    ours = {name for name, function in DEFINED.items() if function.__module__.startswith("neo.functions.")}

    assert brought & ours <= set(KERNEL_INPUTS)


@pytest.mark.parametrize(
    "name", ["relu", "elu", "gelu", "silu", "softplus", "sigmoid", "softmax", "log_softmax"]
)
def test_gradient_agrees_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(ROWS, requires_grad=True)
    settings = {"dim": -1} if "softmax" in name else {}
    g = np.cos(ROWS)

    _, pull = neo.vjp(getattr(functions, name), ROWS)
    found = pull(g)[0]

    reference = getattr(torch.nn.functional, name)
    (expected,) = torch.autograd.grad(reference(x, **settings), x, torch.tensor(g))
    # PyTorch's softplus is x beyond 20; here x stays below.
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12, atol=1e-14)


def test_layer_norm_and_cross_entropy_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    weight, bias = np.linspace(0.5, 1.5, 4), np.linspace(-1, 1, 4)
    leaves = [torch.tensor(x, requires_grad=True) for x in (ROWS, weight, bias)]
    layers = torch.nn.functional

    def f(*parameters: Any) -> Any:
        return functions.cross_entropy(functions.layer_norm(*parameters), LABELS)

    found = neo.grad(f, argnums=(0, 1, 2))(ROWS, weight, bias)

    normal = layers.layer_norm(leaves[0], (4,), *leaves[1:])
    loss = layers.cross_entropy(normal, torch.tensor(LABELS))
    for g, e in zip(found, torch.autograd.grad(loss, leaves), strict=True):
        np.testing.assert_allclose(g, e.numpy(), rtol=1e-11, atol=1e-14)


THIRD = {
    "sigmoid": (functions.sigmoid, LINE),
    "gelu": (functions.gelu, LINE),
    "relu": (functions.relu, LINE),
    "softmax": (lambda x: functions.softmax(x)[..., 1], ROWS),
    "logsumexp": (functions.logsumexp, ROWS),
    "layer_norm": (lambda x: functions.layer_norm(x, None, None)[..., 0], ROWS),
    "cross_entropy": (lambda x: functions.cross_entropy(x, LABELS), ROWS),
    "linear": (lambda x: functions.linear(functions.linear(x, x.T), x)[..., 0], ROWS),
}


@pytest.mark.parametrize(("f", "x"), THIRD.values(), ids=list(THIRD))
def test_third_order_agrees_with_differences_of_the_second(xp: Library, f: Any, x: np.ndarray) -> None:
    weights = np.sin(np.arange(x.size)).reshape(x.shape)
    v, h = np.cos(np.arange(x.size)).reshape(x.shape), 1e-5
    bare = xp.asarray(weights)

    def slope(g: Any) -> Any:
        return lambda x: nep.sum(neo.grad(g)(x) * bare)

    second = slope(slope(lambda x: nep.sum(f(x))))

    found = float(np.sum(xp.numpy(neo.grad(second)(xp.asarray(x))) * v))

    above, below = [float(xp.numpy(second(xp.asarray(x + s * h * v)))) for s in (1, -1)]
    np.testing.assert_allclose(found, (above - below) / (2 * h), rtol=1e-6, atol=1e-7)


def test_each_function_is_one_call_that_saves_little() -> None:
    def loss(x: Any, w: Any, b: Any) -> Any:
        x = functions.layer_norm(functions.linear(x, w, b), None, None)
        return functions.cross_entropy(functions.softmax(functions.silu(x)), LABELS)

    _, tape = neo.trace(loss)(ROWS, np.ones((4, 5)), np.ones(5))

    names = re.findall(r"= (\w+)\(", str(tape))
    assert names == ["linear", "layer_norm", "silu", "softmax", "cross_entropy"]


def test_gelu_of_float32_on_numpy_is_within_a_few_units_of_the_last_place() -> None:
    x = np.linspace(-6, 6, 100_001, dtype="float32")
    exact = np.array([math.erf(v * math.sqrt(0.5)) for v in x.astype("float64")])

    out = functions.gelu(x)

    # erf is 3.3 eps off at most; 1 + erf keeps that as an absolute error.
    bound = 4 * np.finfo("float32").eps * np.abs(x)
    assert np.all(np.abs(out - x * 0.5 * (1 + exact)) <= bound)


def test_gelu_of_integers_on_numpy_is_that_of_floats() -> None:
    out = functions.gelu(np.array([-1, 0, 2]))

    np.testing.assert_array_equal(out, functions.gelu(np.array([-1.0, 0.0, 2.0])))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("name", ["gelu", "silu", "sigmoid", "relu"])
def test_gradient_of_a_0d_operand_on_numpy_keeps_its_dtype(name: str, dtype: str) -> None:
    found = neo.grad(getattr(functions, name))(np.asarray(0.5, dtype))

    assert found.dtype == dtype
