"""`linearize` and `linear_transpose`: a derivative as a function that is run many times."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .. import backends, tree
from ..core.array import Traced, bottom_of, box, unbox
from ..core.dtypes import COMPLEX, differentiable, kind
from ..core.filling import ones_like, zeros_like
from ..ops.broadcasting import conj
from .arguments import Argnames, Argnums, every_or_chosen, name_of
from .forward import as_tangents, jvp, leaves_of, leaving
from .gradient import pull_back
from .options import split
from .recording import Recording


def linearize(
    f: Callable[..., Any],
    *primals: Any,
    argnums: Argnums = None,
    argnames: Argnames = None,
    has_aux: bool = False,
    **kwargs: Any,
) -> Any:
    """Return f's result and the function that pushes tangents to it.

    The arguments are those of `vjp`. Returns (value, push), or (value, push, aux). push takes one
    tangent per differentiated argument, like it, and returns the tangent of the value; it is linear
    and costs about as much as a gradient. It holds what f saved, twice over. For a single tangent
    use `jvp`, which holds nothing.

    >>> import numpy as np
    >>> value, push = linearize(lambda x: x * x, np.array([1.0, 2.0]))
    >>> push(np.array([1.0, 0.0])), push(np.array([0.0, 1.0]))
    (array([2., 0.]), array([0., 4.]))
    """
    settings, named = split(f, kwargs)
    keys = every_or_chosen(f, primals, named, argnums, argnames)
    run, _ = pull_back(f, primals, named, keys, has_aux, settings)
    linear = _Linear(run, keys)
    value = run.build_result(run.values)

    def push(*tangents: Any) -> Any:
        return linear.push(as_tangents(tangents, keys, False))

    return (value, push, run.aux) if has_aux else (value, push)


class _Linear:
    """A run's pull-back, recorded as a function of the gradients, to be pulled back itself."""

    def __init__(self, run: Recording, keys: list[Any]) -> None:
        self.run, self.keys = run, keys
        self.moving = [k for k, slot in enumerate(run.slots) if slot is not None]
        ones = [ones_like(unbox(run.values[k])) for k in self.moving]
        self.back = Recording(self._pulled, tuple(ones), {}, list(range(len(ones))))
        with self.back.quiet():
            self.back.record()

    def _pulled(self, *gradients: Any) -> Any:
        slots: list[Any] = [self.run.slots[k] for k in self.moving]
        return self.run.pull(list(zip(slots, gradients, strict=True)), keep=True)

    def push(self, tangents: tuple[Any, ...]) -> Any:
        """Return the tangent of the result."""
        pairs = zip(self.keys, tangents, self.back.result, strict=True)
        leaves = [x for key, v, like in pairs for x in leaves_of(self.run.f, key, like, v)]
        if any([isinstance(unbox(x), Traced) for x in self.back.values]):
            leaves = [box(v) for v in leaves]  # a rule multiplies them by what is traced
        given = [(slot, v) for slot, v in zip(self.back.slots, leaves, strict=True) if slot is not None]
        with self.back.quiet():
            found = iter(self.back.pull(given, keep=True))
        moved = [next(found) if k in self.moving else None for k in range(len(self.run.values))]
        pushed = [leaving(self.run, v, x) for v, x in zip(moved, self.run.values, strict=True)]
        return self.run.build_result(pushed)


def linear_transpose(f: Callable[..., Any], *primals: Any, **kwargs: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Return the transpose of a linear function: from result to arguments.

    primals: f's positional arguments, which tell shapes and dtypes; f is run at zeros and at other
    numbers, not at theirs. kwargs: see `vjp`. Returns a function that takes one cotangent like f's
    result and returns a tuple with one array, or tree, per argument. It keeps the sum of w * f(v):
    for complex numbers nothing is conjugated, so that x -> a @ x has the transpose w -> a.T @ w,
    where `vjp` pulls back by the adjoint.
    Raises ValueError when f is seen not to be linear.

    >>> import numpy as np
    >>> a = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> linear_transpose(lambda x: a @ x, np.zeros(2))(np.array([1.0, 0.0]))
    (array([1., 2.]),)
    """
    settings, named = split(f, kwargs)
    zeros = tree.map(_zeros, primals)
    _require_linear(f, primals, zeros, named)
    pull = pull_back(f, zeros, named, list(range(len(primals))), False, settings)[1]

    def transposed(cotangent: Any) -> tuple[Any, ...]:
        return tuple([tree.map(_conjugated, x) for x in pull(tree.map(_conjugated, cotangent))])

    return transposed


def _zeros(leaf: Any) -> Any:
    """Return zeros like a leaf of an argument; what has no gradient as it is."""
    if not hasattr(leaf, "dtype"):
        return type(leaf)(0) if type(leaf) in (float, complex) else leaf
    return zeros_like(leaf) if differentiable(leaf.dtype) else leaf


def _conjugated(x: Any) -> Any:
    if type(x) is complex:
        return x.conjugate()
    return conj(x) if hasattr(x, "dtype") and kind(x.dtype) == COMPLEX else x


def _require_linear(f: Any, primals: Any, zeros: Any, named: Any) -> None:
    """Raise ValueError when f at some point is not what its derivative at 0 makes of that point."""
    point = tree.map(_some, primals)
    values = tree.flatten(f(*point, **named))[0]
    pushed = tree.flatten(jvp(f, zeros, point, **named)[1])[0]
    for value, moved in zip(values, pushed, strict=True):
        x, v = [
            backends.of(bottom_of(y)).to_numpy(bottom_of(y)) if hasattr(y, "dtype") else y
            for y in (value, moved)
        ]
        # A function that is not linear is wrong in the first digit; rounding leaves half of them.
        if not np.allclose(x, v, rtol=0, atol=np.finfo(x.dtype).eps ** 0.5 * np.max(np.abs(x), initial=0)):
            raise ValueError(
                f"linear_transpose needs a linear function; {name_of(f)} is not what its derivative at 0 "
                f"makes of its argument. Use neo.vjp for the pull-back of any function"
            )


def _some(leaf: Any) -> Any:
    """Return numbers of both signs like a leaf of an argument."""
    if not hasattr(leaf, "dtype"):
        return type(leaf)(-0.75) if type(leaf) in (float, complex) else leaf
    if not differentiable(leaf.dtype):
        return leaf
    raw = bottom_of(leaf)
    library = backends.of(raw)
    angles = np.arange(1, 1 + prod(leaf.shape)).reshape(tuple(leaf.shape))
    values = np.exp(1j * angles) if kind(raw.dtype) == COMPLEX else np.cos(angles)
    return box(library.asarray(values, raw.dtype, library.device(raw)))
