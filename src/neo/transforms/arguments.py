"""Which arguments of a function are differentiated, and what they look like on a tape."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .. import backends
from ..core.array import Array, Traced, box, raw_of, unbox
from ..core.dtypes import differentiable
from ..core.tape import Tape
from ..errors import describe, short_name

Argnums = int | Sequence[int] | None
Argnames = str | Sequence[str] | None


class _First(int):
    """The default of argnums: the first argument, unless argnames names others."""


FIRST = _First(0)


def name_of(f: Callable[..., Any]) -> str:
    """Return what to call a function in an error."""
    return getattr(f, "__name__", type(f).__name__)


class Inputs:
    """The differentiated leaves of one call's arguments, on a tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.leaves: list[Any] = []
        self.values: list[Any] = []
        self.slots: list[int] = []

    def enter(self, leaf: Any, label: str, path: str = "") -> Traced:
        """Put a leaf on the tape; raise TypeError when it has no gradient."""
        value = _checked(leaf, label + path)
        traced = self.tape.trace(value)
        self.leaves.append(leaf)
        self.values.append(value)
        # Held here: the function may write into the very object that it is given.
        self.slots.append(traced.slot)
        return traced

    def gradients(self, found: list[Any]) -> list[Any]:
        """Return the leaves' gradients from the walk back, zeros where none arrived."""
        return [
            _as_leaf(leaf, value, found[slot])
            for leaf, value, slot in zip(self.leaves, self.values, self.slots, strict=True)
        ]


def _checked(leaf: Any, where: str) -> Any:
    """Return the value of a leaf, unboxed; refuse what has no gradient."""
    value = unbox(leaf)
    if type(value) in (float, complex):
        return backends.current()[0].asarray(value)
    if isinstance(value, Traced):
        return value
    if not hasattr(value, "dtype") or not backends.is_array(value):
        raise TypeError(
            f"cannot differentiate with respect to {where}: it is {describe(leaf)}. Pass a real or "
            f"complex array or a float, or leave it out with argnums"
        )
    if not differentiable(value.dtype):
        raise TypeError(
            f"cannot differentiate with respect to {where}: its dtype is {short_name(value.dtype)}. "
            f"Cast it to a real or complex dtype, or leave it out with argnums"
        )
    return backends.of(value).detach(value)


def _as_leaf(leaf: Any, value: Any, g: Any) -> Any:
    """Return a gradient as wrapped as its leaf; zeros like it when there is none."""
    raw = raw_of(value)
    library = backends.of(raw)
    if g is None:
        place = library.place(library.device(raw))
        g = library.xp.zeros(tuple(raw.shape), dtype=raw.dtype, device=place)
    g = unbox(g)
    if not isinstance(g, Traced) and type(g) is not type(raw):
        g = library.asarray(g)  # NumPy's reductions give scalars for 0-d arrays
    return box(g) if type(leaf) is Array else g


def choose(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, argnames: Argnames
) -> list[tuple[str, Any]]:
    """Return (label, key) for every differentiated argument: an index of args or a key of kwargs.

    Raises TypeError for a position or name that the call did not give.
    """
    if argnames is not None and argnums is FIRST:
        argnums = None
    parameters = parameter_names(f)
    chosen = [_by_number(f, k, args, kwargs, parameters) for k in _several(argnums, int)]
    return chosen + [_by_name(f, name, args, kwargs, parameters) for name in _several(argnames, str)]


def _several(value: Any, one: type) -> tuple[Any, ...]:
    return () if value is None else (value,) if isinstance(value, one) else tuple(value)


def _by_number(f: Any, k: int, args: Any, kwargs: Any, parameters: list[str]) -> tuple[str, Any]:
    if not isinstance(k, int):
        raise TypeError(f"argnums takes integers, got {describe(k)}; use argnames for names")
    if -len(args) <= k < len(args):
        k %= len(args)
        label = f"argument {k}" + (f" ({parameters[k]!r})" if k < len(parameters) else "")
        return label, k
    if 0 <= k < len(parameters) and parameters[k] in kwargs:
        return f"argument {parameters[k]!r}", parameters[k]
    raise TypeError(
        f"argnums={k}, but {name_of(f)} was called with {len(args)} positional arguments; pass the "
        f"argument, or name a keyword in argnames"
    )


def _by_name(f: Any, name: str, args: Any, kwargs: Any, parameters: list[str]) -> tuple[str, Any]:
    if name in kwargs:
        return f"argument {name!r}", name
    if name in parameters and parameters.index(name) < len(args):
        return f"argument {name!r}", parameters.index(name)
    given = ", ".join([*parameters[: len(args)], *kwargs]) or "none"
    raise TypeError(f"argnames has {name!r}, but {name_of(f)} was called with: {given}")


def parameter_names(f: Callable[..., Any]) -> list[str]:
    """Return the names of a function's positional parameters; none if they cannot be known."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
