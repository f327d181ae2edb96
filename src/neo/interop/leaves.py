"""What the bridges share: a function of trees as one of the arrays in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import tree
from ..core.dtypes import differentiable
from ..ops.broadcasting import astype
from ..transforms.forward import jvp
from ..transforms.gradient import vjp

Flat = Callable[..., tuple[Any, ...]]


class Flattened:
    """A call of a function: its arrays, and the function of those arrays alone.

    is_array: tells which leaves of the arguments are arrays; the others are constants of the call.
    """

    def __init__(
        self, f: Callable[..., Any], args: Any, kwargs: Any, is_array: Callable[[Any], bool]
    ) -> None:
        leaves, build = tree.flatten((args, kwargs))
        self.arrays = [x for x in leaves if is_array(x)]
        fixed = [None if is_array(x) else (x,) for x in leaves]
        self.build: Callable[[list[Any]], Any] = lambda leaves: leaves

        def flat(*arrays: Any) -> tuple[Any, ...]:
            rest = iter(arrays)
            given, named = build([next(rest) if constant is None else constant[0] for constant in fixed])
            found, self.build = tree.flatten(f(*given, **named))
            return tuple(found)

        self.flat: Flat = flat


def pulled_by_neo(f: Flat, wanted: list[int], count: int) -> Flat:
    """Return the function of f's arrays and a cotangent per result that gives the wanted gradients.

    A cotangent may have another dtype than its result, which is cast to what the caller has.
    """

    def pull(*arrays: Any) -> tuple[Any, ...]:
        xs, gs = list(arrays[:count]), arrays[count:]
        floating: list[int] = []

        def of_wanted(*some: Any) -> list[Any]:
            for k, x in zip(wanted, some, strict=True):
                xs[k] = x
            found = f(*xs)
            floating[:] = [k for k, x in enumerate(found) if differentiable(x.dtype)]
            return [found[k] for k in floating]

        found, pull_back = vjp(of_wanted, *[xs[k] for k in wanted])
        seeds = [_cast(gs[k], x.dtype) for k, x in zip(floating, found, strict=True)]
        return pull_back(seeds)

    return pull


def pushed_by_neo(f: Flat, moved: list[int], count: int) -> Flat:
    """Return the function of f's arrays and a tangent for each that moves that gives the results' tangents.

    Those of results that are differentiated: of real or complex numbers.
    """

    def push(*arrays: Any) -> tuple[Any, ...]:
        xs = list(arrays[:count])

        def of_moved(*some: Any) -> list[Any]:
            for k, x in zip(moved, some, strict=True):
                xs[k] = x
            return [x for x in f(*xs) if differentiable(x.dtype)]

        found = jvp(of_moved, tuple([xs[k] for k in moved]), tuple(arrays[count:]))[1]
        return tuple(found)

    return push


def _cast(g: Any, dtype: Any) -> Any:
    return g if g.dtype == dtype else astype(g, dtype)
