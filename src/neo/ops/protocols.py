"""NumPy's and SciPy's own functions called on neo's arrays: `np.sin(x)` is `neo.numpy.sin(x)`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from .. import backends, tree
from ..backends.numpy_protocols import arguments_of, name_of
from ..core.array import Array, Traced, raw_of
from ..errors import describe
from .conversion import copied
from .views import permute_dims, squeeze

_found: dict[Any, Callable[..., Any] | None] = {}
# What ufuncs do beside being called, as functions of neo.
_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}
# Their results have no gradient, so they may look at the values.
_OF_VALUES = frozenset(
    ("allclose", "array_equal", "can_cast", "iscomplexobj", "isclose", "isrealobj", "ndim", "shape", "size")
)


def array_ufunc(self: Array, ufunc: Any, method: str, *operands: Any, **settings: Any) -> Any:
    """Return what a ufunc gives: neo's function of its name."""
    function = _function(ufunc)
    if function is None or settings or method != "__call__":
        return _other(function, ufunc, method, operands, settings)
    return function(*operands)


def _other(function: Any, ufunc: Any, method: str, operands: Any, settings: dict[str, Any]) -> Any:
    if method == "reduce" and ufunc.__name__ in _REDUCTIONS:
        reduce = getattr(import_module("neo.numpy"), _REDUCTIONS[ufunc.__name__])
        axis, keepdims = settings.pop("axis", 0), settings.pop("keepdims", False)
        if all([value is None for value in settings.values()]):
            return reduce(*operands, axis=axis, keepdims=keepdims)
    what = f"{ufunc.__name__}.{method}" if method != "__call__" else f"{ufunc.__name__}"
    asked = f" with {', '.join(settings)}" if settings else ""
    arrays = " and ".join([describe(x) for x in operands])
    raise TypeError(
        f"NumPy's {what}{asked} of {arrays} has no counterpart in neo. Use the functions of neo.numpy, or a "
        f"Policy for a kernel of your own; an array of NumPy's cannot hold the result of a traced one"
    )


def array_function(self: Array, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Return what a NumPy function gives: neo's function of its name, with its arguments."""
    own = _ADAPTED.get(function.__name__) or _function(function)
    if own is not None and function.__name__ not in _OF_VALUES:
        return own(*args, **kwargs) if function.__name__ in _ADAPTED else _called(own, function, args, kwargs)
    traced = [x for x in _arrays((args, kwargs)) if isinstance(x, Traced)]
    if traced and function.__name__ not in _OF_VALUES:
        raise TypeError(
            f"NumPy's {function.__name__} has no counterpart in neo, and NumPy's own would lose the gradient "
            f"of a traced array ({describe(traced[0])}). Use the functions of neo.numpy, or "
            f"neo.stop_gradient(x) first if the value is a constant here"
        )
    args, kwargs = tree.map(_values, (args, kwargs))
    return function(*args, **kwargs)


def _function(function: Any) -> Callable[..., Any] | None:
    """Return neo's function for one of NumPy's or SciPy's, None if there is none."""
    if function not in _found:
        place = name_of(function)
        module = place and import_module("neo.numpy" if place[0] == "numpy" else f"neo.{place[0]}")
        _found[function] = getattr(module, place[1], None) if place else None
    return _found[function]


def _called(own: Callable[..., Any], function: Any, args: Any, kwargs: Any) -> Any:
    """Call neo's function with NumPy's arguments: arrays in order, settings by name."""
    given = arguments_of(function, args, kwargs)
    parameters = inspect.signature(own).parameters.values()
    if any([p.kind is p.VAR_POSITIONAL for p in parameters]):
        return own(*args, **kwargs)
    # Arrays are positional in neo; a default that was left out would shift what is not.
    count = max(len([p for p in parameters if p.kind is p.POSITIONAL_ONLY]), 1)
    leading, settings = [value for _, value in given[:count]], dict(given[count:])
    unknown = set(settings) - {p.name for p in parameters}
    unknown = set() if any([p.kind is p.VAR_KEYWORD for p in parameters]) else unknown
    if unknown:
        raise TypeError(
            f"NumPy's {function.__name__} with {', '.join(sorted(unknown))} has no counterpart in neo; "
            f"neo.numpy.{own.__name__} takes {', '.join([p.name for p in parameters])}"
        )
    return own(*leading, **settings)


def _arrays(values: Any) -> Iterable[Any]:
    return [x for x in tree.flatten(values)[0] if isinstance(x, Array)]


def _values(x: Any) -> Any:
    """Return an array's values as NumPy's; anything else as it is."""
    raw = raw_of(x)
    return backends.of(raw).to_numpy(raw) if isinstance(x, Array) else x


def _transposed(a: Any, axes: Any = None) -> Any:
    return permute_dims(a, tuple(range(a.ndim))[::-1] if axes is None else tuple(axes))


def _squeezed(a: Any, axis: Any = None) -> Any:
    return squeeze(a, tuple([k for k, n in enumerate(a.shape) if n == 1]) if axis is None else axis)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    linalg = import_module("neo.linalg")
    if axis is None and (ord is None or x.ndim == 1):
        return linalg.vector_norm(x, ord=2 if ord is None else ord, keepdims=keepdims)
    if (axis is None and x.ndim == 2) or (isinstance(axis, tuple) and len(axis) == 2):
        moved = x if axis is None else import_module("neo.numpy").moveaxis(x, axis, (-2, -1))
        return linalg.matrix_norm(moved, ord="fro" if ord is None else ord, keepdims=keepdims)
    return linalg.vector_norm(x, ord=2 if ord is None else ord, axis=axis, keepdims=keepdims)


# NumPy's functions that neo has by other arguments.
_ADAPTED: dict[str, Callable[..., Any]] = {
    "copy": lambda a, order="K", subok=False: copied(a),
    "norm": _norm,
    "squeeze": _squeezed,
    "transpose": _transposed,
}
