"""Loops that check what they carry and can forget what need not be kept.

Python's own `for`, `while` and `if` differentiate as they stand, since operations run at once. These
have JAX's signatures; what they add is `checkpoint=`: a loop of n steps then keeps about 2 sqrt(n)
states instead of everything that n steps computed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from . import backends, tree
from .core.array import bottom_of, is_batched
from .core.segment import copied
from .errors import describe, whole
from .ops.broadcasting import reshape
from .ops.creation import asarray, zeros_like
from .ops.indexing import getitem
from .ops.manipulation import concat, flip, stack, unstack
from .ops.selection import where
from .transforms.checkpoint import checkpoint as checkpointed
from .transforms.spacing import FEW, NESTED, Scale, lengths

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
    """Run f along the first axis of xs; return (last state, stacked outputs).

    f(carry, x) returns (carry, y). init: the first carry, an array or a tree; every later one has
    its tree, shapes and dtypes. xs: a tree of arrays with one length in front, or of the keys that
    `neo.random.split` gives, or None with `length` steps. reverse: from the end to the front; the
    outputs stand where their x stood.
    checkpoint: True to keep about sqrt(length) states and compute the steps between them again in
    the backward pass; a number of steps to keep one state every so often. With True, what the first
    two steps save tells how many steps between two states take the least memory; where a step saves
    more than 2.5 times its state, steps are computed again twice, which keeps the sum under that of
    4 sqrt(length) states.
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
    xs = tree.map(_reversed, xs) if reverse else xs
    steps = lambda carry, part: _steps(f, carry, *part)  # noqa: E731
    carry, blocks = _in_segments(steps, _pieces, init, (xs, n), n, checkpoint)
    ys = _joined(blocks)
    return carry, tree.map(lambda y: flip(y, axis=0), ys) if reverse else ys


def _in_segments(
    steps: Callable[[Any, Any], tuple[Any, Any]],
    cut: Callable[..., list[Any]],
    state: Any,
    part: Any,
    n: int,
    checkpoint: bool | int,
) -> tuple[Any, list[Any]]:
    """Run n steps of a loop, in segments where that is asked for; return the state and what each gave.

    steps(state, part) runs the steps of a part, and cut(part, size, head) cuts one in pieces: so many
    of one step first, then those of a size.
    """
    if checkpoint is not True:
        return _by_lengths(steps, cut, state, part, () if checkpoint is False else (_segment(checkpoint),))
    if n < FEW:
        return _by_lengths(steps, cut, state, part, lengths(n, 1.0))
    scale, blocks = Scale(), []
    *singles, rest = cut(part, n, 2)
    for piece in singles:
        state, block = scale.run(steps, state, piece)
        blocks.append(block)
    state, more = _by_lengths(steps, cut, state, rest, lengths(n - 2, scale.ratio(state)))
    return state, blocks + more


def _by_lengths(
    steps: Callable[[Any, Any], tuple[Any, Any]],
    cut: Callable[..., list[Any]],
    state: Any,
    part: Any,
    sizes: tuple[int, ...],
) -> tuple[Any, list[Any]]:
    """Run a part of a loop in segments of sizes[0] steps, those in segments of sizes[1], and so on."""
    if not sizes:
        state, block = steps(state, part)
        return state, [block]

    def run(state: Any, piece: Any) -> tuple[Any, Any]:
        state, blocks = _by_lengths(steps, cut, state, piece, sizes[1:])
        return state, _joined(blocks)

    blocks = []
    for piece in cut(part, sizes[0]):
        state, block = checkpointed(run)(state, piece)
        blocks.append(block)
    return state, blocks


def _length(xs: Any, length: int | None) -> int:
    """Return the number of steps. Raises ValueError when it is unknown, or known as several."""
    leaves, where = tree.flatten(xs)[0], tree.paths(xs)
    shapes = [(len(x),) if _is_several(x) else getattr(x, "shape", ()) for x in leaves]
    scalars = [path for shape, path in zip(shapes, where, strict=True) if not shape]
    if scalars:
        raise ValueError(f"scan runs along the first axis of xs, and xs{scalars[0]} has none")
    lengths = {f"xs{path}": shape[0] for shape, path in zip(shapes, where, strict=True)}
    if length is not None:
        lengths["length"] = length
    if len(set(lengths.values())) != 1:
        found = ", ".join([f"{name}: {n}" for name, n in lengths.items()]) or "neither xs nor length"
        raise ValueError(f"scan needs one number of steps, got {found}. Pass xs of one length, or length=")
    return int(next(iter(lengths.values())))


def _is_several(x: Any) -> bool:
    """Tell whether a leaf of xs is a tuple, of random keys, with one for each step."""
    return isinstance(x, tuple)


def _reversed(x: Any) -> Any:
    return x[::-1] if _is_several(x) else flip(x, axis=0)


def _rows(x: Any) -> Any:
    return x if _is_several(x) else unstack(x, axis=0)


def _pieces(part: tuple[Any, int], size: int, head: int = 0) -> list[tuple[Any, int]]:
    """Return rows of xs in pieces, each with its number of steps."""
    xs, n = part
    leaves, build = tree.flatten(xs)
    columns = [_cut(x, n, size, head) for x in leaves]
    lengths_of_each = [len(numbers) for numbers in _ranges(range(n), size, head)]
    return [(build([column[k] for column in columns]), m) for k, m in enumerate(lengths_of_each)]


def _ranges(numbers: range, size: int, head: int = 0) -> list[range]:
    """Return numbers in pieces: so many of one each, then those of a size, the last perhaps shorter."""
    starts = [*range(head), *range(head, len(numbers), size)]
    ends = [*starts[1:], len(numbers)]
    return [numbers[start:end] for start, end in zip(starts, ends, strict=True)]


def _segment(length: int) -> int:
    """Return how many steps a segment has. Raises ValueError for less than one."""
    if length < 1:
        raise ValueError(f"checkpoint={length}: a segment has at least one step. Pass True to choose")
    return length


def _cut(x: Any, n: int, size: int, head: int) -> list[Any]:
    """Return an array in pieces along the first axis: whole ones by one call, and the rest."""
    if _is_several(x):
        return [x[numbers.start : numbers.stop] for numbers in _ranges(range(n), size, head)]
    if head:
        single = [getitem(x, (slice(k, k + 1), ...)) for k in range(head)]
        return single + _cut(getitem(x, (slice(head, n), ...)), n - head, size, 0)
    if size >= n:
        return [x]
    whole = n // size
    main = x if whole * size == n else getitem(x, (slice(0, whole * size), ...))
    pieces = list(unstack(reshape(main, (whole, size, *tuple(x.shape)[1:])), axis=0))
    return pieces if whole * size == n else [*pieces, getitem(x, (slice(whole * size, n), ...))]


def _steps(f: Callable[..., Any], carry: Any, xs: Any, n: int) -> tuple[Any, Any]:
    """Run n steps of a scan; return the carry and the outputs, stacked."""
    leaves, build = tree.flatten(xs)
    rows = zip(*map(_rows, leaves), strict=True) if leaves else [()] * n
    ys = []
    for row in rows:
        before = carry
        carry, y = _pair(f(_own(carry), build(list(row))))
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
    like = next((y for y in column if hasattr(y, "dtype")), None)
    if like is not None:
        # The first state may be a number; a sum gives it the dtype that a number has beside an array.
        return stack([y if hasattr(y, "dtype") else zeros_like(like) + y for y in column])
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
    sqrt(2 n) of the n values, in segments of 1, 2, 3, ... steps, or others as `scan` does; a number
    of steps per segment.
    Gradient: as of Python's own while: of the steps that were taken, forward and reverse.
    Inside `vmap` it goes on for as long as cond is true of any example; others keep their values.
    Raises TypeError for a value that changes its tree, shape or dtype.

    >>> import numpy as np
    >>> while_loop(lambda x: x < 100, lambda x: x * 3, np.asarray(2.0))
    np.float64(162.0)
    """
    repeat = partial(_repeat, cond, body)
    if checkpoint is False:
        return repeat(init, None)[0]
    if checkpoint is True:
        return _growing(repeat, init)
    return _repeated(checkpointed(repeat), init, None, _segment(checkpoint))[0]


Repeat = Callable[[Any, int | None], tuple[Any, bool]]


def _growing(repeat: Repeat, value: Any) -> Any:
    """Return what a loop ends with, run in segments that grow by what suits the bytes that a step saves."""
    scale, more, size = Scale(), True, 0
    while more and len(scale.steps) < 2:
        value, more = scale.run(repeat, value, 1)
    ratio = scale.ratio(value) if more else 1.0
    deep = lambda value, size, inner: _repeated(checkpointed(repeat), value, size, inner)  # noqa: E731
    while more:
        size += 1
        if ratio >= NESTED:
            value, more = checkpointed(repeat)(value, max(round(size * ratio), 1))
        else:
            value, more = checkpointed(deep)(value, size, max(round((size * ratio) ** 0.5), 1))
    return value


def _repeated(repeat: Repeat, value: Any, size: int | None, inner: int) -> tuple[Any, bool]:
    """Return the value after `size` steps at most, run `inner` at a time, and whether there may be more."""
    done, more = 0, True
    while more and (size is None or done < size):
        most = inner if size is None else min(inner, size - done)
        value, more = repeat(value, most)
        done += most
    return value, more


def _repeat(cond: Callable[[Any], Any], body: Any, value: Any, most: int | None) -> tuple[Any, bool]:
    """Return the value after some steps at most, and whether there may be more."""
    done = 0
    while done != most:
        more = cond(value)
        if not _any(more):
            return value, False
        before, value = value, body(_own(value))
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
    """Return the value after value = body(i, value) for i from lower to upper - 1.

    init: an array or a tree; body returns the like of it. checkpoint: as for `scan`.
    Gradient: to init and whatever body closes over, forward and reverse.
    Raises TypeError for a value that changes its tree, shape or dtype, or bounds that are no integers.

    >>> import numpy as np
    >>> fori_loop(0, 4, lambda i, x: x + i, np.asarray(1.0))
    np.float64(7.0)
    """
    numbers = range(whole("fori_loop", "lower", lower), whole("fori_loop", "upper", upper))
    if not numbers:
        return init
    steps = lambda value, part: (_count(body, value, part), None)  # noqa: E731
    return _in_segments(steps, _ranges, init, numbers, len(numbers), checkpoint)[0]


def _count(body: Callable[[int, Any], Any], value: Any, numbers: range) -> Any:
    for i in numbers:
        before, value = value, body(i, _own(value))
        _check_same(before, value, "fori_loop", "value")
    return value


def _own(state: Any) -> Any:
    """Return a state whose arrays a step may write into: the one before keeps its values."""
    return tree.map(copied, state)


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
