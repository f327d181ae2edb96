"""Elementwise operations: PyTorch's signature on the left, neo's call on the right."""

from __future__ import annotations

import math
from typing import Any

import neo.functions as nf
import neo.numpy as nep
from neo.numpy import special

from .arguments import as_dtype, axes

SAME = (
    "abs acos acosh asin asinh atan atan2 atanh ceil conj copysign cos cosh exp expm1 floor hypot log log10 "
    "log1p log2 maximum minimum positive reciprocal real imag sin sinh sqrt square tan tanh trunc "
    "isfinite isinf isnan signbit logical_not logical_and logical_or logical_xor nextafter floor_divide "
    "remainder"
).split()
SPECIAL = {
    "digamma": special.psi,
    "erf": special.erf,
    "erfc": special.erfc,
    "erfinv": special.erfinv,
    "i0": special.i0,
    "igamma": special.gammainc,
    "igammac": special.gammaincc,
    "lgamma": special.gammaln,
    "sinc": special.sinc,
    "special.bessel_j0": special.j0,
    "special.bessel_j1": special.j1,
    "special.bessel_y0": special.y0,
    "special.bessel_y1": special.y1,
    "special.entr": special.entr,
    "special.erfcx": special.erfcx,
    "special.i0e": special.i0e,
    "special.i1": special.i1,
    "special.i1e": special.i1e,
    "special.log_ndtr": special.log_ndtr,
    "special.modified_bessel_i0": special.i0,
    "special.modified_bessel_i1": special.i1,
    "special.modified_bessel_k0": special.k0,
    "special.modified_bessel_k1": special.k1,
    "special.ndtr": special.ndtr,
    "special.ndtri": special.ndtri,
    "special.scaled_modified_bessel_k0": special.k0e,
    "special.scaled_modified_bessel_k1": special.k1e,
    "special.xlog1py": special.xlog1py,
    "special.zeta": special.zeta,
    "xlogy": special.xlogy,
}


def _scaled(function: Any) -> Any:
    return lambda x, y, alpha=1: function(x, y if alpha == 1 else alpha * y)


def _rounded(x: Any, decimals: int = 0) -> Any:
    scale = 10.0**decimals
    return nep.round(x * scale) / scale if decimals else nep.round(x)


def _angle(x: Any) -> Any:
    if nep.isdtype(x.dtype, "complex floating"):
        return nep.atan2(nep.imag(x), nep.real(x))
    return nep.where(x < 0, math.pi, 0 * x)


def _sgn(x: Any) -> Any:
    return nep.sign(x)


def _multigammaln(x: Any, d: int) -> Any:
    return special.multigammaln(x, d)


def _clamp(x: Any, low: Any = None, high: Any = None) -> Any:
    # PyTorch's minimum and maximum are arrays that move too; neo's `clip` takes them as bounds.
    out = x if low is None else nep.where(x >= low, x, low)
    return out if high is None else nep.where(out <= high, out, high)


def _nan_to_num(x: Any, nan: float = 0.0) -> Any:
    largest = nep.finfo(x.dtype).max
    return nep.where(nep.isnan(x), nan, nep.clip(x, -largest, largest))


def _lerp(x: Any, end: Any, weight: Any) -> Any:
    return x + weight * (end - x)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return nep.where(x == 0, at_zero, nep.astype(x > 0, x.dtype))


def _float_power(x: Any, y: Any) -> Any:
    dtype = "complex128" if nep.isdtype(nep.result_type(x, y), "complex floating") else "float64"
    return nep.pow(nep.astype(x, dtype), nep.astype(y, dtype))


def _polar(size: Any, angle: Any) -> Any:
    return size * nep.exp(1j * nep.astype(angle, "complex128"))


def _logit(x: Any, eps: float | None = None) -> Any:
    return special.logit(x if eps is None else nep.clip(x, eps, 1 - eps))


def _close(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    near = (x == y) | (nep.isfinite(y) & (nep.abs(x - y) <= atol + rtol * nep.abs(y)))
    return near | (nep.isnan(x) & nep.isnan(y)) if equal_nan else near


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + nep.exp(-x)) if nep.isdtype(x.dtype, "complex floating") else nf.sigmoid(x)


def _logaddexp(x: Any, y: Any) -> Any:
    if not nep.isdtype(x.dtype, "complex floating"):
        return nep.logaddexp(x, y)
    larger = nep.where(nep.real(x) >= nep.real(y), x, y)
    return larger + nep.log1p(nep.exp(x + y - 2 * larger))


def _fmod(x: Any, y: Any) -> Any:
    return x - nep.trunc(x / y) * y


def _larger_known(x: Any, y: Any, choose: Any) -> Any:
    return nep.where(nep.isnan(x), y, nep.where(nep.isnan(y), x, choose(x, y)))


TABLE: dict[str, Any] = {
    **{name: getattr(nep, name) for name in SAME},
    **SPECIAL,
    "add": _scaled(nep.add),
    "sub": _scaled(nep.subtract),
    "rsub": lambda x, y, alpha=1: y - x * alpha,
    "mul": nep.multiply,
    "div:no_rounding_mode": nep.divide,
    "div:trunc_rounding": lambda x, y, rounding_mode: nep.trunc(x / y),
    "div:floor_rounding": lambda x, y, rounding_mode: nep.floor_divide(x, y),
    "true_divide": nep.divide,
    "pow": nep.pow,
    "float_power": _float_power,
    "__radd__": lambda x, y: y + x,
    "__rsub__": lambda x, y: y - x,
    "__rmul__": lambda x, y: y * x,
    "__rdiv__": lambda x, y: y / x,
    "__rmod__": lambda x, y: y % x,
    "__rpow__": lambda x, y: y**x,
    "addcmul": lambda x, y, z, value=1: x + value * (y * z),
    "addcdiv": lambda x, y, z, value=1: x + value * (y / z),
    "angle": _angle,
    "clamp": _clamp,
    "clamp_max": lambda x, y: nep.minimum(x, y),
    "clamp_min": lambda x, y: nep.maximum(x, y),
    "complex": lambda x, y: x + 1j * nep.astype(y, "complex128"),
    "conj_physical": nep.conj,
    "resolve_conj": lambda x: x,
    "resolve_neg": lambda x: x,
    "deg2rad": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
    "eq": nep.equal,
    "ne": nep.not_equal,
    "lt": nep.less,
    "le": nep.less_equal,
    "gt": nep.greater,
    "ge": nep.greater_equal,
    "equal": lambda x, y: x.shape == y.shape and nep.all(x == y),
    "isclose": _close,
    "allclose": lambda x, y, **settings: nep.all(_close(x, y, **settings)),
    "isposinf": lambda x: x == math.inf,
    "isneginf": lambda x: x == -math.inf,
    "isreal": lambda x: nep.imag(x) == 0 if nep.isdtype(x.dtype, "complex floating") else x == x,
    "fmax": lambda x, y: _larger_known(x, y, nep.maximum),
    "fmin": lambda x, y: _larger_known(x, y, nep.minimum),
    "fmod": _fmod,
    "frac": lambda x: x - nep.trunc(x),
    "heaviside": _heaviside,
    "exp2": lambda x: 2**x,
    "ldexp": lambda x, y: x * 2**y,
    "lerp": _lerp,
    "logaddexp": _logaddexp,
    "logaddexp2": lambda x, y: nep.logaddexp(x * math.log(2), y * math.log(2)) / math.log(2),
    "logit": _logit,
    "max:binary": nep.maximum,
    "min:binary": nep.minimum,
    **{f"mvlgamma:mvlgamma_p_{d}": _multigammaln for d in (1, 3, 5)},
    "nan_to_num": _nan_to_num,
    "neg": nep.negative,
    "polar": _polar,
    **{f"polygamma:polygamma_n_{n}": lambda x, n: special.polygamma(n, x) for n in range(5)},
    "special.polygamma:special_polygamma_n_0": lambda x, n: special.polygamma(n, x),
    "round": nep.round,
    **{f"round:decimals_{name}": _rounded for name in ("0", "3", "neg_3")},
    "rsqrt": lambda x: 1 / nep.sqrt(x),
    "sgn": _sgn,
    "sign": nep.sign,
    "sigmoid": _sigmoid,
    "view_as_complex": lambda x: x[..., 0] + 1j * nep.astype(x[..., 1], "complex128"),
    "view_as_real": lambda x: nep.stack([nep.real(x), nep.imag(x)], axis=-1),
    "where": lambda x, condition, y: nep.where(condition, x, y),
    "isin": nep.isin,
    "bucketize": lambda x, bounds, right=False: nep.reshape(
        nep.searchsorted(bounds, nep.reshape(x, (-1,)), side="right" if right else "left"), x.shape
    ),
    "clone": lambda x: x.copy(),
    "contiguous": lambda x: x,
    "alias_copy": lambda x: x,
    "double": lambda x: as_dtype(x, "float64"),
    "float": lambda x: as_dtype(x, "float32"),
    "cdouble": lambda x: nep.astype(x, "complex128"),
    "cfloat": lambda x: nep.astype(x, "complex64"),
    "zeros_like": lambda x, dtype=None: nep.zeros_like(x, dtype=dtype),
    "ones_like": lambda x, dtype=None: nep.ones_like(x, dtype=dtype),
    "full_like": lambda x, value, dtype=None: nep.full_like(x, value, dtype=dtype),
    "new_zeros": lambda x, shape, dtype=None: nep.zeros(shape, dtype=dtype or x.dtype, backend=x.backend),
    "new_ones": lambda x, shape, dtype=None: nep.ones(shape, dtype=dtype or x.dtype, backend=x.backend),
    "new_full": lambda x, shape, value, dtype=None: nep.full(
        shape, value, dtype=dtype or x.dtype, backend=x.backend
    ),
    "fill": lambda x, value: nep.full_like(x, value),
    "zero_": lambda x: nep.zeros_like(x),
    "all": lambda x, dim=None, keepdim=False: nep.all(x, axis=axes(x, dim), keepdims=keepdim),
    "any": lambda x, dim=None, keepdim=False: nep.any(x, axis=axes(x, dim), keepdims=keepdim),
}
