"""`jacfwd`: the whole Jacobian in forward mode, one push per element of the arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from .holomorphic import require_complex
from .jacobian import Blocks, assembled, by_rows
from .mapping import over_examples
from .options import Options, Settings, settings_of
from .recording import Recording


def jacfwd(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's Jacobian by forward mode, or (Jacobian, aux).

    f: returns an array of any shape, or a tree of them; with has_aux a pair of it and anything
    else. argnums, argnames, options: as for `value_and_grad`; the arguments are real, or all complex
    with holomorphic. chunk_size: as for `jacrev`.
    Returns what `jacrev` does, by a push for every element of the arguments instead of a walk back
    for every element of the result: the quicker of the two where there are fewer of the former.
    Raises TypeError for a complex argument without holomorphic; `jvp` takes complex tangents.

    >>> import numpy as np
    >>> jacfwd(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    settings = settings_of(f, options)

    @wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        keys = choose(f, args, kwargs, argnums, argnames)
        how = Columns(is_one(argnums, argnames), has_aux, holomorphic, chunk_size, settings)
        run, found = by_columns(f, args, kwargs, keys, how)
        return (found, run.aux) if has_aux else found

    return jacobian


@dataclass(frozen=True)
class Columns:
    """How a Jacobian is taken by columns: what was asked of `jacfwd`, and whether of one argument."""

    one: bool
    has_aux: bool
    holomorphic: bool
    chunk_size: int | None
    settings: Settings


def by_columns(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], keys: list[Any], how: Columns
) -> tuple[Recording, Any]:
    """Return a run of f, and its Jacobian by pushing each direction of the arguments through it."""
    trees = [tree.flatten(given(args, kwargs, key)) for key in keys]
    leaves = [
        _leaf(f, key, x, how.holomorphic) for key, (found, _) in zip(keys, trees, strict=True) for x in found
    ]
    if not leaves:  # nothing moves, so there is nothing to push
        run = Recording(f, args, kwargs, keys, how.settings)
        with run.quiet():
            run.record(how.has_aux)
            return run, by_rows(run, how.one, how.holomorphic)
    runs: list[Recording] = []

    def along(*units: Any) -> list[Any]:
        rest = iter(units)
        tangents = tuple([build([next(rest) for _ in found]) for found, build in trees])
        run, pushed = push(f, args, kwargs, keys, tangents, how.has_aux, how.settings)
        runs[:] = [run]
        _require_arrays(f, run.values, how.holomorphic)
        return pushed

    columns = over_examples(
        along, _units(leaves), lambda _: runs[0].boxed, f"jacfwd of {name_of(f)}", how.chunk_size
    )
    results = [_blocks(moveaxis(x, 0, -1), leaves, trees) for x in columns]
    return runs[0], assembled(runs[0], results, how.one)


def _leaf(f: Any, key: Any, x: Any, holomorphic: bool) -> Any:
    """Return a leaf of an argument as an array; raise TypeError for one that is not of the right kind."""
    x = unbox(x)
    if holomorphic:
        require_complex("jacfwd", "arguments", [x])
    if type(x) is float or (holomorphic and type(x) is complex):
        return backends.current()[0].asarray(x)
    if holomorphic:
        return x
    if type(x) is complex or kind(getattr(x, "dtype", None)) == COMPLEX:
        raise TypeError(
            f"jacfwd needs real arguments; {label(f, key)} is {describe(x)}. Say holomorphic=True "
            f"for f'(z), or use neo.jvp with complex tangents"
        )
    if kind(getattr(x, "dtype", None)) != REAL:
        raise TypeError(no_gradient(x, label(f, key)))
    return x


def _require_arrays(f: Any, values: list[Any], holomorphic: bool) -> None:
    if holomorphic:
        require_complex("jacfwd", "results", values)
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
    eye = library.raw.eye(count, n, k=-start, dtype=raw.dtype, device=library.place(library.device(raw)))
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
