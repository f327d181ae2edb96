"""The array API standard, differentiable: on the library that the arrays come from.

Functions follow their operands; creation functions make NumPy arrays unless `neo.backends.use`,
`backend=` or `device=` say otherwise. `x.__array_namespace__()` is this namespace bound to the
library and device of x.
"""

from __future__ import annotations

import math as _math
from importlib import import_module as _import_module
from typing import Any as _Any

import numpy as _np

from .core.array import Array
from .errors import near as _near
from .ops.broadcasting import broadcast_to, sum
from .ops.constant import all_of as all
from .ops.constant import any_of as any
from .ops.constant import (
    argmax,
    argmin,
    argsort,
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    count_nonzero,
    equal,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    nonzero,
    not_equal,
    searchsorted,
    signbit,
)
from .ops.conversion import astype
from .ops.creation import (
    arange,
    array,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from .ops.einsum import einsum
from .ops.formulas import (
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    ceil,
    copysign,
    cos,
    cosh,
    divide,
    exp,
    expm1,
    floor,
    floor_divide,
    hypot,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    maximum,
    minimum,
    multiply,
    negative,
    nextafter,
    positive,
    pow,
    reciprocal,
    remainder,
    round,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
)
from .ops.indexing import repeat, take, take_along_axis
from .ops.inspection import __array_namespace_info__, can_cast, finfo, iinfo, isdtype, result_type
from .ops.manipulation import (
    broadcast_arrays,
    broadcast_shapes,
    concat,
    meshgrid,
    roll,
    stack,
    tile,
    tril,
    triu,
)
from .ops.namespace import VERSION as _VERSION
from .ops.products import matmul, tensordot, vecdot
from .ops.refusals import suggest_functions as _suggest_functions
from .ops.selection import clip, where
from .ops.sets import isin, unique_all, unique_counts, unique_inverse, unique_values
from .ops.statistics import cumulative_prod, cumulative_sum, diff, max, mean, min, prod, sort, std, var
from .ops.views import beyond as _beyond
from .ops.views import (
    conj,
    expand_dims,
    flip,
    imag,
    matrix_transpose,
    moveaxis,
    permute_dims,
    real,
    reshape,
    squeeze,
    unstack,
)

__array_api_version__ = _VERSION
e, pi, inf, nan, newaxis = _math.e, _math.pi, _math.inf, _math.nan, None
bool = _np.dtype("bool")
int8, int16, int32, int64 = [_np.dtype(f"int{n}") for n in (8, 16, 32, 64)]
uint8, uint16, uint32, uint64 = [_np.dtype(f"uint{n}") for n in (8, 16, 32, 64)]
float16, float32, float64 = [_np.dtype(f"float{n}") for n in (16, 32, 64)]
complex64, complex128 = _np.dtype("complex64"), _np.dtype("complex128")

# Loaded on first use: they are half of neo, and most programs want none or one of them. Their
# operations enter `neo.policies` then.
_EXTENSIONS = ("fft", "linalg", "special")
# What array users expect beyond the standard, by the module that it is in; loaded on first use too.
_BEYOND = {
    name: module
    for module, names in {
        "accumulation": "cumulative_max cumulative_min logcumsumexp",
        "arranging": "append array_split atleast_1d atleast_2d atleast_3d column_stack diag diagflat "
        "diagonal dot dstack ediff1d fliplr flipud hstack inner outer ravel rot90 split swapaxes trace tri "
        "vstack",
        "curves": "gradient interp polyval trapezoid unwrap vander",
        "elements": "allclose angle argwhere array_equal average bincount corrcoef cov deg2rad digitize "
        "exp2 flatnonzero fmax fmin heaviside histogram isclose logaddexp2 nan_to_num piecewise ptp rad2deg "
        "select",
        "convolution": "convolve correlate",
        "missing": "nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmin "
        "nanprod nanstd nansum nanvar",
        "padding": "pad",
        "quantiles": "median nanmedian nanpercentile nanquantile percentile quantile",
        "scatter": "at",
    }.items()
    for name in names.split()
}

# What namespaces bound to a library have too: every public name above, and the extensions. A name
# with @ is pytest's, which rewrites the modules of a package that brings a plug-in for it.
__all__ = [
    *[name for name in globals() if name[0] not in "_@" and name != "annotations"],
    *_EXTENSIONS,
    *_BEYOND,
]
_suggest_functions("neo.numpy", __all__)


def __getattr__(name: str) -> _Any:
    if name in _EXTENSIONS:
        found: _Any = _import_module(f"neo.{name}")
    elif name in _BEYOND:
        found = _beyond(name, getattr(_import_module(f"neo.ops.{_BEYOND[name]}"), name))
    else:
        raise AttributeError(f"neo.numpy has no {name!r}{_near(name, __all__)}")
    globals()[name] = found
    return found
