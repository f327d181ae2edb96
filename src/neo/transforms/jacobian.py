"""`jacrev`: the whole Jacobian in reverse mode, one walk back per element of the result."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any, Unpack

from .. import backends, tree
from ..core.array import Array, Traced, bottom_of, box, unbox
from ..core.dtypes import REAL, kind
from ..errors import describe
from ..ops.broadcasting import reshape
from .arguments import FIRST, Argnames, Argnums, choose, is_one
from .holomorphic import derivatives, require_complex
from .mapping import over_examples
from .options import Options, settings_of
from .recording import Recording


def jacrev(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's Jacobian, or (Jacobian, aux).

    f: returns a real array of any shape, or a tree of them; with has_aux a pair of it and anything
    else. argnums, argnames, holomorphic, options: as for `value_and_grad`.
    Returns, for each array of the result and each of the argument, an array of shape (*result,
    *argument): the result's tree with the argument's tree in place of each array, and a tuple of
    such trees for several arguments. One run of f, then a walk back for every element of the result,
    all at once by `vmap`.
    chunk_size: how many elements go through at once at most, for less memory; 1 for one after the
    other, which is also what happens, with a PerformanceWarning, where `vmap` is refused.
    Raises TypeError for a result that is not real, unless it is holomorphic; pull its cotangents
    with `vjp` instead.

    >>> import numpy as np
    >>> jacrev(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    settings = settings_of(f, options)

    @wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        run = Recording(f, args, kwargs, choose(f, args, kwargs, argnums, argnames), settings)
        with run.quiet():
            run.record(has_aux)
            found = by_rows(run, is_one(argnums, argnames), holomorphic, chunk_size)
        return (found, run.aux) if has_aux else found

    return jacobian


class Blocks:
    """The Jacobian of one result: a tree for each argument. No tree itself, so that it is a leaf."""

    def __init__(self, blocks: list[Any]) -> None:
        self.blocks = blocks


def assembled(run: Recording, blocks: list[Blocks], one: bool) -> Any:
    """Return the Jacobian of a run from that of each result; with a tuple inside unless `one`."""
    return tree.map(lambda b: b.blocks[0] if one else tuple(b.blocks), run.build_result(blocks))


def by_rows(run: Recording, one: bool, holomorphic: bool = False, chunk_size: int | None = None) -> Any:
    """Return the Jacobian of a recorded run by walking back from each element of its results."""
    rows = [_rows(run, k, holomorphic, chunk_size) for k in range(len(run.values))]
    if holomorphic:
        rows = [Blocks(derivatives(row.blocks)) for row in rows]
    return assembled(run, rows, one)


def _rows(run: Recording, k: int, holomorphic: bool, chunk_size: int | None) -> Blocks:
    """Return the gradients of every element of result k, stacked."""
    value = run.values[k]
    if holomorphic:
        require_complex("jacrev", "arguments", run.inputs.leaves)
        require_complex("jacrev", "results", [value])
    elif not hasattr(value, "dtype") or kind(value.dtype) != REAL:
        raise TypeError(
            f"jacrev needs {run.owner} to return real arrays; it returned {describe(value)}. Use "
            f"neo.vjp with a cotangent for complex results"
        )
    slot = run.slots[k]
    trees: list[tuple[Callable[..., Any], int]] = []

    def pull(unit: Any) -> list[Any]:
        pulled = run.pull([] if slot is None else [(slot, unit)], keep=True)
        flat = [tree.flatten(gradient) for gradient in pulled]
        trees[:] = [(build, len(leaves)) for leaves, build in flat]
        return [x for leaves, _ in flat for x in leaves]

    boxed = lambda k: isinstance(run.inputs.leaves[k], Array)  # noqa: E731
    columns = over_examples(pull, [_units(value)], boxed, f"jacrev of {run.owner}", chunk_size)
    shaped = iter([reshape(g, (*value.shape, *tuple(g.shape)[1:])) for g in columns])
    return Blocks([build([next(shaped) for _ in range(count)]) for build, count in trees])


def _units(value: Any) -> Any:
    """Return a cotangent for each element, stacked: 1 there, 0 elsewhere."""
    raw = bottom_of(value)
    library = backends.of(raw)
    count = prod(value.shape)
    place = library.place(library.device(raw))
    eye = library.raw.eye(count, dtype=raw.dtype, device=place)
    units = library.xp.reshape(eye, (count, *tuple(value.shape)))
    return box(units) if isinstance(unbox(value), Traced) else units
