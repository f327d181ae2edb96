"""neo's arrays for einops: `einops.rearrange`, `reduce`, `repeat`, `einsum`, `pack` and `unpack` take them.

Importing this module imports einops and registers the backend; neo does so when einops is imported.
"""

from __future__ import annotations

from typing import Any

from einops._backends import AbstractBackend

from . import numpy as nep
from .core.array import Array
from .core.dtypes import differentiable


class NeoBackend(AbstractBackend):
    """What einops asks of a library; einops finds it among the subclasses of its own class."""

    framework_name = "neo"

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, Array)

    def from_numpy(self, x: Any) -> Array:
        return nep.asarray(x)

    def to_numpy(self, x: Array) -> Any:
        return x.numpy()

    def arange(self, start: int, stop: int) -> Array:
        return nep.arange(start, stop)

    def shape(self, x: Array) -> tuple[int, ...]:
        return tuple(x.shape)

    def reshape(self, x: Array, shape: Any) -> Any:
        return nep.reshape(x, tuple(shape))

    def transpose(self, x: Array, axes: Any) -> Any:
        return nep.permute_dims(x, tuple(axes))

    def reduce(self, x: Array, operation: str, axes: Any) -> Any:
        return getattr(nep, operation)(x, axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
        return nep.stack(tensors)

    def add_axis(self, x: Array, new_position: int) -> Any:
        return nep.expand_dims(x, axis=new_position)

    def tile(self, x: Array, repeats: Any) -> Any:
        return nep.tile(x, tuple(repeats))

    def concat(self, tensors: list[Any], axis: int) -> Any:
        return nep.concat(tensors, axis=axis)

    def is_float_type(self, x: Array) -> bool:
        return bool(differentiable(x.dtype))

    def einsum(self, pattern: str, *x: Any) -> Any:
        return nep.einsum(pattern, *x)
