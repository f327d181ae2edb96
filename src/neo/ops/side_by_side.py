"""The short way of elementwise operations inside `vmap`: one call of the library's for all examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import backends
from ..core.array import Batched
from .batching import ranked
from .promotion import NUMBERS


def mapped(policy: Any, operands: Sequence[Any]) -> Any:
    """Return an elementwise result of all examples, or NotImplemented where it is not simple.

    policy: the operation's, for its raw function. It is simple where there is one level, of no options,
    and below it the arrays of one library.
    """
    level = library = None
    values: list[Any] = []
    for x in operands:
        if type(x) is Batched:
            if x.tape is not level and level is not None:
                return NotImplemented
            level, x = x.tape, x.examples
        if type(x) not in NUMBERS:
            found = backends.BY_TYPE.get(type(x))
            if found is None or (found is not library and library is not None):
                return NotImplemented
            library = found
        values.append(x)
    if level is None or not level.lean or level.owner:
        return NotImplemented
    try:
        return level.hide(policy.kernel(*_aligned(operands, values)))
    except Exception:
        return NotImplemented  # the general way says what is wrong


def _aligned(operands: Sequence[Any], values: list[Any]) -> list[Any]:
    """Return values that broadcast from the right past the batch axis, as `batching.aligned` does."""
    if len(values) == 1:
        return values
    (x, y), (a, b) = operands, values
    if type(x) is type(y):
        ndim = max(len(x.shape), len(y.shape))
        return [ranked(a, ndim), ranked(b, ndim)]
    if type(x) is Batched:
        return [ranked(a, len(getattr(b, "shape", ()))), b]
    return [a, ranked(b, len(getattr(a, "shape", ())))]
