"""Gradients in coarse dtypes and on other libraries, beside the ones that slopes have confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .structure import Fault
from .subjects import Flat, Subject, pack, unpack

# A rule in float32 that nobody asked for is reported where it is wrong beyond any rounding.
GROSS = 0.05
# Roundings of an operation, and how many neighbours of the operands tell how they scatter.
ROUNDINGS, NEIGHBOURS = 64.0, 4
# How many roundings of a number nearby stand between a difference of two such and the truth.
LOST = 4


def coarse(
    fine: Subject, subject: Subject, rng: Any, gross: bool
) -> tuple[Fault | None, float, float, float]:
    """Compare a pull-back in a coarse dtype with the one in double precision at the same numbers.

    A rule that rounds errs in one direction here and in another there; a wrong one errs alike at the
    neighbours of the operands. So the scatter of its errors is part of their bound, beside what the
    rounding of the operands does to the right gradient.
    Returns a fault or None, with the gradient, what it should be, and the bound.
    """
    nothing = (None, 0.0, 0.0, 0.0)
    low = Flat(subject)
    high = Flat(fine.with_points([x.astype(y.dtype) for x, y in zip(low.like, fine.points, strict=True)]))
    eps = _eps(low)
    if not _agree(low.center, high.center, 1e-3 if gross else 0.1):
        return nothing if gross else _values(low, high, eps)
    w = np.round(rng.uniform(0.5, 1.5, low.center.shape) * 64) / 64
    w = np.where(np.isfinite(low.center) & np.isfinite(high.center), w, 0.0)
    found, expected = low.pull(w), high.pull(w)
    finite = np.isfinite(found) & np.isfinite(expected)
    lost = np.isnan(found) & np.isfinite(expected)
    if np.any(lost) and not gross:
        return ("wrong_in_dtype", "the gradient is NaN in this dtype only", None), np.nan, 0.0, 0.0
    size = float(np.max(np.abs(expected[finite]), initial=0))
    floor = GROSS * size if gross else ROUNDINGS * eps * size
    errors = np.where(finite, np.abs(found - expected), 0.0)
    smallest = max([float(np.finfo(x.dtype).smallest_normal) / eps for x in (*low.like, *low.results)])
    if not np.any(errors > floor) or not max(smallest, _unseen(high, w, eps)) < size < 1 / smallest:
        return nothing
    bound = floor + _scatter(low, high, w, found - expected, expected, eps, rng)
    bound = bound + (_unsteadiness(low, high, w, found - expected, expected, rng) if gross else 0.0)
    bound = bound + LOST * eps * _size_nearby(high, lambda x: high.pull_at(x, w))
    k = int(np.argmax(np.where(finite, errors - bound, -np.inf)))
    if not errors[k] > bound[k]:
        return nothing
    words = "the gradient is right in double precision and wrong in this dtype, at the same numbers"
    return ("wrong_in_dtype", words, None), float(found[k]), float(expected[k]), float(bound[k])


def _unseen(high: Flat, w: np.ndarray, eps: float) -> float:
    """Return the gradient below which the results move by less than their rounding, however far x moves.

    Layer norm of two numbers is -1 and 1, whatever they are; what is left of its gradient are roundings.
    """
    size = float(np.max(np.abs(high.x), initial=0))
    return eps * float(np.sum(np.abs((w * high.center)[w != 0]))) / size if size else 0.0


def _eps(low: Flat) -> float:
    """Return the coarsest eps of operands and results; NumPy holds those of bfloat16 in float32."""
    if "bfloat16" in low.subject.dtypes:
        return 2.0**-7
    return max([float(np.finfo(x.dtype).eps) for x in (*low.like, *low.results)])


def _values(low: Flat, high: Flat, eps: float) -> tuple[Fault | None, float, float, float]:
    """Return a fault where forward itself differs by far more than the operands' rounding explains."""
    moved = [high.value(high.x * (1 + s * eps)) for s in (-1, 1)]
    reach = 16 * np.fmax(*[np.abs(m - high.center) for m in moved]) + ROUNDINGS * eps * np.abs(high.center)
    # Below the smallest normal number digits are lost.
    reach = reach + max([float(np.finfo(x.dtype).smallest_normal) for x in (*low.like, *low.results)])
    reach = reach + LOST * eps * _size_nearby(high, high.value)
    finite = np.isfinite(low.center) & np.isfinite(high.center) & np.isfinite(reach)
    beyond = np.where(finite, np.abs(low.center - high.center) - reach, -np.inf)
    k = int(np.argmax(beyond)) if beyond.size else 0
    if not beyond.size or not beyond[k] > 0.1 * np.max(np.abs(high.center[finite]), initial=0):
        return None, 0.0, 0.0, 0.0
    words = "forward gives another result in this dtype than in double precision, at the same numbers"
    return ("values_disagree", words, None), float(low.center[k]), float(high.center[k]), float(reach[k])


def _scatter(low: Flat, high: Flat, w: Any, error: Any, expected: Any, eps: float, rng: Any) -> np.ndarray:
    """Return how far the error moves among neighbours, and the right gradient with it."""
    moved, reach = np.zeros_like(error), np.zeros_like(error)
    for _ in range(NEIGHBOURS):
        x = pack(unpack(low.x * (1 + 2 * eps * rng.choice([-1.0, 1.0], low.x.shape)), low.like))
        # The cotangent too: all that a rule computes of the operands may be exact.
        u = pack(unpack(w * (1 + 2 * eps * rng.choice([-1.0, 1.0], w.shape)), low.results))
        there, right = low.pull_at(x, u), high.pull_at(x, u)
        moved = np.fmax(moved, np.abs(there - right - error))
        reach = np.fmax(reach, np.abs(right - expected))
    return 4 * moved + 16 * reach


def _unsteadiness(low: Flat, high: Flat, w: Any, error: Any, expected: Any, rng: Any) -> np.ndarray:
    """Return how far the error is from being the same part of the gradient a little further away.

    That of a wrong rule is; that of a difference of numbers which nearly cancel is not.
    """
    moved = np.zeros_like(error)
    for _ in range(NEIGHBOURS):
        x = pack(unpack(low.x * (1 + rng.uniform(-1, 1, low.x.shape) / 64), low.like))
        there, right = low.pull_at(x, w), high.pull_at(x, w)
        part = np.divide(right, expected, out=np.ones_like(right), where=expected != 0)
        moved = np.fmax(moved, np.abs(there - right - error * part))
    return moved


def _size_nearby(high: Flat, value: Callable[[np.ndarray], np.ndarray]) -> float:
    """Return the size of values or gradients nearby, and nearer to zero.

    Where they are less here than those round to, their digits are lost, as those of 1 - tanh(x) ** 2 are.
    """
    count = high.x.size - pack(high.like[len(high.like) - high.subject.cotangents :]).size
    own = np.arange(high.x.size) < count
    step = np.max(np.abs(high.x[own]), initial=0) / 16 or 1 / 16
    near = [np.where(own, high.x * factor, high.x) for factor in (0.5, 0.25, 0.125)]
    near += [np.where(own, high.x + side, high.x) for side in (step, -step)]
    there = [np.abs(value(x)) for x in near]
    return max([float(np.max(g[np.isfinite(g)], initial=0)) for g in there])


def _agree(low: np.ndarray, high: np.ndarray, tolerance: float) -> bool:
    """Tell whether results are finite alike and close: else the operands are not for this dtype."""
    if low.shape != high.shape or not np.array_equal(np.isfinite(low), np.isfinite(high)):
        return False
    finite = np.isfinite(low)
    size = float(np.max(np.abs(high[finite]), initial=0))
    return bool(np.all(np.abs(low - high)[finite] <= tolerance * size))


def other_library(reference: Flat, subject: Subject, rng: Any) -> tuple[Fault | None, float, float, float]:
    """Compare a pull-back with that of another library at the same numbers, in the same dtypes."""
    from .invariants import _differ

    nothing = (None, 0.0, 0.0, 0.0)
    here = Flat(subject)
    if here.center.shape != reference.center.shape:
        words = "the results have other shapes than on the first backend"
        return ("values_disagree", words, None), 0.0, 0.0, 0.0
    w = np.where(
        np.isfinite(reference.center) & np.isfinite(here.center), rng.uniform(0.5, 1.5, here.center.shape), 0
    )
    found, expected = here.pull(w), reference.pull(w)
    if not _differ(reference, w, found, expected):
        return nothing
    finite = np.isfinite(found) & np.isfinite(expected)
    k = int(np.argmax(np.where(finite, np.abs(found - expected), -1.0)))
    words = "the gradient differs from that on the first backend, whose slopes it has"
    return ("backends_disagree", words, None), float(found[k]), float(expected[k]), 0.0
