"""The gradient of an array that is taken apart along an axis: its pieces, until they are joined at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from .. import backends

FULL = slice(None)


class Pieces:
    """Gradients of parts that lie side by side along an axis, bare arrays of one library.

    `x[:, :n]` and `x[:, n:]` are such parts, and `x[0]`, `x[1]`, ...: one join is quicker than zeros
    with every part added. pull: makes the gradient of the whole from that of one part, and saved, its
    shape and the part's key. start, stop: the stretch of the axis that the parts make up.
    """

    __slots__ = ("pull", "saved", "axis", "start", "stop", "kind", "parts")

    def __init__(self, pull: Callable[..., Any], saved: tuple[Any, Any], where: Any, g: Any) -> None:
        self.pull, self.saved, self.parts = pull, saved, deque([g])
        self.axis, self.start, self.stop, self.kind = where

    def add(self, where: Any, g: Any) -> bool:
        """Add the next part on either side, if it is one; return whether it was."""
        if where is None:
            return False
        axis, start, stop, kind = where
        if axis != self.axis or kind is not self.kind:
            return False
        if stop == self.start:
            self.start = start
            self.parts.appendleft(g)
        elif start == self.stop:
            self.stop = stop
            self.parts.append(g)
        else:
            return False
        return True

    @property
    def complete(self) -> bool:
        """Whether the parts are all of the array."""
        return bool(self.start == 0 and self.stop == self.saved[0][self.axis])

    def joined(self) -> Any:
        """Return the gradient of the whole array, a new array."""
        if len(self.parts) == 1:
            return self.pull(self.parts[0], self.saved)
        raw = backends.of(self.parts[0]).raw
        together = (raw.stack if self.kind is int else raw.concat)([*self.parts], axis=self.axis)
        if self.complete:
            return together
        return self.pull(together, (self.saved[0], (*[FULL] * self.axis, slice(self.start, self.stop))))


def stretch(key: Any, shape: tuple[int, ...]) -> tuple[int, int, int, type] | None:
    """Return the axis that a key cuts, where the part begins and ends, and how it was given: int or slice.

    None for a key that does anything else, or takes nothing.
    """
    keys = key if type(key) is tuple else (key,)
    place = None
    for k, part in enumerate(keys):
        if part != FULL and (k or part is not Ellipsis):
            if place is not None:
                return None
            place = k
    if place is None or type(keys[place]) not in (slice, int):
        return None
    part, axis = keys[place], place - len(keys) + len(shape) if keys[0] is Ellipsis else place
    if type(part) is int:
        start = part % shape[axis]
        return axis, start, start + 1, int
    start, stop, step = part.indices(shape[axis])
    return (axis, start, stop, slice) if step == 1 and start < stop else None
