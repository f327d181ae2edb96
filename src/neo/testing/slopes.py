"""Slopes by differences that know their own error, on both sides of a point.

Central differences at steps h, h/8, h/64, ... are extrapolated to h = 0 (L. F. Richardson, 1911). Two
successive extrapolations differ by far more than the finer one is wrong by, so what they differ by,
and the rounding of the function over the step, is the error; the step with the least error is taken.
An estimate that a finer step contradicts is no estimate: the function has detail below that step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Vector = np.ndarray
Map = Callable[[Vector], Vector]

RATIO = 8.0
# Steps are 8 ** -k of the scale. The first four serve nearly every function; the last of these is
# there to contradict the others.
USUAL = (2, 3, 4, 8)
ALL = tuple(range(1, 12))
# How many times the estimated rounding of a value may stand between it and the truth.
SAFETY = 4.0
# Plateaus higher than this part of the values are no rounding, or that of a dtype of half precision.
COARSEST = 2.0**-20
SMALLEST = float(np.finfo(float).smallest_subnormal)


@dataclass
class Slopes:
    """How fast each element of a result moves along a direction; an infinite error is ignorance.

    both, left, right: the slope by central differences and on either side; error, left_error and
    right_error: what they may be wrong by. stepped: whether the function is flat here, on a plateau of
    a height that only half precision rounds to: its slope is 0 as well as that across the plateaus.
    endless: 1 or -1 where the quotients go on growing towards that infinity as the step shrinks, else 0.
    """

    both: Vector
    error: Vector
    left: Vector
    left_error: Vector
    right: Vector
    right_error: Vector
    stepped: Vector
    endless: Vector

    @property
    def kinked(self) -> Vector:
        """Where the slopes on both sides are known and differ by more than their errors."""
        apart = np.abs(self.right - self.left)
        # Not the sum of the errors alone: both may be zero, and the last digit differ.
        last_digit = 1e-7 * (np.abs(self.right) + np.abs(self.left))
        known = np.isfinite(self.left_error) & np.isfinite(self.right_error)
        return known & (apart > SAFETY * (self.left_error + self.right_error) + last_digit)

    def interval(self, safety: float) -> tuple[Vector, Vector]:
        """Return the lowest and the highest slope that the differences allow, per element.

        safety: how many times the estimated errors may be exceeded.
        """
        kinked = self.kinked
        low = np.minimum(self.left - safety * self.left_error, self.right - safety * self.right_error)
        high = np.maximum(self.left + safety * self.left_error, self.right + safety * self.right_error)
        smooth_low, smooth_high = self._smooth(safety)
        return np.where(kinked, low, smooth_low), np.where(kinked, high, smooth_high)

    def _smooth(self, safety: float) -> tuple[Vector, Vector]:
        """Return the interval where there is no kink: around the best known of the three slopes.

        Where one side is known and the other is not, that may be a jump as well as the end of a
        domain, so the value itself decides: outside of a domain it is NaN.
        """
        # Central differences alone do not see a kink, so both sides have to be known too.
        known = np.isfinite(self.left_error) & np.isfinite(self.right_error)
        # Nor the cusp of sqrt(|x|), whose slopes go on growing on both sides.
        growing = (self.left_error > 0.1 * np.abs(self.left)) & (self.right_error > 0.1 * np.abs(self.right))
        sides = np.where(growing, self.left_error + self.right_error, 0.0)
        error = np.where(known, np.fmax(self.error, sides), np.inf)
        low, high = self.both - safety * error, self.both + safety * error
        for slope, wrong, other in (
            (self.right, self.right_error, self.left),
            (self.left, self.left_error, self.right),
        ):
            only = np.isfinite(wrong) & np.isnan(other)
            low = np.where(only, slope - safety * wrong, low)
            high = np.where(only, slope + safety * wrong, high)
        return low, high


def rounding_of(value: Map, x: Vector, seed: int) -> Vector:
    """Return what the elements of value(x) are uncertain by, from their scatter around x.

    Operands move a little, equal ones alike, and the fourth differences of the values are what is
    not smooth in them (R. W. Hamming; J. More and S. Wild, 2011). The calmer of two sides is taken:
    the other may lie across a jump.
    """
    magnitudes, places = np.unique(np.abs(x), return_inverse=True)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=magnitudes.shape)[places]
    lengths = np.where(x != 0, x, np.max(np.abs(x), initial=0) or 1.0)
    sides = [_scatter(value, x, side * signs * lengths) for side in (1.0, -1.0)]
    calmer = np.fmin(*sides)
    return np.where(np.isnan(calmer), np.inf, calmer)


def _scatter(value: Map, x: Vector, v: Vector) -> Vector:
    """Return three deviations of the noise; the longer steps leave the plateaus of 1 + x near 0.

    By one step an exponential may move nearly whole units of its last place: its rounding, the same at
    every point, would not show. So there are several, of no common measure.
    """
    found = []
    for step in (2.0**-47, 1.37 * 2.0**-40, 2.0**-26):
        rows = np.stack([value(x + k * step * v) for k in range(1, 7)])
        found.append(np.max(np.abs(np.diff(rows, 4, axis=0)), axis=0) / np.sqrt(70))
    return np.asarray(3 * np.fmax.reduce(found))


def slopes(
    value: Map,
    x: Vector,
    v: Vector,
    center: Vector,
    noise: Vector,
    scales: tuple[float, ...],
    snap: Map = np.array,
) -> Slopes:
    """Return the slopes of value at x along v.

    center: value(x). noise: what an element of it is uncertain by. scales: lengths along v over which
    the function may be expected to be smooth, the longest first. snap: rounds an operand to what
    the function sees of it.
    """
    rows: dict[float, Row] = {}
    wide = scales[0]
    along = v != 0
    coarse = float(np.max((2.0**-51 * np.abs(x[along]) + 4 * SMALLEST) / np.abs(v[along])))
    _fill(rows, value, x, v, [wide * RATIO**-k for k in USUAL], snap)
    _fill(rows, value, x, v, [s * RATIO**-k for s in scales[1:] for k in USUAL[1::2]], snap)
    found = _extrapolated(rows, center, noise, coarse)
    if not _is_settled(found, center):
        _fill(rows, value, x, v, [s * RATIO**-k for s in scales for k in ALL], snap)
        found = _extrapolated(rows, center, noise, coarse)
    return found


Row = tuple[float, float, Vector, Vector]


def _fill(rows: dict[float, Row], value: Map, x: Vector, v: Vector, steps: list[float], snap: Map) -> None:
    """Evaluate the function on both sides at the steps that are not there yet."""
    along = np.flatnonzero(v)
    lengths = v[along]
    for h in steps:
        if h not in rows:
            above, below = snap(x + h * v), snap(x - h * v)
            # The step that was taken, not the one that was meant: x + h is rounded.
            right = float(np.add.reduce((above[along] - x[along]) / lengths)) / along.size
            left = float(np.add.reduce((x[along] - below[along]) / lengths)) / along.size
            if right > 0 and left > 0:
                rows[h] = (right, left, value(above), value(below))


def _extrapolated(rows: dict[float, Row], center: Vector, noise: Vector, coarse: float) -> Slopes:
    ordered = [rows[h] for h in sorted(rows, reverse=True)]
    unknown = np.full(center.shape, np.inf)
    if len(ordered) < 4:
        zero = np.zeros(center.shape)
        return Slopes(zero, unknown, zero, unknown, zero, unknown, np.zeros(center.shape, bool), zero)
    steps = [(h + k) / 2 for h, k, _, _ in ordered]
    right = [(above - center) / h for h, _, above, _ in ordered]
    left = [(center - below) / h for _, h, _, below in ordered]
    both = [(above - below) / (h + k) for h, k, above, below in ordered]
    quantum = _quantum(ordered, center)
    noise = noise + quantum + 4 * SMALLEST
    rounding = [2 * noise / min(h, k) for h, k, _, _ in ordered]
    # x + h is rounded too, by different amounts in different entries.
    rounding = [r + coarse / h * np.abs(row) for r, h, row in zip(rounding, steps, both, strict=True)]
    middle, error = _limit(steps, both, rounding, 2)
    on_left, left_error = _limit(steps, left, rounding, 1)
    on_right, right_error = _limit(steps, right, rounding, 1)
    # Outside of the domain, as against beyond what is known.
    on_left = np.where(_all_nan(left), np.nan, on_left)
    on_right = np.where(_all_nan(right), np.nan, on_right)
    stepped = quantum > COARSEST * (np.abs(center) + np.abs(ordered[0][2] - ordered[0][3]))
    return Slopes(
        middle, error, on_left, left_error, on_right, right_error, stepped, _endless(steps, left, right)
    )


def _quantum(ordered: list[Row], center: Vector) -> Vector:
    """Return how coarse the values are: the smallest move on both sides, if the finest step moves nothing.

    A function that computes in another dtype, or adds a large number, has such plateaus. One that is
    flat on one side only has a kink nearby.
    """
    moves = [np.stack([np.abs(row[side] - center) for row in ordered]) for side in (2, 3)]
    flat = (moves[0][-1] == 0) & (moves[1][-1] == 0)
    least = [np.min(np.where(rows > 0, rows, np.inf), axis=0) for rows in moves]
    both = np.maximum(*least)
    return np.where(flat & np.isfinite(both), np.minimum(*least), 0.0)


def _endless(steps: list[float], left: list[Vector], right: list[Vector]) -> Vector:
    """Return the sign of a slope that is infinite on both sides, or on the one that the domain has.

    As the step h shrinks, quotients of a root grow as h ** -1/2, those of a jump as 1 / h.
    """
    if len(steps) < len(ALL):
        return np.zeros_like(left[0])
    shrinking = np.log(np.asarray(steps[:-1]) / np.asarray(steps[1:]))[:, None]
    signs = []
    for rows in (np.stack(left), np.stack(right)):
        power = np.log(np.abs(rows[1:] / rows[:-1])) / shrinking
        endless = np.all((rows * rows[-1] > 0)[:-1] & (power > 0.01) & (power < 0.95), axis=0)
        signs.append(
            np.where(np.all(np.isnan(rows), axis=0), np.nan, np.where(endless, np.sign(rows[-1]), 0))
        )
    meet = (signs[0] == signs[1]) | np.isnan(signs[0]) | np.isnan(signs[1])
    return np.asarray(np.where(meet, np.nan_to_num(np.fmax(*signs)), 0.0))


def _all_nan(rows: list[Vector]) -> Vector:
    return np.all([np.isnan(row) for row in rows], axis=0)


def _limit(
    steps: list[float], rows: list[Vector], rounding: list[Vector], power: int
) -> tuple[Vector, Vector]:
    """Return the limit of quotients as the step goes to zero, and its error, element by element.

    power: of the step in the quotient's error, 2 for central differences and 1 on one side.
    The finest quotient only judges the others.
    """
    best, best_error = np.zeros_like(rows[0]), np.full_like(rows[0], np.inf)
    finer = [_towards_zero(steps, rows, k, power) for k in range(len(rows) - 1)]
    for k in range(1, len(finer) - 1):
        error = np.abs(finer[k] - finer[k - 1]) + rounding[k + 1]
        reach = np.abs(rows[k + 1] - finer[k]) + error
        for j in range(k + 2, len(rows)):
            contradicted = ~(np.abs(rows[j] - finer[k]) <= reach + SAFETY * rounding[j])
            error = np.where(contradicted, np.inf, error)
        better = error < best_error
        best, best_error = np.where(better, finer[k], best), np.where(better, error, best_error)
    return best, best_error


def _towards_zero(steps: list[float], rows: list[Vector], k: int, power: int) -> Vector:
    factor = min(steps[k] / steps[k + 1], 1e9) ** power
    return rows[k + 1] + (rows[k + 1] - rows[k]) / (factor - 1) if factor > 1 else rows[k + 1]


def _is_settled(found: Slopes, center: Vector) -> bool:
    """Tell whether every slope is known to six digits, and no element has a kink."""
    size = np.abs(found.both) + 1e-3 * np.max(np.abs(center), initial=0)
    return bool(np.all(found.error <= 1e-6 * size) and not np.any(found.kinked) and _meet(found))


def _meet(found: Slopes) -> bool:
    """Tell whether both sides agree with the middle: central differences do not see |x| at 0."""
    near = SAFETY * (found.left_error + found.right_error) + 1e-5 * np.abs(found.both)
    return bool(np.all(np.isfinite(near)) and np.all(np.abs(found.left - found.right) <= near))
