"""The extension `fft`, at mpmath's precision: sums over roots of unity, as they are defined."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from .array import ObjectArray, wrap
from .mathematics import to_complex

# What the power of the length is that the transform one way, -1, and the other, 1, is divided by.
POWERS: dict[str, dict[int, float]] = {
    "backward": {-1: 0, 1: 1},
    "ortho": {-1: 0.5, 1: 0.5},
    "forward": {-1: 1, 1: 0},
}


def _sums(values: np.ndarray, n: int, axis: int, norm: str, sign: int) -> Any:
    """Return the transform along an axis; sign: of its exponent."""
    lines = _resized(np.moveaxis(to_complex(values), axis, -1), n)
    scale = mpmath.mpf(n) ** POWERS[norm][sign]
    roots = [mpmath.expjpi(mpmath.mpf(2 * sign * k) / n) / scale for k in range(n)]
    table = np.empty((n, n), object)
    table[...] = [[roots[j * k % n] for k in range(n)] for j in range(n)]
    return np.moveaxis(lines @ table, -1, axis)


def _resized(lines: np.ndarray, n: int) -> np.ndarray:
    """Return lines of n elements: the first ones, or with zeros behind."""
    missing = np.zeros((*lines.shape[:-1], max(n - lines.shape[-1], 0)), int)
    return np.concatenate([lines[..., :n], to_complex(missing)], axis=-1)


def fft(x: ObjectArray, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> ObjectArray:
    """Return the discrete Fourier transform along an axis."""
    return wrap(_sums(x.values, n or x.shape[axis], axis, norm, -1))


def ifft(x: ObjectArray, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> ObjectArray:
    """Return the inverse of fft."""
    return wrap(_sums(x.values, n or x.shape[axis], axis, norm, 1))


def rfft(x: ObjectArray, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the half of fft that tells the other, for real x."""
    n = n or x.shape[axis]
    return wrap(np.take(_sums(x.values, n, axis, norm, -1), range(n // 2 + 1), axis=axis))


def irfft(x: ObjectArray, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the inverse of rfft, which is real."""
    n = n or 2 * (x.shape[axis] - 1)
    half = _resized(np.moveaxis(to_complex(x.values), axis, -1), n // 2 + 1)
    other = np.conjugate(half[..., 1 : (n + 1) // 2][..., ::-1])
    out = _sums(np.concatenate([half, other], axis=-1), n, -1, norm, 1)
    return wrap(np.moveaxis(np.frompyfunc(mpmath.re, 1, 1)(out), -1, axis))


def fftn(x: ObjectArray, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
    """Return fft along several axes."""
    for n, axis in _axes(x, s, axes):
        x = fft(x, n=n, axis=axis, norm=norm)
    return x


def ifftn(x: ObjectArray, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
    """Return the inverse of fftn."""
    for n, axis in _axes(x, s, axes):
        x = ifft(x, n=n, axis=axis, norm=norm)
    return x


def rfftn(x: ObjectArray, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
    """Return rfft along the last of several axes, and fft along the others."""
    *others, (n, axis) = _axes(x, s, axes)
    x = rfft(x, n=n, axis=axis, norm=norm)
    return fftn(x, s=[n for n, _ in others], axes=[k for _, k in others], norm=norm)


def _axes(x: ObjectArray, s: Any, axes: Any) -> list[tuple[int, int]]:
    """Return the length and the number of each axis to transform along."""
    axes = range(x.ndim)[-len(s) if s else None :] if axes is None else axes
    return list(zip([x.shape[k] for k in axes] if s is None else s, axes, strict=True))
