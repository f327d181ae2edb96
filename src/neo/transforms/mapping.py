"""One function at many examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import Traced, box
from ..ops import broadcasting
from ..ops.indexing import getitem
from ..ops.manipulation import stack


def over_examples(function: Callable[..., list[Any]], stacks: list[Any]) -> list[Any]:
    """Return what a function gives at every example along the first axis of arrays, stacked.

    The examples go through one after the other.
    """
    count = stacks[0].shape[0]
    return _in_turn(function, stacks, count)


def _in_turn(function: Callable[..., list[Any]], stacks: list[Any], count: int) -> list[Any]:
    examples = [[getitem(x, (k, ...)) for x in stacks] for k in range(count)]
    # Without an example, the shapes of the results still have to be known.
    results = [function(*xs) for xs in examples] or [function(*[broadcasting.sum(x, axis=0) for x in stacks])]
    return [_stacked(list(column), count) for column in zip(*results, strict=True)]


def _stacked(column: list[Any], count: int) -> Any:
    joined = stack([box(x) if isinstance(x, Traced) else x for x in column])
    return joined if count else getitem(joined, (slice(0, 0), ...))
