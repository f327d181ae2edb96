"""The level of `vmap`: its arrays hide one axis, and a call runs on all examples at once.

Like any tape's, its calls are made on what its arrays hold, one level down. An operation says in
`batch` how it takes the axis in front; one that does not is run on one example after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.array import INSTEAD, Array, Batched, Traced, beneath, box, is_batched, unbox
from ..core.call import apply, call, newest
from ..core.lifting import attributes, lifted, run_again, saved_again, told_apart
from ..core.parts import Parts
from ..core.policy import NO_CONTEXT, Policy, each, inside, is_raw, library_of_all, new_context
from ..core.tape import Tape
from ..errors import describe
from .batching import spread, stacked
from .constant import compared


class Batch(Tape):
    """A level at which one axis of length `length` is hidden in front of every batched array."""

    __slots__ = ("length",)
    records = False

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def hide(self, examples: Any) -> Batched:
        """Return an array whose axis 0 is the one that is mapped over as a batched array."""
        x = Batched()
        x.data, x.shape, x.tape, x.slot = examples, tuple(examples.shape)[1:], self, None  # type: ignore[assignment]
        return x

    def trace(self, value: Any, entry: Any = None) -> Any:
        """Return one value for every example, as a batched array."""
        return self.hide(unbox(spread(value, self.length)))

    def close(self, owner: str) -> list[Any]:
        """Note whose level this was; an array that escaped raises when it is used."""
        self.owner = owner
        return []

    def _must_be_open(self) -> None:
        if self.owner:
            raise RuntimeError(
                f"an array batched inside {self.owner} is used after its vmap returned. Return it from "
                f"the function instead"
            )

    def show(self, x: Any) -> Any:
        """Return an array with the axis in front, be it batched or the same for every example."""
        x = unbox(x)
        return x.examples if self.owns(x) else unbox(spread(x, self.length))

    def owns(self, x: Any) -> bool:
        """Tell whether an array is batched at this level."""
        return type(x) is Batched and x.tape is self

    def example(self, x: Any, k: int) -> Any:
        """Return example k of an array of this level, one level down; anything else as it is."""
        return unbox(box(x.examples)[k]) if self.owns(x) else x

    def apply(
        self, policy: Any, operands: list[Any], settings: dict[str, Any], wanted: Any, raw: list[Any]
    ) -> tuple[Any, Any]:
        """Run a call on all examples; a newer tape records what one of them tells of the call."""
        self._must_be_open()
        _unbatched(policy, settings)
        out = self._run(policy, operands, settings)
        return each(lambda x: self.hide(unbox(x)), out), Example(self, policy, operands, settings, wanted)

    def _run(self, policy: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        """Return the results with the axis in front."""
        if policy.batch is not None:
            return self._by_rule(policy, operands, settings)
        # Not below a derivative, which is to take the gradient that the Policy says.
        if not policy.bare and not any([_is_differentiated(x) for x in operands]):
            try:
                return each(self.show, policy().run(operands, settings, NO_CONTEXT))
            except Exception:  # whatever it asks of its operands, one example may have it
                pass
        return self._by_loop(lambda k: call(policy, [self.example(x, k) for x in operands], settings))

    def _by_rule(self, policy: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        mine = tuple([self.owns(x) for x in operands])
        below = [x.examples if own else x for x, own in zip(operands, mine, strict=True)]
        out = policy.batch(mine, *map(_boxed, below), **settings)
        for x in out if isinstance(out, tuple | list) else (out,):
            if not tuple(getattr(x, "shape", ())) or x.shape[0] != self.length:
                raise ValueError(
                    f"{policy.__name__}.batch returned {describe(x)}; expected the {self.length} examples "
                    f"along axis 0. Return every result with the batch axis in front"
                )
        return out

    def _by_loop(self, run: Callable[[int], Any]) -> Any:
        """Return the results of a run per example, stacked."""
        return stacked([run(k) for k in range(self.length)])

    def pulled_apart(self, instance: Policy, g: Any) -> list[Any]:
        """Return the gradients that a call pulls from g, one example after the other."""
        return _pulled_apart(self, g, lambda k, part: example_of(instance, self, k).pull(part))

    def mapped(self, function: Any, rule: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        """Return what a function without a gradient gives, by name or as it is, on all examples.

        rule: its batch rule, of this module's kinds; None where it has none.
        """
        self._must_be_open()
        if rule is None:
            raise TypeError(
                f"{function} of a batched array: the shape of its result differs from example to example. "
                f"{INSTEAD}"
            )
        mine = tuple([self.owns(x) for x in operands])
        below = [x.examples if own else x for x, own in zip(operands, mine, strict=True)]
        out = rule(_Function(function, rule), mine, *map(_boxed, below), **settings)
        return each(lambda x: self.hide(unbox(x)), out)


class _Function:
    """A function without a gradient, as rules call it."""

    def __init__(self, function: Any, rule: Any) -> None:
        self.function, self.rule = function, rule

    def of(self, *operands: Any, **settings: Any) -> Any:
        """Call it one level down."""
        if isinstance(self.function, str):
            return compared(self.function, *operands, batch=self.rule, **settings)
        return self.function(*operands, **settings)


def _boxed(x: Any) -> Any:
    return box(x) if isinstance(x, Array) or is_raw(x) else x


class Example:
    """What a newer tape needs to know of a call that ran on a batch: it is that of one example.

    Shapes and settings that forward kept are those of example 0. Saved operands and results become
    the traced ones. If anything else was saved, forward runs again on the traced operands, or, where
    it cannot, on one example after the other.
    """

    def __init__(self, level: Batch, policy: Any, operands: list[Any], settings: Any, wanted: Any) -> None:
        self.level, self.policy, self.operands = level, policy, operands
        self.settings, self.wanted = settings, wanted

    def lifted(self, below: list[Any], result: Any) -> Policy:
        """Return the call as it is on the next tape up, whose operands and result are given."""
        if self.policy.trusted:
            return self._of_one(below, result)
        if not self.policy.bare:
            try:
                return run_again(self._blank(), below, self.settings)
            except NotImplementedError:
                pass
        return self._stacked(below)

    def _blank(self) -> Policy:
        instance: Policy = self.policy()
        instance.slots = self.wanted
        instance.ctx = new_context(instance)
        return instance

    def _of_one(self, below: list[Any], result: Any) -> Policy:
        """Return the call of example 0, with what it saved traced."""
        raw = told_apart([first_of(x) for x in self.operands])
        instance = self._blank()
        out = instance.run(raw, self.settings, new_context(instance))
        known = {id(x): traced for x, traced in zip(_several(out), _several(result), strict=True)}
        known.update({id(x): traced for x, traced in zip(raw, below, strict=True)})
        constants = _identities(self.settings)
        kept = [*instance.ctx.saved, *attributes(instance).values()]
        if all([_is_known(x, known, constants) for x in kept]):
            return _replaced(instance, lambda x: known.get(id(x), x))
        if self.policy.save_again is not Policy.save_again:
            return saved_again(instance, below, self.settings)
        return self._stacked(below)

    def _stacked(self, below: list[Any]) -> Policy:
        if newest(below) is not self.level:
            raise NotImplementedError(
                f"{self.policy.__name__} inside vmap has no second derivative, since its forward does not "
                f"take batched arrays. Write it with neo's functions, or give it a `batch`"
            )
        calls = []
        for k in range(self.level.length):
            operands = [self.level.example(x, k) for x in below]
            raw: list[Any] = []
            result, instance = apply(self.policy, operands, self.settings, self.wanted, raw)
            own = newest(operands) is not None
            calls.append(lifted(instance, operands, raw, result, self.settings) if own else instance)
        return Stacked(self.level, calls)


class Stacked(Policy):
    """A call that ran on one example after the other, and is pulled so."""

    def __init__(self, level: Batch, calls: list[Policy]) -> None:
        self.level, self.calls = level, calls
        self.ctx = new_context(self)

    def pull(self, g: Any) -> Sequence[Any]:
        """Return the operands' gradients, those of the examples stacked."""
        return _pulled_apart(self.level, g, lambda k, part: self._call(k).pull(part))

    def _call(self, k: int) -> Policy:
        instance = self.calls[k]
        instance.slots, instance.zero_wins = self.slots, self.zero_wins
        instance.operands_like, instance.results_like = self.operands_like, self.results_like
        return instance


def _pulled_apart(level: Batch, g: Any, pull: Callable[[int, Any], Sequence[Any]]) -> list[Any]:
    """Return gradients that pull(k, g of example k) gives for every example, stacked.

    One that is None for some example is None for all, since it does not depend on values.
    """
    rows = [pull(k, _part(level, g, k)) for k in range(level.length)]
    columns = zip(*rows, strict=True)
    return [None if column[0] is None else level.hide(unbox(stacked(list(column)))) for column in columns]


def _part(level: Batch, g: Any, k: int) -> Any:
    if type(g) is Parts:
        return Parts({j: level.example(unbox(x), k) for j, x in g.given.items()})
    return level.example(unbox(g), k)


def example_of(instance: Policy, level: Batch, k: int) -> Policy:
    """Return a recorded call as it is for example k of a level."""
    return _replaced(instance, lambda x: level.example(x, k))


def _replaced(instance: Policy, replace: Callable[[Any], Any]) -> Policy:
    again = type(instance)()
    vars(again).update(vars(instance))
    vars(again).update({name: inside(replace, value) for name, value in attributes(instance).items()})
    again.ctx = new_context(instance, inside(replace, instance.ctx.saved))
    return again


def first_of(x: Any) -> Any:
    """Return the library's own array of the first example, zeros where there is none."""
    count, y = 0, x
    while isinstance(y, Array):
        count += type(y) is Batched
        y = beneath(y)
    if not count:
        return y
    if 0 in y.shape[:count]:
        library = library_of_all((y,))
        return library.xp.zeros(tuple(x.shape), dtype=y.dtype, device=library.place(library.device(y)))
    return y[(0,) * count + (...,)]


def _several(result: Any) -> Any:
    return result if isinstance(result, tuple | list) else (result,)


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


def _is_differentiated(x: Any) -> bool:
    """Tell whether a tape other than a batch stands below an array."""
    while isinstance(x, Array):
        if isinstance(x, Traced) and type(x) is not Batched:
            return True
        x = beneath(x)
    return False


def _unbatched(policy: Any, settings: dict[str, Any]) -> None:
    """Raise TypeError for a setting that differs from example to example."""
    for name, value in settings.items():
        if is_batched(value):
            raise TypeError(
                f"{policy.__name__} takes {name} as a setting, which is the same for every example, and got "
                f"a batched array. Map over the other operands only, or loop"
            )
