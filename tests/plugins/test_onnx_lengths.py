"""An ONNX model with axes of any length gives, at every length, the numbers that neo gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo import functions

pytest.importorskip("ndonnx")
onnxruntime = pytest.importorskip("onnxruntime")
export = pytest.importorskip("neo.export")

RNG = np.random.default_rng(6)
WEIGHTS = {"w": RNG.normal(size=(6, 4)), "b": RNG.normal(size=4), "v": RNG.normal(size=(4, 3))}
WEIGHTS = {name: w.astype("float32") for name, w in WEIGHTS.items()}


def loss(weights: Any, x: Any, labels: Any) -> Any:
    """The mean cross entropy of two layers."""
    hidden = functions.relu(x @ weights["w"] + weights["b"])
    return functions.cross_entropy(hidden @ weights["v"], labels)


def _session(path: Path, f: Any, args: Any, axes: Any) -> Any:
    export.onnx(f, args, path / "f.onnx", dynamic_axes=axes)
    return onnxruntime.InferenceSession(str(path / "f.onnx"))


def test_a_gradient_of_any_batch_runs_in_onnxruntime(tmp_path: Path) -> None:
    def batch(n: int) -> tuple[np.ndarray, np.ndarray]:
        return RNG.normal(size=(n, 6)).astype("float32"), RNG.integers(3, size=n)

    f = neo.value_and_grad(loss)
    session = _session(tmp_path, f, (WEIGHTS, *batch(4)), {"x": {0: "batch"}, "labels": {0: "batch"}})
    given = {f"weights[{name!r}]": w for name, w in WEIGHTS.items()}
    for n in (1, 4, 33):
        x, labels = batch(n)
        value, *gradients = session.run(None, {**given, "x": x, "labels": labels})

        expected, right = f(WEIGHTS, x, labels)
        assert np.allclose(value, expected, rtol=1e-5)
        for name, found in zip(sorted(WEIGHTS), gradients, strict=True):
            assert np.allclose(found, right[name], rtol=1e-4, atol=1e-6)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "a mean over both": lambda x: nep.mean(nep.tanh(x) ** 2),
    "a variance": lambda x: nep.sum(nep.var(x, axis=0, correction=1)),
    "parts": lambda x: nep.sum(x[1:-1] ** 2 * 3) + nep.sum(x[0] ** 3),
    "a product with itself": lambda x: nep.sum((x @ nep.matrix_transpose(x)) ** 2),
    "positions": lambda x: nep.sum(x[:, 0] * nep.arange(x.shape[0], dtype=x.dtype)),
    "a second derivative": lambda x: nep.sum(neo.grad(lambda x: nep.mean(nep.exp(x)))(x) ** 2),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_two_lengths_vary_apart(f: Callable[[Any], Any], tmp_path: Path) -> None:
    session = _session(tmp_path, neo.grad(f), (np.ones((4, 3)),), {"x": {0: "rows", 1: "columns"}})

    for shape in ((3, 2), (9, 14)):
        x = RNG.normal(size=shape)
        (found,) = session.run(None, {"x": x})
        assert np.allclose(found, neo.grad(f)(x), rtol=1e-12, atol=1e-12)
    assert session.get_outputs()[0].shape == ["rows", "columns"]


REFUSED: dict[str, tuple[Callable[[Any], Any], Any, type, str]] = {
    "a loop": (
        lambda x: nep.sum(nep.stack([x[k] ** k for k in range(x.shape[0])])),
        {"x": {0: "n"}},
        NotImplementedError,
        "more or fewer nodes at another length, so no one model serves every length of n",
    ),
    "a root of a length": (
        lambda x: x * x.shape[0] ** 0.5,
        {"x": {0: "n"}},
        NotImplementedError,
        "polynomial",
    ),
    "a square of a length": (
        lambda x: x * x.shape[0] ** 2,
        {"x": {0: "n"}},
        NotImplementedError,
        "polynomial",
    ),
    "the smaller of a length and another": (
        lambda x: x * min(x.shape[0], 5),
        {"x": {0: "n"}},
        NotImplementedError,
        "polynomial",
    ),
    "a pattern": (
        lambda x: x * nep.eye(x.shape[0], 3, dtype=x.dtype),
        {"x": {0: "n"}},
        NotImplementedError,
        "pattern",
    ),
    "a length that is fixed": (lambda x: nep.reshape(x, (12,)), {"x": {0: "n"}}, ValueError, "not at n = "),
    "no such input": (lambda x: x, {"y": {0: "n"}}, ValueError, "names 'y'; the inputs are x"),
    "no such axis": (lambda x: x, {"x": {2: "n"}}, ValueError, "names axis 2 of x, which has shape"),
    "one name for two": (
        lambda x: x,
        {"x": {0: "n", 1: "n"}},
        ValueError,
        "lengths 4 and 3 are both called 'n'",
    ),
}


@pytest.mark.parametrize(("f", "axes", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_what_no_one_model_can_do_is_refused(
    f: Callable[[Any], Any], axes: Any, kind: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=words):
        export.onnx(f, (np.ones((4, 3)),), tmp_path / "f.onnx", dynamic_axes=axes)


def test_a_mean_over_a_long_axis_in_single_precision_is_no_straight_line(tmp_path: Path) -> None:
    x = np.ones((5000, 2), "float32")

    session = _session(tmp_path, nep.mean, (x,), {"x": {0: "n"}})

    assert np.allclose(session.run(None, {"x": x[:3]})[0], 1)


def test_a_square_of_a_long_axis_in_single_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match="polynomial"):
        _session(tmp_path, lambda x: x * x.shape[0] ** 2, (np.ones((5000, 2), "float32"),), {"x": {0: "n"}})
