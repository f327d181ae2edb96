"""Derivatives, and the means to define your own."""

from .core.policy import Context, Policy
from .core.tape import Tape
from .transforms import session
from .transforms.forward import jvp
from .transforms.gradient import grad, value_and_grad, vjp
from .transforms.jacobian import jacrev
from .transforms.linear import linear_transpose, linearize
from .transforms.products import gnvp, hvp, value_grad_and_hvp

__all__ = [
    "Context",
    "Policy",
    "Tape",
    "gnvp",
    "grad",
    "hvp",
    "jacrev",
    "jvp",
    "linear_transpose",
    "linearize",
    "session",
    "value_and_grad",
    "value_grad_and_hvp",
    "vjp",
]
