"""The linear layer: a matrix product and a bias in one call."""

from __future__ import annotations

from math import prod
from typing import Any

from ..backends import define
from ..core.call import call
from ..core.pushing import total
from ..errors import describe
from ..ops.broadcasting import broadcast_to, conj, reshape, sum
from ..ops.kernels import with_kernel
from ..ops.products import matmul
from ..ops.promotion import one_dtype
from ..ops.registry import BuiltIn, reworded, rule


@define("linear")
def _linear(xp, x, weight, bias):
    """Return x @ weight + bias. x: (n, in)."""
    out = xp.matmul(x, weight)
    return out if bias is None else out + bias


def _formula(g, x, weight, lead):
    """Return the gradients to x, weight and bias. An operand, or lead for the bias, is None where the
    gradient that it takes part in is not needed. lead: the axes of x before its last."""
    if len(g.shape) != 2:
        dx, *others = _formula(_rows(g), None if x is None else _rows(x), weight, lead)
        return None if dx is None else reshape(dx, (*g.shape[:-1], dx.shape[1])), *others
    return (
        None if weight is None else g @ conj(weight).T,
        None if x is None else matmul(conj(x).T, g),
        sum(g, axis=0) if lead is not None else None,
    )


def _rows(x: Any) -> Any:
    """Return x as a matrix, its leading axes in one: one product is quicker than a stack of them."""
    return reshape(x, (prod(x.shape[:-1]), x.shape[-1]))


class Linear(BuiltIn):
    domain = (-2, 2)
    samples = [
        ([(3, 4), (4, 2), (2,)], {}),
        ([(3, 4), (4, 2)], {}),
        ([(2, 3, 4), (4, 2), (2,)], {}),
        ([(4,), (4, 2), (2,)], {}),
        ([(0, 4), (4, 2), (2,)], {}),
        ([(3, 0), (0, 2), (2,)], {}),
    ]

    slopes = staticmethod(with_kernel("linear_backward", _formula))

    @classmethod
    def batch(cls, batched, x, weight, bias):
        if not any(batched[1:]):
            return cls.of(x, weight, bias)
        own, _, own_bias = batched
        rows = reshape(x, (x.shape[0] if own else 1, prod(x.shape[own:-1]), x.shape[-1]))
        out = matmul(rows, weight)
        if bias is not None:
            out = out + (reshape(bias, (bias.shape[0], 1, bias.shape[1])) if own_bias else bias)
        return reshape(out, (out.shape[0], *x.shape[own:-1], weight.shape[-1]))

    @staticmethod
    def value_and_saved(xp, slots, x, weight, bias):
        lead = tuple(x.shape[:-1])
        at_x, at_weight, at_bias = slots
        saved = (
            None if at_weight is None else x,
            None if at_x is None else weight,
            None if at_bias is None else lead,
        )
        if len(lead) == 1:
            return xp.linear(x, weight, bias), saved
        rows = xp.reshape(x, (prod(lead), x.shape[-1]))
        return xp.reshape(xp.linear(rows, weight, bias), (*lead, weight.shape[1])), saved

    def push(self, dx, dweight, dbias):
        x, weight, lead = self.ctx.release
        return total(
            None if dx is None else matmul(dx, weight),
            None if dweight is None else matmul(x, dweight),
            None if dbias is None else broadcast_to(dbias, (*lead, *dbias.shape)),
        )


@rule(Linear)
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """Return x @ weight + bias.

    x: (..., n). weight: (n, m). bias: (m,), or None for none.
    Returns (..., m), in the dtype that the operands promote to. Gradient: to all three.
    Raises ValueError when the shapes do not fit.
    """
    dtype = x.dtype
    if weight.dtype != dtype or (bias is not None and bias.dtype != dtype):
        x, weight, *rest = one_dtype(*[y for y in (x, weight, bias) if y is not None])
        bias = rest[0] if rest else None
    shape, inner = x.shape, weight.shape
    fits = len(inner) == 2 and len(shape) > 0 and shape[-1] == inner[0]
    if not fits or (bias is not None and tuple(bias.shape) != (inner[1],)):
        raise ValueError(_unfit(x, weight, bias))
    try:
        return call(Linear, (x, weight, bias), {})
    except Exception as error:
        reworded("linear", (x, weight, bias), {}, error)
        raise


def _unfit(*operands: Any) -> str:
    shown = ", ".join([describe(x) for x in operands if x is not None])
    return (
        f"linear: {shown} do not fit; expected x of shape (..., n), weight (n, m) and bias (m,). "
        f"A weight of shape (m, n) is passed as weight.T"
    )
