"""`jvp`: forward mode, one run of the function that carries tangents along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import backends, tree
from ..core.array import Array, Traced, apart, bottom_of, box, unbox
from ..core.dtypes import COMPLEX, kind
from ..core.filling import zeros_like
from ..core.following import followed
from ..core.forward import Forward
from ..errors import describe
from .arguments import Argnames, Argnums, every_or_chosen, is_one, label, must_share_library, name_of
from .options import PLAIN, Settings, split
from .owning import owned
from .recording import Recording


def jvp(
    f: Callable[..., Any],
    primals: Any,
    tangents: Any,
    argnums: Argnums = None,
    argnames: Argnames = None,
    has_aux: bool = False,
    **kwargs: Any,
) -> Any:
    """Return f's result and its tangent: f's derivative along the tangents.

    primals: a tuple of f's positional arguments. kwargs: its keyword arguments, and options, which
    are those of `value_and_grad`. An argument that is differentiated is an array or a tree of arrays.
    argnums, argnames: which are; by default every positional one.
    tangents: a tuple with one tangent per such argument, in its tree, with its shapes and dtypes; the
    tangent alone where argnums is one integer or argnames one name.
    Returns (value, tangent), or (value, tangent, aux). A result that does not move, integers among
    them, has the tangent zero. One run of f, which keeps nothing for a way back.
    Raises ValueError for a tangent of another tree, shape or dtype.

    >>> import numpy as np
    >>> jvp(lambda x, y: x * y, (np.array([1.0, 2.0]), 3.0), (np.array([1.0, 0.0]), 1.0))
    (array([3., 6.]), array([4., 2.]))
    """
    ways = directions(f, primals, tangents, argnums, argnames, kwargs)
    run, pushed = push(f, ways.args, ways.named, ways.keys, ways.tangents, has_aux, ways.settings)
    pushed = owned(pushed, run.inputs.values, run.values, tree.flatten(ways.tangents)[0])
    value, tangent = run.build_result(run.values), run.build_result(pushed)
    return (value, tangent, run.aux) if has_aux else (value, tangent)


@dataclass(frozen=True)
class Directions:
    """What is asked of a derivative along tangents: f's arguments, which of them move, and how.

    one: whether one argument was meant, and no tuple of them.
    """

    args: tuple[Any, ...]
    named: dict[str, Any]
    keys: list[Any]
    one: bool
    tangents: tuple[Any, ...]
    settings: Settings


def directions(
    f: Callable[..., Any], primals: Any, tangents: Any, argnums: Argnums, argnames: Argnames, kwargs: Any
) -> Directions:
    """Return what the arguments of `jvp` and of its kind ask for."""
    settings, named = split(f, kwargs)
    args, alone = as_arguments(primals)
    keys = every_or_chosen(f, args, named, argnums, argnames)
    one = alone or is_one(argnums, argnames)
    return Directions(args, named, keys, one, as_tangents(tangents, keys, one), settings)


def push(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    keys: list[Any],
    tangents: tuple[Any, ...],
    has_aux: bool = False,
    settings: Settings = PLAIN,
) -> tuple[Recording, list[Any]]:
    """Return a finished run of f in forward mode and the tangent of each array of its result."""
    run = Recording(f, args, kwargs, keys, settings, kind=Forward)
    for key, tangent in zip(keys, tangents, strict=True):
        argument = run.positional[key] if isinstance(key, int) else run.named[key]
        for x, v in zip(tree.flatten(argument)[0], leaves_of(f, key, argument, tangent), strict=True):
            x.slot = unbox(followed(v, x.held))  # see `Recording._walk_back`
    with run.quiet():
        run.record(has_aux)
        pushed = [leaving(run, v, x) for v, x in zip(run.slots, run.values, strict=True)]
    return run, pushed


def as_arguments(primals: Any) -> tuple[tuple[Any, ...], bool]:
    """Return primals as a tuple of arguments, and whether they were one argument, not in a tuple."""
    if isinstance(primals, tuple | list) and not hasattr(primals, "_fields"):
        return tuple(primals), False
    return (primals,), True


def as_tangents(tangents: Any, keys: list[Any], one: bool) -> tuple[Any, ...]:
    """Return one tangent per differentiated argument. Raises ValueError when their number differs."""
    if one:
        return (tangents,)
    if not isinstance(tangents, tuple | list):
        raise TypeError(
            f"the tangents of {len(keys)} arguments are {describe(tangents)}; expected a tuple with "
            f"one tangent per argument"
        )
    if len(tangents) != len(keys):
        raise ValueError(
            f"{len(tangents)} tangents for {len(keys)} arguments; give one per differentiated "
            f"argument, or name fewer in argnums"
        )
    return tuple(tangents)


def leaves_of(f: Any, key: Any, argument: Any, tangent: Any) -> list[Any]:
    """Return the leaves of a tangent, one tape down, checked against the argument they belong to."""
    if not tree.is_alike(tangent, argument):
        raise ValueError(
            f"the tangent of {label(f, key)} has another tree than the argument: leaves at "
            f"{tree.paths(tangent)} instead of {tree.paths(argument)}"
        )
    pairs = zip(tree.flatten(tangent)[0], tree.flatten(argument)[0], strict=True)
    what = lambda k: f"the tangent of {label(f, key)}{tree.paths(argument)[k]}"  # noqa: E731
    return [as_like(v, x, what, k) for k, (v, x) in enumerate(pairs)]


def as_like(v: Any, x: Any, what: Callable[[int], str], k: int) -> Any:
    """Return v, unboxed, if it has the shape, dtype and library of x; a number for a 0-d x as well.

    what: tells what to call v, the k-th. Raises ValueError for another.
    """
    v, raw = unbox(v), bottom_of(x)
    library = backends.of(raw)
    numbers = (int, float, complex) if kind(raw.dtype) == COMPLEX else (int, float)
    if type(v) in numbers and tuple(x.shape) == ():
        return library.asarray(v, raw.dtype, library.device(raw))
    if hasattr(v, "dtype") and type(v) is not type(raw):
        must_share_library(what(k), v, "its argument", x)
    if not hasattr(v, "dtype") or tuple(v.shape) != tuple(x.shape) or v.dtype != x.dtype:
        raise ValueError(f"{what(k)} is {describe(v)}; expected {describe(x)}, like what it belongs to")
    return apart(v) if library.detach is None or isinstance(v, Traced) else library.detach(v)


def leaving(run: Recording, v: Any, value: Any) -> Any:
    """Return the tangent of a result, as wrapped as the result."""
    if type(value) in (bool, int, float, complex):
        return type(value)(0)
    if not hasattr(value, "dtype"):
        raise TypeError(f"{name_of(run.f)} returned {describe(value)}; return an array or a tree of arrays")
    if v is None:
        v = unbox(zeros_like(unbox(value)))
    return box(apart(v)) if isinstance(value, Array) else apart(v)
