"""JAX arrays, without JAX's own derivatives: on a CPU or a GPU, and under `jax.jit`.

JAX makes float64 arrays only where it is told to: `jax.config.update("jax_enable_x64", True)`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as xp
import numpy as np
from jax.scipy.linalg import lu_factor, solve_triangular

from . import numpy_special
from .defined import DEFINED
from .record import Backend
from .registry import is_array


def devices() -> list[str]:
    """Return the names of the devices that JAX finds: `cpu`, `cuda:0`."""
    names = [_name(device) for device in jax.devices()]
    return names if "cpu" in names else [*names, "cpu"]


def _name(device: Any) -> str:
    if device.platform == "cpu":
        return "cpu"
    return f"{'cuda' if device.platform == 'gpu' else device.platform}:{device.id}"


def device(raw: Any) -> str:
    """Return the name of an array's device; the default one's while JAX traces."""
    found = raw.device if isinstance(raw, jax.Array) and not isinstance(raw, jax.core.Tracer) else None
    return _name(found if isinstance(found, jax.Device) else jax.devices()[0])


def creation_device(name: str) -> Any:
    """Return JAX's object for a device's name; `cuda` is the first one."""
    kind, _, number = name.partition(":")
    found = jax.devices("cuda" if kind == "cuda" else kind)
    return found[int(number or 0)]


def asarray(values: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """Return values as an array; NumPy's in double precision are single where JAX has no double.

    JAX does so in silence when no dtype is asked for, and a dtype that values have is not asked for.
    """
    own = getattr(values, "dtype", None)
    return xp.asarray(values, dtype=None if own == dtype else dtype, device=device, copy=copy)


def getitem(x: Any, key: Any) -> Any:
    """Return x[key]; an index out of range is an IndexError, as it is elsewhere."""
    _check_range(x, key)
    return x[_key(key)]


def put(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with x[key] = value."""
    _check_range(x, key)
    return x.at[_key(key)].set(_fitting(x, key, value))


def add_at(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with value added at key; positions given twice add up."""
    _check_range(x, key)
    return x.at[_key(key)].add(_fitting(x, key, value))


def _key(key: Any) -> Any:
    """Return a key whose lists are arrays, which JAX asks for."""
    if isinstance(key, tuple):
        return tuple([_key(k) for k in key])
    return np.asarray(key) if isinstance(key, list) else key


def _fitting(x: Any, key: Any, value: Any) -> Any:
    """Return value like x; as in NumPy it may have more axes of length 1 than x[key]."""
    value = xp.asarray(value, dtype=x.dtype)
    ndim = jax.eval_shape(lambda x: x[_key(key)], x).ndim if value.ndim else 0
    while value.ndim > ndim and value.shape[0] == 1:
        value = value[0]
    return value


def _check_range(x: Any, key: Any) -> None:
    """Raise IndexError for an integer out of range, which JAX would move to the nearest element."""
    keys = key if isinstance(key, tuple) else (key,)
    axis = 0
    taken = sum([_axes(k) for k in keys])
    for k in keys:
        if k is Ellipsis:
            axis += x.ndim - taken
        elif _is_position(k):
            _refuse_outside(k, axis, x.shape)
        axis += _axes(k)


def _axes(k: Any) -> int:
    """Return how many axes of an array one part of a key takes."""
    if k is None or k is Ellipsis or isinstance(k, bool):
        return 0
    return k.ndim if is_array(k) and k.dtype == np.dtype(bool) else 1


def _is_position(k: Any) -> bool:
    if isinstance(k, slice | bool) or k is None:
        return False
    return not isinstance(k, jax.core.Tracer)  # its values are not known yet


def _refuse_outside(k: Any, axis: int, shape: tuple[int, ...]) -> None:
    positions = np.asarray(k)
    if positions.dtype.kind not in "iu" or positions.size == 0 or axis >= len(shape):
        return
    n = shape[axis]
    low, high = int(positions.min()), int(positions.max())
    if low < -n or high >= n:
        raise IndexError(
            f"index {high if high >= n else low} is out of range for axis {axis} of shape {tuple(shape)}"
        )


def take(x: Any, indices: Any, *, axis: int) -> Any:
    """Return elements along an axis; an index out of range is an IndexError."""
    if _is_position(indices):
        _refuse_outside(indices, axis % x.ndim, x.shape)
    return xp.take(x, indices, axis=axis)


def take_along_axis(x: Any, indices: Any, *, axis: int) -> Any:
    """Return elements along an axis, other ones in every row; out of range is an IndexError."""
    if _is_position(indices):
        _refuse_outside(indices, axis % x.ndim, x.shape)
    return xp.take_along_axis(x, indices, axis=axis)


# Measured with JAX 0.10 beside SciPy, in double precision: these lose up to half the digits.
_LESS_ACCURATE = ("beta", "hyp1f1", "hyp2f1", "log_ndtr")
_OTHER_NAMES = {"psi": "digamma"}


def special(name: str) -> Any:
    """Return JAX's special function of that name, else SciPy's; None where neo defines it from others."""
    own = getattr(jax.scipy.special, _OTHER_NAMES.get(name, name), None)
    if own is not None and name not in _LESS_ACCURATE:
        return own
    return None if name in DEFINED else partial(_on_host, numpy_special.needed(name))


def _on_host(function: Any, *operands: Any) -> Any:
    """Return a function of NumPy's arrays, elementwise; where JAX traces it is called when that runs."""
    like = operands[-1]
    if any([isinstance(x, jax.core.Tracer) for x in operands]):
        shape = xp.broadcast_shapes(*[x.shape for x in operands])
        out = jax.ShapeDtypeStruct(shape, like.dtype)
        return jax.pure_callback(partial(_of_numpy, function), out, *operands, vmap_method="broadcast_all")
    return jax.device_put(_of_numpy(function, *operands), like.device)


def _of_numpy(function: Any, *operands: Any) -> Any:
    return np.asarray(function(*[np.asarray(x) for x in operands]))


def load() -> Backend:
    """Return the record of JAX."""
    return Backend(
        name="jax",
        xp=xp,
        arrays=(jax.Array, jax.core.Tracer),
        devices=devices,
        device=device,
        to_device=lambda raw, name: jax.device_put(raw, creation_device(name)),
        creation_device=creation_device,
        to_numpy=np.asarray,
        known=lambda raw: not isinstance(raw, jax.core.Tracer),
        special=special,
        kernels={
            "asarray": asarray,
            "getitem": getitem,
            "joined": jax.lax.complex,
            "put": put,
            "add_at": add_at,
            "take": take,
            "take_along_axis": take_along_axis,
            "einsum": lambda *operands, subscripts: xp.einsum(subscripts, *operands),
            "erf": jax.scipy.special.erf,
            "lu_factor": lu_factor,
            "solve_triangular": lambda a, b, *, lower, unit_diagonal: solve_triangular(
                a, b, lower=lower, unit_diagonal=unit_diagonal
            ),
        },
    )
