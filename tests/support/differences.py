"""Gradients by finite differences, with the error that they have.

A central difference of step h is wrong by h**2 / 6 times the third derivative, and by the rounding
of the two values over 2 h. Steps h and 2 h differ by three times the first error, so what they
differ by bounds it. The step eps**(1/3) balances the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# An operation rounds each element at most about this often: a few times in itself, and once for
# each of at most a dozen elements that it sums.
ROUNDINGS = 16

Arrays = Sequence[np.ndarray]


def inner(xs: Arrays, ys: Arrays) -> float:
    """Return the real inner product, Re(sum of conj(x) * y), over all arrays of two lists."""
    return float(sum([np.real(np.vdot(x, y)) for x, y in zip(xs, ys, strict=True)]))


def size_of_inner(xs: Arrays, ys: Arrays) -> float:
    """Return the sum of |x| * |y|: what the rounding error of their inner product scales with."""
    return float(sum([np.sum(np.abs(x) * np.abs(y)) for x, y in zip(xs, ys, strict=True)]))


def rounding(*dtypes: Any) -> float:
    """Return the eps of the coarsest of several dtypes times the roundings of an operation."""
    return ROUNDINGS * max([float(np.finfo(dtype).eps) for dtype in dtypes])


def scatter(value: Callable[[Arrays], Any], xs: Arrays) -> Any:
    """Return how far value(xs), a number or array, goes where elements of xs move by two roundings at most.

    Two ways of computing it need agree no better: its condition is in this, and whatever large terms
    cancel on the way to it.
    """
    rng = np.random.default_rng(0)
    steps = [[rng.integers(-2, 3, x.shape) * np.finfo(x.dtype).eps for x in xs] for _ in range(8)]
    values = [value([x * (1 + step) for x, step in zip(xs, each, strict=True)]) for each in steps]
    return np.max(values, axis=0) - np.min(values, axis=0)


def direction(rng: np.random.Generator, like: Arrays) -> list[np.ndarray]:
    """Return random arrays like others, complex where they are, of length about 1 per element."""
    return [_normal(rng, x) for x in like]


def _normal(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    values = rng.standard_normal(x.shape)
    if x.dtype.kind == "c":
        values = values + 1j * rng.standard_normal(x.shape)
    return np.asarray(values, dtype=x.dtype)


def assert_slope(
    f: Callable[[Arrays], Arrays], xs: Arrays, vs: Arrays, ws: Arrays, gradients: Arrays
) -> None:
    """Assert that <gradients, vs> is the slope of <ws, f(xs)> along vs, by central differences.

    f: from arrays like xs to arrays like ws, in double precision unless one of them is coarser.
    """
    eps = max([float(np.finfo(x.dtype).eps) for x in (*xs, *ws)])
    scale = max([float(np.max(np.abs(x), initial=0)) for x in xs]) or 1.0
    h = eps ** (1 / 3) * scale
    near, far = _difference(f, xs, vs, ws, h), _difference(f, xs, vs, ws, 2 * h)
    # A value is wrong by the rounding of what it is made of, and of the operands it is taken at.
    value_size = size_of_inner(ws, f(xs)) + size_of_inner(gradients, xs)
    tolerance = abs(far - near) + ROUNDINGS * eps * value_size / h

    found = inner(gradients, vs)

    assert abs(found - near) <= tolerance, f"{found} by neo, {near} by differences, within {tolerance}"


def _difference(f: Any, xs: Arrays, vs: Arrays, ws: Arrays, h: float) -> float:
    above = inner(ws, f([x + h * v for x, v in zip(xs, vs, strict=True)]))
    below = inner(ws, f([x - h * v for x, v in zip(xs, vs, strict=True)]))
    return (above - below) / (2 * h)


def assert_close(found: Any, expected: Any, tolerance: float) -> None:
    """Assert that arrays have one shape and differ by no more than a tolerance anywhere."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def assert_near(
    found: Any, expected: Any, tolerance: float, value: Callable[[Arrays], Any], xs: Arrays
) -> None:
    """Assert that two ways of computing value(xs) agree to a tolerance, or to it and the scatter of value.

    That takes nine times as long to know, so it is asked only where the tolerance is not met.
    """
    if np.all(np.abs(np.asarray(found) - expected) <= tolerance):
        return
    assert_close(found, expected, tolerance + scatter(value, xs))
