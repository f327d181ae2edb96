"""Elementwise operations of several operands by name, some of them parameters without a derivative.

`gammainc = parametric("gammainc", "a x", doc, x=lambda g, a, x: ...)`: a formula per operand that has
a derivative, None where that is zero. A formula names what it needs among the operands and `out`, in
any order after g. An operand without a formula is a parameter: it may be traced, but pulling a
gradient through it is refused, since no closed form is known.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from ... import backends
from ...core.array import Array, bottom_of, box
from ...core.call import call
from ...core.dtypes import COMPLEX, differentiable, kind
from ...core.policy import library_of_all
from ...errors import short_name
from ..batching import aligned
from ..broadcasting import astype, conj, unbroadcast
from ..constant import equal
from ..promotion import NUMBERS, one_dtype
from ..registry import BuiltIn, enter
from ..selection import where

Formula = Callable[..., Any]


class Parametric(BuiltIn):
    """What these operations share."""

    operands: tuple[str, ...]
    formulas: dict[str, Formula | None]
    batch = classmethod(aligned)

    def forward(self, *operands):
        out = getattr(self.xp, self.label)(*operands)
        self.shapes = [tuple(x.shape) for x in operands]
        wanted = [self.formulas.get(name) for k, name in enumerate(self.operands) if self.needs(k)]
        used = {name for formula in wanted if formula for name in needs_of(formula)}
        places = zip((*self.operands, "out"), (*operands, out), strict=True)
        self.ctx.save(*[x if name in used else None for name, x in places])
        return out

    def backward(self, g):
        return tuple([self._gradient(k, g) if self.needs(k) else None for k in range(len(self.operands))])

    def _gradient(self, k, g):
        formula = self._formula(self.operands[k])
        if formula is None:
            return None
        saved = dict(zip((*self.operands, "out"), self.ctx.release, strict=True))
        needed = [saved[name] for name in needs_of(formula)]
        if any([isinstance(x, Array) for x in (g, *needed)]):
            # A strict library's own array refuses a traced one on its right.
            needed = [box(x) for x in needed]
        is_complex = kind(g.dtype) == COMPLEX
        dx = conj(formula(conj(g), *needed)) if is_complex else formula(g, *needed)
        if self.zero_wins:
            dx = where(equal(g, 0), 0, dx)
        return unbroadcast(dx, self.shapes[k])

    def _formula(self, name):
        if name not in self.formulas:
            known = ", ".join([x for x in self.operands if self.formulas.get(x)])
            raise NotImplementedError(
                f"{self.label} has no derivative in {name}: no closed form is known. "
                + (f"It has one in {known}. " if known else "")
                + f"Hold {name} constant with neo.stop_gradient({name})"
            )
        return self.formulas[name]


@cache
def needs_of(formula: Formula) -> list[str]:
    """Return the names of what a formula takes after g."""
    return list(inspect.signature(formula).parameters)[1:]


def parametric(
    name: str,
    operands: str,
    doc: str,
    *,
    domain: Any = None,
    samples: Any = None,
    integers: str = "",
    **formulas: Formula | None,
) -> Callable[..., Any]:
    """Define such an operation and enter it into the table of Policies.

    operands: their names, in order. integers: those that keep their integer dtype.
    domain, samples: where and at which shapes tests differentiate it; parameters are settings there.
    Without formulas it needs neither, and stays out of the table.
    """
    names, whole = tuple(operands.split()), integers.split()
    members = {
        "operands": names,
        "formulas": formulas,
        "domain": domain,
        "samples": samples,
        "__doc__": doc,
        "__module__": __name__,
    }
    policy = type("".join([word.capitalize() for word in name.split("_")]), (Parametric,), members)

    def function(*values: Any) -> Any:
        if len(values) != len(names):
            raise TypeError(f"{name} takes {len(names)} operands ({', '.join(names)}), got {len(values)}")
        return call(policy, _alike(values, [x in whole for x in names]), {})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__signature__ = _signature(names)  # type: ignore[attr-defined]
    return enter(name, function, policy) if formulas else _outside(name, function, policy)


def _outside(name: str, function: Callable[..., Any], policy: type[Parametric]) -> Callable[..., Any]:
    """Return the function of an operation without any derivative: there is nothing to test or replace."""
    policy.label = name
    function.policy = policy  # type: ignore[attr-defined]
    return function


def _signature(names: tuple[str, ...]) -> inspect.Signature:
    return inspect.Signature([inspect.Parameter(x, inspect.Parameter.POSITIONAL_ONLY) for x in names])


def _alike(values: Any, whole: list[bool]) -> list[Any]:
    """Return operands as arrays of one floating dtype; integers do not widen it.

    whole: which may be of an integer dtype, and then keep it.
    """
    arrays = [x for x in values if type(x) not in NUMBERS]
    library = library_of_all(values) if arrays else backends.current()[0]
    first = bottom_of(arrays[0]) if arrays else library.asarray(0.0)
    floating = [x for x in values if type(x) in NUMBERS or differentiable(x.dtype)]
    arrays = [x for x in floating if type(x) not in NUMBERS]
    dtype = one_dtype(*floating)[0].dtype if arrays else library.dtype(float)
    # A real parameter of a function of complex numbers stays real.
    real = library.dtype(_REAL.get(short_name(dtype), dtype))
    dtypes = [dtype if _is_complex(x) else real for x in values]
    return [_cast(library, *each, first) for each in zip(values, dtypes, whole, strict=True)]


_REAL = {"complex64": "float32", "complex128": "float64"}


def _is_complex(x: Any) -> bool:
    return isinstance(x, complex) if type(x) in NUMBERS else kind(x.dtype) == COMPLEX


def _cast(library: backends.Backend, x: Any, dtype: Any, keep: bool, like: Any) -> Any:
    if type(x) in NUMBERS:
        return library.asarray(x, "int64" if keep and isinstance(x, int) else dtype, library.device(like))
    return x if keep and not differentiable(x.dtype) else astype(x, dtype)
