"""The frequencies of Fourier transforms: what they are, and where they stand."""

from __future__ import annotations

from typing import Any

from .. import backends
from ..core.array import Array, box
from ..errors import whole
from .broadcasting import Axes, positive_axes
from .manipulation import roll
from .registry import composite

ANY = (-2, 2)


def _frequencies(name: str, n: int, d: float, dtype: Any, device: Any, backend: Any) -> Array:
    if whole(name, "n", n) < 1:
        raise ValueError(f"{name}: n is the number of samples, at least 1, got {n}")
    library, place = backends.resolve(backend, device)
    create = getattr(library.kernel("fft"), name)
    return box(create(n, d=d, dtype=library.dtype(dtype), device=library.place(place)))


def fftfreq(
    n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None, backend: Any = None
) -> Array:
    """Return the frequencies of `fft` for n samples, d apart: negative ones last.

    Returns (n,) real floating: [0, 1, ..., -n // 2, ..., -1] / (n * d). It has no gradient.
    dtype, device, backend: as for `zeros`.
    """
    return _frequencies("fftfreq", n, d, dtype, device, backend)


def rfftfreq(
    n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None, backend: Any = None
) -> Array:
    """Return the frequencies of `rfft` for n samples, d apart.

    Returns (n // 2 + 1,) real floating: [0, 1, ..., n // 2] / (n * d). It has no gradient.
    dtype, device, backend: as for `zeros`.
    """
    return _frequencies("rfftfreq", n, d, dtype, device, backend)


@composite(domain=ANY, samples=[([(5,)], {}), ([(3, 4)], {"axes": 1})])
def fftshift(x: Any, /, *, axes: Axes = None) -> Any:
    """Return x with the frequency 0 moved from the start to the middle of axes."""
    found, shifts = _middles(x, axes)
    return roll(x, shifts, axis=found)


@composite(domain=ANY, samples=[([(5,)], {}), ([(3, 4)], {"axes": 1})])
def ifftshift(x: Any, /, *, axes: Axes = None) -> Any:
    """Return x with the frequency 0 moved back from the middle to the start.

    See `fftshift`.
    """
    found, shifts = _middles(x, axes)
    return roll(x, tuple([-n for n in shifts]), axis=found)


def _middles(x: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    found = positive_axes(tuple(axes) if isinstance(axes, list) else axes, len(x.shape))
    return found, tuple([x.shape[k] // 2 for k in found])
