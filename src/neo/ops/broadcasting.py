"""Broadcasting, summation and casting: the linear operations that every other rule leans on."""

from __future__ import annotations

from math import prod
from operator import index
from typing import Any

from ..backends import define
from ..core.call import call
from ..core.dtypes import COMPLEX, kind
from ..core.policy import library_of_all
from ..errors import describe
from .batching import aligned, leading, over, ranked
from .kernels import with_kernel
from .registry import BuiltIn, reworded, rule

Axes = int | tuple[int, ...] | None
ANY = (-2, 2)


def positive_axes(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Return axes as a tuple of numbers from 0; None means all.

    Raises ValueError for an axis out of range or named twice, TypeError for what is no integer.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    try:
        for k in axes:
            if not -ndim <= index(k) < ndim:
                raise ValueError(f"axis {k} is out of range for an array with {ndim} axes")
    except TypeError as error:
        raise TypeError(f"an axis must be an integer, or several in a tuple; got {axis!r}") from error
    found = tuple([k % ndim for k in axes])
    if len(set(found)) != len(found):
        raise ValueError(f"axis {axis} names an axis twice")
    return found


def kept_shape(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    """Return the shape with the axes' lengths replaced by 1."""
    axes = positive_axes(axis, len(shape))
    return tuple([1 if k in axes else n for k, n in enumerate(shape)])


def own_dtype(x: Any, dtype: Any) -> Any:
    """Return a dtype of any library, or its name, as that of x's library; None as it is."""
    return None if dtype is None else library_of_all((x,)).dtype(dtype)


class Sum(BuiltIn):
    linear = True
    domain = ANY
    samples = [
        ([(3, 4)], {}),
        ([(3, 4)], {"axis": 0}),
        ([(2, 3, 2)], {"axis": (0, -1), "keepdims": True}),
        ([()], {}),
        ([(2, 0)], {"axis": 1}),
    ]
    batch = classmethod(over())

    @staticmethod
    def value_and_saved(xp, slots, x, *, axis, dtype, keepdims):
        return xp.sum(x, axis=axis, dtype=dtype, keepdims=keepdims), (tuple(x.shape), axis, x.dtype)

    @staticmethod
    def slopes(g, shape, axis, dtype):
        return (spread(astype(g, dtype), shape, positive_axes(axis, len(shape))),)


def _spread(g: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """Return g, a sum over axes of an array of a shape, at every element that was summed."""
    return broadcast_to(reshape(g, kept_shape(shape, axes)), shape)


spread = with_kernel("spread", _spread)


@rule(Sum)
def sum(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the sum of elements over axes.

    x: (...) numeric. axis: an axis, several, or None for all. dtype: of the result; by default
    that of x, and the default integer for small integers.
    Gradient: to x, the same for every element summed.
    """
    return Sum.of(x, axis=axis, dtype=own_dtype(x, dtype), keepdims=keepdims)


class BroadcastTo(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(3, 1)], {"shape": (2, 3, 4)}), ([()], {"shape": (2, 2)}), ([(0, 1)], {"shape": (0, 3)})]

    @staticmethod
    def value_and_saved(xp, slots, x, *, shape):
        return xp.broadcast_to(x, shape), (tuple(x.shape),)

    @staticmethod
    def slopes(g, shape):
        return (unbroadcast(g, shape),)

    @classmethod
    def batch(cls, batched, x, *, shape):
        return cls.of(ranked(x, len(shape)), shape=(x.shape[0], *shape))


@rule(BroadcastTo)
def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    """Return x broadcast to a shape, as a view where the library can.

    Gradient: to x, summed over the axes that were stretched.
    Raises ValueError when x does not broadcast to the shape.
    """
    if tuple(x.shape) == tuple(shape):
        return x
    try:
        if -1 in shape:  # which Torch takes for "as it is"
            raise ValueError("negative length")
        return BroadcastTo.of(x, shape=tuple(shape))
    except Exception as error:
        pairs = list(zip(reversed(x.shape), reversed(shape), strict=False))
        if x.ndim <= len(shape) and -1 not in shape and all(n in (1, m) for n, m in pairs):
            raise
        raise ValueError(
            f"broadcast_to: {describe(x)} does not broadcast to shape {tuple(shape)}; counted from the "
            f"last, each of its lengths must be 1 or the shape's"
        ) from error


class Reshape(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {"shape": (3, 2)}), ([(2, 3)], {"shape": (-1,)}), ([()], {"shape": (1, 1)})]

    @staticmethod
    def value_and_saved(xp, slots, x, *, shape, copy=None):
        out = xp.reshape(x, shape) if copy is None else xp.reshape(x, shape, copy=copy)
        return out, (tuple(x.shape),)

    @staticmethod
    def slopes(g, shape):
        return (reshape(g, shape),)

    @classmethod
    def batch(cls, batched, x, *, shape, copy):
        size, known = prod(x.shape[1:]), prod([n for n in shape if n != -1])
        # Spelled out: of no examples, the library could not infer a length.
        lengths = [size // max(known, 1) if n == -1 else n for n in shape]
        return cls.of(x, shape=(x.shape[0], *lengths), copy=copy)


@rule(Reshape)
def reshape(x: Any, /, shape: tuple[int, ...] | int, *, copy: bool | None = None) -> Any:
    """Return x in another shape, in row-major order; -1 is inferred.

    Raises ValueError when the shape has another number of elements.
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if tuple(x.shape) == shape and copy is None:
        return x
    try:
        return call(Reshape, (x,), {"shape": shape, "copy": copy})
    except Exception as error:
        size, known = prod(x.shape), prod([n for n in shape if n != -1])
        if size == known or (shape.count(-1) == 1 and known and size % known == 0):
            reworded("reshape", (x,), {"shape": shape}, error)
            raise
        raise ValueError(
            f"reshape: {describe(x)} has {size} elements, and shape {shape} does not hold as many; one "
            f"length may be -1, which is inferred"
        ) from error


def _unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Return g summed down to a shape that broadcasts to its own."""
    have = tuple(g.shape)
    if have == tuple(shape):
        return g
    added = len(have) - len(shape)
    stretched = [k + added for k, n in enumerate(shape) if n == 1 and have[k + added] != 1]
    axes = (*range(added), *stretched)
    return reshape(sum(g, axis=axes, keepdims=True), shape) if axes else reshape(g, shape)


unbroadcast = with_kernel("unbroadcast", _unbroadcast)


class Astype(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {"dtype": name}) for name in ("float32", "float64", "complex128")]
    batch = classmethod(leading)

    @staticmethod
    def value_and_saved(xp, slots, x, *, dtype, copy=True):
        return xp.astype(x, dtype, copy=copy), (x.dtype,)

    @staticmethod
    def slopes(g, dtype):
        if kind(g.dtype) == COMPLEX and kind(dtype) != COMPLEX:
            g = real(g)
        return (astype(g, dtype),)


@rule(Astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Return x with another dtype.

    Gradient: to x, cast back; the real part where a real x became complex. None through an
    integer or bool dtype.
    """
    if x.dtype == dtype and device is None:
        return x
    return Astype.of(x, dtype=dtype, copy=copy)


class Conj(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {})]
    batch = classmethod(leading)

    def forward(self, z):
        return self.xp.conj(z)

    def backward(self, g):
        return conj(g)


@rule(Conj)
def conj(x: Any, /) -> Any:
    """Return the complex conjugate; a real x as it is."""
    return Conj.of(x) if kind(x.dtype) == COMPLEX else x


class Real(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {})]
    batch = classmethod(leading)

    def forward(self, z):
        self.ctx.save(z.dtype)
        return self.xp.real(z)

    def backward(self, g):
        (dtype,) = self.ctx.release
        return astype(g, dtype)


@rule(Real)
def real(x: Any, /) -> Any:
    """Return the real part of a complex x; a real x as it is."""
    return Real.of(x) if kind(x.dtype) == COMPLEX else x


class Imag(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {})]
    batch = classmethod(leading)

    def forward(self, z):
        self.ctx.save(z.dtype)
        return self.xp.imag(z)

    def backward(self, g):
        (dtype,) = self.ctx.release
        return astype(g, dtype) * 1j


@rule(Imag)
def imag(x: Any, /) -> Any:
    """Return the imaginary part of x; zeros for a real x."""
    if kind(x.dtype) == COMPLEX:
        return Imag.of(x)
    from .constant import on_values  # which is built on this module

    return on_values(lambda xp, x: xp.zeros_like(x), x)


@define("joined")
def _joined(xp, x, y):
    # Where y is infinite this is NaN + inf j; the usual libraries have kernels of their own.
    dtype = xp.result_type(x.dtype, xp.complex64)
    return xp.astype(x, dtype) + xp.astype(y, dtype) * 1j


class Joined(BuiltIn):
    """The inner operation of `joined`, which has no name among the public ones."""

    linear = True
    domain = ANY
    samples = [([(2, 3), (2, 3)], {})]
    batch = classmethod(aligned)

    def forward(self, x, y):
        return self.xp.joined(x, y)

    def backward(self, g):
        return real(g), imag(g)


def joined(x: Any, y: Any, /) -> Any:
    """Return the complex array with x and y as its real and imaginary parts, whatever they hold.

    x, y: (...) real, of one shape and dtype. Gradient: to x the real part, to y the imaginary.
    """
    return Joined.of(x, y)
