"""The tape that `neo.trace` returns: a program to read, to run again and to ask questions of."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any

import numpy as np

from .. import backends, tree
from ..core.array import Array, Traced, bottom_of, raw_of
from ..core.dtypes import differentiable
from ..core.following import Guard, Program
from ..core.listing import Call, Slot, Value, value_of
from ..core.policy import inside, several
from ..core.tape import ClosedTape
from ..errors import describe
from .arguments import given

Watch = Callable[[Call, Callable[[], Any]], Any]


class TracedTape(ClosedTape):
    """The closed tape of `neo.trace`: iterate over its calls, print it, slice it.

    It holds the program, and the constants that the function took from outside; no argument and
    no intermediate value, unless `trace(f, keep=True)` asked for the arguments.
    """

    __slots__ = ()

    log: Program

    def __iter__(self) -> Iterator[Call]:
        return iter(self.log.calls)

    def __len__(self) -> int:
        return len(self.log.calls)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, slot: Any) -> Any:
        """Return the call that filled a slot, or the input in it; a listing for a slice of slots."""
        if isinstance(slot, slice):
            return self.log.part(slot)
        value = self.log.value_in(slot)
        made = [call for call in self.log.calls if value in call.results]
        return made[0] if made else value

    def replay(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the recorded program gives for other arguments.

        args, kwargs: like those of the traced call: the same trees, shapes and dtypes. Arguments
        that are no inputs of the tape must be what they were. It can be differentiated.
        Raises ValueError for other arguments, and RuntimeError where Python looked at a value
        (`if x > 0`) that is another now: the tape is the program of one run.

        >>> import numpy as np
        >>> import neo
        >>> _, tape = neo.trace(lambda x: x * x + 1)(np.ones(2))
        >>> tape.replay(np.array([2.0, 3.0]))
        array([ 5., 10.])
        """
        return self.log.interface.replay(self.log, args, kwargs)

    @property
    def profile(self) -> Any:
        """What each call took, if `trace(f, profile=True)` asked. Print it."""
        if self.log.profile is None:
            raise RuntimeError("this tape has no profile; trace with neo.trace(f, profile=True)")
        return self.log.profile

    def memory(self) -> Any:
        """Return what the tape held while it was open, and holds now. Print it."""
        from .account import Memory

        return Memory(self.log)

    def explain(self, slot: int, index: Any = None) -> Any:
        """Return which calls contributed how much to the gradient of a slot. Print it.

        slot: of an input or of a call. index: of one element; by default the whole array counts.
        The results' gradients are ones. Looks at the arguments again, which must still exist.
        """
        from .account import explained

        return explained(self.log, slot, index)

    def source(self, name: str = "program", *, gradient: bool = True) -> str:
        """Return the program as Python source that runs without neo.

        It calls the library of the arrays.
        name: of the function in it. gradient: whether it has the way back, from ones for the result; it
        then returns (result, gradients by the name of the input). The lines hold for arguments of the
        same shapes; where a value chose the way, an assert says so.
        Raises NotImplementedError, naming the operation, where it cannot be written so.
        """
        from .source import source_of

        return source_of(self.log, name, gradient)


class Interface:
    """How a traced function's arguments and result belong to the slots of its tape."""

    def __init__(self, owner: str, keys: list[tuple[str, Any]], args: Any, kwargs: Any, keep: bool) -> None:
        self.owner, self.keys = owner, keys
        used = {key for _, key in keys}
        self.count, self.names = len(args), set(kwargs)
        self.others = {k: x for k, x in [*enumerate(args), *kwargs.items()] if k not in used}
        self.paths = [tree.paths(given(args, kwargs, key)) for _, key in keys]
        leaves = self._leaves(args, kwargs)
        self.leaves = [_held(x, keep) for x in leaves]
        self.likes = [_like(x) for x in leaves]
        self.outputs: list[Any] = []
        self.build: Callable[[list[Any]], Any] = lambda leaves: leaves

    def _leaves(self, args: Any, kwargs: Any) -> list[Any]:
        return [x for _, key in self.keys for x in tree.flatten(given(args, kwargs, key))[0]]

    def arguments(self, what: str) -> list[Any]:
        """Return the leaves of the traced call. Raises RuntimeError when one is gone."""
        found = [leaf() for leaf in self.leaves]
        if any([x is None for x in found]):
            raise RuntimeError(
                f"{what} looks at the arguments of {self.owner} again, and a tape does not keep them. "
                f"Hold on to them, or use neo.trace(f, keep=True)"
            )
        return found

    def replay(self, program: Program, args: Any, kwargs: Any) -> Any:
        """Check arguments and run a program on them."""
        if (len(args), set(kwargs)) != (self.count, self.names):
            raise TypeError(
                f"replay takes the arguments that {self.owner} was traced with: {self.count} by position"
                f"{''.join([f', {name}=' for name in sorted(self.names)])}; got {len(args)} by position"
            )
        for (name, key), paths in zip(self.keys, self.paths, strict=True):
            if tree.paths(given(args, kwargs, key)) != paths:
                raise ValueError(f"replay: argument {name!r} is another tree than when it was traced")
        for key, before in self.others.items():
            if not _equal(given(args, kwargs, key), before):
                raise ValueError(
                    f"replay: argument {key!r} is a constant of this tape, {describe(before)}, and has "
                    f"another value now. Trace again, or trace it as an Array: neo.asarray(...)"
                )
        results = run(program, self._leaves(args, kwargs))
        return self.build(results)


def _like(leaf: Any) -> Callable[[], Any]:
    """Return a function that makes an array like a leaf, of numbers around 1 or of zeros."""
    raw = bottom_of(leaf)
    if not hasattr(raw, "dtype"):
        return lambda: raw
    library, shape, dtype = backends.of(raw), tuple(leaf.shape), raw.dtype
    device = library.device(raw)

    def make() -> Any:
        count = prod(shape)
        values = 0.5 + (np.arange(count) * 0.618034) % 1 if differentiable(dtype) else np.zeros(count)
        return library.asarray(values.reshape(shape), dtype, device)

    return make


def _held(leaf: Any, keep: bool) -> Callable[[], Any]:
    """Return a function that gives a leaf as long as somebody else holds it, or always."""
    raw = leaf.held if type(leaf) is Array else leaf
    if isinstance(raw, Traced):
        return lambda: None
    try:
        return (lambda: raw) if keep else weakref.ref(raw)
    except TypeError:  # a Python number, or one of NumPy's
        return lambda: raw


def _equal(x: Any, y: Any) -> bool:
    if x is y:
        return True
    if hasattr(raw_of(x), "dtype") and hasattr(raw_of(y), "dtype"):
        x, y = [np.asarray(backends.of(raw_of(v)).to_numpy(raw_of(v))) for v in (x, y)]
        return x.dtype == y.dtype and np.array_equal(x, y)
    try:
        return bool(x == y)
    except Exception:  # a comparison of what has none
        return False


def run(program: Program, leaves: list[Any], watch: Watch | None = None) -> list[Any]:
    """Return a program's results for leaves in the place of its inputs."""
    return Run(program, leaves, watch).results()


class Run:
    """One run of a program. values: by slot. slots: on another tape, by slot."""

    def __init__(self, program: Program, leaves: list[Any], watch: Watch | None = None) -> None:
        self.values: dict[int, Any] = {}
        self.slots: dict[int, int] = {}
        self.outputs: list[Any] = []
        for (name, like), leaf in zip(program.inputs, leaves, strict=True):
            self.values[like.slot] = self._fitting(name, like, leaf)  # type: ignore[index]
        self.program = program
        guards: dict[int, list[Guard]] = {}
        for guard in program.guards:
            guards.setdefault(guard.before, []).append(guard)
        for k in range(len(program.calls) + 1):
            for guard in guards.get(k, ()):
                self._check(guard)
            if k < len(program.calls):
                self._step(program.calls[k], watch)

    def _step(self, call: Call, watch: Watch | None) -> None:
        step: Any = call.step
        operands = [inside(self._value, x) for x in step.operands]
        settings = inside(self._setting, step.settings)
        again = partial(step.run, *operands, **settings)
        out = again() if watch is None else watch(call, again)
        pairs = zip(step.results, several(out), strict=True)
        self.values.update({s: x for s, x in pairs if s is not None})

    def _fitting(self, name: str, like: Value, leaf: Any) -> Any:
        """Return a leaf if it has the shape and dtype that the input had when it was traced."""
        if not hasattr(leaf, "dtype"):
            leaf = backends.current()[0].asarray(leaf)
        found = value_of(leaf, like.slot)
        if found != like:
            raise ValueError(f"input {name} of the tape is {like.type}, got {found.type}; trace again for it")
        return leaf

    def _value(self, x: Any) -> Any:
        return self.values[x.number] if isinstance(x, Slot) else x

    def _setting(self, x: Any) -> Any:
        return raw_of(self._value(x)) if isinstance(x, Slot) else self._value(x)

    def _check(self, guard: Guard) -> None:
        x = self.values[guard.slot]
        now = getattr(Array, guard.method)(_boxed(raw_of(x)))
        if not np.array_equal(now, guard.value, equal_nan=np.asarray(now).dtype.kind in "fc"):
            made = [c for c in self.program.calls if guard.slot in [r.slot for r in c.results]]
            where = f" ({made[0]}{f' at {made[0].place}' if made[0].place else ''})" if made else ""
            raise RuntimeError(
                f"the traced run looked at %{guard.slot}{where} and saw {guard.value!r}; for these "
                f"arguments it is {now!r}, so the program may be another one. Trace again with them"
            )

    def results(self) -> list[Any]:
        """Return the leaves of the result."""
        return [self._value(x) for x in self.program.interface.outputs]


def _boxed(raw: Any) -> Array:
    x = Array()
    x.held = raw
    return x
