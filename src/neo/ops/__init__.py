"""The operations and their rules."""

from . import methods  # noqa: F401  # gives arrays their operators
from .registry import composites, policies

__all__ = ["composites", "policies"]
