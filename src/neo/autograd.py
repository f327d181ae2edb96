"""Derivatives, and the means to define your own."""

from .core.policy import Context, Policy
from .core.tape import Tape
from .transforms import session
from .transforms.checkpoint import checkpoint
from .transforms.columns import jacfwd
from .transforms.forward import jvp
from .transforms.gradient import grad, value_and_grad, vjp
from .transforms.jacobian import jacrev
from .transforms.linear import linear_transpose, linearize
from .transforms.matrices import hessian, jacobian, value_and_jacobian
from .transforms.products import gnvp, hvp, value_grad_and_hvp
from .transforms.vmap import vmap

__all__ = [
    "Context",
    "Policy",
    "Tape",
    "checkpoint",
    "gnvp",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linear_transpose",
    "linearize",
    "session",
    "value_and_grad",
    "value_and_jacobian",
    "value_grad_and_hvp",
    "vjp",
    "vmap",
]
