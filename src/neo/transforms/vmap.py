"""`vmap`: a function of one example as one of many, by the operations' own batch axes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Unpack

from .. import backends, tree
from ..core.array import Traced, apart, bottom_of, box, unbox
from ..errors import counted, describe
from ..ops.batch import Batch, Mappable
from ..ops.batching import spread
from ..ops.manipulation import moveaxis
from .arguments import any_boxed, label, name_of
from .options import Options, settings_of


def vmap(
    f: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_size: int | None = None,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that maps f over an axis of its arguments, all at once.

    f: takes one example, and returns arrays, numbers, or a tree of them.
    in_axes: which axis of each argument is mapped over: an integer for all, or a tuple with, for each
    positional argument, an integer, None for one that is the same for every example, or a tree of
    these that is a prefix of the argument's. Keyword arguments are mapped over axis 0.
    out_axes: where the axis stands in the results, in the same way; None for one that is the same
    for every example. axis_size: the length of the axis, needed only where nothing is mapped.
    options: as for `value_and_grad`; they hold for f and for the derivatives that are taken inside.
    Returns f's results with the axis in them, as wrapped as the arguments were. Nests with itself
    and with every derivative.
    Raises ValueError where lengths differ, an axis is out of range or nothing is mapped; TypeError
    for an argument or a result that is not an array.

    >>> import numpy as np
    >>> import neo
    >>> loss = lambda w, x: (w @ x) ** 2
    >>> vmap(neo.grad(loss), in_axes=(None, 0))(np.ones(2), np.eye(2))  # a gradient per example
    array([[2., 0.],
           [0., 2.]])
    """

    settings = settings_of(f, options)

    @wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        entering = _Entering(f, args, kwargs, in_axes, axis_size)
        level = Batch(entering.length, settings if options else None)
        boxed = entering.boxed
        try:
            positional, named = entering.entered(level)
            return _left(f, f(*positional, **named), out_axes, level, boxed, entering.library)
        finally:
            level.close(name_of(f))

    return mapped


class _Entering:
    """The arguments of one call: each leaf with its axis, and the length that all axes share."""

    def __init__(self, f: Any, args: Any, kwargs: Any, in_axes: Any, axis_size: int | None) -> None:
        axes = _per_argument(in_axes, args) + [0] * len(kwargs)
        self.count, self.names = len(args), list(kwargs)
        keys = [*range(len(args)), *kwargs]
        self.builders: list[tuple[Any, int]] = []
        self.leaves: list[tuple[Any, int | None]] = []
        lengths: list[tuple[Callable[[], str], int]] = []
        self.library: Any = None
        for key, argument, axis in zip(keys, [*args, *kwargs.values()], axes, strict=True):
            leaves, build = tree.flatten(argument)
            self.builders.append((build, len(leaves)))
            # Only an error asks what a leaf is called, since the answer takes a while.
            spelled = _for_leaves(axis, argument, lambda key=key: f"in_axes of {label(f, key)}")  # type: ignore[misc]
            for k, (leaf, at) in enumerate(zip(leaves, spelled, strict=True)):
                if at is not None:
                    where = lambda key=key, x=argument, k=k: label(f, key) + tree.paths(x)[k]  # noqa: E731
                    at = _checked(leaf, at, where)
                    lengths.append((where, _length(leaf, at)))
                    self.library = self.library or _library_of(leaf)
                self.leaves.append((leaf, at))
        arrays = [leaf for leaf, _ in self.leaves if hasattr(leaf, "dtype")]
        # What is drawn from a key is an Array.
        self.boxed = any_boxed(arrays) or not arrays
        self.length = _one_length(name_of(f), lengths, axis_size)

    def entered(self, level: Batch) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments with their mapped leaves on a level."""
        move = _moved_in if level.settings is None else _all_in
        found = [move(leaf, at, level) for leaf, at in self.leaves]
        arguments, start = [], 0
        for build, count in self.builders:
            arguments.append(build(found[start : start + count]))
            start += count
        return arguments[: self.count], dict(zip(self.names, arguments[self.count :], strict=True))


def _per_argument(in_axes: Any, args: Any) -> list[Any]:
    if in_axes is None or isinstance(in_axes, int):
        return [in_axes] * len(args)
    if not isinstance(in_axes, tuple | list):
        raise TypeError(
            f"vmap: in_axes is {describe(in_axes)}; expected an integer, None, or a tuple with one entry "
            f"per positional argument"
        )
    if len(in_axes) != len(args):
        raise ValueError(
            f"vmap: in_axes has {len(in_axes)} entries for {len(args)} positional arguments; give one "
            f"each, None for an argument that is not mapped over"
        )
    return list(in_axes)


def _for_leaves(axes: Any, argument: Any, what: Callable[[], str]) -> list[Any]:
    """Return an axis, or None, for every leaf, from a tree of them that is a prefix."""
    if axes is None or isinstance(axes, int):
        return [axes] * len(tree.flatten(argument)[0])
    mine, theirs = tree.children(axes), tree.children(argument)
    if mine is None or theirs is None or type(axes) is not type(argument) or mine.keys() != theirs.keys():
        raise ValueError(
            f"vmap: {what()} does not fit: it has {_shown(axes, mine)} where the value has "
            f"{_shown(argument, theirs)}. Give one integer or None for a whole part"
        )
    return [axis for key in mine for axis in _for_leaves(mine[key], theirs[key], what)]


def _shown(x: Any, children: Any) -> str:
    return describe(x) if children is None else f"a {type(x).__name__} of {list(children)}"


def _length(leaf: Any, axis: int) -> int:
    return int(leaf.shape[axis]) if hasattr(leaf, "shape") else len(leaf)


def _library_of(leaf: Any) -> Any:
    return None if isinstance(leaf, Mappable) else backends.of(bottom_of(leaf))


def _checked(leaf: Any, axis: int, where: Callable[[], str]) -> int:
    """Return the axis counted from 0; raise an error where the leaf has no such axis."""
    if isinstance(leaf, Mappable) and hasattr(leaf, "__len__"):
        if axis not in (0, -1):
            raise ValueError(
                f"vmap: axis {axis} is out of range for {where()}, which are {len(leaf)} keys. Say 0"
            )
        return 0
    if not (isinstance(unbox(leaf), Traced) or (hasattr(leaf, "dtype") and backends.is_array(unbox(leaf)))):
        raise TypeError(
            f"vmap: {where()} is {describe(leaf)}, which has no axis to map over. Pass an array, or give it "
            f"None in in_axes. Several random keys, as neo.random.split gives them, have one"
        )
    ndim = len(leaf.shape)
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"vmap: axis {axis} is out of range for {where()}, which is {describe(leaf)}. Choose an axis "
            f"that it has, or None to pass it as it is"
        )
    return axis % ndim


def _one_length(name: str, lengths: list[tuple[Callable[[], str], int]], axis_size: int | None) -> int:
    said = [] if axis_size is None else [counted("vmap", "axis_size", axis_size)]
    found = {*[n for _, n in lengths], *said}
    if len(found) == 1:
        return found.pop()
    if not found:
        raise ValueError(
            f"vmap: nothing that {name} was called with is mapped over. Give an argument an axis in "
            f"in_axes, or say axis_size"
        )
    told = [f"{where()} has {n}" for where, n in lengths]
    told += [] if axis_size is None else [f"axis_size is {axis_size}"]
    raise ValueError(
        f"vmap: the axes mapped over have different lengths: {', '.join(told)}. Map over axes of one "
        f"length, or give None in in_axes for what is the same for every example"
    )


def _moved_in(leaf: Any, axis: int | None, level: Batch) -> Any:
    if isinstance(leaf, Mappable):
        return leaf if axis is None else leaf.mapped(level)
    return leaf if axis is None else level.hide(apart(unbox(moveaxis(leaf, axis, 0))))


def _all_in(leaf: Any, axis: int | None, level: Batch) -> Any:
    """Return a leaf on a level, also one that is the same for every example: it takes the options along."""
    held = unbox(leaf)
    is_array = isinstance(held, Traced) or (hasattr(held, "dtype") and backends.is_array(held))
    return level.trace(held) if axis is None and is_array else _moved_in(leaf, axis, level)


def _left(f: Any, result: Any, out_axes: Any, level: Batch, boxed: bool, library: Any) -> Any:
    """Return a result off the level, with the axis where out_axes says."""
    leaves, build = tree.flatten(result)
    axes = _for_leaves(out_axes, result, lambda: f"out_axes of {name_of(f)}")
    found = []
    for k, (x, axis) in enumerate(zip(leaves, axes, strict=True)):
        if isinstance(x, Mappable):
            found.append(x if axis is None else x.unmapped(level))
            continue
        where = lambda k=k: name_of(f) + tree.paths(result)[k]  # noqa: E731
        out = _moved_out(_as_array(x, where, library), axis, level, where)
        found.append(box(out) if boxed else out)
    return build(found)


def _as_array(x: Any, where: Callable[[], str], library: Any) -> Any:
    x = unbox(x)
    if type(x) in (bool, int, float, complex):
        return (library or backends.current()[0]).asarray(x)
    if not isinstance(x, Traced) and not (hasattr(x, "dtype") and backends.is_array(x)):
        raise TypeError(f"vmap: {where()} returned {describe(x)}; return an array or a tree of arrays")
    return x


def _moved_out(x: Any, axis: int | None, level: Batch, where: Callable[[], str]) -> Any:
    own = level.owns(x)
    if axis is None:
        if own:
            raise ValueError(
                f"vmap: the result of {where()} differs from example to example, and out_axes says None for "
                f"it. Give it an axis"
            )
        return x
    out = apart(x.examples) if own else unbox(spread(x, level.length))
    ndim = len(out.shape)
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"vmap: axis {axis} of out_axes is out of range for the result of {where()}, which has {ndim} "
            f"axes with the mapped one"
        )
    return unbox(moveaxis(out, 0, axis))
