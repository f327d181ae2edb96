"""Convolution and pooling: the values are NumPy's and PyTorch's, ties are shared, errors say why."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import functions

LENGTHS = (5, 6, 4)


def _arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_sequences_convolve_as_in_numpy(xp: Library, name: str, mode: str) -> None:
    for n, m in product((1, 2, 5), (1, 3, 4)):
        x, y = _arrays((n,))[0] * (1 + 2j), _arrays((m,))[0] * (2 - 1j)

        found = getattr(nep, name)(xp.asarray(x), xp.asarray(y), mode)

        np.testing.assert_allclose(xp.numpy(found), getattr(np, name)(x, y, mode), atol=1e-14)


SETTINGS = [
    {},
    {"stride": 2, "padding": 1},
    {"dilation": 2, "padding": 2, "groups": 2},
    {"stride": 2, "dilation": 2, "padding": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_layers_convolve_as_in_pytorch(xp: Library, n: int, settings: dict) -> None:
    torch = pytest.importorskip("torch")
    groups = settings.get("groups", 1)
    arrays = _arrays((2, 4, *LENGTHS[:n]), (6, 4 // groups, *(3, 2, 2)[:n]), (6,))

    found = functions.conv(*map(xp.asarray, arrays), **settings)

    expected = getattr(torch.nn.functional, f"conv{n}d")(*map(torch.as_tensor, arrays), **settings)
    np.testing.assert_allclose(xp.numpy(found), expected.numpy(), atol=1e-13)


@pytest.mark.parametrize(
    "settings",
    [*SETTINGS, {"stride": 2, "output_padding": 1}, {"dilation": 3, "output_padding": 2, "padding": 1}],
    ids=str,
)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_layers_transpose_as_in_pytorch(xp: Library, n: int, settings: dict) -> None:
    torch = pytest.importorskip("torch")
    groups = settings.get("groups", 1)
    arrays = _arrays((2, 4, *LENGTHS[:n]), (4, 6 // groups, *(3, 2, 2)[:n]), (6,))

    found = functions.conv_transpose(*map(xp.asarray, arrays), **settings)

    expected = getattr(torch.nn.functional, f"conv_transpose{n}d")(*map(torch.as_tensor, arrays), **settings)
    np.testing.assert_allclose(xp.numpy(found), expected.numpy(), atol=1e-13)


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize(("window", "stride", "padding"), [(2, None, 0), (3, 2, 1), (2, 3, 1)])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_pooling_is_pytorch_s(xp: Library, n: int, window, stride, padding, ceil_mode: bool) -> None:
    torch = pytest.importorskip("torch")
    (x,) = _arrays((2, 3, *LENGTHS[:n]))
    of_torch = [getattr(torch.nn.functional, f"{kind}_pool{n}d") for kind in ("max", "avg")]

    largest = functions.max_pool(xp.asarray(x), window, stride, padding, ceil_mode=ceil_mode)
    mean = functions.avg_pool(xp.asarray(x), window, stride, padding, ceil_mode, count_include_pad=False)

    expected = of_torch[0](torch.as_tensor(x), window, stride, padding, 1, ceil_mode)
    np.testing.assert_allclose(xp.numpy(largest), expected.numpy(), atol=1e-14)
    expected = of_torch[1](torch.as_tensor(x), window, stride, padding, ceil_mode, False)
    np.testing.assert_allclose(xp.numpy(mean), expected.numpy(), atol=1e-14)


def test_tie_under_a_window_splits_the_gradient_evenly(xp: Library) -> None:
    x = xp.asarray([[[1.0, 1.0, 2.0, 3.0]]])

    found = neo.grad(lambda x: nep.sum(functions.max_pool(x, 2)))(x)

    np.testing.assert_array_equal(xp.numpy(found), [[[0.5, 0.5, 0, 1]]])


def test_named_padding_keeps_the_lengths_over_the_stride(xp: Library) -> None:
    x, w = map(xp.asarray, _arrays((1, 1, 7, 6), (1, 1, 4, 3)))

    assert tuple(functions.conv(x, w, padding="same", stride=(1, 2)).shape) == (1, 1, 7, 3)
    assert tuple(functions.conv(x, w, padding=((3, 0), (1, 1))).shape) == (1, 1, 7, 6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, w: functions.conv(x[0], w), r"\(batch, channels, 1 to 3 lengths\), got .*\(2, 5\)"),
        (lambda x, w: functions.conv(x, w, groups=2), r"groups=2 do not fit; expected x \(batch, in"),
        (lambda x, w: functions.conv(x, w, padding="around"), "'same' or 'valid', got 'around'"),
        (lambda x, w: functions.conv(x, w, dilation=3), r"larger than lengths \(5,\)"),
        (lambda x, w: functions.conv(x, w, stride=0), "stride is a positive integer"),
        (lambda x, w: functions.conv(x, w, w[0, 0]), r"bias is .*\(3,\).*; expected shape \(4,\)"),
        (lambda x, w: functions.max_pool(x, 9), r"a window of \(9,\)"),
        (lambda x, w: nep.convolve(x, w), "two sequences that are not empty"),
        (lambda x, w: nep.convolve(x[0, 0], w[0, 0], "around"), "'full', 'same' or 'valid', got 'around'"),
    ],
)
def test_what_does_not_fit_is_refused(xp: Library, call, words: str) -> None:
    x, w = map(xp.array, _arrays((1, 2, 5), (4, 2, 3)))

    with pytest.raises(ValueError, match=words):
        call(x, w)
