"""`checkpoint`: forget what a function computed, and compute it again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from .. import tree
from ..core.array import Array, beneath
from ..core.keeping import Keeper, seen
from ..core.segment import copied, cut, tapes_of
from .arguments import label, name_of
from .captured import captured
from .keep import Budget, by_rule, in_bytes
from .options import require_function


def checkpoint(
    f: Callable[..., Any], *, keep: Any = None, budget: int | str | None = None
) -> Callable[..., Any]:
    """Return a function like f that keeps its arguments and computes again the rest.

    f: any function of arrays and trees of arrays. It runs once in the forward pass, and again when
    the backward pass reaches it, so it must do the same each time. The arrays that it closes over
    get their gradients too. Under a derivative of a derivative, and inside another checkpoint, the
    same holds at every level. Its numbers are those of f.
    keep: the operations whose results are kept, and so not computed again: a name, the function
    itself or a list of such (`keep="matmul"`, `keep=[nep.matmul, "linear"]`), or a function of a
    call that tells whether to keep its result; it sees `name`, `operands` and `results` (shapes)
    and `bytes`.
    budget: how much to keep, in bytes or words ("64 MB"): of what f computes, that which takes
    longest to compute again, for its size.
    Raises ValueError when f writes into an argument (`x += 1`), for both keep and budget, and for a
    name that is no operation's; RuntimeError, in the backward pass, when f does not repeat its calls
    and when an Array that it closes over was written into since.

    >>> import numpy as np
    >>> import neo
    >>> import neo.numpy as nep
    >>> block = checkpoint(lambda x: nep.sin(nep.exp(x)))
    >>> neo.grad(lambda x: nep.sum(block(x)))(np.zeros(2))
    array([0.54030231, 0.54030231])
    """

    require_function(f)
    if keep is not None and budget is not None:
        raise ValueError("checkpoint takes keep= or budget=, not both: a budget chooses by itself")
    return _cutting(f, _keepers(keep, budget))


def measured(f: Callable[..., Any], saved: list[Any]) -> Callable[..., Any]:
    """Return checkpoint(f), which gives a list the libraries' arrays that f's calls would have kept."""
    return _cutting(f, None, saved)


def _cutting(
    f: Callable[..., Any], keeper: Callable[[], Keeper] | None, saved: list[Any] | None = None
) -> Callable[..., Any]:
    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        leaves, build = tree.flatten((args, kwargs))
        leaves = [copied(x) for x in leaves]
        fresh = copied if keeper is None else seen

        closed = captured(f)
        held = [beneath(x) for x in closed]

        def call() -> Any:
            if any([beneath(x) is not value for x, value in zip(closed, held, strict=True)]):
                raise RuntimeError(_WRITTEN.format(name_of(f)))
            handed = [fresh(x) for x in leaves]
            again, named = build(handed)
            result = f(*again, **named)
            _refuse_written(f, args, kwargs, [_differ(*pair) for pair in zip(leaves, handed, strict=True)])
            return result

        tapes = tapes_of([*leaves, *closed])
        if not tapes:
            return f(*args, **kwargs)
        return cut(call, tapes, _leaves, keeper and keeper(), leaves, saved)

    return checkpointed


_WRITTEN = (
    "checkpoint cannot run {} again: an array that it closes over was written into since (x += 1, "
    "x[k] = v). Pass that array as an argument, whose value is kept, or write into a copy of it"
)


def _differ(before: Any, after: Any) -> bool:
    """Tell whether an array that a function was handed has been given another value."""
    if not isinstance(before, Array):
        return False
    slots = [getattr(x, "slot", None) for x in (before, after)]
    return beneath(before) is not beneath(after) or slots[0] is not slots[1]


def _refuse_written(f: Callable[..., Any], args: Any, kwargs: Any, written: list[bool]) -> None:
    """Raise ValueError where f has written into an argument, naming it."""
    if not any(written):
        return
    pairs = [*enumerate(args), *kwargs.items()]
    names = [label(f, key) + path for key, argument in pairs for path in tree.paths(argument)]
    which = " and ".join([name for name, is_written in zip(names, written, strict=True) if is_written])
    raise ValueError(
        f"checkpoint: {name_of(f)} wrote into {which} (x += 1, x[k] = v). It runs again on the arguments as "
        f"they were, so the caller would not see what is written: return the new array instead "
        f"(x = x + 1, x = x.at[k].set(v))"
    )


def _keepers(keep: Any, budget: Any) -> Callable[[], Keeper] | None:
    """Return what makes the keeper of one run; None when nothing is kept."""
    if budget is not None:
        size = in_bytes(budget)
        return lambda: Keeper(Budget(size))
    if keep is not None:
        choice = by_rule(keep)
        return lambda: Keeper(choice)
    return None


def _leaves(result: Any) -> list[Any]:
    return tree.flatten(result)[0]
