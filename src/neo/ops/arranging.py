"""Arrays put together, taken apart and turned, by NumPy's names."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

from ..core.array import Array
from ..errors import describe
from .broadcasting import positive_axes, reshape
from .broadcasting import sum as sum_of
from .creation import asarray, ones
from .formulas import multiply
from .indexing import getitem, scatter
from .manipulation import arange_like, concat, expand_dims, flip, moveaxis, permute_dims, tril
from .products import tensordot
from .promotion import one_dtype
from .registry import composite
from .statistics import diff

ANY, SQUARE, LINE = (-2, 2), ([(2, 3)], {}), ([(3,)], {})
PAIR = ([(2, 3), (2, 3)], {})


@composite(domain=ANY, samples=[([(2, 3)], {"k": 1}), ([(2, 2, 3)], {"k": 3, "axes": (0, 2)})])
def rot90(x: Any, /, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Return x turned k times by 90 degrees from one axis to another. Gradient: to x."""
    first, second = positive_axes(tuple(axes), len(x.shape))
    if k % 4 == 2:
        return flip(x, axis=(first, second))
    if k % 2 == 0:
        return x
    turned = swapaxes(flip(x, axis=second) if k % 4 == 1 else x, first, second)
    return turned if k % 4 == 1 else flip(turned, axis=second)


@composite(domain=ANY, samples=[([(2, 3, 4)], {"axis1": 0, "axis2": -1})])
def swapaxes(x: Any, /, axis1: int, axis2: int) -> Any:
    """Return x with two axes exchanged. Gradient: to x."""
    ((first,), (second,)) = [positive_axes(k, len(x.shape)) for k in (axis1, axis2)]
    order = list(range(len(x.shape)))
    order[first], order[second] = second, first
    return permute_dims(x, tuple(order))


def ravel(x: Any, /) -> Any:
    """Return x flattened, in row-major order. Gradient: to x."""
    return reshape(x, (-1,))


def fliplr(x: Any, /) -> Any:
    """Return x with its second axis reversed. Gradient: to x."""
    return flip(x, axis=1)


def flipud(x: Any, /) -> Any:
    """Return x with its first axis reversed. Gradient: to x."""
    return flip(x, axis=0)


def _at_least(x: Any, ndim: int) -> Any:
    if not hasattr(x, "shape"):
        x = asarray(x)
    missing = ndim - len(x.shape)
    if missing <= 0:
        return x
    if ndim == 3 and len(x.shape) > 0:  # NumPy's order: (n,) is (1, n, 1) and (n, m) is (n, m, 1)
        return reshape(x, (1, *x.shape, 1) if missing == 2 else (*x.shape, 1))
    return reshape(x, (*[1] * missing, *x.shape))


def _each_at_least(arrays: Any, ndim: int) -> Any:
    found = tuple([_at_least(x, ndim) for x in arrays])
    return found[0] if len(found) == 1 else found


def atleast_1d(*arys: Any) -> Any:
    """Return arrays with at least 1 axis; one array, or a tuple of several.

    Gradient: to each.
    """
    return _each_at_least(arys, 1)


def atleast_2d(*arys: Any) -> Any:
    """Return arrays with at least 2 axes, new ones in front. Gradient: to each."""
    return _each_at_least(arys, 2)


def atleast_3d(*arys: Any) -> Any:
    """Return arrays with at least 3 axes, placed as NumPy does. Gradient: to each."""
    return _each_at_least(arys, 3)


def vstack(arrays: Any, /) -> Any:
    """Return arrays joined along the first axis, rows if they have one axis.

    Gradient: to each.
    """
    return concat([_at_least(x, 2) for x in arrays], axis=0)


@composite(domain=ANY, samples=[PAIR, ([(2,), (3,)], {})])
def hstack(arrays: Any, /) -> Any:
    """Return arrays joined along the second axis, the first if they have one.

    Gradient: to each.
    """
    arrays = [_at_least(x, 1) for x in arrays]
    return concat(arrays, axis=0 if len(arrays[0].shape) == 1 else 1)


def dstack(arrays: Any, /) -> Any:
    """Return arrays joined along the third axis. Gradient: to each."""
    return concat([_at_least(x, 3) for x in arrays], axis=2)


def column_stack(arrays: Any, /) -> Any:
    """Return arrays joined as columns. Gradient: to each."""
    arrays = [_at_least(x, 1) for x in arrays]
    return concat([expand_dims(x, axis=1) if len(x.shape) == 1 else x for x in arrays], axis=1)


def append(x: Any, values: Any, /, axis: int | None = None) -> Any:
    """Return x with values behind it along an axis; None joins both flattened.

    Gradient: to both.
    """
    return concat([x, values], axis=axis)


@composite(domain=ANY, samples=[([(5, 2)], {"indices_or_sections": (2, 3)})])
def array_split(x: Any, /, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return x in parts along an axis: at the given places, or in so many parts.

    Gradient: to x.
    """
    (axis,) = positive_axes(axis, len(x.shape))
    n, ends = x.shape[axis], indices_or_sections
    if isinstance(ends, int):
        size, rest = divmod(n, ends)
        ends = [k * size + min(k, rest) for k in range(1, ends)]
    lead, places = (slice(None),) * axis, [0, *[int(k) for k in ends], n]
    # By the operator, so that parts of a neo array are views.
    take = x.__getitem__ if isinstance(x, Array) else partial(getitem, x)
    return [take((*lead, slice(start, stop), ...)) for start, stop in pairwise(places)]


def split(x: Any, /, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return x in parts along an axis; a number of parts must divide its length.

    Gradient: to x.
    """
    if isinstance(indices_or_sections, int) and x.shape[axis] % indices_or_sections:
        raise ValueError(
            f"split: {indices_or_sections} equal parts do not fit length {x.shape[axis]} of axis {axis}; "
            f"array_split makes unequal ones"
        )
    return array_split(x, indices_or_sections, axis)


@composite(domain=ANY, samples=[([(3,)], {"k": 1}), ([(3, 4)], {"k": -1})])
def diag(v: Any, /, k: int = 0) -> Any:
    """Return the matrix with v on diagonal k, or diagonal k of a matrix.

    Gradient: to v.
    """
    if len(v.shape) == 2:
        return diagonal(v, k)
    if len(v.shape) != 1:
        raise ValueError(f"diag takes an array with 1 or 2 axes, got {describe(v)}")
    n = v.shape[0]
    places = arange_like(v, n)
    key = (places + max(-k, 0), places + max(k, 0))
    return scatter(v, shape=(n + abs(k), n + abs(k)), key=key)


def diagflat(v: Any, /, k: int = 0) -> Any:
    """Return the matrix with the elements of v on diagonal k. Gradient: to v."""
    return diag(reshape(v, (-1,)), k)


@composite(domain=ANY, samples=[([(3, 4)], {"offset": 1}), ([(2, 3, 2)], {"axis1": 2, "axis2": 0})])
def diagonal(x: Any, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return a diagonal over two axes, as the last axis of the result.

    Gradient: to x.
    `neo.numpy.linalg.diagonal` is the standard's, over the last two axes.
    """
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    n = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    places = arange_like(x, n)
    return getitem(x, (..., places + max(-offset, 0), places + max(offset, 0)))


def trace(x: Any, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the sum of a diagonal over two axes, the first two by default.

    Gradient: to x.
    """
    return sum_of(diagonal(x, offset, axis1, axis2), axis=-1)


@composite(domain=ANY, samples=[([(2,), (3,)], {})])
def outer(x: Any, y: Any, /) -> Any:
    """Return the product of every element of x with every one of y, both flattened.

    Gradient: to both.
    """
    x, y = one_dtype(x, y)
    return multiply(reshape(x, (-1, 1)), reshape(y, (1, -1)))


@composite(domain=ANY, samples=[([(2, 3), (4, 3)], {})])
def inner(x: Any, y: Any, /) -> Any:
    """Return the sum of products over the last axes of x and y, without conjugation.

    Gradient: to both.
    """
    return multiply(x, y) if _is_0d(x) or _is_0d(y) else tensordot(x, y, axes=((-1,), (-1,)))


def _is_0d(x: Any) -> bool:
    return not len(getattr(x, "shape", ()))


@composite(domain=ANY, samples=[([(2, 3), (3, 2)], {}), ([(3,), (2, 3, 2)], {})])
def dot(x: Any, y: Any, /) -> Any:
    """Return the sum of products over the last axis of x and the last but one of y.

    Gradient: to both.
    As NumPy's dot: no stacks of matrix products beyond two axes; `matmul` has those.
    """
    if _is_0d(x) or _is_0d(y):
        return multiply(x, y)
    return tensordot(x, y, axes=((-1,), (-2 if len(y.shape) > 1 else -1,)))


def tri(N: int, M: int | None = None, k: int = 0, **settings: Any) -> Any:  # NumPy's names
    """Return a matrix of ones at and below diagonal k, else zeros.

    The result has no gradient.
    """
    return tril(ones((N, N if M is None else M), **settings), k=k)


def ediff1d(x: Any, /) -> Any:
    """Return the differences of neighbours in the flattened x. Gradient: to x."""
    return diff(reshape(x, (-1,)))
