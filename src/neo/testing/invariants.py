"""What every pull-back keeps, each its own check: `linear`, `zero`, `repeatable`, `needs`, ...

A check takes a Flat and a generator of random numbers, and returns a fault or None.
"""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .slopes import SAFETY, rounding_of
from .strategies import backwards, by_columns, gapped, locked
from .structure import Fault
from .subjects import Flat, Subject, pack, unpack

Check = Callable[[Flat, Any], Fault | None]
# Gradients as small as this have, times the factors that `linear` tries, no digits to compare.
LEAST = 2.0**-980


def linear(flat: Flat, rng: Any) -> Fault | None:
    """Linear in the cotangent: pull(2 w - 3 u) = 2 pull(w) - 3 pull(u), and for very long ones too."""
    w, u = _cotangent(flat, rng), _cotangent(flat, rng)
    parts = 2 * flat.pull(w) - 3 * flat.pull(u)
    size = 2 * np.abs(flat.pull(w)) + 3 * np.abs(flat.pull(u))
    if _differ(
        flat, 2 * w - 3 * u, flat.pull(2 * w - 3 * u), parts, np.max(size[np.isfinite(size)], initial=0)
    ):
        return "not_linear", "pull(2 w - 3 u) is not 2 pull(w) - 3 pull(u)", None
    for factor in (-1.0, 2.0**30, 2.0**-30):
        if _differ(flat, w, flat.pull(factor * w) / factor, flat.pull(w)):
            return "not_linear", f"pull({factor:g} w) is not {factor:g} pull(w)", None
    return None


def zero(flat: Flat, rng: Any) -> Fault | None:
    """Zero gives zero, but for zero times an infinite slope."""
    found = flat.pull(np.zeros_like(flat.center))
    if np.any(found[np.isfinite(found)] != 0):
        return "nonzero_at_zero", "the gradient for a zero gradient of the result is not zero", None
    return None


def repeatable(flat: Flat, rng: Any) -> Fault | None:
    """The same operands give the same results and gradients, in a new call."""
    w = _cotangent(flat, rng)
    for _ in range(3):
        again = Flat(flat.subject)
        if _far(again.center, flat.center):
            return "not_repeatable", "forward gives another result the second time", None
        if _far(again.pull(w), flat.pull(w)):
            return "not_repeatable", "the gradient is another one the second time", None
    return None


def needs(flat: Flat, rng: Any) -> Fault | None:
    """What one operand's gradient is does not depend on which others are differentiated."""
    subject = flat.subject
    if len(subject.varied) < 2:
        return None
    w = _cotangent(flat, rng)
    joint, start = flat.pull(w), 0
    for k, x in zip(subject.varied, subject.points, strict=True):
        count = pack([x]).size
        part, start = joint[start : start + count], start + count
        try:
            alone = Flat(subject.only(k))
            found = alone.pull(w)
        except Exception as error:
            words = (
                f"backward raises where only operand {k} needs a gradient: {type(error).__name__}: {error}"
            )
            return "ignores_needs", words, k
        if _differ(alone, w, found, part):
            return "ignores_needs", f"the gradient of operand {k} differs where no other needs one", k
    return None


LAYOUTS = {
    "with gaps": gapped,
    "laid out backwards": backwards,
    "laid out column by column": by_columns,
    "read-only": locked,
}


def layout(flat: Flat, rng: Any) -> Fault | None:
    """Operands in another layout, or read-only, give the same gradient."""
    w = _cotangent(flat, rng)
    for words, changed in LAYOUTS.items():
        subject = flat.subject.with_points([changed(x) for x in flat.subject.points])
        try:
            found = Flat(subject)
        except Exception as error:
            return "depends_on_layout", f"operands {words}: {type(error).__name__}: {error}", None
        if _far(found.center, flat.center):
            return "depends_on_layout", f"operands {words} give another result", None
        if _differ(flat, w, found.pull(w), flat.pull(w)):
            return "depends_on_layout", f"operands {words} give another gradient", None
    return None


def nan(flat: Flat, rng: Any) -> Fault | None:
    """A NaN stays where it was, for functions that are elementwise as far as a NaN can tell."""
    like, results = flat.like, flat.results
    same = len(results) == 1 and all(
        x.shape == results[0].shape and x.dtype.kind == "f" for x in (*like, *results)
    )
    n = flat.center.size
    if not same or not 2 <= n <= 4 or not np.all(np.isfinite(flat.center)):
        return None
    w = _cotangent(flat, rng)
    if not np.all(np.isfinite(flat.pull(w))):
        return None
    spread = []
    for i in range(n):
        x = flat.x.copy()
        x[i] = np.nan
        if list(np.flatnonzero(np.isnan(flat.value(x)))) != [i]:
            return None
        g = _pulled(flat, x, w)
        spread.append(g is not None and bool(np.any(np.isnan(np.delete(g.reshape(len(like), n), i, axis=1)))))
    if any(spread):
        return "spreads_nan", "a NaN in one element makes the gradients of other elements NaN", None
    return None


def _pulled(flat: Flat, x: np.ndarray, w: np.ndarray) -> np.ndarray | None:
    """Return the gradient at other operands, None where the rule refuses them."""
    try:
        return pack(flat.subject.puller(unpack(x, flat.like))[1](unpack(w, flat.results)))
    except Exception:
        return None


# `nan` stands apart: it means something only where the gradient is right.
CHECKS: tuple[Check, ...] = (linear, zero, needs, layout)


def threads(flat: Flat, rng: Any) -> Fault | None:
    """Pull-backs in four threads at once are those that they are one by one."""
    subject = flat.subject
    if not subject.threaded:
        return None
    w = _cotangent(flat, rng)
    points = [subject.points, *[[x * (1 - 0.125 * k) for x in subject.points] for k in (1, 2, 3)]]
    expected = [flat.pull_at(pack(p), w) for p in points]
    found: list[Any] = [None] * len(points)
    barrier = threading.Barrier(len(points))

    def work(k: int) -> None:
        barrier.wait()
        for _ in range(5):
            found[k] = flat.pull_at(pack(points[k]), w)
            if _far(found[k], expected[k]):
                return

    workers = [threading.Thread(target=work, args=(k,)) for k in range(len(points))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(_far(a, b) for a, b in zip(found, expected, strict=True)):
        return "not_thread_safe", "calls in four threads at once give other gradients than one by one", None
    return None


def leak(subject: Subject) -> Fault | None:
    """Once the result and the pull-back are gone, so are the operands."""
    references = _after_a_call(subject)
    if any(ref() is not None for ref in references):
        gc.collect()
    alive = [k for k, ref in enumerate(references) if ref() is not None]
    if alive:
        return "leaks", f"operand {alive[0]} lives on after its result and pull-back are gone", alive[0]
    return None


def _after_a_call(subject: Subject) -> list[Any]:
    natives = subject.native(subject.points)
    references = []
    for x in natives:
        try:
            references.append(weakref.ref(x))
        except TypeError:  # a library whose arrays cannot be watched
            return []
    results, pull = subject.pull_native(natives)
    pull(results)
    return references


def _cotangent(flat: Flat, rng: Any) -> np.ndarray:
    """Return a random cotangent, zero where the result is not finite."""
    w = rng.uniform(0.5, 1.5, flat.center.shape) * rng.choice([-1.0, 1.0], flat.center.shape)
    # Halves of few digits, so that every dtype holds them.
    return np.where(np.isfinite(flat.center), np.round(w * 64) / 64, 0.0)


def _far(x: np.ndarray, y: np.ndarray) -> bool:
    return bool(np.any(_apart(x, y) > 2.0**-40 * np.max(np.abs(x[np.isfinite(x)]), initial=0)))


def _apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far numbers are apart; 0 for two that are not finite alike, inf for one that is not."""
    alike = (x == y) | (np.isnan(x) & np.isnan(y))
    return np.where(alike, 0.0, np.where(np.isfinite(x) & np.isfinite(y), np.abs(x - y), np.inf))


def _differ(flat: Flat, w: np.ndarray, found: np.ndarray, expected: np.ndarray, size: float = 0.0) -> bool:
    """Tell whether two gradients for a cotangent differ by more than their rounding explains.

    How far rounding scatters is found out only where the last digits do not suffice. Entries that
    are not finite are left to the comparison with slopes.
    """
    finite = np.isfinite(found) & np.isfinite(expected)
    if not np.any(finite):
        return False
    eps = max([float(np.finfo(x.dtype).eps) for x in (*flat.like, *flat.results)])
    size = max(size, float(np.max(np.abs(expected[finite]))))
    # Below the smallest normal number a scaled cotangent loses digits.
    size = max(size, LEAST)
    apart = np.abs(found - expected)[finite]
    if not np.any(apart > 64 * eps * size):
        return False
    noise = rounding_of(lambda x: flat.pull_at(x, w), flat.x, 1)[: found.size][finite]
    noise = np.where(np.isfinite(noise), noise, np.inf)
    return bool(np.any(apart > 64 * eps * size + 4 * SAFETY * noise))
