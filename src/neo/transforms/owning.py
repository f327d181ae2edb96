"""Gradients and tangents as arrays of their own, which the caller may write into."""

from __future__ import annotations

from typing import Any

from .. import backends


def owned(found: list[Any], *others: list[Any]) -> list[Any]:
    """Return arrays such that no library's own shares memory with another, or with one of `others`.

    The rules hand one array to two operands, or a view of it: `x + y` has the gradient of its result
    for both. Only what is shared is copied.
    """
    known = backends.BY_TYPE
    taken = {known[type(x)].memory(x) for some in others for x in some if type(x) in known}
    for k, x in enumerate(found):
        if type(x) not in known:
            continue  # an Array, which is rebound and not written into
        library = known[type(x)]
        where = library.memory(x)
        if where in taken or library.stretched(x):
            found[k] = library.xp.asarray(x, copy=True)
        taken.add(where)
    return found
