"""What sliding windows share: their geometry, and sums that go back to where windows came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from itertools import product
from math import prod
from typing import Any

from ..backends import define
from ..errors import describe


@dataclass(frozen=True)
class Windows:
    """How a window of `window` elements slides over the last axes of an array.

    padding: (before, after) per axis. The window's elements are `dilation` apart, its steps `stride`.
    """

    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]

    def count(self, lengths: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many places the window has along each axis of those lengths."""
        return tuple(
            [
                (n + low + high - d * (k - 1) - 1) // s + 1
                for n, k, s, (low, high), d in zip(lengths, *astuple(self), strict=True)
            ]
        )

    def padded(self, lengths: tuple[int, ...]) -> tuple[int, ...]:
        """Return the lengths with the padding."""
        return tuple([n + low + high for n, (low, high) in zip(lengths, self.padding, strict=True)])

    def inside(self, lengths: tuple[int, ...]) -> tuple[Any, ...]:
        """Return the key of an array within its padding."""
        return (..., *[slice(low, low + n) for n, (low, _) in zip(lengths, self.padding, strict=True)])

    def keys(self, counts: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...]]]:
        """Return each place in the window, with the key of what all windows have there."""
        for place in product(*map(range, self.window)):
            yield (
                place,
                (
                    ...,
                    *[
                        slice(k * d, k * d + (n - 1) * s + 1, s)
                        for k, n, s, d in zip(place, counts, self.stride, self.dilation, strict=True)
                    ],
                ),
            )


def windows(
    name: str, window: Any, lengths: tuple[int, ...], stride: Any, padding: Any, dilation: Any
) -> Windows:
    """Return the geometry that a caller's settings mean: an integer is for every axis.

    padding: an integer, one per axis, (before, after) pairs, "valid" for none, or "same" for as many
    places as elements, over the stride. Raises ValueError for what does not fit.
    """
    n = len(lengths)
    size, step, spread = [
        every(name, what, value, n)
        for what, value in (("window", window), ("stride", stride), ("dilation", dilation))
    ]
    if isinstance(padding, str):
        pairs = _named(name, padding, lengths, size, step, spread)
    elif isinstance(padding, int):
        pairs = ((padding, padding),) * n
    else:
        pairs = tuple([(p, p) if isinstance(p, int) else (int(p[0]), int(p[1])) for p in padding])
    if len(pairs) != n or min([k for pair in pairs for k in pair], default=0) < 0:
        raise ValueError(f"{name}: padding {padding} does not fit {n} axes; give one number or pair for each")
    found = Windows(size, step, pairs, spread)
    if min(found.count(lengths), default=1) < 1:
        raise ValueError(
            f"{name}: a window of {size} with dilation {spread} is larger than lengths {lengths} with "
            f"padding {pairs}. Pad more, or take a smaller window"
        )
    return found


def every(name: str, what: str, value: Any, n: int) -> tuple[int, ...]:
    """Return a setting as one positive integer per axis. Raises ValueError if it is none."""
    found = (value,) * n if isinstance(value, int) else tuple(value)
    if len(found) != n or any([k < 1 for k in found]):
        raise ValueError(f"{name}: {what} is a positive integer, or {n} of them, got {value}")
    return found


def _named(name: str, padding: str, lengths: Any, size: Any, step: Any, spread: Any) -> Any:
    if padding.lower() == "valid":
        return ((0, 0),) * len(lengths)
    if padding.lower() != "same":
        raise ValueError(f"{name}: padding is integers, pairs, 'same' or 'valid', got {padding!r}")
    pairs = []
    for n, k, s, d in zip(lengths, size, step, spread, strict=True):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pairs.append((total // 2, total - total // 2))
    return tuple(pairs)


def spatial(name: str, x: Any) -> tuple[int, ...]:
    """Return the lengths of the axes that windows slide over: those behind (batch, channels)."""
    if not 3 <= len(x.shape) <= 5:
        raise ValueError(
            f"{name}: expected (batch, channels, 1 to 3 lengths), got {describe(x)}. Add axes of length 1"
        )
    return tuple(x.shape[2:])


def surrounded(xp: Any, x: Any, at: Windows, value: float = 0) -> Any:
    """Return a raw array with its padding, of one number."""
    lengths = tuple(x.shape[len(x.shape) - len(at.window) :])
    if at.padded(lengths) == lengths:
        return x
    shape = (*x.shape[: len(x.shape) - len(at.window)], *at.padded(lengths))
    return xp.put(xp.full(shape, value, dtype=x.dtype, device=xp.place_of(x)), at.inside(lengths), x)


@define("added_up")
def _added_up(xp, zeros, parts):
    """Return zeros with every (key, array) pair added. A library that can writes into zeros."""
    for key, part in parts:
        zeros = xp.put(zeros, key, zeros[key] + part)
    return zeros


def unpadded(x: Any, lengths: tuple[int, ...], at: Windows) -> Any:
    """Return a raw array without its padding."""
    return x if at.padded(lengths) == lengths else x[at.inside(lengths)]


def flat(xp: Any, x: Any, groups: int) -> Any:
    """Return (batch, channels, ...) as (batch, groups, channels of a group, places)."""
    n, c = x.shape[:2]
    return xp.reshape(x, (n, groups, c // groups, prod(x.shape[2:])))
