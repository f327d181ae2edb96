"""NumPy: the default backend."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from . import numpy_elementwise, numpy_functions, numpy_special, scipy_linalg, standard
from .record import Backend


def broadcast_to(x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return a read-only view of x stretched to a shape.

    A single number is stretched by NumPy's own constructor: `np.broadcast_to` is written in Python
    and takes ten times as long, which the gradient of every mean and sum would pay.
    """
    if x.size != 1 or 0 in shape:
        return np.broadcast_to(x, shape)
    view = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    view.flags.writeable = False
    return view


_UNLIKE = {
    "matrix": "its products are those of matrices, elementwise ones too. Pass numpy.asarray(x)",
    "MaskedArray": "a masked element counts in no sum, and in every gradient. Pass x.filled(0), or NaN "
    "for masked elements and neo.numpy's nansum, nanmean and so on",
}


def unlike(kind: type) -> str | None:
    """Return why a subclass of NumPy's is refused: its operators do not do what the others' do."""
    bases = [base for base in kind.__mro__ if base.__module__.partition(".")[0] == "numpy"]
    return next((_UNLIKE[base.__name__] for base in bases if base.__name__ in _UNLIKE), None)


def load() -> Backend:
    """Return the record of NumPy."""
    return Backend(
        name="numpy",
        xp=xp,
        arrays=(np.ndarray, np.generic),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        creation_device=lambda name: "cpu",
        to_numpy=np.asarray,
        unlike=unlike,
        forgiving=lambda: np.errstate(all="ignore"),
        special=numpy_special.found,
        writes=True,
        memory=standard.memory,
        stretched=standard.stretched,
        kernels={
            "put": standard.put,
            "add_at": standard.add_at,
            "number_like": lambda x, number: np.asarray(number, x.dtype),
            "getitem": standard.getitem,
            "joined": partial(standard.joined, np),
            "part": operator.getitem,
            "broadcast_to": broadcast_to,
            **numpy_functions.KERNELS,
            **numpy_elementwise.KERNELS,
            "lu_factor": scipy_linalg.lu_factor,
            # NumPy's own, without the wrapper: the same function.
            "matmul": np.matmul,
            "where": np.where,
            "sum": np.sum,
            "mean": np.mean,
            "ones_like": np.ones_like,
        },
    )
