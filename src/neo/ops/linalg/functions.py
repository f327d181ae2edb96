"""Functions of square matrices: powers, the exponential, the logarithm, the square root."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from ...core.dtypes import COMPLEX, kind
from ...errors import LinAlgError, describe
from ..batching import leading
from ..constant import on_values
from ..formulas import exp
from ..manipulation import concat
from ..products import adjoint, matmul
from ..registry import BuiltIn, composite, rule
from ..selection import where
from . import checks
from .pieces import block, dominant, eye_like, largest
from .solve import POSITIVE, inv

SQUARES = [([(3, 3)], {}), ([(2, 2, 2)], {}), ([(1, 1)], {}), ([(0, 2, 2)], {}), ([(2, 0, 0)], {})]


@composite(
    domain=(-1, 1),
    samples=[([(3, 3)], {"n": n}) for n in (0, 1, 2, 5, -1, -3)] + [([(2, 2, 2)], {"n": 3})],
    prepare=lambda x: (x / 4 + eye_like(x, x.shape[-1]),),
)
def matrix_power(x: Any, n: int, /) -> Any:
    """Return the product of n matrices x.

    x: (..., k, k) real or complex. n: an integer; the product is of -n inverses where it is negative,
    and the identity where it is 0. Returns (..., k, k).
    Gradient: to x, of the about 2 log2(n) products that it is made of.
    Raises ValueError when x is not square, TypeError when n is not an integer, LinAlgError where x
    is singular and n negative.
    """
    checks.square("matrix_power", x)
    n = _integer(n)
    if n == 0:
        return _identities(x)
    square, n = (inv(x), -n) if n < 0 else (x, n)
    out = None
    while n:
        if n % 2:
            out = square if out is None else matmul(out, square)
        n //= 2
        square = matmul(square, square) if n else square
    return out


def _integer(n: Any) -> int:
    try:
        return operator.index(n)
    except TypeError:
        raise TypeError(f"matrix_power: n is an integer, got {describe(n)}") from None


def _identities(x: Any) -> Any:
    """Return the identity for each matrix of x, off every tape."""
    return on_values(lambda xp, raw: xp.zeros_like(raw) + eye_like(raw, raw.shape[-1]), x)


# The matrix of a derivative has the square of the condition of its blocks: it is not looked at.
REGULAR = {"regular": True}


class MatrixFunction(BuiltIn):
    """A function f of matrices given by a power series with real coefficients.

    Its derivative at x in a direction v is the upper right block of f([[x, v], [0, x]]), and the
    adjoint of that in v is the derivative at x^H. So one rule serves all of them, to every order,
    at matrices without a basis of eigenvectors too.
    """

    samples = SQUARES
    batch = classmethod(leading)
    # Settings of its calls in its own derivative.
    inside: Mapping[str, Any] = {}

    def forward(self, x, **settings):
        self.ctx.save(x)
        name = type(self).label
        return checks.attempt(name, getattr(self.xp, name), x, **settings)

    def backward(self, g):
        (x,) = self.ctx.release
        n = x.shape[-1]
        side = adjoint(x)
        # The derivative is linear in g, which takes the size of x so as not to rule the block's.
        scale = _ratio(largest(x, (-2, -1)), largest(g, (-2, -1)))
        above = concat([side, g * scale], axis=-1)
        below = concat([side * 0, side], axis=-1)
        out = type(self).of(concat([above, below], axis=-2), **self.inside)
        return block(out, slice(0, n), slice(n, None)) / scale


def _ratio(of_x: Any, of_g: Any) -> Any:
    """Return the raw of_x / of_g, and 1 where either is 0."""
    none = (of_x == 0) | (of_g == 0)
    return where(none, 1, of_x) / where(none, 1, of_g)


class Expm(MatrixFunction):
    domain = (-1, 1)


@rule(Expm)
def expm(x: Any, /) -> Any:
    """Return the exponential of square matrices.

    x: (..., n, n) real or complex. Returns (..., n, n).
    Gradient: to x, everywhere.
    Raises ValueError when x is not square.
    Source: Higham, "The scaling and squaring method for the matrix exponential revisited" (2005);
    the gradient by Najfeld and Havel, "Derivatives of the matrix exponential" (1995).
    """
    checks.square("expm", x)
    return Expm.of(x)


def _angle_from_cut(name: str, x: Any) -> Any:
    """Return the angle by which to turn x, (..., 1, 1), off every tape.

    The function of the turned matrix is turned back, which keeps eigenvalues on the cut of root and
    logarithm, the negative real axis, off it: their principal values are those above the cut.
    """
    if 0 in tuple(x.shape):
        return None
    return on_values(lambda xp, raw: checks.attempt(name, xp.angle_from_cut, raw), x)


class Sqrtm(MatrixFunction):
    domain = POSITIVE
    prepare = staticmethod(dominant)
    inside = REGULAR

    def backward(self, g):
        try:
            return super().backward(g)
        except LinAlgError as error:
            raise LinAlgError(f"the gradient of sqrtm is infinite at a singular matrix ({error})") from error


@rule(Sqrtm)
def sqrtm(x: Any, /) -> Any:
    """Return the principal square root of square matrices.

    x: (..., n, n) real or complex. A real x has no negative eigenvalue: its root would be complex,
    so make it complex first.
    Returns (..., n, n), whose eigenvalues have positive real parts, or lie on the imaginary axis
    from 0 upwards where those of x lie on the real axis from 0 to -inf.
    Gradient: to x where it is not singular; refused where it is, since it is infinite there.
    Raises ValueError when x is not square, LinAlgError where x has no such root: an eigenvalue is 0
    without as many eigenvectors, or negative in a real x.
    Source: Cheng, Higham, Kenney and Laub, "Approximating the logarithm of a matrix to specified
    accuracy" (2001), the product form of the Denman-Beavers iteration; the gradient by Mathias, "A
    chain rule for matrix functions and applications" (1996).

    >>> import numpy as np
    >>> sqrtm(np.asarray([[-4.0 + 0j]]))
    array([[0.+2.j]])
    """
    checks.square("sqrtm", x)
    angle = _angle_from_cut("sqrtm", x)
    if kind(x.dtype) != COMPLEX or 0 in tuple(x.shape):
        return Sqrtm.of(x, regular=False)
    return Sqrtm.of(x * exp(angle * -1j), regular=False) * exp(angle * 0.5j)


class Logm(MatrixFunction):
    domain = POSITIVE
    prepare = staticmethod(dominant)
    inside = REGULAR


@rule(Logm)
def logm(x: Any, /) -> Any:
    """Return the principal logarithm of square matrices.

    x: (..., n, n) real or complex, not singular. A real x has no negative eigenvalue: its logarithm
    would be complex, so make it complex first.
    Returns (..., n, n), whose eigenvalues have imaginary parts over -pi and up to pi.
    Gradient: to x.
    Raises ValueError when x is not square, LinAlgError where an eigenvalue is 0, or negative in a
    real x.
    Source: Higham, "Functions of Matrices" (2008), section 11.5, inverse scaling and squaring; the
    gradient by Mathias, "A chain rule for matrix functions and applications" (1996).
    """
    checks.square("logm", x)
    angle = _angle_from_cut("logm", x)
    if kind(x.dtype) != COMPLEX or 0 in tuple(x.shape):
        return Logm.of(x, regular=False)
    return Logm.of(x * exp(angle * -1j), regular=False) + angle * 1j * eye_like(x, x.shape[-1])
