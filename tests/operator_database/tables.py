"""All tables in one: what neo is called with for each operation of PyTorch's database."""

from __future__ import annotations

from typing import Any

from . import elementwise, indexing, linear_algebra, networks, reductions, shapes, windows

MODULES = (elementwise, reductions, shapes, indexing, linear_algebra, networks, windows)
TABLE: dict[str, Any] = {name: function for module in MODULES for name, function in module.TABLE.items()}
