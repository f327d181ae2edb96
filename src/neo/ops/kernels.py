"""A library's raw function, found by the class of an array."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from .. import backends
from ..core.array import Array, Traced


class Kernel(dict[type, Callable[..., Any]]):
    """The raw functions of one operation by array class, found on first use.

    `kernel[type(x)](x)` costs one dictionary look-up. An operation that enters its own function
    for boxed and traced arrays has said all that nesting needs.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, kind: type) -> Callable[..., Any]:
        if issubclass(kind, Traced) and Traced in self:
            return self.setdefault(kind, self[Traced])
        backend = backends.of_type(kind)
        if backend is None:
            return self._by_value
        return self.setdefault(kind, backend.kernel(self.name))

    def _by_value(self, x: Any, *others: Any, **settings: Any) -> Any:
        """Handle what no backend claims by class: Python numbers, and libraries seen first."""
        if type(x) in (bool, int, float, complex):
            x = backends.current()[0].asarray(x)
        return backends.of(x).kernel(self.name)(x, *others, **settings)


def writing(formula: Callable[..., Any], into: Callable[..., Any]) -> Callable[..., Any]:
    """Return the formula of a gradient that is always a new array, with a way to write it into g.

    into(g, saved) returns the gradient, perhaps in the array of g; the walk back calls it where
    nothing else can see that.
    """
    formula.into = into  # type: ignore[attr-defined]
    return formula


def with_kernel(name: str, formula: Callable[..., Any], new: bool = False) -> Callable[..., Any]:
    """Return the formula of a gradient, quicker where a backend has a kernel of that name.

    The kernel takes the formula's arguments as raw arrays. A gradient that is boxed or traced
    always takes the formula, so a kernel needs no derivative of its own.
    new: whether the gradient is always a new array; see `writing`. A backend may then have a kernel
    `..._into`, which writes it into g.
    """
    by_class = _ByClass(name, formula)

    def either(g: Any, *saved: Any) -> Any:
        return by_class[type(g)](g, *saved)

    def either_of_two(g: Any, saved: Any) -> Any:
        return by_class[type(g)](g, saved)

    # Elementwise rules run in inner loops, and packing arguments takes longer than looking them up.
    either = wraps(formula)(either_of_two if len(signature(formula).parameters) == 2 else either)
    return writing(either, with_kernel(f"{name}_into", either)) if new else either


class _ByClass(dict[type, Callable[..., Any]]):
    """A gradient's kernel by the class of g: the backend's of that name, else the formula."""

    def __init__(self, name: str, formula: Callable[..., Any]) -> None:
        super().__init__()
        self.name, self.formula = name, formula

    def __missing__(self, kind: type) -> Callable[..., Any]:
        backend = None if issubclass(kind, Array) else backends.of_type(kind)
        return self.setdefault(
            kind, backend.kernels.get(self.name, self.formula) if backend else self.formula
        )
