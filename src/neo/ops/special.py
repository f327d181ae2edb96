"""Special functions that other operations are made of."""

from __future__ import annotations

import math

from .elementwise import elementwise
from .formulas import exp

erf = elementwise(
    "erf", "Return the error function of real x: 2 / sqrt(pi) times the integral of e ** -t**2 from 0 to x.",
    lambda g, x: g * (exp(-x * x) * (2 / math.sqrt(math.pi))),
    domain=(-2, 2),
)
