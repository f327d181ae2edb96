"""What a newer tape records of a call that ran on a batch: the call of one example, or of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from ..core.array import Array, Batched, beneath, unbox
from ..core.call import apply, newest
from ..core.kept import kept_by
from ..core.lifting import lifted, replaced_in, run_again, saved_again, told_apart
from ..core.parts import Parts
from ..core.policy import Policy, inside, library_of_all, new_context, several
from ..core.pushing import push
from .batching import stacked


class Example:
    """A call that ran on a batch, as a newer tape sees it: that of one example.

    Shapes and settings that forward kept are those of the first example; saved operands and results
    become the traced ones. If anything else was saved, forward runs again on the traced operands, or,
    where it cannot, on one example after the other.
    """

    def __init__(self, level: Any, policy: Any, operands: list[Any], settings: Any, wanted: Any) -> None:
        self.level, self.policy, self.operands = level, policy, operands
        self.settings, self.wanted = settings, wanted

    def lifted(self, below: list[Any], result: Any) -> Policy:
        """Return the call as it is on the next tape up, whose operands and result are given."""
        if self.policy.trusted:
            call = _Call(self, _Index())
            if call.is_known():
                return call.lifted(below, result)
            if self.policy.save_again is not Policy.save_again:
                return saved_again(call.instance, below, self.settings)
        elif not self.policy.bare:
            try:
                return run_again(self.blank(), below, self.settings)
            except NotImplementedError:
                pass
        if newest(below) is self.level:
            return self._each(below)
        return self._same_for_all(below, result)

    def blank(self) -> Policy:
        """Return an instance of the Policy for one example."""
        instance: Policy = self.policy()
        instance.slots = self.wanted
        instance.ctx = new_context(instance)
        return instance

    def _each(self, below: list[Any]) -> Policy:
        """Return the calls of all examples, made one level down."""
        calls = []
        for k in range(self.level.length):
            operands = [self.level.example(x, k) for x in below]
            raw: list[Any] = []
            result, first = apply(self.policy, operands, self.settings, self.wanted, raw)
            nested = newest(operands) is not None
            instance = lifted(first, operands, raw, result, self.settings) if nested else first
            calls.append((instance, operands, result))
        return Each(self.level, calls, self.settings)

    def _same_for_all(self, below: list[Any], result: Any) -> Policy:
        """Return the call of the first example, if that of each other keeps the same but for arrays.

        Who writes a Policy may keep a number that depends on values, so this is looked at.
        """
        calls = [_Call(self, index) for index in _all_of_each(self.operands)]
        if calls and all([call.is_known() and call.form == calls[0].form for call in calls]):
            return calls[0].lifted(below, result)
        raise NotImplementedError(
            f"{self.policy.__name__} inside vmap has no second derivative: its forward does not take "
            f"batched arrays, and keeps what differs from example to example. Write it with neo's "
            f"functions, or give it a `batch`"
        )


class _Index(dict[int, int]):
    """Which example, by the level of its batch; 0 of any other."""

    def __missing__(self, level: int) -> int:
        return 0


class _Call:
    """The call of one example, of the libraries' own arrays, and what it kept."""

    def __init__(self, example: Example, index: _Index) -> None:
        raw = told_apart([example_at(x, index) for x in example.operands])
        self.instance = example.blank()
        out = self.instance.run(raw, example.settings, new_context(self.instance))
        self.places = {id(x): _Place(k, True) for k, x in enumerate(several(out))}
        # After the results: an operand that forward returned as it is counts as the operand.
        self.places.update({id(x): _Place(k, False) for k, x in enumerate(raw)})
        self.held = raw, out  # else an identity could be taken by another array
        self.constants = _identities(example.settings)

    def is_known(self) -> bool:
        """Tell whether every array that was kept is an operand, a result or a setting."""
        return _is_known(self._kept(), self.places, self.constants)

    def _kept(self) -> list[Any]:
        return kept_by(self.instance)

    @property
    def form(self) -> Any:
        """What was kept, with a place for every operand and result."""
        return inside(lambda x: self.places.get(id(x), x), self._kept())

    def lifted(self, below: list[Any], result: Any) -> Policy:
        """Return the call with operands and results of the next tape up."""
        results = several(result)

        def traced(x: Any) -> Any:
            place = self.places.get(id(x))
            return x if place is None else (results if place.is_result else below)[place.k]

        return replaced_in(self.instance, traced)


class _Place(tuple[int, bool]):
    """Stands for operand k, or result k."""

    def __new__(cls, k: int, is_result: bool) -> _Place:
        return super().__new__(cls, (k, is_result))

    @property
    def k(self) -> int:
        return self[0]

    @property
    def is_result(self) -> bool:
        return self[1]


class Each(Policy):
    """A call that ran on one example after the other, and is pulled and pushed so."""

    def __init__(self, level: Any, calls: list[Any], settings: Any) -> None:
        self.level, self.calls, self.settings = level, calls, settings
        self.ctx = new_context(self)

    def pull(self, g: Any) -> Sequence[Any]:
        """Return the operands' gradients, those of the examples stacked."""
        return pulled_apart(self.level, g, lambda k, part: self._call(k).pull(part))

    def push(self, *tangents: Any) -> Any:
        """Return the results' tangents, those of the examples stacked."""
        _require_no_newer(self.level, tangents)
        given = [unbox(t) for t in tangents]
        rows = [
            push(instance, operands, [self.level.example(t, k) for t in given], self.settings, result)
            for k, (instance, operands, result) in enumerate(self.calls)
        ]
        return tuple([_joined(self.level, column) for column in zip(*rows, strict=True)])

    def _call(self, k: int) -> Policy:
        instance: Policy = self.calls[k][0]
        instance.slots, instance.zero_wins = self.slots, self.zero_wins
        instance.operands_like, instance.results_like = self.operands_like, self.results_like
        return instance


def pulled_apart(level: Any, g: Any, pull: Callable[[int, Any], Sequence[Any]]) -> list[Any]:
    """Return gradients that pull(k, g of example k) gives for every example, stacked."""
    _require_no_newer(level, g.given.values() if type(g) is Parts else [g])
    rows = [pull(k, _part(level, g, k)) for k in range(level.length)]
    return [_joined(level, column) for column in zip(*rows, strict=True)]


def _require_no_newer(level: Any, arrays: Iterable[Any]) -> None:
    """Raise NotImplementedError for an array of a newer tape, from which no example can be taken."""
    tape = newest([unbox(x) for x in arrays])
    if tape is not None and tape.level > level.level:
        raise NotImplementedError(
            "a derivative that goes through one example after the other cannot be differentiated or mapped "
            "again. Write the Policy with neo's functions, so that it takes batched arrays"
        )


def _joined(level: Any, column: Sequence[Any]) -> Any:
    """Return one array per example as a batched one; None for all where it is None for one."""
    return None if column[0] is None else level.hide(unbox(stacked(list(column))))


def _part(level: Any, g: Any, k: int) -> Any:
    if type(g) is Parts:
        return Parts({j: level.example(unbox(x), k) for j, x in g.given.items()})
    return level.example(unbox(g), k)


def example_of(instance: Policy, level: Any, k: int) -> Policy:
    """Return a recorded call as it is for example k of a level."""
    return replaced_in(instance, lambda x: level.example(x, k))


def _levels(x: Any) -> list[tuple[int, int]]:
    """Return the level and length of each batch that an array is in, in the order of its axes."""
    found = []
    while isinstance(x, Array):
        if type(x) is Batched:
            found.append((x.tape.level, x.tape.length))
        x = beneath(x)
    return found[::-1]


def _all_of_each(operands: list[Any]) -> Iterator[_Index]:
    """Yield every example of the batches that operands are in."""
    lengths = {level: n for x in operands for level, n in _levels(x)}
    for index in product(*[range(n) for n in lengths.values()]):
        yield _Index(zip(lengths, index, strict=True))


def example_at(x: Any, index: _Index) -> Any:
    """Return the library's own array of one example, zeros where there is none."""
    levels, y = _levels(x), x
    while isinstance(y, Array):
        y = beneath(y)
    if not levels:
        return y
    if 0 in [n for _, n in levels]:
        library = library_of_all((y,))
        return library.xp.zeros(tuple(x.shape), dtype=y.dtype, device=library.place(library.device(y)))
    return y[(*[index[level] for level, _ in levels], ...)]


def _identities(value: Any) -> set[int]:
    """Return the identities of a value and of all that stands in it."""
    found = {id(value)}
    if isinstance(value, tuple | list | dict):
        for x in value.values() if isinstance(value, dict) else value:
            found |= _identities(x)
    return found


def _is_known(value: Any, known: dict[int, Any], constants: set[int]) -> bool:
    """Tell whether a kept value is an operand, a result or a setting, or holds no array."""
    if id(value) in known or id(value) in constants:
        return True
    if isinstance(value, tuple | list | dict):
        items = value.values() if isinstance(value, dict) else value
        return all([_is_known(x, known, constants) for x in items])
    return isinstance(value, type) or not (hasattr(value, "dtype") and hasattr(value, "shape"))
