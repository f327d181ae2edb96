"""Arrays that write down what is done to them, as Python source of their library.

What is done to them is done at once, and written as a line `v3 = np.matmul(v1, v2)`. NumPy and PyTorch
hand their functions over by their own protocols (`__array_ufunc__`, `__array_function__`,
`__torch_function__`); `recording` sees to the functions of other libraries.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NoReturn

import numpy as np

from . import registry
from .writing import Writer

WRITER: ContextVar[Writer] = ContextVar("writing")


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
        return WRITER.get().assigned(f"{self.name}.{name}", found, (self,)) if is_array(found) else found

    def __getitem__(self, key: Any) -> Any:
        writer = WRITER.get()
        out = self.raw[bare(key)]
        return writer.assigned(f"{self.name}[{writer.key(key)}]", out, (self, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        writer = WRITER.get()
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
        WRITER.get().statement(f"assert math.isnan(float({self.name})) is {math.isnan(value)}", (self,))
        return value

    def looked_at(self, how: str, value: Any) -> Any:
        """Return what Python saw of a value, and write that the program is right only for this."""
        WRITER.get().statement(f"assert {how}({self.name}) == {value!r}", (self,))
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
        writer = WRITER.get()
        writer.statement(f"{x.name} {text}= {writer.literal(y)}", (x, y))
        return x

    return method


def _infix(function: Any, text: str, x: Any, y: Any) -> Any:
    writer = WRITER.get()
    out = function(bare(x), bare(y))
    return writer.assigned(f"{writer.literal(x)} {text} {writer.literal(y)}", out, (x, y))


def _prefix(name: str, text: str) -> None:
    function = getattr(operator, f"__{name}__")
    setattr(
        Recorded,
        f"__{name}__",
        lambda x: WRITER.get().assigned(text.format(x.name), function(x.raw), (x,)),
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
    writer = WRITER.get()
    out = function(*bare(args), **bare(kwargs))
    return writer.assigned(f"{name}({writer.arguments(args, kwargs)})", out, (owner, args, kwargs))


def _ufunc_name(ufunc: Any) -> str:
    name: str = ufunc.__name__
    if getattr(np, name, None) is ufunc:
        return f"np.{name}"
    special = sys.modules.get("scipy.special")
    if getattr(special, name, None) is ufunc:
        WRITER.get().imports.add("import scipy.special")
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
