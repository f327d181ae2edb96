"""Convolutions: of two sequences (NumPy's), and of stacks of images with kernels.

Conv, its pull-back to the images and its pull-back to the kernels are the three readings of one
sum of products x * w * g, so each is the derivative of the others.
"""

from __future__ import annotations

from typing import Any

from ..backends import define
from ..core.policy import library_of_all
from ..errors import describe
from .batching import all_batched
from .broadcasting import conj, reshape
from .manipulation import flip, moveaxis
from .promotion import one_dtype
from .registry import BuiltIn, composite, rule
from .windows import Windows, flat, surrounded, unpadded

ANY = (-2, 2)


@define("conv")
def _conv(xp, x, w, at, groups):
    """Return the sum over the window of w times what of x lies under it. One product per place."""
    counts = at.count(tuple(x.shape[2:]))
    x = surrounded(xp, x, at)
    out = None
    for place, key in at.keys(counts):
        part = xp.matmul(_at(xp, w, place, groups), flat(xp, x[key], groups))
        out = part if out is None else out + part
    return xp.reshape(out, (x.shape[0], w.shape[0], *counts))


@define("conv_to_input")
def _conv_to_input(xp, g, w, at, groups, lengths):
    counts, columns = tuple(g.shape[2:]), flat(xp, g, groups)
    channels = w.shape[1] * groups

    def parts():
        for place, key in at.keys(counts):
            part = xp.matmul(xp.matrix_transpose(_at(xp, w, place, groups)), columns)
            yield key, xp.reshape(part, (g.shape[0], channels, *counts))

    zeros = xp.zeros((g.shape[0], channels, *at.padded(lengths)), dtype=g.dtype, device=xp.place_of(g))
    return unpadded(xp.added_up(zeros, parts()), lengths, at)


@define("conv_to_kernel")
def _conv_to_kernel(xp, x, g, at, groups):
    counts = tuple(g.shape[2:])
    x = surrounded(xp, x, at)
    rows = _rows(xp, flat(xp, g, groups))  # (groups, out, batch * places)
    parts = []
    for _, key in at.keys(counts):
        columns = _rows(xp, flat(xp, x[key], groups))
        parts.append(xp.matmul(rows, xp.matrix_transpose(columns)))
    out = xp.stack(parts, axis=-1)  # (groups, out, in, window)
    return xp.reshape(out, (g.shape[1], x.shape[1] // groups, *at.window))


def _at(xp: Any, w: Any, place: tuple[int, ...], groups: int) -> Any:
    """Return the kernels' elements at one place of the window: (groups, out of a group, in)."""
    part = w[(slice(None), slice(None), *place)]
    return xp.reshape(part, (groups, w.shape[0] // groups, w.shape[1]))


def _rows(xp: Any, x: Any) -> Any:
    n, groups, channels, places = x.shape
    return xp.reshape(xp.permute_dims(x, (1, 2, 0, 3)), (groups, channels, n * places))


AT = Windows((2,), (1,), ((1, 0),), (1,))
WIDE = Windows((2, 3), (2, 1), ((0, 1), (1, 1)), (1, 2))


def _grouped(cls: Any, batched: Any, x: Any, y: Any, axis: int, *, groups: int, **settings: Any) -> Any:
    """Return a convolution of batches: the examples are groups of channels that do not meet.

    axis: of the result, in one example, that holds the channels.
    """
    if axis and not batched[1]:
        n, rows = x.shape[:2]
        out = cls.of(reshape(x, (n * rows, *x.shape[2:])), y, groups=groups, **settings)
        return reshape(out, (n, rows, *out.shape[1:]))
    x, y = all_batched(batched, (x, y))
    n = x.shape[0]
    first = 0 if axis else 1
    out = cls.of(_side_by_side(x, 1), _side_by_side(y, first), groups=n * groups, **settings)
    shape = tuple(out.shape)
    apart = reshape(out, (*shape[:axis], n, shape[axis] // n, *shape[axis + 1 :]))
    return moveaxis(apart, axis, 0)


def _side_by_side(x: Any, axis: int) -> Any:
    """Return (n, ...) with the examples side by side along an axis of one example."""
    x = moveaxis(x, 0, axis)
    shape = tuple(x.shape)
    return reshape(x, (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :]))


class Conv(BuiltIn):
    multilinear = True
    domain = ANY
    samples = [
        ([(2, 1, 4), (3, 1, 2)], {"at": AT}),
        ([(1, 4, 3, 4), (2, 2, 2, 3)], {"at": WIDE, "groups": 2}),
    ]

    batch = classmethod(lambda cls, batched, x, w, **settings: _grouped(cls, batched, x, w, 1, **settings))

    def forward(self, x, w, *, at, groups):
        self.ctx.save(x if self.needs(1) else None, w if self.needs(0) else None)
        self.at, self.groups, self.lengths = at, groups, tuple(x.shape[2:])
        return self.xp.conv(x, w, at, groups)

    def backward(self, g):
        x, w = self.ctx.release
        settings = {"at": self.at, "groups": self.groups}
        return (
            ConvToInput.of(g, conj(w), lengths=self.lengths, **settings) if self.needs(0) else None,
            ConvToKernel.of(conj(x), g, **settings) if self.needs(1) else None,
        )


class ConvToInput(BuiltIn):
    multilinear = True
    domain = ANY
    samples = [
        ([(2, 3, 4), (3, 1, 2)], {"at": AT, "lengths": (4,)}),
        ([(1, 2, 2, 2), (2, 2, 2, 3)], {"at": WIDE, "groups": 2, "lengths": (3, 4)}),
    ]

    batch = classmethod(lambda cls, batched, g, w, **settings: _grouped(cls, batched, g, w, 1, **settings))

    def forward(self, g, w, *, at, groups, lengths):
        self.ctx.save(g if self.needs(1) else None, w if self.needs(0) else None)
        self.at, self.groups = at, groups
        return self.xp.conv_to_input(g, w, at, groups, lengths)

    def backward(self, x):
        g, w = self.ctx.release
        settings = {"at": self.at, "groups": self.groups}
        return (
            Conv.of(x, conj(w), **settings) if self.needs(0) else None,
            ConvToKernel.of(x, conj(g), **settings) if self.needs(1) else None,
        )


class ConvToKernel(BuiltIn):
    multilinear = True
    domain = ANY
    samples = [([(2, 1, 4), (2, 3, 4)], {"at": AT})]

    batch = classmethod(lambda cls, batched, x, g, **settings: _grouped(cls, batched, x, g, 0, **settings))

    def forward(self, x, g, *, at, groups):
        self.ctx.save(x if self.needs(1) else None, g if self.needs(0) else None)
        self.at, self.groups, self.lengths = at, groups, tuple(x.shape[2:])
        return self.xp.conv_to_kernel(x, g, at, groups)

    def backward(self, w):
        x, g = self.ctx.release
        settings = {"at": self.at, "groups": self.groups}
        return (
            ConvToInput.of(conj(g), w, lengths=self.lengths, **settings) if self.needs(0) else None,
            Conv.of(conj(x), w, **settings) if self.needs(1) else None,
        )


@rule(Conv)
def conv_over(x: Any, w: Any, /, *, at: Windows, groups: int = 1) -> Any:
    """Return the convolution of x with kernels w at windows: what `neo.functions.conv` calls.

    x: (batch, in, ...). w: (out, in / groups, ...). Gradient: to both.
    """
    return Conv.of(*one_dtype(x, w), at=at, groups=groups)


@rule(ConvToInput)
def conv_to_input(g: Any, w: Any, /, *, at: Windows, lengths: tuple[int, ...], groups: int = 1) -> Any:
    """Return the pull-back of `conv_over` to images of those lengths: a transposed convolution."""
    return ConvToInput.of(*one_dtype(g, w), at=at, groups=groups, lengths=lengths)


@rule(ConvToKernel)
def conv_to_kernel(x: Any, g: Any, /, *, at: Windows, groups: int = 1) -> Any:
    """Return the pull-back of `conv_over` to the kernels."""
    return ConvToKernel.of(*one_dtype(x, g), at=at, groups=groups)


@define("convolve")
def _convolve(xp, x, y, start, stop):
    """Return elements start to stop of the full convolution of two sequences."""
    n, m = x.shape[0], y.shape[0]
    at = Windows((m,), (1,), ((m - 1 - start, stop - n),), (1,))
    out = xp.conv(xp.reshape(x, (1, 1, n)), xp.reshape(xp.flip(y), (1, 1, m)), at, 1)
    return xp.reshape(out, (stop - start,))


class Convolve(BuiltIn):
    multilinear = True
    domain = ANY
    samples = [
        ([(4,), (3,)], {}),
        ([(4,), (2,)], {"mode": "same"}),
        ([(2,), (4,)], {"mode": "valid"}),
    ]

    def forward(self, x, y, *, start, stop):
        self.ctx.save(x, y)
        self.start, self.stop = start, stop
        return self.xp.convolve(x, y, start, stop)

    def backward(self, g):
        x, y = self.ctx.release
        return (
            self._pulled(g, y, x.shape[0]) if self.needs(0) else None,
            self._pulled(g, x, y.shape[0]) if self.needs(1) else None,
        )

    def _pulled(self, g, other, n):
        start = other.shape[0] - 1 - self.start
        return Convolve.of(g, flip(conj(other)), start=start, stop=start + n)


@rule(Convolve)
def convolve(x: Any, y: Any, /, mode: str = "full") -> Any:
    """Return the convolution of two sequences, out[k] = sum of x[i] * y[k - i].

    x: (n,). y: (m,). mode: "full" gives n + m - 1 elements, "same" the max(n, m) in the middle,
    "valid" the max(n, m) - min(n, m) + 1 in which the two overlap wholly. Gradient: to both.
    Raises ValueError for an empty sequence, another number of axes or mode.
    """
    x, y = _sequences("convolve", x, y)
    return Convolve.of(x, y, **_range("convolve", mode, x.shape[0], y.shape[0]))


@composite(domain=ANY, samples=[([(4,), (3,)], {}), ([(2,), (3,)], {"mode": "same"})])
def correlate(x: Any, y: Any, /, mode: str = "valid") -> Any:
    """Return the correlation of two sequences: sums of x[i + k] * conj(y[i]).

    Shapes and modes as in `convolve`. Gradient: to both.
    """
    x, y = _sequences("correlate", x, y)
    n, m = x.shape[0], y.shape[0]
    where = _range("correlate", mode, n, m)
    if n < m:  # NumPy exchanges the two and reverses the result
        total = n + m - 1
        where = {"start": total - where["stop"], "stop": total - where["start"]}
    return Convolve.of(x, flip(conj(y)), **where)


def _sequences(name: str, x: Any, y: Any) -> list[Any]:
    x, y = one_dtype(*[_sequence(v, (x, y)) for v in (x, y)])
    if len(x.shape) != 1 or len(y.shape) != 1 or not (x.shape[0] and y.shape[0]):
        raise ValueError(
            f"{name}: expected two sequences that are not empty, got {describe(x)} and {describe(y)}"
        )
    return [x, y]


def _sequence(x: Any, both: Any) -> Any:
    """Return a list as an array of the other operand's library."""
    return (
        library_of_all([v for v in both if hasattr(v, "dtype")]).asarray(x)
        if isinstance(x, list | tuple)
        else x
    )


def _range(name: str, mode: str, n: int, m: int) -> dict[str, int]:
    """Return which elements of the full convolution a mode takes."""
    low, high = sorted((n, m))
    ranges = {
        "full": (0, n + m - 1),
        "same": ((low - 1) // 2, (low - 1) // 2 + high),
        "valid": (low - 1, high),
    }
    if mode not in ranges:
        raise ValueError(f"{name}: mode is 'full', 'same' or 'valid', got {mode!r}")
    start, stop = ranges[mode]
    return {"start": start, "stop": stop}
