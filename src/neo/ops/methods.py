"""What gives arrays their operators and methods: two explicit tables, attached on import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import backends
from ..core.array import Array
from ..errors import describe
from . import (
    broadcasting,
    constant,
    conversion,
    formulas,
    indexing,
    namespace,
    products,
    protocols,
    refusals,
    scatter,
    selection,
    statistics,
    views,
)


def _known(y: Any) -> bool:
    return type(y) in (int, float, bool, complex) or isinstance(y, Array) or backends.is_array(y)


def _forward(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of two operands as a method that Python may fall back from."""
    if hasattr(function, "operator"):
        return function.operator

    def operator(x: Array, y: Any) -> Any:
        return function(x, y) if _known(y) else NotImplemented

    return operator


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    forward = _forward(function)

    def operator(x: Array, y: Any) -> Any:
        return forward(y, x) if _known(y) else NotImplemented

    return operator


def _divmod(x: Any, y: Any) -> tuple[Any, Any]:
    return formulas.floor_divide(x, y), formulas.remainder(x, y)


def _in_place(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def operator(x: Array, y: Any) -> Any:
        if not _known(y):
            return NotImplemented
        out = function(x, y)
        if tuple(out.shape) != x.shape or out.dtype != x.dtype:
            raise ValueError(
                f"{name} would change {describe(x)} into {describe(out)}; an in-place operation "
                f"keeps shape and dtype. Write x = x {name[:-1]} y instead"
            )
        views.write(x, out)
        return x

    return operator


OPERATORS: dict[str, tuple[Callable[..., Any], str]] = {
    "add": (formulas.add, "+="),
    "sub": (formulas.subtract, "-="),
    "mul": (formulas.multiply, "*="),
    "truediv": (formulas.divide, "/="),
    "floordiv": (formulas.floor_divide, "//="),
    "mod": (formulas.remainder, "%="),
    "pow": (formulas.pow, "**="),
    "matmul": (products.matmul, "@="),
    "and": (constant.bitwise_and, "&="),
    "or": (constant.bitwise_or, "|="),
    "xor": (constant.bitwise_xor, "^="),
    "lshift": (constant.bitwise_left_shift, "<<="),
    "rshift": (constant.bitwise_right_shift, ">>="),
}
COMPARISONS = {
    "eq": constant.equal,
    "ne": constant.not_equal,
    "lt": constant.less,
    "le": constant.less_equal,
    "gt": constant.greater,
    "ge": constant.greater_equal,
}
UNARY = {
    "neg": formulas.negative,
    "pos": formulas.positive,
    "abs": formulas.abs,
    "invert": constant.bitwise_invert,
}


def _shape_argument(shape: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape


def _ravel(x: Array) -> Any:
    """Return the elements in one axis: a view, where the library makes one."""
    return views.reshape(x, (-1,))


def _flatten(x: Array) -> Any:
    """Return the elements in one axis, as an array of its own."""
    return broadcasting.reshape(x, (-1,)) if x.ndim != 1 else conversion.copied(x)


def _transpose(x: Array, *axes: Any) -> Any:
    """Return a view with the axes in the order given, else in reverse."""
    order = _shape_argument(axes) or tuple(range(x.ndim))[::-1]
    return views.permute_dims(x, order)


def _only_matrix(x: Array) -> Any:
    """The transpose of an array of two axes, a view; `mT` is for stacks of matrices."""
    if x.ndim != 2:
        raise ValueError(f".T is for arrays with 2 axes, this one has shape {x.shape}; use .mT")
    return views.matrix_transpose(x)


def _squeezed(x: Array, axis: Any = None) -> Any:
    """Return a view without axes of length 1, all of them by default."""
    ones = tuple([k for k, n in enumerate(x.shape) if n == 1])
    return views.squeeze(x, ones if axis is None else axis)


def _astype(x: Array, dtype: Any, copy: bool = True, *, device: Any = None) -> Any:
    return conversion.astype(x, dtype, copy=copy, device=device)


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(x: Array, axis: Any = None, **settings: Any) -> Any:
        return function(x, axis=axis, **settings)

    return _as(function, method)


def _as(function: Callable[..., Any], method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method with the documentation of the function that it calls."""
    method.__doc__ = function.__doc__
    return method


METHODS: dict[str, Callable[..., Any]] = {
    **{
        name: _reduction(getattr(statistics, name))
        for name in ("sum", "mean", "prod", "max", "min", "var", "std")
    },
    "cumsum": _reduction(statistics.cumulative_sum),
    "cumprod": _reduction(statistics.cumulative_prod),
    "argmax": _reduction(constant.argmax),
    "argmin": _reduction(constant.argmin),
    "any": _reduction(constant.any_of),
    "all": _reduction(constant.all_of),
    "reshape": _as(views.reshape, lambda x, *shape: views.reshape(x, _shape_argument(shape))),
    "ravel": _ravel,
    "flatten": _flatten,
    "transpose": _transpose,
    "squeeze": _squeezed,
    "repeat": _as(indexing.repeat, lambda x, repeats, axis=None: indexing.repeat(x, repeats, axis=axis)),
    "take": _as(indexing.take, lambda x, indices, axis=None: indexing.take(x, indices, axis=axis)),
    "astype": _as(conversion.astype, _astype),
    "clip": _as(selection.clip, lambda x, min=None, max=None: selection.clip(x, min, max)),
    "round": formulas.round,
    "conj": views.conj,
    "conjugate": views.conj,
    "dot": products.matmul,
    "copy": conversion.copied,
    "to": conversion.to,
    "to_device": _as(conversion.to, lambda x, device, /, *, stream=None: conversion.to(x, device=device)),
}
PROPERTIES: dict[str, Callable[..., Any]] = {
    "T": _only_matrix,
    "at": scatter.At,
    "mT": views.matrix_transpose,
    "real": views.real,
    "imag": views.imag,
}


def attach() -> None:
    """Give Array its operators and methods."""
    for name, (function, symbol) in OPERATORS.items():
        setattr(Array, f"__{name}__", _forward(function))
        setattr(Array, f"__r{name}__", _reflected(function))
        setattr(Array, f"__i{name}__", _in_place(function, symbol))
    Array.__divmod__, Array.__rdivmod__ = _forward(_divmod), _reflected(_divmod)  # type: ignore[attr-defined]
    for name, function in COMPARISONS.items():
        setattr(Array, f"__{name}__", _forward(function))
    for name, function in UNARY.items():
        setattr(Array, f"__{name}__", (lambda f: lambda x: f(x))(function))
    for name, function in METHODS.items():
        setattr(Array, name, function)
    for name, function in PROPERTIES.items():
        setattr(Array, name, property(function))
    Array.__getitem__ = views.part  # type: ignore[attr-defined]
    Array.__array_namespace__ = namespace.namespace_of  # type: ignore[attr-defined]
    Array.__array_ufunc__ = protocols.array_ufunc  # type: ignore[attr-defined]
    Array.__array_function__ = protocols.array_function  # type: ignore[attr-defined]
    Array.__dir__ = refusals.names_of  # type: ignore[method-assign]
    Array.__torch_function__ = classmethod(refusals.torch_function)  # type: ignore[attr-defined]
    Array.__setitem__ = views.assign  # type: ignore[attr-defined]


attach()
