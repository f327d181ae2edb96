"""The solution of an initial value problem made of operations, and its state as one vector."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any

from .. import backends, tree
from ..core.array import raw_of
from ..core.dtypes import COMPLEX, REAL, differentiable, kind
from ..errors import describe
from ..ops.broadcasting import astype, real, reshape
from ..ops.indexing import getitem
from ..ops.manipulation import concat, stack
from ..ops.promotion import one_dtype
from ..transforms.checkpoint import checkpoint as checkpointed
from .stepping import Control, step, steps, within


def by_steps(
    func: Callable[..., Any], y0: Any, t: Any, args: Any, control: Control, checkpoint: bool = False
) -> Any:
    """Return the solution, made of operations."""
    times = checked_times(t)
    y, unravel = as_vector(y0)

    def slope(y: Any, now: Any) -> Any:
        found = func(unravel(y), now, *args)
        check_like(found, y0)
        return as_vector(found, y.dtype)[0]

    take = partial(step, slope)
    run = checkpointed(lambda y, k, now, h: take(y, k, now, h)) if checkpoint else take
    t0, found, k = getitem(t, 0), [y], 1
    if len(times) > 1:
        for begin, (end, *slopes), offset, h in steps(slope, y, t0, times, control, run):
            while k < len(times) and abs(times[k] - times[0]) <= abs(offset + h):
                part = (getitem(t, k) - t0 - offset) / h
                found.append(within(begin, end, slopes, h, part))
                k += 1
    rows = [tree.flatten(unravel(y))[0] for y in found]
    return tree.flatten(y0)[1]([stack(list(column)) for column in zip(*rows, strict=True)])


def checked_times(t: Any) -> list[float]:
    """Return times as numbers. Raises ValueError where they neither rise nor fall."""
    raw = raw_of(t)
    if not hasattr(raw, "dtype") or len(raw.shape) != 1 or kind(raw.dtype) != REAL or not raw.shape[0]:
        raise ValueError(f"odeint takes times t as a real array of shape (n,), n > 0; got {describe(raw)}")
    times: list[float] = backends.of(raw).to_numpy(raw).tolist()
    pairs = list(pairwise(times))
    if not (all([a < b for a, b in pairs]) or all([a > b for a, b in pairs])):
        raise ValueError(
            f"odeint takes times that rise or fall; got {times[:6]}. Sort them, and leave out equals"
        )
    return times


def checked_state(y0: Any) -> Any:
    """Return a state with its numbers as arrays. Raises TypeError for one of integers, which y leaves."""

    def checked(x: Any) -> Any:
        x = backends.current()[0].asarray(x) if type(x) in (float, complex) else x
        if not hasattr(x, "dtype") or not differentiable(x.dtype):
            raise TypeError(
                f"odeint takes a y0 of real or complex numbers, got {describe(x)}. Cast it, for example "
                f"y0.astype('float64')"
            )
        return x

    return tree.map(checked, y0)


def as_vector(y: Any, dtype: Any = None) -> tuple[Any, Callable[[Any], Any]]:
    """Return a tree of arrays as one vector, and what makes the tree of such a vector."""
    leaves, build = tree.flatten(y)
    shapes, dtypes = [tuple(x.shape) for x in leaves], [x.dtype for x in leaves]
    sizes = [prod(shape) for shape in shapes]
    flat = one_dtype(*[reshape(x, (-1,)) for x in leaves])

    def unravel(v: Any) -> Any:
        out, start = [], 0
        for shape, kept, size in zip(shapes, dtypes, sizes, strict=True):
            out.append(_cast(reshape(getitem(v, slice(start, start + size)), shape), kept))
            start += size
        return build(out)

    vector = concat(list(flat))
    return (vector if dtype is None else _cast(vector, dtype)), unravel


def _cast(x: Any, dtype: Any) -> Any:
    if kind(x.dtype) == COMPLEX and kind(dtype) == REAL:
        x = real(x)
    return x if x.dtype == dtype else astype(x, dtype)


def check_like(found: Any, y0: Any) -> None:
    """Raise TypeError where func's result has another tree or shape than y0, or is complex and y0 not."""
    if not tree.is_alike(found, y0):
        raise TypeError(
            f"odeint's function returned a tree with leaves at {tree.paths(found)} where y0 has them at "
            f"{tree.paths(y0)}; it returns dy/dt, in the tree and the shapes of y"
        )
    slopes, ys = tree.flatten(found)[0], tree.flatten(y0)[0]
    shapes = [[tuple(getattr(x, "shape", ())) for x in leaves] for leaves in (slopes, ys)]
    if shapes[0] != shapes[1]:
        raise TypeError(
            f"odeint's function returned shapes {shapes[0]} where y0 has {shapes[1]}; it returns dy/dt, in "
            f"the tree and the shapes of y"
        )
    for slope, y in zip(slopes, ys, strict=True):
        if kind(getattr(slope, "dtype", None)) == COMPLEX and kind(y.dtype) == REAL:
            raise TypeError(
                f"odeint's function returned {describe(slope)} where y0 is {describe(y)}, which its "
                f"imaginary part does not fit in. Pass a complex y0"
            )
