"""The interactive form of value_and_grad: any result, every floating array, gradients by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Unpack

from .. import tree
from ..core.dtypes import differentiable
from ..core.filling import ones_like
from ..errors import describe
from .arguments import every_differentiable, given, has_gradient, has_only_arrays, parameters_of
from .options import Options, settings_of
from .recording import Recording


def value_and_grad(f: Callable[..., Any], **options: Unpack[Options]) -> Callable[..., Any]:
    """Return a function that gives f's result and a dict of gradients by parameter name.

    f: returns an array of any shape, or several; each is seeded with ones, so the gradients are
    those of the sum of its elements. Every real or complex array among the arguments, and in their
    trees, is differentiated; what else there is is passed on, and has the gradient None in a tree.
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
        mixed = {key: Mixed(x) for _, key in named if not has_only_arrays(x := given(args, kwargs, key))}
        called, args, kwargs = _called(f, mixed, args, kwargs) if mixed else (f, args, kwargs)
        run = Recording(called, args, kwargs, [key for _, key in named], settings)
        with run.quiet():
            run.record()
            gradients = run.pull(_ones(run))
        value = run.build_result(run.values)
        pairs = zip(named, gradients, strict=True)
        return value, {name: mixed[key].gradients(g) if key in mixed else g for (name, key), g in pairs}

    return value_and_gradients


class Mixed:
    """An argument in whose tree there is more than arrays with a gradient: those are taken out of it."""

    def __init__(self, argument: Any) -> None:
        self.leaves, self.build = tree.flatten(argument)
        self.places = [k for k, x in enumerate(self.leaves) if has_gradient(x)]
        self.arrays = [self.leaves[k] for k in self.places]

    def argument(self, arrays: list[Any]) -> Any:
        """Return the tree with these arrays in their places."""
        return self._filled(self.leaves, arrays)

    def gradients(self, found: list[Any]) -> Any:
        """Return the gradients in a tree like the argument's, None for what has none."""
        return self._filled([None] * len(self.leaves), found)

    def _filled(self, leaves: list[Any], values: list[Any]) -> Any:
        new = dict(zip(self.places, values, strict=True))
        return self.build([new.get(k, x) for k, x in enumerate(leaves)])


def _called(f: Callable[..., Any], mixed: dict[Any, Mixed], args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
    """Return f as a function of the arrays in its mixed arguments, and its arguments then."""

    @wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        return f(*[whole(k, x) for k, x in enumerate(args)], **{k: whole(k, x) for k, x in kwargs.items()})

    def whole(key: Any, x: Any) -> Any:
        return mixed[key].argument(x) if key in mixed else x

    def arrays(key: Any, x: Any) -> Any:
        return mixed[key].arrays if key in mixed else x

    positional = tuple([arrays(k, x) for k, x in enumerate(args)])
    return called, positional, {k: arrays(k, x) for k, x in kwargs.items()}


def _ones(run: Recording) -> list[tuple[int, Any]]:
    """Return a seed of ones for every result that a differentiated argument reaches."""
    for value in run.values:
        if not hasattr(value, "dtype"):
            raise TypeError(f"{run.owner} returned {describe(value)}; return an array or a tree of arrays")
    if not any([differentiable(value.dtype) for value in run.values]):
        what = ", ".join(map(describe, run.values)) or "no array"
        raise TypeError(
            f"{run.owner} returned {what}, which has no gradient; return a real or complex array, perhaps "
            f"beside it"
        )
    pairs = zip(run.slots, run.values, strict=True)
    return [(slot, ones_like(value)) for slot, value in pairs if slot is not None]
