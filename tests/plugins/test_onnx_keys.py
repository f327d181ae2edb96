"""Indexing in an ONNX graph, beside NumPy: positions that are known, and such as the graph computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neo

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
