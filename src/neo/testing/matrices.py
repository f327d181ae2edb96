"""Strategies for matrices of one kind: positive definite, orthogonal, triangular, well conditioned."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .strategies import DTYPE

LENGTHS = st.integers(1, 4)
STACKS: list[tuple[int, ...]] = [(), (), (2,), (1,), (0,)]


@st.composite
def _drawn(draw: Any, n: int | None, stack: Any, dtype: str | None) -> Any:
    """Return a generator of numbers, the shape (..., n, n) and the dtype."""
    if n is not None and (not isinstance(n, int) or n < 0):
        raise ValueError(f"matrices have a number of rows, from 0 on, or None for any; got {n!r}")
    length = draw(LENGTHS) if n is None else n
    lead = draw(st.sampled_from(STACKS)) if stack is None else tuple(stack)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng, (*lead, length, length), dtype or DTYPE.get()


def _normal(rng: Any, shape: Any, dtype: str) -> np.ndarray:
    x = rng.standard_normal(shape)
    return x + 1j * rng.standard_normal(shape) if dtype.startswith("complex") else x


def _unitary(rng: Any, shape: Any, dtype: str) -> np.ndarray:
    return np.linalg.qr(_normal(rng, shape, dtype))[0] if 0 not in shape else _normal(rng, shape, dtype)


def _values(condition: float, n: int) -> np.ndarray:
    """Return n numbers from 1 / condition to 1. Raises ValueError for what is no condition number."""
    if not condition >= 1:
        raise ValueError(f"a condition number is at least 1; got {condition!r}")
    return np.geomspace(1.0 / condition, 1.0, n)


def _adjoint(x: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(x, -1, -2))


@st.composite
def orthogonal(draw: Any, n: int | None = None, *, stack: Any = None, dtype: str | None = None) -> Any:
    """Draw orthogonal matrices, unitary ones where numbers are complex."""
    rng, shape, dtype = draw(_drawn(n, stack, dtype))
    return _unitary(rng, shape, dtype).astype(dtype)


@st.composite
def positive_definite(
    draw: Any, n: int | None = None, *, stack: Any = None, condition: float = 20.0, dtype: str | None = None
) -> Any:
    """Draw symmetric (Hermitian) matrices, eigenvalues distinct, 1 / condition to 1."""
    rng, shape, dtype = draw(_drawn(n, stack, dtype))
    q = _unitary(rng, shape, dtype)
    found = (q * _values(condition, shape[-1])) @ _adjoint(q)
    return ((found + _adjoint(found)) / 2).astype(dtype)


@st.composite
def triangular(
    draw: Any, n: int | None = None, *, lower: bool = True, stack: Any = None, dtype: str | None = None
) -> Any:
    """Draw triangular matrices whose diagonal is away from zero."""
    rng, shape, dtype = draw(_drawn(n, stack, dtype))
    x = np.tril(_normal(rng, shape, dtype)) / 2
    diagonal = np.eye(shape[-1]) * rng.uniform(0.5, 2, shape)
    found = x * (1 - np.eye(shape[-1])) + diagonal
    return (found if lower else np.swapaxes(found, -1, -2)).astype(dtype)


@st.composite
def well_conditioned(
    draw: Any, n: int | None = None, *, stack: Any = None, condition: float = 10.0, dtype: str | None = None
) -> Any:
    """Draw square matrices, singular values distinct, from 1 / condition to 1."""
    rng, shape, dtype = draw(_drawn(n, stack, dtype))
    left, right = _unitary(rng, shape, dtype), _unitary(rng, shape, dtype)
    return ((left * _values(condition, shape[-1])) @ right).astype(dtype)
