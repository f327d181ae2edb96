"""Loops that check what they carry and can forget what need not be kept.

Python's own `for`, `while` and `if` differentiate as they stand, since operations run at once. These
have JAX's signatures; what they add is `checkpoint=`: a loop of n steps then keeps about 2 sqrt(n)
states instead of everything that n steps computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isqrt
from typing import Any

from . import backends, tree
from .core.array import bottom_of, is_batched
from .errors import describe
from .ops.broadcasting import reshape
from .ops.creation import asarray
from .ops.indexing import getitem
from .ops.manipulation import concat, flip, stack, unstack
from .ops.selection import where
from .transforms.checkpoint import checkpoint as checkpointed

__all__ = ["fori_loop", "scan", "while_loop"]


def scan(
    f: Callable[..., Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: bool | int = False,
) -> tuple[Any, Any]:
    """Run f along the first axis of xs, carrying a state; return (last state, stacked outputs).

    f(carry, x) returns (carry, y). init: the first carry, an array or a tree; every later one has
    its tree, shapes and dtypes. xs: a tree of arrays with one length in front, or None with
    `length` steps. reverse: from the end to the front; the outputs stand where their x stood.
    checkpoint: True to keep about sqrt(length) states and compute the steps between them again in
    the backward pass; a number of steps to keep one state every so often.
    Gradient: to init, xs and whatever f closes over, to every order, forward and reverse.
    Raises ValueError for lengths that differ, TypeError for a carry that changes.

    >>> import numpy as np
    >>> scan(lambda total, x: (total + x, total * x), np.asarray(0.0), np.asarray([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    """
    n = _length(xs, length)
    if n == 0:
        one = _outputs([_pair(f(init, tree.map(_row_of_zeros, xs)))[1]], init)
        return init, tree.map(lambda y: getitem(y, (slice(0, 0), ...)), one)
    xs = tree.map(lambda x: flip(x, axis=0), xs) if reverse else xs
    carry, blocks = init, []
    for size, part in _parts(xs, n, checkpoint):
        run = lambda carry, part, size=size: _steps(f, carry, part, size)  # noqa: E731
        carry, block = (checkpointed(run) if checkpoint else run)(carry, part)
        blocks.append(block)
    ys = _joined(blocks)
    return carry, tree.map(lambda y: flip(y, axis=0), ys) if reverse else ys


def _length(xs: Any, length: int | None) -> int:
    """Return the number of steps. Raises ValueError when it is unknown, or known as several."""
    leaves, where = tree.flatten(xs)[0], tree.paths(xs)
    scalars = [path for x, path in zip(leaves, where, strict=True) if not getattr(x, "shape", ())]
    if scalars:
        raise ValueError(f"scan runs along the first axis of xs, and xs{scalars[0]} has none")
    lengths = {f"xs{path}": x.shape[0] for x, path in zip(leaves, where, strict=True)}
    if length is not None:
        lengths["length"] = length
    if len(set(lengths.values())) != 1:
        found = ", ".join([f"{name}: {n}" for name, n in lengths.items()]) or "neither xs nor length"
        raise ValueError(f"scan needs one number of steps, got {found}. Pass xs of one length, or length=")
    return int(next(iter(lengths.values())))


def _parts(xs: Any, n: int, checkpoint: bool | int) -> Iterator[tuple[int, Any]]:
    """Yield (number of steps, their part of xs): everything at once, or segments."""
    size = _segment(n, checkpoint)
    leaves, build = tree.flatten(xs)
    columns = [_cut(x, n, size) for x in leaves]
    for k, start in enumerate(range(0, n, size)):
        yield min(size, n - start), build([column[k] for column in columns])


def _segment(n: int, checkpoint: bool | int) -> int:
    """Return how many steps a segment has. Raises ValueError for less than one."""
    if checkpoint is False:
        return max(n, 1)
    if checkpoint is True:
        return max(isqrt(max(n - 1, 0)) + 1, 1)
    if checkpoint < 1:
        raise ValueError(f"checkpoint={checkpoint}: a segment has at least one step. Pass True to choose")
    return checkpoint


def _cut(x: Any, n: int, size: int) -> list[Any]:
    """Return an array in pieces along the first axis: whole ones by one call, and the rest."""
    if size >= n:
        return [x]
    whole = n // size
    main = x if whole * size == n else getitem(x, (slice(0, whole * size), ...))
    pieces = list(unstack(reshape(main, (whole, size, *tuple(x.shape)[1:])), axis=0))
    return pieces if whole * size == n else [*pieces, getitem(x, (slice(whole * size, n), ...))]


def _steps(f: Callable[..., Any], carry: Any, xs: Any, n: int) -> tuple[Any, Any]:
    """Run n steps of a scan; return the carry and the outputs, stacked."""
    leaves, build = tree.flatten(xs)
    rows = zip(*[unstack(x, axis=0) for x in leaves], strict=True) if leaves else [()] * n
    ys = []
    for row in rows:
        before = carry
        carry, y = _pair(f(carry, build(list(row))))
        _check_same(before, carry, "scan", "carry")
        ys.append(y)
    return carry, _outputs(ys, carry)


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"scan's function returns a pair (carry, y); this one returned {describe(result)}")
    return result


def _outputs(ys: list[Any], near: Any) -> Any:
    """Return the outputs of the steps as one tree of stacked arrays."""
    leaves, build = [tree.flatten(y)[0] for y in ys], tree.flatten(ys[0])[1]
    return build([_stacked(list(column), near) for column in zip(*leaves, strict=True)])


def _stacked(column: list[Any], near: Any) -> Any:
    if all([hasattr(y, "dtype") for y in column]):
        return stack(column)
    arrays = [bottom_of(x) for x in tree.flatten(near)[0] if hasattr(x, "dtype")]
    return backends.of(arrays[0]).asarray(column) if arrays else asarray(column)


def _joined(blocks: list[Any]) -> Any:
    if len(blocks) == 1:
        return blocks[0]
    leaves, build = [tree.flatten(block)[0] for block in blocks], tree.flatten(blocks[0])[1]
    return build([concat(list(column)) for column in zip(*leaves, strict=True)])


def _row_of_zeros(x: Any) -> Any:
    """Return zeros like a row of an array that has none."""
    raw = bottom_of(x)
    library = backends.of(raw)
    place = library.place(library.device(raw))
    return library.xp.zeros(tuple(x.shape)[1:], dtype=raw.dtype, device=place)


def while_loop(
    cond: Callable[[Any], Any], body: Callable[[Any], Any], init: Any, *, checkpoint: bool | int = False
) -> Any:
    """Return body(...body(init)), applied for as long as cond of the value is true.

    init: an array or a tree; body returns the like of it. checkpoint: True to keep about
    sqrt(2 n) of the n values, in segments of 1, 2, 3, ... steps; a number of steps per segment.
    Gradient: as of Python's own while: of the steps that were taken, forward and reverse.
    Inside `vmap` it goes on for as long as cond is true of any example; others keep their values.
    Raises TypeError for a value that changes its tree, shape or dtype.

    >>> import numpy as np
    >>> while_loop(lambda x: x < 100, lambda x: x * 3, np.asarray(2.0))
    np.float64(162.0)
    """
    value, more, size = init, True, 0
    while more:
        size = size + 1 if checkpoint is True else _segment(1, checkpoint)
        run = lambda value, size=size: _repeat(cond, body, value, size if checkpoint else None)  # noqa: E731
        value, more = (checkpointed(run) if checkpoint else run)(value)
    return value


def _repeat(cond: Callable[[Any], Any], body: Any, value: Any, most: int | None) -> tuple[Any, bool]:
    """Return the value after some steps at most, and whether there may be more."""
    done = 0
    while done != most:
        more = cond(value)
        if not _any(more):
            return value, False
        before, value = value, body(value)
        _check_same(before, value, "while_loop", "value")
        if is_batched(more):  # inside vmap: the examples that are done keep their values
            value = _chosen(more, value, before)
        done += 1
    return value, True


def _any(condition: Any) -> bool:
    """Tell whether a condition holds, in any example of a batch."""
    if not is_batched(condition):
        return bool(condition)
    raw = bottom_of(condition)
    return bool(backends.of(raw).xp.any(raw))


def _chosen(condition: Any, after: Any, before: Any) -> Any:
    pairs = zip(tree.flatten(after)[0], tree.flatten(before)[0], strict=True)
    return tree.flatten(before)[1]([where(condition, x, y) for x, y in pairs])


def fori_loop(
    lower: int, upper: int, body: Callable[[int, Any], Any], init: Any, *, checkpoint: bool | int = False
) -> Any:
    """Return the value after value = body(i, value) for every i from lower to upper - 1.

    init: an array or a tree; body returns the like of it. checkpoint: as for `scan`.
    Gradient: to init and whatever body closes over, forward and reverse.
    Raises TypeError for a value that changes its tree, shape or dtype.

    >>> import numpy as np
    >>> fori_loop(0, 4, lambda i, x: x + i, np.asarray(1.0))
    np.float64(7.0)
    """
    lower, upper, value = int(lower), int(upper), init
    size = _segment(upper - lower, checkpoint)
    for start in range(lower, upper, size):
        run = lambda value, start=start: _count(body, value, range(start, min(start + size, upper)))  # noqa: E731
        value = (checkpointed(run) if checkpoint else run)(value)
    return value


def _count(body: Callable[[int, Any], Any], value: Any, numbers: range) -> Any:
    for i in numbers:
        before, value = value, body(i, value)
        _check_same(before, value, "fori_loop", "value")
    return value


def _check_same(before: Any, after: Any, loop: str, what: str) -> None:
    """Raise TypeError where a loop's state is not like the one before."""
    if tree.structure(before) != tree.structure(after):
        raise TypeError(
            f"{loop} carries one tree: {what} had leaves at {tree.paths(before)} and the function returned "
            f"leaves at {tree.paths(after)}. Return the same tree"
        )
    for k, (x, y) in enumerate(zip(tree.flatten(before)[0], tree.flatten(after)[0], strict=True)):
        if not _alike(x, y):
            raise TypeError(
                f"{loop} carries one shape and dtype: {what}{tree.paths(before)[k]} was {describe(x)} and "
                f"became {describe(y)}. Cast or reshape it, in the function or beforehand"
            )


def _alike(x: Any, y: Any) -> bool:
    if hasattr(x, "dtype") and hasattr(y, "dtype"):
        return bool(x.dtype == y.dtype) and tuple(x.shape) == tuple(y.shape)
    return not getattr(x, "shape", ()) and not getattr(y, "shape", ())  # a Python number beside a 0-d array
