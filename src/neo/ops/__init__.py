"""The operations and their rules."""

from . import (
    einsum,  # noqa: F401  # enters the table of operations, which is complete on import
    fft,  # noqa: F401
    linalg,  # noqa: F401
    methods,  # noqa: F401  # gives arrays their operators
    sets,  # noqa: F401
)
from .registry import composites, policies

__all__ = ["composites", "policies"]
