"""What the functions of linalg ask of their operands, and a library's failure in neo's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import differentiable
from ...errors import LinAlgError, describe, short_name

HALF = ("float16", "bfloat16")


def matrices(name: str, *operands: Any) -> None:
    """Raise an error unless all operands are (stacks of) matrices in single or double precision."""
    for x in operands:
        axes(name, x, 2)
        floating(name, x)


def square(name: str, x: Any) -> None:
    """Raise an error unless x is a square matrix, or a stack of them, with a fitting dtype."""
    matrices(name, x)
    if x.shape[-1] != x.shape[-2]:
        raise ValueError(
            f"{name} needs square matrices, got shape {tuple(x.shape)}: the last two lengths differ"
        )


def axes(name: str, x: Any, count: int) -> None:
    """Raise TypeError unless x is an array, ValueError if it has fewer than `count` axes."""
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise TypeError(f"{name} needs an array, got {describe(x)}; make one with neo.asarray")
    if len(x.shape) < count:
        raise ValueError(f"{name} needs at least {count} axes, got shape {tuple(x.shape)}")


def floating(name: str, x: Any) -> None:
    """Raise TypeError unless x holds real or complex numbers in single or double precision."""
    dtype = short_name(x.dtype)
    if not differentiable(x.dtype):
        raise TypeError(f"{name} needs real or complex numbers, got {dtype}; cast it: astype(x, 'float64')")
    if dtype in HALF:
        raise TypeError(f"{name} has no half precision (got {dtype}) on any library; cast to float32 first")


def attempt(name: str, function: Callable[..., Any], *operands: Any, **settings: Any) -> Any:
    """Return what a library's function gives, or raise its LinAlgError as neo's.

    The libraries' classes have the name in common and no base.
    """
    try:
        return function(*operands, **settings)
    except Exception as error:
        if "LinAlgError" not in type(error).__name__:
            raise
        shapes = " and ".join([str(tuple(x.shape)) for x in operands])
        words = f"{name} of shape {shapes}: {str(error).rstrip('.')}. {_CURES.get(name, '')}"
        raise LinAlgError(words.rstrip()) from error


_CURES = {
    "cholesky": "Every matrix must be positive definite; a small multiple of the identity added to it helps",
    "inv": "No matrix may be singular; pinv takes any",
    "solve": "No matrix may be singular; lstsq takes any",
}
