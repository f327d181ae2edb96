"""Fourier transforms: NumPy's values, adjoint pull-backs for all lengths and norms, dtypes, errors.

Gradients to second order are in tests/property, which walks the table of operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.differences import assert_close, direction, inner
from support.libraries import Library

import neo
import neo.numpy as nep

NORMS = ["backward", "ortho", "forward"]
# Odd and even, as they are, trimmed and padded; a norm scales all lengths alike, so each has one.
LENGTHS = [
    (1, 1, "ortho"),
    (1, 4, "forward"),
    (2, None, "ortho"),
    (2, 1, "backward"),
    (3, 2, "forward"),
    (4, None, "backward"),
    (4, 3, "ortho"),
    (4, 7, "forward"),
    (5, None, "forward"),
    (5, 8, "ortho"),
]
OVER_AXES = [(None, (0,)), (None, (2, 0)), ((3, 4), (1, 2)), ((5, 2), (2, 0)), ((1, 5, 3), (2, 1, 0))]
ALONG_ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
OF_REAL = ("rfft", "ihfft", "rfftn")


def _drawn(name: str, shape: tuple[int, ...]) -> np.ndarray:
    dtype = "float64" if name in OF_REAL else "complex128"
    return direction(np.random.default_rng(0), [np.empty(shape, dtype)])[0]


def _assert_adjoint(xp: Library, name: str, x: np.ndarray, settings: dict[str, Any]) -> None:
    """Assert that a transform has NumPy's value, and a pull-back that is its adjoint."""
    transform = getattr(np.fft, name)
    expected = transform(x, **settings)
    (w,), (v,) = direction(np.random.default_rng(1), [expected]), direction(np.random.default_rng(2), [x])

    out, pull = neo.vjp(lambda z: getattr(nep.fft, name)(z, **settings), xp.asarray(x))
    dx = xp.numpy(*pull(xp.asarray(w)))

    scale = float(np.sum(np.abs(x)) + np.sum(np.abs(v)) * np.sum(np.abs(w))) * 10
    assert_close(xp.numpy(out), expected, scale)
    assert dx.dtype == x.dtype
    assert_close(inner([dx], [v]), inner([w], [transform(v, **settings)]), scale)


@pytest.mark.parametrize(("m", "n", "norm"), LENGTHS)
@pytest.mark.parametrize("name", ALONG_ONE)
def test_pull_back_along_an_axis_is_the_adjoint(xp: Library, name: str, m: int, n: int, norm: str) -> None:
    _assert_adjoint(xp, name, _drawn(name, (2, m, 2)), {"n": n, "axis": 1, "norm": norm})


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("s", "axes"), OVER_AXES)
@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
def test_pull_back_over_axes_is_the_adjoint(xp: Library, name: str, s: Any, axes: Any, norm: str) -> None:
    _assert_adjoint(xp, name, _drawn(name, (2, 3, 4)), {"s": s, "axes": axes, "norm": norm})


@pytest.mark.parametrize("name", ["fft", "ifft", "irfft", "hfft"])
def test_gradient_of_a_real_operand_is_real(xp: Library, name: str) -> None:
    x = np.arange(5.0)

    _assert_adjoint(xp, name, x, {"n": 6})


def test_length_of_minus_one_leaves_an_axis_as_it_is(xp: Library) -> None:
    x = _drawn("fftn", (3, 4))

    found = nep.fft.fftn(xp.asarray(x), s=(-1, 2), axes=(0, 1))

    assert_close(xp.numpy(found), np.fft.fftn(x, s=(3, 2), axes=(0, 1)), float(np.sum(np.abs(x))))


@pytest.mark.parametrize("dtype", ["float32", "complex64", "float16", "bfloat16"])
def test_transform_keeps_single_precision(xp: Library, dtype: str) -> None:
    if not xp.has_dtype(dtype):
        pytest.skip(f"{xp} has no {dtype}")
    x = xp.asarray(np.ones(4), dtype)

    out, pull = neo.vjp(nep.fft.fft, x)

    assert out.dtype == xp.library.dtype("complex64")
    assert pull(out)[0].dtype == x.dtype


def test_shifts_undo_each_other(xp: Library) -> None:
    x = xp.asarray(np.arange(15).reshape(3, 5))

    back = nep.fft.ifftshift(nep.fft.fftshift(x))

    np.testing.assert_array_equal(xp.numpy(back), xp.numpy(x))


@pytest.mark.parametrize("axes", [None, 1, (0, 1)])
def test_shifts_are_those_of_numpy(xp: Library, axes: Any) -> None:
    x = np.arange(15).reshape(3, 5)

    for name in ("fftshift", "ifftshift"):
        found = getattr(nep.fft, name)(xp.asarray(x), axes=axes)
        np.testing.assert_array_equal(xp.numpy(found), getattr(np.fft, name)(x, axes=axes))


@pytest.mark.parametrize("n", [1, 4, 5])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_are_those_of_numpy(xp: Library, name: str, n: int) -> None:
    found = getattr(xp.array([0.0]).__array_namespace__().fft, name)(n, d=0.5, dtype="float64")

    assert found.backend == xp.backend
    np.testing.assert_allclose(found.numpy(), getattr(np.fft, name)(n, d=0.5), rtol=1e-15)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: nep.fft.fft(nep.astype(x, "int64")), TypeError, "int64 array of shape"),
        (lambda x: nep.fft.rfft(nep.fft.fft(x)), TypeError, "takes real floating numbers"),
        (lambda x: nep.fft.fft(x, norm="both"), ValueError, "got 'both'"),
        (lambda x: nep.fft.fft(x, axis=2), ValueError, "axis 2 is out of range"),
        (lambda x: nep.fft.fft(x, n=0), ValueError, "0 elements"),
        (lambda x: nep.fft.irfft(x[:, :1]), ValueError, "0 elements"),
        (lambda x: nep.fft.fftn(x, s=(2,), axes=(0, 1)), ValueError, "1 lengths"),
        (lambda x: nep.fft.rfftn(x, axes=()), ValueError, "needs an axis"),
    ],
)
def test_bad_input_is_refused_in_neos_words(xp: Library, call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call(xp.array(np.ones((2, 3))))


@pytest.mark.parametrize("n", [5, 6, 8])
def test_imaginary_parts_that_cannot_be_are_left_out_on_gpus(n: int) -> None:
    torch = pytest.importorskip("torch")
    from neo.backends.torch_fft import without_impossible

    z = torch.as_tensor(_drawn("irfft", (3, 4)))

    mended = without_impossible(z, n, 1)

    np.testing.assert_array_equal(mended[:, 0].imag, np.zeros(3))
    np.testing.assert_array_equal(torch.fft.irfft(mended, n=n), torch.fft.irfft(z, n=n))
