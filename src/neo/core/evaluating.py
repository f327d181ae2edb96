"""Asking lazy libraries for values."""

from __future__ import annotations

from typing import Any

from .. import backends, tree
from .array import Array, box


def evaluate(arrays: Any) -> Any:
    """Return a tree of arrays in which those of a lazy library have their values.

    Dask and MLX put work off until a value is asked for. A loop whose arrays are made of those of the
    round before, as weights in training are, evaluates them in every round, all at once: otherwise the
    program that is put off grows with each. The values stay where the library computes them.
    What is not lazy comes back as it is, and so do the arrays of a transform, whose values no
    derivative asks for.

    >>> import numpy as np
    >>> weights = {"w": np.ones(2)}
    >>> evaluate(weights) is weights
    True
    """
    leaves, build = tree.flatten(arrays)
    lazy: dict[backends.Backend, list[int]] = {}
    for at, leaf in enumerate(leaves):
        library = backends.of_type(type(_raw(leaf)))
        if library is not None and library.evaluate is not None:
            lazy.setdefault(library, []).append(at)
    for library, places in lazy.items():
        assert library.evaluate is not None
        values = library.evaluate([_raw(leaves[at]) for at in places])
        for at, value in zip(places, values, strict=True):
            leaves[at] = box(value) if type(leaves[at]) is Array else value
    return build(leaves) if lazy else arrays


def _raw(leaf: Any) -> Any:
    return leaf.held if type(leaf) is Array else leaf
