"""`value_and_grad`, `grad` and `vjp`: reverse mode, one walk back along one tape."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Unpack

from .. import tree
from ..core.array import Traced, box, unbox
from ..core.dtypes import REAL, kind
from ..core.filling import ones_like
from ..errors import describe, short_name
from .arguments import (
    FIRST,
    Argnames,
    Argnums,
    choose,
    every_or_chosen,
    is_one,
    must_share_library,
)
from .holomorphic import derivatives, require_complex
from .options import PLAIN, Options, Settings, settings_of, split
from .recording import Recording


def value_and_grad(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's result and its gradient.

    f: returns a real 0-d array, or with has_aux a pair of it and anything else.
    argnums, argnames: the arguments to differentiate, by position and by name; by default the
    first. Each is an array or a tree of arrays (dict, list, tuple, named tuple, dataclass, None).
    Returns (value, gradient), or ((value, aux), gradient). The gradient is like the argument: its
    tree, shapes, dtypes, library and device; a tuple of such for several arguments, those of
    argnums first. It is the direction of steepest ascent also for complex arguments.
    options: zero_times_inf="zero" keeps a zero gradient zero through an infinite or undefined slope
    of an elementwise function, so that `where(x > 0, log(x), 0)` has the gradient that one
    expects at 0; with "nan", the default, it is NaN there, as arithmetic says.
    policies={operation: Policy} puts another rule in the place of an operation's (docs/rules.md).
    check="nan" names the first call that makes a NaN or inf, forward or backward; "mutation" the
    one that saved an array which the function wrote into since; a tuple asks for both.
    Raises TypeError for an argument without a gradient and ValueError for a result that is not 0-d.

    >>> import numpy as np
    >>> import neo
    >>> value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    settings = settings_of(f, options)

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        keys = choose(f, args, kwargs, argnums, argnames)
        run = Recording(f, args, kwargs, keys, settings)
        with run.quiet():
            run.record(has_aux)
            gradients = run.pull(_seed(run, holomorphic))
            gradients = derivatives(gradients) if holomorphic else gradients
        gradient = gradients[0] if is_one(argnums, argnames) else tuple(gradients)
        value = run.build_result(run.values)
        return ((value, run.aux), gradient) if has_aux else (value, gradient)

    return value_and_gradient


def grad(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return the function that gives f's gradient, or (gradient, aux).

    See `value_and_grad`.

    >>> import neo.numpy as nep
    >>> print(grad(grad(nep.sin))(0.5) == -nep.sin(0.5))
    True
    """
    both = value_and_grad(f, argnums, argnames, has_aux, holomorphic=holomorphic, **options)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def _seed(run: Recording, holomorphic: bool) -> list[tuple[int, Any]]:
    """Return the gradient of the result with respect to itself, or say why there is none."""
    if holomorphic:
        require_complex("grad", "arguments", run.inputs.leaves)
    if len(run.outputs) != 1:
        raise ValueError(_not_scalar(run, f"{len(run.outputs)} results"))
    value = run.values[0]
    if type(value) in (int, float):
        return []
    if not hasattr(value, "shape"):
        raise TypeError(f"grad needs {run.owner} to return an array; it returned {describe(value)}")
    if tuple(value.shape) != ():
        raise ValueError(_not_scalar(run, f"shape {tuple(value.shape)}"))
    if holomorphic:
        require_complex("grad", "results", [value])
    elif kind(value.dtype) != REAL:
        raise TypeError(
            f"grad needs {run.owner} to return a real number; this one is {short_name(value.dtype)}. "
            f"Return its real part or its absolute value, use neo.vjp with a cotangent, or say "
            f"holomorphic=True where f'(z) is wanted"
        )
    return [] if run.slots[0] is None else [(run.slots[0], ones_like(value))]


def _not_scalar(run: Recording, what: str) -> str:
    return (
        f"grad needs a function with a scalar result; {run.owner} returned {what}. Sum or average "
        f"the result, use neo.vjp with a cotangent or neo.jacrev for the whole Jacobian, or "
        f"autograd.session.value_and_grad, which seeds every result with ones"
    )


def vjp(
    f: Callable[..., Any],
    *primals: Any,
    argnums: Argnums = None,
    argnames: Argnames = None,
    has_aux: bool = False,
    **kwargs: Any,
) -> Any:
    """Return f's result and the function that pulls a cotangent of it back.

    primals: f's positional arguments, arrays or trees of them. kwargs: its keyword arguments, and
    options, which are those of `value_and_grad`. argnums, argnames: the arguments to differentiate;
    by default every positional one.
    Returns (value, pull), or (value, pull, aux). pull(cotangent) takes one cotangent like the
    value, in its tree, and returns a tuple with one gradient per argument; the gradient alone where
    argnums is one integer or argnames one name. It may be called again.
    Raises ValueError for a cotangent of another tree, shape or dtype.

    >>> import numpy as np
    >>> value, pull = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pull(np.array([1.0, 0.5]))
    (array([2., 2.]),)
    """
    settings, named = split(f, kwargs)
    keys = every_or_chosen(f, primals, named, argnums, argnames)
    run, pull_all = pull_back(f, primals, named, keys, has_aux, settings)
    pull = (lambda cotangent: pull_all(cotangent)[0]) if is_one(argnums, argnames) else pull_all
    value = run.build_result(run.values)
    return (value, pull, run.aux) if has_aux else (value, pull)


def pull_back(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    keys: list[Any],
    has_aux: bool = False,
    settings: Settings = PLAIN,
) -> tuple[Recording, Callable[[Any], tuple[Any, ...]]]:
    """Return a recorded run of f and the function that pulls a cotangent back along it."""
    run = Recording(f, args, kwargs, keys, settings)
    with run.quiet():
        run.record(has_aux)

    def pull(cotangent: Any) -> tuple[Any, ...]:
        given = _matching(cotangent, run)
        seeds = [(s, c) for s, c in zip(run.slots, given, strict=True) if s is not None and c is not None]
        with run.quiet():
            return tuple(run.pull(seeds, keep=True))

    return run, pull


def _matching(cotangent: Any, run: Recording) -> list[Any]:
    """Return the leaves of a cotangent, checked against the results they belong to."""
    if not tree.is_alike(cotangent, run.result):
        raise ValueError(
            f"the cotangent's tree differs from that of {run.owner}'s result: leaves at "
            f"{tree.paths(cotangent)} instead of {tree.paths(run.result)}"
        )
    given = tree.flatten(cotangent)[0]
    return [_like_result(c, v, run) for c, v in zip(given, run.values, strict=True)]


def _like_result(c: Any, value: Any, run: Recording) -> Any:
    c = unbox(c)
    if type(c) in (int, float, complex) and hasattr(value, "dtype") and tuple(value.shape) == ():
        return ones_like(value) * c
    if type(c) is not type(value) and hasattr(c, "dtype") and hasattr(value, "dtype"):
        must_share_library(f"the cotangent of {run.owner}'s result", c, "the result", value)
    if not _is_alike(c, value):
        raise ValueError(
            f"the cotangent of {run.owner}'s result is {describe(c)}; expected {describe(value)}, like what "
            f"it belongs to"
        )
    return box(c) if isinstance(value, Traced) else c


def _is_alike(c: Any, value: Any) -> bool:
    if not (hasattr(c, "dtype") and hasattr(value, "dtype")):
        return isinstance(c, int | float | complex) and isinstance(value, int | float | complex)
    return bool(tuple(c.shape) == tuple(value.shape) and c.dtype == value.dtype)
