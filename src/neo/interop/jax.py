"""neo's functions as JAX functions, which `jax.jit` and `jax.grad` take, and JAX's on neo's tape."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import jax
import numpy as np

from .. import backends, tree
from ..core.array import Traced, box, raw_of
from ..core.call import call
from ..core.dtypes import COMPLEX, differentiable, kind
from ..core.policy import Policy, library_of_all
from ..errors import short_name
from ..ops.broadcasting import conj
from .leaves import Flat, Flattened, pulled_by_neo, pushed_by_neo

__all__ = ["as_jax", "as_neo"]


def as_jax(
    f: Callable[..., Any], *, result: Any = None, backend: str = "numpy", mode: str = "reverse"
) -> Callable[..., Any]:
    """Return a neo function as a JAX function, for `jit`, `grad`, `vjp` and `vmap`.

    It has derivatives of every order.
    f: a function of arrays and trees of arrays; it runs on the host, in a callback, on neo's Arrays
    over `backend`, into which it may write. result: what f returns, as a tree of
    `jax.ShapeDtypeStruct`; by default f is run once on ones of the arguments' shapes to find out.
    mode: "reverse", or "forward" for `jvp`, `jacfwd` and `linearize`: JAX has no function with a rule
    of its own for both (jax issue 3996).
    Gradient: by neo, in that mode; JAX's convention for complex numbers.
    Raises ValueError for another mode.

    >>> import neo.numpy as nep
    >>> f = as_jax(lambda x: nep.sum(x * nep.exp(x)))
    >>> jax.jit(jax.grad(f))(jax.numpy.asarray([0.0, 1.0]))
    Array([1.      , 5.436564], dtype=float32)
    """

    if mode not in _RULES:
        raise ValueError(f"as_jax: mode is 'reverse' or 'forward', got {mode!r}")

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        run = Flattened(f, args, kwargs, lambda x: hasattr(x, "dtype"))
        shapes = _shapes(_on_host(run.flat, backend), run.arrays, result)
        if result is not None:
            run.build = tree.flatten(result)[1]
        found = _as_jax(run.flat, shapes, backend, mode)(*run.arrays)
        return run.build(list(found))

    return function


def _on_host(f: Flat, backend: str) -> Flat:
    """Return f as a function of NumPy's arrays."""

    def run(*arrays: Any) -> tuple[np.ndarray, ...]:
        library = backends.get(backend)
        # Written into, an Array is rebound: JAX's own memory is read-only.
        found = f(*[box(library.asarray(np.asarray(x))) for x in arrays])
        return tuple([_to_numpy(x) for x in found])

    return run


def _to_numpy(x: Any) -> np.ndarray:
    raw = raw_of(x)
    return backends.of(raw).to_numpy(raw) if hasattr(raw, "dtype") else np.asarray(raw)


def _shapes(f: Flat, arrays: Any, result: Any) -> tuple[jax.ShapeDtypeStruct, ...]:
    """Return the shapes and dtypes of f's results."""
    if result is not None:
        found = tree.flatten(result)[0]
    else:
        found = f(*[np.ones(x.shape, short_name(x.dtype)) for x in arrays])
    canonical = jax.dtypes.canonicalize_dtype
    return tuple([jax.ShapeDtypeStruct(x.shape, canonical(x.dtype)) for x in found])


Shapes = tuple[jax.ShapeDtypeStruct, ...]


def _as_jax(f: Flat, shapes: Shapes, backend: str, mode: str) -> Callable[..., Any]:
    """Return a neo function of arrays as one of JAX's, with neo's derivative in one mode."""
    run = _on_host(f, backend)

    def on_host(*arrays: Any) -> tuple[np.ndarray, ...]:
        return tuple([np.asarray(x, s.dtype) for x, s in zip(run(*arrays), shapes, strict=True)])

    def forward(*arrays: Any) -> Any:
        return jax.pure_callback(on_host, shapes, *arrays, vmap_method="sequential")

    return _RULES[mode](f, forward, shapes, backend)


def _with_pull(f: Flat, forward: Callable[..., Any], shapes: Shapes, backend: str) -> Callable[..., Any]:
    """Return a JAX function with the pull-back of f."""

    def backward(arrays: Any, gradients: Any) -> tuple[Any, ...]:
        wanted = [k for k, x in enumerate(arrays) if differentiable(x.dtype)]
        like = tuple([jax.ShapeDtypeStruct(arrays[k].shape, arrays[k].dtype) for k in wanted])
        seeds = [
            g if differentiable(s.dtype) else np.zeros(s.shape, s.dtype)
            for g, s in zip(gradients, shapes, strict=True)
        ]
        pull = _conjugated(pulled_by_neo(f, wanted, len(arrays)), len(arrays))
        placed = dict(zip(wanted, _as_jax(pull, like, backend, "reverse")(*arrays, *seeds), strict=True))
        return tuple([placed.get(k) for k in range(len(arrays))])

    function = jax.custom_vjp(forward)
    function.defvjp(lambda *arrays: (function(*arrays), _all_arrays(arrays)), backward)
    return function


def _all_arrays(given: Any) -> tuple[Any, ...]:
    """Return operands as arrays: a rule may get Python's numbers for them."""
    return tuple([jax.numpy.asarray(x) for x in given])


def _with_push(f: Flat, forward: Callable[..., Any], shapes: Shapes, backend: str) -> Callable[..., Any]:
    """Return a JAX function with the push-forward of f."""
    function = jax.custom_jvp(forward)

    def both(given: Any, tangents: Any) -> tuple[Any, Any]:
        arrays = _all_arrays(given)
        moved = [k for k, x in enumerate(arrays) if differentiable(x.dtype)]
        push = pushed_by_neo(f, moved, len(arrays))
        like = tuple([s for s in shapes if differentiable(s.dtype)])
        found = iter(_as_jax(push, like, backend, "forward")(*arrays, *[tangents[k] for k in moved]))
        along = [next(found) if differentiable(s.dtype) else _no_tangent(s) for s in shapes]
        return function(*arrays), tuple(along)

    function.defjvp(both)
    return function


def _no_tangent(shape: jax.ShapeDtypeStruct) -> np.ndarray:
    """Return the tangent that JAX has for integers."""
    return np.zeros(shape.shape, jax.dtypes.float0)


_RULES = {"reverse": _with_pull, "forward": _with_push}


def _conjugated(pull: Flat, count: int) -> Flat:
    """Return a pull-back with the cotangents of the other of the two conventions, neo's and JAX's."""

    def conjugated(*arrays: Any) -> tuple[Any, ...]:
        seeds = [_conj(g) for g in arrays[count:]]
        return tuple([_conj(g) for g in pull(*arrays[:count], *seeds)])

    return conjugated


def _conj(x: Any) -> Any:
    if kind(x.dtype) != COMPLEX:
        return x
    return jax.numpy.conj(x) if isinstance(x, jax.Array) else conj(x)


def as_neo(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a JAX function as one of arrays of any library that neo differentiates.

    f: made of JAX's functions, compiled by `jax.jit` or not; of arrays and trees of arrays. Arrays go
    to JAX and back by way of NumPy, float64 as float64.
    Gradient: to the arrays among the arguments, by `jax.vjp`, to every order, forward and reverse;
    not to what f closes over.

    >>> import neo
    >>> softplus = as_neo(jax.jit(jax.nn.softplus))
    >>> print(neo.grad(neo.grad(softplus))(0.0))
    0.25
    """

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        run = Flattened(f, args, kwargs, lambda x: isinstance(x, Traced) or hasattr(x, "dtype"))
        found = call(JaxCall, run.arrays, {"f": run.flat})
        return run.build(list(found))

    return function


class JaxCall(Policy):
    """One call of a JAX function, whose gradient is JAX's."""

    bare = True

    def forward(self, *arrays: Any, f: Flat) -> Any:
        """Return f's results as arrays of the operands' library."""
        library = library_of_all(arrays)
        device = library.device(arrays[0])
        given = [library.to_numpy(x) for x in arrays]
        with _enable_x64(any([short_name(x.dtype) in _WIDE for x in given])):
            found = [np.asarray(x) for x in f(*[jax.numpy.asarray(x) for x in given])]
        self.f, self.floating = f, [k for k, x in enumerate(found) if differentiable(x.dtype)]
        self.ctx.save(*arrays)
        return tuple([library.asarray(x, device=device) for x in found])

    def backward(self, *gradients: Any) -> Any:
        """Pull the gradients back by a JAX function, as a call of its own."""
        arrays = self.ctx.release
        wanted = [k for k, x in enumerate(arrays) if self.needs(k) and differentiable(x.dtype)]
        seeds = [gradients[k] for k in self.floating]
        pull = _pulled_by_jax(self.f, wanted, self.floating, len(arrays))
        found = call(JaxCall, [*arrays, *seeds], {"f": pull})
        placed = dict(zip(wanted, found, strict=True))
        return tuple([placed.get(k) for k in range(len(arrays))])


_WIDE = ("float64", "complex128", "int64")
# Its place in JAX before 0.8.
_enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else import_module("jax.experimental").enable_x64


def _pulled_by_jax(f: Flat, wanted: list[int], floating: list[int], count: int) -> Flat:
    """Return the JAX function of f's arrays and a cotangent per floating result that pulls them back."""

    def pull(*arrays: Any) -> tuple[Any, ...]:
        xs = list(arrays[:count])

        def of_wanted(*some: Any) -> list[Any]:
            for k, x in zip(wanted, some, strict=True):
                xs[k] = x
            found = f(*xs)
            return [jax.numpy.asarray(found[k]) for k in floating]

        return jax.vjp(of_wanted, *[xs[k] for k in wanted])[1](list(arrays[count:]))

    return _conjugated(pull, count)
