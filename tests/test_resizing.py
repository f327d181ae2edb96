"""Images of another size: PyTorch's values and gradients, on every library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
from neo import functions

RNG = np.random.default_rng(12)
IMAGES = {
    1: RNG.normal(size=(2, 3, 7)),
    2: RNG.normal(size=(2, 1, 5, 6)),
    3: RNG.normal(size=(1, 2, 3, 4, 5)),
}
# How many lengths, the mode, and settings by neo's names.
CASES: list[tuple[int, str, dict[str, Any]]] = [
    (1, "nearest", {"size": 9}),
    (1, "nearest-exact", {"scale": 0.6}),
    (1, "linear", {"scale": 1.7}),
    (1, "linear", {"size": 1, "align_corners": True}),
    (2, "nearest", {"size": (3, 11)}),
    (2, "bilinear", {"size": (9, 4)}),
    (2, "bilinear", {"scale": (1.5, 2.0), "align_corners": True}),
    (2, "bilinear", {"size": (2, 13), "antialias": True}),
    (2, "bicubic", {"scale": 2.3}),
    (2, "bicubic", {"size": (3, 3), "antialias": True}),
    (2, "area", {"size": (3, 4)}),
    (3, "trilinear", {"size": (5, 2, 5)}),
    (3, "nearest", {"scale": 2}),
]


def _assert_torch_s(xp: Library, function: Any, x: np.ndarray, of_torch: Any) -> None:
    torch = pytest.importorskip("torch")
    leaf = torch.tensor(x, requires_grad=True)
    expected = of_torch(torch.nn.functional, leaf)
    w = np.random.default_rng(0).normal(size=tuple(expected.shape))
    (gradient,) = torch.autograd.grad(expected, leaf, torch.tensor(w))

    found, pull = neo.vjp(function, xp.asarray(x))

    np.testing.assert_allclose(xp.numpy(found), expected.detach().numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(xp.numpy(pull(xp.asarray(w))[0]), gradient.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("count", "mode", "settings"), CASES)
def test_interpolation_is_pytorch_s(xp: Library, count: int, mode: str, settings: dict[str, Any]) -> None:
    theirs = {"scale_factor" if name == "scale" else name: x for name, x in settings.items()}

    _assert_torch_s(
        xp,
        lambda x: functions.interpolate(x, mode=mode, **settings),
        IMAGES[count],
        lambda torch, x: torch.interpolate(x, mode=mode, **theirs),
    )


@pytest.mark.parametrize("kind", ["avg", "max"])
@pytest.mark.parametrize(("count", "size"), [(1, 3), (2, (2, 4)), (2, (5, None)), (3, 2)])
def test_adaptive_pooling_is_pytorch_s(xp: Library, kind: str, count: int, size: Any) -> None:
    _assert_torch_s(
        xp,
        lambda x: getattr(functions, f"adaptive_{kind}_pool")(x, size),
        IMAGES[count],
        lambda torch, x: getattr(torch, f"adaptive_{kind}_pool{count}d")(x, size),
    )


def test_a_tie_under_an_adaptive_window_is_split_evenly(xp: Library) -> None:
    x = xp.asarray([[[1.0, 1.0, 1.0, 0.0, 2.0]]])

    gradient = neo.grad(lambda x: functions.adaptive_max_pool(x, 2)[0, 0, 0])(x)

    np.testing.assert_allclose(xp.numpy(gradient), [[[1 / 3, 1 / 3, 1 / 3, 0, 0]]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs size or scale, one of the two; got size=None, scale=None"),
        ({"size": 3, "mode": "lanczos"}, "mode is one of nearest, .*, got 'lanczos'"),
        ({"size": (3, 3)}, r"size is a positive integer, or 1 of them, got \(3, 3\)"),
        ({"scale": 0.0}, "scale is a positive number, or 1 of them, got 0.0"),
        ({"size": 3, "align_corners": True}, "are for linear and cubic, not 'nearest'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        functions.interpolate(np.ones((1, 1, 4)), **settings)
