"""Index keys under `vmap`: batched index arrays apart from the rest, and where a batch axis goes.

NumPy puts the axes of index arrays where the first of them stands if they stand side by side, else in
front. A batch axis among the keys can change which, so a `Plan` says how to put the axes back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.array import Array, Batched, is_batched, raw_of, values_of
from ..core.dtypes import BOOL, kind
from ..core.following import read
from .broadcasting import reshape


class Place:
    """Where index array `k` of those that differ from example to example stands in a key."""

    __slots__ = ("k",)

    def __init__(self, k: int) -> None:
        self.k = k


def parted(key: Any) -> tuple[Any, list[Any]]:
    """Return an index with the library's own arrays, and the batched ones, whose Place it holds."""
    batched: list[Any] = []
    return _parted(key, batched), batched


def _parted(key: Any, batched: list[Any]) -> Any:
    if isinstance(key, tuple):
        return tuple([_parted(k, batched) for k in key])
    if isinstance(key, list):
        return _positions(key)
    key = values_of(key)
    if type(key) is not Batched:
        return key
    if kind(key.dtype) == BOOL:
        raise IndexError(
            f"a batched mask (shape {key.shape}) picks another number of elements in each example. Use "
            f"neo.numpy.where(mask, x, 0), or assign with x[mask] = value"
        )
    batched.append(key)
    return Place(len(batched) - 1)


def raw_key(key: Any) -> Any:
    """Return an index with the library's own arrays, for who looks at them; TypeError for a batched one."""
    for k in key if isinstance(key, tuple) else (key,):
        read(k)
    key, batched = parted(key)
    return filled(key, [raw_of(k) for k in batched])


def is_batched_mask(key: Any) -> bool:
    """Tell whether a key is one mask that differs from example to example."""
    return isinstance(key, Array) and is_batched(key) and kind(key.dtype) == BOOL


def _positions(key: list[Any]) -> np.ndarray:
    """Return a list of integers or bools as an index array; every backend takes NumPy's."""
    if any([isinstance(k, Array) for k in key]):
        raise IndexError("cannot index with a list of arrays; stack them: neo.asarray([...])")
    try:
        positions = np.asarray(key, dtype=int if key == [] else None)
    except ValueError as error:
        raise IndexError(f"cannot index with {key!r}: its lists differ in length") from error
    if positions.dtype.kind not in "bi":
        raise IndexError(f"cannot index with {key!r}; a list that indexes holds integers or bools")
    return positions


def filled(key: Any, indices: Any) -> Any:
    """Return a key with index arrays in their places."""
    if isinstance(key, tuple):
        return tuple([filled(k, indices) for k in key])
    return indices[key.k] if isinstance(key, Place) else key


class Plan:
    """How to index an array with a batch axis in front, so that it does not mix examples.

    key: for the array, with index arrays in their places. order: the axes of what it takes, the
    batch axis first and then those of one example.
    """

    def __init__(self, key: Any, ndim: int, indices: Any, flags: Any, batch: Any) -> None:
        """Plan for a key of an example with ndim axes.

        indices: the index arrays of the places, flags: which have the batch axis. batch: the
        positions 0, 1, ... along the batch axis if the array has one, else None.
        """
        entries = _spelled_out(key, ndim)
        arrays = [k for k in entries if _is_array(k)]
        # Beside index arrays an integer is one of them.
        advanced = [j for j, k in enumerate(entries) if arrays and (_is_array(k) or type(k) is int)]
        width = max([_width(k, indices, flags) for k in arrays], default=0)
        together = bool(advanced) and advanced == list(range(advanced[0], advanced[-1] + 1))
        tokens = [j for j, k in enumerate(entries) if j not in advanced and type(k) is not int]
        inner = [("index", j) for j in range(width)]
        example = _placed(inner, tokens, advanced[0] if together else -1)
        any_batched = any(flags)
        if any_batched:
            entries = [_expanded(k, indices, flags, width) for k in entries]
            inner = ["batch", *inner]
        else:  # those of an outer batch
            entries = [filled(k, indices) for k in entries]
        if batch is None:
            taken = _placed(inner, tokens, advanced[0] if together else -1)
            self.key = tuple(entries)
        elif any_batched:
            taken = _placed(inner, tokens, 0 if together and advanced[0] == 0 else -1)
            self.key = (reshape(batch, (-1,) + (1,) * width), *entries)
        else:
            taken = _placed(inner, ["batch", *tokens], advanced[0] if together else -1, "batch")
            self.key = (slice(None), *entries)
        self.order = tuple([taken.index(name) for name in ["batch", *example]])

    @property
    def inverse(self) -> tuple[int, ...]:
        """The order of axes that undoes `order`."""
        return tuple(sorted(range(len(self.order)), key=lambda k: self.order[k]))


def _placed(inner: list[Any], tokens: list[Any], first: int, lead: Any = None) -> list[Any]:
    """Return names of the axes of a result: those of index arrays before entry `first`, or in front.

    first: the entry where index arrays stand side by side; -1 where they do not.
    """
    if first < 0:
        return [*inner, *tokens]
    before = [t for t in tokens if t == lead or t < first]
    return [*before, *inner, *tokens[len(before) :]]


def _spelled_out(key: Any, ndim: int) -> list[Any]:
    """Return the entries of a key, with a slice for every axis that `...` or nothing stands for."""
    entries = list(key) if isinstance(key, tuple) else [key]
    # A bool is a mask without axes, and no integer.
    entries = [np.asarray(k) if type(k) is bool else k for k in entries]
    used = sum([_consumed(k) for k in entries])
    rest = [slice(None)] * (ndim - used)
    found = [j for j, k in enumerate(entries) if k is Ellipsis]
    at = found[0] if found else len(entries)
    return [*entries[:at], *rest, *entries[at + 1 :]]


def _consumed(k: Any) -> int:
    """Return how many axes an entry of a key indexes."""
    if k is None or k is Ellipsis:
        return 0
    return len(k.shape) if _is_mask(k) else 1


def _is_array(k: Any) -> bool:
    return isinstance(k, Place) or hasattr(k, "dtype")


def _is_mask(k: Any) -> bool:
    return hasattr(k, "dtype") and kind(k.dtype) == BOOL


def _width(k: Any, indices: Any, flags: Any) -> int:
    """Return how many axes an index array has, for one example."""
    if isinstance(k, Place):
        return len(indices[k.k].shape) - flags[k.k]
    return 1 if _is_mask(k) else len(k.shape)


def _expanded(k: Any, indices: Any, flags: Any, width: int) -> Any:
    """Return an entry whose index array, if batched, has its batch axis before those of all others."""
    if not isinstance(k, Place):
        return k
    x = indices[k.k]
    shape = tuple(x.shape)
    if flags[k.k] and len(shape) < width + 1:
        x = reshape(x, (shape[0], *[1] * (width + 1 - len(shape)), *shape[1:]))
    return x
