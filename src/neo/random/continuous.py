"""Real and complex numbers: normal, uniform and their relatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.array import Array
from ..core.dtypes import COMPLEX, REAL, kind
from ..errors import short_name
from . import bits
from .checks import checked_shape, finite, real
from .keys import Key, checked, words
from .mapped import over_keys
from .placing import Target, target


@over_keys
def normal(key: Key, shape: Any = (), dtype: Any = None, *, device: Any = None, backend: Any = None) -> Array:
    """Return normal numbers of mean 0 and variance 1.

    Others are `mean + std * normal(key, shape)`, with gradients to mean and std. The numbers come
    from the inverse of the distribution function: the tails are right out to 9.2.
    Complex numbers have real and imaginary parts of variance 1/2, so that abs(z)**2 has mean 1.

    shape: an integer or a tuple of them. dtype: real or complex floating; None is the backend's
    default. device, backend: where, as for `neo.zeros`. Returns an Array of that shape.
    Raises TypeError for what is no key, no shape or no such dtype, ValueError for a negative length.
    Source: Wichura, "Algorithm AS 241" (1988).

    >>> import neo
    >>> print(neo.random.normal(neo.random.key(0), (3,)).numpy().round(3))
    [ 0.016 -0.31  -1.005]
    """
    checked(key, "normal")
    shape, to = checked_shape(shape), target("normal", dtype, device, backend, (REAL, COMPLEX))
    parts = 2 if kind(to.dtype) == COMPLEX else 1
    values = bits.in_blocks(bits.normal, words(key, parts * math.prod(shape)))
    if parts == 2:
        values = (values * math.sqrt(0.5)).view(np.complex128)
    return to.place(to.rounded(values), shape)


@over_keys
def uniform(
    key: Key,
    shape: Any = (),
    dtype: Any = None,
    minval: float = 0.0,
    maxval: float = 1.0,
    *,
    device: Any = None,
    backend: Any = None,
) -> Array:
    """Return numbers spread evenly over minval <= x < maxval.

    Each has 53 random bits and is then rounded to the dtype; what would round up to maxval is
    the number below it instead. The bounds are Python numbers, rounded to the dtype first; for
    arrays, and for gradients to them, write `low + (high - low) * uniform(key, shape)`.

    shape, dtype (real floating), device, backend, the result and errors: as for `normal`.
    Also raises ValueError unless minval < maxval, both finite in the dtype.

    >>> import neo
    >>> print(neo.random.uniform(neo.random.key(0), (3,), minval=-1).numpy().round(3))
    [ 0.987 -0.243 -0.685]
    """
    checked(key, "uniform")
    shape, to = checked_shape(shape), target("uniform", dtype, device, backend)
    low, high = _bounds(to, finite(minval, "minval"), finite(maxval, "maxval"))
    values = bits.in_blocks(lambda w: low + (high - low) * bits.unit(w), words(key, math.prod(shape)))
    rounded = to.rounded(values)
    rounded[rounded >= high] = to.below(to.rounded(np.array([high])))[0]
    return to.place(rounded, shape)


@over_keys
def exponential(
    key: Key, shape: Any = (), dtype: Any = None, *, device: Any = None, backend: Any = None
) -> Array:
    """Return numbers with density exp(-x) on x > 0: mean 1, variance 1.

    All are positive; divide by a rate for another one.
    shape, dtype (real floating), device, backend, the result and errors: as for `normal`.

    >>> import neo
    >>> print(neo.random.exponential(neo.random.key(0), (3,)).numpy().round(3))
    [0.007 0.972 1.848]
    """
    return _standard("exponential", key, shape, dtype, device, backend)


@over_keys
def gumbel(key: Key, shape: Any = (), dtype: Any = None, *, device: Any = None, backend: Any = None) -> Array:
    """Return numbers with density exp(-x - exp(-x)): mean 0.5772, variance pi**2 / 6.

    The position of the largest of `logits + gumbel` is a draw from softmax(logits).
    shape, dtype (real floating), device, backend, the result and errors: as for `normal`.

    >>> import neo
    >>> print(neo.random.gumbel(neo.random.key(0), (3,)).numpy().round(3))
    [ 5.026  0.029 -0.614]
    """
    return _standard("gumbel", key, shape, dtype, device, backend)


def _standard(name: str, key: Key, shape: Any, dtype: Any, device: Any, backend: Any) -> Array:
    """Return the numbers that `bits` makes under that name."""
    checked(key, name)
    shape, to = checked_shape(shape), target(name, dtype, device, backend)
    return to.place(to.rounded(bits.in_blocks(getattr(bits, name), words(key, math.prod(shape)))), shape)


@over_keys
def truncated_normal(
    key: Key,
    lower: float,
    upper: float,
    shape: Any = (),
    dtype: Any = None,
    *,
    device: Any = None,
    backend: Any = None,
) -> Array:
    """Return standard normal numbers on the condition that lower <= x <= upper.

    The bounds are Python numbers, rounded to the dtype first, and may be infinite or far out in
    a tail. The last bits may depend on the C library's erfc; in no other function do they.

    shape, dtype (real floating), device, backend, the result and errors: as for `normal`.
    Also raises ValueError unless lower < upper, and when both are beyond 37 on one side.

    >>> import neo
    >>> print(neo.random.truncated_normal(neo.random.key(0), 4, 5, (3,)).numpy().round(3))
    [4.002 4.221 4.407]
    """
    checked(key, "truncated_normal")
    shape, to = checked_shape(shape), target("truncated_normal", dtype, device, backend)
    low, high = _bounds(to, real(lower, "lower"), real(upper, "upper"), infinite=True)
    # Small probabilities are exact and those near 1 are not: keep the larger part in the lower tail.
    mirrored = low + high > 0
    draw = _Truncated(-high, -low) if mirrored else _Truncated(low, high)
    values = bits.in_blocks(draw, words(key, math.prod(shape)))
    return to.place(to.rounded(-values if mirrored else values), shape)


class _Truncated:
    """A function of words: normal numbers from low to high, where low + high <= 0."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.start, end = [math.erfc(-z / math.sqrt(2)) / 2 for z in (low, high)]
        self.mass = end - self.start
        if self.mass < 1e-300:
            raise ValueError(
                f"too little of the normal distribution lies between the bounds (sizes {abs(high)} and "
                f"{abs(low)}): the probability is below 1e-300. Choose bounds nearer to 0, or further apart."
            )

    def __call__(self, words: np.ndarray) -> np.ndarray:
        p = self.start + self.mass * bits.open_unit(words)
        upper = p > 0.5
        z = bits.quantile(np.where(upper, np.maximum(1 - p, 2.0**-54), p))
        return np.clip(np.where(upper, -z, z), self.low, self.high)


def _bounds(to: Target, low: float, high: float, infinite: bool = False) -> tuple[float, float]:
    with np.errstate(over="ignore"):
        rounded = to.rounded(np.array([low, high]))
    start, end = float(rounded[0]), float(rounded[1])
    if not start < end or not (infinite or math.isfinite(end - start)):
        raise ValueError(
            f"expected a lower bound below the upper one{'' if infinite else ', both finite'}; got {low} and "
            f"{high}, which {short_name(to.dtype)} takes for {start} and {end}"
        )
    return start, end
