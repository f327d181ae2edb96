"""The array libraries that plug in by entry point: what their records bring is right."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo.testing.conformance import WRONG, check_backend

# The module that a plug-in needs, and the dtype that its kernels compute in.
PLUGINS = {"jax": "float64", "dask": "float64", "mlx": "float32", "ndonnx": "float64", "sparse": "float64"}

# What the records bring kernels for, and one of the namespace's own: each takes JAX seconds to
# compile, and docs/plugin-tables.md has the table of all.
OPERATIONS = ["cross_entropy", "einsum", "getitem", "setitem", "solve", "std", "take"]


@pytest.fixture(params=PLUGINS)
def plugin(request: Any) -> str:
    """The name of a plug-in whose library is here."""
    pytest.importorskip(request.param)
    if request.param == "jax" and not import_module("jax").config.jax_enable_x64:
        pytest.skip("JAX has no float64 here; JAX_ENABLE_X64=1 gives it")
    return request.param


def test_plugin_is_found_by_the_array_alone(plugin: str) -> None:
    x = neo.backends.get(plugin).asarray(np.asarray([1.0, 2.0], dtype=PLUGINS[plugin]))

    gradient = neo.grad(lambda x: nep.sum(nep.exp(x) * x))(x)

    assert type(gradient) is type(x)
    assert neo.backends.of(gradient).name == plugin


def test_plugin_agrees_with_numpy_to_second_order(plugin: str) -> None:
    operations = [name for name in OPERATIONS if name not in SLOW.get(plugin, [])]

    report = check_backend(plugin, operations=operations, dtype=PLUGINS[plugin])

    assert report.of(WRONG) == []
    assert [
        row for row in report.rows if row.status != "works" and row.operation not in MISSING[plugin]
    ] == []


# Long graphs: tests/plugins/test_onnx.py has small ones.
SLOW = {"ndonnx": ["cross_entropy", "solve"]}
# What the library cannot do: a part of unknown length, factors of matrices, stacks without matrices.
MISSING = {
    "jax": [],
    "dask": ["getitem", "setitem"],
    "mlx": [],
    "ndonnx": [],
    "sparse": ["solve"],
}


def test_dask_computes_nothing_before_it_is_asked() -> None:
    array = pytest.importorskip("dask.array")
    asked = []

    def block() -> np.ndarray:
        asked.append(1)
        return np.ones((4, 4))

    import dask

    x = array.from_delayed(dask.delayed(block)(), (4, 4), "float64")
    value, gradient = neo.value_and_grad(lambda x: nep.sum(nep.tanh(x @ x)[1:] ** 2))(x)

    assert asked == []
    assert gradient.compute().shape == (4, 4)
    assert float(value) > 0


def test_a_gradient_of_neo_compiles_with_jax() -> None:
    jax = pytest.importorskip("jax")
    x = jax.numpy.asarray([0.5, -1.0])
    f = neo.grad(lambda x: nep.sum(nep.tanh(x) * x[::-1]))

    assert np.allclose(jax.jit(f)(x), f(x))


def test_jax_index_out_of_range_is_an_error() -> None:
    jax = pytest.importorskip("jax")

    with pytest.raises(IndexError, match="index 5 is out of range for axis 0"):
        neo.grad(lambda x: nep.sum(nep.asarray(x)[5]))(jax.numpy.ones(3))


def test_the_example_package_is_found_by_the_first_array_that_a_process_sees() -> None:
    pytest.importorskip("boxed")
    code = "import boxed, neo, neo.numpy as nep; print(neo.grad(nep.sum)(boxed.asarray([1.0, 2.0])))"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "Box([1., 1.])"


def test_the_example_package_is_found_by_its_entry_point() -> None:
    boxed = pytest.importorskip("boxed")

    gradient = neo.grad(lambda x: nep.sum(nep.exp(x) * x))(boxed.asarray([0.0, 1.0]))

    assert "boxed" in neo.backends.available()
    assert type(gradient) is boxed.Box
    assert np.allclose(gradient.values, [1.0, 2 * np.e])
