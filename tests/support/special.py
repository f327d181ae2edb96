"""Operands for every function of neo.numpy.special, where it is neither singular nor out of its domain.

A function that is not named has one operand, any real number of moderate size. Integers are the values
of an operand that has to be a whole number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import neo.special

COUNT = 24


def _names() -> list[str]:
    """Return the names of functions of arrays alone."""
    others = ("expm1", "log1p", "log_softmax", "logsumexp", "multigammaln", "softmax")
    return [name for name in neo.special.__all__ if name not in others]


NAMES = _names()
UNIT, ANY, POSITIVE, SMALL = (0.02, 0.98), (-4.0, 4.0), (0.05, 9.0), (0.3, 3.0)
COUNTS, TRIES, ORDERS = (0, 1, 3), (5, 8), (0, 1, 2, 5)
DOMAINS: dict[str, list[Any]] = {
    "bdtr": [COUNTS, TRIES, UNIT],
    "bdtrc": [COUNTS, TRIES, UNIT],
    "bdtri": [COUNTS, TRIES, UNIT],
    "beta": [POSITIVE] * 2,
    "betaln": [POSITIVE] * 2,
    "betainc": [SMALL, SMALL, UNIT],
    "betaincc": [SMALL, SMALL, UNIT],
    "betaincinv": [SMALL, SMALL, UNIT],
    "betainccinv": [SMALL, SMALL, UNIT],
    "binom": [(4.0, 9.0), (-1.0, 3.0)],
    "boxcox": [POSITIVE, ANY],
    "boxcox1p": [POSITIVE, ANY],
    "chdtr": [POSITIVE] * 2,
    "chdtrc": [POSITIVE] * 2,
    "chdtri": [POSITIVE, UNIT],
    "cosdg": [(-400.0, 400.0)],
    "cosm1": [(-0.7, 0.7)],
    "cotdg": [(1.0, 179.0)],
    "ellipe": [(-3.0, 0.99)],
    "ellipk": [(-3.0, 0.99)],
    "ellipkm1": [(0.01, 3.0)],
    "entr": [POSITIVE],
    "erfcinv": [(0.01, 1.99)],
    "erfinv": [(-0.99, 0.99)],
    "exp1": [POSITIVE],
    "expi": [POSITIVE],
    "expn": [ORDERS, POSITIVE],
    "fdtr": [SMALL, SMALL, POSITIVE],
    "fdtrc": [SMALL, SMALL, POSITIVE],
    "fdtri": [SMALL, SMALL, UNIT],
    "gamma": [POSITIVE],
    "gammainc": [POSITIVE] * 2,
    "gammaincc": [POSITIVE] * 2,
    "gammaincinv": [SMALL, UNIT],
    "gammainccinv": [SMALL, UNIT],
    "gdtr": [SMALL] * 3,
    "gdtrc": [SMALL] * 3,
    "huber": [SMALL, ANY],
    "hyp1f1": [SMALL, SMALL, ANY],
    "hyp2f1": [SMALL, SMALL, SMALL, (-0.9, 0.9)],
    "inv_boxcox": [(-0.3, 1.0), SMALL],
    "inv_boxcox1p": [(-0.3, 1.0), SMALL],
    "iv": [SMALL, POSITIVE],
    "ive": [SMALL, POSITIVE],
    "jn": [SMALL, POSITIVE],
    "jv": [SMALL, POSITIVE],
    "k0": [POSITIVE],
    "k0e": [POSITIVE],
    "k1": [POSITIVE],
    "k1e": [POSITIVE],
    "kl_div": [SMALL] * 2,
    "kn": [ORDERS, POSITIVE],
    "kv": [SMALL, POSITIVE],
    "kve": [SMALL, POSITIVE],
    "loggamma": [POSITIVE],
    "logit": [UNIT],
    "lpmv": [COUNTS, (0.3, 4.0), (-0.9, 0.9)],
    "nbdtr": [COUNTS, TRIES, UNIT],
    "nbdtrc": [COUNTS, TRIES, UNIT],
    "nbdtri": [COUNTS, TRIES, UNIT],
    "ndtri": [UNIT],
    "ndtri_exp": [(-9.0, -0.1)],
    "pdtr": [COUNTS, POSITIVE],
    "pdtrc": [COUNTS, POSITIVE],
    "pdtri": [COUNTS, UNIT],
    "poch": [SMALL] * 2,
    "polygamma": [ORDERS, POSITIVE],
    "pseudo_huber": [SMALL, ANY],
    "radian": [(0.0, 90.0)] * 3,
    "rel_entr": [SMALL] * 2,
    "spence": [POSITIVE],
    "stdtr": [POSITIVE, ANY],
    "stdtrit": [SMALL, UNIT],
    "tandg": [(-80.0, 80.0)],
    "xlog1py": [ANY, POSITIVE],
    "xlogy": [ANY, POSITIVE],
    "y0": [POSITIVE],
    "y1": [POSITIVE],
    "yn": [ORDERS, POSITIVE],
    "yv": [SMALL, POSITIVE],
    "zeta": [(1.2, 9.0), POSITIVE],
    "zetac": [(1.2, 9.0)],
}


def operands(name: str, dtype: str = "float64") -> list[np.ndarray]:
    """Return NumPy operands of a function; whole numbers stay int64."""
    rng = np.random.default_rng(sum(map(ord, name)))
    return [_drawn(rng, domain, dtype) for domain in DOMAINS.get(name, [ANY])]


def _drawn(rng: np.random.Generator, domain: Any, dtype: str) -> np.ndarray:
    if isinstance(domain[0], int):
        return rng.choice(np.array(domain), COUNT)
    return rng.uniform(*domain, COUNT).astype(dtype)
