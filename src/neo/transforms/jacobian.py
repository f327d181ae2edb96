"""`jacrev`: the whole Jacobian in reverse mode, one walk back per element of the result."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any, Unpack

from .. import backends, tree
from ..core.array import Traced, box, raw_of, unbox
from ..core.dtypes import REAL, kind
from ..errors import describe
from ..ops.broadcasting import reshape
from ..ops.indexing import getitem
from ..ops.manipulation import stack
from .arguments import FIRST, Argnames, Argnums, choose, is_one
from .holomorphic import derivatives, require_complex
from .options import Options, settings_of
from .recording import Recording


def jacrev(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's Jacobian, or (Jacobian, aux).

    f: returns a real array of any shape, or a tree of them; with has_aux a pair of it and anything
    else. argnums, argnames, holomorphic, options: as for `value_and_grad`.
    Returns, for each array of the result and each of the argument, an array of shape (*result,
    *argument): the result's tree with the argument's tree in place of each array, and a tuple of
    such trees for several arguments. One run of f, then one walk back per element of the result.
    Raises TypeError for a result that is not real, unless it is holomorphic; pull its cotangents
    with `vjp` instead.

    >>> import numpy as np
    >>> jacrev(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    settings = settings_of(options)

    @wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        run = Recording(f, args, kwargs, choose(f, args, kwargs, argnums, argnames), settings)
        with run.quiet():
            run.record(has_aux)
            found = run.build_result([_rows(run, k, holomorphic) for k in range(len(run.values))])
            if holomorphic:
                found = tree.map(lambda rows: _Rows(derivatives(rows.blocks)), found)
        one = is_one(argnums, argnames)
        picked = tree.map(lambda rows: rows.blocks[0] if one else tuple(rows.blocks), found)
        return (picked, run.aux) if has_aux else picked

    return jacobian


class _Rows:
    """The Jacobian of one result: a tree for each argument. No tree itself, so that it is a leaf."""

    def __init__(self, blocks: list[Any]) -> None:
        self.blocks = blocks


def _rows(run: Recording, k: int, holomorphic: bool) -> _Rows:
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
    slot, shape = run.slots[k], tuple(value.shape)
    pulled = [run.pull([] if slot is None else [(slot, unit)], keep=True) for unit in _units(value)]
    if not pulled:  # no element: the shapes still tell what is missing
        pulled = [run.pull([], keep=True)]
        return _Rows([tree.map(lambda g: _joined([g], shape), block) for block in pulled[0]])
    return _Rows([_stacked([row[j] for row in pulled], shape) for j in range(len(pulled[0]))])


def _units(value: Any) -> list[Any]:
    """Return a cotangent for each element: 1 there, 0 elsewhere."""
    raw = raw_of(value)
    library = backends.of(raw)
    count = prod(raw.shape)
    place = library.place(library.device(raw))
    eye = library.xp.eye(count, dtype=raw.dtype, device=place)
    units = [library.xp.reshape(eye[j, ...], tuple(raw.shape)) for j in range(count)]
    return [box(unit) for unit in units] if isinstance(unbox(value), Traced) else units


def _stacked(rows: list[Any], shape: tuple[int, ...]) -> Any:
    """Return one tree whose arrays are the rows' arrays, stacked to the result's shape."""
    leaves = [tree.flatten(row)[0] for row in rows]
    build = tree.flatten(rows[0])[1]
    return build([_joined(column, shape) for column in zip(*leaves, strict=True)])


def _joined(column: Any, shape: tuple[int, ...]) -> Any:
    joined = stack(list(column))
    if 0 in shape:
        joined = getitem(joined, (slice(0, 0), ...))
    return reshape(joined, (*shape, *tuple(joined.shape)[1:]))
