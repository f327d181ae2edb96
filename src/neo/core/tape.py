"""The tape: a list of calls over integer slots, and the walk back along it.

A slot is the index of the entry that filled it, so the list is in topological order by itself and
the gradients are a list too. The inputs come first. An entry is
- a tuple of two links (pull, slot, saved, pull, slot, saved) for an elementwise call, where
  pull(g, saved) is the gradient of the operand in that slot, or g itself where pull is None; the
  second is None, None, None when one operand is traced,
- a list [slopes, slots, saved] for a call of a Policy that has `slopes`: slopes(g, *saved) returns
  a gradient or None for each of the slots,
- a Taken for a part of an array, `x[key]`: its gradient is added to that part alone,
- a Policy for every other call: `policy.pull(g)` returns a gradient or None for each of its `slots`,
- NOTHING where no gradient goes further: an input, or a function whose derivative is zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, NoReturn

from .. import backends
from ..errors import short_name
from .array import Plain, Traced, bottom_of, box
from .dtypes import REAL, differentiable, kind
from .pieces import Pieces, stretch

_levels = count(1)


class _Nothing:
    """The entry of a slot from which no gradient goes further."""

    __slots__ = ()
    slots = ()

    def pull(self, g: Any) -> tuple[()]:
        return ()


NOTHING = _Nothing()


class Taken(tuple[Any, ...]):
    """The entry of x[key] for a key that holds no arrays: (pull, slot, saved).

    saved: the shape of x and the key. pull(g, saved) is the gradient of all of x, a new array.
    """

    __slots__ = ()


class Tape(list[Any]):
    """The calls of one run of one function: a list of entries, as the module says.

    level: a tape opened later has a higher level; among the operands of a call the newest tape
    records, which is all that nested derivatives need.
    usual: the dtype, and `library` the backend, that this tape's Plain arrays have.
    log: what is told of every call that is recorded, a Listing for `neo.trace`, or None.
    rules: the Policies that take another's place, by that other (see `core/replacing.py`), or None.
    zero_wins: whether a zero gradient stays zero through an infinite slope (see `value_and_grad`).
    keeper: what a checkpoint keeps of this tape's calls (see `core.keeping`), or None.
    flat: whether every Plain array on it holds a library's own array, not one of an outer tape.
    lean: whether elementwise calls may take the lean path, which knows of none of these.
    records: whether calls are put on the list; a kind of tape that does something else with a call
    (push tangents, say) says False and brings `apply`.
    """

    __slots__ = ("level", "usual", "library", "log", "owner", "zero_wins", "rules", "keeper", "lean", "flat")
    records = True

    def __init__(self, log: Any = None, zero_wins: bool = False, rules: Any = None) -> None:
        self.flat = True
        self.zero_wins = zero_wins
        self.rules = rules
        self.lean = log is None and rules is None and not zero_wins
        self.level = next(_levels)
        self.usual: Any = None
        # Not None: that is what a class unknown to the registry has for a library.
        self.library: Any = NOTHING
        self.log = log
        self.owner = ""
        self.keeper: Any = None

    def __str__(self) -> str:
        return repr(self) if self.log is None else str(self.log)

    def __repr__(self) -> str:
        count = len(self if self.log is None else self.log.calls)
        state = f"closed, from {self.owner}" if self.owner else "open"
        return f"<neo tape of {count} calls, {state}>"

    def trace(self, value: Any, entry: Any = NOTHING) -> Any:
        """Record an entry; return its result, `value` one tape down, as a traced array.

        A result that can have no gradient is not recorded: it is returned off the tape.
        """
        # Nearly every result is the first case, so it is written out.
        if backends.BY_TYPE.get(type(value)) is self.library and value.dtype == self.usual:
            x: Traced = Plain()
        elif self._is_usual(value):
            x = Plain()
        elif differentiable(value.dtype):
            x = Traced()
        else:
            return box(value)
        x.held, x.shape, x.tape, x.slot = value, tuple(value.shape), self, len(self)
        self.append(entry)
        return x

    def enter(self, values: Sequence[Any]) -> list[Any]:
        """Trace values, the inputs; what has no gradient becomes an Array, off the tape."""
        entered: list[Any] = [self.trace(value) for value in values[:1]]
        usual = type(values[0]) if entered and type(entered[0]) is Plain else None
        for value in values[1:]:
            if type(value) is usual and value.dtype == self.usual:
                # `trace`, written out: the arrays of a network are many and alike.
                x = Plain()
                x.held, x.shape, x.tape, x.slot = value, tuple(value.shape), self, len(self)
                self.append(NOTHING)
            else:
                x = self.trace(value)
            entered.append(x)
        return entered

    def apply(
        self, policy: Any, operands: list[Any], settings: dict[str, Any], wanted: Any, raw: list[Any]
    ) -> tuple[Any, Any]:
        """Run a call of which this tape is the newest, as `core.call.apply` would."""
        raise NotImplementedError(f"{type(self).__name__} records, so core.call does this for it")

    def mapped(self, function: Any, rule: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        """Run a function without a gradient on all examples, at the level of a batch."""
        raise NotImplementedError(f"{type(self).__name__} is not the level of a batch")

    def pulled_apart(self, instance: Any, g: Any) -> Any:
        """Pull one example of g after the other through a call, at the level of a batch."""
        raise NotImplementedError(f"{type(self).__name__} is not the level of a batch")

    def alone(self, policy: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        """Return the result of a call that needs no other tape, or NotImplemented."""
        return NotImplemented

    def _is_usual(self, value: Any) -> bool:
        """Tell whether a value is of the usual library and dtype: those of the first real input."""
        library = backends.BY_TYPE.get(type(value)) or backends.of(bottom_of(value))
        if self.usual is None and self.lean and kind(value.dtype) == REAL:
            self.usual, self.library = value.dtype, library
        if isinstance(value, Traced):
            self.flat = False
            must_be_below(value, self)
        return library is self.library and bool(value.dtype == self.usual)

    def inherit(self, leaves: list[Any], rules: Any, zero_wins: bool = False, log: Any = None) -> None:
        """Take on what an outer tape was told, by which this one's leaves are traced."""
        self.rules = {**(rules or {}), **(self.rules or {})} or None
        self.zero_wins = self.zero_wins or zero_wins
        self.log = log if self.log is None else self.log
        self.lean, self.usual, self.library = False, None, NOTHING
        for x in leaves:
            if type(x) is Plain:
                # So that no call takes the lean path, which knows no rules.
                x.__class__ = Traced  # type: ignore[assignment]

    def record(self, value: Any, shape: tuple[int, ...], entry: Any) -> Plain:
        """Record an entry whose result is known to be of the usual library and dtype."""
        x = Plain()
        x.held, x.shape, x.tape, x.slot = value, shape, self, len(self)
        self.append(entry)
        return x

    def close(self, owner: str) -> list[Any]:
        """Return the entries and forget them; an array that escaped raises when used."""
        entries = self[:]
        self.clear()
        self.owner = owner
        self.__class__ = ClosedTape
        return entries


def must_be_below(value: Traced, tape: Tape) -> None:
    """Raise TypeError where what a call computed is itself an array of the tape that records the call."""
    if value.tape.level >= tape.level:
        raise TypeError(
            f"a Policy's forward returned a traced array (shape {value.shape}, {short_name(value.dtype)}): "
            f"it used one that is not an operand, a setting or a variable of the code around it, whose "
            f"gradient would be lost. Make it an operand, which is positional, or use neo.stop_gradient(x)"
        )


class ClosedTape(Tape):
    """A tape whose transform has returned."""

    __slots__ = ()

    def append(self, entry: Any) -> NoReturn:
        raise RuntimeError(
            f"an array traced inside {self.owner} is used after its transform returned. Return it "
            f"from the function (has_aux=True), or keep neo.stop_gradient(x) instead of x. An array from "
            f"outside that was written into there (x += y, x[k] = y) is one too. A Policy's "
            f"backward reads what forward saved, nothing of the code around it."
        )


class Places(dict[int, Any]):
    """The gradients of a stretch of a tape that ends before slot `end`, where there are any.

    As walk_back uses it, it is the list with a place for every slot, those before the stretch too.
    """

    __slots__ = ("end",)

    def __init__(self, end: int) -> None:
        self.end = end

    def __missing__(self, slot: int) -> None:
        return None

    def __len__(self) -> int:
        return self.end

    def pop(self) -> Any:  # type: ignore[override]
        """Return the gradient of the last slot, and forget that one."""
        self.end -= 1
        return dict.pop(self, self.end, None)


def walk_back(
    calls: list[Any],
    inputs: int,
    seeds: Iterable[tuple[int, Any]],
    keep: bool = False,
    places: Places | None = None,
    large: bool = False,
) -> Any:
    """Return the gradients of the inputs, which fill the first slots; None where none arrived.

    seeds: (slot, gradient of that slot) pairs. calls: the entries; unless keep is true each is
    dropped, with what it saved, as soon as it has been pulled. The first gradient to reach a slot
    is assigned, later ones are added; a slot that no gradient reaches costs one test.
    places: where the gradients go instead of a new list, if the calls are not a whole tape.
    large: whether arrays are so large that it pays to look for one that may be written into.
    """
    gradients: Any = [None] * len(calls) if places is None else places
    sums = Sums(gradients)
    ours, pieces = sums.ours, sums.pieces
    for slot, g in seeds:
        sums.put(slot, g)
    next_entry = reversed(calls).__next__ if keep else calls.pop
    for _ in range(len(calls) - inputs):
        entry = next_entry()
        g = gradients.pop()
        if g is None:
            continue
        if pieces and type(g) is Pieces:
            g = sums.joined(len(gradients), g)
        if large or type(entry) is not tuple:
            saved = saved_other = None  # else what the call above saved lives until this one is done
            sums.pull(g, entry)
            continue
        # `Sums.pull` for small arrays, written out: a loop over pairs costs a tenth of the bookkeeping.
        pull, operand, saved, pull_other, other, saved_other = entry
        dx = g if pull is None else pull(g, saved)
        before = gradients[operand]
        if before is None:
            gradients[operand] = dx
        elif ours.get(operand) is type(dx):
            before += dx
        else:
            sums.put(operand, dx)
        if other is None:
            continue
        dx = g if pull_other is None else pull_other(g, saved_other)
        before = gradients[other]
        if before is None:
            gradients[other] = dx
        elif ours.get(other) is type(dx):
            before += dx
        else:
            sums.put(other, dx)
    for slot in [*pieces]:
        gradients[slot] = sums.joined(slot, gradients[slot])
    return gradients


class Sums:
    """The gradients on a walk back, by slot, and which of their arrays may be written into.

    Those are arrays that nothing but the list of gradients can see: a sum that was made here, and what
    a rule returned that says it always makes a new array (an attribute `into`, see `ops.kernels`). What
    any other rule returned may be the gradient of another slot, a view, or what the caller gave.
    ours: the class of the array in each slot whose array may be written into.
    pieces: the slots that hold Pieces.
    """

    __slots__ = ("gradients", "ours", "pieces")

    def __init__(self, gradients: list[Any]) -> None:
        self.gradients = gradients
        self.ours: dict[int, type] = {}
        self.pieces: set[int] = set()

    def put(self, slot: int, dx: Any, new: bool = False) -> bool:
        """Add a gradient to what is in a slot; return whether it is dx itself that is there now.

        new: whether nothing else can see the array of dx.
        """
        before = self.gradients[slot]
        if before is None:
            self.gradients[slot] = dx
            if new:
                self._keep(slot, dx)
            return True
        if self.ours.get(slot) is type(dx):
            before += dx
        elif type(before) is Pieces:
            self._keep(slot, self.joined(slot, before) + dx)
        else:
            self._keep(slot, before + dx)
        return False

    def _keep(self, slot: int, made: Any) -> None:
        """Put an array that nothing else can see into a slot."""
        self.gradients[slot] = made
        library = backends.BY_TYPE.get(type(made))
        if library is not None and library.writes and made.shape:
            self.ours[slot] = type(made)

    def pull(self, g: Any, entry: Any) -> None:
        """Pull the gradient of the last slot, which was taken from the list, through its entry."""
        ours = self.ours.pop(len(self.gradients), None)
        if type(entry) is tuple:
            self._pull_links(g, ours is not None, entry)
        elif type(entry) is Taken:
            self._pull_part(g, *entry)
        else:
            if type(entry) is list:
                slopes, slots, saved = entry
                found = slopes(g, *saved)
            else:
                slots, found = entry.slots, entry.pull(g)
            for slot, dx in zip(slots, found):  # noqa: B905  # strict takes a tenth of the loop
                if slot is not None and dx is not None:
                    self.put(slot, dx)

    def _pull_links(self, g: Any, ours: bool, entry: tuple[Any, ...]) -> None:
        """Pull g through two links, the first one last: that may write into g, if g is ours."""
        pull, slot, saved, pull_other, other, saved_other = entry
        if other is not None:
            dx = g if pull_other is None else pull_other(g, saved_other)
            new = hasattr(pull_other, "into")
            held = self.put(other, dx, new)
            ours = ours and (new or not held)
        if pull is None:
            self.put(slot, g, ours)
        elif ours and hasattr(pull, "into"):
            self.put(slot, pull.into(g, saved), new=True)
        else:
            self.put(slot, pull(g, saved), hasattr(pull, "into"))

    def _pull_part(self, g: Any, pull: Any, slot: int, saved: tuple[Any, Any]) -> None:
        """Add g to the part of a slot that it is the gradient of; see `Taken`."""
        library, before = backends.BY_TYPE.get(type(g)), self.gradients[slot]
        if slot in self.ours and library is backends.BY_TYPE[self.ours[slot]]:
            library.raw.add_part(before, saved[1], g)
        elif library is not None and library.writes and (before is None or slot in self.pieces):
            self._piece(slot, before, g, pull, saved)
        else:
            self.put(slot, pull(g, saved), new=True)

    def _piece(self, slot: int, before: Any, g: Any, pull: Any, saved: tuple[Any, Any]) -> None:
        """Put g beside the pieces in a slot; where it does not fit, add it to what they make."""
        where = stretch(saved[1], saved[0])
        if before is None and where is not None:
            self.gradients[slot] = Pieces(pull, saved, where, g)
            self.pieces.add(slot)
        elif before is None or not before.add(where, g):
            self.put(slot, pull(g, saved), new=True)
        elif before.complete:
            self._keep(slot, self.joined(slot, before))

    def joined(self, slot: int, pieces: Pieces) -> Any:
        """Return the array that a slot's pieces make."""
        self.pieces.remove(slot)
        return pieces.joined()
