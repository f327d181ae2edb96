"""A library's record with recorded arrays in the place of its own.

neo's operations and rules run on such a record as on any library, and write a program while they do. The
functions of a library that does not hand them over are written when they are looked up in its namespace.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from . import registry
from .record import Backend
from .recorded import WRITER, Recorded, bare, write
from .writing import Writer

# Made anew where they are used; other arrays that a rule creates become constants of the source.
_FILLED = ("zeros", "ones", "full", "empty")
_CREATED = ("asarray", "arange", "linspace", "eye", "empty_like")

# NumPy follows the standard in its own names, but for the settings of these.
_OTHER_IN_NUMPY = ("sort", "argsort")


class _Namespace:
    """A library's namespace, whose functions take recorded arrays and give such.

    space: as neo has it, of array_api_compat for some libraries. own: the library's own; None where
    it is the same, and does not hand its functions over.
    """

    def __init__(self, space: Any, own: Any, text: str) -> None:
        self._space, self._own, self._text = space, own, text

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._space, name)
        if isinstance(found, ModuleType):
            return _Namespace(found, getattr(self._own, name, None), f"{self._text}.{name}")
        if name in _FILLED:
            return partial(_filled, f"{self._text}.{name}", found)
        if name in _CREATED:
            return partial(_created, found)
        own = getattr(self._own, name, None)
        if self._text.startswith("np") and own is not None and name not in _OTHER_IN_NUMPY:
            found = own
        if (own is not None and own is found) or not callable(found) or isinstance(found, type):
            return found
        return partial(self._called, name, found)

    def _called(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not any(_recorded_in((args, kwargs))):
            return function(*args, **kwargs)
        if self._own is not None:  # a wrapper, which array_api_compat has for everyone
            writer = WRITER.get()
            writer.imports.add(f"import array_api_compat.{writer.base.name} as xp")
        return write(".".join(["xp", *self._text.split(".")[1:], name]), function, args, kwargs)


def _filled(
    name: str, create: Callable[..., Any], shape: Any, *fill: Any, dtype: Any = None, device: Any = None
) -> Any:
    """Return an array of one number, and write how it is made."""
    writer = WRITER.get()
    out = create(shape, *fill, dtype=dtype, device=device)
    usual = device is None or writer.base.device(out) == writer.base.devices()[0]
    settings = {"dtype": out.dtype} | ({} if usual else {"device": device})
    return writer.assigned(f"{name}({writer.arguments([tuple(out.shape), *fill], settings)})", out, ())


def _created(create: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return a created array as a constant of the source; one made of a recorded array as that."""
    x = args[0] if args else None
    if not isinstance(x, Recorded):
        return WRITER.get().constant(create(*args, **kwargs))
    if kwargs.get("dtype") not in (None, x.raw.dtype):
        raise NotImplementedError("an array is made of another one with another dtype")
    return _copied(x) if kwargs.get("copy") else x


def _recorded_in(value: Any) -> Iterable[bool]:
    if isinstance(value, tuple | list):
        for x in value:
            yield from _recorded_in(x)
    elif isinstance(value, dict):
        yield from _recorded_in(list(value.values()))
    else:
        yield isinstance(value, Recorded)


def _copied(x: Any) -> Any:
    """Return a copy that may be written into."""
    x = WRITER.get().constant(x)
    return x.clone() if hasattr(x.raw, "clone") else write("np.array", np.array, (x,), {})


def _put(x: Any, key: Any, value: Any) -> Any:
    out = _copied(x)
    out[key] = value
    return out


def _add_at(x: Any, key: Any, value: Any) -> Any:
    out = _copied(x)
    write("np.add.at", np.add.at, (out, key, value), {})
    return out


def _torch_put(x: Any, key: Any, value: Any) -> Any:
    out = _copied(x)
    flat, where = _places(out, key)
    flat[where] = _values(value, x, key)
    return out


def _torch_add_at(x: Any, key: Any, value: Any) -> Any:
    out = _copied(x)
    flat, where = _places(out, key)
    flat.index_add_(0, where, _values(value, x, key))
    return out


def _places(out: Any, key: Any) -> tuple[Any, Any]:
    """Return a tensor as a vector, and the positions in it that a key takes."""
    return out.view(-1), _positions(out, key).reshape(-1)


def _positions(x: Any, key: Any) -> Any:
    torch: Any = sys.modules["torch"]
    every = torch.arange(x.raw.numel(), device=x.raw.device).reshape(x.raw.shape)
    return registry.of(x).kernel("getitem")(WRITER.get().constant(every), key)


def _values(value: Any, x: Any, key: Any) -> Any:
    """Return the values written at a key as a vector."""
    shape = tuple(_positions(WRITER.get().constant(x), key).shape)
    value = WRITER.get().constant(value)
    while len(value.shape) > len(shape) and value.shape[0] == 1:
        value = value[0]
    torch: Any = sys.modules["torch"]
    return torch.broadcast_to(value, shape).reshape(-1)


def _getitem(x: Any, key: Any) -> Any:
    return WRITER.get().constant(x)[key]


def _at(method: str) -> Callable[[Any, Any, Any], Any]:
    """Return the function that sets or adds at a key, for arrays that cannot be written into."""

    def function(x: Any, key: Any, value: Any) -> Any:
        writer = WRITER.get()
        x = writer.constant(x)
        out = getattr(x.raw.at[bare(key)], method)(bare(value))
        text = f"{x.name}.at[{writer.key(key)}].{method}({writer.literal(value)})"
        return writer.assigned(text, out, (x, key, value))

    return function


def _on_host(*args: Any, **kwargs: Any) -> NoReturn:
    raise NotImplementedError("the library has no such function; neo goes by way of NumPy on the host")


# Kernels that make arrays of what they are given, or hang on its size; the rule itself is written instead.
_UNWRITTEN = ("gelu_backward", "number_like", "scatter", "softmax", "spread")
_KERNELS: dict[str, dict[str, Any]] = {
    "numpy": {"put": _put, "add_at": _add_at, "broadcast_to": np.broadcast_to},
    "torch": {"put": _torch_put, "add_at": _torch_add_at},
    "jax": {"getitem": _getitem, "put": _at("set"), "add_at": _at("add")},
}


@cache
def recording(base: Backend) -> Backend:
    """Return a library's record with recorded arrays in the place of its own."""
    kind = type(f"Recorded_{base.name}", (Recorded,), {"__slots__": ()})
    name = Writer.module(base.name)[0]
    hands_over = base.name in ("numpy", "torch")
    # Kernels that call a library which does not hand its functions over would not be written.
    kernels = {k: f for k, f in base.kernels.items() if k not in _UNWRITTEN}
    kernels = kernels if hands_over else {"getitem": _getitem}
    created = {k: partial(_created, base.kernels[k]) for k in _CREATED if k in base.kernels}
    record = replace(
        base,
        name=f"recorded {base.name}",
        xp=_Namespace(base.xp, sys.modules[base.name] if hands_over else None, name),
        arrays=(kind,),
        device=lambda x: base.device(x.raw),
        to_numpy=_on_host,
        detach=None,
        kernels=kernels | created | _KERNELS.get(base.name, {}),
    )
    registry.know(record, kind)
    return record


@contextmanager
def writing(base: Backend) -> Iterator[Writer]:
    """Give the Writer that recorded arrays of a library write to, for a block of code.

    >>> from neo import backends
    >>> with writing(backends.get("numpy")) as writer:
    ...     x = writer.input(np.ones(2), "x")
    ...     y = np.exp(x) * 2
    >>> print(writer.body([y]))
    v0 = np.exp(x)
    v1 = v0 * 2
    """
    writer = Writer(base, recording(base).arrays[0])
    token = WRITER.set(writer)
    try:
        yield writer
    finally:
        WRITER.reset(token)
