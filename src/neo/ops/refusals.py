"""Attributes and functions that users of other libraries try on a neo array, and what to use instead."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NoReturn

from ..core.array import Array
from ..errors import describe, near

_INSTEAD = {
    "backward": "no array holds a tape: ask for the gradient with neo.grad(f)(x)",
    "cpu": "use x.to('cpu')",
    "cuda": "use x.to('cuda')",
    "detach": "use neo.stop_gradient(x)",
    "dim": "use x.ndim",
    "double": "use x.astype(neo.numpy.float64)",
    "float": "use x.astype(neo.numpy.float32)",
    "grad": "no array holds a gradient: neo.grad(f)(x) returns it",
    "grad_fn": "no array holds a tape: neo.trace(f)(x) returns it",
    "permute": "use neo.numpy.permute_dims(x, axes)",
    "requires_grad": "the transform says what is differentiated: neo.grad(f, argnums=...)",
    "requires_grad_": "the transform says what is differentiated: neo.grad(f, argnums=...)",
    "view": "use x.reshape(shape)",
}
_HOMES = ("neo.numpy", "neo.functions", "neo.linalg", "neo.special")


def missing_attribute(self: Array, name: str) -> NoReturn:
    """Raise AttributeError, with what to use instead where neo has it."""
    # Libraries look for protocols, and neo for `part_of`, on every array: no words for those.
    if name[0] == "_" or name == "part_of":
        raise AttributeError(name)
    raise AttributeError(f"a neo array has no attribute {name!r}{_instead(name)}", name=name, obj=self)


def _instead(name: str) -> str:
    if name in _INSTEAD:
        return f"; {_INSTEAD[name]}"
    home = _home(name)
    return f"; use {home}.{name}(x)" if home else near(name, dir(Array))


def _home(name: str) -> str | None:
    """Return the module of neo that has a function of that name, or None."""
    return next((home for home in _HOMES if name in import_module(home).__all__), None)


def torch_function(cls: type, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> NoReturn:
    """Raise TypeError for a function of PyTorch's that was given a neo array.

    An operator of a tensor's with a neo array on its right ends here too; Python then asks the
    array, which has the answer.
    """
    name = getattr(function, "__name__", str(function))
    home = _home(name)
    given = ", ".join([describe(x) for x in args if isinstance(x, Array)])
    raise TypeError(
        f"PyTorch's {name} takes tensors, got a neo array ({given}). "
        + (f"Use {home}.{name}" if home else "Use neo's functions")
        + ", or put a whole PyTorch function on the tape with neo.interop.torch.as_neo"
    )
