"""`check_backend`: every operation of neo on one array library, beside the same on NumPy."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import backends
from ..core.dtypes import COMPLEX, kind
from ..errors import describe, short_name
from ..transforms.gradient import vjp
from .backend_report import MISSING, WORKS, WRONG, BackendReport, Row
from .findings import STOPPED, Stopped
from .limited import Limited
from .operations import Case, cases


def check_backend(
    name: str,
    *,
    operations: Iterable[str] | None = None,
    dtype: str = "float64",
    orders: tuple[int, ...] = (1, 2),
    seed: int = 0,
    limit: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> BackendReport:
    """Run every operation of neo on an array library and compare it with NumPy.

    name: of a registered backend. operations: the names to run (default: all). dtype: of the
    operands. orders: of the derivatives to compare beside the values. seed: of the operands'
    elements, drawn from each operation's domain. limit: the seconds that an operation may take; they
    then run in a process of their own, which is ended if they take longer, and may end by itself;
    such an operation counts as missing. It sees the backends that have an entry point.
    progress: is called with each operation's name.
    Values and gradients must agree to half the digits of the dtype: two libraries' kernels agree to
    far more, a wrong rule does not to so many.
    Returns a BackendReport, which is true when nothing is wrong.
    Raises ValueError for an unknown backend or operation, ImportError for an absent library, and
    Stopped, a KeyboardInterrupt with the report so far, when it is interrupted.

    >>> print(check_backend("numpy", operations=["tanh", "sort"]))
    numpy, float64: of 2 operations 2 work, 0 are missing, 0 are wrong
    """
    backend = backends.get(name)
    _need(backend, dtype)
    by_name: dict[str, list[Case]] = {}
    for case in cases():
        by_name.setdefault(case.name, []).append(case)
    chosen = sorted(by_name) if operations is None else list(operations)
    unknown = [repr(operation) for operation in chosen if operation not in by_name]
    if unknown:
        raise ValueError(f"no operation {', '.join(unknown)} in neo.policies; see sorted(neo.policies)")

    def row(operation: str) -> Row:
        return _row(operation, by_name[operation], backend, dtype, orders, seed)

    if limit is not None:
        row = Limited(limit, name, dtype=dtype, orders=orders, seed=seed)
    rows: list[Row] = []
    try:
        for operation in chosen:
            if progress is not None:
                progress(operation)
            rows.append(row(operation))
    except KeyboardInterrupt as error:
        raise Stopped(BackendReport(name, dtype, tuple(rows), len(chosen) - len(rows))) from error
    return BackendReport(name, dtype, tuple(rows))


def _need(backend: backends.Backend, dtype: str) -> None:
    """Raise TypeError for what is no dtype, or where a library gives another in its place."""
    if dtype not in FLOATING:
        raise TypeError(f"check_backend: {dtype!r} is no floating dtype; give one of {', '.join(FLOATING)}")
    given = short_name(backend.asarray(np.ones(1, dtype), dtype).dtype)
    # Python's own numbers have no precision.
    if given != dtype and not backend.holds_objects:
        raise TypeError(
            f"check_backend: {backend.name} gives {given} where {dtype} is asked for. Pass dtype={given!r}, "
            f"or set the library up to have {dtype}"
        )


FLOATING = ("float16", "float32", "float64", "complex64", "complex128")


def _row(
    operation: str, found: list[Case], backend: backends.Backend, dtype: str, orders: Any, seed: int
) -> Row:
    """Return the first trouble of an operation over its cases, or that there is none."""
    tried = 0
    for case in found:
        for shapes in case.some_shapes():
            trouble = _trouble(case, case.operands(shapes, seed, dtype), backend, orders, seed)
            tried += 1
            if trouble is not None:
                status, stage, detail = trouble
                sizes = ", ".join(map(str, shapes))
                return Row(operation, status, stage, f"{detail} (shapes {sizes})", tried)
    return Row(operation, WORKS, "", "", tried)


def _trouble(
    case: Case, operands: list[np.ndarray], backend: backends.Backend, orders: Any, seed: int
) -> tuple[str, str, str] | None:
    """Return (status, stage, detail) of what differs from NumPy at one example, None if nothing."""
    expected = _Example(case, backends.get("numpy"), operands)
    try:
        found = _Example(case, backend, operands)
    except Exception as error:  # no such dtype, say
        return MISSING, "value", _first_line(error)
    weights: list[np.ndarray] = []
    for stage in ["value", *[_DERIVATIVES[order] for order in orders]]:
        right = expected.run(stage, weights)
        try:
            got = found.run(stage, weights)
        except Exception as error:
            return MISSING, stage, _first_line(error)
        detail = _difference(got, right, backend.holds_objects)
        if detail is not None:
            return WRONG, stage, detail
        weights = weights or _drawn(right, seed + 1)
    return None


_DERIVATIVES = {1: "gradient", 2: "second gradient"}


class _Example:
    """One example on one library: its value, its pull-back, and the pull-back's pull-back."""

    def __init__(self, case: Case, backend: backends.Backend, operands: list[np.ndarray]) -> None:
        self.backend, self.operands = backend, operands
        self.function = case.over(backend, self._setting)
        self.results: Any = ()

    def run(self, stage: str, weights: list[np.ndarray]) -> list[np.ndarray]:
        """Return a stage's results as NumPy's arrays. weights: the cotangents of the value."""
        function = {"value": self.function, "gradient": self._pull}.get(stage, self._pull_again)
        if self.backend.run is not None:
            return self.backend.run(function, [*self.operands, *weights])
        operands = [self.backend.asarray(x, x.dtype) for x in self.operands]
        found = function(*operands, *[_like(w, x) for w, x in zip(weights, self.results, strict=False)])
        self.results = found if stage == "value" else self.results
        return [_numpy(x) for x in found]

    def _setting(self, values: np.ndarray) -> Any:
        """Return an array among the settings, no wider than the operands: or the result would be."""
        dtype = self.operands[0].dtype
        narrow = values.dtype.kind == dtype.kind == "f"
        return self.backend.asarray(values, dtype if narrow else values.dtype)

    def _pull(self, *arrays: Any) -> Any:
        count = len(self.operands)
        return vjp(self.function, *arrays[:count])[1](tuple(arrays[count:]))

    def _pull_again(self, *arrays: Any) -> Any:
        weights = tuple([x * 0.5 for x in arrays[: len(self.operands)]])
        return vjp(self._pull, *arrays)[1](weights)


def _drawn(results: list[np.ndarray], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, x.shape).astype(x.dtype) for x in results]


def _numpy(x: Any) -> np.ndarray:
    values = np.asarray(backends.of(x).to_numpy(x))
    # Python's own numbers are compared in double precision; where there are none, they have no dtype.
    if values.dtype == object and values.size:
        return values.astype("complex128" if kind(x.dtype) == COMPLEX else "float64")
    return values


def _like(values: np.ndarray, x: Any) -> Any:
    library = backends.of(x)  # an operation may have moved it
    return library.asarray(values, x.dtype, library.device(x))


def _difference(got: list[np.ndarray], right: list[np.ndarray], objects: bool) -> str | None:
    """Return what differs between a library's arrays and NumPy's, None if nothing does.

    objects: whether its elements are Python's own numbers, whose precision is no dtype's.
    """
    for k, (x, y) in enumerate(zip(got, right, strict=True)):
        if x.shape != y.shape:
            return f"array {k} is {describe(x)}, NumPy's {describe(y)}"
        dtype = y.dtype
        if x.dtype == object:  # no elements
            continue
        if dtype.kind in "fc" and x.dtype != dtype and not (objects and x.dtype.kind == dtype.kind):
            return f"array {k} is {x.dtype}, NumPy's {dtype}"
        half = math.sqrt(float(np.finfo(dtype).eps)) if dtype.kind in "fc" else 0.0
        size = float(np.max(np.abs(y[np.isfinite(y)]), initial=1.0)) if dtype.kind in "fc" else 0.0
        if not np.allclose(x, y, rtol=half, atol=half * size, equal_nan=True):
            return f"array {k} differs by {float(np.max(np.abs(x - y))):.2g}"
    return None


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0] or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


def run(given: list[str]) -> int:
    """Run `neo conformance`: return 0, 1 when anything is wrong, 2 when nothing could be run.

    When it is interrupted (Ctrl-C) it prints what it did until then, and returns 130.
    """
    parser = argparse.ArgumentParser(
        prog="neo conformance", description=check_backend.__doc__.partition("\n")[0]
    )
    parser.add_argument("backend", help="the name of a registered array library")
    parser.add_argument("--dtype", default="float64", help="of the operands (default: float64)")
    parser.add_argument("--operation", action="append", help="run this one alone; may be given again")
    parser.add_argument("--limit", type=float, help="the seconds that an operation may take (default: any)")
    parser.add_argument("--markdown", action="store_true", help="print a section of a page")
    options = parser.parse_args(given)
    try:
        report = check_backend(
            options.backend,
            operations=options.operation,
            dtype=options.dtype,
            limit=options.limit,
            progress=_shown if sys.stderr.isatty() else None,
        )
    except (ImportError, TypeError, ValueError) as error:
        print(f"neo conformance: {error}", file=sys.stderr)
        return 2
    except Stopped as stopped:
        print("\nneo conformance: stopped", file=sys.stderr)
        report = stopped.report
    print(report.markdown() if options.markdown else report)
    return STOPPED if report.left else int(not report)


def _shown(operation: str) -> None:
    print(f"\r{operation:<40}", end="", file=sys.stderr, flush=True)
