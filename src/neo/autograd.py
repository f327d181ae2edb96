"""Derivatives, and the means to define your own."""

from .core.policy import Context, Policy
from .core.tape import Tape
from .transforms import session
from .transforms.gradient import grad, value_and_grad, vjp

__all__ = ["Context", "Policy", "Tape", "grad", "session", "value_and_grad", "vjp"]
