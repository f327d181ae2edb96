"""The Dormand-Prince method: one step, its error, what lies within it, and how long the next may be.

Sources: Dormand and Prince, "A family of embedded Runge-Kutta formulae" (1980); Hairer, Norsett and
Wanner, "Solving Ordinary Differential Equations I" (1993), sections II.4 to II.6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import backends
from ..core.array import bottom_of
from ..errors import ConvergenceError

Slope = Callable[[Any, Any], Any]

# Where each stage is, and of which stages before it is made.
_NODES = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
_WEIGHTS: tuple[tuple[float, ...], ...] = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
# The fifth-order result less the fourth-order one.
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
_WITHIN = (
    -12715105075 / 11282082432,
    0.0,
    87487479700 / 32700410799,
    -10690763975 / 1880347072,
    701980252875 / 199316789632,
    -1453857185 / 822651844,
    69997945 / 29380423,
)


@dataclass
class Control:
    """How exact a solution is to be, and how many steps it may take."""

    rtol: float
    atol: float
    max_steps: int


def mixed(weights: tuple[float, ...], slopes: Any, h: float) -> Any:
    """Return h times the weighted sum of slopes."""
    terms = [k * (w * h) for w, k in zip(weights, slopes, strict=False) if w]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def step(f: Slope, y: Any, slope: Any, t: Any, h: float) -> tuple[Any, ...]:
    """Return y one step on and the slopes at the seven stages; the last is that at the end."""
    slopes = [slope]
    for node, weights in zip(_NODES[1:], _WEIGHTS[1:], strict=True):
        end = y + mixed(weights, slopes, h)
        slopes.append(f(end, t + node * h))
    return (end, *slopes)


def within(y: Any, end: Any, slopes: Any, h: float, part: Any) -> Any:
    """Return the solution at a part of a step, 0 to 1, to fourth order."""
    rise = end - y
    first = slopes[0] * h - rise
    last = rise - slopes[-1] * h - first
    inner = last + (1 - part) * mixed(_WITHIN, slopes, h)
    return y + part * (rise + (1 - part) * (first + part * inner))


def size_of_error(y: Any, end: Any, slopes: Any, h: float, control: Control) -> float:
    """Return the error of a step, 1 where it is just what is allowed."""
    return _size(mixed(_ERROR, [bottom_of(k) for k in slopes], h), _scale(y, end, control))


def _scale(y: Any, end: Any, control: Control) -> Any:
    xp = backends.of(bottom_of(y)).raw
    return control.atol + control.rtol * xp.maximum(xp.abs(bottom_of(y)), xp.abs(bottom_of(end)))


def _size(x: Any, scale: Any) -> float:
    """Return the root mean square of x / scale, inside vmap that of the worst example."""
    xp = backends.of(bottom_of(x)).raw
    return float(xp.max(xp.mean(xp.abs(bottom_of(x) / scale) ** 2, axis=-1))) ** 0.5


def first_length(f: Slope, y: Any, slope: Any, t: Any, control: Control, whole: float) -> float:
    """Return the length of the first step, with its sign (Hairer, section II.4)."""
    scale, sign = _scale(y, y, control), 1.0 if whole > 0 else -1.0
    large, steep = _size(y, scale), _size(slope, scale)
    h = min(0.01 * large / steep if large > 1e-5 and steep > 1e-5 else 1e-6, abs(whole))
    bend = _size(bottom_of(f(y + slope * (sign * h), t + sign * h)) - bottom_of(slope), scale) / h
    most = max(steep, bend)
    longer = (0.01 / most) ** 0.2 if most > 1e-15 else max(1e-6, h * 1e-3)
    return sign * min(100 * h, longer, abs(whole))


def next_length(h: float, error: float) -> float:
    """Return the length of the next step, or of the next attempt."""
    if not error < float("inf"):  # NaN too
        return h * 0.2
    return h * min(10.0, max(0.2, 0.9 * (error or 1e-10) ** -0.2))


def steps(f: Slope, y: Any, t0: Any, times: list[float], control: Control, take: Any) -> Iterator[Any]:
    """Yield (y, (end, *slopes), offset of the step's begin, length) for each step accepted.

    t0: the first of times, as an array. take: does what `step` does.
    Raises ConvergenceError when there are too many steps, or they get too short.
    """
    whole, offset = times[-1] - times[0], 0.0
    slope = f(y, t0)
    h, tried, error = first_length(f, y, slope, t0, control, whole), 0, float(_size(slope, 1.0) * 0)
    while offset != whole:
        last = abs(h) >= abs(whole - offset) * (1 - 1e-12)
        h = whole - offset if last else h
        if tried == control.max_steps or times[0] + offset + h == times[0] + offset:
            raise ConvergenceError(_stuck(times, offset, h, tried, error, control))
        stages, tried = take(y, slope, t0 + offset, h), tried + 1
        error = size_of_error(y, stages[0], stages[1:], h, control)
        if error <= 1:
            yield y, stages, offset, h
            y, slope = stages[0], stages[-1]
            offset = whole if last else offset + h
        h = next_length(h, error)


def _stuck(times: list[float], offset: float, h: float, tried: int, error: float, control: Control) -> str:
    if error != error:
        return (
            f"odeint stopped at t={times[0] + offset:.6g}, before {times[-1]:.6g}: its function returned NaN "
            f"or inf, however short the step. Keep y and t where the function is defined"
        )
    why = (
        f"after {tried} steps"
        if tried == control.max_steps
        else f"with a step of {h:.3g}, too short to count"
    )
    return (
        f"odeint stopped at t={times[0] + offset:.6g}, before {times[-1]:.6g}, {why}. Raise max_steps "
        f"({control.max_steps}), or rtol ({control.rtol:g}) and atol ({control.atol:g}); a stiff equation "
        f"needs a method of another kind (neo.implicit differentiates any solver), and an infinite slope none"
    )
