"""Array operands of draws: read on the host, and answered where they are."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .. import backends
from ..core.array import Array, bottom_of, box
from ..core.following import read
from ..core.policy import is_raw
from ..errors import describe


def is_array(x: Any) -> bool:
    """Tell whether x is an Array, traced or not, or a library's own array."""
    return isinstance(x, Array) or (is_raw(x) and backends.is_array(x))


def on_host(x: Any, name: str) -> np.ndarray:
    """Return a number, nested lists or any array as NumPy's float64."""
    raw = read(x)
    values = backends.of(raw).to_numpy(raw) if is_array(x) else np.asarray(raw)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} has to be real numbers, got {describe(x)}")
    return values.astype(np.float64)


def beside(like: Any, values: np.ndarray, dtype: str, device: Any, backend: Any) -> Any:
    """Return values where `like` is, or as told, and as wrapped as it is."""
    if not is_array(like):
        library, place = backends.resolve(backend, device)
    elif device is None and backend is None:
        library = backends.of(bottom_of(like))
        place = library.device(bottom_of(like))
    else:
        with backends.use(backends.of(bottom_of(like)).name):
            library, place = backends.resolve(backend, device)
    out = library.asarray(np.asarray(values), dtype, place)
    return out if is_array(like) and not isinstance(like, Array) else box(out)


def no_axis(name: str) -> NoReturn:
    """Raise the TypeError for a 0-d array."""
    raise TypeError(f"{name} is a 0-d array; expected one axis or more")


def interval(values: np.ndarray) -> str:
    """Return the values of an array in a few words, for an error."""
    return f"{values}" if values.ndim == 0 else f"an array from {values.min()} to {values.max()}"
