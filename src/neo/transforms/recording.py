"""One run of a function on a tape: arguments in, results and gradients out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .. import backends, tree
from ..core.array import Array, Traced, apart, beneath, box, unbox
from ..core.following import followed
from ..core.tape import Tape, walk_back
from ..errors import describe
from .arguments import Inputs, any_boxed, label, name_of
from .options import PLAIN, Settings
from .owning import owned


class Recording:
    """A function's run: its result, and the calls that lead back from it to its inputs.

    keys: the differentiated arguments, a position or a keyword each. log: what is told of the calls.
    kind: of the tape. Making a Recording puts the arguments on it; `record` then runs the function
    and `pull` walks back, both within `quiet()`.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        keys: list[Any],
        settings: Settings = PLAIN,
        log: Any = None,
        kind: type[Tape] = Tape,
    ) -> None:
        self.f = f
        self.tape = kind(settings.watcher(log), settings.zero_wins, settings.rules)
        self.inputs = Inputs(self.tape)
        self.builders: list[tuple[Callable[[list[Any]], Any], int]] = []
        others = [x for k, x in [*enumerate(args), *kwargs.items()] if k not in keys]
        self.positional, self.named = list(args), kwargs.copy()
        for key in keys:
            place: Any = self.positional if isinstance(key, int) else self.named
            place[key] = self._entered(place[key], key)
        self.boxed = self.inputs.boxed or any_boxed(others)
        self.around: Any = None
        if self.inputs.nested:
            self._inherit()

    def _inherit(self) -> None:
        """Take on the rules of an outer transform that traces the arguments, and the options of a vmap."""
        rules = next((rules for x in self.inputs.values if (rules := _rules_below(x))), None)
        levels = [_map_below(x) for x in self.inputs.values]
        self.around = next((level for level in levels if level is not None), None)
        settings = PLAIN if self.around is None else self.around.settings
        if rules or settings is not PLAIN:
            mine = tree.flatten([self.positional, self.named])[0]
            leaves = [x for x in mine if isinstance(x, Traced) and x.tape is self.tape]
            self.tape.inherit(leaves, rules, settings.zero_wins, settings.watcher())

    def quiet(self) -> Any:
        """Return a context in which the libraries record no gradients of their own."""
        return entered("quiet", self.inputs.libraries)

    def record(self, has_aux: bool = False) -> None:
        """Run the function and keep its results, their slots and its calls."""
        try:
            result = self.f(*self.positional, **self.named)
            self.result, aux = self._split(result, has_aux)
            self.outputs, self.build_result = tree.flatten(self.result)
            self.slots = [_slot(x, self.tape) for x in self.outputs]
            self.values = [self._leaving(x) for x in self.outputs]
            self.aux = tree.map(self._leaving, aux) if has_aux else None
        finally:
            self.calls = self.tape.close(self.owner)
            # Else a frame that holds this would hold the traced arguments too.
            self.positional, self.named = [], {}

    @property
    def owner(self) -> str:
        """What to call the function in an error."""
        return name_of(self.f)

    def _entered(self, argument: Any, key: Any) -> Any:
        """Return an argument with its leaves on the tape."""
        leaves, build = tree.flatten(argument)
        self.builders.append((build, len(leaves)))
        return build(self.inputs.enter(leaves, lambda k: label(self.f, key) + tree.paths(argument)[k]))

    def _split(self, result: Any, has_aux: bool) -> tuple[Any, Any]:
        if not has_aux:
            return result, None
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"has_aux=True needs {self.owner} to return a pair (result, aux); it returned "
                f"{describe(result)}"
            )
        return result

    def _leaving(self, x: Any) -> Any:
        """Return a value off the tape, as wrapped as the arguments were."""
        x = unbox(x)
        if isinstance(x, Traced) and x.tape is self.tape:
            x = apart(x.held)
        return box(x) if self.boxed and _is_array(x) else x

    def pull(self, seeds: list[tuple[int, Any]], keep: bool = False) -> list[Any]:
        """Return the gradients of the differentiated arguments for gradients of the results.

        Unless keep is true this consumes the recording.
        """
        if self.around is None:
            found = self._walk_back(seeds, keep)
        else:
            with unwatched(self.around):
                found = self._walk_back(seeds, keep)
        if not self.inputs.nested:
            found = owned(found, self.inputs.values, self.values, [g for _, g in seeds])
        gradients, start = [], 0
        for build, count in self.builders:
            gradients.append(build(found[start : start + count]))
            start += count
        return gradients

    def _walk_back(self, seeds: list[tuple[int, Any]], keep: bool) -> list[Any]:
        """Return the gradients of the leaves."""
        if any([isinstance(x, Traced) for x in self.values]):
            # Else a tape below that follows would take what is computed of the seeds for constants.
            seeds = [(slot, followed(g, tuple(self.values))) for slot, g in seeds]
        with entered("forgiving", self.inputs.libraries):
            found = walk_back(self.calls, len(self.inputs.values), seeds, keep, large=self.inputs.large)
            return self.inputs.gradients(found)


def _rules_below(x: Any) -> Any:
    """Return the rules of the newest tape that has some and traces an array; a batch may be between."""
    while isinstance(x, Traced) and not x.tape.rules:
        x = beneath(x)
    return x.tape.rules if isinstance(x, Traced) else None


def _map_below(x: Any) -> Any:
    """Return the level of the newest vmap with options that an array is in, or None."""
    while isinstance(x, Traced):
        if getattr(x.tape, "settings", None) is not None:
            return x.tape
        x = beneath(x)
    return None


@contextmanager
def unwatched(level: Any) -> Iterator[None]:
    """Keep a level's watchers from the calls that rules make; the tape that is walked has its own."""
    log, level.log = level.log, None
    try:
        yield
    finally:
        level.log = log


def entered(name: str, libraries: Collection[backends.Backend]) -> Any:
    """Return the libraries' contexts of that name as one."""
    if len(libraries) == 1:
        (library,) = libraries
        return getattr(library, name)()
    stack = ExitStack()
    for library in libraries:
        stack.enter_context(getattr(library, name)())
    return stack


def _is_array(x: Any) -> bool:
    return hasattr(x, "dtype") and (isinstance(x, Array) or backends.is_array(x))


def _slot(x: Any, tape: Tape) -> int | None:
    """Return the slot of a result, or None if no differentiated input reaches it."""
    x = unbox(x)
    return x.slot if isinstance(x, Traced) and x.tape is tape else None
