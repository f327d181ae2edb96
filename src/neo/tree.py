"""Trees of arrays: nested dicts, lists, tuples, named tuples, dataclasses and None, by optree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

_NAMESPACE = "neo"
# Classes that were seen to be leaves by their own attribute dtype.
_ARRAYS: set[type] = set()
_each = map  # the builtin, which a function here has the name of


def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """Return a tree's leaves, and a function that builds the tree again from others."""
    if not _is_container(tree):
        return [tree], _only
    if type(tree) in (list, tuple) and _ARRAYS.issuperset(_each(type, tree)):
        # A flat one of arrays, such as a network's weights: optree would take five times as long.
        return list(tree), type(tree)
    leaves, treedef = _flatten(tree)
    return leaves, treedef.unflatten


def _only(leaves: list[Any]) -> Any:
    return leaves[0]


def map(function: Callable[..., Any], tree: Any) -> Any:
    """Return the tree with a function applied to every leaf."""
    leaves, build = flatten(tree)
    return build([function(x) for x in leaves])


def structure(tree: Any) -> Any:
    """Return what two trees of the same containers and keys share; None for a leaf."""
    return _flatten(tree)[1] if _is_container(tree) else None


def paths(tree: Any) -> list[str]:
    """Return where each leaf stands, as a person would index it: `['w'][0]`."""
    if not _is_container(tree):
        return [""]
    _flatten(tree)
    accessors = _optree().tree_accessors(tree, namespace=_NAMESPACE)
    return [a.codify("") for a in accessors]


def children(tree: Any) -> dict[Any, Any] | None:
    """Return what stands one level down in a tree, by key or place; None of a leaf."""
    if tree is None or not _is_container(tree):
        return {} if tree is None else None
    _flatten(tree)  # which registers a dataclass
    parts, _, entries, _ = _optree().tree_flatten_one_level(tree, namespace=_NAMESPACE)
    return dict(zip(entries, parts, strict=True))


def is_alike(tree: Any, other: Any) -> bool:
    """Tell whether two trees have their leaves in the same places."""
    if not _is_container(tree) and not _is_container(other):
        return True
    if _flatten(tree)[1] == _flatten(other)[1]:
        return True
    return paths(tree) == paths(other)


def _is_container(tree: Any) -> bool:
    if hasattr(tree, "dtype"):  # most often an array, and then this is all that is asked
        return False
    if tree is None or isinstance(tree, (dict, list, tuple)) or _is_dataclass(tree):
        return True
    # A class that the user registered with optree; asked only of what is no array and no number.
    return not isinstance(tree, (int, float, complex, str)) and not _is_leaf(tree)


def _is_leaf(x: Any) -> bool:
    return bool(_optree().tree_is_leaf(x, namespace=_NAMESPACE))


# What `dataclasses.is_dataclass` looks for; asked of every leaf, so without its other questions.
_FIELDS = "__dataclass_fields__"


def _is_dataclass(x: Any) -> bool:
    return hasattr(x, _FIELDS) and not isinstance(x, type)


def _flatten(tree: Any) -> tuple[list[Any], Any]:
    """Flatten, registering dataclasses as they are met."""
    while True:
        leaves, treedef = _optree().tree_flatten(tree, namespace=_NAMESPACE)
        kinds = {*_each(type, leaves)}
        if kinds <= _ARRAYS:
            return leaves, treedef
        _ARRAYS.update([kind for kind in kinds if hasattr(kind, "dtype")])
        new = [kind for kind in kinds if hasattr(kind, _FIELDS)]
        if not new:
            return leaves, treedef
        for kind in new:
            _register(kind)


def _register(kind: type) -> None:
    names = [f.name for f in dataclasses.fields(kind)]

    def to_children(x: Any) -> tuple[list[Any], None, list[str]]:
        return [getattr(x, name) for name in names], None, names

    def from_children(_: Any, children: Any) -> Any:
        # Not kind(**fields): a frozen or checked dataclass takes traced values as they are.
        x = object.__new__(kind)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(x, name, child)
        return x

    _optree().register_pytree_node(kind, to_children, from_children, namespace=_NAMESPACE)


@cache
def _optree() -> Any:
    # On first use: a bare array needs no trees, and importing neo stays quick.
    import optree

    return optree
