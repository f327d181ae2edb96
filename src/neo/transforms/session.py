"""The interactive form of value_and_grad: any result, every floating array, gradients by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Unpack

from ..core.filling import ones_like
from ..errors import describe
from .arguments import every_differentiable, parameters_of
from .options import Options, settings_of
from .recording import Recording


def value_and_grad(f: Callable[..., Any], **options: Unpack[Options]) -> Callable[..., Any]:
    """Return a function that gives f's result and a dict of gradients by parameter name.

    f: returns an array of any shape, or several; each is seeded with ones, so the gradients are
    those of the sum of its elements. Every real or complex array among the arguments, and every
    tree of such arrays, is differentiated; other arguments are passed on.
    Returns (value, gradients), the gradients in the order of the parameters. An argument of a
    `*xs` parameter is called `xs[0]`, `xs[1]`, ... options: as for `neo.value_and_grad`.
    Raises TypeError when no argument can be differentiated or a result is not an array.

    >>> import numpy as np
    >>> value_and_grad(lambda x, y: x * y)(np.ones(2), np.full(2, 3.0))
    (array([3., 3.]), {'x': array([3., 3.]), 'y': array([1., 1.])})
    """

    parameters = parameters_of(f)
    settings = settings_of(f, options)

    @wraps(f)
    def value_and_gradients(*args: Any, **kwargs: Any) -> Any:
        named = every_differentiable(f, parameters, args, kwargs)
        run = Recording(f, args, kwargs, [key for _, key in named], settings)
        with run.quiet():
            run.record()
            gradients = run.pull(_ones(run))
        value = run.build_result(run.values)
        return value, {name: g for (name, _), g in zip(named, gradients, strict=True)}

    return value_and_gradients


def _ones(run: Recording) -> list[tuple[int, Any]]:
    """Return a seed of ones for every result that a differentiated argument reaches."""
    for value in run.values:
        if not hasattr(value, "dtype"):
            raise TypeError(f"{run.owner} returned {describe(value)}; return an array or a tree of arrays")
    pairs = zip(run.slots, run.values, strict=True)
    return [(slot, ones_like(value)) for slot, value in pairs if slot is not None]
