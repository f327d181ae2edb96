"""Attributes and functions that users of other libraries try on a neo array, and what to use instead."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, NoReturn

from ..core.array import Array
from ..errors import describe

INSTEAD = {
    "backward": "no array holds a tape: ask for the gradient with neo.grad(f)(x)",
    "cpu": "use x.to('cpu')",
    "cuda": "use x.to('cuda')",
    "det": "use neo.linalg.det(x)",
    "detach": "use neo.stop_gradient(x)",
    "dim": "use x.ndim",
    "double": "use x.astype(neo.numpy.float64)",
    "float": "use x.astype(neo.numpy.float32)",
    "grad": "no array holds a gradient: neo.grad(f)(x) returns it",
    "grad_fn": "no array holds a tape: neo.trace(f)(x) returns it",
    "inv": "use neo.linalg.inv(x)",
    "norm": "use neo.linalg.vector_norm(x)",
    "permute": "use neo.numpy.permute_dims(x, axes)",
    "requires_grad": "the transform says what is differentiated: neo.grad(f, argnums=...)",
    "requires_grad_": "the transform says what is differentiated: neo.grad(f, argnums=...)",
    "view": "use x.reshape(shape)",
}
_HOMES = ("neo.numpy", "neo.functions", "neo.linalg", "neo.special")


class Missing:
    """An attribute that arrays do not have: asking for it says what to use instead.

    One for each name, not `__getattr__`: a class that has that looks every attribute up at a third of
    the speed, which took 15% of the time of a small call.
    """

    def __init__(self, name: str, instead: str) -> None:
        self.name, self.instead = name, instead
        self.__doc__ = f"Not an attribute: {instead}."

    def __get__(self, x: Any, owner: Any = None) -> NoReturn:
        words = f"a neo array has no attribute {self.name!r}; {self.instead}"
        raise AttributeError(words, name=self.name, obj=x)


def suggest(instead: dict[str, str]) -> None:
    """Make arrays say what to use instead of attributes that they do not have."""
    for name, words in instead.items():
        if not hasattr(Array, name):
            setattr(Array, name, Missing(name, words))


def suggest_functions(home: str, names: Iterable[str]) -> None:
    """Make arrays name the functions of a module where one is looked for as a method."""
    suggest({name: f"use {home}.{name}(x)" for name in names})


def names_of(x: Array) -> list[str]:
    """Return the names of an array's attributes: `dir(x)`, without those that are Missing."""
    return [name for name in object.__dir__(x) if type(vars(Array).get(name)) is not Missing]


suggest(INSTEAD)


def _home(name: str) -> str | None:
    """Return the module of neo that has a function of that name, or None."""
    return next((home for home in _HOMES if name in import_module(home).__all__), None)


def load(name: str) -> None:
    """Load a function that is loaded on first use, so that its operation is in the table."""
    home = _home(name)
    if home is not None:
        getattr(import_module(home), name)


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
