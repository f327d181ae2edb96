"""What neo brings for ONNX graphs, beside NumPy: indexing, by known and computed positions, and functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neo
import neo.numpy as nep

pytest.importorskip("ndonnx")
pytest.importorskip("onnxruntime")

X = np.arange(60.0).reshape(3, 4, 5)
PLACES, J = np.asarray([[0, 2], [-1, 1]]), np.asarray([1, -2])

KEYS: dict[str, Callable[[Any, Any], Any]] = {
    "an integer": lambda i, j: 1,
    "slices back to front": lambda i, j: (slice(None, None, -1), 1),
    "a new axis": lambda i, j: (None, 1),
    "known positions": lambda i, j: ([0, 0], slice(None), [1, 2]),
    "a known mask": lambda i, j: X > 30,
    "first axis": lambda i, j: i,
    "an axis between slices": lambda i, j: (slice(1, 3), i, slice(None, None, -2)),
    "last axis": lambda i, j: (..., i),
    "two axes": lambda i, j: (slice(None), i, j),
    "positions beside an integer": lambda i, j: (i, 1),
    "all axes": lambda i, j: (i, j, j),
}


def _on_both(f: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return what a function of raw functions and arrays gives as a graph, and on NumPy."""
    library = neo.backends.get("ndonnx")
    (found,) = library.run(lambda *arrays: (f(library.raw, *arrays),), [X, PLACES, J])
    return found, f(neo.backends.get("numpy").raw, X, PLACES, J)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_elements_are_taken_as_on_numpy(key: Callable[[Any, Any], Any]) -> None:
    found, expected = _on_both(lambda raw, x, i, j: raw.getitem(x, key(i, j)))

    assert np.array_equal(found, expected)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("name", ["add_at", "put"])
def test_elements_are_written_as_on_numpy(name: str, key: Callable[[Any, Any], Any]) -> None:
    found, expected = _on_both(lambda raw, x, i, j: getattr(raw, name)(x, key(i, j), 7.0))

    assert np.array_equal(found, expected)


def test_what_ndonnx_lacks_is_as_on_numpy() -> None:
    x = np.asarray([0.0, -0.0, 1, -1, 3, 0, 0, -0.0, -0.0, np.inf, 2], "float32")
    y = np.asarray([1.0, 1, -0.0, 0, -4, 0, -0.0, 0, -0.0, 1, -3], "float32")
    library, numpy = neo.backends.get("ndonnx"), neo.backends.get("numpy").raw
    names = ("hypot", "copysign", "atan2")

    found = library.run(lambda x, y: [getattr(library.raw, name)(x, y) for name in names], [x, y])

    for name, out in zip(names, found, strict=True):
        assert np.allclose(out, getattr(numpy, name)(x, y)), name


POINTS = np.asarray(
    [-3.0, -1.0, -0.999999, -0.3, -1e-9, 0.0, 1e-300, 0.25, 1.0, 1.0000001, 2.5, 40.0, 1e200, np.inf]
)
FUNCTIONS = ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "sin", "sinh", "tan")


def test_functions_of_doubles_have_the_digits_of_doubles() -> None:
    library, numpy = neo.backends.get("ndonnx"), neo.backends.get("numpy").raw

    found = library.run(lambda x: [getattr(library.raw, name)(x) for name in FUNCTIONS], [POINTS])

    with np.errstate(all="ignore"):
        for name, out in zip(FUNCTIONS, found, strict=True):
            assert np.allclose(out, getattr(numpy, name)(POINTS), rtol=2e-15, atol=0, equal_nan=True), name


@pytest.mark.parametrize(
    "shapes", [((2, 0), (0, 3)), ((0, 2), (2,)), ((4, 0, 2), (2, 3)), ((0,), (0,))], ids=str
)
def test_products_without_elements_are_as_on_numpy(shapes: Any) -> None:
    x, y = [np.ones(shape) for shape in shapes]
    library = neo.backends.get("ndonnx")

    (found,) = library.run(lambda x, y: [library.raw.matmul(x, y)], [x, y])

    assert np.array_equal(found, x @ y)


def test_a_product_is_one_node_of_the_graph_and_so_is_each_of_its_gradients(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    f = neo.grad(lambda x, w: nep.sum(x @ w), argnums=(0, 1))

    neo.export.onnx(f, (np.ones((3, 2)), np.ones((5, 2, 4))), tmp_path / "f.onnx")

    kinds = [node.op_type for node in onnx.load(tmp_path / "f.onnx").graph.node]
    assert kinds.count("MatMul") == 2
    assert "If" not in kinds
