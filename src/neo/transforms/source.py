"""A traced program as Python source: forward and backward, line by line, without neo."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .. import backends
from ..backends.recording import writing
from ..backends.writing import Writer
from ..core.array import raw_of
from ..core.following import Guard, Program
from ..core.listing import Call, Slot, arrays_in
from ..core.policy import several
from .program import Run
from .pulls import Pulls, walk

_HEAD = '''"""{name}, {what}, as neo recorded it.

Takes the arrays {arguments}.
"""

{imports}
{constants}

def {function}({parameters}):
{body}
    return {result}
'''


def source_of(program: Program, name: str, gradient: bool) -> str:
    """Return a program as source. gradient: whether the way back is part of it."""
    leaves = _leaves(program)
    base = backends.of(leaves[0])
    names = _parameters([label for label, _ in program.inputs])
    with writing(base) as writer:
        inputs = [writer.input(x, name) for x, name in zip(leaves, names, strict=True)]
        results, gradients = _written(program, inputs, writer, gradient)
        found = [results, gradients] if gradient else [results]
        shown = program.interface.build(results)
        labels = [label for label, _ in program.inputs]
        pairs = {label: g for label, g in zip(labels, gradients, strict=True) if g is not None}
        body = writer.body([*found])
        result = f"{writer.literal(shown)}, {writer.literal(pairs)}" if gradient else writer.literal(shown)
        return _HEAD.format(
            name=program.interface.owner,
            what="forward and backward" if gradient else "forward",
            arguments=", ".join(labels),
            imports="\n".join(_needed(writer, body, result)),
            constants="".join([f"\n{c} = {made}" for made, c in writer.constants.items()]),
            function=name,
            parameters=", ".join(names),
            body="\n".join([f"    {line}" for line in body.splitlines()]),
            result=result,
        )


def _leaves(program: Program) -> list[Any]:
    """Return the arguments that were traced, or arrays like them where those are gone."""
    found = [raw_of(leaf()) for leaf in program.interface.leaves]
    if any([x is None for x in found]):
        found = [like() for like in program.interface.likes]
    return [x if hasattr(x, "dtype") else backends.current()[0].asarray(x) for x in found]


def _needed(writer: Writer, body: str, result: str) -> list[str]:
    """Return the imports that the source uses, one line each, in order."""
    text = body + result + "".join(writer.constants)
    return sorted([line for line in writer.imports if f"{line.split()[-1]}." in text])


def _parameters(labels: list[str]) -> list[str]:
    """Return labels as names: `weights[0]['w']` is weights_0_w."""
    names: list[str] = []
    for label in labels:
        name = re.sub(r"\W+", "_", label).strip("_") or "x"
        name = f"x_{name}" if name[0].isdigit() or re.fullmatch(r"[vc]\d+", name) else name
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names


def _written(
    program: Program, inputs: list[Any], writer: Writer, gradient: bool
) -> tuple[list[Any], list[Any]]:
    """Run a program on recorded arrays; return its results and the gradients of its inputs."""

    def make(program: Program, leaves: list[Any], watch: Any) -> Run:
        return _SourceRun(program, leaves, watch, writer)

    def told(call: Call, slots: Any, pull: Callable[[], Any]) -> None:
        _attempt(call, writer, f"back through {call}", pull)

    log = Pulls(told)
    if not gradient:
        return [raw_of(x) for x in make(program, inputs, log.watch).results()], [None for _ in inputs]
    run, gradients = walk(program, inputs, log, make)
    return run.outputs, gradients


def _attempt(call: Call, writer: Writer, note: str, run: Callable[[], Any]) -> Any:
    """Run a call; say which it was where it cannot be written."""
    writer.note = note
    try:
        return run()
    except Exception as error:
        raise NotImplementedError(
            f"the tape has no source, since {call.name} cannot be written as calls of {writer.base.name}: "
            f"{error}. Use tape.replay, or take {call.name} out of the function"
        ) from error


def _as_traced(call: Call, out: Any) -> Any:
    """Return results that have the shapes of the traced run: the arguments may be others."""
    for x, like in zip(several(out), call.results, strict=True):
        if tuple(x.shape) != like.shape:
            raise RuntimeError(
                f"source has to run {call} on the traced arguments, since a shape depends on their values, "
                f"and a tape does not keep them. Hold on to them, or use neo.trace(f, keep=True)"
            )
    return out


# How what Python saw of a value is seen again, by the method that was asked.
_LOOKS = {
    "__bool__": "bool({})",
    "__int__": "int({})",
    "__index__": "int({})",
    "__float__": "float({})",
    "item": "{}.item()",
    "tolist": "{}.tolist()",
}


class _SourceRun(Run):
    """A run on recorded arrays: constants are written, and what Python saw is asserted."""

    def __init__(self, program: Program, leaves: list[Any], watch: Any, writer: Writer) -> None:
        self.writer = writer
        attempt: Any = lambda call, run: _attempt(call, writer, str(call), lambda: watch(call, run))  # noqa: E731
        super().__init__(program, leaves, lambda call, run: _as_traced(call, attempt(call, run)))

    def _fitting(self, name: str, like: Any, leaf: Any) -> Any:
        return leaf

    def _value(self, x: Any) -> Any:
        if isinstance(x, Slot):
            return super()._value(x)
        return self.writer.constant(raw_of(x)) if arrays_in(x) else x

    def _check(self, guard: Guard) -> None:
        x = raw_of(self.values[guard.slot])
        if guard.method not in _LOOKS:
            raise NotImplementedError(
                f"the tape has no source, since NumPy looked at %{guard.slot}. Use functions of neo.numpy"
            )
        self.writer.statement(f"assert {_LOOKS[guard.method].format(x.name)} == {guard.value!r}", (x,))
