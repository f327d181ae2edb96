"""`checkpoint`: forget what a function computed, and compute it again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from .. import tree
from ..core.segment import copied, cut, tapes_of
from .captured import captured


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function like f that keeps its arguments and computes the rest again when needed.

    f: any function of arrays and trees of arrays. It runs once in the forward pass, and again when
    the backward pass reaches it, so it must do the same each time. The arrays that it closes over
    get their gradients too. Under a derivative of a derivative, and inside another checkpoint, the
    same holds at every level. Its numbers are those of f.
    An array that f writes into (`x += 1`) is f's own: the caller's keeps its value.
    Raises RuntimeError, in the backward pass, when f does not repeat its calls.

    >>> import numpy as np
    >>> import neo
    >>> import neo.numpy as nep
    >>> block = checkpoint(lambda x: nep.sin(nep.exp(x)))
    >>> neo.grad(lambda x: nep.sum(block(x)))(np.zeros(2))
    array([0.54030231, 0.54030231])
    """

    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        leaves, build = tree.flatten((args, kwargs))
        leaves = [copied(x) for x in leaves]

        def call() -> Any:
            again, named = build([copied(x) for x in leaves])
            return f(*again, **named)

        tapes = tapes_of([*leaves, *captured(f)])
        return cut(call, tapes, _leaves) if tapes else f(*args, **kwargs)

    return checkpointed


def _leaves(result: Any) -> list[Any]:
    return tree.flatten(result)[0]
