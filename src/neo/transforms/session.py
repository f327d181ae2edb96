"""The interactive form of value_and_grad: any result, every floating array, gradients by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from .. import backends, tree
from ..core.array import unbox
from ..core.dtypes import differentiable
from ..errors import describe
from .gradient import one_like
from .recording import Recording


def value_and_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives f's result and a dict of gradients by parameter name.

    f: returns an array of any shape, or several; each is seeded with ones, so the gradients are
    those of the sum of its elements. Every real or complex array among the arguments, and every
    tree of such arrays, is differentiated; other arguments are passed on.
    Returns (value, gradients), the gradients in the order of the parameters. An argument of a
    `*xs` parameter is called `xs[0]`, `xs[1]`, ...
    Raises TypeError when no argument can be differentiated or a result is not an array.

    >>> import numpy as np
    >>> value_and_grad(lambda x, y: x * y)(np.ones(2), np.full(2, 3.0))
    (array([3., 3.]), {'x': array([3., 3.]), 'y': array([1., 1.])})
    """

    @wraps(f)
    def value_and_gradients(*args: Any, **kwargs: Any) -> Any:
        names = _names(f, args, kwargs)
        chosen = [
            (f"argument {name!r}", key)
            for key, name in names.items()
            if _is_differentiable(args[key] if isinstance(key, int) else kwargs[key])
        ]
        if not chosen:
            given = ", ".join([describe(x) for x in (*args, *kwargs.values())]) or "none"
            raise TypeError(f"no argument holds a real or complex array; got {given}")
        run = Recording(f, args, kwargs, chosen)
        gradients = run.pull(_ones(run))
        value = run.build_result(run.values)
        return value, {names[key]: g for (_, key), g in zip(chosen, gradients, strict=True)}

    return value_and_gradients


def _ones(run: Recording) -> list[tuple[int, Any]]:
    """Return a seed of ones for every result that a differentiated argument reaches."""
    for value in run.values:
        if not hasattr(value, "dtype"):
            raise TypeError(f"{run.owner} returned {describe(value)}; return an array or a tree of arrays")
    pairs = zip(run.slots, run.values, strict=True)
    return [(slot, one_like(value)) for slot, value in pairs if slot is not None]


def _is_differentiable(argument: Any) -> bool:
    leaves = [unbox(x) for x in tree.flatten(argument)[0]]
    return bool(leaves) and all(_has_gradient(x) for x in leaves)


def _has_gradient(x: Any) -> bool:
    return hasattr(x, "dtype") and backends.is_array(x) and differentiable(x.dtype)



def _names(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[Any, str]:
    """Return the name of every argument by its key, in the order of the parameters."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names: dict[Any, str] = {}
    fixed = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
    for k in range(len(args)):
        names[k] = fixed[k] if k < len(fixed) else f"{variadic}[{k - len(fixed)}]"
    order = [p.name for p in parameters]
    known = [name for name in order if name in kwargs]
    for name in [*known, *(k for k in kwargs if k not in known)]:
        names[name] = name
    return names
