"""Defaults that follow the array API standard, for libraries that do not say otherwise.

`MENDED` holds operations that the standard lacks. Each takes the backend first; it works on any
library that follows the standard, by way of NumPy where the standard gives no other way.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def device(raw: Any) -> str:
    """Return the name of the device an array is on."""
    return str(getattr(raw, "device", "cpu"))


def to_device(raw: Any, name: str) -> Any:
    """Return the array on the device of that name."""
    return raw if device(raw) == name else raw.to_device(name)


def to_numpy(raw: Any) -> np.ndarray:
    """Return the array's values as a NumPy array."""
    return np.asarray(raw) if hasattr(raw, "__array__") else np.from_dlpack(raw)


def _on_host(function: Any) -> Any:
    """Return the NumPy function as one that takes a backend and its arrays."""

    def mended(backend: Any, *operands: Any, **settings: Any) -> Any:
        hosts = [_to_host(backend, x) for x in operands]
        result = function(*hosts, **settings)
        return backend.asarray(result, device=_first_device(backend, operands))

    return mended


def _to_host(backend: Any, x: Any) -> Any:
    if isinstance(x, backend.arrays):
        return backend.to_numpy(x)
    return tuple(_to_host(backend, k) for k in x) if isinstance(x, tuple) else x


def _first_device(backend: Any, operands: Any) -> Any:
    return next((backend.device(x) for x in operands if isinstance(x, backend.arrays)), None)


def put(x: np.ndarray, key: Any, value: Any) -> np.ndarray:
    """Return a copy of x with x[key] = value."""
    out = np.array(x)  # a copy, and an array where a 0-d x came as one of NumPy's scalars
    out[key] = value
    return out


def add_at(x: np.ndarray, key: Any, value: Any) -> np.ndarray:
    """Return a copy of x with value added at key; positions given twice add up."""
    out = np.array(x)
    if is_basic(key):  # no position twice, and a tenth of the time
        out[key] += value
    else:
        np.add.at(out, key, value)
    return out


def put_last(xp: Any, x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with x[key] = value for a library that writes in no order.

    xp: NumPy, or a module like it. Of several values at one position the last is written alone.
    """
    out = x.copy()
    if is_basic(key):
        out[key] = value
        return out
    positions = xp.arange(x.size).reshape(x.shape)[key]
    values = xp.asarray(value, dtype=x.dtype)
    values = values.reshape(values.shape[max(values.ndim - positions.ndim, 0) :])
    values, positions = xp.broadcast_to(values, positions.shape).ravel(), positions.ravel()
    order = xp.argsort(positions, kind="stable")
    ordered = positions[order]
    last = order[xp.concatenate([ordered[1:] != ordered[:-1], ordered[:1] == ordered[:1]])]
    out.ravel()[positions[last]] = values[last]
    return out


def joined(xp: Any, x: Any, y: Any) -> Any:
    """Return the complex array with real and imaginary parts x and y, which arithmetic makes NaN of inf.

    xp: NumPy, or a module like it.
    """
    return xp.stack((x, y), axis=-1).view(xp.result_type(x.dtype, xp.complex64))[..., 0]


_BASIC = frozenset((int, slice, type(None), type(Ellipsis)))


def is_basic(key: Any) -> bool:
    """Tell whether a key holds no arrays."""
    return type(key) in _BASIC or (type(key) is tuple and _BASIC.issuperset(map(type, key)))


def getitem(x: np.ndarray, key: Any) -> Any:
    """Return x[key] for every key that NumPy takes."""
    return x[key]


def isin(x: np.ndarray, y: np.ndarray, *, invert: bool = False) -> Any:
    """Return which elements of x are in y: in the standard since 2025.12, not yet in all libraries."""
    return np.isin(x, y, invert=invert)


_erf = np.frompyfunc(math.erf, 1, 1)


def erf(x: np.ndarray) -> Any:
    """Return the error function of real x, from the C library by way of Python."""
    return np.asarray(_erf(x), dtype=x.dtype)


MENDED = {function.__name__: _on_host(function) for function in (put, add_at, getitem, erf, isin)}


def memory(x: Any) -> int:
    """Return the identity of what owns the memory of x, where arrays have NumPy's `base`."""
    while getattr(x, "base", None) is not None:
        x = x.base
    return id(x)


def stretched(x: Any) -> bool:
    """Tell whether x was broadcast, where arrays have NumPy's `base` and `strides`."""
    return x.base is not None and 0 in x.strides
