"""What neo does when another library is imported, before or after neo: register what that one asks for."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

# The module of neo that is imported after a library.
FOLLOWERS = {"einops": "neo.einops_backend"}


class Follower:
    """A finder that lets a library be found as ever, and imports neo's module after it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the library's own spec with a loader that goes on to neo's module; None for others."""
        if name not in FOLLOWERS or path is not None:
            return None
        spec = PathFinder.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, FOLLOWERS[name])  # type: ignore[assignment]
        return spec


class _Loader:
    def __init__(self, loader: Any, follower: str) -> None:
        self._loader = loader
        self._follower = follower

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the library's own loader makes."""
        found: ModuleType | None = self._loader.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        """Run the library, then neo's module."""
        self._loader.exec_module(module)
        import_module(self._follower)


def follow() -> None:
    """Register with what is imported already, and wait for the rest."""
    for name, follower in FOLLOWERS.items():
        if sys.modules.get(name) is not None:  # None is how tests hide a library
            import_module(follower)
    sys.meta_path.insert(0, Follower())  # type: ignore[arg-type]
