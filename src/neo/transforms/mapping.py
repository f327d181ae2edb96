"""One function at many examples, as Jacobians need it: all at once, in chunks, or in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import Traced, box
from ..errors import PerformanceWarning, describe, warn
from ..ops import broadcasting
from ..ops.indexing import getitem
from ..ops.manipulation import concat, stack
from .vmap import vmap


def over_examples(
    function: Callable[..., list[Any]],
    stacks: list[Any],
    boxed: Callable[[int], bool],
    called: str,
    chunk_size: int | None = None,
) -> list[Any]:
    """Return what a function gives at every example along the first axis of arrays, stacked.

    boxed: tells of result k whether the function gives it as an Array, which `vmap` cannot know.
    called: what this is part of, for a warning. chunk_size: how many examples at most go through at
    once, by `vmap`; None for all. Where `vmap` is refused they go one after the other, with a
    PerformanceWarning.
    """
    count = stacks[0].shape[0]
    size = min(_checked(chunk_size, count, called), count)
    if size <= 1:
        return _in_turn(function, stacks, count)
    try:
        return [box(x) if boxed(k) else x for k, x in enumerate(_in_chunks(function, stacks, count, size))]
    except Exception as error:  # if it is no matter of vmap, it is told again
        refused = error
    found = _in_turn(function, stacks, count)
    warn(_SLOW.format(called, count, type(refused).__name__, refused), PerformanceWarning)
    return found


_SLOW = (
    "{} takes its {} directions one after the other, which may take many times as long, since they cannot "
    "be batched ({}: {}). Write the operation with neo's functions, give its Policy a `batch`, or say "
    "chunk_size=1 if this is meant"
)


def _checked(chunk_size: Any, count: int, called: str) -> int:
    if chunk_size is None:
        return count
    if not isinstance(chunk_size, int) or chunk_size < 1:
        raise ValueError(
            f"{called}: chunk_size is {describe(chunk_size)}; expected how many directions go through at "
            f"once, 1 or more, or None for all"
        )
    return chunk_size


def _in_chunks(function: Callable[..., list[Any]], stacks: list[Any], count: int, size: int) -> list[Any]:
    if size == count:
        found: list[Any] = vmap(function)(*stacks)
        return found
    parts = [[getitem(x, (slice(k, k + size), ...)) for x in stacks] for k in range(0, count, size)]
    results = [vmap(function)(*part) for part in parts]
    return [concat([*map(_joinable, column)]) for column in zip(*results, strict=True)]


def _in_turn(function: Callable[..., list[Any]], stacks: list[Any], count: int) -> list[Any]:
    examples = [[getitem(x, (k, ...)) for x in stacks] for k in range(count)]
    # Without an example, the shapes of the results still have to be known.
    results = [function(*xs) for xs in examples] or [function(*[broadcasting.sum(x, axis=0) for x in stacks])]
    return [_stacked(list(column), count) for column in zip(*results, strict=True)]


def _stacked(column: list[Any], count: int) -> Any:
    joined = stack([*map(_joinable, column)])
    return joined if count else getitem(joined, (slice(0, 0), ...))


def _joinable(x: Any) -> Any:
    return box(x) if isinstance(x, Traced) else x
