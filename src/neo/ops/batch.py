"""The level of `vmap`: its arrays hide one axis, and a call runs on all examples at once.

Like any tape's, its calls are made on what its arrays hold, one level down. An operation says in
`batch` how it takes the axis in front; one that does not is run on one example after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.array import INSTEAD, Array, Batched, Traced, apart, beneath, box, is_batched, unbox
from ..core.call import call
from ..core.policy import Policy, each, is_raw, new_context, several
from ..core.tape import Tape
from ..errors import describe
from .batching import spread, stacked
from .constant import compared
from .examples import Example, example_of, pulled_apart
from .indexing import getitem


class Mappable:
    """What is no array and can be mapped over: several random keys, say."""

    __slots__ = ()

    def mapped(self, level: Batch) -> Any:
        """Return what the function sees of it, one of any."""
        raise NotImplementedError

    def unmapped(self, level: Batch) -> Any:
        """Return all of them, of one that the function returned."""
        raise NotImplementedError


class Batch(Tape):
    """A level at which one axis of length `length` is hidden in front of every batched array."""

    # settings: the options that `vmap` was given, for it and for the transforms inside, or None.
    __slots__ = ("length", "settings")
    records = False

    def __init__(self, length: int, settings: Any = None) -> None:
        super().__init__(rules=settings and settings.rules, log=settings and settings.watcher())
        self.length, self.settings = length, settings

    def hide(self, examples: Any) -> Batched:
        """Return an array whose axis 0 is the one that is mapped over as a batched array."""
        # Else a call would find the levels of its operands in another order than they have.
        assert not isinstance(examples, Traced) or examples.tape.level < self.level
        x = Batched()
        x.held, x.shape, x.tape, x.slot = examples, tuple(examples.shape)[1:], self, None  # type: ignore[assignment]
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
                f"the function instead. An array from outside that was written into there (x += y, x[k] = y) "
                f"is one too"
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
        return unbox(getitem(x.examples, k)) if self.owns(x) else x

    def apply(
        self, policy: Any, operands: list[Any], settings: dict[str, Any], wanted: Any, raw: list[Any]
    ) -> tuple[Any, Any]:
        """Run a call on all examples; a newer tape records what one of them tells of the call."""
        self._must_be_open()
        _unbatched(policy, settings)
        out = each(lambda x: self.hide(unbox(x)), self._run(policy, operands, settings))
        if self.log is not None:
            self.log.recorded(self, policy(), [None] * len(operands), operands, settings, out)
        return out, Example(self, policy, operands, settings, wanted)

    def _run(self, policy: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        """Return the results with the axis in front."""
        if policy.batch is not None:
            return self._by_rule(policy, operands, settings)
        # Not below a derivative, which is to take the gradient that the Policy says.
        if not policy.bare and not any([_is_differentiated(x) for x in operands]):
            try:
                instance = policy()
                instance.slots = [None] * len(operands)
                return each(self.show, instance.run([*map(apart, operands)], settings, new_context(policy)))
            except Exception:  # whatever it asks of its operands, one example may have it
                pass
        return self._by_loop(lambda k: call(policy, [self.example(x, k) for x in operands], settings))

    def _by_rule(self, policy: Any, operands: list[Any], settings: dict[str, Any]) -> Any:
        mine = tuple([self.owns(x) for x in operands])
        below = [x.examples if own else x for x, own in zip(operands, mine, strict=True)]
        out = policy.batch(mine, *map(_boxed, below), **settings)
        for x in several(out):
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
        return pulled_apart(self, g, lambda k, part: example_of(instance, self, k).pull(part))

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
