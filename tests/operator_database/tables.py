"""All tables in one: what neo is called with for each operation of PyTorch's database."""

from __future__ import annotations

from typing import Any

from . import (
    elementwise,
    images,
    indexing,
    linear_algebra,
    masked,
    networks,
    positions,
    reductions,
    shapes,
    windows,
)

MODULES = (
    elementwise,
    reductions,
    shapes,
    indexing,
    linear_algebra,
    networks,
    windows,
    images,
    masked,
    positions,
)
TABLE: dict[str, Any] = {name: function for module in MODULES for name, function in module.TABLE.items()}
