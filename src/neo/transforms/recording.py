"""One run of a function on a tape: arguments in, results and gradients out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from .. import backends, tree
from ..core.array import Array, Traced, box, raw_of, unbox
from ..core.tape import Tape, walk_back
from .arguments import Inputs, name_of


class Recording:
    """A function's run: its result, and the calls that lead back from it to its inputs.

    chosen: (label, key) of the differentiated arguments, a position or a keyword each.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        chosen: list[tuple[str, Any]],
        has_aux: bool = False,
        log: list[Any] | None = None,
    ) -> None:
        tape = Tape(log)
        self.inputs = Inputs(tape)
        self.owner = name_of(f)
        self.builders: list[tuple[Callable[[list[Any]], Any], int]] = []
        positional, named = list(args), dict(kwargs)
        self.boxed = any(type(x) is Array for x in tree.flatten((args, kwargs))[0])
        for label, key in chosen:
            place: Any = positional if isinstance(key, int) else named
            place[key] = self._entered(place[key], label)
        self.libraries = {backends.of(raw_of(x)) for x in self.inputs.values}
        try:
            with self.quiet():
                result = f(*positional, **named)
            self.result, self.aux = self._split(result, has_aux)
            self.outputs, self.build_result = tree.flatten(self.result)
            self.calls = tape.calls
            self.slots = [_slot(x, tape) for x in self.outputs]
            self.values = [self._leaving(x, tape) for x in self.outputs]
            self.aux = tree.map(lambda x: self._leaving(x, tape), self.aux)
        finally:
            tape.close(self.owner)

    def _entered(self, argument: Any, label: str) -> Any:
        """Return an argument with its leaves on the tape."""
        leaves, build = tree.flatten(argument)
        self.builders.append((build, len(leaves)))
        paths = tree.paths(argument)
        return build([self.inputs.enter(x, label, path) for x, path in zip(leaves, paths, strict=True)])

    def _split(self, result: Any, has_aux: bool) -> tuple[Any, Any]:
        if not has_aux:
            return result, None
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"has_aux=True needs {self.owner} to return a pair (result, aux); it returned "
                f"{type(result).__name__}"
            )
        return result

    def _leaving(self, x: Any, tape: Tape) -> Any:
        """Return a value off the tape, as wrapped as the arguments were."""
        x = unbox(x)
        if isinstance(x, Traced) and x.tape is tape:
            x = x.data
        return box(x) if self.boxed and _is_array(x) else x

    def quiet(self) -> ExitStack:
        """Return a context in which no library records gradients of its own."""
        stack = ExitStack()
        for library in self.libraries:
            stack.enter_context(library.quiet())
        return stack

    def pull(self, seeds: list[tuple[int, Any]], keep: bool = False) -> list[Any]:
        """Return the gradients of the differentiated arguments for gradients of the results.

        Unless keep is true this consumes the recording.
        """
        with self.quiet() as stack:
            for library in self.libraries:
                stack.enter_context(library.forgiving())
            found = self.inputs.gradients(walk_back(self.calls, seeds, keep))
        gradients, start = [], 0
        for build, count in self.builders:
            gradients.append(build(found[start : start + count]))
            start += count
        return gradients


def _is_array(x: Any) -> bool:
    return hasattr(x, "dtype") and (isinstance(x, Array) or backends.is_array(x))


def _slot(x: Any, tape: Tape) -> int | None:
    """Return the slot of a result, or None if no differentiated input reaches it."""
    x = unbox(x)
    return x.slot if isinstance(x, Traced) and x.tape is tape else None
