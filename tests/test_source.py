"""`tape.source()` is a program of the library's own calls that runs without neo."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from support.cases import CASES
from support.libraries import LIBRARIES, Library, missing

import neo
import neo.functions as nn
import neo.numpy as nep
from neo.autograd import Policy
from neo.functions import neo_function


def compiled(source: str, name: str = "program"):
    """Return the function that a source defines."""
    space: dict = {}
    exec(compile(source, "<source>", "exec"), space)
    return space[name]


def network(weights, images, labels):
    hidden = nn.relu(nn.linear(images, weights[0]["w"], weights[0]["b"]))
    return nn.cross_entropy(nn.linear(hidden, weights[1]["w"], weights[1]["b"]), labels)


def network_arguments(xp: Library):
    rng = np.random.default_rng(3)
    draw = lambda *shape: xp.asarray(rng.standard_normal(shape).astype("float32"))  # noqa: E731
    weights = [{"w": draw(20, 8), "b": draw(8)}, {"w": draw(8, 5), "b": draw(5)}]
    return weights, draw(16, 20), xp.asarray(rng.integers(0, 5, 16))


def test_the_source_of_a_training_step_gives_the_same_bits(xp: Library) -> None:
    weights, images, labels = network_arguments(xp)
    value, gradients = neo.value_and_grad(network)(weights, images, labels)
    _, tape = neo.trace(network)(weights, images, neo.asarray(labels))

    source = tape.source()

    flat = [layer[name] for layer in weights for name in ("b", "w")]
    found, slopes = compiled(source)(*flat, images, labels)
    assert "neo." not in source.partition('"""\n')[2]
    assert xp.numpy(found).tobytes() == xp.numpy(value).tobytes()
    for k, layer in enumerate(gradients):
        for name, g in layer.items():
            np.testing.assert_array_equal(xp.numpy(slopes[f"weights[{k}][{name!r}]"]), xp.numpy(g))


def test_the_source_runs_for_other_arguments(xp: Library) -> None:
    f = lambda x, w: nep.sum(nep.where(x > 0, x, 0.1 * x) @ w) + nep.max(nep.exp(x))  # noqa: E731
    x, w = xp.asarray([[1.0, -2.0]]), xp.asarray([[0.5], [2.0]])
    _, tape = neo.trace(f)(x, w)

    value, gradients = compiled(tape.source())(x - 1.5, w)

    expected, slopes = neo.value_and_grad(f, argnums=(0, 1))(x - 1.5, w)
    np.testing.assert_allclose(xp.numpy(value), xp.numpy(expected), rtol=1e-15)
    for found, slope in zip(gradients.values(), slopes, strict=True):
        np.testing.assert_allclose(xp.numpy(found), xp.numpy(slope), rtol=1e-14)


def test_a_source_is_lines_of_calls_with_the_tapes_calls_beside_them() -> None:
    _, tape = neo.trace(lambda x: nep.sum(nep.sin(x)))(np.ones(3))

    assert tape.source(gradient=False).splitlines() == [
        '"""<lambda>, forward, as neo recorded it.',
        "",
        "Takes the arrays x.",
        '"""',
        "",
        "import numpy as np",
        "",
        "",
        "def program(x):",
        "    v0 = np.sin(x)  # %1 = sin(%0)",
        "    v1 = np.sum(v0, axis=None, dtype=None, keepdims=False)  # %2 = sum(%1)",
        "    return v1",
    ]
    assert "np.cos(x)  # back through %1 = sin(%0)\n" in tape.source()
    assert tape.source().splitlines()[-1].startswith("    return v1, {'x': v")


def test_the_forward_alone_returns_the_result() -> None:
    _, tape = neo.trace(lambda x: {"twice": 2 * x, "n": 3})(np.ones(2))

    function = compiled(tape.source("double", gradient=False), "double")

    assert function(np.full(2, 4.0))["twice"].tolist() == [8.0, 8.0]
    assert function(np.full(2, 4.0))["n"] == 3


def test_constants_are_part_of_the_source() -> None:
    rng = np.random.default_rng(0)
    small, large = np.array([1.0, 0.1, -0.0]), rng.standard_normal(100)
    _, tape = neo.trace(lambda x: nep.sum(x * small) + nep.sum(x[0] * large))(np.ones(3))

    value, _ = compiled(tape.source())(np.ones(3))

    assert value == small.sum() + large.sum()


def test_what_python_saw_is_asserted() -> None:
    _, tape = neo.trace(lambda x: x * 2 if x > 0 else x * 3)(np.asarray(1.0))

    function = compiled(tape.source())

    assert function(np.asarray(4.0))[0] == 8.0
    with pytest.raises(AssertionError):
        function(np.asarray(-4.0))


def test_what_a_kernel_saw_is_asserted() -> None:
    x = np.array([[0.1, 0.2], [0.0, 0.3]])
    _, tape = neo.trace(nep.linalg.expm)(x)

    function = compiled(tape.source(gradient=False))

    np.testing.assert_array_equal(function(x), nep.linalg.expm(x))
    with pytest.raises(AssertionError):
        function(50 * x)


def test_a_policy_of_yours_has_a_source(xp: Library) -> None:
    class Cube(Policy):
        def forward(self, x):
            self.ctx.save(x)
            return x * x * x

        def backward(self, g):
            (x,) = self.ctx.release
            return 3 * g * x * x

    _, tape = neo.trace(neo_function(Cube))(xp.asarray(2.0))

    value, gradients = compiled(tape.source())(xp.asarray(3.0))

    assert (float(xp.numpy(value)), float(xp.numpy(gradients["x"]))) == (27.0, 27.0)


def test_a_traced_gradient_has_a_source() -> None:
    f = neo.grad(lambda x: nep.sum(nep.tanh(x) ** 3))
    x = np.array([0.3, -0.2])
    _, tape = neo.trace(f)(x)

    np.testing.assert_allclose(compiled(tape.source(gradient=False))(x), f(x), rtol=1e-15)


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_write_into_a_part_of_complex_numbers_has_a_source(name) -> None:
    if reason := missing(name):
        pytest.skip(reason)
    xp = LIBRARIES[name]

    def f(z):
        z = z * z
        z.imag[...] *= 2.0
        return nep.sum(z.real + 3.0 * z.imag)

    z = xp.asarray([1 + 0.5j, -2 + 3j])
    _, tape = neo.trace(f)(z)

    value, gradients = compiled(tape.source())(z)

    np.testing.assert_allclose(xp.numpy(value), xp.numpy(f(neo.asarray(z))))
    np.testing.assert_allclose(xp.numpy(gradients["z"]), xp.numpy(neo.grad(f)(z)))


# Two samples of each of these. All have a source today; those below MUST keep it.
NAMES = """
add multiply divide pow maximum remainder abs sqrt exp log tanh atan2 hypot where clip round conj real
sum mean max prod var std cumulative_sum cumulative_prod cumulative_max logcumsumexp sort median
reshape permute_dims concat stack flip roll tile repeat getitem setitem take take_along_axis scatter pad
matmul tensordot vecdot einsum outer solve inv det slogdet cholesky qr svd eigh vector_norm trace
fft rfft irfft relu gelu softmax logsumexp linear layer_norm cross_entropy conv max_pool unique_values
""".split()
MUST = (
    "add multiply divide pow abs sqrt exp log tanh where sum mean max reshape concat getitem matmul".split()
)
MUST += "relu softmax linear layer_norm cross_entropy".split()
FEW = [case for case in CASES if case.name in NAMES and case.label.rpartition("-")[2] not in "23456789"]


@pytest.mark.parametrize("case", FEW, ids=[case.label for case in FEW])
def test_every_operation_has_a_source_over_numpy(case) -> None:
    xp = LIBRARIES["numpy"]
    operands = [xp.asarray(x) for x in case.operands(case.some_shapes()[-1], 0)]
    f = case.on(xp)
    results, tape = neo.trace(f)(*operands)

    values, gradients = compiled(_source_or_skip(tape, case.name))(*operands)

    real = lambda *xs: sum(nep.sum(nep.real(y)) for y in f(*xs) if y.dtype.kind in "fc")  # noqa: E731
    expected = neo.grad(real, argnums=tuple(range(len(operands))))(*operands)
    # The same calls, but a sum of several results is pulled in another order.
    for found, wanted in zip([*values, *gradients.values()], [*results, *expected], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def _source_or_skip(tape, name: str) -> str:
    """Return the source, or skip where a library's kernel cannot be written: that is refused, never wrong."""
    try:
        return tape.source()
    except NotImplementedError as refusal:
        if name in MUST:
            raise
        pytest.skip(str(refusal))


def test_an_operation_without_a_source_is_named() -> None:
    _, tape = neo.trace(lambda x: nep.sum(nep.special.psi(x)))(np.ones(2))

    with pytest.raises(NotImplementedError, match="has no source, since psi cannot be written as calls of"):
        tape.source()


def test_arguments_that_are_gone_are_asked_for_where_a_shape_needs_them() -> None:
    f = lambda x: nep.sum(x[x > 0.7])  # noqa: E731
    _, gone = neo.trace(f)(np.zeros(3))
    _, kept = neo.trace(f, keep=True)(np.array([0.0, 1.0, 2.0]))

    assert compiled(kept.source())(np.array([3.0, 0.0, 4.0]))[0] == 7.0
    with pytest.raises(RuntimeError, match=r"source has to run %2 = getitem\(%0, key=%1\) on the traced"):
        gone.source()


@pytest.mark.skipif(missing("torch") is not None, reason="PyTorch is not installed")
def test_a_source_over_torch_imports_torch_alone() -> None:
    xp = LIBRARIES["torch"]
    weights, images, labels = network_arguments(xp)
    _, tape = neo.trace(network)(weights, images, neo.asarray(labels))

    imports = [line for line in tape.source().splitlines() if line.startswith("import")]

    assert imports == ["import math", "import torch"]
    assert "torch" in sys.modules
