"""Whether a slope is one that a function has close by: a generalised gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .subjects import Flat

# How many points close by tell which slopes there are, and how many more are tried to reach one.
NEIGHBOURS, CLIMBS = 32, 128
# How close by they are, in units of the operands, and how long the steps from there.
CLOSE_BY = ((2.0**-18, 2.0**-26), (2.0**-30, 2.0**-38))


def is_a_slope_nearby(flat: Flat, found: Any, seed: int) -> bool:
    """Tell whether a mismatch's gradient has a slope between those that the function has close by.

    That is what a generalised gradient is (F. H. Clarke, 1975): where several operands tie, as in a
    sort, slopes exactly there may all differ from those of every order nearby. Those of a function that
    is steep and smooth differ as well, but no longer so close by.
    """
    return all(_is_between(flat, found, seed, radius, step) for radius, step in CLOSE_BY)


def _is_between(flat: Flat, found: Any, seed: int, radius: float, step: float) -> bool:
    """Tell whether the gradient's slope is between slopes at points within a radius.

    The first two have ties broken by the order of entries, as stable rules break them, the others by
    chance. Which of many tied operands wins is not left to chance alone: the best point moves on.
    """
    rng = np.random.default_rng(seed)
    ramp = np.linspace(-1, 1, flat.x.size)
    places = [ramp, -ramp, *rng.uniform(-1, 1, (NEIGHBOURS, ramp.size))]
    nearby = np.array([_slope_at(place, flat, found, radius, step) for place in places])
    low, high = np.nanmin(nearby), np.nanmax(nearby)
    slack = (1e-5 + 2.0**-50 / step) * (abs(low) + abs(high))
    if not high - low > 1e-3 * (abs(low) + abs(high)):
        return False
    beyond = found.analytic > high + slack
    reached, best = (high, np.nanargmax(nearby)) if beyond else (low, np.nanargmin(nearby))
    place, entries = places[best], np.flatnonzero(found.direction)
    for _ in range(CLIMBS):
        if (found.analytic <= reached + slack) if beyond else (found.analytic >= reached - slack):
            return True
        moved = place.copy()
        moved[entries] += rng.uniform(-1, 1, entries.size) * 2.0 ** -rng.integers(0, 6)
        there = _slope_at(moved, flat, found, radius, step)
        if there >= reached if beyond else there <= reached:
            place, reached = moved, there
    return False


def _slope_at(place: np.ndarray, flat: Flat, found: Any, radius: float, step: float) -> float:
    """Return the slope at a point close by. place: where it is, in units of the radius."""
    size = 2.0 ** np.ceil(np.log2(np.max(np.abs(flat.x)) or 1.0))  # so that steps are exact
    y = flat.x + radius * size * place
    h = step * size / float(np.max(np.abs(found.direction)))
    rise = flat.value(y + h * found.direction) - flat.value(y - h * found.direction)
    return float(np.sum(found.w * rise)) / (2 * h)
