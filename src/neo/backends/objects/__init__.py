"""Arrays of Python's own numbers: exact with `Fraction`, of any precision with mpmath.

>>> from fractions import Fraction
>>> import neo
>>> x = neo.asarray([Fraction(1, 3), Fraction(1, 2)], backend="mpmath")
>>> neo.grad(lambda x: (x**3).sum())(x).tolist()
[Fraction(1, 3), Fraction(3, 4)]
"""

from __future__ import annotations

from ..record import Backend
from . import fourier, linalg
from .adjugates import adjugate, cofactor_slope
from .array import ObjectArray
from .functions import namespace
from .mathematics import special


def load() -> Backend:
    """Return the record of arrays of Python's numbers."""
    return Backend(
        name="mpmath",
        xp=namespace,
        arrays=(ObjectArray,),
        device=lambda raw: "cpu",
        to_device=lambda raw, name: raw,
        to_numpy=lambda raw: raw.values,
        special=special,
        holds_objects=True,
        kernels={
            "fft": fourier,
            "linalg": linalg,
            "adjugate": adjugate,
            "cofactor_slope": cofactor_slope,
            "put": namespace.put,
            "add_at": namespace.add_at,
            "getitem": lambda x, key: x[key],
            "einsum": namespace.einsum,
            "erf": namespace.erf,
        },
    )
