"""The operations and their rules."""

from . import (
    einsum,  # noqa: F401  # enters the table of operations, which is complete on import
    methods,  # noqa: F401  # gives arrays their operators
)
from .registry import composites, policies

__all__ = ["composites", "policies"]
