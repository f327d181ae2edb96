"""Functions of neural networks, each one call on the tape, and `neo_function` for your own."""

from ..core.call import neo_function

__all__ = ["neo_function"]
