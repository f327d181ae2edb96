"""vmap of every operation is the stacked loop over examples, and so are its derivatives."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
from hypothesis import settings
from support.cases import CASES, COMPLEX_CASES, Case
from support.libraries import Library
from support.walking import walks

import neo

LENGTH = 3
# The shape of its result depends on values.
REFUSED = ("unique_values",)
# Both sides compute the same numbers, up to the order of sums in a product of matrices. A derivative
# of a factorization divides by gaps, of which the domains keep a hundredth of the size or more.
FACTOR = 2.0**14


@walks([case for case in CASES if case.name not in REFUSED])
def test_vmap_is_the_stacked_loop(xp: Library, case: Case, shapes: Any, number: int) -> None:
    if _is_due(xp, case):
        _compare(_Batch(xp, case, shapes, number, "float64"))


@walks([case for case in COMPLEX_CASES if case.name not in REFUSED])
def test_vmap_of_complex_numbers_is_the_stacked_loop(
    xp: Library, case: Case, shapes: Any, number: int
) -> None:
    if _is_due(xp, case):
        _compare(_Batch(xp, case, shapes, number, "complex128"))


# How a batch axis is taken is said once for all libraries, so by default each case runs on one.
SHARES = {"numpy": 0, "array-api-strict": 1, "torch": 2, "numpy-read-only": 3}


def _is_due(xp: Library, case: Case) -> bool:
    """Tell whether a case is one that runs on a library: all of them in the deep profile."""
    deep = settings.default.max_examples > 10
    return deep or crc32(case.label.encode()) % 4 == SHARES.get(xp.name, 0)


class _Batch:
    """Operands of a case, some of them mapped over an axis, and cotangents of the results."""

    def __init__(self, xp: Library, case: Case, shapes: Any, number: int, dtype: str) -> None:
        rng = np.random.default_rng([number, crc32(case.label.encode())])
        self.xp, self.function = xp, case.on(xp)
        drawn = [case.operands(shapes, number + k, dtype) for k in range(LENGTH)]
        count = len(drawn[0])
        mapped = [bool(rng.integers(2)) for _ in range(count)]
        mapped[int(rng.integers(count))] = True
        self.axes = [
            int(rng.integers(x.ndim + 1)) if m else None for x, m in zip(drawn[0], mapped, strict=True)
        ]
        self.rows = [[row[j] if m else drawn[0][j] for j, m in enumerate(mapped)] for row in drawn]
        outs = [self.function(*self.made(row)) for row in self.rows]
        self.cotangents = [[_like(rng, xp, out) for out in row] for row in outs]

    def made(self, arrays: Any) -> list[Any]:
        return [self.xp.asarray(x) for x in arrays]

    def stacked(self) -> list[Any]:
        columns = zip(*self.rows, strict=True)
        return [
            self.xp.asarray(column[0] if axis is None else np.stack(column, axis))
            for column, axis in zip(columns, self.axes, strict=True)
        ]

    def pull(self, *arrays: Any) -> Any:
        operands, cotangents = arrays[: len(self.axes)], arrays[len(self.axes) :]
        return neo.vjp(self.function, *operands)[1](tuple(cotangents))


def _like(rng: Any, xp: Library, out: Any) -> Any:
    raw = neo.backends.of(out)
    w = rng.normal(size=tuple(out.shape)) + (
        1j * rng.normal(size=tuple(out.shape)) if "complex" in str(out.dtype) else 0
    )
    return raw.asarray(w, out.dtype, raw.device(out))


def _read(arrays: Any) -> list[np.ndarray]:
    return [np.asarray(neo.backends.of(x).to_numpy(x)) for x in arrays]


def _compare(batch: _Batch) -> None:
    operands = batch.stacked()
    examples = [batch.made(row) for row in batch.rows]

    found = neo.vmap(batch.function, in_axes=tuple(batch.axes))(*operands)
    _close(_read(found), _columns([_read(batch.function(*row)) for row in examples]))

    xp = neo.backends.of(batch.cotangents[0][0]).xp
    ws = [xp.stack(list(column)) for column in zip(*batch.cotangents, strict=True)]
    axes = (*batch.axes, *[0] * len(ws))
    expected = [_read(batch.pull(*row, *w)) for row, w in zip(examples, batch.cotangents, strict=True)]
    _close(_read(neo.vmap(batch.pull, in_axes=axes)(*operands, *ws)), _columns(expected))

    _, pull = neo.vjp(neo.vmap(batch.function, in_axes=tuple(batch.axes)), *operands)
    total = [
        np.sum(column, axis=0) if axis is None else np.stack(column, axis)
        for column, axis in zip(zip(*expected, strict=True), batch.axes, strict=True)
    ]
    _close(_read(pull(tuple(ws))), total)


def _columns(rows: Any) -> list[np.ndarray]:
    return [np.stack(column) for column in zip(*rows, strict=True)]


def _close(found: Any, expected: Any) -> None:
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        eps = np.finfo(y.dtype).eps if y.dtype.kind in "fc" else 0
        scale = np.max(np.abs(y[np.isfinite(y)]), initial=1)
        assert x.dtype == y.dtype
        np.testing.assert_allclose(x, y, rtol=FACTOR * eps, atol=FACTOR * eps * scale)
