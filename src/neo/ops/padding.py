"""pad: an array with more elements around it, by every mode of NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import bottom_of
from ..core.policy import library_of_all
from ..errors import describe
from . import statistics
from .broadcasting import broadcast_to
from .conversion import copied
from .fitting import like_elements
from .formulas import add, multiply, subtract
from .indexing import getitem, scatter, setitem, take
from .manipulation import concat
from .registry import composite

Pair = tuple[int, int]
SQUARE, LINE = [(3, 2)], [(4,)]


@composite(
    domain=(-2, 2),
    samples=[
        (SQUARE, {"pad_width": ((1, 0), (0, 2))}),
        (LINE, {"pad_width": (2, 1), "constant_values": 5.0}),
        (LINE, {"pad_width": (2, 5), "mode": "reflect"}),
        (LINE, {"pad_width": (1, 6), "mode": "wrap"}),
        (LINE, {"pad_width": (1, 2), "mode": "linear_ramp", "end_values": 3.0}),
        (SQUARE, {"pad_width": 1, "mode": "mean"}),
        (LINE, {"pad_width": (2, 1), "mode": "maximum", "stat_length": 2}),
    ],
)
def pad(x: Any, /, pad_width: Any, mode: str | Callable[..., Any] = "constant", **settings: Any) -> Any:
    """Return x with elements added along its axes, as NumPy's pad does.

    x: (...) of any dtype. pad_width: n, (before, after), or such a pair for each axis; a dict of
    axes and pairs. mode: "constant" (constant_values, 0), "edge", "reflect" and "symmetric"
    (reflect_type "even" or "odd"), "wrap", "linear_ramp" (end_values, 0), "maximum", "minimum",
    "mean" and "median" (stat_length, all), "empty" (zeros here). Values may be arrays.
    Gradient: to x, every copy of an element included, and to the values.
    Raises ValueError for a negative width, an unknown mode or setting.
    """
    widths = _pairs(pad_width, len(x.shape), "pad_width")
    if not isinstance(mode, str) or mode not in _MODES:
        raise ValueError(f"pad: no mode {mode!r}; there are {', '.join(_MODES)}")
    name, default = _SETTINGS.get(mode, ("", None))
    value = settings.pop(name, default)
    kind = settings.pop("reflect_type", "even") if mode in ("reflect", "symmetric") else "even"
    if settings or kind not in ("even", "odd"):
        raise ValueError(f"pad: mode {mode!r} has no setting {settings or {'reflect_type': kind}}")
    if any([n < 0 for pair in widths for n in pair]):
        raise ValueError(f"pad: widths are not negative, got {pad_width}. Slice to make an array smaller")
    if not any([n for pair in widths for n in pair]):
        return copied(x)
    if mode in ("constant", "empty") and not _several(value):
        return _surrounded(x, widths, value or 0)
    values = _pairs(value, len(x.shape), name) if name else [(kind, kind)] * len(widths)
    for axis, (pair, given) in enumerate(zip(widths, values, strict=True)):
        if pair != (0, 0):
            x = _MODES[mode](x, axis, pair, given)
    return x


def _several(value: Any) -> bool:
    """Tell whether a value is more than one Python number."""
    return value is not None and not isinstance(value, bool | int | float | complex)


def _pairs(given: Any, ndim: int, name: str) -> list[Any]:
    """Return a setting as (before, after) for each axis, broadcast as NumPy does."""
    if isinstance(given, dict):
        found = {k % ndim: pair for k, pair in given.items()}
        return [_pair(found.get(k, (0, 0)), name) for k in range(ndim)]
    if hasattr(given, "shape"):
        given = getitem(given, (...,)) if len(given.shape) == 0 else [given[k] for k in range(len(given))]
    if not isinstance(given, tuple | list):
        return [(given, given)] * ndim
    items = list(given)
    if items and not _is_sequence(items[0]):
        return [_pair(items, name)] * ndim
    if len(items) not in (1, ndim):
        raise ValueError(f"pad: {name} {given} has {len(items)} entries for an array with {ndim} axes")
    return [_pair(pair, name) for pair in (items * ndim if len(items) == 1 else items)][:ndim]


def _is_sequence(x: Any) -> bool:
    return isinstance(x, tuple | list) or len(getattr(x, "shape", ())) > 0


def _pair(given: Any, name: str) -> Any:
    items = list(given) if _is_sequence(given) else [given]
    if len(items) not in (1, 2):
        raise ValueError(f"pad: {name} takes one value or a pair (before, after), got {given}")
    return items[0], items[-1]


def _surrounded(x: Any, widths: list[Pair], value: Any) -> Any:
    """Return x within one constant number, in one allocation."""
    shape = tuple([n + low + high for n, (low, high) in zip(x.shape, widths, strict=True)])
    key = tuple([slice(low, low + n) for n, (low, _) in zip(x.shape, widths, strict=True)])
    if value == 0:
        return x if shape == tuple(x.shape) else scatter(x, shape=shape, key=key)
    raw = bottom_of(x)
    library = library_of_all((raw,))
    place = library.place(library.device(raw))
    return setitem(library.xp.full(shape, value, dtype=raw.dtype, device=place), key, x)


def _joined(x: Any, axis: int, before: Any, after: Any) -> Any:
    parts = [part for part in (before, x, after) if part is not None and part.shape[axis]]
    return concat(parts, axis=axis) if parts else x


def _constant(x: Any, axis: int, pair: Pair, given: Any) -> Any:
    return _joined(x, axis, *[_stretched(x, axis, n, value) for n, value in zip(pair, given, strict=True)])


def _stretched(x: Any, axis: int, n: int, value: Any) -> Any:
    """Return a value n times along an axis, as wide as x along the others."""
    shape = tuple([n if k == axis else length for k, length in enumerate(x.shape)])
    return broadcast_to(like_elements(x, value), shape)


def _ramp(x: Any, axis: int, pair: Pair, given: Any) -> Any:
    """Return x with straight lines from its edges to the given values."""
    parts = []
    raw, library = bottom_of(x), library_of_all((x,))
    shape = tuple([-1 if k == axis else 1 for k in range(len(x.shape))])
    for n, value, edge in zip(pair, given, (0, -1), strict=True):
        order = range(n) if edge == 0 else range(n - 1, -1, -1)
        weights = library.asarray([k / n for k in order], raw.dtype, library.device(raw))
        value = like_elements(x, value)
        rise = subtract(_slice(x, axis, edge, edge + 1 or None), value)
        parts.append(add(multiply(rise, library.xp.reshape(weights, shape)), value))
    return _joined(x, axis, *parts)


def _slice(x: Any, axis: int, start: int, stop: int | None) -> Any:
    return getitem(x, (*[slice(None)] * axis, slice(start, stop)))


def _copied(positions: Callable[[int, int], int]) -> Callable[..., Any]:
    """Return a mode that copies elements: position k, below 0 or from n, is where they come from."""

    def padded(x: Any, axis: int, pair: Pair, given: Any, reach: int = 0) -> Any:
        n = x.shape[axis]
        if not n:
            raise ValueError(f"pad: nothing to copy along axis {axis} of {describe(x)}; use mode='constant'")
        # Turned over, as far as the other end; what has been padded is then turned over, so far again.
        reach = reach or (positions(-n, n) + 1 if given[0] == "odd" and n > 1 else max(*pair))
        low, high = [min(width, reach) for width in pair]
        parts = []
        for places in (range(-low, 0), range(n, n + high)):
            if len(places):
                part = take(x, [positions(k, n) for k in places], axis=axis)
                parts.append(_turned(x, axis, part, places) if given[0] == "odd" else part)
            else:
                parts.append(None)
        out = _joined(x, axis, *parts)
        rest = (pair[0] - low, pair[1] - high)
        return padded(out, axis, rest, given, reach) if any(rest) else out

    return padded


def _turned(x: Any, axis: int, part: Any, places: range) -> Any:
    """Return a mirrored part turned over at the edge that it is next to."""
    edge = 0 if places[0] < 0 else x.shape[axis] - 1
    return 2 * _slice(x, axis, edge, edge + 1) - part


def _mirrored(k: int, n: int) -> int:
    """Return the position that k mirrors, the edge itself once."""
    period = 2 * (n - 1) or 1
    k = k % period
    return min(k, period - k) if n > 1 else 0


def _doubled(k: int, n: int) -> int:
    """Return the position that k mirrors, the edge itself twice."""
    k = k % (2 * n)
    return min(k, 2 * n - 1 - k)


def _statistic(function: Callable[..., Any]) -> Callable[..., Any]:
    def padded(x: Any, axis: int, pair: Pair, given: Any) -> Any:
        n = x.shape[axis]
        parts = []
        for width, length, at_end in zip(pair, given, (False, True), strict=True):
            length = n if length is None else min(int(length), n)
            part = _slice(x, axis, n - length, n) if at_end else _slice(x, axis, 0, length)
            parts.append(_stretched(x, axis, width, function(part, axis=axis, keepdims=True)))
        return _joined(x, axis, *parts)

    return padded


def _median(x: Any, axis: int, keepdims: bool) -> Any:
    from .quantiles import median

    return median(x, axis=axis, keepdims=keepdims)


_MODES: dict[str, Callable[..., Any]] = {
    "constant": _constant,
    "edge": _copied(lambda k, n: 0 if k < 0 else n - 1),
    "reflect": _copied(_mirrored),
    "symmetric": _copied(_doubled),
    "wrap": _copied(lambda k, n: k % n),
    "linear_ramp": _ramp,
    "maximum": _statistic(statistics.max),
    "minimum": _statistic(statistics.min),
    "mean": _statistic(statistics.mean),
    "median": _statistic(_median),
    "empty": _constant,
}
_SETTINGS: dict[str, tuple[str, Any]] = {
    "constant": ("constant_values", 0),
    "linear_ramp": ("end_values", 0),
    **dict.fromkeys(("maximum", "minimum", "mean", "median"), ("stat_length", None)),
}
