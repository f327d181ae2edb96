"""CuPy: NumPy's functions on an NVIDIA GPU."""

from __future__ import annotations

from functools import partial
from typing import Any

import array_api_compat.cupy as xp
import cupy as cp

from . import cupy_special, numpy_functions, standard
from .record import Backend


def devices() -> list[str]:
    """Return the names of the GPUs that CuPy finds."""
    try:
        return [f"cuda:{k}" for k in range(cp.cuda.runtime.getDeviceCount())]
    except cp.cuda.runtime.CUDARuntimeError:
        return []


def _device(name: str) -> Any:
    return cp.cuda.Device(int(name.partition(":")[2] or 0))


def to_device(raw: Any, name: str) -> Any:
    """Return the array on the GPU of that name."""
    with _device(name):
        return cp.asarray(raw)


def asarray_key(key: Any) -> Any:
    """Return the key with NumPy's index arrays as CuPy's."""
    if isinstance(key, tuple):
        return tuple(asarray_key(k) for k in key)
    return cp.asarray(key) if hasattr(key, "__array__") and not isinstance(key, cp.ndarray) else key


def put(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with x[key] = value."""
    return standard.put_last(cp, x, asarray_key(key), value)


def add_at(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with value added at key; positions given twice add up."""
    positions = cp.arange(x.size).reshape(x.shape)[asarray_key(key)]
    out = x.ravel().copy()
    cp.add.at(out, positions, value)
    return out.reshape(x.shape)


def _erf(x: Any) -> Any:
    from cupyx.scipy.special import erf

    return erf(x)


def load() -> Backend:
    """Return the record of CuPy."""
    return Backend(
        name="cupy",
        xp=xp,
        arrays=(cp.ndarray,),
        devices=devices,
        device=lambda raw: f"cuda:{raw.device.id}",
        to_device=to_device,
        creation_device=_device,
        to_numpy=cp.asnumpy,
        synchronize=lambda device: _device(device).synchronize(),
        special=cupy_special.found,
        writes=True,
        memory=standard.memory,
        stretched=standard.stretched,
        kernels={
            "added_up": numpy_functions.added_up,
            "getitem": lambda x, key: x[asarray_key(key)],
            "joined": partial(standard.joined, cp),
            "put": put,
            "add_at": add_at,
            "einsum": lambda *operands, subscripts: cp.einsum(subscripts, *operands),
            "erf": _erf,
        },
    )
