"""PyTorch's tensors, without PyTorch's autograd: CPU, CUDA and MPS devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch

from . import torch_convolution, torch_fft, torch_functions, torch_special
from .record import Backend
from .standard import is_basic


def devices() -> list[str]:
    """Return the names of the devices that this build of PyTorch finds."""
    found = ["cpu"] + [f"cuda:{k}" for k in range(torch.cuda.device_count())]
    return found + (["mps"] if torch.backends.mps.is_available() else [])


def to_numpy(raw: torch.Tensor) -> np.ndarray:
    """Return the tensor's values on the host; NumPy has no bfloat16, so that becomes float32."""
    raw = raw.detach().resolve_conj().resolve_neg().cpu()
    values: np.ndarray = (raw.float() if raw.dtype is torch.bfloat16 else raw).numpy()
    return values


def asarray(values: Any, /, **settings: Any) -> torch.Tensor:
    """Return a tensor; a NumPy array that no tensor can share, read-only or reversed, is copied."""
    if isinstance(values, np.ndarray) and not (
        values.flags.writeable and min(values.strides, default=0) >= 0
    ):
        values = values.copy()
    return xp.asarray(values, **settings)


class Quiet:
    """A context without PyTorch's own autograd, as `torch.no_grad`, which takes twice as long."""

    __slots__ = ("before",)

    def __enter__(self) -> None:
        self.before = torch.is_grad_enabled()
        torch.set_grad_enabled(False)

    def __exit__(self, *error: object) -> None:
        torch.set_grad_enabled(self.before)


def synchronize(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device.startswith("mps"):
        torch.mps.synchronize()


def number_like(x: torch.Tensor, number: Any) -> torch.Tensor:
    """Return a number as a 0-d tensor like x."""
    try:
        return x.new_full((), number)
    except RuntimeError:  # beyond the dtype, where it is infinite
        return torch.asarray(number, dtype=x.dtype, device=x.device)


# Numbers as 0-d tensors, by dtype: of the wide ones, in which both are rounded alike.
_CONSTANTS: dict[torch.dtype, dict[float, torch.Tensor]] = {torch.float32: {}, torch.float64: {}}
_MOST_CONSTANTS = 1024


def constant(x: torch.Tensor, number: float) -> Any:
    """Return a number as a 0-d tensor, which an operator on a CPU takes in half of the time.

    -0.0 is 0.0 to a dictionary, and NaN nothing: those stay numbers.
    """
    known = _CONSTANTS.get(x.dtype) if type(x) is torch.Tensor and x.is_cpu else None
    if known is None:
        return number
    found = known.get(number)
    return _new_constant(known, x.dtype, number) if found is None else found


def _new_constant(known: dict[float, torch.Tensor], dtype: torch.dtype, number: float) -> Any:
    if not number or number != number or abs(number) > _LARGEST:
        return number
    if len(known) >= _MOST_CONSTANTS:
        known.clear()
    made = torch.from_numpy(np.asarray(number, "float32" if dtype is torch.float32 else "float64"))
    # A mode of PyTorch, one of fake tensors say, may make another, which is not to outlive it.
    return known.setdefault(number, made) if type(made) is torch.Tensor else number


# An integer or a float beyond it is infinite in float32, and PyTorch may say so in its own words.
_LARGEST = 1e38


def _key(key: Any, device: Any) -> Any:
    """Return the key with NumPy's index arrays as tensors on the device.

    Integers beside arrays are arrays for NumPy but not for PyTorch, which matters where a slice
    stands between them: the axis of the arrays then comes first.
    """
    if not isinstance(key, tuple):
        return torch.as_tensor(key, device=device) if isinstance(key, np.ndarray) else key
    keys = [_key(k, device) for k in key]
    axes = max([k.ndim for k in keys if isinstance(k, torch.Tensor)], default=0)
    if not axes:
        return tuple(keys)
    return tuple([torch.full((1,) * axes, k, device=device) if type(k) is int else k for k in keys])


def _consumed(k: Any) -> int:
    """Return how many axes of an array one part of a key takes."""
    if k is None or k is Ellipsis or isinstance(k, bool):
        return 0
    is_mask = getattr(k, "dtype", None) in (torch.bool, np.dtype(bool))
    return int(k.ndim) if is_mask else 1


def _flipped(x: torch.Tensor, key: Any) -> tuple[torch.Tensor, Any]:
    """Return x and key such that no slice has a negative step, which tensors refuse."""
    keys = key if isinstance(key, tuple) else (key,)
    steps = [isinstance(k, slice) and k.step is not None and k.step < 0 for k in keys]
    if not any(steps):
        return x, key
    axes, out, axis = [], [], 0
    taken = sum([_consumed(k) for k in keys])
    for k, negative in zip(keys, steps, strict=True):
        if negative:
            n = x.shape[axis]
            positions = range(n)[k]
            axes.append(axis)
            start, stop = n - 1 - positions.start, n - 1 - positions.stop
            k = slice(start, stop, -k.step) if len(positions) else slice(0, 0)
        out.append(k)
        axis += x.ndim - taken if k is Ellipsis else _consumed(k)
    return torch.flip(x, axes), tuple(out)


def getitem(x: torch.Tensor, key: Any) -> torch.Tensor:
    """Return x[key], negative steps included."""
    return part(x, key) if is_basic(key) else _general_part(x, key)


def _general_part(x: torch.Tensor, key: Any) -> torch.Tensor:
    x, key = _flipped(x, key)
    return x[_key(key, x.device)]


def part(x: torch.Tensor, key: Any) -> torch.Tensor:
    """Return x[key] for a key that holds no arrays."""
    if type(key) is tuple and key.count(Ellipsis) > 1:  # which tensors take
        raise IndexError("'...' stands twice in the index, and may stand once")
    try:
        return x[key]
    except ValueError:  # a negative step, which tensors refuse
        return _general_part(x, key)


def add_part(x: torch.Tensor, key: Any, g: torch.Tensor) -> None:
    """Add g to x[key], in place; the key holds no arrays."""
    try:
        x[key].add_(g)
    except ValueError:  # a negative step, which tensors refuse
        x.add_(scatter(g, tuple(x.shape), key))


def _in_range(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Return a function whose error for an index out of range is an IndexError, as it is elsewhere."""

    def checked(x: torch.Tensor, indices: torch.Tensor, *, axis: int) -> torch.Tensor:
        try:
            return function(x, indices, axis % x.ndim)
        except RuntimeError as error:
            if "out of" not in str(error):
                raise
            raise IndexError(f"an index is out of range for axis {axis} of shape {tuple(x.shape)}") from error

    return checked


def _taken(x: torch.Tensor, indices: torch.Tensor, axis: int) -> torch.Tensor:
    """Return what take does; index_select knows no negative index, and on a CPU says so."""
    if x.device.type == "cpu":
        try:
            return torch.index_select(x, axis, indices)
        except (RuntimeError, IndexError):  # which of them hangs on the axis
            pass
    positions = torch.where(indices < 0, indices + x.shape[axis], indices).long()
    return torch.index_select(x, axis, positions)


def _taken_along(x: torch.Tensor, indices: torch.Tensor, axis: int) -> torch.Tensor:
    """Return what take_along_axis does; PyTorch's own take_along_dim wraps what is out of range."""
    n, m = x.shape[axis], indices.shape[axis]
    others = [[*y.shape[:axis], 1, *y.shape[axis + 1 :]] for y in (x, indices)]
    shape = list(torch.broadcast_shapes(*others))
    before, after = shape[:axis], shape[axis + 1 :]
    positions = torch.where(indices < 0, indices + n, indices).long().expand(*before, m, *after)
    return torch.gather(x.expand(*before, n, *after), axis, positions)


def _stretched(value: Any, x: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Return value like x, broadcast to a shape; as in NumPy it may have more axes of length 1."""
    value = torch.as_tensor(value, dtype=x.dtype, device=x.device)
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value[0]
    return torch.broadcast_to(value, shape)


def _is_view(key: Any) -> bool:
    """Tell whether x[key] is a view of x."""
    keys = key if isinstance(key, tuple) else (key,)
    return all(
        [
            (type(k) is slice and (k.step is None or k.step > 0))
            or k is None
            or k is Ellipsis
            or type(k) is int
            for k in keys
        ]
    ) and (keys.count(Ellipsis) < 2)


def put(x: torch.Tensor, key: Any, value: Any) -> torch.Tensor:
    """Return a copy of x with x[key] = value."""
    if _is_view(key):
        out = x.clone(memory_format=torch.contiguous_format)
        part = out[key]
        part.copy_(_stretched(value, x, part.shape))
        return out
    positions = torch.arange(x.numel(), device=x.device).reshape(x.shape)
    where = getitem(positions, key)
    where, values = where.reshape(-1), _stretched(value, x, where.shape).reshape(-1)
    out = x.clone(memory_format=torch.contiguous_format)
    out.view(-1)[where] = values if _in_order(where, key) else _last(where, values, x.numel())
    return out


# More elements than this are written by several threads.
_PARALLEL = 32768


def _in_order(where: torch.Tensor, key: Any) -> bool:
    """Tell whether of values written at one position the last is sure to stay, or there is only one."""
    is_mask = bool(getattr(key, "dtype", None) == torch.bool)
    return is_mask or bool(where.device.type == "cpu" and where.numel() <= _PARALLEL)


def _last(where: torch.Tensor, values: torch.Tensor, size: int) -> torch.Tensor:
    """Return values in which those for one position are all the last of them."""
    numbers = torch.arange(where.numel(), device=where.device)
    last = torch.zeros(size, dtype=numbers.dtype, device=where.device)
    last.scatter_reduce_(0, where, numbers, "amax")
    return values[last[where]]


def scatter(g: torch.Tensor, shape: tuple[int, ...], key: Any) -> torch.Tensor:
    """Return zeros of a shape with g added at key: the gradient of indexing."""
    out = torch.zeros(shape, dtype=g.dtype, device=g.device)
    if is_basic(key):
        try:
            out[key] = g
            return out
        except ValueError:  # a negative step, which tensors refuse
            pass
    return _add_into(out, key, g)


def add_at(x: torch.Tensor, key: Any, value: Any) -> torch.Tensor:
    """Return a copy of x with value added at key; positions given twice add up."""
    return _add_into(x.clone(memory_format=torch.contiguous_format), key, value)


def _add_into(out: torch.Tensor, key: Any, value: Any) -> torch.Tensor:
    """Add a value to a contiguous tensor at a key, and return the tensor."""
    if _is_view(key):
        part = out[key]
        part.add_(_stretched(value, out, part.shape))
        return out
    rows = _rows(key, out)
    if rows is not None:
        axis, where = rows
        before, after = out.shape[:axis], out.shape[axis + 1 :]
        value = _stretched(value, out, torch.Size([*before, *where.shape, *after]))
        return out.index_add_(axis, where.reshape(-1), value.reshape(*before, where.numel(), *after))
    positions = torch.arange(out.numel(), device=out.device).reshape(out.shape)
    where = getitem(positions, key)
    out.view(-1).index_add_(0, where.reshape(-1), _stretched(value, out, where.shape).reshape(-1))
    return out


def _rows(key: Any, x: torch.Tensor) -> tuple[int, torch.Tensor] | None:
    """Return the axis and the positions of a key that takes all of the other axes there; None of another.

    Of a table of a million rows the gradient of a few is found without a number for every element.
    """
    keys = key if type(key) is tuple else (key,)
    places = [k for k, part in enumerate(keys) if not (type(part) is slice and part == slice(None))]
    part = keys[places[0]] if len(places) == 1 else None
    if not isinstance(part, torch.Tensor | np.ndarray) or not part.ndim:
        return None
    (axis,) = places
    where = torch.as_tensor(part, device=x.device)
    if where.dtype is torch.bool:
        return None
    where = where.long()
    return axis, torch.where(where < 0, where + x.shape[axis], where)


def solve_triangular(a: Any, b: Any, *, lower: bool, unit_diagonal: bool) -> torch.Tensor:
    """Return the x for which a @ x = b, reading one triangle of a."""
    return torch.linalg.solve_triangular(a, b, upper=not lower, unitriangular=unit_diagonal)


def lu_factor(a: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return L and U packed, and the row that each row was exchanged with, counted from 0."""
    lu, pivots, _ = torch.linalg.lu_factor_ex(a)  # a singular matrix has L and U too
    return lu, pivots.long() - 1


def std(x: torch.Tensor, axis: Any, correction: float, keepdims: bool) -> torch.Tensor:
    """Return the standard deviation for any correction; array-api-compat refuses 1.5, PyTorch does not."""
    if axis == ():
        return torch.zeros_like(x)
    axes = tuple(range(x.ndim)) if axis is None else axis
    return torch.std(x, axes, correction=correction, keepdim=keepdims)


KERNELS: dict[str, Any] = {
    "asarray": asarray,
    "getitem": getitem,
    "part": part,
    "ones_like": torch.ones_like,
    "zeros_like": torch.zeros_like,
    "number_like": number_like,
    "add_part": add_part,
    "joined": torch.complex,
    "put": put,
    "add_at": add_at,
    "scatter": scatter,
    "take": _in_range(_taken),
    "take_along_axis": _in_range(_taken_along),
    "einsum": lambda *operands, subscripts: torch.einsum(subscripts, *operands),
    "fft": torch_fft,
    "erf": torch.erf,
    "std": std,
    "solve_triangular": solve_triangular,
    "lu_factor": lu_factor,
    **torch_functions.KERNELS,
    **torch_convolution.KERNELS,
}


def load() -> Backend:
    """Return the record of PyTorch."""
    return Backend(
        name="torch",
        xp=xp,
        arrays=(torch.Tensor,),
        devices=devices,
        device=lambda raw: str(raw.device),
        to_device=lambda raw, name: raw.to(name),
        creation_device=torch.device,
        to_numpy=to_numpy,
        quiet=Quiet,
        detach=lambda raw: raw.detach() if raw.requires_grad else raw,
        synchronize=synchronize,
        constant=constant,
        special=torch_special.KERNELS.get,
        writes=True,
        # Not of its storage: the tensors of torch.func have none that can be asked for.
        memory=lambda raw: id(raw if raw._base is None else raw._base),
        stretched=lambda raw: raw._base is not None and 0 in raw.stride(),
        kernels=KERNELS,
    )
