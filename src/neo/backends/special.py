"""Raw special functions: a library's own, what neo defines from those, or SciPy's on the host.

A library's own function is used only where it is as accurate as SciPy's; its table says so. SciPy on
the host is right everywhere and shares the memory of arrays on a CPU; arrays on a GPU are copied there
and back. Nothing of SciPy is imported before a function needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import describe
from . import numpy_special
from .defined import DEFINED

# What SciPy calls them. `erf` is not among them: neo has it without SciPy.
NAMES = frozenset(
    """
    bdtr bdtrc bdtri beta betainc betaincc betainccinv betaincinv betaln binom boxcox boxcox1p cbrt chdtr
    chdtrc chdtri cosdg cosm1 cotdg dawsn ellipe ellipk ellipkm1 entr erfc erfcinv erfcx erfi erfinv exp1
    exp10 exp2 expi expit expn exprel fdtr fdtrc fdtri gamma gammainc gammaincc gammainccinv gammaincinv
    gammaln gammasgn gdtr gdtrc huber hyp1f1 hyp2f1 i0 i0e i1 i1e inv_boxcox inv_boxcox1p iv ive j0 j1 jn
    jv k0 k0e k1 k1e kl_div kn kv kve log_expit log_ndtr loggamma logit lpmv nbdtr nbdtrc nbdtri ndtr
    ndtri ndtri_exp pdtr pdtrc pdtri poch polygamma pseudo_huber psi radian rel_entr rgamma riemann_zeta sindg
    spence stdtr stdtrit tandg xlog1py xlogy y0 y1 yn yv zeta zetac
    """.split()
)


# Those whose derivatives of every order are known for complex numbers too; they always go by way of SciPy.
COMPLEX = frozenset({"erfc", "exp1", "expi", "hyp1f1", "hyp2f1", "iv", "jv", "kv", "yv"})


def kernel(backend: Any, name: str) -> Callable[..., Any]:
    """Return the raw function of that name for a backend's arrays, integers made floating first.

    Raises ImportError where only SciPy has it and SciPy is not installed.
    """
    function: Callable[..., Any] | None = backend.special(name)
    if function is None:
        function = partial(DEFINED[name], backend.raw) if name in DEFINED else _on_host(backend, name)
    xp, kinds = backend.xp, _Kinds(backend.xp)

    def checked(*operands: Any) -> Any:
        # The last operand has the dtype of them all, orders that are integers aside.
        kind = kinds[operands[-1].dtype]
        if kind == "real floating":
            return function(*operands)
        if kind == "complex floating":
            if name in COMPLEX:
                return _on_host(backend, name)(*operands)
            raise TypeError(f"{name} is a function of real numbers, got {describe(operands[-1])}")
        return function(*[xp.astype(x, backend.dtype(float)) for x in operands])

    return checked


class _Kinds(dict[Any, str]):
    """The kind of each dtype of a namespace, found on first use."""

    def __init__(self, xp: Any) -> None:
        super().__init__()
        self.xp = xp

    def __missing__(self, dtype: Any) -> str:
        kinds = [k for k in ("real floating", "complex floating") if self.xp.isdtype(dtype, k)]
        return self.setdefault(dtype, kinds[0] if kinds else "integral")


def _on_host(backend: Any, name: str) -> Callable[..., Any]:
    """Return SciPy's function as one of the backend's arrays."""
    function = numpy_special.needed(name)

    def by_way_of_the_host(*operands: Any) -> Any:
        like = operands[-1]
        return backend.asarray(function(*map(backend.to_numpy, operands)), like.dtype, backend.device(like))

    return by_way_of_the_host
