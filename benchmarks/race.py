"""The race: every library runs every workload in one run, in rotating order, and must agree on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np
from by_hand import GRADIENTS, raw_calls
from libraries import LIBRARIES, Library
from timing import Times, alternate
from workloads import RATE, Workload

BASE = "PyTorch eager"
BY_HAND = {"raw NumPy by hand": "numpy", "raw Torch by hand": "torch"}
# Libraries round differently, and a sum of a thousand float32 terms more than one.
TOLERANCE = 2e-3


def contestants(workload: Workload, names: list[str]) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """Return what to time, by name, and why the others are not in it."""
    found: dict[str, Callable[[], Any]] = {}
    absent: dict[str, str] = {}
    expected: Any = None
    for name in names:
        try:
            run, gradients = prepared(workload, name)
        except Exception as error:  # whatever a library that does not run here raises
            absent[name] = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:100]}"
            continue
        if run is None:
            continue
        expected = gradients if expected is None else expected
        _agree(name, gradients, expected)
        found[name] = run
    return found, absent


def prepared(workload: Workload, name: str) -> tuple[Callable[[], Any] | None, list[Any]]:
    """Return a round of steps, and the gradients of the first step as NumPy arrays."""
    if name in BY_HAND:
        if workload.kind not in GRADIENTS:
            return None, []
        library = raw_calls(BY_HAND[name])
        settings = getattr(workload.loss, "keywords", {})
        step = library.gradient(SimpleNamespace(kind=workload.kind, settings=settings))
    else:
        library = LIBRARIES[name]()
        step = library.gradient(workload.loss)
    parameters, data = workload.arrays()
    data = [_moved(library, x) for x in data]
    leaf = getattr(library, "leaf", library.array)
    first = [np.array(library.ready(g)) for g in step([leaf(p) for p in parameters], data)[1]]
    return _round(workload, library, step, parameters, data), first


def _moved(library: Library, x: Any) -> Any:
    return [library.array(a) for a in x] if isinstance(x, list) else library.array(x)


def _round(workload: Workload, library: Library, step: Any, start: Any, data: Any) -> Callable[[], Any]:
    quiet, leaf = getattr(library, "quiet", nullcontext), getattr(library, "leaf", library.array)
    fixed = None if workload.updates else [leaf(p) for p in start]

    def run() -> Any:
        parameters = fixed or [leaf(p) for p in start]
        with quiet():
            for _ in range(workload.steps):
                _, gradients = step(parameters, data)
                if workload.updates:
                    pairs = zip(parameters, gradients, strict=True)
                    parameters = [library.updated(p, g, RATE) for p, g in pairs]
        return library.ready(parameters[-1] if workload.updates else gradients[-1])

    return run


def _agree(name: str, found: list[Any], expected: list[Any]) -> None:
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=TOLERANCE, atol=TOLERANCE * np.abs(e).max(), err_msg=name)


def race(workload: Workload, names: list[str], seconds: float) -> dict[str, Any]:
    """Return the workload's rows: milliseconds per step, quartiles, and the ratio to PyTorch eager.

    seconds: about how long to take; at least 3 rounds count, at most 60.
    """
    found, absent = contestants(workload, names)
    start = perf_counter()
    for run in found.values():
        run()
    rounds = int(seconds / (perf_counter() - start))
    times = alternate(found, min(60, max(3, rounds)), warmup=2)
    return {"workload": workload.name, "rows": rows(times, workload.steps), "absent": absent}


def rows(times: dict[str, Times], steps: int) -> list[dict[str, Any]]:
    base = times[BASE].median if BASE in times else None
    return [
        {
            "name": name,
            "ms per step": 1e3 * t.median / steps,
            "quartiles": [1e3 * t.low / steps, 1e3 * t.high / steps],
            "ratio": t.median / base if base else None,
            "rounds": t.rounds,
        }
        for name, t in times.items()
    ]
