"""The adjoint method: the gradient of a solution by an equation that runs backwards in time.

With g the gradient at the times, a obeys da/dt = -(df/dy)^T a and jumps by g[k] at t[k]; the
gradient of y0 is a at t[0], that of a parameter the integral of (df/dp)^T a, that of a time g[k] f,
and that of the first -a f.
"""

from __future__ import annotations

from typing import Any

from .. import tree
from ..core.array import Traced, box, unbox
from ..core.call import call
from ..core.dtypes import differentiable
from ..core.policy import Policy, is_raw
from ..ops.broadcasting import conj, real
from ..ops.creation import zeros_like
from ..ops.indexing import getitem
from ..ops.manipulation import flip, stack
from ..ops.statistics import sum as total
from ..transforms.captured import opened
from ..transforms.gradient import vjp
from .direct import by_steps
from .stepping import Control


def by_adjoint(func: Any, y0: Any, t: Any, args: Any, control: Control) -> Any:
    """Return the solution as one call, whose gradient is found by the adjoint method."""
    seen, build = opened(func)
    leaves, build_args = tree.flatten(args)
    constants = [None if isinstance(x, Traced) or is_raw(x) else (x,) for x in leaves]
    ys, build_y = tree.flatten(y0)
    problem = _Problem(build, len(seen), build_y, len(ys), build_args, constants, control)
    parameters = [x for x, constant in zip(leaves, constants, strict=True) if constant is None]
    return build_y(list(call(Solution, [*ys, t, *seen, *parameters], {"problem": problem})))


class _Problem:
    """What does not change with the arrays: how to build the function and its arguments from them."""

    def __init__(
        self, build: Any, seen: int, build_y: Any, ys: int, build_args: Any, constants: Any, control: Control
    ) -> None:
        self.build, self.seen, self.build_y, self.ys = build, seen, build_y, ys
        self.build_args, self.constants, self.control = build_args, constants, control

    def slope(self, y: Any, t: Any, parameters: list[Any]) -> Any:
        """Return dy/dt, as a tree."""
        func, args = self.of(parameters)
        return func(y, t, *args)

    def of(self, parameters: list[Any]) -> tuple[Any, Any]:
        """Return the function and its arguments for some arrays: those it closes over come first."""
        rest = iter(parameters[self.seen :])
        args = [next(rest) if constant is None else constant[0] for constant in self.constants]
        return self.build(list(parameters[: self.seen])), self.build_args(args)


class Solution(Policy):
    """The solution at the times, from y0, the times and the parameters."""

    bare = trusted = True

    def forward(self, *arrays: Any, problem: Any) -> Any:
        """Return the leaves of the solution."""
        self.problem = problem
        n = problem.ys
        func, args = problem.of(list(arrays[n + 1 :]))
        found = by_steps(func, problem.build_y(list(arrays[:n])), arrays[n], args, problem.control)
        out = tuple([_own(x) for x in tree.flatten(found)[0]])
        self.ctx.save(*arrays, *out)
        return out

    def backward(self, *gradients: Any) -> Any:
        """Run back from the last time to the first, over every time in between."""
        n = self.problem.ys
        saved = [box(x) for x in self.ctx.release]
        t, parameters, ys = saved[n], saved[n + 1 : -n], saved[-n:]
        wanted = [k for k, x in enumerate(parameters) if self.needs(n + 1 + k) and differentiable(x.dtype)]
        a, found = _row(gradients, -1), [zeros_like(parameters[k]) for k in wanted]
        by_time = []
        for k in range(t.shape[0] - 1, 0, -1):
            by_time.append(self._along(_row(ys, k), getitem(t, k), _row(gradients, k), parameters))
            span = getitem(t, slice(k - 1, k + 1))
            a, found = self._back(_row(ys, k), a, found, span, wanted, parameters)
            before, a = a, [x + g for x, g in zip(a, _row(gradients, k - 1), strict=True)]
        if by_time:
            by_time.append(-self._along(_row(ys, 0), getitem(t, 0), before, parameters))
        by_t = stack(by_time[::-1]) if by_time else zeros_like(t)
        return (*a, by_t, *_placed(found, wanted, len(parameters)))

    def _along(self, y: list[Any], now: Any, g: list[Any], parameters: list[Any]) -> Any:
        """Return the inner product of a gradient with the slope."""
        slope = tree.flatten(self.problem.slope(self.problem.build_y(y), now, parameters))[0]
        parts = [total(real(conj(k) * x)) for k, x in zip(slope, g, strict=True)]
        out = parts[0]
        for part in parts[1:]:
            out = out + part
        return out

    def _back(self, y: Any, a: Any, found: Any, span: Any, wanted: list[int], parameters: Any) -> Any:
        """Return a and the parameters' gradients one time earlier."""
        problem = self.problem

        def backwards(state: Any, minus_t: Any, parameters: Any) -> Any:
            def slope(y: Any, some: list[Any]) -> Any:
                changed = list(parameters)
                for k, value in zip(wanted, some, strict=True):
                    changed[k] = value
                return tree.flatten(problem.slope(problem.build_y(y), -minus_t, changed))[0]

            y, a, _ = state
            value, pull = vjp(slope, y, [parameters[k] for k in wanted])
            by_y, by_parameters = pull(a)
            return [-k for k in value], by_y, by_parameters

        _, a, found = by_adjoint(backwards, (y, a, found), -flip(span), (parameters,), problem.control)
        return _row(a, 1), _row(found, 1)


def _row(leaves: Any, k: int) -> list[Any]:
    return [getitem(box(x), (k, ...)) for x in leaves]


def _placed(found: list[Any], wanted: list[int], count: int) -> list[Any]:
    """Return the gradients of all parameters: those found in their places, None for the others."""
    placed: list[Any] = [None] * count
    for k, g in zip(wanted, found, strict=True):
        placed[k] = g
    return placed


def _own(x: Any) -> Any:
    """Return what was computed as a bare array; a traced one is an error."""
    if isinstance(x, Traced):
        raise TypeError(
            "odeint's function uses an array that is being differentiated, and neo cannot see it. Pass it "
            "as an argument: odeint(func, y0, t, array)"
        )
    return unbox(x)
