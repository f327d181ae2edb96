"""Arrays that write down what is done to them, as Python source of their library.

`recording(backend)` gives a library's record with such arrays in the place of its own, so that neo's
operations and rules run on them as on any library. What they do is done at once, and written as a
line `v3 = np.matmul(v1, v2)`. NumPy and PyTorch hand their functions over by their own protocols
(`__array_ufunc__`, `__array_function__`, `__torch_function__`); functions of another library are
written when they are looked up in its namespace.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache, partial
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from . import registry
from .record import Backend
from .writing import Writer

_writing: ContextVar[Writer] = ContextVar("writing")


class Recorded:
    """An array of a library and the name of the variable that holds it in the source."""

    __slots__ = ("raw", "name")

    def __init__(self, raw: Any, name: str) -> None:
        self.raw, self.name = raw, name

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **settings: Any) -> Any:
        name = _ufunc_name(ufunc) + ("" if method == "__call__" else f".{method}")
        return write(name, getattr(ufunc, method), operands, settings)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        module = function.__module__.replace("numpy", "np", 1)
        return write(f"{module}.{function.__name__}", function, args, kwargs)

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return write(_torch_name(function), function, args, kwargs or {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self.raw, name)
        if callable(found):
            return lambda *args, **kwargs: write(f"{self.name}.{name}", found, args, kwargs, self)
        return _writing.get().assigned(f"{self.name}.{name}", found, (self,)) if is_array(found) else found

    def __getitem__(self, key: Any) -> Any:
        writer = _writing.get()
        out = self.raw[bare(key)]
        return writer.assigned(f"{self.name}[{writer.key(key)}]", out, (self, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        writer = _writing.get()
        self.raw[bare(key)] = bare(value)
        writer.statement(f"{self.name}[{writer.key(key)}] = {writer.literal(value)}", (self, key, value))

    def __len__(self) -> int:
        return len(self.raw)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.looked_at("bool", bool(self.raw)))

    def __int__(self) -> int:
        return int(self.looked_at("int", int(self.raw)))

    def __index__(self) -> int:
        return int(self.looked_at("int", operator.index(self.raw)))

    def __float__(self) -> float:
        value = float(self.raw)
        if sys._getframe(1).f_globals.get("__name__") != "neo.backends.torch_functions":
            return float(self.looked_at("float", value))
        # Those kernels ask a loss whether it is NaN; its value does not matter to them.
        _writing.get().statement(f"assert math.isnan(float({self.name})) is {math.isnan(value)}", (self,))
        return value

    def looked_at(self, how: str, value: Any) -> Any:
        """Return what Python saw of a value, and write that the program is right only for this."""
        _writing.get().statement(f"assert {how}({self.name}) == {value!r}", (self,))
        return value

    def __array_namespace__(self, *, api_version: Any = None) -> Any:
        return registry.of(self).xp

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("NumPy would take the array out of the program")

    __hash__ = object.__hash__


def _operator(name: str, text: str) -> None:
    """Give Recorded an operator, its reflection and its form in place."""
    function = getattr(operator, f"__{name}__")

    def forward(x: Recorded, y: Any) -> Any:
        return _infix(function, text, x, y)

    def reflected(x: Recorded, y: Any) -> Any:
        return _infix(function, text, y, x)

    setattr(Recorded, f"__{name}__", forward)
    if hasattr(operator, f"__i{name}__"):
        setattr(Recorded, f"__r{name}__", reflected)
        setattr(Recorded, f"__i{name}__", _in_place(getattr(operator, f"__i{name}__"), text))


def _in_place(function: Any, text: str) -> Callable[[Recorded, Any], Recorded]:
    def method(x: Recorded, y: Any) -> Recorded:
        x.raw = function(x.raw, bare(y))
        writer = _writing.get()
        writer.statement(f"{x.name} {text}= {writer.literal(y)}", (x, y))
        return x

    return method


def _infix(function: Any, text: str, x: Any, y: Any) -> Any:
    writer = _writing.get()
    out = function(bare(x), bare(y))
    return writer.assigned(f"{writer.literal(x)} {text} {writer.literal(y)}", out, (x, y))


def _prefix(name: str, text: str) -> None:
    function = getattr(operator, f"__{name}__")
    setattr(
        Recorded,
        f"__{name}__",
        lambda x: _writing.get().assigned(text.format(x.name), function(x.raw), (x,)),
    )


for _name, _text in {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "matmul": "@", "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
}.items():  # fmt: skip
    _operator(_name, _text)
for _name, _text in {"neg": "-{}", "pos": "+{}", "invert": "~{}", "abs": "abs({})"}.items():
    _prefix(_name, _text)


def bare(value: Any) -> Any:
    """Return a value with the library's own arrays in the place of recorded ones."""
    if isinstance(value, Recorded):
        return value.raw
    if isinstance(value, tuple | list):
        items = [bare(x) for x in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return {k: bare(x) for k, x in value.items()} if isinstance(value, dict) else value


def is_array(x: Any) -> bool:
    """Tell whether x is a library's own array."""
    return hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, type | np.dtype)


def write(name: str, function: Callable[..., Any], args: Any, kwargs: Any, owner: Any = None) -> Any:
    """Call a function, or a method of owner, on the arrays themselves, and write the call."""
    writer = _writing.get()
    out = function(*bare(args), **bare(kwargs))
    return writer.assigned(f"{name}({writer.arguments(args, kwargs)})", out, (owner, args, kwargs))


def _ufunc_name(ufunc: Any) -> str:
    name: str = ufunc.__name__
    if getattr(np, name, None) is ufunc:
        return f"np.{name}"
    special = sys.modules.get("scipy.special")
    if getattr(special, name, None) is ufunc:
        _writing.get().imports.add("import scipy.special")
        return f"scipy.special.{name}"
    raise NotImplementedError(f"{ufunc!r} is a function of neither NumPy nor SciPy")


def _torch_name(function: Any) -> str:
    torch: Any = sys.modules["torch"]
    if isinstance(function, torch._ops.OpOverload | torch._ops.OpOverloadPacket):
        return f"torch.ops.{function}"
    name = torch.overrides.resolve_name(function)
    if name is None and getattr(torch, function.__name__, None) == function:
        name = f"torch.{function.__name__}"
    if name is None:
        raise NotImplementedError(f"{function!r} has no public name")
    return str(name)


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
            writer = _writing.get()
            writer.imports.add(f"import array_api_compat.{writer.base.name} as xp")
        return write(".".join(["xp", *self._text.split(".")[1:], name]), function, args, kwargs)


def _filled(
    name: str, create: Callable[..., Any], shape: Any, *fill: Any, dtype: Any = None, device: Any = None
) -> Any:
    """Return an array of one number, and write how it is made."""
    writer = _writing.get()
    out = create(shape, *fill, dtype=dtype, device=device)
    usual = device is None or writer.base.device(out) == writer.base.devices()[0]
    settings = {"dtype": out.dtype} | ({} if usual else {"device": device})
    return writer.assigned(f"{name}({writer.arguments([tuple(out.shape), *fill], settings)})", out, ())


def _created(create: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return a created array as a constant of the source; one made of a recorded array as that."""
    x = args[0] if args else None
    if not isinstance(x, Recorded):
        return _writing.get().constant(create(*args, **kwargs))
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
    x = _writing.get().constant(x)
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
    return registry.of(x).kernel("getitem")(_writing.get().constant(every), key)


def _values(value: Any, x: Any, key: Any) -> Any:
    """Return the values written at a key as a vector."""
    shape = tuple(_positions(_writing.get().constant(x), key).shape)
    value = _writing.get().constant(value)
    while len(value.shape) > len(shape) and value.shape[0] == 1:
        value = value[0]
    torch: Any = sys.modules["torch"]
    return torch.broadcast_to(value, shape).reshape(-1)


def _getitem(x: Any, key: Any) -> Any:
    return _writing.get().constant(x)[key]


def _at(method: str) -> Callable[[Any, Any, Any], Any]:
    """Return the function that sets or adds at a key, for arrays that cannot be written into."""

    def function(x: Any, key: Any, value: Any) -> Any:
        writer = _writing.get()
        x = writer.constant(x)
        out = getattr(x.raw.at[bare(key)], method)(bare(value))
        text = f"{x.name}.at[{writer.key(key)}].{method}({writer.literal(value)})"
        return writer.assigned(text, out, (x, key, value))

    return function


def _on_host(*args: Any, **kwargs: Any) -> NoReturn:
    raise NotImplementedError("the library has no such function; neo goes by way of NumPy on the host")


# Kernels that make arrays of what they are given, or hang on its size; the rule itself is written instead.
_UNWRITTEN = ("gelu_backward", "scatter", "softmax")
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
    token = _writing.set(writer)
    try:
        yield writer
    finally:
        _writing.reset(token)
