"""Strategies for arrays that gradients go wrong at, built on hypothesis.extra.array_api.

They draw NumPy arrays; a check moves them to every library. Shapes of length 0 and 1, 0-d arrays, ties,
zeros and the ends of the domain are drawn on purpose: that is where kinks and mistakes are.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from numbers import Real
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace

Shape = tuple[int, ...]
Strategy = st.SearchStrategy[Any]
xps = make_strategies_namespace(np)

# The dtype that arrays have where none is asked for: that of the check which draws them.
DTYPE: ContextVar[str] = ContextVar("neo_testing_dtype", default="float64")
# How finely drawn numbers divide their domain: none but zero is tiny, so that no rule underflows.
GRID = 2**16
CORNERS: list[Shape] = [(3,), (2, 3), (1,), (), (1, 3), (3, 1), (0,), (2, 1, 2), (2, 0)]
FILLS = ["few", "grid", "spread", "one", "few", "spread"]
# By strategy: joint shapes that a check tries in any case, and the operands' domains.
ALWAYS: WeakKeyDictionary[Strategy, tuple[list[list[Shape]], list[tuple[float, float]]]] = WeakKeyDictionary()
_JOINT: dict[int, list[list[Shape]]] = {
    2: [
        [(2, 3), (3,)],
        [(2, 1), (3,)],
        [(3,), ()],
        [(1,), (3,)],
        [(2, 3), (2, 1)],
        [(), (2,)],
        [(0, 3), (1,)],
        [(3, 1), (1, 2)],
        [(2, 1, 3), (2, 2, 3)],
    ]
}


def domains_of(domain: Any, n: int) -> list[tuple[float, float]]:
    """Return an interval for each of n operands, from one for all or one for each.

    Raises ValueError for what is neither.
    """
    several = isinstance(domain, Sequence) and len(domain) > 0 and isinstance(domain[0], Sequence)
    pairs = list(domain) if several else [domain] * n
    if len(pairs) < n or not all(_is_interval(pair) for pair in pairs):
        raise ValueError(
            f"a domain is (low, high), both finite, or one such pair per operand ({n}); got {domain!r}"
        )
    return [(float(low), float(high)) for low, high in pairs]


def _is_interval(pair: Any) -> bool:
    if not isinstance(pair, Sequence) or len(pair) != 2:
        return False
    return all(isinstance(end, Real) for end in pair) and -np.inf < pair[0] <= pair[1] < np.inf


def nice(low: float, high: float) -> list[float]:
    """Return the numbers of a domain where kinks usually are: 0, 1, ..., its ends."""
    known = [x for x in (0.0, 1.0, -1.0, 0.5, 2.0, -2.0, -0.5, 3.0) if low <= x <= high]
    return list(dict.fromkeys([*known, low, high, (low + high) / 2]))


@st.composite
def filled(draw: Any, shapes: Sequence[Shape], domains: Sequence[tuple[float, float]], dtype: str) -> Any:
    """Draw arrays of those shapes, all filled in one way, so that they tie."""
    fill = draw(st.sampled_from(FILLS))
    number = draw(st.integers(0, 2**32 - 1)) if fill == "spread" else 0
    rng = np.random.default_rng(number)
    out = []
    for shape, (low, high) in zip(shapes, domains, strict=True):
        if fill == "spread":
            x = rng.uniform(low, high, shape)
        else:
            grid = st.integers(0, GRID).map(lambda k, low=low, high=high: low + (high - low) * (k / GRID))
            numbers = st.sampled_from(nice(low, high))
            elements = numbers if fill == "few" else numbers | grid
            if fill == "one":
                x = np.full(shape, draw(numbers))
            else:
                x = np.asarray(draw(xps.arrays(np.float64, shape, elements=elements)))
        out.append(_as_dtype(x, dtype, rng))
    return tuple(out)


def _as_dtype(x: np.ndarray, dtype: str, rng: Any) -> np.ndarray:
    if dtype.startswith("complex"):
        x = x + 1j * np.where(rng.integers(0, 4, x.shape) > 0, rng.uniform(-0.5, 0.5, x.shape), 0.0)
    return np.asarray(x, dtype=dtype)


def _shapes(shape: Any, low: int = 0) -> Strategy:
    if shape is None:
        corners = [s for s in CORNERS if 0 not in s or low == 0]
        return st.sampled_from(corners) | xps.array_shapes(
            min_dims=0, max_dims=3, min_side=max(low, 1), max_side=3
        )
    if isinstance(shape, int):
        return st.just((shape,))
    return shape if isinstance(shape, st.SearchStrategy) else st.just(tuple(shape))


@st.composite
def arrays(draw: Any, shape: Any = None, domain: Any = (-2, 2), *, dtype: str | None = None) -> Any:
    """Draw an array with numbers from a domain.

    shape: a tuple, a strategy, or None for all kinds of shapes up to three axes of length three.
    dtype: None for that of the check.
    """
    drawn = draw(filled([draw(_shapes(shape))], domains_of(domain, 1), dtype or DTYPE.get()))
    return drawn[0]


def broadcastable(n: int, domain: Any = (-2, 2), *, dtype: str | None = None) -> Strategy:
    """Draw n arrays whose shapes broadcast, often differing in an axis of length 1.

    A check tries every way in which two shapes broadcast once, whatever is drawn.
    """
    found = _broadcastable(n, domain, dtype)
    if dtype is None:
        ALWAYS[found] = _JOINT.get(n) or _one_apart(n), domains_of(domain, n)
    return found


def _one_apart(n: int) -> list[list[Shape]]:
    """Return joint shapes of n arrays of which one differs from the others."""
    pairs: list[tuple[Shape, Shape]] = [((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), ()), ((1, 2), (3, 1))]
    return [[one if j == k else many for j in range(n)] for many, one in pairs for k in range(n)]


@st.composite
def _broadcastable(draw: Any, n: int, domain: Any, dtype: str | None) -> Any:
    joint = xps.mutually_broadcastable_shapes(n, max_dims=3, min_side=0, max_side=3)
    drawn = joint.map(lambda found: list(found.input_shapes))
    one = _shapes(None).map(lambda shape: [shape] * n)
    known = st.sampled_from(_JOINT[n]) if n in _JOINT else drawn
    shapes = draw(known | one | drawn | known)
    return draw(filled(shapes, domains_of(domain, n), dtype or DTYPE.get()))


@st.composite
def same_shape(
    draw: Any, n: int, domain: Any = (-2, 2), *, shape: Any = None, dtype: str | None = None
) -> Any:
    """Draw a tuple of n arrays of one shape."""
    found = draw(_shapes(shape))
    return draw(filled([found] * n, domains_of(domain, n), dtype or DTYPE.get()))


def axes(ndim: int, *, several: bool = True, none: bool = True) -> Strategy:
    """Draw what `axis=` takes for ndim axes: from either end, several, or None."""
    if not isinstance(ndim, int) or ndim < 0:
        raise ValueError(f"axes takes a number of axes, from 0 on; got {ndim!r}")
    one = st.sampled_from([*range(ndim), *range(-ndim, 0)]) if ndim else st.just(())
    found = one
    if several and ndim:
        distinct = st.permutations(range(ndim)).flatmap(
            lambda order: st.tuples(*[st.sampled_from([k, k - ndim]) for k in order[: max(ndim - 1, 1)]])
        )
        found = found | distinct
    return found | st.none() if none else found


def empty(domain: Any = (-2, 2)) -> Strategy:
    """Draw arrays without elements."""
    return arrays(st.sampled_from([(0,), (2, 0), (0, 3), (1, 0, 2)]), domain)


def zero_d(domain: Any = (-2, 2)) -> Strategy:
    """Draw 0-d arrays."""
    return arrays((), domain)


@st.composite
def distinct(draw: Any, shape: Any = None, domain: Any = (-2, 2), *, dtype: str | None = None) -> Any:
    """Draw an array no two of whose elements are close together."""
    found = draw(_shapes(shape))
    low, high = domains_of(domain, 1)[0]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = int(np.prod(found))
    places = (rng.permutation(n) + rng.uniform(0.25, 0.75, n)) / max(n, 1)
    return _as_dtype((low + (high - low) * places).reshape(found), dtype or DTYPE.get(), rng)


@st.composite
def away_from(
    draw: Any, kinks: Sequence[float], shape: Any = None, domain: Any = (-2, 2), distance: float = 0.05
) -> Any:
    """Draw an array with no element within a distance of any kink.

    Raises ValueError where the kinks leave nothing of the domain.
    """
    low, high = domains_of(domain, 1)[0]
    grid = low + (high - low) * np.arange(GRID // 16 + 1) / (GRID // 16)
    allowed = grid[np.all([np.abs(grid - kink) >= distance for kink in kinks], axis=0)] if kinks else grid
    if not allowed.size:
        raise ValueError(f"nothing of {domain} is {distance} away from {list(kinks)}; shrink the distance")
    found = draw(_shapes(shape))
    places = draw(xps.arrays(np.int64, found, elements={"min_value": 0, "max_value": allowed.size - 1}))
    return np.asarray(allowed[places], dtype=np.result_type(DTYPE.get(), np.float32))


def complex_arrays(shape: Any = None, domain: Any = (-2, 2)) -> Strategy:
    """Draw complex arrays: the real part from the domain, the imaginary within 1/2."""
    return arrays(shape, domain, dtype="complex128")


@st.composite
def subnormal(draw: Any, shape: Any = None) -> Any:
    """Draw arrays of numbers below the smallest normal one, zeros among them."""
    found = draw(_shapes(shape))
    counts = draw(xps.arrays(np.int64, found, elements={"min_value": -(2**20), "max_value": 2**20}))
    return np.asarray(counts * np.finfo(np.float64).smallest_subnormal)


def non_contiguous(strategy: Strategy) -> Strategy:
    """Draw the same arrays with a gap after every element of the last axis."""
    return strategy.map(gapped)


def reversed_strides(strategy: Strategy) -> Strategy:
    """Draw the same arrays, laid out from the last element to the first."""
    return strategy.map(backwards)


def read_only(strategy: Strategy) -> Strategy:
    """Draw the same arrays, such that writing into one raises."""
    return strategy.map(locked)


def gapped(x: np.ndarray) -> np.ndarray:
    """Return a copy of x with a gap after every element of the last axis."""
    if not x.ndim:
        return x.copy()
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def backwards(x: np.ndarray) -> np.ndarray:
    """Return a copy of x that is laid out from the last element to the first."""
    return np.flip(np.flip(x).copy())


def by_columns(x: np.ndarray) -> np.ndarray:
    """Return a copy of x whose first axis is the quickest in memory, as in Fortran."""
    return np.array(x, order="F")


def locked(x: np.ndarray) -> np.ndarray:
    """Return a copy of x that cannot be written into."""
    x = x.copy()
    x.flags.writeable = False
    return x
