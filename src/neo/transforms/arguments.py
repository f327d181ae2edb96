"""Which arguments of a function are differentiated, and what they look like on a tape."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from math import prod
from numbers import Integral
from typing import Any

from .. import backends, tree
from ..core.array import Array, Traced, apart, bottom_of, box, unbox
from ..core.dtypes import differentiable
from ..core.tape import Tape
from ..errors import describe, short_name

Argnums = int | Sequence[int] | None
Argnames = str | Sequence[str] | None


class _First(int):
    """The default of argnums: the first argument, unless argnames names others."""


FIRST = _First(0)
# In elements: from 128 kB on the C library asks the system for new memory, page by page.
LARGE = 2**15


def name_of(f: Callable[..., Any]) -> str:
    """Return what to call a function in an error."""
    return getattr(f, "__name__", type(f).__name__)


class Inputs:
    """The differentiated leaves of one call's arguments: the first slots of a tape, in order.

    boxed: whether an Array is among them. nested: whether one that an outer tape traces is.
    libraries: the backends they belong to.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.leaves: list[Any] = []
        self.values: list[Any] = []
        self.boxed = self.nested = False
        self.libraries: set[backends.Backend] = set()

    @property
    def large(self) -> bool:
        """Whether one is so large that a new array costs more than looking for one to write into."""
        return any([prod(x.shape) >= LARGE for x in self.values])

    def enter(self, leaves: list[Any], where: Callable[[int], str]) -> list[Traced]:
        """Put the leaves of an argument on the tape; raise TypeError for one without a gradient.

        where: tells what to call leaf k. Only an error asks, since the answer takes a while.
        """
        known = backends.BY_TYPE
        library = known.get(type(leaves[0])) if leaves and len({*map(type, leaves)}) == 1 else None
        if library is None:
            values = [self._value(leaf, k, where) for k, leaf in enumerate(leaves)]
        else:  # all of one class, as they nearly always are
            self.libraries.add(library)
            values = leaves if library.detach is None else [library.detach(leaf) for leaf in leaves]
        entered = self.tape.enter(values)
        if Array in map(type, entered):
            k = [*map(type, entered)].index(Array)  # not recorded: it has no gradient
            raise TypeError(no_gradient(leaves[k], where(k)))
        # The function may write into the very objects that it is given; their slots are their places.
        self.leaves += leaves
        self.values += values
        return entered

    def _value(self, leaf: Any, k: int, where: Callable[[int], str]) -> Any:
        """Return a leaf out of its box, and note the box and the library."""
        value = _value(unbox(leaf))
        if value is None:
            raise TypeError(no_gradient(leaf, where(k)))
        self.boxed = self.boxed or isinstance(leaf, Array)
        self.nested = self.nested or isinstance(value, Traced)
        self.libraries.add(backends.of(bottom_of(value)))
        return value

    def gradients(self, found: list[Any]) -> list[Any]:
        """Return the leaves' gradients from the walk back, zeros where none arrived."""
        if not self.nested and [*map(type, found)] == [*map(type, self.leaves)]:
            return found
        return [_as_leaf(*each) for each in zip(self.leaves, self.values, found, strict=True)]


def _value(value: Any) -> Any:
    """Return a traced array as it is, a float and an array not met before as an array, else None."""
    if isinstance(value, Traced):
        return apart(value)
    if type(value) in (float, complex):
        return backends.current()[0].asarray(value)
    if not hasattr(value, "dtype") or not backends.is_array(value):
        return None
    detach = backends.of(value).detach
    return value if detach is None else detach(value)


def no_gradient(leaf: Any, where: str) -> str:
    """Return the error for a leaf of an argument that has no gradient."""
    if not hasattr(leaf, "dtype") or not backends.is_array(leaf):
        what = type(leaf).__name__ if hasattr(leaf, "dtype") else describe(leaf)
        return (
            f"cannot differentiate with respect to {where}: it is {what}. Pass a real or "
            f"complex array or a float, or leave it out with argnums"
        )
    return (
        f"cannot differentiate with respect to {where}: its dtype is {short_name(leaf.dtype)}. "
        f"Cast it to a real or complex dtype, or leave it out with argnums"
    )


def _as_leaf(leaf: Any, value: Any, g: Any) -> Any:
    """Return a gradient as wrapped as its leaf; zeros like it when there is none."""
    raw = bottom_of(value)
    library = backends.of(raw)
    if g is None:
        place = library.place(library.device(raw))
        g = library.xp.zeros(tuple(value.shape), dtype=raw.dtype, device=place)
    g = unbox(g)
    if not isinstance(g, Traced) and type(g) is not type(raw):
        g = library.asarray(g)  # NumPy's reductions give scalars for 0-d arrays
    return box(apart(g)) if isinstance(leaf, Array) else apart(g)


def must_share_library(name: str, v: Any, other: str, x: Any) -> None:
    """Raise ValueError, with the names of both, where arrays belong to two libraries."""
    mine, library = backends.of(bottom_of(v)), backends.of(bottom_of(x))
    if mine is not library:
        raise ValueError(
            f"{name} belongs to {mine.name} and {other} to {library.name}. Move one first, for example with "
            f"neo.asarray(x, backend={library.name!r})"
        )


def choose(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, argnames: Argnames
) -> list[Any]:
    """Return the key of every differentiated argument: a position in args or a name in kwargs.

    Raises TypeError for a position or name that the call did not give, ValueError for one given
    twice.
    """
    if argnums is FIRST and argnames is None and args:
        return [0]
    numbers = () if argnums is FIRST and argnames is not None else _several(argnums, Integral)
    keys = [_by_number(f, k, args, kwargs) for k in numbers]
    keys += [_by_name(f, name, args, kwargs) for name in _several(argnames, str)]
    if len(set(keys)) != len(keys):
        raise ValueError(f"argnums={argnums} and argnames={argnames} name an argument twice")
    return keys


def every_or_chosen(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, argnames: Argnames
) -> list[Any]:
    """Return the key of every chosen argument; of every positional one when none is chosen."""
    if argnums is None and argnames is None:
        return list(range(len(args)))
    return choose(f, args, kwargs, argnums, argnames)


def is_one(argnums: Argnums, argnames: Argnames) -> bool:
    """Tell whether one argument was asked for, and not as a sequence of one."""
    if argnames is None or (argnums is not FIRST and argnums is not None):
        return isinstance(argnums, Integral) and argnames is None
    return isinstance(argnames, str)


def _several(value: Any, one: type) -> tuple[Any, ...]:
    if value is None or isinstance(value, one):
        return () if value is None else (value,)
    if not isinstance(value, Iterable):
        raise TypeError(
            f"argnums takes integers and argnames names, one or several of them; got {describe(value)}"
        )
    return tuple(value)


def _by_number(f: Any, k: int, args: Any, kwargs: Any) -> Any:
    if not isinstance(k, Integral):
        raise TypeError(f"argnums takes integers, got {describe(k)}; use argnames for names")
    if -len(args) <= k < len(args):
        return int(k) % len(args)
    parameters = parameter_names(f)
    if 0 <= k < len(parameters) and parameters[k] in kwargs:
        return parameters[k]
    raise TypeError(
        f"argnums={k}, but {name_of(f)} was called with {len(args)} positional arguments; pass the "
        f"argument, or name a keyword in argnames"
    )


def _by_name(f: Any, name: str, args: Any, kwargs: Any) -> Any:
    if name in kwargs:
        return name
    parameters = parameter_names(f)
    if name in parameters and parameters.index(name) < len(args):
        return parameters.index(name)
    given = ", ".join([*parameters[: len(args)], *kwargs]) or "none"
    raise TypeError(f"argnames has {name!r}, but {name_of(f)} was called with: {given}")


def label(f: Callable[..., Any], key: Any) -> str:
    """Return what to call an argument in an error: `argument 0 ('x')`."""
    if isinstance(key, str):
        return f"argument {key!r}"
    parameters = parameter_names(f)
    return f"argument {key}" + (f" ({parameters[key]!r})" if key < len(parameters) else "")


def any_boxed(arguments: Any) -> bool:
    """Tell whether an Array stands among arguments or in their trees."""
    known = backends.BY_TYPE  # a bare array is no tree, and the most common argument
    trees = [x for x in arguments if type(x) not in known]
    return any([isinstance(x, Array) for argument in trees for x in tree.flatten(argument)[0]])


def parameters_of(f: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return a function's parameters; none if they cannot be known."""
    try:
        return list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return []


def parameter_names(f: Callable[..., Any]) -> list[str]:
    """Return the names of a function's positional parameters."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters_of(f) if p.kind in kinds]


def every_differentiable(
    f: Callable[..., Any], parameters: list[inspect.Parameter], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[str, Any]]:
    """Return (name, key) for every argument that is a real or complex array, or has one in its tree.

    In the order of f's parameters. An argument of a `*xs` parameter is called `xs[0]`, `xs[1]`, ...
    Raises TypeError when there is none.
    """
    names = _names(parameters, args, kwargs)
    found = [(name, key) for key, name in names.items() if _is_differentiable(given(args, kwargs, key))]
    if not found:
        what = ", ".join([describe(x) for x in (*args, *kwargs.values())]) or "none"
        raise TypeError(
            f"no argument of {name_of(f)} holds a real or complex array; got {what}. Pass one, for "
            f"example neo.asarray(2.0)"
        )
    return found


def given(args: tuple[Any, ...], kwargs: dict[str, Any], key: Any) -> Any:
    """Return the argument at a position or keyword."""
    return args[key] if isinstance(key, int) else kwargs[key]


def _is_differentiable(argument: Any) -> bool:
    return any([has_gradient(x) for x in tree.flatten(argument)[0]])


def has_only_arrays(argument: Any) -> bool:
    """Tell whether every leaf of an argument is an array with a gradient."""
    return all([has_gradient(x) for x in tree.flatten(argument)[0]])


def has_gradient(x: Any) -> bool:
    """Tell whether a leaf is a real or complex array."""
    x = bottom_of(x)
    return hasattr(x, "dtype") and backends.is_array(x) and differentiable(x.dtype)


def _names(
    parameters: list[inspect.Parameter], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[Any, str]:
    """Return the name of every argument by its key, in the order of the parameters."""
    names: dict[Any, str] = {}
    fixed = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
    for k in range(len(args)):
        names[k] = fixed[k] if k < len(fixed) else f"{variadic}[{k - len(fixed)}]"
    order = [p.name for p in parameters]
    known = [name for name in order if name in kwargs]
    for name in [*known, *(k for k in kwargs if k not in known)]:
        names[name] = name
    return names
