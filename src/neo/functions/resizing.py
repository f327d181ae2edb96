"""Images of another size: interpolation, and pooling to a number of places.

Each axis is resized for itself: an element of the result is a weighted sum of a few elements of x,
whose positions and weights are known from the lengths alone.
"""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np

from ..core.array import bottom_of
from ..core.policy import library_of_all
from ..ops.broadcasting import reshape
from ..ops.indexing import take
from ..ops.manipulation import moveaxis
from ..ops.products import matmul
from ..ops.registry import composite
from ..ops.selection import where
from ..ops.statistics import max
from ..ops.windows import every, spatial
from .operands import real

ANY = (-2, 2)
MODES = ("nearest", "nearest-exact", "linear", "cubic", "area")
_SAME = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}


@composite(
    domain=ANY,
    samples=[
        ([(1, 2, 3)], {"size": 5}),
        ([(1, 1, 3, 4)], {"scale": 1.6, "mode": "linear"}),
        ([(1, 1, 4, 3)], {"size": (3, 5), "mode": "cubic", "align_corners": True}),
        ([(1, 1, 7)], {"size": 3, "mode": "linear", "antialias": True}),
    ],
)
def interpolate(
    x: Any,
    /,
    size: Any = None,
    scale: Any = None,
    mode: str = "nearest",
    align_corners: bool = False,
    antialias: bool = False,
) -> Any:
    """Return images of another size, as PyTorch's interpolate does.

    x: (batch, channels, *lengths) real or complex, 1 to 3 lengths. size: the new lengths, an integer
    or one per length; or scale: by how much they grow, a number or one per length.
    mode: "nearest", "nearest-exact" (rounds to the middle), "linear" (over two or three lengths also
    "bilinear", "trilinear"), "cubic" ("bicubic") or "area" (the mean of what lies beneath).
    align_corners: whether "linear" and "cubic" keep the elements at the ends where they are, instead
    of the edges of the image. antialias: whether they widen where an image shrinks.
    Returns (batch, channels, *new lengths). Gradient: to x, of which it is linear.
    Raises ValueError for other shapes and settings.
    Source: Keys, "Cubic convolution interpolation for digital image processing" (1981).
    """
    lengths = spatial("interpolate", x)
    mode = _SAME.get(mode, mode)
    _check(mode, size, scale, align_corners, antialias)
    new, scales = _scaled(size, scale, lengths)
    if mode == "area":
        return adaptive_avg_pool(x, new)
    for k, (n, m, s) in enumerate(zip(lengths, new, scales, strict=True)):
        if n == m and s in (None, 1):
            continue
        x = _summed_taps(x, k + 2, *_taps(n, m, s, mode, align_corners, antialias))
    return x


def _check(mode: str, size: Any, scale: Any, align_corners: bool, antialias: bool) -> None:
    if mode not in MODES:
        raise ValueError(f"interpolate: mode is one of {', '.join((*MODES, *_SAME))}, got {mode!r}")
    if (size is None) == (scale is None):
        raise ValueError(f"interpolate needs size or scale, one of the two; got size={size}, scale={scale}")
    if (align_corners or antialias) and mode not in ("linear", "cubic"):
        raise ValueError(f"interpolate: align_corners and antialias are for linear and cubic, not {mode!r}")


def _scaled(size: Any, scale: Any, lengths: tuple[int, ...]) -> tuple[tuple[int, ...], list[Any]]:
    """Return the new lengths, and by how much each was asked to grow, None where that was not said."""
    count = len(lengths)
    if scale is None:
        return every("interpolate", "size", size, count), [None] * count
    scales = [scale] * count if isinstance(scale, int | float) else list(scale)
    if len(scales) != count or min(scales) <= 0:
        raise ValueError(f"interpolate: scale is a positive number, or {count} of them, got {scale}")
    new = tuple([floor(n * s) for n, s in zip(lengths, scales, strict=True)])
    return every("interpolate", "size", new, count), scales


def _taps(
    n: int, m: int, scale: Any, mode: str, align_corners: bool, antialias: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return which of n elements make each of m, (taps, m), and with what weights; None for one each."""
    step = n / m if scale is None else 1 / scale
    places = np.arange(m)
    if mode in ("nearest", "nearest-exact"):
        shift = 0.5 if mode == "nearest-exact" else 0
        return np.clip(np.floor((places + shift) * step).astype("int64"), 0, n - 1)[None], None
    if align_corners:
        step = (n - 1) / (m - 1) if m > 1 else 0.0
    kernel, reach = (_triangle, 1) if mode == "linear" else (_cubic, 2)
    if antialias:
        return _wide_taps(n, m, step, (lambda t: _cubic(t, -0.5)) if reach == 2 else kernel, reach)
    centers = places * step if align_corners else (places + 0.5) * step - 0.5
    if mode == "linear":
        centers = np.maximum(centers, 0)
    first = np.floor(centers).astype("int64")
    offsets = np.arange(1 - reach, reach + 1)[:, None]
    return np.clip(first + offsets, 0, n - 1), kernel(centers - first - offsets)


def _wide_taps(n: int, m: int, step: float, kernel: Any, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Return taps of a kernel that is as wide as the steps, of elements inside, with weights of sum 1."""
    width = step if step > 1 else 1.0
    centers = step * (np.arange(m) + 0.5)
    first = np.maximum((centers - reach * width + 0.5).astype("int64"), 0)
    last = np.minimum((centers + reach * width + 0.5).astype("int64"), n)
    positions = first + np.arange((last - first).max(initial=1))[:, None]
    weights = np.where(positions < last, kernel((positions - centers + 0.5) / width), 0.0)
    return np.clip(positions, 0, n - 1), weights / weights.sum(axis=0)


def _triangle(t: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(t), 0)


def _cubic(t: np.ndarray, a: float = -0.75) -> np.ndarray:
    t = np.abs(t)
    near, far = ((a + 2) * t - (a + 3)) * t * t + 1, ((t - 5) * t + 8) * t * a - 4 * a
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def _summed_taps(x: Any, axis: int, positions: np.ndarray, weights: np.ndarray | None) -> Any:
    if weights is None:
        return take(x, positions[0], axis=axis)
    shape = (-1, *[1] * (len(x.shape) - axis - 1))
    out = None
    for position, weight in zip(positions, weights, strict=True):
        part = take(x, position, axis=axis) * _like(x, weight.reshape(shape))
        out = part if out is None else out + part
    return out


def _like(x: Any, values: np.ndarray) -> Any:
    raw = bottom_of(x)
    library = library_of_all((raw,))
    return library.asarray(values, raw.dtype, library.device(raw))


def _edges(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each of m windows over n elements starts and ends."""
    places = np.arange(m)
    return places * n // m, -(-(places + 1) * n // m)


@composite(domain=ANY, samples=[([(1, 2, 5)], {"size": 3}), ([(1, 1, 4, 3)], {"size": (2, 2)})])
def adaptive_avg_pool(x: Any, /, size: Any) -> Any:
    """Return the means of as many windows as `size` says, PyTorch's windows.

    x: (batch, channels, *lengths) real or complex, 1 to 3 lengths. size: an integer, or one per length;
    None keeps a length. Returns (batch, channels, *size). Gradient: to x.
    """
    lengths = spatial("adaptive_avg_pool", x)
    for k, (n, m) in enumerate(zip(lengths, _sizes("adaptive_avg_pool", size, lengths), strict=True)):
        if n == m:
            continue
        first, last = _edges(n, m)
        inside = (np.arange(n)[:, None] >= first) & (np.arange(n)[:, None] < last)
        means = matmul(moveaxis(x, k + 2, -1), _like(x, inside / (last - first)))
        x = moveaxis(means, -1, k + 2)
    return x


@composite(domain=ANY, samples=[([(1, 2, 5)], {"size": 3}), ([(1, 1, 4, 3)], {"size": (2, 2)})])
def adaptive_max_pool(x: Any, /, size: Any) -> Any:
    """Return the largest elements of windows that are as many as `size` says.

    x: (batch, channels, *lengths) real, 1 to 3 lengths. size: an integer, or one per length; None
    keeps a length. Returns (batch, channels, *size).
    Gradient: to the largest elements; a tie splits it evenly.
    """
    real("adaptive_max_pool", x)
    lengths = spatial("adaptive_max_pool", x)
    for k, (n, m) in enumerate(zip(lengths, _sizes("adaptive_max_pool", size, lengths), strict=True)):
        first, last = _edges(n, m)
        positions = first[:, None] + np.arange((last - first).max())
        axis = 2 * k + 2
        x = take(x, np.minimum(positions, n - 1).reshape(-1), axis=axis)
        x = reshape(x, (*x.shape[:axis], *positions.shape, *x.shape[axis + 1 :]))
        outside = positions >= last[:, None]
        if outside.any():
            shape = (*positions.shape, *[1] * (len(x.shape) - axis - 2))
            x = where(_truths(x, ~outside.reshape(shape)), x, -float("inf"))
    return max(x, axis=tuple([2 * k + 3 for k in range(len(lengths))]))


def _truths(x: Any, values: np.ndarray) -> Any:
    raw = bottom_of(x)
    library = library_of_all((raw,))
    return library.asarray(values, "bool", library.device(raw))


def _sizes(name: str, size: Any, lengths: tuple[int, ...]) -> tuple[int, ...]:
    given = [size] * len(lengths) if size is None or isinstance(size, int) else list(size)
    if len(given) == len(lengths):
        given = [n if m is None else m for n, m in zip(lengths, given, strict=True)]
    return every(name, "size", tuple(given), len(lengths))
