"""ndonnx arrays: lazy, and each the output of an ONNX graph. See `neo.export.onnx`."""

from __future__ import annotations

from typing import Any

import ndonnx as xp
import numpy as np

from .record import Backend


def put(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with x[key] = value."""
    out = x.copy()
    out[key] = value if isinstance(value, xp.Array) else xp.asarray(value, dtype=x.dtype)
    return out


def add_at(x: Any, key: Any, value: Any) -> Any:
    """Return a copy of x with value added at key, a slice or a mask.

    Raises NotImplementedError for integer arrays: ndonnx writes to no position twice.
    """
    if any(
        [isinstance(k, xp.Array | np.ndarray | list) for k in (key if isinstance(key, tuple) else (key,))]
    ):
        raise NotImplementedError(
            "ndonnx cannot add at integer positions, which the gradient of x[indices] needs; take the "
            "rows by a product with a one-hot matrix instead"
        )
    return put(x, key, x[key] + value)


def to_numpy(raw: Any) -> np.ndarray:
    """Return the values; a lazy array has none before its graph runs."""
    try:
        return np.asarray(raw.unwrap_numpy())
    except ValueError as error:
        raise TypeError(
            "an ndonnx array that depends on an argument of the graph has no values yet; build the "
            "graph with neo.export.onnx and run it"
        ) from error


def known(raw: Any) -> bool:
    """Tell whether an array has values: it depends on no argument of the graph."""
    try:
        raw.unwrap_numpy()
    except ValueError:
        return False
    return True


def load() -> Backend:
    """Return the record of ndonnx."""
    return Backend(
        name="ndonnx",
        xp=xp,
        arrays=(xp.Array,),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        to_numpy=to_numpy,
        known=known,
        kernels={"put": put, "add_at": add_at, "getitem": lambda x, key: x[key]},
    )
