"""Products of vectors and matrices, and diagonals."""

from __future__ import annotations

from typing import Any

from ...core.policy import library_of_all
from ...errors import whole
from ..batching import leading
from ..broadcasting import reshape, sum
from ..formulas import multiply
from ..indexing import getitem
from ..manipulation import moveaxis, stack
from ..products import matmul
from ..promotion import one_dtype
from ..registry import BuiltIn, composite, rule
from . import checks
from .pieces import column, row

ANY = (-2, 2)


class Diagonal(BuiltIn):
    linear = True
    domain = ANY
    samples = [
        ([(3, 3)], {}),
        ([(3, 4)], {"offset": 2}),
        ([(2, 4, 3)], {"offset": -1}),
        ([(2, 2)], {"offset": 5}),
        ([(0, 2, 2)], {}),
    ]
    batch = classmethod(leading)

    def forward(self, x, *, offset):
        self.ctx.save(tuple(x.shape)[-2:], offset)
        return self.xp.linalg.diagonal(x, offset=offset)

    def backward(self, g):
        lengths, offset = self.ctx.release
        return diagonal_matrix(g, shape=lengths, offset=offset)


@rule(Diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """Return a diagonal of matrices.

    x: (..., m, n). offset: which, counted to the right of the main one. Returns (..., k), empty
    where the offset is outside. Gradient: to the elements taken.
    Raises ValueError when x has fewer than two axes.
    """
    checks.axes("diagonal", x, 2)
    m, n = x.shape[-2:]
    return Diagonal.of(x, offset=max(-m, min(n, offset)))


class DiagonalMatrix(BuiltIn):
    linear = True
    domain = ANY
    samples = [
        ([(3,)], {}),
        ([(2, 2)], {"shape": (3, 4), "offset": 2}),
        ([(0, 3)], {"shape": (4, 3), "offset": -1}),
    ]
    batch = classmethod(leading)

    def forward(self, x, *, shape, offset):
        self.ctx.save(offset)
        library = library_of_all((x,))
        lengths = (*tuple(x.shape)[:-1], *shape)
        zeros = self.xp.zeros(lengths, dtype=x.dtype, device=library.place(library.device(x)))
        places = self.xp.arange(x.shape[-1], device=library.place(library.device(x)))
        return self.xp.put(zeros, (..., places + max(0, -offset), places + max(0, offset)), x)

    def backward(self, g):
        (offset,) = self.ctx.release
        return diagonal(g, offset=offset)


@rule(DiagonalMatrix)
def diagonal_matrix(x: Any, /, *, shape: tuple[int, int] | None = None, offset: int = 0) -> Any:
    """Return matrices, zero but for a diagonal that holds x: the adjoint of `diagonal`.

    x: (..., k). shape: of the matrices, which must have room for k elements; (k, k) by default.
    Gradient: to x.
    """
    return DiagonalMatrix.of(x, shape=shape or (x.shape[-1], x.shape[-1]), offset=offset)


@composite(domain=ANY, samples=[([(3, 3)], {}), ([(2, 2, 3)], {"offset": 1}), ([(2, 0, 0)], {})])
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Return the sum of a diagonal of matrices.

    x: (..., m, n). dtype: of the result; by default that of x, as in `sum`. Returns (...).
    Gradient: to the elements summed.
    """
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


@composite(
    domain=ANY,
    samples=[
        ([(3,), (3,)], {}),
        ([(2, 3), (3,)], {}),
        ([(3, 2), (1, 3, 1)], {"axis": -2}),
        ([(0, 3), (3,)], {}),
    ],
)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Return the cross product of vectors of length 3.

    x1, x2: (...) with length 3 at `axis`, a negative number; the other axes broadcast.
    Gradient: to x1 and x2. Raises ValueError for another length or axis.
    """
    x1, x2 = one_dtype(x1, x2)
    if not -min(x1.ndim, x2.ndim) <= whole("cross", "axis", axis) < 0:
        raise ValueError(
            f"cross: axis must be negative and an axis of both operands, got {axis} for shapes "
            f"{tuple(x1.shape)} and {tuple(x2.shape)}"
        )
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross needs length 3, got {x1.shape[axis]} and {x2.shape[axis]} at axis {axis}")
    a, b = _components(x1, axis), _components(x2, axis)
    parts = [multiply(a[k - 2], b[k - 1]) - multiply(a[k - 1], b[k - 2]) for k in range(3)]
    return moveaxis(stack(parts, axis=-1), -1, axis)


def _components(x: Any, axis: int) -> list[Any]:
    x = moveaxis(x, axis, -1)
    return [getitem(x, (..., k)) for k in range(3)]


@composite(domain=ANY, samples=[([(3,), (2,)], {}), ([(0,), (2,)], {})])
def outer(x1: Any, x2: Any, /) -> Any:
    """Return the products of all pairs of elements of two vectors.

    x1: (n,). x2: (m,). Returns (n, m). Gradient: to x1 and x2.
    Raises ValueError when an operand has not one axis.
    """
    x1, x2 = one_dtype(x1, x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"outer needs vectors, got shapes {tuple(x1.shape)} and {tuple(x2.shape)}")
    return column(x1) * row(x2)


@composite(domain=ANY, samples=[([(2, 3), (3, 2)], {}), ([(2,), (2, 3)], {}), ([(2, 1, 2), (3, 2)], {})])
def kron(x1: Any, x2: Any, /) -> Any:
    """Return the Kronecker product: x1 with each element replaced by it times x2.

    x1, x2: of any shapes; the shorter one gets leading axes of length 1, as in numpy.kron.
    Returns an array whose lengths are the products of theirs. Gradient: to x1 and x2.
    """
    x1, x2 = one_dtype(x1, x2)
    n = max(x1.ndim, x2.ndim)
    first, second = [(1,) * (n - x.ndim) + tuple(x.shape) for x in (x1, x2)]
    apart = [reshape(x1, _paired(first, (1,) * n)), reshape(x2, _paired((1,) * n, second))]
    return reshape(multiply(*apart), tuple([i * j for i, j in zip(first, second, strict=True)]))


def _paired(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n for pair in zip(first, second, strict=True) for n in pair])


@composite(domain=ANY, samples=[([(2, 3), (3, 4), (4, 2)], {}), ([(3,), (3, 2), (2, 2), (2,)], {})])
def multi_dot(arrays: Any, /) -> Any:
    """Return the product of a chain of matrices, multiplied in the cheapest order.

    arrays: two or more matrices; the first and the last may be vectors.
    Gradient: to each. Raises ValueError when inner lengths differ.
    Source: Cormen et al., "Introduction to Algorithms", matrix-chain multiplication.
    """
    arrays = one_dtype(*arrays)
    if len(arrays) < 2:
        raise ValueError(f"multi_dot needs two or more arrays, got {len(arrays)}")
    ends = arrays[0].ndim == 1, arrays[-1].ndim == 1
    if ends[0]:
        arrays[0] = row(arrays[0])
    if ends[1]:
        arrays[-1] = column(arrays[-1])
    if any([x.ndim != 2 for x in arrays]):
        raise ValueError(f"multi_dot needs matrices, got shapes {[tuple(x.shape) for x in arrays]}")
    lengths = [x.shape[0] for x in arrays] + [arrays[-1].shape[1]]
    out = _multiplied(arrays, _splits(lengths), 0, len(arrays) - 1)
    shape = (() if ends[0] else (out.shape[0],)) + (() if ends[1] else (out.shape[1],))
    return reshape(out, shape)


def _splits(lengths: list[int]) -> dict[tuple[int, int], int]:
    """Return where to split the chain from i to j so that the fewest numbers are multiplied."""
    n = len(lengths) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for reach in range(1, n):
        for i in range(n - reach):
            j = i + reach
            costs = [
                (cost[i, k] + cost[k + 1, j] + lengths[i] * lengths[k + 1] * lengths[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(costs)
    return split


def _multiplied(arrays: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return arrays[i]
    k = split[i, j]
    return matmul(_multiplied(arrays, split, i, k), _multiplied(arrays, split, k + 1, j))
