"""One function at many examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import Traced, box
from ..ops import broadcasting
from ..ops.indexing import getitem
from ..ops.manipulation import stack
from .vmap import vmap


def over_examples(
    function: Callable[..., list[Any]], stacks: list[Any], boxed: Callable[[int], bool]
) -> list[Any]:
    """Return what a function gives at every example along the first axis of arrays, stacked.

    boxed: tells of result k whether the function gives it as an Array, which `vmap` cannot know.
    The examples go through all at once, by `vmap`, or one after the other where that is refused.
    """
    count = stacks[0].shape[0]
    if count > 1:
        try:
            return [box(x) if boxed(k) else x for k, x in enumerate(vmap(function)(*stacks))]
        except Exception:  # an operation that looks at values; if it is another fault, it is told again
            pass
    return _in_turn(function, stacks, count)


def _in_turn(function: Callable[..., list[Any]], stacks: list[Any], count: int) -> list[Any]:
    examples = [[getitem(x, (k, ...)) for x in stacks] for k in range(count)]
    # Without an example, the shapes of the results still have to be known.
    results = [function(*xs) for xs in examples] or [function(*[broadcasting.sum(x, axis=0) for x in stacks])]
    return [_stacked(list(column), count) for column in zip(*results, strict=True)]


def _stacked(column: list[Any], count: int) -> Any:
    joined = stack([box(x) if isinstance(x, Traced) else x for x in column])
    return joined if count else getitem(joined, (slice(0, 0), ...))
