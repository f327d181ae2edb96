"""`neo.numpy.special`: the functions of scipy.special, differentiable, on any library.

Names and operands are SciPy's; operands are positional, and numbers beside arrays take their dtype.
A derivative that has no closed form, as in the order of a Bessel function, is refused. The raw
functions are SciPy's on NumPy, cupyx's on CuPy, PyTorch's own where they are as accurate; what is
left goes by way of SciPy on the host. SciPy comes with `pip install neo-autodiff[special]`.
"""

# ruff: noqa: F401  # it hands on the names of others

from __future__ import annotations

from typing import Any

from .functions.softmax import log_softmax as _log_softmax
from .functions.softmax import logsumexp as _logsumexp
from .functions.softmax import softmax as _softmax
from .ops.broadcasting import Axes as _Axes
from .ops.broadcasting import sum as _sum
from .ops.constant import isfinite as _isfinite
from .ops.constant import stop_gradient as _stop_gradient
from .ops.creation import ones_like as _ones_like
from .ops.formulas import abs as _abs
from .ops.formulas import exp as _exp
from .ops.formulas import expm1, log1p
from .ops.formulas import log as _log
from .ops.formulas import sign as _sign
from .ops.promotion import one_dtype as _one_dtype
from .ops.selection import where as _where
from .ops.special.bessel import (
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jn,
    jv,
    k0,
    k0e,
    k1,
    k1e,
    kn,
    kv,
    kve,
    y0,
    y1,
    yn,
    yv,
)
from .ops.special.distributions import (
    bdtr,
    bdtrc,
    bdtri,
    chdtr,
    chdtrc,
    chdtri,
    fdtr,
    fdtrc,
    fdtri,
    gdtr,
    gdtrc,
    nbdtr,
    nbdtrc,
    nbdtri,
    pdtr,
    pdtrc,
    pdtri,
    stdtr,
    stdtrit,
)
from .ops.special.entropy import (
    entr,
    expit,
    huber,
    kl_div,
    log_expit,
    logit,
    pseudo_huber,
    rel_entr,
    xlog1py,
    xlogy,
)
from .ops.special.gamma import (
    beta,
    betaln,
    binom,
    gamma,
    gammaln,
    gammasgn,
    loggamma,
    multigammaln,
    poch,
    polygamma,
    psi,
    rgamma,
    zeta,
    zetac,
)
from .ops.special.incomplete import (
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
)
from .ops.special.integrals import ellipe, ellipk, ellipkm1, exp1, expi, expn, hyp1f1, hyp2f1, lpmv, spence
from .ops.special.normal import (
    dawsn,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfi,
    erfinv,
    log_ndtr,
    ndtr,
    ndtri,
    ndtri_exp,
)
from .ops.special.powers import (
    boxcox,
    boxcox1p,
    cbrt,
    cosdg,
    cosm1,
    cotdg,
    exp2,
    exp10,
    exprel,
    inv_boxcox,
    inv_boxcox1p,
    radian,
    sindg,
    tandg,
)
from .ops.special.sinc import sinc
from .ops.statistics import max as _max

digamma = psi


def softmax(x: Any, /, axis: _Axes = None) -> Any:
    """Return e ** x divided by its sum over axes; over all by default, as in SciPy.

    Gradient: to x.
    """
    return _softmax(x, axis=axis)


def log_softmax(x: Any, /, axis: _Axes = None) -> Any:
    """Return the logarithm of softmax(x), over all axes by default, as in SciPy.

    Gradient: to x.
    """
    return _log_softmax(x, axis=axis)


def logsumexp(
    a: Any, /, axis: _Axes = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return the logarithm of the sum of b * e ** a over axes, without overflow.

    Of no elements it is -inf.
    a: (...) real floating. b: weights that broadcast with a, of either sign, or None for ones.
    return_sign: return the logarithm of the sum's size, and its sign; without it the logarithm of a
    negative sum is NaN. Gradient: to a and b; an even split where all of a is -inf.
    """
    if b is None:
        out = _logsumexp(a, axis=axis, keepdims=keepdims)
        return (out, _ones_like(out)) if return_sign else out
    a, b = _one_dtype(a, b)
    counted = _where(b == 0, -float("inf"), a)
    top = _stop_gradient(_max(counted, axis=axis, keepdims=True))
    top = _where(_isfinite(top), top, 0)
    total = _sum(b * _exp(_where(b == 0, 0, a) - top), axis=axis, keepdims=True)
    out = _log(_abs(total) if return_sign else total) + top
    if not keepdims:
        out, total = _sum(out, axis=axis), _sum(total, axis=axis)
    return (out, _sign(_stop_gradient(total))) if return_sign else out


_NOT_OURS = ("annotations", "Any")
# A name with @ is pytest's: see neo.numpy.
__all__ = sorted([name for name in globals() if name[0] not in "_@" and name not in _NOT_OURS])
