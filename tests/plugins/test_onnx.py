"""A gradient as an ONNX file gives the numbers that neo gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neo
import neo.numpy as nep

pytest.importorskip("ndonnx")
onnxruntime = pytest.importorskip("onnxruntime")
export = pytest.importorskip("neo.export")


def loss(parameters: Any, x: Any, y: Any) -> Any:
    """The mean square error of one layer."""
    return nep.mean((nep.tanh(x @ parameters["w"] + parameters["b"]) - y) ** 2)


def _run(path: Path, **inputs: Any) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, inputs)


def test_value_and_gradient_of_a_tree_run_in_onnxruntime(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    parameters = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    f = neo.value_and_grad(loss)

    names = export.onnx(f, (parameters, x, y), tmp_path / "f.onnx", names=["value", "b", "w"])
    value, b, w = _run(
        tmp_path / "f.onnx",
        **{"parameters['w']": parameters["w"], "parameters['b']": parameters["b"]},
        x=x,
        y=y,
    )

    expected, gradient = f(parameters, x, y)
    assert names == ["value", "b", "w"]
    assert np.allclose(value, expected)
    assert np.allclose(b, gradient["b"])
    assert np.allclose(w, gradient["w"])


def test_second_derivative_in_float32_runs_in_onnxruntime(tmp_path: Path) -> None:
    x = np.asarray([0.5, -1.0], dtype="float32")
    f = neo.grad(lambda x: nep.sum(neo.grad(lambda x: nep.sum(nep.exp(x) * x[::-1] ** 2))(x)))

    export.onnx(f, (x,), tmp_path / "f.onnx")

    assert np.allclose(_run(tmp_path / "f.onnx", x=x)[0], f(x), rtol=1e-5)


def test_a_function_that_branches_on_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="asked for the value of an array"):
        export.onnx(lambda x: x if x[0] > 0 else -x, (np.ones(2),), tmp_path / "f.onnx")


def test_arguments_that_are_no_tuple_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="takes the arguments as a tuple"):
        export.onnx(nep.tanh, np.ones(2), tmp_path / "f.onnx")
