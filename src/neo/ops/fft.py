"""Discrete Fourier transforms. They are linear: a gradient is a transform the other way.

For the real inner product the adjoint of the sum over j of x[j] e**(-2 pi i j k / n) is the same
sum with the other sign and no 1/n, which is the inverse transform under the opposite norm. Lengths
that were padded are trimmed and lengths that were trimmed padded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.array import bottom_of
from ..core.dtypes import COMPLEX, REAL, kind
from ..core.policy import library_of_all
from ..errors import describe, short_name
from .batching import along
from .broadcasting import astype, broadcast_to, conj, positive_axes
from .indexing import getitem
from .manipulation import arange_like, concat
from .registry import BuiltIn, composite, rule
from .selection import zero_like

ANY = (-2, 2)
# The norm under which the inverse transform has the factor that this one has.
OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
LINE = [
    ([(5,)], {}),
    ([(2, 4)], {"norm": "ortho"}),
    ([(3, 2)], {"n": 5, "axis": 0, "norm": "forward"}),
    ([(2, 6)], {"n": 4}),
]
GRID = [
    ([(3, 4)], {}),
    ([(2, 3, 2)], {"axes": (2, 0), "norm": "ortho"}),
    ([(3, 4)], {"s": (2, 5), "axes": (0, 1), "norm": "forward"}),
    ([(2, 3)], {"s": (5,), "axes": (0,)}),
]


def transform(xp: Any, name: str, x: Any, s: tuple[int, ...], axes: tuple[int, ...], norm: str) -> Any:
    """Return a library's transform of that name, `fft` for several axes being its `fftn`."""
    many = len(axes) != 1
    function = getattr(xp.fft, f"{name}n" if many else name, None)
    if function is None:
        raise NotImplementedError(
            f"this array's library has no fft.{name}. Move the array first, for example with "
            f"neo.asarray(x, backend='numpy')"
        )
    return function(x, s=s, axes=axes, norm=norm) if many else function(x, n=s[0], axis=axes[0], norm=norm)


class Fourier(BuiltIn):
    """What the transforms of complex numbers share; `one_way` is the library's name of this one."""

    linear = True
    domain = ANY
    one_way = "fft"
    batch = classmethod(along("axes"))

    def forward(self, x, *, s, axes, norm):
        self.ctx.save(tuple(x.shape), axes, norm)
        return transform(self.xp, self.one_way, x, s, axes, norm)

    def backward(self, g):
        shape, axes, norm = self.ctx.release
        inverse = INVERSES[self.one_way]
        lengths = tuple([g.shape[k] for k in axes])
        return resized(inverse.of(g, s=lengths, axes=axes, norm=OPPOSITE[norm]), shape, axes)


class Fft(Fourier):
    samples = LINE


class Ifft(Fourier):
    one_way, samples = "ifft", LINE


class Fftn(Fourier):
    samples = GRID


class Ifftn(Fourier):
    one_way, samples = "ifft", GRID


INVERSES = {"fft": Ifftn, "ifft": Fftn}


class RealFourier(BuiltIn):
    """The half of the transform of real numbers that is not the conjugate of the other half.

    One frequency of the result stands for two of the whole transform, k and -k, unless they are
    the same: the inverse counts it twice, so the adjoint halves it first.
    """

    linear = True
    domain = ANY
    batch = classmethod(along("axes"))

    def forward(self, x, *, s, axes, norm):
        self.ctx.save(tuple(x.shape), s, axes, norm)
        return transform(self.xp, "rfft", x, s, axes, norm)

    def backward(self, g):
        shape, s, axes, norm = self.ctx.release
        halved = g * _weights(g, axes[-1], s[-1], 0.5)
        return resized(Irfftn.of(halved, s=s, axes=axes, norm=OPPOSITE[norm]), shape, axes)


class Rfft(RealFourier):
    samples = LINE


class Rfftn(RealFourier):
    samples = GRID


class InverseRealFourier(BuiltIn):
    """The inverse of RealFourier: of what is its own conjugate, the imaginary part is left out.

    Along several axes it is the complex inverse along all but the last, then the real one along
    the last: libraries differ in what they make of numbers that are not conjugates of each other.
    """

    linear = True
    domain = ANY
    batch = classmethod(along("axes"))

    def forward(self, z, *, s, axes, norm):
        self.ctx.save(tuple(z.shape), axes, norm)
        if axes[1:]:
            z = transform(self.xp, "ifft", z, s[:-1], axes[:-1], norm)
        return transform(self.xp, "irfft", z, s[-1:], axes[-1:], norm)

    def backward(self, g):
        shape, axes, norm = self.ctx.release
        s = tuple([g.shape[k] for k in axes])
        half = Rfftn.of(g, s=s, axes=axes, norm=OPPOSITE[norm])
        return resized(half * _weights(half, axes[-1], s[-1], 2), shape, axes)


class Irfft(InverseRealFourier):
    samples = [*LINE, ([(1,)], {"n": 1}), ([(2, 2)], {"n": 2})]


class Irfftn(InverseRealFourier):
    samples = GRID


def _weights(like: Any, axis: int, n: int, inner: float) -> Any:
    """Return 1 at the frequencies that are their own mirror image of n, else `inner`, along axis."""
    raw = bottom_of(like)
    xp = library_of_all((raw,)).xp
    k = arange_like(raw, n // 2 + 1)
    alone = xp.astype((k == 0) | (2 * k == n), xp.real(raw).dtype)
    weights = inner + (1 - inner) * alone
    return xp.reshape(weights, (-1,) + (1,) * (len(like.shape) - 1 - axis))


def resized(x: Any, shape: tuple[int, ...], axes: Sequence[int]) -> Any:
    """Return x with the lengths of a shape along axes: trimmed, or with zeros behind."""
    for axis in axes:
        have, want = x.shape[axis], shape[axis]
        if have > want:
            x = getitem(x, (*[slice(None)] * axis, slice(want), ...))
        elif have < want:
            lengths = tuple([want - have if k == axis else n for k, n in enumerate(x.shape)])
            x = concat([x, broadcast_to(zero_like(x), lengths)], axis=axis)
    return x


def _complex(name: str, x: Any) -> Any:
    """Return x as complex numbers of its precision. Raises TypeError for integers."""
    found = kind(x.dtype)
    if found == COMPLEX:
        return x
    if found != REAL:
        raise _wrong_dtype(name, "real or complex floating", x)
    library = library_of_all((x,))
    return astype(x, library.xp.result_type(x.dtype, library.dtype("complex64")))


def _real(name: str, x: Any) -> Any:
    """Return x as real numbers that libraries can transform: half precision becomes float32."""
    if kind(x.dtype) != REAL:
        raise _wrong_dtype(name, "real floating", x)
    half = short_name(x.dtype) in ("float16", "bfloat16")
    return astype(x, library_of_all((x,)).dtype("float32")) if half else x


def _wrong_dtype(name: str, wanted: str, x: Any) -> TypeError:
    return TypeError(f"fft.{name} takes {wanted} numbers, got {describe(x)}. Cast it first: x.astype(...)")


def _along(name: str, x: Any, axis: int, n: int | None, half: bool = False) -> dict[str, Any]:
    """Return the settings of a transform along one axis; half: of x as half of n frequencies."""
    (axis,) = positive_axes(axis, len(x.shape))
    return _sized(name, x, (axis,), None if n is None else (n,), half)


def _over(name: str, x: Any, axes: Any, s: Any, half: bool = False) -> dict[str, Any]:
    """Return the settings of a transform along several axes: all, or the last len(s), if None."""
    ndim = len(x.shape)
    if axes is None:
        axes = tuple(range(ndim) if s is None else range(ndim - len(s), ndim))
    found = positive_axes(tuple(axes), ndim)
    if not found and name in ("rfftn", "irfftn"):
        raise ValueError(f"fft.{name} needs an axis to transform along, got axes={axes} of {describe(x)}")
    if s is not None and len(s) != len(found):
        raise ValueError(f"fft.{name}: {len(s)} lengths s={tuple(s)} for {len(found)} axes {tuple(axes)}")
    return _sized(name, x, found, s, half)


def _sized(name: str, x: Any, axes: tuple[int, ...], s: Any, half: bool) -> dict[str, Any]:
    own = [x.shape[k] for k in axes]
    if half and own:
        own[-1] = 2 * (own[-1] - 1)
    s = own if s is None else [length if n == -1 else n for n, length in zip(s, own, strict=True)]
    if any([n < 1 for n in s]):
        raise ValueError(
            f"fft.{name}: cannot transform {min(s)} elements; shape {tuple(x.shape)}, axes {axes}"
        )
    return {"s": tuple(s), "axes": axes}


def _norm(name: str, norm: str) -> str:
    if norm not in OPPOSITE:
        raise ValueError(f"fft.{name}: norm is 'backward', 'ortho' or 'forward', got {norm!r}")
    return norm


@rule(Fft)
def fft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the Fourier transform of x along an axis.

    x: (..., m, ...) real or complex. n: the length to pad with zeros or trim to (default: m).
    norm: where the factor 1/n is: `backward` in the inverse, `forward` here, `ortho` half in each.
    Returns (..., n, ...) complex, of the precision of x (complex64 for half precision).
    Gradient: to x, the opposite transform; its real part where x is real.
    Raises TypeError for integers, ValueError for a wrong axis, norm or length.
    """
    x = _complex("fft", x)
    return Fft.of(x, **_along("fft", x, axis, n), norm=_norm("fft", norm))


@rule(Ifft)
def ifft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the inverse Fourier transform of x along an axis. See `fft`."""
    x = _complex("ifft", x)
    return Ifft.of(x, **_along("ifft", x, axis, n), norm=_norm("ifft", norm))


@rule(Fftn)
def fftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """Return the Fourier transform of x along several axes; None means all.

    s: the length to pad or trim to along each axis, -1 to leave it; without axes the last ones.
    Dtypes, norm, gradient and errors are those of `fft`.
    """
    x = _complex("fftn", x)
    if not x.shape:
        return x
    return Fftn.of(x, **_over("fftn", x, axes, s), norm=_norm("fftn", norm))


@rule(Ifftn)
def ifftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """Return the inverse Fourier transform of x along several axes. See `fftn`."""
    x = _complex("ifftn", x)
    if not x.shape:
        return x
    return Ifftn.of(x, **_over("ifftn", x, axes, s), norm=_norm("ifftn", norm))


@rule(Rfft)
def rfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the first half of the Fourier transform of real x, which says all of it.

    x: (..., m, ...) real. n: the length to pad or trim x to (default: m).
    Returns (..., n // 2 + 1, ...) complex. Gradient: to x, real.
    Raises TypeError for complex numbers and integers.
    """
    x = _real("rfft", x)
    return Rfft.of(x, **_along("rfft", x, axis, n), norm=_norm("rfft", norm))


@rule(Irfft)
def irfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the real numbers whose `rfft` is x.

    x: (..., m, ...), the first half of a transform. n: the length of the result (default:
    2 * (m - 1)); x is padded or trimmed to n // 2 + 1.
    Returns (..., n, ...) real. The imaginary part of x[0], and of x[n / 2] for even n, does not
    count, so its gradient is 0.
    """
    x = _complex("irfft", x)
    return Irfft.of(x, **_along("irfft", x, axis, n, half=True), norm=_norm("irfft", norm))


@rule(Rfftn)
def rfftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """Return `rfft` along the last of several axes and `fft` along the others.

    See `fftn`.
    """
    x = _real("rfftn", x)
    return Rfftn.of(x, **_over("rfftn", x, axes, s), norm=_norm("rfftn", norm))


@rule(Irfftn)
def irfftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """Return the real numbers whose `rfftn` is x; s: the lengths of the result.

    See `irfft`.
    """
    x = _complex("irfftn", x)
    return Irfftn.of(x, **_over("irfftn", x, axes, s, half=True), norm=_norm("irfftn", norm))


@composite(domain=ANY, samples=LINE)
def hfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the real transform of a signal from its first half.

    x: (..., m, ...), the first half, which the second one mirrors, conjugated.
    n: the length of the result (default: 2 * (m - 1)).
    Gradient: to x. It is `irfft` of the conjugate under the opposite norm.
    """
    return irfft(conj(x), n=n, axis=axis, norm=OPPOSITE[_norm("hfft", norm)])


@composite(domain=ANY, samples=LINE)
def ihfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Return the first half of the signal whose `hfft` is real x. Gradient: to x."""
    return conj(rfft(x, n=n, axis=axis, norm=OPPOSITE[_norm("ihfft", norm)]))
