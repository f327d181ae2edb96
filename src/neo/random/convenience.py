"""`neo.randn` and its siblings: random arrays in one call, without a key."""

from __future__ import annotations

from typing import Any

from ..core.array import Array
from .continuous import normal, uniform
from .discrete import integers
from .keys import Key, fresh


def randn(
    *shape: Any, seed: Key | int | None = None, dtype: Any = None, device: Any = None, backend: Any = None
) -> Array:
    """Return normal numbers of mean 0 and variance 1: `randn((3, 4))`, say.

    seed: an integer or a key for the same numbers every time. Without one each call has fresh
    randomness from the operating system: there is no global state and no global seed.
    dtype: floating; None is the backend's default. device, backend: where, as for `neo.zeros`.
    Raises TypeError and ValueError as `neo.random.normal`.

    >>> import neo
    >>> neo.randn(3, 4, seed=0).shape
    (3, 4)
    """
    return normal(fresh(seed), _shape(shape), dtype, device=device, backend=backend)


def rand(
    *shape: Any, seed: Key | int | None = None, dtype: Any = None, device: Any = None, backend: Any = None
) -> Array:
    """Return numbers spread evenly over 0 <= x < 1: `rand((3, 4))` or `rand(3, 4)`.

    seed, dtype, device, backend and errors: as for `neo.randn`.

    >>> import neo
    >>> neo.rand((2, 3), dtype="float32").shape
    (2, 3)
    """
    return uniform(fresh(seed), _shape(shape), dtype, device=device, backend=backend)


def randint(
    low: int,
    high: int,
    *shape: Any,
    seed: Key | int | None = None,
    dtype: Any = None,
    device: Any = None,
    backend: Any = None,
) -> Array:
    """Return integers with low <= x < high: `randint(0, 10, (3, 4))`, say.

    seed, device, backend: as for `neo.randn`. dtype: an integer one; None is int64.
    Raises TypeError and ValueError as `neo.random.integers`.

    >>> import neo
    >>> neo.randint(0, 10, (2,), seed=1).tolist()
    [1, 6]
    """
    return integers(fresh(seed), _shape(shape), low, high, dtype, device=device, backend=backend)


def _shape(given: tuple[Any, ...]) -> Any:
    """Return `((3, 4),)` as `(3, 4)`; `(3, 4)` as it is."""
    return given[0] if len(given) == 1 else given
