"""Integers, truth values and categories."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.array import Array
from ..core.dtypes import INTEGER
from ..errors import short_name
from ..ops.broadcasting import positive_axes
from . import bits
from .checks import checked_shape, integer
from .keys import Key, checked, words
from .mapped import over_keys
from .operands import beside, interval, no_axis, on_host
from .placing import target


@over_keys
def integers(
    key: Key, shape: Any, low: int, high: int, dtype: Any = None, *, device: Any = None, backend: Any = None
) -> Array:
    """Return integers with low <= x < high, each exactly as likely as any other.

    shape: an integer or a tuple of them. low, high: Python integers. dtype: an integer dtype; None
    is int64. device, backend: where, as for `neo.zeros`. Returns an Array of that shape.
    Raises TypeError for what is no key, shape, integer or integer dtype, ValueError for a negative
    length, an empty range or one that the dtype does not hold.

    >>> import neo
    >>> neo.random.integers(neo.random.key(0), (5,), 1, 7).tolist()
    [5, 4, 1, 1, 4]
    """
    checked(key, "integers")
    shape, to = checked_shape(shape), target("integers", dtype, device, backend, (INTEGER,))
    low, high = integer(low, "low"), integer(high, "high")
    limits = np.iinfo(short_name(to.dtype))
    if low >= high:
        raise ValueError(f"no integer is at least {low} and below {high}; low has to be below high")
    if low < limits.min or high - 1 > limits.max:
        raise ValueError(f"{low} <= x < {high} does not fit {limits.dtype}; choose another dtype")
    offsets = below(key, math.prod(shape), high - low)
    # Sums modulo 2**64 are right for signed and unsigned 64-bit integers alike.
    return to.place((offsets + np.uint64(low % 2**64)).astype(limits.dtype), shape)


def below(key: Key, count: int, n: int) -> np.ndarray:
    """Return `count` integers from 0 to n - 1 as uint64; n: 1 to 2**64.

    The remainder by n favours no number as long as the words above the last multiple of n are
    refused; word i of turn 1, 2, ... takes the place of a refused word i.
    """
    found = words(key, count)
    if n & (n - 1) == 0:
        return found & (n - 1)
    limit = 2**64 - 2**64 % n
    refused, turn = np.flatnonzero(found >= limit), 0
    while refused.size:
        turn += 1
        found[refused] = words(key, int(refused[-1]) + 1, start=turn << 128)[refused]
        refused = refused[found[refused] >= limit]
    return found % n


@over_keys
def bernoulli(key: Key, p: Any = 0.5, shape: Any = None, *, device: Any = None, backend: Any = None) -> Any:
    """Return True with chance p, else False.

    p: a number or an array, from 0 (never) to 1 (always). shape: of the result, to which p
    broadcasts; None is the shape of p. device, backend: where; by default beside p.
    Returns bool: an array as p is one, a neo.Array for a number. Gradient: none.
    Raises ValueError for a p outside 0 to 1, NaN included, or that does not broadcast to the shape.

    >>> import neo
    >>> neo.random.bernoulli(neo.random.key(0), 0.25, (5,)).tolist()
    [False, False, True, True, False]
    """
    checked(key, "bernoulli")
    chance = on_host(p, "p")
    if not ((chance >= 0) & (chance <= 1)).all():
        raise ValueError(f"p is a probability, from 0 to 1; got {interval(chance)}")
    shape = _result_shape(shape, chance.shape, "p")
    draws = bits.in_blocks(bits.unit, words(key, math.prod(shape))).reshape(shape)
    return beside(p, draws < chance, "bool", device, backend)


@over_keys
def categorical(
    key: Key, logits: Any, axis: int = -1, shape: Any = None, *, device: Any = None, backend: Any = None
) -> Any:
    """Return positions along an axis, each with the chance softmax(logits) gives it.

    logits: (..., k) real, unnormalised logarithms of chances; -inf is never drawn. shape: of the
    result, to which the shape of logits without the axis broadcasts; None is that shape itself.
    device, backend: where; by default beside logits. Drawn in float64 on the host.
    Returns int64: an array as logits is one. Gradient: none.
    Raises ValueError for logits that are NaN or inf, or -inf all along the axis.
    Source: the largest of logits + Gumbel numbers (Gumbel 1954; Maddison and others, "A* sampling", 2014).

    >>> import neo
    >>> neo.random.categorical(neo.random.key(0), [0.0, 1.0, 2.0], shape=(5,)).tolist()
    [0, 2, 2, 2, 2]
    """
    checked(key, "categorical")
    values = on_host(logits, "logits")
    (axis,) = positive_axes(integer(axis, "axis"), values.ndim) if values.ndim else no_axis("logits")
    values = np.moveaxis(values, axis, -1)
    shape = _result_shape(shape, values.shape[:-1], "logits without the axis")
    if not np.isfinite(values.max(axis=-1, initial=-np.inf)).all():
        raise ValueError("logits have to be below inf, none NaN, and above -inf somewhere along the axis")
    noise = bits.in_blocks(bits.gumbel, words(key, math.prod(shape) * values.shape[-1]))
    drawn = np.argmax(values + noise.reshape(*shape, values.shape[-1]), axis=-1)
    return beside(logits, drawn, "int64", device, backend)


def _result_shape(shape: Any, operand: tuple[int, ...], name: str) -> tuple[int, ...]:
    if shape is None:
        return operand
    lengths = checked_shape(shape)
    try:
        fits = np.broadcast_shapes(operand, lengths) == lengths
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}: shape {operand} does not broadcast to the result's shape {lengths}")
    return lengths
