"""`jacfwd`: the whole Jacobian in forward mode, one push per element of the arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any, Unpack

from .. import backends, tree
from ..core.array import Traced, bottom_of, box, unbox
from ..core.dtypes import COMPLEX, REAL, kind
from ..errors import describe
from ..ops.broadcasting import reshape
from ..ops.indexing import getitem
from ..ops.manipulation import moveaxis
from .arguments import FIRST, Argnames, Argnums, choose, given, is_one, label, name_of, no_gradient
from .forward import push
from .jacobian import Blocks, assembled
from .mapping import over_examples
from .options import Options, Settings, settings_of
from .recording import Recording


def jacfwd(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's Jacobian by forward mode, or (Jacobian, aux).

    f: returns an array of any shape, or a tree of them; with has_aux a pair of it and anything
    else. argnums, argnames, options: as for `value_and_grad`; the arguments are real.
    Returns what `jacrev` does, by a push for every element of the arguments instead of a walk back
    for every element of the result: the quicker of the two where there are fewer of the former.
    Raises TypeError for a complex argument; use `jvp` with complex tangents instead.

    >>> import numpy as np
    >>> jacfwd(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    settings = settings_of(f, options)

    @wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        keys = choose(f, args, kwargs, argnums, argnames)
        run, found = by_columns(f, args, kwargs, keys, is_one(argnums, argnames), has_aux, settings)
        return (found, run.aux) if has_aux else found

    return jacobian


def by_columns(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    keys: list[Any],
    one: bool,
    has_aux: bool,
    settings: Settings,
) -> tuple[Recording, Any]:
    """Return a run of f, and its Jacobian by pushing each direction of the arguments through it."""
    trees = [tree.flatten(given(args, kwargs, key)) for key in keys]
    leaves = [_real(f, key, x) for key, (found, _) in zip(keys, trees, strict=True) for x in found]
    runs: list[Recording] = []

    def along(*units: Any) -> list[Any]:
        rest = iter(units)
        tangents = tuple([build([next(rest) for _ in found]) for found, build in trees])
        run, pushed = push(f, args, kwargs, keys, tangents, has_aux, settings)
        runs[:] = [run]
        _require_arrays(f, run.values)
        return pushed

    columns = over_examples(along, _units(leaves), lambda _: runs[0].boxed)
    results = [_blocks(moveaxis(x, 0, -1), leaves, trees) for x in columns]
    return runs[0], assembled(runs[0], results, one)


def _real(f: Any, key: Any, x: Any) -> Any:
    """Return a leaf of an argument as an array; raise TypeError for one that is not real."""
    x = unbox(x)
    if type(x) is float:
        return backends.current()[0].asarray(x)
    if type(x) is complex or kind(getattr(x, "dtype", None)) == COMPLEX:
        raise TypeError(
            f"jacfwd needs real arguments; {label(f, key)} is {describe(x)}. Use neo.jvp with complex "
            f"tangents, or jacrev with holomorphic=True"
        )
    if kind(getattr(x, "dtype", None)) != REAL:
        raise TypeError(no_gradient(x, label(f, key)))
    return x


def _require_arrays(f: Any, values: list[Any]) -> None:
    for x in values:
        if kind(getattr(x, "dtype", None)) not in (REAL, COMPLEX):
            raise TypeError(
                f"jacfwd needs {name_of(f)} to return real or complex arrays; it returned {describe(x)}"
            )


def _units(leaves: list[Any]) -> list[Any]:
    """Return for each leaf its part of every direction, stacked: 1 for one element of one leaf."""
    sizes = [prod(x.shape) for x in leaves]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [_identity(x, sum(sizes), start, n) for x, start, n in zip(leaves, starts, sizes, strict=True)]


def _identity(x: Any, count: int, start: int, n: int) -> Any:
    """Return columns start to start + n of an identity, each row in the shape of x."""
    raw = bottom_of(x)
    library = backends.of(raw)
    eye = library.xp.eye(count, n, k=-start, dtype=raw.dtype, device=library.place(library.device(raw)))
    units = library.xp.reshape(eye, (count, *tuple(x.shape)))
    return box(units) if isinstance(x, Traced) else units


def _blocks(columns: Any, leaves: list[Any], trees: list[Any]) -> Blocks:
    """Return the Jacobian of one result from its columns, which stand along the last axis."""
    blocks, start = [], 0
    for x in leaves:
        part = getitem(columns, (..., slice(start, start + prod(x.shape))))
        blocks.append(reshape(part, (*tuple(columns.shape)[:-1], *tuple(x.shape))))
        start += prod(x.shape)
    rest = iter(blocks)
    return Blocks([build([next(rest) for _ in found]) for found, build in trees])
