"""MLX arrays: on Apple's GPUs, and on a CPU anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mlx.core as mx
import numpy as np

from ..errors import short_name
from . import registry
from .host import on_host
from .record import Backend


class Namespace:
    """MLX's functions with the standard's signatures."""

    def __getattr__(self, name: str) -> Any:
        found: Any
        if name == "bool":
            found = mx.bool_
        elif name in CREATING:
            found = partial(_without_device, getattr(mx, name))
        elif name in REDUCING:
            found = partial(_reduced, getattr(mx, name))
        elif name in ON_HOST:
            found = on_host("mlx", name)
        else:
            found = getattr(mx, name)
        setattr(self, name, found)
        return found

    @staticmethod
    def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        """Return x in a dtype."""
        return x.astype(dtype)

    @staticmethod
    def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
        """Return the variance, for any correction."""
        n = np.prod([x.shape[k] for k in _axes(axis, x.ndim)])
        spread = mx.square(x - mx.mean(x, axis=axis, keepdims=True))
        return mx.sum(spread, axis=axis, keepdims=keepdims) / (float(n) - correction)

    @classmethod
    def std(cls, x: Any, /, **settings: Any) -> Any:
        """Return the standard deviation, for any correction."""
        return mx.sqrt(cls.var(x, **settings))

    @staticmethod
    def result_type(*operands: Any) -> Any:
        """Return the dtype that operands have together; Python's numbers widen none."""
        found = [x for x in operands if isinstance(x, mx.array | mx.Dtype)]
        like = [_host_dtype(x if isinstance(x, mx.Dtype) else x.dtype) for x in found]
        numbers = [x for x in operands if not isinstance(x, mx.array | mx.Dtype)]
        return getattr(mx, registry.get("numpy").xp.result_type(*like, *numbers).name)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(axes)


def _without_device(function: Callable[..., Any], *args: Any, device: Any = None, **settings: Any) -> Any:
    given = [x.copy() if isinstance(x, np.ndarray) and min(x.strides, default=0) < 0 else x for x in args]
    return function(*given, **{name: x for name, x in settings.items() if x is not None})


def _reduced(function: Callable[..., Any], x: Any, /, *, dtype: Any = None, **settings: Any) -> Any:
    """Return a reduction in a dtype."""
    return function(x if dtype is None else x.astype(dtype), **settings)


CREATING = (
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
)
REDUCING = ("sum", "prod")
# MLX has these not at all, or for fewer settings.
ON_HOST = (
    "argsort",
    "copysign",
    "cumulative_prod",
    "cumulative_sum",
    "hypot",
    "nextafter",
    "nonzero",
    "searchsorted",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
)
xp = Namespace()


def to_numpy(raw: Any) -> np.ndarray:
    """Return the array's values on the host; NumPy has no bfloat16, so that becomes float32."""
    return np.array(raw.astype(mx.float32) if raw.dtype == mx.bfloat16 else raw)


def evaluate(arrays: list[Any]) -> list[Any]:
    """Return the arrays, computed; MLX keeps what it computed in the array itself."""
    mx.eval(*arrays)
    return arrays


def _host_dtype(dtype: Any) -> Any:
    return np.dtype(short_name(dtype))


def load() -> Backend:
    """Return the record of MLX; what it lacks goes by way of NumPy."""
    return Backend(
        name="mlx",
        xp=xp,
        arrays=(mx.array,),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        to_numpy=to_numpy,
        evaluate=evaluate,
        kernels={
            "linalg": on_host("mlx", "linalg"),
            "fft": on_host("mlx", "fft"),
            "einsum": lambda *operands, subscripts: mx.einsum(subscripts, *operands),
            "erf": mx.erf,
            # The general one asks for the largest of no elements, which MLX has not.
            "lu_factor": on_host("mlx", "lu_factor"),
        },
    )
