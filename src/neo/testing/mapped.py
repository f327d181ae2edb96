"""A Policy's own rule for a batch axis, beside one example after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..transforms.gradient import vjp
from ..transforms.vmap import vmap
from .structure import Fault
from .subjects import Hosts, Subject, host, like

# Examples in a batch, what the operands of each are multiplied by: inside every interval about 0.
FACTORS = (1.0, 0.75, 0.875)


def mapped(subject: Subject, names: list[str]) -> Fault | None:
    """Compare `neo.vmap` of a function with the function at each example: its results and gradients.

    Over each operand alone and over all of them; an example that the function does not take is left out.
    """
    for batched in _choices(subject.varied):
        examples = [_scaled(subject, batched, factor) for factor in FACTORS]
        try:
            one_by_one = [
                _results_and_gradients(subject.run, operands, subject, batched) for operands in examples
            ]
        except Exception:  # forward does not take it
            continue
        said = "every operand" if len(batched) > 1 else names[batched[0]] if names else "its operand"
        try:
            found = _of_batch(subject, examples, batched)
        except Exception as error:
            return "wrong_batch", f"over {said}, vmap raised {type(error).__name__}: {error}", None
        for what, ours, theirs in zip(
            ("result", "gradient"), found, zip(*one_by_one, strict=True), strict=True
        ):
            fault = _differing(ours, theirs)
            if fault:
                return "wrong_batch", f"over {said}, the {what} under vmap {fault}", None
    return None


def _choices(varied: list[int]) -> Iterator[list[int]]:
    yield from [[k] for k in varied]
    if len(varied) > 1:
        yield list(varied)


def _scaled(subject: Subject, batched: list[int], factor: float) -> list[np.ndarray]:
    scaled = [x * np.asarray(factor, x.dtype) if k in batched else x for k, x in enumerate(subject.operands)]
    return [np.asarray(x) for x in scaled]


def _results_and_gradients(
    run: Callable[..., Any], operands: list[np.ndarray], subject: Subject, batched: list[int]
) -> tuple[Hosts, Hosts]:
    """Return the results at operands, and the gradients of the batched ones for ones."""
    natives = [subject.library.asarray(x, dtype) for x, dtype in zip(operands, subject.dtypes, strict=True)]

    def function(*arrays: Any) -> Any:
        every = list(natives)
        for k, x in zip(batched, arrays, strict=True):
            every[k] = x
        return run(every)

    results, pull = vjp(function, *[natives[k] for k in batched])
    ones = tuple([like(np.ones(tuple(x.shape)), x) for x in results])
    return [host(x) for x in results], [host(g) for g in pull(ones)]


def _of_batch(subject: Subject, examples: list[list[np.ndarray]], batched: list[int]) -> tuple[Hosts, Hosts]:
    """Return the results and gradients of all examples, by vmap."""
    stacked = [
        np.stack(column) if k in batched else column[0]
        for k, column in enumerate(zip(*examples, strict=True))
    ]
    axes = tuple([0 if k in batched else None for k in range(len(stacked))])
    run = vmap(lambda *arrays: subject.run(arrays), in_axes=axes)
    return _results_and_gradients(lambda arrays: run(*arrays), stacked, subject, batched)


def _differing(ours: Hosts, theirs: Any) -> str:
    """Return how the arrays of a batch differ from those of its examples, or nothing."""
    for k, x in enumerate(ours):
        each = [found[k] for found in theirs]
        if x.shape != (len(each), *each[0].shape):
            return f"has shape {x.shape}, and should have {(len(each), *each[0].shape)}"
        expected = np.stack(each)
        size = np.max(np.abs(expected[np.isfinite(expected)]), initial=0)
        near = 2**16 * float(np.finfo(expected.dtype).eps) * size
        if not np.all((np.abs(x - expected) <= near) | (x == expected) | (np.isnan(x) & np.isnan(expected))):
            return f"is {_short(x)} where the examples have {_short(expected)}"
    return ""


def _short(x: np.ndarray) -> str:
    return np.array2string(x, threshold=6, precision=4, separator=", ").replace("\n", "")
