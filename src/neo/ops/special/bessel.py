"""Bessel functions of real order, differentiable in the argument.

Slopes follow the recurrences of DLMF 10.6.1 and 10.29.1 in the form without a division by x, so that
they hold at 0 and to every order. K and Y of order 1 are singular there and take the shorter form.
Scaled functions have slopes of their own: see `scaled`.
"""

from __future__ import annotations

from ..elementwise import elementwise
from ..formulas import abs
from .parametric import parametric
from .scaled import scaled_bessel

ANY, POSITIVE = (-3, 3), (0.3, 4)
ORDERS = [([(2, 3)], {"v": 1.5}), ([(3,)], {"v": [[0.0], [2.0]]})]
WHOLE = [([(2, 3)], {"n": 1}), ([(3,)], {"n": 3})]


def _of_order(name, kind, slope, domain, samples=ORDERS, **settings):
    order = "n" if samples is WHOLE else "v"
    doc = f"Return the {kind} at x.\n\n{order}: the order. Gradient: to x; refused in {order}."
    return parametric(name, f"{order} x", doc, x=slope, domain=domain, samples=samples, **settings)


jv = _of_order(
    "jv",
    "Bessel function of the first kind",
    lambda g, v, x: g * ((jv(v - 1, x) - jv(v + 1, x)) * 0.5),
    POSITIVE,
)
yv = _of_order(
    "yv",
    "Bessel function of the second kind",
    lambda g, v, x: g * ((yv(v - 1, x) - yv(v + 1, x)) * 0.5),
    POSITIVE,
)
yn = _of_order(
    "yn",
    "Bessel function of the second kind",
    lambda g, n, x: g * ((yn(n - 1, x) - yn(n + 1, x)) * 0.5),
    POSITIVE,
    WHOLE,
    integers="n",
)
iv = _of_order(
    "iv",
    "modified Bessel function of the first kind",
    lambda g, v, x: g * ((iv(v - 1, x) + iv(v + 1, x)) * 0.5),
    POSITIVE,
)
kv = _of_order(
    "kv",
    "modified Bessel function of the second kind",
    lambda g, v, x: g * ((kv(v - 1, x) + kv(v + 1, x)) * -0.5),
    POSITIVE,
)
kn = _of_order(
    "kn",
    "modified Bessel function of the second kind",
    lambda g, n, x: g * ((kn(abs(n - 1), x) + kn(n + 1, x)) * -0.5),
    POSITIVE,
    WHOLE,
    integers="n",
)
ive = _of_order(
    "ive",
    "modified Bessel function of the first kind times e ** -|x|",
    lambda g, v, x: g * scaled_bessel(v, x, kind="i", order=1),
    POSITIVE,
)
kve = _of_order(
    "kve",
    "modified Bessel function of the second kind times e ** x",
    lambda g, v, x: g * scaled_bessel(v, x, kind="k", order=1),
    POSITIVE,
)
jn = jv

j0 = elementwise(
    "j0",
    "Return the Bessel function of the first kind of order 0.",
    lambda g, x: -g * j1(x),
    domain=ANY,
)
j1 = elementwise(
    "j1",
    "Return the Bessel function of the first kind of order 1.",
    lambda g, x: g * ((j0(x) - jv(2, x)) * 0.5),
    domain=ANY,
)
y0 = elementwise(
    "y0",
    "Return the Bessel function of the second kind of order 0.",
    lambda g, x: -g * y1(x),
    domain=POSITIVE,
)
y1 = elementwise(
    "y1",
    "Return the Bessel function of the second kind of order 1.",
    lambda g, x, out: g * (y0(x) - out / x),
    domain=POSITIVE,
)
i0 = elementwise(
    "i0",
    "Return the modified Bessel function of the first kind of order 0.",
    lambda g, x: g * i1(x),
    domain=ANY,
)
i1 = elementwise(
    "i1",
    "Return the modified Bessel function of the first kind of order 1.",
    lambda g, x: g * ((i0(x) + iv(2, x)) * 0.5),
    domain=ANY,
)
i0e = elementwise(
    "i0e",
    "Return i0(x) times e ** -|x|. The gradient at 0, a kink, is 0.",
    lambda g, x: g * scaled_bessel(0, x, kind="i", order=1),
    domain=POSITIVE,
)
i1e = elementwise(
    "i1e",
    "Return i1(x) times e ** -|x|.",
    lambda g, x: g * scaled_bessel(1, x, kind="i", order=1),
    domain=POSITIVE,
)
k0 = elementwise(
    "k0",
    "Return the modified Bessel function of the second kind of order 0.",
    lambda g, x: -g * k1(x),
    domain=POSITIVE,
)
k1 = elementwise(
    "k1",
    "Return the modified Bessel function of the second kind of order 1.",
    lambda g, x, out: -g * (k0(x) + out / x),
    domain=POSITIVE,
)
k0e = elementwise(
    "k0e",
    "Return k0(x) times e ** x.",
    lambda g, x: g * scaled_bessel(0, x, kind="k", order=1),
    domain=POSITIVE,
)
k1e = elementwise(
    "k1e",
    "Return k1(x) times e ** x.",
    lambda g, x: g * scaled_bessel(1, x, kind="k", order=1),
    domain=POSITIVE,
)
