"""Derivatives, and the means to define your own."""

from .core.policy import Context, Policy
from .core.tape import Tape
from .transforms import session
from .transforms.gradient import grad, value_and_grad, vjp
from .transforms.jacobian import jacrev

__all__ = ["Context", "Policy", "Tape", "grad", "jacrev", "session", "value_and_grad", "vjp"]
