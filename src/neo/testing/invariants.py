"""What every pull-back keeps, each its own check: `linear`, `zero`, `repeatable`, `needs`, ...

A check takes a Flat and a generator of random numbers, and returns a fault or None.
"""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.array import raw_of
from .slopes import SAFETY, rounding_of
from .strategies import backwards, by_columns, gapped, locked
from .structure import Fault
from .subjects import Flat, Subject, host, like, pack, unpack

Check = Callable[[Flat, Any], Fault | None]
# Gradients as small as this have, times the factors that `linear` tries, no digits to compare.
LEAST = 2.0**-980
# How often each of several threads calls, so that one is likely to be cut off in the middle.
CALLS = 40


def linear(flat: Flat, rng: Any) -> Fault | None:
    """Linear in the cotangent: pull(w + u) = pull(w) + pull(u), also for very long and for sparse ones."""
    w, u = _cotangent(flat, rng), _cotangent(flat, rng)
    for words, one, other in _parts(flat, w, u, rng):
        size = np.abs(flat.pull(one)) + np.abs(flat.pull(other))
        size = np.max(size[np.isfinite(size)], initial=0)
        both = flat.pull(one) + flat.pull(other)
        if _differ(flat, one + other, flat.pull(one + other), both, size, (one, other)):
            return "not_linear", words, None
    for factor in (-1.0, 2.0**30, 2.0**-30):
        if _differ(flat, w, flat.pull(factor * w) / factor, flat.pull(w)):
            return "not_linear", f"pull({factor:g} w) is not {factor:g} pull(w)", None
    return None


def _parts(flat: Flat, w: np.ndarray, u: np.ndarray, rng: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield pairs of cotangents, and what is wrong where the pull-back does not add them up."""
    finite = np.isfinite(flat.center)
    yield "pull(2 w - 3 u) is not 2 pull(w) - 3 pull(u)", 2 * w, -3 * u
    ones = np.where(finite, 1.0, 0.0)
    yield "pull(w) is not pull(ones) + pull(w - ones): ones are pulled back by another rule", ones, w - ones
    chosen = rng.integers(0, 2, w.shape) > 0
    words = "pull(w) is not the sum of what its entries give one by one"
    yield words, np.where(chosen, w, 0.0), np.where(chosen, 0.0, w)
    if len(flat.results) > 1:
        first = np.arange(w.size) < pack(flat.results[:1]).size
        words = "pull(w) is not the sum of what the results give one by one"
        yield words, np.where(first, w, 0.0), np.where(first, 0.0, w)


def zero(flat: Flat, rng: Any) -> Fault | None:
    """Zero gives zero, but for zero times an infinite slope."""
    found = flat.pull(np.zeros_like(flat.center))
    if np.any(found[np.isfinite(found)] != 0):
        return "nonzero_at_zero", "the gradient for a zero gradient of the result is not zero", None
    if np.any(np.isnan(found) & np.isfinite(flat.pull(_cotangent(flat, rng)))):
        return "nonzero_at_zero", "the gradient for a zero gradient of the result is NaN", None
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
    if differs_where_traced(flat):
        return "not_repeatable", "forward gives another result where nothing is differentiated", None
    return None


def differs_where_traced(flat: Flat) -> bool:
    """Tell whether a function has other values where it is differentiated than where it is not."""
    return _far(flat.value(flat.x), flat.center)


def needs(flat: Flat, rng: Any) -> Fault | None:
    """What one operand's gradient is does not depend on which others are differentiated."""
    varied = flat.subject.varied
    if len(varied) < 2:
        return None
    w = _cotangent(flat, rng)
    ends = np.cumsum([pack([x]).size for x in flat.like])
    joint = dict(zip(varied, np.split(flat.pull(w), ends[:-1]), strict=True))
    groups = [[k] for k in varied]
    groups += [[j for j in varied if j != k] for k in varied] if len(varied) > 2 else []
    for group in groups:
        names = " and ".join(map(str, group))
        try:
            alone = Flat(flat.subject.only(*group))
            found = alone.pull(w)
        except Exception as error:
            words = f"backward raises where only operand {names} needs a gradient: {type(error).__name__}"
            return "ignores_needs", f"{words}: {error}", group[0]
        if _differ(alone, w, found, np.concatenate([joint[k] for k in group])):
            words = f"the gradient of operand {names} differs where no other needs one"
            return "ignores_needs", words, group[0]
    return None


def shared(flat: Flat, rng: Any) -> Fault | None:
    """One array that is given for two operands has the gradients of two equal ones, added up."""
    subject = flat.subject
    first, *others = subject.varied
    x = subject.operands[first]
    same = [k for k in others if _is_like(subject, k, first)]
    if not same or not x.size:
        return None
    apart = Flat(subject.with_points([x if k in same else subject.operands[k] for k in subject.varied]))
    together = Flat(apart.subject.joined(first, same))
    w = _cotangent(apart, rng)
    parts = dict(zip(subject.varied, unpack(apart.pull(w), apart.like), strict=True))
    expected = [sum([parts[k] for k in same], parts[first])]
    expected += [parts[k] for k in subject.varied if k != first and k not in same]
    if _far(together.center, apart.center):
        return "wrong_when_shared", "one array given twice has another result than two equal ones", None
    if _differ(together, w, together.pull(w), pack(expected)):
        return "wrong_when_shared", "one array given twice has another gradient than two equal ones", None
    return None


def _is_like(subject: Subject, k: int, first: int) -> bool:
    """Tell whether operand k has the shape and the dtype of another."""
    x, y = subject.operands[k], subject.operands[first]
    return x.shape == y.shape and subject.dtypes[k] == subject.dtypes[first]


LAYOUTS = {
    "with gaps": gapped,
    "laid out backwards": backwards,
    "laid out column by column": by_columns,
    "read-only": locked,
}


def layout(flat: Flat, rng: Any) -> Fault | None:
    """Operands, and cotangents, in another layout or read-only give the same gradient."""
    w = _cotangent(flat, rng)
    for words, changed in LAYOUTS.items():
        if _differ(flat, w, flat.pull(w, changed), flat.pull(w)):
            return "depends_on_layout", f"a gradient of the result {words} gives another gradient", None
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
    poisoned = [np.where(np.arange(flat.x.size) == k, np.nan, flat.x) for k in range(flat.x.size)]
    # Of every operand: x * sum(y) is elementwise in x alone.
    if any([list(np.flatnonzero(np.isnan(flat.value(x)))) != [k % n] for k, x in enumerate(poisoned)]):
        return None
    pulled = [(k % n, _pulled(flat, x, w)) for k, x in enumerate(poisoned)]
    rest = [np.delete(g.reshape(len(like), n), i, axis=1) for i, g in pulled if g is not None]
    if any([np.any(np.isnan(g)) for g in rest]):
        return "spreads_nan", "a NaN in one element makes the gradients of other elements NaN", None
    return None


def _pulled(flat: Flat, x: np.ndarray, w: np.ndarray) -> np.ndarray | None:
    """Return the gradient at other operands, None where the rule refuses them."""
    try:
        return pack(flat.subject.puller(unpack(x, flat.like))[1](unpack(w, flat.results)))
    except Exception:
        return None


# `nan` stands apart: it means something only where the gradient is right.
CHECKS: tuple[Check, ...] = (linear, zero, needs, shared, layout)


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
        for _ in range(CALLS):
            found[k] = flat.pull_at(pack(points[k]), w)
            if _far(found[k], expected[k]):
                return

    workers = [threading.Thread(target=work, args=(k,)) for k in range(len(points))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that one thread runs into another's call
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        sys.setswitchinterval(interval)
    if any(_far(a, b) for a, b in zip(found, expected, strict=True)):
        return "not_thread_safe", "calls in four threads at once give other gradients than one by one", None
    return None


def leak(subject: Subject) -> Fault | None:
    """Once the result and the pull-back are gone, so are the operands, the results and their gradients."""
    references = _after_a_call(subject)
    if any(ref() is not None for _, ref in references):
        gc.collect()
    alive = [words for words, ref in references if ref() is not None]
    if alive:
        return "leaks", f"{alive[0]} lives on after the call and its pull-back are gone", None
    return None


def _after_a_call(subject: Subject) -> list[tuple[str, Any]]:
    """Return words and weak references for what one call was given and gave."""
    natives = subject.native(subject.points)
    results, pull = subject.pull_native(natives)
    cotangents = [like(host(x), x) for x in results]
    pull(cotangents)
    given = (("operand", natives), ("result", results), ("the gradient of result", cotangents))
    kept = [(f"{words} {k}", raw_of(x)) for words, arrays in given for k, x in enumerate(arrays)]
    try:
        return [(words, weakref.ref(x)) for words, x in kept]
    except TypeError:  # a library whose arrays cannot be watched
        return []


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


def _differ(
    flat: Flat, w: np.ndarray, found: np.ndarray, expected: np.ndarray, size: float = 0.0, parts: Any = ()
) -> bool:
    """Tell whether two gradients for a cotangent differ by more than their rounding explains.

    parts: further cotangents whose gradients' rounding is in it.

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
    noise = sum([noise_of(flat, each)[: found.size][finite] for each in (w, *parts)])
    noise = np.where(np.isfinite(noise), noise, np.inf)
    return bool(np.any(apart > 64 * eps * size + 4 * SAFETY * noise))


def noise_of(flat: Flat, w: np.ndarray) -> np.ndarray:
    """Return what rounding scatters a gradient by, around the operands and the cotangent.

    The cotangent moves too: all that a rule computes of the operands may be exact.
    """
    count, used = flat.x.size, np.flatnonzero(w)

    def pulled(both: np.ndarray) -> np.ndarray:
        moved = w.copy()
        moved[used] = both[count:]
        return flat.pull_at(both[:count], moved)

    return rounding_of(pulled, np.concatenate([flat.x, w[used]]), 1)
