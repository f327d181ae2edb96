"""What does not fit is refused in neo's words, with its shapes, dtypes and names, on every library."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import autograd, functions
from neo.numpy import linalg

MATRIX = np.arange(12.0).reshape(3, 4)
ROW, SQUARE = np.arange(3.0), np.eye(3)
INTEGERS, MASK = np.asarray([0, 9]), np.asarray([True, False])


def written(x: Any, key: Any, value: Any) -> None:
    x = neo.asarray(x) * 1.0
    x[key] = value


def indexed(key: Any) -> Callable[..., Any]:
    return lambda x, *others: neo.asarray(x)[key]


# The function, its array arguments, the class of the error, and what it says.
INDICES = {
    "a word": (indexed("a"), [MATRIX], IndexError, r"cannot index with str 'a'; use integers.*\(3, 4\)"),
    "a float": (indexed(1.5), [MATRIX], IndexError, r"cannot index with float 1\.5"),
    "a slice of floats": (indexed(slice(0, 1.5)), [MATRIX], IndexError, r"slice takes integers, got float"),
    "a large integer": (indexed(9), [MATRIX], IndexError, r"index 9 is out of range for axis 0 of length 3"),
    "a low integer": (indexed((0, -5)), [MATRIX], IndexError, r"index -5 is out of range for axis 1"),
    "too many": (indexed((0, 0, 0)), [MATRIX], IndexError, r"3 indices for an array with 2 axes"),
    "of a number": (indexed(0), [np.asarray(1.0)], IndexError, r"1 indices for an array with 0 axes"),
    "two dots": (indexed((..., ...)), [MATRIX], IndexError, r"'\.\.\.' stands twice"),
    "a ragged list": (indexed([[0, 1], [0]]), [MATRIX], IndexError, r"its lists differ in length"),
    "an array out of range": (
        lambda x, k: neo.asarray(x)[k],
        [MATRIX, INTEGERS],
        IndexError,
        r"index 9 is out of range for axis 0 of length 3",
    ),
    "a mask": (
        lambda x, k: neo.asarray(x)[k],
        [MATRIX, MASK],
        IndexError,
        r"mask of shape \(2,\) does not fit",
    ),
    "an array of floats": (
        lambda x, k: neo.asarray(x)[k],
        [MATRIX, ROW],
        IndexError,
        r"holds integers or bool",
    ),
    "arrays apart": (
        lambda x, j, k: neo.asarray(x)[j, k],
        [MATRIX, np.asarray([0, 1]), np.asarray([0, 1, 2])],
        IndexError,
        r"index arrays of shapes \(2,\) and \(3,\) do not broadcast",
    ),
    "written out of range": (lambda x: written(x, 9, 1.0), [MATRIX], IndexError, r"setitem: index 9 is out"),
    "written shape": (
        lambda x, v: written(x, slice(None), v),
        [MATRIX, ROW],
        ValueError,
        r"a value of shape \(3,\) does not fit the place of shape \(3, 4\)",
    ),
    "written word": (lambda x: written(x, 0, "a"), [MATRIX], TypeError, r"cannot write str 'a' into float64"),
    "added": (
        lambda x, v: neo.asarray(x).at[:2].add(v),
        [MATRIX, ROW],
        ValueError,
        r"a value of shape \(3,\) does not fit the place of shape \(2, 4\)",
    ),
    "take": (
        lambda x, k: nep.take(x, k, axis=1),
        [MATRIX, INTEGERS],
        IndexError,
        r"index.* is out of range for axis 1",
    ),
}

BROADCAST = r"shapes \(3, 4\) and \(3,\) do not broadcast; counted from the last"
SHAPES = {
    **{
        name: (getattr(nep, name), [MATRIX, ROW], ValueError, rf"{name}: {BROADCAST}")
        for name in ("add", "pow", "atan2", "maximum", "equal", "less")
    },
    "+": (lambda x, y: neo.asarray(x) + y, [MATRIX, ROW], ValueError, rf"add: {BROADCAST}"),
    "+=": (lambda x, y: operator.iadd(neo.asarray(x), y), [MATRIX, ROW], ValueError, rf"add: {BROADCAST}"),
    "where": (
        lambda x, y: nep.where(x > 0, x, y),
        [MATRIX, ROW],
        ValueError,
        r"where: shapes .*do not broad",
    ),
    "clip": (
        lambda x, y: nep.clip(x, y, None),
        [MATRIX, ROW],
        ValueError,
        r"clip: shapes .*do not broadcast",
    ),
    "matmul": (nep.matmul, [MATRIX, MATRIX], ValueError, r"matmul: shapes \(3, 4\) and \(3, 4\) do not fit"),
    "matmul of stacks": (
        nep.matmul,
        [np.ones((2, 3, 4)), np.ones((3, 4, 2))],
        ValueError,
        r"matmul: shapes \(2, 3, 4\) and \(3, 4, 2\) do not broadcast; .*before the last 2",
    ),
    "concat": (lambda x, y: nep.concat([x, y]), [MATRIX, SQUARE], ValueError, r"concat: shapes .* differ"),
    "stack": (
        lambda x, y: nep.stack([x, y]),
        [MATRIX, ROW],
        ValueError,
        r"stack: arrays must have one shape",
    ),
    "reshape": (lambda x: nep.reshape(x, (5,)), [MATRIX], ValueError, r"has 12 elements, and shape \(5,\)"),
    "broadcast_to": (lambda x: nep.broadcast_to(x, (-1, 4)), [MATRIX], ValueError, r"does not broadcast to"),
    "einsum": (lambda x, y: nep.einsum("ij,jk", x, y), [MATRIX, MATRIX], ValueError, r"lengths 4 and 3"),
    "tensordot": (nep.tensordot, [MATRIX, SQUARE], ValueError, r"tensordot: shapes \(3, 4\) and \(3, 3\)"),
    "linear": (functions.linear, [MATRIX, MATRIX], ValueError, r"linear: .* do not fit; expected x of shape"),
    "inv": (linalg.inv, [MATRIX], ValueError, r"inv needs square matrices, got shape \(3, 4\)"),
    "solve": (linalg.solve, [SQUARE * 0, SQUARE], ValueError, r"No matrix may be singular; lstsq takes any"),
    "tril": (nep.tril, [ROW], ValueError, r"tril needs at least 2 axes, got shape \(3,\)"),
    "bool": (
        lambda x: bool(neo.asarray(x)),
        [ROW],
        ValueError,
        r"float64 array of shape \(3,\) has no one truth",
    ),
    "float": (lambda x: float(neo.asarray(x)), [ROW], TypeError, r"float"),
    "argmax": (nep.argmax, [np.ones(0)], ValueError, r"argmax of no elements: shape \(0,\)"),
}

DTYPES = {
    "floor": (nep.floor, [ROW * 1j], TypeError, r"floor: \S+ does not take complex128 here"),
    "bitwise_and": (nep.bitwise_and, [ROW, ROW], TypeError, r"bitwise_and: \S+ does not take float64"),
    "negative": (nep.negative, [MASK], TypeError, r"negative: \S+ does not take bool here"),
    "where": (nep.where, [ROW, ROW, ROW], TypeError, r"condition must be a boolean array, got float64"),
    "add word": (lambda x: nep.add(x, "a"), [ROW], TypeError, r"add: expected arrays or numbers"),
    "atan2 word": (lambda x: nep.atan2(x, "a"), [ROW], TypeError, r"atan2: expected arrays or numbers"),
    "less word": (
        lambda x: nep.less(x, "a"),
        [ROW],
        TypeError,
        r"less: expected arrays or numbers, got str 'a'",
    ),
    "* list": (
        lambda x: neo.asarray(x) * [1.0],
        [ROW],
        TypeError,
        r"expected arrays or numbers.*neo\.asarray",
    ),
    "* word": (lambda x: neo.asarray(x) * "a", [ROW], TypeError, r"multiply: expected arrays or numbers"),
    "matmul word": (
        lambda x: nep.matmul(x, "a"),
        [ROW],
        TypeError,
        r"expected arrays or numbers, got str 'a'",
    ),
    "repeat": (lambda x: nep.repeat(x, 1.5), [ROW], TypeError, r"repeats must be an integer, got float 1\.5"),
    "repeat less": (lambda x: nep.repeat(x, -1), [ROW], ValueError, r"repeats must not be negative, got -1"),
    "roll": (lambda x: nep.roll(x, 1.5), [ROW], TypeError, r"shift must be an integer, got float 1\.5"),
    "tile": (lambda x: nep.tile(x, (-1,)), [ROW], ValueError, r"repetitions must not be negative"),
    "astype": (lambda x: nep.astype(x, "flout32"), [ROW], TypeError, r"no dtype 'flout32'; name one"),
}

AXES = {
    "sum": lambda x, axis: nep.sum(x, axis=axis),
    "mean": lambda x, axis: nep.mean(x, axis=axis),
    "max": lambda x, axis: nep.max(x, axis=axis),
    "var": lambda x, axis: nep.var(x, axis=axis),
    "any": lambda x, axis: nep.any(x > 0, axis=axis),
    "argmax": lambda x, axis: nep.argmax(x, axis=axis),
    "argsort": lambda x, axis: nep.argsort(x, axis=axis),
    "sort": lambda x, axis: nep.sort(x, axis=axis),
    "flip": lambda x, axis: nep.flip(x, axis=axis),
    "roll": lambda x, axis: nep.roll(x, 1, axis=axis),
    "squeeze": lambda x, axis: nep.squeeze(x, axis=axis),
    "concat": lambda x, axis: nep.concat([x, x], axis=axis),
    "stack": lambda x, axis: nep.stack([x, x], axis=axis),
    "unstack": lambda x, axis: nep.unstack(x, axis=axis),
    "repeat": lambda x, axis: nep.repeat(x, 2, axis=axis),
    "diff": lambda x, axis: nep.diff(x, axis=axis),
    "moveaxis": lambda x, axis: nep.moveaxis(x, axis, 0),
    "permute_dims": lambda x, axis: nep.permute_dims(x, (0, axis)),
    "cumulative_sum": lambda x, axis: nep.cumulative_sum(x, axis=axis),
    "vecdot": lambda x, axis: nep.vecdot(x, x, axis=axis),
    "softmax": lambda x, axis: functions.softmax(x, axis=axis),
    "logsumexp": lambda x, axis: functions.logsumexp(x, axis=axis),
    "vector_norm": lambda x, axis: linalg.vector_norm(x, axis=axis),
    "fft": lambda x, axis: nep.fft.fft(x * 1j, axis=axis),
    "median": lambda x, axis: nep.median(x, axis=axis),
}

KINDS = {"index": INDICES, "shape": SHAPES, "dtype": DTYPES}
CASES = {f"{name} ({kind})": case for kind, cases in KINDS.items() for name, case in cases.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input_is_refused_in_words_with_shapes_and_dtypes(case: Any, xp: Library) -> None:
    function, values, kind, words = case
    arrays = [xp.array(v) for v in values]

    with pytest.raises(kind, match=words):
        function(*arrays)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input_is_refused_in_the_same_words_on_a_tape(case: Any, xp: Library) -> None:
    function, (first, *rest), kind, words = case
    others = [xp.array(v) for v in rest]
    start = xp.array(np.asarray(first, dtype=float if first.dtype.kind == "b" else first.dtype))

    with pytest.raises(kind, match=words):
        neo.vjp(lambda x: function(x if first.dtype.kind != "b" else xp.array(first), *others), start)


@pytest.mark.parametrize("function", AXES.values(), ids=AXES)
def test_an_axis_out_of_range_is_named(function: Any, xp: Library) -> None:
    with pytest.raises(ValueError, match=r"axis -5 is out of range for an array with \d axes"):
        function(xp.array(MATRIX), -5)


@pytest.mark.parametrize("function", AXES.values(), ids=AXES)
def test_an_axis_that_is_no_integer_is_named(function: Any, xp: Library) -> None:
    with pytest.raises(TypeError, match=r"an axis must be an integer.*got .*1\.5"):
        function(xp.array(MATRIX), 1.5)


def test_the_librarys_own_error_is_the_cause(xp: Library) -> None:
    with pytest.raises(ValueError, match="do not broadcast") as caught:
        nep.add(xp.array(MATRIX), xp.array(ROW))

    assert caught.value.__cause__ is not None


def test_an_error_of_a_users_policy_is_left_as_it_is(xp: Library) -> None:
    class Fails(autograd.Policy):
        def forward(self, x: Any) -> Any:
            raise RuntimeError("mine")

        def backward(self, g: Any) -> Any:
            return g

    with pytest.raises(RuntimeError, match=r"^mine$"):
        neo.grad(lambda x: nep.sum(nep.sin(x)), policies={nep.sin: Fails})(xp.array(ROW))


@pytest.mark.parametrize(
    ("create", "kind", "words"),
    [
        (lambda **where: nep.zeros(-3, **where), ValueError, r"zeros\(-3\) makes no array"),
        (lambda **where: nep.zeros(1.5, **where), TypeError, r"zeros\(1\.5\) makes no array"),
        (lambda **where: nep.full(3, "a", **where), TypeError, r"full: expected a number, got str 'a'"),
        (lambda **where: nep.arange(0, 3, 0, **where), ValueError, r"arange\(0, 3, 0\) makes no array"),
        (lambda **where: nep.linspace(0, 1, -2, **where), ValueError, r"linspace\(0, 1, -2"),
        (lambda **where: nep.asarray([[1.0], [1.0, 2.0]], **where), ValueError, r"lists of one length"),
        (lambda **where: nep.fft.fftfreq(0, **where), ValueError, r"fftfreq: n is the number of samples"),
    ],
)
def test_a_creation_that_makes_no_array_says_why(create: Any, kind: Any, words: str, xp: Library) -> None:
    with pytest.raises(kind, match=words):
        create(backend=xp.backend)
