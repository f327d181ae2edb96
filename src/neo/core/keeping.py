"""Results that a checkpoint keeps, so that the function's second run need not compute them.

The tapes of a checkpointed run become `Keeping` for its duration. They number the calls of which
each is the newest tape. In the first run a keeper holds on to the results that it wants; in a
second run those calls are made again from what was kept: their saved operands and results are
replaced by those of the second run, which have the same values but may be traced by other tapes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from .array import Array, Plain, Traced, beneath, bottom_of, box
from .call import recorded
from .kept import attributes
from .listing import bytes_of, name_of
from .policy import Policy, each, library_of_all, new_context, several
from .tape import NOTHING, Tape

Number = tuple[int, int]  # a tape's level, and how many calls came before


@dataclass(frozen=True, slots=True)
class Computed:
    """A call that a keeper may keep the result of.

    name: the operation's. operands, results: their shapes. bytes: what keeping it takes.
    policy: its class.
    """

    name: str
    operands: tuple[tuple[int, ...], ...]
    results: tuple[tuple[int, ...], ...]
    bytes: int
    policy: type[Policy]


class _Forgotten:
    """The entry of a call inside a segment whose result should not be seen outside."""

    __slots__ = ()
    slots = ()

    def pull(self, g: Any) -> NoReturn:
        raise RuntimeError(
            "an array that a checkpointed function computed is used outside of it, though the function "
            "did not return it; its calls are forgotten. Return it from the function."
        )


FORGOTTEN = _Forgotten()


class Dropping(Tape):
    """A tape that counts its calls and keeps none."""

    __slots__ = ()

    def append(self, entry: Any) -> None:
        """Add a slot, without what is in it."""
        list.append(self, FORGOTTEN)


class Keeping(Tape):
    """A tape whose calls are numbered, and may be made from what an earlier run kept."""

    __slots__ = ()
    records = False

    def append(self, entry: Any) -> None:
        """Add an entry; the first run's are not needed."""
        list.append(self, entry if self.keeper.again else FORGOTTEN)

    def apply(
        self, policy: Any, operands: list[Any], settings: dict[str, Any], wanted: Any, raw: Any
    ) -> tuple[Any, Any]:
        """Record a call, asking the keeper below every tape."""
        keeper = self.keeper
        bottom = keeper.enter(self.level)
        if bottom is None:
            return recorded(self, policy, operands, settings, wanted, raw)
        try:
            found = recorded(self, policy, operands, settings, wanted, bottom)
            raw[:] = bottom
            return found
        finally:
            keeper.inside = False


class Keeper:
    """What one checkpointed run keeps.

    choose(number, computed): returns the numbers of the calls to forget, this one perhaps among
    them. again: whether the function runs for a second time.
    """

    def __init__(self, choose: Callable[[Number, Computed], list[Number]]) -> None:
        self.choose = choose
        self.kept: dict[Number, _Kept] = {}
        self.start(again=False)

    def start(self, again: bool) -> None:
        """Begin a run of the function."""
        self.again, self.inside = again, False
        self.counts: dict[int, int] = {}

    def enter(self, level: int) -> Bottom | None:
        """Return what runs the next call of a tape; None while a call that it is part of runs."""
        if self.inside:
            return None
        self.inside = True
        self.counts[level] = self.counts.get(level, -1) + 1
        return Bottom(self, (level, self.counts[level]))

    def offer(self, number: Number, kept: _Kept, computed: Computed) -> None:
        """Keep the result of a call if it is wanted, perhaps instead of others."""
        self.kept[number] = kept
        for other in self.choose(number, computed):
            del self.kept[other]


class Bottom(list[Any]):
    """The operands of a call below every tape, where a keeper runs its forward or knows the result."""

    def __init__(self, keeper: Keeper, number: Number) -> None:
        super().__init__()
        self.keeper, self.number = keeper, number

    def run(self, instance: Policy, settings: dict[str, Any]) -> Any:
        """Return forward's result, and leave the instance as forward does."""
        keeper = self.keeper
        if keeper.again and self.number in keeper.kept:
            return keeper.kept[self.number].refill(instance, self, settings)
        result = instance.run(self, settings, new_context(type(instance)))
        if not keeper.again:
            kept = _Kept(instance, self, settings, result)
            keeper.offer(self.number, kept, _computed(instance, self, kept))
        return result


@dataclass(frozen=True, slots=True)
class _Place:
    """Stands for a setting, result k or operand k among what a call saved."""

    source: str
    key: Any
    boxed: bool


class _Kept:
    """The result of a call, and what its instance saved, without its operands and settings."""

    __slots__ = ("result", "context", "attributes")

    def __init__(self, instance: Policy, operands: list[Any], settings: dict[str, Any], result: Any) -> None:
        self.result = result
        sources = {"settings": settings.items(), "results": enumerate(several(result))}
        places = {id(x): (source, key) for source, pairs in sources.items() for key, x in pairs}
        # Last: an operand that forward returned as it is counts as the operand.
        places |= {id(x): ("operands", k) for k, x in enumerate(operands)}

        def without(value: Any) -> Any:
            place = places.get(id(bottom_of(value)))
            return value if place is None else _Place(*place, isinstance(value, Array))

        self.context = _replaced(without, vars(instance.ctx))
        self.attributes = _replaced(without, attributes(instance))

    def refill(self, instance: Policy, operands: list[Any], settings: dict[str, Any]) -> Any:
        """Leave an instance as forward would, and return the result."""
        sources: dict[str, Any] = {
            "operands": operands,
            "results": several(self.result),
            "settings": settings,
        }

        def filled(value: Any) -> Any:
            if type(value) is not _Place:
                return value
            x = sources[value.source][value.key]
            return box(x) if value.boxed else x

        instance.ctx = new_context(type(instance))
        vars(instance.ctx).update(_replaced(filled, self.context))
        vars(instance).update(_replaced(filled, self.attributes))
        if instance.bare:
            instance.xp = library_of_all(operands).raw
        return self.result


def _replaced(function: Callable[[Any], Any], value: Any) -> Any:
    """Apply a function to a value and, where it leaves a container as it is, to what stands in it."""
    new = function(value)
    if new is not value:
        return new
    if isinstance(value, dict):
        return {key: _replaced(function, x) for key, x in value.items()}
    if isinstance(value, list):
        return [_replaced(function, x) for x in value]
    return each(lambda x: _replaced(function, x), value) if isinstance(value, tuple) else value


def _computed(instance: Policy, operands: list[Any], kept: _Kept) -> Computed:
    shapes = [tuple([tuple(getattr(x, "shape", ())) for x in xs]) for xs in (operands, several(kept.result))]
    held = bytes_of([kept.result, kept.context, kept.attributes])
    policy = type(instance)
    return Computed(name_of(policy), shapes[0], shapes[1], sum(held.values()), policy)


def set_up(tape: Tape, kind: type[Tape], keeper: Keeper | None) -> None:
    """Make a tape one of a kind, or Keeping for a keeper: that knows of calls only if none is lean."""
    if keeper is None or kind not in (Tape, Dropping):
        tape.__class__ = kind
        return
    tape.__class__ = Keeping
    tape.keeper, tape.usual, tape.library, tape.lean = keeper, None, NOTHING, False
    # A checkpoint inside makes it a recording tape again, on which arrays from before are Plain.
    tape.flat = False


def seen(x: Any) -> Any:
    """Return a traced array such that calls of it can be seen: none that is Plain."""
    if type(x) is Array:
        return box(x.held)
    if not isinstance(x, Traced):
        return x
    new = object.__new__(Traced if type(x) is Plain else type(x))
    new.held, new.shape, new.tape, new.slot = beneath(x), x.shape, x.tape, x.slot
    return new
