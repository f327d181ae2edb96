"""A tape's calls in words: what each took, gave and saved. It keeps no array alive."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..errors import short_name
from .array import Traced, bottom_of
from .kept import kept_by
from .places import Place
from .policy import several

# Where the columns may stand: a line of 100 characters holds a call, its type and its memory.
_WIDEST = 68


@dataclass(frozen=True, slots=True)
class Value:
    """An array as a call sees it. slot: where it stands on the tape; None for a constant."""

    slot: int | None
    shape: tuple[int, ...]
    dtype: str

    @property
    def type(self) -> str:
        """Its dtype and shape in short: `f32[64,256]`."""
        return f"{_short_dtype(self.dtype)}[{','.join([str(n) for n in self.shape])}]"

    def __str__(self) -> str:
        return self.type if self.slot is None else f"%{self.slot}"


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value on a tape, where it stands for the value."""

    number: int

    def __str__(self) -> str:
        return f"%{self.number}"


@dataclass(frozen=True, slots=True)
class Step:
    """What runs a call again: run(*operands, **settings) fills the slots `results`.

    operands and settings hold constants as they are, and a Slot for what an earlier call gave.
    """

    run: Callable[..., Any]
    operands: tuple[Any, ...]
    settings: dict[str, Any]
    results: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation.

    name: the operation's function. operands: a Value each, or the text of a Python number.
    settings: their texts by name. results: a Value each. kept: the bytes of every array that the
    call saved for the way back, by the array's identity while the tape was open.
    step: what runs the call again, on a tape of `neo.trace`. place: the line of the user's code.
    """

    name: str
    operands: tuple[Any, ...]
    settings: dict[str, str]
    results: tuple[Value, ...]
    kept: dict[int, int]
    step: Step | None = field(default=None, repr=False, compare=False)
    place: Place | None = field(default=None, repr=False, compare=False)

    @property
    def saved(self) -> int:
        """The bytes that the call saved."""
        return sum(self.kept.values())

    def __str__(self) -> str:
        results = ", ".join(["_" if r.slot is None else f"%{r.slot}" for r in self.results])
        arguments = [*map(str, self.operands), *[f"{k}={v}" for k, v in self.settings.items()]]
        return f"{results} = {self.name}({', '.join(arguments)})"


@dataclass(slots=True)
class Listing:
    """The program on a tape: inputs as (name, Value) pairs, calls in order, results.

    `print` shows one line per input and call, with type and memory, and the memory of all.
    """

    inputs: list[tuple[str, Value]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)

    def recorded(self, tape: Any, policy: Any, slots: Any, operands: Any, settings: Any, out: Any) -> None:
        """Add a call; the tape does, for every call that it records."""
        self.calls.append(described(policy, slots, operands, settings, out))

    @property
    def saved(self) -> int:
        """The bytes that all calls saved; an array that several saved counts once."""
        return sum({key: n for call in self.calls for key, n in call.kept.items()}.values())

    def __str__(self) -> str:
        rows = [(f"%{x.slot} = input {name}", x.type, "") for name, x in self.inputs]
        rows += [_row(call) for call in self.calls]
        wide, middle, right = [min(max([len(row[k]) for row in rows], default=0), _WIDEST) for k in range(3)]
        lines = [
            f"{text:<{wide}}  {kind:<{middle}}  {memory:>{right}}".rstrip() for text, kind, memory in rows
        ]
        returned = [f"return {', '.join(map(str, self.results))}"] if self.results else []
        return "\n".join([*lines, *returned, self._summary()])

    def value_in(self, slot: int) -> Value:
        """Return what is in a slot. Raises IndexError when nothing is."""
        values = [*[x for _, x in self.inputs], *[r for call in self.calls for r in call.results]]
        found = [x for x in values if x.slot == slot]
        if not found:
            raise IndexError(f"this tape has no slot {slot}; print it to see which there are")
        return found[0]

    def part(self, slots: slice) -> Listing:
        """Return the inputs and calls that filled some slots, as a listing of their own."""
        last = max([r.slot for call in self.calls for r in call.results if r.slot is not None], default=-1)
        last = max([last, *[x.slot for _, x in self.inputs if x.slot is not None]])
        chosen = set(range(last + 1)[slots])
        inputs = [(name, x) for name, x in self.inputs if x.slot in chosen]
        return Listing(inputs, [c for c in self.calls if chosen & {r.slot for r in c.results}])

    def _summary(self) -> str:
        each = sum([call.saved for call in self.calls])
        calls = f"{len(self.calls)} call{'' if len(self.calls) == 1 else 's'}"
        once = ", counting what several calls saved once" if each != self.saved else ""
        return f"{calls}, {in_bytes(self.saved) if self.saved else 'nothing'} saved{once}"


def _row(call: Call) -> tuple[str, str, str]:
    kinds = ", ".join([r.type for r in call.results])
    return str(call), kinds, f"{in_bytes(call.saved)} saved" if call.saved else ""


def value_of(x: Any, slot: int | None) -> Value:
    """Return what a listing says of an array."""
    return Value(slot, tuple(x.shape), short_name(x.dtype))


def described(policy: Any, slots: Any, operands: Any, settings: dict[str, Any], out: Any) -> Call:
    """Return a call that has just been recorded in words. out: its results as they left it."""
    results = [value_of(x, x.slot if isinstance(x, Traced) else None) for x in several(out)]
    has_slot = any([r.slot is not None for r in results])
    kept = kept_by(policy) if has_slot else []
    return call_of(policy, slots, operands, settings, results, kept)


def call_of(
    policy: Any,
    slots: Iterable[int | None],
    operands: Iterable[Any],
    settings: dict[str, Any],
    results: Iterable[Value],
    kept: Iterable[Any],
) -> Call:
    """Return a call of a Policy in words.

    policy: the instance. operands: what stands one tape down, beside their slots.
    kept: whatever the call holds on to for the way back, arrays among it.
    """
    pairs = zip(operands, slots, strict=True)
    return Call(
        name=name_of(type(policy)),
        operands=tuple([value_of(x, slot) if _is_array(x) else in_words(x) for x, slot in pairs]),
        settings=_shown(policy, settings),
        results=tuple(results),
        kept=bytes_of(kept),
    )


def name_of(policy: type) -> str:
    """Return what its function is called, or its own name in that style: `ScaledMLP` -> `scaled_mlp`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", policy.__name__)
    # Its own label, not that of a built-in that it extends.
    return vars(policy).get("title") or vars(policy).get("label") or words.strip("_").lower()


def _shown(policy: Any, settings: dict[str, Any]) -> dict[str, str]:
    """Return the settings worth a word: those that differ from forward's defaults and are not off."""
    parameters = inspect.signature(policy.value_and_saved or policy.forward).parameters
    usual = {name: repr(p.default) for name, p in parameters.items()}
    return {
        name: in_words(x)
        for name, x in settings.items()
        if x is not None and x is not False and repr(x) != usual.get(name)
    }


def bytes_of(kept: Iterable[Any]) -> dict[int, int]:
    """Return the bytes of the arrays among values and containers of values, by identity."""
    return {id(x): size_in_bytes(value_of(x, None)) for x in arrays_in(list(kept))}


def arrays_in(kept: Any) -> list[Any]:
    """Return the library's arrays among values and containers of values."""
    x = bottom_of(kept)
    if isinstance(x, tuple | list | dict):
        return [found for y in (x.values() if isinstance(x, dict) else x) for found in arrays_in(y)]
    return [x] if _is_array(x) else []


def _is_array(x: Any) -> bool:
    # Not a class: numpy.float32, which names a dtype, has both attributes too.
    return hasattr(x, "shape") and hasattr(x, "dtype") and not isinstance(x, type)


def size_in_bytes(value: Value) -> int:
    """Return how many bytes the elements of an array take."""
    # By the dtype's name, which every library spells alike: float32, complex64, bool.
    bits = int("".join([c for c in value.dtype if c.isdigit()]) or 8)
    count = 1
    for length in value.shape:
        count *= length
    return count * bits // 8


def in_bytes(n: int) -> str:
    """Return a size as a person reads it, in units of 1024: `64.0 kB`."""
    if n < 1024:
        return f"{n} B"
    size, units = n / 1024, ["kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.1f} {units[0]}"


_SHORT = {"float": "f", "bfloat": "bf", "complex": "c", "int": "i", "uint": "u"}


def _short_dtype(name: str) -> str:
    word = name.rstrip("0123456789")
    return _SHORT[word] + name[len(word) :] if word in _SHORT else name


def in_words(x: Any) -> str:
    """Return a setting or a number in a few characters; an array by its type alone."""
    if isinstance(x, Slot):
        return str(x)
    x = bottom_of(x)
    if isinstance(x, tuple | list):
        inside = ", ".join(map(in_words, x))
        return f"[{inside}]" if isinstance(x, list) else f"({inside},)" if len(x) == 1 else f"({inside})"
    if isinstance(x, slice):
        return ":".join(["" if k is None else str(k) for k in (x.start, x.stop)]) + _step(x)
    if x is Ellipsis:
        return "..."
    if _is_array(x):
        return value_of(x, None).type
    if isinstance(x, float):
        return f"{x:.6g}"
    text = repr(x) if isinstance(x, int | complex | str | None) else getattr(x, "__name__", str(x))
    text = short_name(x) if "dtype" in type(x).__name__.lower() else text
    return text if len(text) <= 40 else text[:37] + "..."


def _step(x: slice) -> str:
    return "" if x.step is None else f":{x.step}"
