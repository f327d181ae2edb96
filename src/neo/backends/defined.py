"""Raw functions that no library needs to have: operations define them from functions that all have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DEFINED: dict[str, Callable[..., Any]] = {}


def define(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate the raw function of a name, for backends that have no kernel of it.

    It takes a library's raw functions first, then what its callers pass: raw arrays and settings.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        DEFINED[name] = function
        return function

    return decorate
