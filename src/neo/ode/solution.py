"""`odeint`: the solution of an initial value problem, with direct or adjoint gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .adjoint import by_adjoint
from .direct import by_steps, checked_state
from .stepping import Control


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    *args: Any,
    rtol: float = 1.4e-8,
    atol: float = 1.4e-8,
    max_steps: int = 10_000,
    gradient: str = "adjoint",
    checkpoint: bool = False,
) -> Any:
    """Return y at the times t, where dy/dt = func(y, t, *args) and y = y0 at t[0].

    y0: an array or a number, real or complex, or a tree; func returns the like of it.
    t: (n,) real, rising or falling.
    Returns the tree of y0 with an axis of length n in front.
    rtol, atol: the error of a step is below atol + rtol |y|. max_steps: attempts at most.
    gradient: "adjoint" solves an equation backwards in time for the gradient and keeps nothing but
    y at the times t; "direct" differentiates the steps as they were taken, and with checkpoint=True
    keeps one state per step. Their gradients differ by about the error of the solution.
    Gradient: to y0, t, args and what func closes over, to every order, forward and reverse.
    Raises ConvergenceError where max_steps do not suffice or the steps get too short, ValueError for
    times that neither rise nor fall, TypeError for a y0 of integers and for a func that does not
    return the like of y0.
    Source: Dormand and Prince (1980); Chen et al., "Neural ordinary differential equations" (2018).

    >>> import numpy as np
    >>> import neo
    >>> decay = lambda y, t, rate: -rate * y
    >>> end = lambda rate: odeint(decay, np.asarray(1.0), np.asarray([0.0, 1.0]), rate)[-1]
    >>> print(end(2.0).round(6), neo.grad(end)(2.0).round(6))
    0.135335 -0.135335
    """
    control, y0 = Control(rtol, atol, max_steps), checked_state(y0)
    if gradient == "adjoint":
        return by_adjoint(func, y0, t, args, control)
    if gradient != "direct":
        raise ValueError(f"gradient={gradient!r}; expected 'adjoint' or 'direct'")
    return by_steps(func, y0, t, args, control, checkpoint)
