"""Functions of sampled curves, by NumPy's names: interpolation, integration, differences, polynomials."""

from __future__ import annotations

import math
from typing import Any

from .broadcasting import positive_axes, reshape, sum
from .constant import argsort, equal, greater, less, searchsorted, stop_gradient
from .creation import ones_like
from .formulas import add, divide, multiply, subtract
from .indexing import getitem, take
from .manipulation import concat, expand_dims, stack
from .promotion import one_dtype
from .registry import composite
from .selection import clip, where
from .statistics import cumulative_sum, diff, sort

ANY = (-2, 2)
LINE = [([(4,)], {})]


def _sorted_nodes(x, nodes, values):
    """Return points among sorted nodes, the nodes and the values at them."""
    return x, sort(nodes), values


@composite(domain=ANY, samples=[([(3,), (5,), (5,)], {})], prepare=_sorted_nodes)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """Return the piecewise linear function through the points (xp, fp), at x.

    x: (...). xp: (n,) increasing. fp: (n,). left, right: the values outside, fp's first and last by
    default; or period: of the x axis. Gradient: to x, xp and fp, and to left and right; at a node the
    slope to x is that of the piece on its right.
    """
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
    x, xp, fp = one_dtype(x, xp, fp)
    n = xp.shape[0]
    if len(xp.shape) != 1 or tuple(fp.shape) != (n,) or not n:
        raise ValueError(
            f"interp: xp {tuple(xp.shape)} and fp {tuple(fp.shape)} are not both of one shape (n,)"
        )
    flat = reshape(x, (-1,))
    piece = clip(searchsorted(stop_gradient(xp), stop_gradient(flat), side="right") - 1, 0, max(n - 2, 0))
    low, start = take(fp, piece), take(xp, piece)
    if n > 1:
        rise, run = take(fp, piece + 1) - low, take(xp, piece + 1) - start
        # Steps of no width, which NumPy allows, have no slope to divide by.
        share = divide(subtract(flat, start), where(equal(run, 0), 1, run))
        out = add(low, multiply(rise, share))
    else:
        out = low
    outside = ((less, 0, left), (greater, n - 1, right))
    for beyond, edge, value in outside:
        out = where(beyond(flat, getitem(xp, edge)), getitem(fp, edge) if value is None else value, out)
    return reshape(out, tuple(x.shape))


def _periodic(x: Any, xp: Any, fp: Any, period: float) -> tuple[Any, Any, Any]:
    period = abs(period)
    xp = xp % period
    order = argsort(stop_gradient(xp))
    xp, fp = take(xp, order), take(fp, order)
    xp = concat([xp[-1:] - period, xp, xp[:1] + period])
    return x % period, xp, concat([fp[-1:], fp, fp[:1]])


@composite(domain=ANY, samples=[([(3, 4)], {"dx": 0.5}), ([(4,), (4,)], {})])
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Return the integral of samples along an axis by the trapezoidal rule.

    x: where the samples were taken, (n,) or of y's shape; or dx apart. Gradient: to y and x.
    """
    (axis,) = positive_axes(axis, len(y.shape))
    y, x = (y, None) if x is None else one_dtype(y, x)
    lead = (slice(None),) * axis
    upper, lower = getitem(y, (*lead, slice(1, None), ...)), getitem(y, (*lead, slice(0, -1), ...))
    if x is None:
        return sum(upper + lower, axis=axis) * (dx / 2)
    widths = diff(x, axis=-1 if len(x.shape) == 1 else axis)
    if len(x.shape) == 1:
        widths = reshape(widths, tuple([-1 if k == axis else 1 for k in range(len(y.shape))]))
    return sum(multiply(upper + lower, widths), axis=axis) / 2


@composite(domain=ANY, samples=[([(4,)], {}), ([(3, 4)], {"axis": 1, "edge_order": 2})])
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Return the slopes of samples along axes by differences, as NumPy's does.

    varargs: the spacing, one number or (n,) coordinates for all axes or one for each. axis: an axis,
    several, or None for all. edge_order: 1 or 2, of the differences at the ends.
    Returns one array for one axis, else a tuple of them. Gradient: to f and to coordinates.
    """
    axes = positive_axes(axis, len(f.shape))
    spacing = list(varargs) or [1.0]
    spacing = spacing * len(axes) if len(spacing) == 1 else spacing
    if len(spacing) != len(axes) or edge_order not in (1, 2):
        raise ValueError(f"gradient: {len(varargs)} spacings for {len(axes)} axes, edge_order {edge_order}")
    for k in axes:
        if f.shape[k] < edge_order + 1:
            raise ValueError(f"gradient: axis {k} of shape {tuple(f.shape)} has fewer than {edge_order + 1}")
    found = tuple([_slopes(f, h, k, edge_order) for k, h in zip(axes, spacing, strict=True)])
    return found[0] if len(found) == 1 else found


def _slopes(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Return the differences along one axis: weighted ones inside, one-sided ones at the ends."""
    part = lambda y, key: getitem(y, (*[slice(None)] * axis, key, ...))  # noqa: E731
    if len(getattr(h, "shape", ())) == 0:
        step = lambda key: h  # noqa: E731
    else:
        f, h = one_dtype(f, h)
        steps = reshape(diff(h), tuple([-1 if k == axis else 1 for k in range(len(f.shape))]))
        step = lambda key: part(steps, key)  # noqa: E731
    head, tail = slice(0, -1), slice(1, None)
    first = divide(part(f, tail) - part(f, head), step(slice(None)))
    if f.shape[axis] == 2:
        return concat([first, first], axis=axis)
    before, after = step(head), step(tail)
    weighted = add(multiply(part(first, head), after), multiply(part(first, tail), before))
    corners = (slice(0, 1), slice(1, 2)), (slice(-1, None), slice(-2, -1))
    ends = [part(first, at) for at, _ in corners]
    if edge_order == 2:
        shares = [step(at) / (step(at) + step(further)) for at, further in corners]
        bends = [part(first, at) - part(first, further) for at, further in corners]
        ends = [add(*each) for each in zip(ends, map(multiply, bends, shares), strict=True)]
    return concat([ends[0], divide(weighted, before + after), ends[1]], axis=axis)


@composite(domain=ANY, samples=[([(3,), (2, 2)], {})])
def polyval(p: Any, x: Any, /) -> Any:
    """Return a polynomial at x by Horner's rule, as NumPy's polyval does.

    p: (n,) coefficients, the highest power first. x: (...). Gradient: to both.
    """
    p, x = one_dtype(p, x)
    out = x * 0
    for k in range(p.shape[0]):
        out = add(multiply(out, x), p[k])
    return out


@composite(domain=(0.3, 2), samples=[([(3,)], {"N": 4}), ([(2,)], {"increasing": True})])
def vander(x: Any, /, N: int | None = None, increasing: bool = False) -> Any:  # NumPy's name
    """Return the matrix of the powers of x, the highest first, as NumPy's does.

    x: (n,). N: how many powers, n by default. Returns (n, N). Gradient: to x.
    """
    count = x.shape[0] if N is None else N
    powers = [ones_like(x)]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    powers = powers[:count] if increasing else powers[:count][::-1]
    return stack(powers, axis=1) if powers else getitem(expand_dims(x, axis=1), (slice(None), slice(0, 0)))


@composite(domain=(-3, 3), samples=[([(5,)], {})])
def unwrap(p: Any, /, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Any:
    """Return angles along an axis without jumps of more than half a period.

    Gradient: to p, 1: what is added are whole periods.
    """
    (axis,) = positive_axes(axis, len(p.shape))
    steps = diff(stop_gradient(p), axis=axis)
    wrapped = (steps + period / 2) % period - period / 2
    wrapped = where(equal(wrapped, -period / 2) & greater(steps, 0), period / 2, wrapped)
    small = less(steps, discont or 0) & greater(steps, -(discont or 0))
    added = cumulative_sum(where(small, 0, wrapped - steps), axis=axis)
    lead = (slice(None),) * axis
    first, rest = [getitem(p, (*lead, k, ...)) for k in (slice(0, 1), slice(1, None))]
    return concat([first, rest + added], axis=axis)
