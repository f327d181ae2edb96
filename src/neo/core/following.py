"""The tape of `neo.trace`: it follows every value, those without a gradient too, so it can run again.

On any other tape a comparison of traced arrays is an array off the tape. Here it has a slot like
every result, so that the program knows where a condition, an index or a label came from. Where
Python looks at a value (`if x > 0`, `int(x)`), the program notes a guard: what was seen there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .. import backends
from .array import Array, Batched, Traced, beneath, bottom_of, box, raw_of, unbox
from .call import call
from .dtypes import differentiable
from .listing import Call, Listing, Slot, Step, Value, described, in_words, value_of
from .places import here
from .policy import Policy, each, inside, several
from .tape import NOTHING, Tape


class Followed(Traced):
    """A traced array on a tape that can run again."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return bool(seen(self, "__bool__"))


class Stopped(Followed):
    """A followed value from which no gradient goes further, so that anyone may look at it."""

    __slots__ = ()


def seen(x: Traced, method: str, *args: Any, **settings: Any) -> Any:
    """Return what a method of an array tells of its value, and note that it was asked."""
    value = getattr(Array, method)(x, *args, **settings)
    x.tape.program.guards.append(Guard(len(x.tape.program.calls), x.slot, method, value))
    return value


def read(x: Any) -> Any:
    """Return the library's own array that x is, for a function that computes from its values unseen.

    Where a tape follows, it notes the values, so that it refuses to run again with others.
    """
    y = x
    while isinstance(y, Traced):
        if isinstance(y.tape, FollowingTape):
            seen(y, "numpy")
            break
        y = beneath(y)
    return raw_of(x)


def _open(method: str) -> Callable[..., Any]:
    return lambda self, *args, **settings: seen(self, method, *args, **settings)


for _name in ("numpy", "item", "tolist", "__array__", "__float__", "__int__", "__complex__", "__index__"):
    setattr(Stopped, _name, _open(_name))


def _dlpack(self: Stopped, **settings: Any) -> Any:
    seen(self, "numpy")
    return Array.__dlpack__(self, **settings)


Stopped.__dlpack__ = _dlpack  # type: ignore[assignment, method-assign]


@dataclass(frozen=True, slots=True)
class Guard:
    """What Python saw of a slot, before call number `before`: what `method` of the array gave."""

    before: int
    slot: int
    method: str
    value: Any


class Program(Listing):
    """A listing that holds what running it again takes: functions, constants and guards.

    derived: the slot of a value without a gradient by the identity of its library's array; what
    takes such arrays bare, an index say, is told from a constant by it. It is forgotten on closing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.guards: list[Guard] = []
        # How the function's arguments and result belong to the slots, and what was measured.
        self.interface: Any = None
        self.profile: Any = None
        self.derived: dict[int, tuple[Any, int]] = {}

    def recorded(self, tape: Any, policy: Any, slots: Any, operands: Any, settings: Any, out: Any) -> None:
        """Add a call of a Policy."""
        known = [x if slot is None else Slot(slot) for x, slot in zip(operands, slots, strict=True)]
        step = self.step(partial(_call, type(policy)), known, settings, out)
        words = described(policy, slots, self.named(list(operands)), step.settings, out)
        self.calls.append(replace(words, step=step, place=here()))

    def add(self, name: str, step: Step, results: tuple[Value, ...]) -> None:
        """Add a call of a function without a gradient."""
        operands, settings = map(in_words, step.operands), step.settings.items()
        shown = {key: in_words(x) for key, x in settings if x is not None and x is not False}
        self.calls.append(Call(name, tuple(operands), shown, results, {}, step, here()))

    def step(
        self, run: Callable[..., Any], operands: Sequence[Any], settings: dict[str, Any], out: Any
    ) -> Step:
        """Return what runs a call again."""
        outs = several(out)
        results = tuple([x.slot if isinstance(x, Traced) else None for x in outs])
        return Step(run, tuple(self.named(list(operands))), self.named(settings), results)

    def named(self, values: Any) -> Any:
        """Return values with a Slot in the place of every array that was derived from an input."""
        return inside(self._named, values)

    def _named(self, x: Any) -> Any:
        known = self.derived.get(id(bottom_of(x)))
        return x if known is None else Slot(known[1])


class FollowingTape(Tape):
    """A tape whose log is a Program, or has one first."""

    __slots__ = ()

    @property
    def program(self) -> Program:
        """The program that is being recorded."""
        found: Program = self.log if isinstance(self.log, Program) else self.log.each[0]
        return found

    def trace(self, value: Any, entry: Any = NOTHING) -> Any:
        """Record an entry; a value without a gradient gets a slot as well."""
        if not differentiable(value.dtype):
            return self._on(Stopped(), value, NOTHING)
        x = self._on(Followed(), value, entry)
        if entry is NOTHING and self.program.inputs:
            # Something off the tape was written into an array that is on it.
            self._add("constant", _same, [value], {}, x)
        return x

    def _on(self, x: Any, value: Any, entry: Any) -> Any:
        if isinstance(x, Stopped):
            raw = bottom_of(value)
            self.program.derived[id(raw)] = raw, len(self)
        # What has no gradient leaves an outer tape in a box.
        x.held, x.shape, x.tape, x.slot = unbox(value), tuple(value.shape), self, len(self)
        self.append(entry)
        return x

    def constant(self, value: Any) -> Any:
        """Return an array from outside with a slot of its own, so that what is taken of it is followed."""
        own = value[...]  # see `follow`
        x = self._on(Followed() if differentiable(value.dtype) else Stopped(), own, NOTHING)
        self._add("constant", _same, [value], {}, x)
        return x

    def follow(self, function: Any, operands: Sequence[Any], settings: dict[str, Any], out: Any) -> Any:
        """Return results without a gradient as followed ones, and note the call that made them."""
        given = [bottom_of(x) for x in operands]
        # An array of its own, which its identity tells from a constant of the same values.
        own = each(lambda value: value[...] if any([value is x for x in given]) else value, out)
        result = each(lambda value: self._on(Stopped(), value, NOTHING), own)
        known = [self._own(x) for x in operands]
        called = function.args[0] if isinstance(function, partial) else function
        name = called if isinstance(called, str) else called.__name__
        self._add(name, function, known, settings, result)
        return result

    def _own(self, x: Any) -> Any:
        """Return an operand as this tape knows it: its slot, or a constant."""
        while isinstance(x, Traced) and x.tape is not self:
            x = x.held
        return Slot(x.slot) if isinstance(x, Traced) else x.held if type(x) is Array else x

    def _add(self, name: str, run: Any, operands: list[Any], settings: dict[str, Any], out: Any) -> None:
        step = self.program.step(run, operands, settings, out)
        outs = several(out)
        self.program.add(name, step, tuple([value_of(x, x.slot) for x in outs]))


def _call(policy: type[Policy], *operands: Any, **settings: Any) -> Any:
    return call(policy, operands, settings)


def _same(x: Any) -> Any:
    return x


def _following(operands: Iterable[Any], through: bool = False) -> FollowingTape | None:
    """Return the tape that follows, among the tapes of operands and those below them.

    through: whether to look below a batch. A call there is followed when it is made one level down.
    """
    for x in operands:
        while isinstance(x, Traced) and (through or type(x) is not Batched):
            if isinstance(x.tape, FollowingTape):
                return x.tape
            x = beneath(x)
    return None


def followed(x: Any, key: Any) -> Any:
    """Return x on the tape that follows an index, so that what stands there is no constant of the program.

    key: an index, or a tuple of them.
    """
    tape = _following(key if isinstance(key, tuple) else (key,), through=True)
    below = unbox(x)
    if tape is None or not hasattr(below, "dtype"):
        return x
    traced = below
    while isinstance(traced, Traced):
        if traced.tape is tape:
            return x
        traced = beneath(traced)
    if below is traced:
        return tape.constant(below)
    # One of a newer tape, or a batched one, of a constant.
    library = backends.of(traced)
    return x * tape.constant(library.asarray(1, traced.dtype, library.device(traced)))


def without_gradient(
    function: Callable[..., Any], operands: Sequence[Any], settings: dict[str, Any], out: Any
) -> Any:
    """Return a result that has no gradient, boxed if an operand is.

    out: the library's own arrays, which function(*operands, **settings) is made of. Where a tape
    follows, the result is on it.
    """
    if not any([isinstance(x, Array) for x in operands]):
        return out
    tape = _following(operands)
    if any([type(x) is Batched and x.tape.level > tape.level for x in several(out)] if tape else []):
        tape = None  # it was followed below the batch
    return each(box, out) if tape is None else tape.follow(function, operands, settings, out)
