"""Creation functions, on the backend and device in use or on those that the caller names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backends
from ..core.array import Array, Traced, bottom_of, box, raw_of, unbox
from ..core.dtypes import differentiable
from ..core.following import read
from ..core.policy import is_raw, library_of_all
from ..errors import describe
from .broadcasting import astype, broadcast_to
from .conversion import to
from .manipulation import stack


def _created(
    name: str, values: tuple[Any, ...], dtype: Any, device: Any, backend: Any, **settings: Any
) -> Array:
    """Return what the standard's creation function of that name makes, where the caller says."""
    library, place = backends.resolve(backend, device)
    create = library.kernel(name)
    values = tuple([read(v) for v in values])
    dtype = library.dtype(dtype)
    try:
        return box(create(*values, dtype=dtype, device=library.place(place), **settings))
    except Exception as error:
        given = ", ".join([*map(repr, values), *[f"{k}={v!r}" for k, v in settings.items()]])
        raise _refused(f"{name}({given})", error) from error


def _refused(call: str, error: Exception) -> Exception:
    """Return the error for a call that a library refused: numbers that are none, negative lengths."""
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{call} makes no array: {error}. Lengths are integers from 0, values are numbers")


def _documented(function: Callable[..., Array]) -> Callable[..., Array]:
    """Add to a creation function's text what all of them share."""
    function.__doc__ = (function.__doc__ or "").rstrip() + _WHERE
    return function


_WHERE = """

    dtype: a dtype of any library, its name, or None for the default. device: a device's name.
    backend: a backend's name. Without either the array is made where `neo.backends.use` says, else
    on NumPy. Returns an Array. Raises ValueError for a device or backend that is not there.
    """


@_documented
def zeros(shape: Any, *, dtype: Any = None, device: Any = None, backend: Any = None) -> Array:
    """Return an array of zeros of a shape. It has no gradient."""
    return _created("zeros", (shape,), dtype, device, backend)


@_documented
def ones(shape: Any, *, dtype: Any = None, device: Any = None, backend: Any = None) -> Array:
    """Return an array of ones of a shape. It has no gradient."""
    return _created("ones", (shape,), dtype, device, backend)


@_documented
def empty(shape: Any, *, dtype: Any = None, device: Any = None, backend: Any = None) -> Array:
    """Return an array of a shape with whatever its memory holds, without a gradient."""
    return _created("empty", (shape,), dtype, device, backend)


@_documented
def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
    backend: Any = None,
) -> Array:
    """Return a matrix with ones on diagonal k, counted upwards, else zeros.

    It has no gradient.
    """
    return _created("eye", (n_rows, n_cols), dtype, device, backend, k=k)


@_documented
def arange(
    start: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    backend: Any = None,
) -> Array:
    """Return start, start + step, ... short of stop; of one number, from 0.

    Gradient: to start and step, if they are traced; stop has none.
    """
    device, backend = _beside((start, stop, step), device, backend)
    out = _created("arange", (start, stop, step), dtype, device, backend)
    traced = stop is not None and (isinstance(start, Traced) or isinstance(step, Traced))
    if not traced or not differentiable(out.dtype):
        return out
    places = arange(out.shape[0], dtype=out.dtype, device=out.device, backend=out.backend)
    return asarray(start + step * places, dtype=out.dtype)


def _beside(values: tuple[Any, ...], device: Any, backend: Any) -> tuple[Any, Any]:
    """Return the device and backend that the caller names, else those of an array among the values."""
    arrays = [x for x in values if isinstance(x, Array) or (is_raw(x) and not isinstance(x, np.generic))]
    if device is not None or backend is not None or not arrays:
        return device, backend
    raw = bottom_of(arrays[0])
    library = backends.of(raw)
    return library.device(raw), library.name


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, backend: Any = None) -> Array:
    """Return an array of a shape that holds one value.

    fill_value: a number, or an array that broadcasts to the shape. dtype, device, backend: as for
    `zeros`. Gradient: to the value, if it is traced. Raises TypeError for what is no number.

    >>> full((2, 2), 0.5).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if isinstance(fill_value, Array):
        # A copy where broadcasting would give the value itself.
        copy = True if fill_value.shape == shape else None
        value = asarray(fill_value, dtype=dtype, device=device, backend=backend, copy=copy)
        return box(broadcast_to(value, shape))
    if isinstance(fill_value, str):
        raise TypeError(f"full: expected a number, got {describe(fill_value)}")
    return _created("full", (shape, fill_value), dtype, device, backend)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    backend: Any = None,
    endpoint: bool = True,
) -> Array:
    """Return num evenly spaced numbers from start to stop, or short of it.

    start, stop: numbers or arrays, which broadcast; the new axis is the first. endpoint: whether stop
    is the last. dtype, device, backend: as for `zeros`.
    Gradient: to start and stop, if they are traced.

    >>> linspace(0, 1, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    device, backend = _beside((start, stop), device, backend)
    if isinstance(start, Traced) or isinstance(stop, Traced):
        out = _spaced(start, stop, num, endpoint)
        return asarray(out, dtype=dtype, device=device, backend=backend)
    return _created("linspace", (start, stop, num), dtype, device, backend, endpoint=endpoint)


def _spaced(start: Any, stop: Any, num: int, endpoint: bool) -> Array:
    """Return what linspace makes of traced ends, by operations that have a gradient."""
    like = start if isinstance(start, Traced) else stop
    dtype = like.dtype if differentiable(like.dtype) else None
    steps = linspace(0, 1, num, dtype=dtype, device=like.device, backend=like.backend, endpoint=endpoint)
    axes = max([getattr(x, "ndim", 0) for x in (start, stop)])
    steps = steps[(..., *[None] * axes)]
    return start * (1 - steps) + stop * steps


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, backend: Any = None, copy: bool | None = None
) -> Array:
    """Return numbers, nested lists of them, or any library's array as an Array.

    An array stays in its library and on its device unless backend or device say otherwise.
    copy: True always copies, False never (ValueError when it would have to), None if needed.
    Gradient: to traced arrays, on their own or in a list.
    Raises TypeError for what is no array, number or list of them.

    >>> import numpy as np
    >>> asarray(np.ones(2))
    neo.Array([1., 1.], shape=(2,), dtype=float64, backend=numpy, device=cpu)
    """
    if isinstance(obj, list | tuple):
        return _from_sequence(obj, dtype, device, backend)
    if isinstance(obj, Array) or (is_raw(obj) and backends.is_array(obj)):
        return _from_array(obj, dtype, device, backend, copy)
    library, place = backends.resolve(backend, device)
    if not isinstance(obj, bool | int | float | complex):
        obj = _through_numpy(obj, library)
    return box(library.asarray(obj, dtype, place))


def array(
    obj: Any, /, *, dtype: Any = None, device: Any = None, backend: Any = None, copy: Any = True
) -> Array:
    """Return what `asarray` does, as a copy: writes into it are not seen in obj."""
    return asarray(obj, dtype=dtype, device=device, backend=backend, copy=copy)


def _through_numpy(obj: Any, library: backends.Backend) -> np.ndarray:
    try:
        values = np.asarray(obj)
    except ValueError as error:
        raise ValueError(f"asarray: nested lists of one length each were expected: {error}") from error
    if values.dtype.kind not in ("biufcO" if library.holds_objects else "biufc"):
        raise TypeError(f"expected an array, a number or nested lists of numbers, got {describe(obj)}")
    return values


def _from_array(obj: Any, dtype: Any, device: Any, backend: Any, copy: bool | None) -> Array:
    out = to(box(obj), backend=backend, device=device)
    library = backends.of(bottom_of(out))
    if dtype is not None and library.dtype(dtype) != out.dtype:
        if copy is False:
            raise ValueError(f"asarray(copy=False) cannot change the dtype {out.dtype} to {dtype}")
        return astype(out, library.dtype(dtype))
    if copy and bottom_of(out) is bottom_of(obj):
        out = +out if isinstance(unbox(out), Traced) else box(library.xp.asarray(raw_of(out), copy=True))
    return out


def _from_sequence(obj: Any, dtype: Any, device: Any, backend: Any) -> Array:
    arrays = [x for x in _leaves(obj) if isinstance(x, Array) or backends.is_array(x)]
    if not arrays:
        library, place = backends.resolve(backend, device)
        values = _through_numpy(obj, library).tolist() if dtype is None else list(obj)
        return box(library.asarray(values, dtype, place))
    like = bottom_of(arrays[0])
    name, place = library_of_all((like,)).name, library_of_all((like,)).device(like)
    out = _stacked(obj, name, place)
    return _from_array(out, dtype, device, backend, None)


def _leaves(obj: Any) -> Any:
    for x in obj:
        if isinstance(x, list | tuple):
            yield from _leaves(x)
        else:
            yield x


def _stacked(obj: Any, backend: str, device: str) -> Array:
    if isinstance(obj, list | tuple):
        return box(stack([_stacked(x, backend, device) for x in obj]))
    return asarray(obj, backend=backend, device=device) if not isinstance(obj, Array) else obj


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None, backend: Any = None) -> Array:
    """Return an array that shares memory with x, any object with `__dlpack__`.

    There is no gradient.
    """
    if isinstance(x, Array) or backends.is_array(x):
        return asarray(x, device=device, backend=backend, copy=copy)
    library, place = backends.resolve(backend, device)
    return box(library.xp.from_dlpack(x, device=library.place(place), copy=copy))


def _like(create: Callable[..., Array], x: Any, values: tuple[Any, ...], dtype: Any, device: Any) -> Any:
    """Return what a creation function makes with the shape, dtype, library and device of x."""
    raw = bottom_of(x)
    library = library_of_all((raw,))
    out = create(
        tuple(x.shape),
        *values,
        dtype=raw.dtype if dtype is None else dtype,
        device=library.device(raw) if device is None else device,
        backend=library.name,
    )
    return out if isinstance(x, Array) or isinstance(out, Traced) else out.held


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Return zeros with the shape, dtype, library and device of x, or those given.

    The values of x do not matter, so it gets no gradient.
    """
    return _like(zeros, x, (), dtype, device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Return ones with the shape, dtype, library and device of x, or those given.

    The values of x do not matter, so it gets no gradient.
    """
    return _like(ones, x, (), dtype, device)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array like x with whatever its memory holds. There is no gradient."""
    return _like(empty, x, (), dtype, device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array like x that holds one value.

    Gradient: to the value, if it is traced.
    """
    return _like(full, x, (fill_value,), dtype, device)
