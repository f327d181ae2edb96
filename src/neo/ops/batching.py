"""How operations take a batch axis: one rule per kind of operation.

A class names its rule, `batch = classmethod(aligned)`, beside forward and backward, or has one of its
own. It gets which operands have the batch axis, in front, and the operands; it returns the result
with the axis in front.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ..core.array import INSTEAD, box, is_batched
from ..errors import short_name
from .registry import policies

Flags = tuple[bool, ...]


def ranked(x: Any, ndim: int) -> Any:
    """Return (n, ...) with axes of length 1 behind the first, so that the rest has ndim axes."""
    shape = tuple(x.shape)
    missing = ndim + 1 - len(shape)
    return x.reshape((shape[0], *[1] * missing, *shape[1:])) if missing > 0 else x


def ndim_of(x: Any, own: bool) -> int:
    """Return the number of axes of one example of an operand; 0 of a number."""
    return len(getattr(x, "shape", ())) - own


def refuse_batched(name: str, x: Any, why: str, instead: str = INSTEAD) -> None:
    """Raise TypeError if an operand of a function differs from example to example."""
    if is_batched(x):
        raise TypeError(
            f"{name} of a batched array (shape {tuple(x.shape)}, {short_name(x.dtype)}): {why}. {instead}"
        )


def aligned(cls: Any, batched: Flags, *operands: Any, **settings: Any) -> Any:
    """Broadcast from the right, past the batch axis: elementwise operations, stacks of matrices."""
    ndim = max([ndim_of(x, own) for x, own in zip(operands, batched, strict=True)])
    pairs = zip(operands, batched, strict=True)
    return cls.of(*[ranked(x, ndim) if own else x for x, own in pairs], **settings)


def leading(cls: Any, batched: Flags, *operands: Any, **settings: Any) -> Any:
    """Work on the last axes alone, whatever stands before them."""
    return cls.of(*operands, **settings)


def shifted(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return axes of an example, None for all of them, as axes behind the batch axis."""
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    return tuple([k % ndim + 1 for k in axes])


def over(name: str = "axis") -> Any:
    """Return the rule of a reduction over the axes that a setting names."""

    def rule(cls: Any, batched: Flags, x: Any, **settings: Any) -> Any:
        axes = shifted(settings[name] if name in settings else None, len(x.shape) - 1)
        if not axes:
            # Over no axis: libraries differ, and one more of length 1 is the same.
            x, axes = x.reshape((*x.shape, 1)), (len(x.shape),)
            settings |= {"keepdims": False} if "keepdims" in settings else {}
        return cls.of(x, **{**settings, name: axes})

    return rule


def along(name: str = "axis") -> Any:
    """Return the rule of an operation along the axis, or the axes, that a setting names."""

    def rule(cls: Any, batched: Flags, x: Any, **settings: Any) -> Any:
        axis = settings[name]
        axes = shifted(axis, len(x.shape) - 1)
        return cls.of(x, **{**settings, name: axes[0] if isinstance(axis, int) else axes})

    return rule


def within(name: str = "axis") -> Any:
    """Return the rule of an operation over axes that all stay, such as softmax."""

    def rule(cls: Any, batched: Flags, x: Any, **settings: Any) -> Any:
        axes = shifted(settings[name], len(x.shape) - 1)
        if axes:
            return cls.of(x, **{**settings, name: axes})
        # Over no axis: see `over`.
        return cls.of(x.reshape((*x.shape, 1)), **{**settings, name: (len(x.shape),)}).reshape(x.shape)

    return rule


def joined(cls: Any, batched: Flags, *arrays: Any, axis: int) -> Any:
    """Join arrays along an axis: each gets the batch axis."""
    return cls.of(*all_batched(batched, arrays), axis=axis + 1)


def merged(cls: Any, batched: Flags, *operands: Any, **settings: Any) -> Any:
    """Join the batch axis with the first axis of every operand, along which the operation maps itself."""
    operands = tuple(all_batched(batched, operands))
    n, rows = operands[0].shape[:2]
    out = cls.of(*[x.reshape((n * rows, *x.shape[2:])) for x in operands], **settings)
    return out.reshape((n, rows, *out.shape[1:]))


def all_batched(batched: Flags, arrays: Any) -> list[Any]:
    """Return arrays with the batch axis in front of each, repeated where it was missing."""
    length = next(x.shape[0] for x, own in zip(arrays, batched, strict=True) if own)
    return [x if own else spread(x, length) for x, own in zip(arrays, batched, strict=True)]


def spread(x: Any, length: int) -> Any:
    """Return an array repeated along a new axis 0, as a view where the library can."""
    x = box(x)
    return policies["broadcast_to"](x, (length, *x.shape))


def flattening(cls: Any, batched: Flags, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """Find one position along an axis; without one, in the flattened example."""
    ndim = len(x.shape) - 1
    if axis is not None:
        return cls.of(x, axis=shifted(axis, ndim)[0], keepdims=keepdims)
    out = cls.of(x.reshape((x.shape[0], prod(x.shape[1:]))), axis=1, keepdims=False)
    return out.reshape((x.shape[0], *[1] * ndim)) if keepdims else out


def one_by_one(cls: Any, batched: Flags, *operands: Any, **settings: Any) -> Any:
    """Run one example after the other."""
    length = next(x.shape[0] for x, own in zip(operands, batched, strict=True) if own)
    pairs = list(zip(operands, batched, strict=True))
    return stacked([cls.of(*[x[k] if own else x for x, own in pairs], **settings) for k in range(length)])


def stacked(results: list[Any]) -> Any:
    """Return the results of calls, stacked along a new axis 0; several of each, each on its own."""
    if not results:
        raise ValueError("an operation without a batch rule cannot be mapped over an axis of length 0")
    stack = policies["stack"]
    if not isinstance(results[0], tuple | list):
        return stack([box(x) for x in results])
    columns = [stack([box(x) for x in column]) for column in zip(*results, strict=True)]
    return type(results[0])(*columns) if hasattr(results[0], "_fields") else tuple(columns)
