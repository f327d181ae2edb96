"""Matrix products: matmul, vecdot, tensordot, and what they transpose with."""

from __future__ import annotations

from math import prod as product
from typing import Any

from ..core.array import Plain
from ..core.call import call
from .batching import aligned
from .broadcasting import conj, positive_axes, reshape, unbroadcast
from .kernels import with_kernel
from .manipulation import matrix_transpose, moveaxis, permute_dims
from .promotion import have_one_dtype, one_dtype
from .registry import BuiltIn, composite, reworded, rule


def _formula(g, a, b, shape_a, shape_b):
    """Return the gradients of a @ b; a and b are None where not needed for that of the other."""
    return (
        None if b is None else unbroadcast(g @ adjoint(b), shape_a),
        # Not adjoint(a) @ g: a strict library's own array refuses a traced one on its right.
        None if a is None else unbroadcast(Matmul.of(adjoint(a), g), shape_b),
    )


class Matmul(BuiltIn):
    multilinear = True
    broadcast = 2
    domain = (-2, 2)
    samples = [([(3, 4), (4, 2)], {}), ([(2, 3, 4), (4, 2)], {}), ([(2, 1, 3, 0), (2, 0, 2)], {})]
    slopes = staticmethod(with_kernel("matmul_backward", _formula))

    @classmethod
    def batch(cls, batched, a, b):
        """Return the products of all examples; rows against one matrix go through as one product."""
        if batched == (True, False) and b.ndim == 2 and a.shape[-2] <= FEW:
            return _rows_times(a, b)
        if batched == (False, True) and a.ndim == 2 and b.shape[-1] <= FEW:
            return matrix_transpose(_rows_times(matrix_transpose(b), matrix_transpose(a)))
        return aligned(cls, batched, a, b)

    @staticmethod
    def value_and_saved(xp, slots, a, b):
        at_a, at_b = slots
        saved = None if at_b is None else a, None if at_a is None else b, tuple(a.shape), tuple(b.shape)
        return xp.matmul(a, b), saved


# Up to so many rows an example one large product takes a half to a third of a stack's time; with
# more of them a stack of small ones stays in the cache.
FEW = 8


def _rows_times(a: Any, b: Any) -> Any:
    """Return a @ b for a stack of matrices and one matrix, as one product of all rows."""
    rows = reshape(a, (product(a.shape[:-1]), a.shape[-1]))
    return reshape(Matmul.of(rows, b), (*a.shape[:-1], b.shape[-1]))


def adjoint(a: Any) -> Any:
    """Return the conjugate transpose of a stack of matrices."""
    return matrix_transpose(conj(a))


@rule(Matmul)
def matmul(a: Any, b: Any, /) -> Any:
    """Return the matrix product a @ b.

    a: (..., n, k) or (k,). b: (..., k, m) or (k,). Leading axes broadcast.
    Returns (..., n, m), without the axis of an operand that had one axis.
    Gradient: to a and b.
    Raises ValueError when the inner lengths differ or an operand is 0-d.
    """
    if not (type(a) is type(b) is Plain and a.tape is b.tape) and not have_one_dtype(a, b):
        a, b = one_dtype(a, b)
    if len(a.shape) > 1 and len(b.shape) > 1:
        if a.shape[-1] != b.shape[-2]:
            _require(False, "matmul", a, b)
        try:
            return call(Matmul, (a, b), {})
        except Exception as error:
            reworded("matmul", (a, b), {}, error, broadcast=2)
            raise
    _require(a.ndim and b.ndim and a.shape[-1] == b.shape[-min(b.ndim, 2)], "matmul", a, b)
    left = reshape(a, (1, a.shape[0])) if a.ndim == 1 else a
    right = reshape(b, (b.shape[0], 1)) if b.ndim == 1 else b
    out = Matmul.of(left, right)
    shape = list(out.shape)
    if b.ndim == 1:
        del shape[-1]
    if a.ndim == 1:
        del shape[-1 if b.ndim == 1 else -2]
    return reshape(out, tuple(shape))


def _require(fits: Any, name: str, a: Any, b: Any) -> None:
    if not fits:
        raise ValueError(
            f"{name}: shapes {tuple(a.shape)} and {tuple(b.shape)} do not fit; the last length of "
            f"the first must equal the last but one (or only) length of the second"
        )


@composite(domain=(-2, 2), samples=[([(3, 4), (3, 4)], {}), ([(4, 3), (4, 1)], {"axis": 0})])
def vecdot(x: Any, y: Any, /, *, axis: int = -1) -> Any:
    """Return the sum of conj(x) * y over one axis; the other axes broadcast.

    x, y: (...) with the same length at `axis`, counted from the end. Gradient: to x and y.
    Raises ValueError when the lengths differ.
    """
    x, y = one_dtype(x, y)
    x, y = moveaxis(x, axis, -1), moveaxis(y, axis, -1)
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(f"vecdot: lengths {x.shape[-1]} and {y.shape[-1]} at axis {axis} differ")
    row = reshape(conj(x), (*x.shape[:-1], 1, x.shape[-1]))
    column = reshape(y, (*y.shape, 1))
    out = Matmul.of(row, column)
    return reshape(out, tuple(out.shape)[:-2])


@composite(
    domain=(-2, 2),
    samples=[
        ([(3, 4), (4, 2)], {"axes": 1}),
        ([(2, 3, 4), (4, 2)], {"axes": ((2, 0), (0, 1))}),
        ([(2,), (3,)], {"axes": 0}),
    ],
)
def tensordot(x: Any, y: Any, /, *, axes: Any = 2) -> Any:
    """Return the sum of products over pairs of axes.

    axes: how many last axes of x meet the first of y, or a pair of sequences of axes.
    Returns the other axes of x, then those of y. Gradient: to x and y.
    Raises ValueError when lengths differ.
    """
    x, y = one_dtype(x, y)
    over_x, over_y = _contracted(axes, x.ndim, y.ndim)
    if [x.shape[k] for k in over_x] != [y.shape[k] for k in over_y]:
        raise ValueError(
            f"tensordot: shapes {tuple(x.shape)} and {tuple(y.shape)} differ along axes {over_x} and {over_y}"
        )
    free_x = [k for k in range(x.ndim) if k not in over_x]
    free_y = [k for k in range(y.ndim) if k not in over_y]
    shape = tuple([x.shape[k] for k in free_x] + [y.shape[k] for k in free_y])
    inner = product([x.shape[k] for k in over_x])
    left = reshape(permute_dims(x, (*free_x, *over_x)), (product([x.shape[k] for k in free_x]), inner))
    right = reshape(permute_dims(y, (*over_y, *free_y)), (inner, product([y.shape[k] for k in free_y])))
    return reshape(matmul(left, right), shape)


def _contracted(axes: Any, ndim_x: int, ndim_y: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(axes, int):
        if not 0 <= axes <= min(ndim_x, ndim_y):
            raise ValueError(f"tensordot: axes={axes} for arrays with {ndim_x} and {ndim_y} axes")
        return tuple(range(ndim_x - axes, ndim_x)), tuple(range(axes))
    return positive_axes(tuple(axes[0]), ndim_x), positive_axes(tuple(axes[1]), ndim_y)
