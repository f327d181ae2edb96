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


def network(parameters: Any, images: Any, labels: Any) -> Any:
    """The loss of a convolution and a layer."""
    hidden = neo.functions.relu(neo.functions.conv(images, parameters["kernel"]))
    scores = nep.reshape(hidden, (images.shape[0], -1)) @ parameters["weight"]
    return neo.functions.cross_entropy(scores, labels)


def test_a_step_of_training_a_convolution_runs_in_onnxruntime(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    shapes = {"kernel": (2, 1, 2, 2), "weight": (8, 3)}
    parameters = {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}
    images, labels = rng.normal(size=(4, 1, 3, 3)).astype("float32"), np.asarray([0, 2, 1, 1])

    def step(parameters: Any, images: Any, labels: Any) -> Any:
        value, gradients = neo.value_and_grad(network)(parameters, images, labels)
        return value, {name: w - 0.1 * gradients[name] for name, w in parameters.items()}

    export.onnx(
        step, (parameters, images, labels), tmp_path / "step.onnx", names=["loss", "kernel", "weight"]
    )
    given = {f"parameters[{name!r}]": w for name, w in parameters.items()}
    value, kernel, weight = _run(tmp_path / "step.onnx", **given, images=images, labels=labels)

    expected, after = step(parameters, images, labels)
    assert np.allclose(value, expected, rtol=1e-5)
    assert np.allclose(kernel, after["kernel"], rtol=1e-5, atol=1e-6)
    assert np.allclose(weight, after["weight"], rtol=1e-5, atol=1e-6)


def test_the_gradient_of_an_embedding_runs_in_onnxruntime(tmp_path: Path) -> None:
    table, words = np.arange(12, dtype="float32").reshape(4, 3), np.asarray([[0, 2], [2, -1]])
    f = neo.grad(lambda table, words: nep.sum(neo.functions.gelu(neo.functions.embedding(words, table))))

    export.onnx(f, (table, words), tmp_path / "f.onnx")

    found = _run(tmp_path / "f.onnx", table=table, words=words)[0]
    assert np.allclose(found, f(table, words), rtol=1e-5, atol=1e-6)


def likelihood(scale: Any, x: Any, y: Any) -> Any:
    """The negative log likelihood of a Gaussian process."""
    apart = nep.expand_dims(x, axis=0) - nep.expand_dims(x, axis=1)
    covariance = nep.exp(-((apart / scale) ** 2)) + 0.1 * nep.eye(x.shape[0], dtype=x.dtype)
    logarithm = nep.sum(nep.log(nep.linalg.diagonal(nep.linalg.cholesky(covariance))))
    return nep.sum(y * nep.linalg.solve(covariance, y)) / 2 + logarithm


def test_the_gradient_of_a_gaussian_process_runs_in_onnxruntime(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    scale, x, y = np.asarray(0.7), rng.normal(size=2), rng.normal(size=2)
    f = neo.value_and_grad(likelihood)

    export.onnx(f, (scale, x, y), tmp_path / "f.onnx")

    found = _run(tmp_path / "f.onnx", scale=scale, x=x, y=y)
    assert np.allclose(found, f(scale, x, y), rtol=1e-12)


def test_the_gradient_of_a_determinant_at_a_singular_matrix_runs_in_onnxruntime(tmp_path: Path) -> None:
    x = np.asarray([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 1.0, 0.5]])

    export.onnx(neo.grad(nep.linalg.det), (x,), tmp_path / "f.onnx")

    expected = [[-4.0, 5.0, -2.0], [2.0, -2.5, 1.0], [0.0, 0.0, 0.0]]
    assert np.allclose(_run(tmp_path / "f.onnx", x=x)[0], expected)


def test_a_function_that_branches_on_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="asked for the value of an array"):
        export.onnx(lambda x: x if x[0] > 0 else -x, (np.ones(2),), tmp_path / "f.onnx")


def test_arguments_that_are_no_tuple_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="takes the arguments as a tuple"):
        export.onnx(nep.tanh, np.ones(2), tmp_path / "f.onnx")
