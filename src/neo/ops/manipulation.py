"""Moving elements around: each operation's gradient moves them back."""

from __future__ import annotations

from math import prod
from typing import Any

from ..core.array import bottom_of
from ..core.call import call
from ..core.policy import library_of_all
from ..errors import counted, whole
from .batching import along, joined, leading, ranked, shifted
from .broadcasting import Axes, broadcast_to, positive_axes, reshape, sum
from .promotion import one_dtype
from .registry import BuiltIn, composite, reworded, rule

ANY = (-2, 2)


class PermuteDims(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3, 4)], {"axes": (2, 0, 1)}), ([()], {"axes": ()})]

    @staticmethod
    def value_and_saved(xp, slots, x, *, axes):
        return xp.permute_dims(x, axes), (tuple(sorted(range(len(axes)), key=axes.__getitem__)),)

    @staticmethod
    def slopes(g, inverse):
        return (permute_dims(g, inverse),)

    @classmethod
    def batch(cls, batched, x, *, axes):
        return cls.of(x, axes=(0, *shifted(axes, len(axes))))


@rule(PermuteDims)
def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    """Return x with its axes in another order. Gradient: to x, in the order before.

    Raises ValueError when axes is not a permutation of the axes of x.
    """
    found = positive_axes(axes if isinstance(axes, int) else tuple(axes), x.ndim)
    if len(found) != x.ndim:
        raise ValueError(f"permute_dims: axes {axes} for an array with {x.ndim} axes; name each once")
    try:
        return call(PermuteDims, (x,), {"axes": found})
    except Exception as error:
        reworded("permute_dims", (x,), {"axes": found}, error)
        raise


class MatrixTranspose(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {}), ([(2, 3, 4)], {})]
    batch = classmethod(leading)

    @staticmethod
    def value_and_saved(xp, slots, x):
        return xp.matrix_transpose(x), ()

    @staticmethod
    def slopes(g):
        return (matrix_transpose(g),)


@rule(MatrixTranspose)
def matrix_transpose(x: Any, /) -> Any:
    """Return x with its last two axes exchanged. Gradient: to x, exchanged back.

    Raises ValueError below two axes.
    """
    if len(x.shape) < 2:
        _matrices("matrix_transpose", x)
    try:
        return call(MatrixTranspose, (x,), {})
    except Exception as error:
        reworded("matrix_transpose", (x,), {}, error)
        raise


def _matrices(name: str, x: Any) -> None:
    if len(x.shape) < 2:
        raise ValueError(f"{name} needs at least 2 axes, got shape {tuple(x.shape)}")


@composite(domain=ANY, samples=[([(2, 3, 4)], {"source": 0, "destination": -1})])
def moveaxis(x: Any, source: Axes, destination: Axes, /) -> Any:
    """Return x with axes moved to other places, the rest in order. Gradient: to x."""
    sources, places = positive_axes(source, x.ndim), positive_axes(destination, x.ndim)
    if len(sources) != len(places):
        raise ValueError(f"moveaxis: {len(sources)} axes for {len(places)} places")
    order = [k for k in range(x.ndim) if k not in sources]
    for place, k in sorted(zip(places, sources, strict=True)):
        order.insert(place, k)
    return x if order == list(range(x.ndim)) else permute_dims(x, tuple(order))


@composite(domain=ANY, samples=[([(2, 3)], {"axis": 1}), ([()], {"axis": 0})])
def expand_dims(x: Any, /, axis: Axes = 0) -> Any:
    """Return x with axes of length 1 at those places of the result. Gradient: to x."""
    count = len(axis) if isinstance(axis, tuple) else 1
    places = _places(axis, x.ndim + count)
    lengths = iter(x.shape)
    return reshape(x, tuple([1 if k in places else next(lengths) for k in range(x.ndim + count)]))


def _places(axis: Axes, ndim: int) -> tuple[int, ...]:
    try:
        return positive_axes(axis, ndim)
    except ValueError as error:
        # The standard's own class for an axis that does not exist in the result.
        raise IndexError(f"expand_dims: {error}") from None


@composite(domain=ANY, samples=[([(2, 1, 3)], {"axis": 1}), ([(1, 3, 1)], {"axis": (0, 2)})])
def squeeze(x: Any, /, axis: Axes) -> Any:
    """Return x without axes of length 1. Gradient: to x.

    Raises ValueError for an axis of another length.
    """
    axes = positive_axes(axis, x.ndim)
    for k in axes:
        if x.shape[k] != 1:
            raise ValueError(f"squeeze: axis {k} of shape {tuple(x.shape)} has length {x.shape[k]}, not 1")
    return reshape(x, tuple([n for k, n in enumerate(x.shape) if k not in axes]))


class Flip(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {"axis": None}), ([(2, 3)], {"axis": 1})]
    batch = classmethod(along())

    def forward(self, x, *, axis):
        self.ctx.save(axis)
        return self.xp.flip(x, axis=axis)

    def backward(self, g):
        (axis,) = self.ctx.release
        return flip(g, axis=axis)


@rule(Flip)
def flip(x: Any, /, *, axis: Axes = None) -> Any:
    """Return x reversed along axes; None means all of them. Gradient: to x."""
    return Flip.of(x, axis=positive_axes(axis, x.ndim))


class Roll(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {"shift": 1, "axis": None}), ([(2, 3)], {"shift": (1, -2), "axis": (0, 1)})]

    def forward(self, x, *, shift, axis):
        self.ctx.save(shift, axis)
        return self.xp.roll(x, shift, axis=axis)

    def backward(self, g):
        shift, axis = self.ctx.release
        back = tuple([-s for s in shift]) if isinstance(shift, tuple) else -shift
        return roll(g, back, axis=axis)

    @classmethod
    def batch(cls, batched, x, *, shift, axis):
        if axis is None:  # along the flattened example
            flat = cls.of(reshape(x, (x.shape[0], prod(x.shape[1:]))), shift=shift, axis=1)
            return reshape(flat, x.shape)
        axes = shifted(axis, len(x.shape) - 1)
        return cls.of(x, shift=shift, axis=axes if isinstance(axis, tuple) else axes[0])


@rule(Roll)
def roll(x: Any, /, shift: int | tuple[int, ...], *, axis: Axes = None) -> Any:
    """Return x with elements moved along axes, round the ends.

    axis: None moves along the flattened x. Gradient: to x, moved back.
    Raises TypeError for a shift that is no integer, ValueError for as many shifts as not axes.
    """
    shifts = shift if isinstance(shift, tuple) else (shift,)
    for n in shifts:
        whole("roll", "shift", n)
    if isinstance(shift, tuple) and not (isinstance(axis, tuple) and len(axis) == len(shift)):
        raise ValueError(f"roll: {len(shift)} shifts {shift} for axis={axis!r}; give one axis per shift")
    return Roll.of(x, shift=shift, axis=axis)


class Concat(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3), (1, 3)], {"axis": 0}), ([(2, 3), (2, 0), (2, 1)], {"axis": 1})]
    batch = classmethod(joined)

    def forward(self, *arrays, axis):
        self.ctx.save(axis, tuple([x.shape[axis] for x in arrays]))
        return self.xp.concat(arrays, axis=axis)

    def backward(self, g):
        axis, lengths = self.ctx.release
        gradients, start = [], 0
        for k, n in enumerate(lengths):
            key = (*[slice(None)] * axis, slice(start, start + n), ...)
            gradients.append(g[key] if self.needs(k) else None)
            start += n
        return tuple(gradients)


@rule(Concat)
def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """Return arrays joined along an axis they have; None joins them flattened.

    Gradient: to each array, its slice. Raises ValueError when other lengths differ.
    """
    arrays = one_dtype(*arrays)
    if axis is None:
        arrays, axis = [reshape(x, (-1,)) for x in arrays], 0
    (axis,) = positive_axes(axis, arrays[0].ndim)
    try:
        return Concat.of(*arrays, axis=axis)
    except Exception as error:
        if len({(*x.shape[:axis], *x.shape[axis + 1 :]) for x in arrays}) == 1:
            raise
        raise ValueError(
            f"concat: shapes {[tuple(x.shape) for x in arrays]} differ in more than axis {axis}; reshape or "
            f"broadcast_to makes them alike"
        ) from error


class Stack(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3), (2, 3)], {"axis": 0}), ([(2,), (2,), (2,)], {"axis": 1})]
    batch = classmethod(joined)

    def forward(self, *arrays, axis):
        self.ctx.save(axis)
        return self.xp.stack(arrays, axis=axis)

    def backward(self, g):
        (axis,) = self.ctx.release
        return unstack(g, axis=axis)


@rule(Stack)
def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """Return arrays of one shape joined along a new axis. Gradient: to each."""
    arrays = one_dtype(*arrays)
    shapes = {tuple(x.shape) for x in arrays}
    if len(shapes) != 1:
        raise ValueError(f"stack: arrays must have one shape, got {sorted(shapes)}")
    (axis,) = positive_axes(axis, arrays[0].ndim + 1)
    return Stack.of(*arrays, axis=axis)


class Unstack(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {"axis": 0}), ([(2, 3)], {"axis": 1})]
    batch = classmethod(along())

    def forward(self, x, *, axis):
        self.ctx.save(axis)
        return tuple(self.xp.unstack(x, axis=axis))

    def backward(self, *gradients):
        (axis,) = self.ctx.release
        return stack(gradients, axis=axis)


@rule(Unstack)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the slices of x along an axis, a tuple. Gradient: to x, stacked again."""
    (axis,) = positive_axes(axis, x.ndim)
    return Unstack.of(x, axis=axis) if x.shape[axis] else ()


class Tile(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(2, 3)], {"repetitions": (2,)}), ([(2,)], {"repetitions": (3, 2)})]

    def forward(self, x, *, repetitions):
        self.ctx.save(tuple(x.shape), repetitions)
        return self.xp.tile(x, repetitions)

    def backward(self, g):
        shape, repetitions = self.ctx.release
        n = max(len(shape), len(repetitions))
        lengths = (1,) * (n - len(shape)) + shape
        times = (1,) * (n - len(repetitions)) + repetitions
        pairs = tuple([k for pair in zip(times, lengths, strict=True) for k in pair])
        return reshape(sum(reshape(g, pairs), axis=tuple(range(0, 2 * n, 2))), shape)

    @classmethod
    def batch(cls, batched, x, *, repetitions):
        x = ranked(x, len(repetitions))
        return cls.of(x, repetitions=(1,) * (len(x.shape) - len(repetitions)) + repetitions)


@rule(Tile)
def tile(x: Any, repetitions: int | tuple[int, ...], /) -> Any:
    """Return x repeated as a whole along each axis.

    repetitions: how often, for each of the last axes; one number is for the last. Gradient: the sum of
    the copies.
    """
    repetitions = repetitions if isinstance(repetitions, tuple | list) else (repetitions,)
    repetitions = tuple([counted("tile", "repetitions", n) for n in repetitions])
    return Tile.of(x, repetitions=repetitions)


class Tril(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(3, 3)], {"k": 0}), ([(2, 3, 4)], {"k": -1})]
    batch = classmethod(leading)

    def forward(self, x, *, k):
        self.ctx.save(k)
        return self.xp.tril(x, k=k)

    def backward(self, g):
        (k,) = self.ctx.release
        return tril(g, k=k)


@rule(Tril)
def tril(x: Any, /, *, k: int = 0) -> Any:
    """Return x with zeros above diagonal k of each matrix. Gradient: to what is kept."""
    _matrices("tril", x)
    return Tril.of(x, k=k)


class Triu(BuiltIn):
    linear = True
    domain = ANY
    samples = [([(3, 3)], {"k": 0}), ([(2, 3, 4)], {"k": 1})]
    batch = classmethod(leading)

    def forward(self, x, *, k):
        self.ctx.save(k)
        return self.xp.triu(x, k=k)

    def backward(self, g):
        (k,) = self.ctx.release
        return triu(g, k=k)


@rule(Triu)
def triu(x: Any, /, *, k: int = 0) -> Any:
    """Return x with zeros below diagonal k of each matrix. Gradient: to what is kept."""
    _matrices("triu", x)
    return Triu.of(x, k=k)


@composite(domain=ANY, samples=[([(2, 1), (3,)], {})])
def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """Return the arrays broadcast to one shape. Gradient: to each, summed."""
    shape = broadcast_shapes(*[tuple(x.shape) for x in arrays])
    return tuple([broadcast_to(x, shape) for x in arrays])


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that shapes broadcast to. Raises ValueError when they do not."""
    ndim = max([len(shape) for shape in shapes], default=0)
    out = [1] * ndim
    for shape in shapes:
        for k, n in enumerate(shape, ndim - len(shape)):
            if n != 1 and out[k] not in (1, n):
                raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast")
            out[k] = n if n != 1 else out[k]
    return tuple(out)


@composite(domain=ANY, samples=[([(2,), (3,)], {}), ([(2,), (3,), (1,)], {"indexing": "ij"})])
def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Return coordinate grids of 1-d arrays; `xy` swaps two axes. Gradient: to each."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', got {indexing!r}")
    arrays = one_dtype(*arrays) if arrays else []
    n = len(arrays)
    order = list(range(n))
    if indexing == "xy" and n > 1:
        order[0], order[1] = 1, 0
    grids = []
    for x, k in zip(arrays, order, strict=True):
        shape = [1] * n
        shape[k] = -1
        grids.append(reshape(x, tuple(shape)))
    return broadcast_arrays(*grids)


def arange_like(x: Any, n: int) -> Any:
    """Return the integers below n as a raw array of x's library and device."""
    raw = bottom_of(x)
    library = library_of_all((raw,))
    return library.raw.arange(n, device=library.place(library.device(raw)))
