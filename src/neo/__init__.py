"""neo: the derivative of array programs, on whichever library the arrays come from.

>>> import numpy as np
>>> import neo
>>> import neo.numpy as nep
>>> neo.grad(lambda x: nep.sum(nep.sin(x)))(np.zeros(3))
array([1., 1., 1.])
"""

from importlib import import_module
from typing import Any

from . import autograd, backends, functions, random, rules  # noqa: F401
from .core.array import Array
from .core.call import neo_function
from .core.evaluating import evaluate
from .errors import near as _near
from .importing import follow as _follow
from .ops import policies
from .ops.constant import stop_gradient
from .ops.creation import arange, array, asarray, eye, full, linspace, ones, zeros
from .random.convenience import rand, randint, randn
from .transforms.checkpoint import checkpoint
from .transforms.columns import jacfwd
from .transforms.forward import jvp
from .transforms.gradient import grad, value_and_grad, vjp
from .transforms.jacobian import jacrev
from .transforms.linear import linear_transpose, linearize
from .transforms.matrices import hessian, jacobian, value_and_jacobian
from .transforms.products import gnvp, hvp, value_grad_and_hvp
from .transforms.trace import trace
from .transforms.vmap import vmap

_follow()

__version__ = "0.1.0"
__all__ = [
    "Array",
    "arange",
    "array",
    "asarray",
    "autograd",
    "backends",
    "checkpoint",
    "evaluate",
    "eye",
    "full",
    "functions",
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
    "linspace",
    "neo_function",
    "ones",
    "policies",
    "rand",
    "randint",
    "randn",
    "random",
    "show",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "value_and_jacobian",
    "value_grad_and_hvp",
    "vjp",
    "vmap",
    "zeros",
]

# Those that take longer to load than a program which does not use them should wait.
_MODULES = frozenset(
    "control conventions export fft implicit interop linalg numpy ode rules special testing".split()
)


def __getattr__(name: str) -> Any:
    """Load what is seldom used when somebody asks for it."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name == "show":
        return import_module(f"{__name__}.drawing").show
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_near(name, __all__)}")
