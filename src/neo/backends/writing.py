"""The source that recorded arrays write: lines, literals and constants."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

# More elements than this are written as the bytes of the array.
_SMALL = 32


@dataclass(frozen=True)
class Line:
    """A line of source. makes, uses: variables. Without `makes` it is kept: it changes or checks."""

    text: str
    makes: tuple[str, ...]
    uses: tuple[str, ...]


class Writer:
    """The lines, constants and imports of one program. base: the library's record."""

    def __init__(self, base: Any, kind: Any) -> None:
        self.base, self.kind = base, kind
        self.lines: list[Line] = []
        self.constants: dict[str, str] = {}
        self.imports = {"import math", "import numpy as np", self.module(base.name)[1]}
        self.count = 0
        self.note = ""

    @staticmethod
    def module(backend: str) -> tuple[str, str]:
        """Return what a library is called in the source, and the statement that imports it."""
        name = {"numpy": "np", "torch": "torch"}.get(backend, "xp")
        module = {"jax": "jax.numpy"}.get(backend, backend)
        return name, f"import {module}" if name == module else f"import {module} as {name}"

    def input(self, raw: Any, name: str) -> Any:
        """Return a recorded array for an argument of the program."""
        return self.kind(raw, name)

    def constant(self, raw: Any) -> Any:
        """Return a recorded array for one that the program takes from outside."""
        if isinstance(raw, self.kind):
            return raw
        made = self._made(raw)
        name = self.constants.setdefault(made, f"c{len(self.constants)}")
        return self.kind(raw, name)

    def _made(self, raw: Any) -> str:
        """Return an expression that makes an array with the same bits."""
        host = np.asarray(raw if isinstance(raw, np.ndarray) else self.base.to_numpy(raw))
        dtype = f"np.{host.dtype.name}" if host.dtype != bool else "bool"
        if not host.size:
            text = f"np.zeros({host.shape!r}, dtype={dtype})"
        elif host.ndim == 1 and host.dtype.kind == "i" and np.array_equal(host, np.arange(host.size)):
            text = f"np.arange({host.size}, dtype={dtype})"
        elif host.size <= _SMALL and np.all(np.isfinite(host)):
            text = f"np.array({host.tolist()!r}, dtype={dtype})"
        else:
            self.imports.add("import base64")
            data = _bytes(host)
            text = f"np.frombuffer(base64.b64decode({data!r}), dtype={dtype}).reshape({host.shape!r}).copy()"
        if isinstance(raw, np.ndarray | np.generic):
            return text
        name = self.module(self.base.name)[0]
        return f"{name}.asarray({text}, dtype={self.literal(raw.dtype)})"

    def assigned(self, text: str, out: Any, used: Any) -> Any:
        """Write the line that makes a value, and return it as recorded arrays."""
        known = [x for x in self._in(used) if x.raw is out]
        if known or out is None:  # made in place
            self.statement(text, used)
            return known[0] if known else None
        if _is_array(out):
            return self._named(text, [out], used, "")[0]
        if isinstance(out, tuple | list) and out and all([_is_array(x) for x in out]):
            made = self._named(text, list(out), used, "," * (len(out) == 1))
            return type(out)(*made) if hasattr(out, "_fields") else type(out)(made)
        if isinstance(out, bool):
            self.statement(f"assert {text} is {out}", used)
        return out

    def _named(self, text: str, outs: list[Any], used: Any, comma: str) -> list[Any]:
        names = [f"v{self.count + k}" for k in range(len(outs))]
        self.count += len(outs)
        self._append(f"{', '.join(names)}{comma} = {text}", tuple(names), used)
        return [self.kind(x, name) for x, name in zip(outs, names, strict=True)]

    def statement(self, text: str, used: Any) -> None:
        """Write a line that changes an array or checks a value."""
        self._append(text, (), used)

    def _append(self, text: str, makes: tuple[str, ...], used: Any) -> None:
        comment = f"  # {self.note}" if self.note else ""
        self.note = ""
        self.lines.append(Line(text + comment, makes, tuple([x.name for x in self._in(used)])))

    def _in(self, value: Any) -> Iterable[Any]:
        if isinstance(value, self.kind):
            yield value
        elif isinstance(value, tuple | list | dict):
            for x in value.values() if isinstance(value, dict) else value:
                yield from self._in(x)

    def body(self, results: list[Any]) -> str:
        """Return the lines that the results need."""
        wanted = {x.name for x in self._in(results)}
        kept: list[str] = []
        for line in reversed(self.lines):
            if not line.makes or wanted & set(line.makes):
                wanted |= set(line.uses)
                kept.append(line.text)
        return "\n".join(reversed(kept))

    def arguments(self, args: Any, kwargs: Any) -> str:
        """Return the arguments of a call in words."""
        named = [f"{name}={self.literal(x)}" for name, x in kwargs.items()]
        return ", ".join([*map(self.literal, args), *named])

    def key(self, key: Any) -> str:
        """Return an index as it stands between brackets."""
        if isinstance(key, tuple):
            return ", ".join(map(self._part, key)) + ("," if len(key) == 1 else "") if key else "()"
        return self._part(key)

    def _part(self, part: Any) -> str:
        if not isinstance(part, slice):
            return self.literal(part)
        ends = ["" if x is None else self.literal(x) for x in (part.start, part.stop)]
        return ":".join(ends) + ("" if part.step is None else f":{self.literal(part.step)}")

    def literal(self, x: Any) -> str:
        """Return a value as Python source. Raises NotImplementedError for one that has none."""
        if isinstance(x, self.kind):
            return str(x.name)
        if isinstance(x, slice):
            return f"slice({x.start!r}, {x.stop!r}, {x.step!r})"
        if isinstance(x, tuple | list):
            inside = ", ".join(map(self.literal, x))
            return f"[{inside}]" if isinstance(x, list) else f"({inside}{',' * (len(x) == 1)})"
        if isinstance(x, dict):
            return "{" + ", ".join([f"{k!r}: {self.literal(v)}" for k, v in x.items()]) + "}"
        if _is_array(x):
            return str(self.constant(x).name)
        return self._scalar(x)

    def _scalar(self, x: Any) -> str:
        if isinstance(x, float | complex) and not isinstance(x, np.generic):
            plain = x if isinstance(x, float) else x.real + x.imag
            return repr(x) if math.isfinite(plain) else f"float({str(x)!r})"
        if x is Ellipsis:
            return "..."
        if x is None or isinstance(x, bool | int | str):
            return repr(x)
        if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
            return f"np.dtype({np.dtype(x).name!r})"
        if isinstance(x, type) and x in (bool, int, float, complex):
            return x.__name__
        if type(x).__module__.partition(".")[0] == "torch":
            kind = type(x).__name__
            return f"torch.device({str(x)!r})" if kind == "device" else str(x)
        if type(x).__name__ == "Device":
            return repr(x).replace(type(x).__module__.partition(".")[0], self.module(self.base.name)[0])
        if "dtype" in type(x).__name__.lower():
            return f"{self.module(self.base.name)[0]}.{str(x).rpartition('.')[2]}"
        raise NotImplementedError(f"{x!r} has no source")


def _is_array(x: Any) -> bool:
    return hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, type | np.dtype)


def _bytes(host: np.ndarray) -> str:
    import base64

    return base64.b64encode(np.ascontiguousarray(host).tobytes()).decode()
