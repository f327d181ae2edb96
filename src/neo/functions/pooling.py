"""Pooling: the largest element, or the mean, under a window that slides over images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backends import define
from ..core.array import bottom_of
from ..core.policy import library_of_all
from ..ops.batching import merged
from ..ops.registry import BuiltIn, composite, rule
from ..ops.windows import Windows, spatial, surrounded, unpadded, windows
from .operands import real

ANY = (-2, 2)
OVERLAPPING = ([(1, 2, 5)], {"window": 3, "stride": 2, "padding": 1})
PLANE = ([(1, 1, 4, 3)], {"window": (2, 2), "stride": 1})


@define("max_pool")
def _max_pool(xp, x, at):
    counts = at.count(tuple(x.shape[2:]))
    x = surrounded(xp, x, at, -float("inf"))
    out = None
    for _, key in at.keys(counts):
        out = x[key] if out is None else xp.maximum(out, x[key])
    return out


def _parts(xp: Any, x: Any, out: Any, at: Windows) -> tuple[list[tuple[Any, Any]], Any]:
    """Return, for each place in the window, its key and which elements there reach the maximum; ties."""
    x = surrounded(xp, x, at, -float("inf"))
    parts = [(key, x[key] == out) for _, key in at.keys(tuple(out.shape[2:]))]
    ties = None
    for _, reached in parts:
        reached = xp.astype(reached, out.dtype)
        ties = reached if ties is None else ties + reached
    return parts, xp.maximum(ties, xp.ones_like(ties))  # none reaches a NaN


class MaxPool(BuiltIn):
    domain = ANY
    samples = [OVERLAPPING, PLANE]
    batch = classmethod(merged)

    def forward(self, x, *, at):
        out = self.xp.max_pool(x, at)
        self.ctx.save(x, out)
        self.at = at
        return out

    def backward(self, g):
        x, out = self.ctx.release
        return Unpooled.of(g, x, out, at=self.at)

    def push(self, v):
        x, out = self.ctx.release
        return Picked.of(v, x, out, at=self.at)


class Unpooled(BuiltIn):
    """The pull-back of MaxPool: each gradient, shared evenly, where the maxima were. Linear in g."""

    batch = classmethod(merged)

    def forward(self, g, x, out, *, at):
        self.ctx.save(x, out)
        self.at = at
        parts, ties = _parts(self.xp, x, out, at)
        share, none = g / ties, self.xp.zeros_like(g)
        shape = (*x.shape[:2], *at.padded(tuple(x.shape[2:])))
        zeros = self.xp.zeros(shape, dtype=g.dtype, device=self.xp.place_of(g))
        total = self.xp.added_up(zeros, ((key, self.xp.where(hit, share, none)) for key, hit in parts))
        return unpadded(total, tuple(x.shape[2:]), at)

    def backward(self, v):
        x, out = self.ctx.release
        # Where the maxima are does not change with x, but at a tie.
        return Picked.of(v, x, out, at=self.at), None, None


class Picked(BuiltIn):
    """The mean, under each window, of what stands where the maxima of x are. Linear in v."""

    batch = classmethod(merged)

    def forward(self, v, x, out, *, at):
        self.ctx.save(x, out)
        self.at = at
        parts, ties = _parts(self.xp, x, out, at)
        v, none = surrounded(self.xp, v, at), self.xp.zeros_like(out)
        total = none
        for key, hit in parts:
            total = total + self.xp.where(hit, v[key], none)
        return total / ties

    def backward(self, g):
        x, out = self.ctx.release
        return Unpooled.of(g, x, out, at=self.at), None, None


@rule(MaxPool)
def max_pool(
    x: Any, /, window: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """Return the largest element under each window, as PyTorch's max_pool2d does.

    x: (batch, channels, *lengths) real, 1 to 3 lengths. window, stride (default: the window),
    dilation: an integer, or one per length. padding: that, or pairs, "same" or "valid"; of -inf.
    ceil_mode: whether a last window may reach over the end.
    Returns (batch, channels, *places). Gradient: to the largest elements; a tie splits it evenly.
    """
    real("max_pool", x)
    at = _windows("max_pool", x, window, stride, padding, dilation, ceil_mode)
    return MaxPool.of(x, at=at)


class WindowSum(BuiltIn):
    """The sum of what lies under each window."""

    linear = True
    batch = classmethod(merged)

    def forward(self, x, *, at):
        self.at, self.lengths = at, tuple(x.shape[2:])
        x, out = surrounded(self.xp, x, at), None
        for _, key in at.keys(at.count(self.lengths)):
            out = x[key] if out is None else out + x[key]
        return out

    def backward(self, g):
        return WindowSpread.of(g, at=self.at, lengths=self.lengths)


class WindowSpread(BuiltIn):
    """Each number added to all that lay under its window."""

    linear = True
    batch = classmethod(merged)

    def forward(self, g, *, at, lengths):
        self.at = at
        shape = (*g.shape[:2], *at.padded(lengths))
        zeros = self.xp.zeros(shape, dtype=g.dtype, device=self.xp.place_of(g))
        parts = ((key, g) for _, key in at.keys(tuple(g.shape[2:])))
        return unpadded(self.xp.added_up(zeros, parts), lengths, at)

    def backward(self, x):
        return WindowSum.of(x, at=self.at)


@composite(domain=ANY, samples=[OVERLAPPING, PLANE])
def avg_pool(
    x: Any,
    /,
    window: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Return the mean under each window, as PyTorch's avg_pool1d to avg_pool3d do.

    Shapes and settings as in `max_pool`; padding of zeros. count_include_pad: whether the divisor
    counts padding. Gradient: to x.
    """
    at = _windows("avg_pool", x, window, stride, padding, 1, ceil_mode)
    total, lengths = WindowSum.of(x, at=at), spatial("avg_pool", x)
    counted = windows("avg_pool", window, lengths, stride or window, padding, 1).padding
    divisor = _divisor(lengths, at, counted if count_include_pad else ((0, 0),) * len(lengths))
    if divisor.min() == divisor.max():
        return total / float(divisor.max())
    library, raw = library_of_all((x,)), bottom_of(x)
    return total / library.asarray(divisor, raw.dtype, library.device(raw))


def _divisor(lengths: tuple[int, ...], at: Windows, counted: Any) -> np.ndarray:
    """Return how many elements of x, and of the padding that counts, lie under each window."""
    rows = []
    for axis, (n, places) in enumerate(zip(lengths, at.count(lengths), strict=True)):
        (low, high), before = counted[axis], at.padding[axis][0]
        starts = np.arange(places) * at.stride[axis] - before
        ends = np.minimum(starts + at.window[axis], n + high)
        rows.append(ends - np.maximum(starts, -low))
    return np.prod(np.meshgrid(*rows, indexing="ij"), axis=0)


def _windows(
    name: str, x: Any, window: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    lengths = spatial(name, x)
    at = windows(name, window, lengths, window if stride is None else stride, padding, dilation)
    return _reaching_over(lengths, at) if ceil_mode else at


def _reaching_over(lengths: tuple[int, ...], at: Windows) -> Windows:
    """Return windows with more padding behind, if one starts in x or its padding before and ends later."""
    pairs = []
    for n, k, s, (low, high), d in zip(lengths, at.window, at.stride, at.padding, at.dilation, strict=True):
        rest = n + low + high - d * (k - 1) - 1
        places = -(-rest // s) + 1
        if (places - 1) * s >= n + low:  # it would start behind x
            places -= 1
        pairs.append((low, high + max((places - 1) * s - rest, 0)))
    return Windows(at.window, at.stride, tuple(pairs), at.dilation)
