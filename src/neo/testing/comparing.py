"""A gradient beside the slopes of its function: smooth, at kinks, and where nothing is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .nearby import is_a_slope_nearby
from .slopes import SAFETY, SMALLEST, Slopes, rounding_of, slopes
from .subjects import Flat, pack

# How many entries are looked at one by one, and how many kinked results with a cotangent each.
ENTRIES, KINKED = 8, 4
# How many pairs of equal entries are moved together and against each other.
PAIRS = 2
# This many mismatches at one example tell all that there is to tell.
ENOUGH = 4
ROUNDINGS = 64 * 2.0**-52
# Below the smallest normal number digits are lost, and libraries give 0.
NORMAL = float(np.finfo(float).smallest_normal)
# Gradients beyond this are pulled back along a cotangent shorter by another factor: their sums overflow.
LARGEST, SHORTER = 2.0**960, 2.0**-128


@dataclass
class Mismatch:
    """A gradient's slope along a direction that is not within what the differences allow.

    declared: whether that is what the Policy declares for kinks.
    """

    direction: np.ndarray
    analytic: float
    low: float
    high: float
    kinked: bool
    w: np.ndarray
    declared: bool = False

    @property
    def numeric(self) -> float:
        return self.low / 2 + self.high / 2

    @property
    def bound(self) -> float:
        return self.high / 2 - self.low / 2 if np.isfinite(self.numeric) else 0.0

    @property
    def beyond(self) -> float:
        """How far the gradient is from the middle, in units of the bound; at most 1 is right."""
        away = abs(self.analytic - self.numeric)
        if away == 0:
            return 0.0
        return away / self.bound if self.bound > 0 and np.isfinite(away) else np.inf


@dataclass
class Comparison:
    """What came of comparing one gradient: mismatches and what to count."""

    mismatches: list[Mismatch] = field(default_factory=list)
    compared: int = 0
    kinks: int = 0
    unknown: int = 0
    worst: float = 0.0

    def add(self, other: Comparison, mismatches: list[Mismatch]) -> None:
        """Count what another comparison counted."""
        self.mismatches += mismatches
        self.compared += other.compared
        self.kinks += other.kinks
        self.unknown += other.unknown
        self.worst = max(self.worst, other.worst)


Convention = Callable[[float, float], float] | None


def compare(
    flat: Flat, rng: Any, entries: int = ENTRIES, convention: Convention = None, pairs: int = PAIRS
) -> Comparison:
    """Compare the pull-back of a function with its slopes along entries and other directions.

    convention: what a slope is at a kink, of the left and the right one; None: anything between.
    """
    result = Comparison()
    if not flat.x.size or not flat.center.size:
        return result
    w = rng.uniform(0.5, 1.5, flat.center.shape) * rng.choice([-1.0, 1.0], flat.center.shape)
    w = _shortened(flat, np.where(np.isfinite(flat.center), w, 0.0))
    work = _Work(flat, w, int(rng.integers(2**31)), convention)
    for v in directions(flat.x, rng, entries, pairs):
        if len(result.mismatches) < ENOUGH:
            work.along(v, result)
    return result


def _shortened(flat: Flat, w: np.ndarray) -> np.ndarray:
    """Return a cotangent whose gradients can be added up: a shorter one where those overflow."""
    g, shorter = flat.pull(w), w * SHORTER
    largest = float(np.max(np.abs(g[np.isfinite(g)]), initial=0))
    overflows = not np.all(np.isfinite(g)) and np.any(np.isfinite(flat.pull(shorter)) & ~np.isfinite(g))
    return shorter if largest > LARGEST or overflows else w


def directions(x: np.ndarray, rng: Any, entries: int, pairs: int = PAIRS) -> list[np.ndarray]:
    """Return entries one by one, two that are equal together and against each other, and all at once."""
    n = x.size
    chosen = range(n) if n <= entries else sorted(rng.choice(n, entries, replace=False))
    found = [_unit(n, k) for k in chosen]
    groups, places = np.unique(x, return_inverse=True)
    for i, j in _ties(places, rng)[:pairs]:
        found += [_unit(n, i) + _unit(n, j), _unit(n, i) - _unit(n, j)]
    for k in np.flatnonzero(np.bincount(places) > 2)[:pairs]:
        found.append(np.where(places == k, 1.0, 0.0))
    if n > 1:  # equal entries together, so that they stay equal
        found.append(rng.choice([-1.0, 1.0], groups.size)[places] * _lengths(x))
    return _distinct(found)


def _distinct(found: list[np.ndarray]) -> list[np.ndarray]:
    """Return directions without those that differ from an earlier one in length alone."""
    return list({(v / v[np.flatnonzero(v)[0]] + 0.0).tobytes(): v for v in reversed(found)}.values())[::-1]


def _lengths(x: np.ndarray) -> np.ndarray:
    """Return a power of two near each number, near the largest one for zero."""
    size = np.abs(x)
    size = np.where(size > 0, size, np.max(size))
    return np.where(size > 0, 2.0 ** np.round(np.log2(np.where(size > 0, size, 1.0))), 1.0)


def _unit(n: int, k: int) -> np.ndarray:
    v = np.zeros(n)
    v[k] = 1
    return v


def _ties(places: np.ndarray, rng: Any) -> list[tuple[int, int]]:
    """Return pairs of equal entries, in an order of chance.

    places: for each entry, the number of the value that it has.
    """
    order = rng.permutation(places.size)
    order = order[np.argsort(places[order], kind="stable")]
    equal = np.flatnonzero(places[order[1:]] == places[order[:-1]])
    return [(int(order[k]), int(order[k + 1])) for k in rng.permutation(equal)]


class _Work:
    """One pull-back at one example, with what the comparison along every direction shares."""

    def __init__(self, flat: Flat, w: np.ndarray, seed: int, convention: Convention) -> None:
        self.flat, self.seed, self.convention = flat, seed, convention
        self.finite = np.isfinite(flat.center)
        self.w = w
        self.noise = (2.0**-51 + _coarseness(flat)) * np.abs(flat.center)
        self.complex = any(x.dtype.kind == "c" for x in (*flat.like, *flat.results))
        self.scattered = False
        self.gradients: dict[bytes, np.ndarray] = {}
        # All results together, and each of several alone: a large one hides a small one.
        sizes = [pack([x]).size for x in flat.results]
        owners = np.repeat(np.arange(len(sizes)), sizes)
        self.groups = [np.ones(owners.shape, bool)]
        self.groups += [owners == k for k in range(len(sizes))] if len(sizes) > 1 else []

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Return the gradient for a cotangent."""
        key = w.tobytes()
        if key not in self.gradients:
            self.gradients[key] = self.flat.pull(w)
        return self.gradients[key]

    def along(self, v: np.ndarray, result: Comparison) -> None:
        """Compare along one direction; what differs is looked at again, with steps of other lengths.

        How far rounding scatters takes two dozen evaluations, so it is asked for only then.
        """
        first = Comparison()
        mismatches = self._against(self._slopes(v, 1.0), v, first)
        if mismatches or first.unknown:
            self._scatter()
            first = Comparison()
            mismatches = self._against(self._slopes(v, 1.0), v, first)
            if mismatches and not self._against(self._slopes(v, 0.7), v, Comparison()):
                mismatches = []
            mismatches = [
                m for m in mismatches if m.declared or not is_a_slope_nearby(self.flat, m, self.seed)
            ]
            mismatches = [m for each in mismatches for m in self._narrowed(each)]
        result.add(first, mismatches)

    def _narrowed(self, found: Mismatch) -> list[Mismatch]:
        """Return the mismatch along as few entries as still show it; nothing if no part of them does.

        Slopes of a smooth function add up. Where they agree along each half and not along both, moving
        one operand has hidden how coarsely the function is computed in another.
        """
        places = np.flatnonzero(found.direction)
        if places.size == 1 or found.kinked:
            return [] if self._is_flat(found) else [found]
        low, high, flat = np.zeros_like(found.w), np.zeros_like(found.w), False
        for part in (places[: places.size // 2], places[places.size // 2 :]):
            v = np.zeros_like(found.direction)
            v[part] = found.direction[part]
            seen, there = Comparison(), self._slopes(v, 1.0)
            mismatches = self._against(there, v, seen, found.w)
            if mismatches and (narrower := self._narrowed(mismatches[0])):
                return narrower
            if seen.kinks:
                return [found]
            ends = there.interval(SAFETY)
            low, high, flat = low + ends[0], high + ends[1], flat or bool(mismatches)
        w = np.where(np.isfinite(low) & np.isfinite(high), found.w, 0.0)
        return [] if flat else self._one(w, found.direction, (low, high), False, Comparison())

    def _is_flat(self, found: Mismatch) -> bool:
        """Tell whether the function is flat here and its slope too small to show beside slopes elsewhere.

        1 - tanh(x) is 0 from x = 20 on, by rounding; its gradient, a product, is right far beyond that.
        """
        if found.numeric != 0 or not np.isfinite(found.analytic):
            return False
        x, v, sizes = self.flat.x, found.direction, [0.0]
        for factor in 2.0 ** -np.arange(1.0, 9.0):
            h = 2.0**-20 * factor * float(np.max(np.abs(x))) / float(np.max(np.abs(v)))
            moved = self.flat.value(factor * x + h * v) - self.flat.value(factor * x - h * v)
            sizes.append(float(np.sum(np.abs(found.w * moved))) / (2 * h) if h > 0 else 0.0)
        return abs(found.analytic) <= ROUNDINGS * max([size for size in sizes if np.isfinite(size)])

    def _scatter(self) -> None:
        if not self.scattered:
            self.scattered = True
            self.noise = self.noise + rounding_of(self.flat.value, self.flat.x, self.seed)

    def _slopes(self, v: np.ndarray, shift: float) -> Slopes:
        x = self.flat.x
        size = float(np.max(np.abs(x)))
        wide = (size if size > 0 else 1.0) / float(np.max(np.abs(v)))
        lengths = np.abs(x[v != 0] / v[v != 0])
        narrow = float(np.min(lengths[lengths > 0], initial=wide))
        scales = (wide,) if narrow > wide / 16 else (wide, narrow)
        shifted = tuple([s * shift for s in scales])
        return slopes(self.flat.value, x, v, self.flat.center, self.noise, shifted, self.flat.snap)

    def _against(self, found: Slopes, v: np.ndarray, result: Comparison, w: Any = None) -> list[Mismatch]:
        """Compare the gradient for a cotangent, for the usual one if none is given, with slopes along v."""
        w = self.w if w is None else w
        low, high = found.interval(SAFETY)
        known = np.isfinite(low) & np.isfinite(high) & self.finite
        kinked = found.kinked & known
        low, high = self._reaching(found, kinked, low, high)
        result.kinks += int(np.count_nonzero(kinked))
        result.unknown += int(np.count_nonzero(~known))
        out = []
        level = np.where(found.stepped, 0.0, low), np.where(found.stepped, 0.0, high)
        for group in [each & known for each in self.groups if np.any(each & known)]:
            used, kink = np.where(group, w, 0.0), bool(np.any(kinked & group))
            wrong = self._one(used, v, (low, high), kink, result)
            if wrong and np.any(found.stepped & group):
                wrong = self._one(used, v, level, kink, result)
            out += wrong
        if np.count_nonzero(v) == 1 and not self.complex:
            out += [m for k in np.flatnonzero(found.endless)[:KINKED] for m in self._endless(v, found, k)]
        for k in np.flatnonzero(kinked)[:KINKED]:
            unit = np.zeros_like(self.w)
            unit[k] = 1.0
            declared = self._declared(found, v, k)
            ends = (low, high) if declared is None else declared
            out += self._one(unit, v, ends, True, result, declared is not None)
        return out

    def _endless(self, v: np.ndarray, found: Slopes, k: int) -> list[Mismatch]:
        """Return a mismatch where the slope of result k is infinite, and the gradient NaN or of another sign.

        A finite gradient of that sign, such as 0, may be what the Policy gives there. Infinite numbers
        that are complex have no parts.
        """
        unit = np.zeros_like(self.w)
        unit[k] = 1.0
        analytic = float(np.sum((self.gradient(unit) * v)[v != 0]))
        ends = (0.0, np.inf) if found.endless[k] > 0 else (-np.inf, 0.0)
        return [] if ends[0] <= analytic <= ends[1] else [Mismatch(v, analytic, *ends, False, unit)]

    def _reaching(self, found: Slopes, kinked: Any, low: Any, high: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return intervals that reach to what is declared at kinks, which need not be between the sides."""
        low, high = low.copy(), high.copy()
        for k in np.flatnonzero(kinked) if self.convention is not None else ():
            left, right = float(found.left[k]), float(found.right[k])
            slopes = self.convention(left, right), -self.convention(-right, -left)
            low[k], high[k] = min(low[k], *slopes), max(high[k], *slopes)
        return low, high

    def _declared(self, found: Slopes, v: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the slope that the declared convention gives along an entry, within its error."""
        if self.convention is None or np.count_nonzero(v) != 1:
            return None
        expected = self.convention(float(found.left[k]), float(found.right[k]))
        error = SAFETY * (found.left_error + found.right_error)
        return expected - error, expected + error

    def _one(
        self,
        w: np.ndarray,
        v: np.ndarray,
        ends: Any,
        kinked: bool,
        result: Comparison,
        declared: bool = False,
    ) -> list[Mismatch]:
        """Compare the gradient for one cotangent with the interval that the slopes leave it."""
        g, moved, used = self.gradient(w), v != 0, w != 0
        if np.any(np.isnan(g[moved])) and not np.all(used):
            return []  # zero times an infinite slope
        analytic = float(np.sum(g[moved] * v[moved]))
        one, other = w[used] * ends[0][used], w[used] * ends[1][used]
        size = np.sum(np.abs(g[moved] * v[moved])) + np.sum(np.abs(one) + np.abs(other))
        slack = (ROUNDINGS * float(size) if np.isfinite(size) else 0.0) + 16 * SMALLEST
        slack += NORMAL * float(np.sum(np.abs(v)))
        low = float(np.sum(np.minimum(one, other))) - slack
        high = float(np.sum(np.maximum(one, other))) + slack
        result.compared += 1
        nan = kinked and np.isnan(analytic)  # at a kink there are slopes to choose from
        if not (np.isfinite(analytic) or nan) and high - low > 0.1 * (abs(low) + abs(high)):
            return []  # a slope that goes on growing as the step shrinks
        found = Mismatch(v, analytic, low, high, kinked, w, declared)
        if found.beyond > 1:
            found = self._with_scatter(found)
        if found.beyond <= 1:
            result.worst = max(result.worst, 0.0 if kinked else found.beyond)
            return []
        return [found]

    def _with_scatter(self, found: Mismatch) -> Mismatch:
        """Return the mismatch with the rounding of the gradient itself in its bounds."""
        noise = rounding_of(lambda x: self.flat.pull_at(x, found.w), self.flat.x, self.seed)
        moved = found.direction != 0
        slack = SAFETY * float(np.sum(noise[moved] * np.abs(found.direction[moved])))
        if not np.isfinite(slack):
            return found
        return replace(found, low=found.low - slack, high=found.high + slack)


def _coarseness(flat: Flat) -> np.ndarray:
    """Return the eps of each result's dtype, for results that are coarser than the operands."""
    rows = [np.full(x.size * (2 if x.dtype.kind == "c" else 1), np.finfo(x.dtype).eps) for x in flat.results]
    eps = np.concatenate(rows) if rows else np.zeros(0)
    return np.where(eps > 1e-15, 2 * eps, 0.0)
