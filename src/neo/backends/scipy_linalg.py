"""SciPy's kernels for what NumPy lacks of neo.linalg."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np

from . import matrix_functions, registry


@cache
def _scipy_lu_factor() -> Any:
    """Return SciPy's lu_factor where SciPy is installed: it calls LAPACK."""
    try:
        from scipy.linalg import lu_factor
    except ImportError:
        return None
    return lu_factor


def lu_factor(a: np.ndarray) -> Any:
    """Return L and U packed, and the row that each row was exchanged with."""
    factor = _scipy_lu_factor()
    if factor is None or a.ndim > 2 or not a.size:
        return matrix_functions.lu_factor(registry.get("numpy").raw, a)
    return _quietly(factor, a)


def _quietly(factor: Any, a: np.ndarray) -> Any:
    """Return the factors without SciPy's warning of a singular matrix, of which L and U exist."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return factor(a, check_finite=False)
