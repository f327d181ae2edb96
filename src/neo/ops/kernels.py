"""A library's raw function, found by the class of an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import backends


class Kernel(dict[type, Callable[..., Any]]):
    """The raw functions of one operation by array class, found on first use.

    `kernel[type(x)](x)` costs one dictionary look-up. An operation that enters its own function
    for boxed and traced arrays has said all that nesting needs.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, kind: type) -> Callable[..., Any]:
        backend = backends.of_type(kind)
        if backend is None:
            return self._by_value
        return self.setdefault(kind, backend.kernel(self.name))

    def _by_value(self, x: Any, *others: Any, **settings: Any) -> Any:
        """Handle what no backend claims by class: Python numbers, and libraries seen first."""
        if type(x) in (bool, int, float, complex):
            x = backends.current()[0].asarray(x)
        return backends.of(x).kernel(self.name)(x, *others, **settings)
