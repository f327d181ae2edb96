"""The rows of the table of gradient conventions for matrices, positions and arguments."""

from __future__ import annotations

import math

import numpy as np

from .. import numpy as nep
from .conventions import Refusal, Row, Slope

NAN = math.nan
EPS = 2.3e-16
FLOATS = ("float32", "float16", "bfloat16")
TIED = np.diag([1.0, 1.0, 2.0])  # two equal eigenvalues, two equal singular values
NOTHING = np.zeros(0)


def _beyond_first(projector):
    """Return what the projector has in the corners, which a turn of the subspace changes."""
    return projector[0, 2] + projector[2, 0]


def _projector(v):
    return v @ nep.matrix_transpose(v)


MATRICES = (
    Row(
        "`det` at a singular matrix",
        "adjugate (2x2)",
        "0, wrong",
        "error",
        "adjugate, any size",
        (
            Slope(
                "det(x)",
                lambda x: nep.linalg.det(x),
                ([[1, 2], [2, 4]],),
                ([[4, -2], [-2, 1]],),
                tolerance=16 * EPS,
            ),
            Slope(
                "det(x)",
                lambda x: nep.linalg.det(x),
                ([[1, 0, 0], [0, 0, 0], [0, 0, 2]],),
                ([[0, 0, 0], [0, 2, 0], [0, 0, 0]],),
                tolerance=8 * EPS,
            ),
        ),
    ),
    Row(
        "`slogdet` at a singular matrix: the logarithm",
        "inf and nan",
        "inf and nan, either sign",
        "error",
        "inf with the cofactor's sign, 0 where that is 0",
        (
            Slope(
                "slogdet(x).logabsdet",
                lambda x: nep.linalg.slogdet(x).logabsdet,
                ([[1, 2], [2, 4]],),
                ([[math.inf, -math.inf], [-math.inf, math.inf]],),
            ),
            Slope(
                "slogdet(x).logabsdet",
                lambda x: nep.linalg.slogdet(x).logabsdet,
                ([[1, 0, 0], [0, 0, 0], [0, 0, 2]],),
                ([[0, 0, 0], [0, math.inf, 0], [0, 0, 0]],),
            ),
        ),
    ),
    Row(
        "`cholesky`",
        "symmetrised",
        "symmetrised",
        "symmetrised",
        "symmetrised",
        (
            Slope(
                "cholesky(x)[1, 0]",
                lambda x: nep.linalg.cholesky(x)[1, 0],
                ([[4, 2], [2, 5]],),
                ([[-0.125, 0.25], [0.25, 0]],),
                tolerance=4 * EPS,
            ),
        ),
    ),
    Row(
        "`eigvalsh`, `eigh`: gradient of the matrix",
        "symmetric",
        "symmetric",
        "lower triangle",
        "symmetric",
        (
            Slope(
                "max(eigvalsh(x))",
                lambda x: nep.max(nep.linalg.eigvalsh(x)),
                ([[2, 0], [1, 2]],),
                ([[0.5, 0.5], [0.5, 0.5]],),
                tolerance=8 * EPS,
            ),
        ),
    ),
    Row(
        "`eigh`, `svd` with equal values: a function of the values, or of the invariant subspace",
        "right; nan",
        "right; nan",
        "right; nan",
        "right; right where it exists, else nan",
        (
            Slope(
                "eigvalsh(x)**2",
                lambda x: nep.linalg.eigvalsh(x) ** 2,
                (TIED,),
                (2 * TIED,),
                tolerance=16 * EPS,
            ),
            Slope(
                "svdvals(x)**2",
                lambda x: nep.linalg.svdvals(x) ** 2,
                (TIED,),
                (2 * TIED,),
                tolerance=16 * EPS,
            ),
            Slope(
                "the subspace of the two equal ones of eigh(x)",
                lambda x: _beyond_first(_projector(nep.linalg.eigh(x)[1][:, :2])),
                (TIED,),
                ([[0, 0, -1], [0, 0, 0], [-1, 0, 0]],),
                tolerance=16 * EPS,
            ),
            Slope(
                "the subspace of the two equal ones of svd(x)",
                lambda x: _beyond_first(_projector(nep.linalg.svd(x)[0][:, 1:])),
                (TIED,),
                ([[0, 0, -4 / 3], [0, 0, 0], [-2 / 3, 0, 0]],),
                tolerance=16 * EPS,
            ),
            Slope(
                "one of the equal vectors of eigh(x)",
                lambda x: nep.linalg.eigh(x)[1][0, 1],
                (TIED,),
                ([[NAN] * 3] * 3,),
            ),
        ),
    ),
)

PLACES = (
    Row(
        "`x[i]`, where the integer array i repeats an index",
        "adds up",
        "adds up",
        "adds up",
        "adds up",
        (Slope("x[[0, 0]]", lambda x: x[[0, 0]], ([1, 2],), ([2, 0],)),),
    ),
    Row(
        "index out of range",
        "clamped silently",
        "error",
        "error",
        "error (IndexError)",
        (Refusal("x[[0, 5]]", lambda x: nep.sum(x[[0, 5]]), ([1.0, 2.0],), IndexError, "out of"),),
    ),
    Row(
        "`sum`, `mean`, `prod` of an empty array",
        "empty",
        "empty",
        "empty",
        "empty",
        (
            Slope("sum(x)", nep.sum, (NOTHING,), (NOTHING,)),
            Slope("mean(x)", nep.mean, (NOTHING,), (NOTHING,)),
            Slope("prod(x)", nep.prod, (NOTHING,), (NOTHING,)),
        ),
    ),
    Row(
        "`max` of an empty array",
        "error",
        "error",
        "error",
        "error (ValueError)",
        (
            Refusal("max(x)", nep.max, (NOTHING,), ValueError, "no elements"),
            Refusal("min(x)", nep.min, (NOTHING,), ValueError, "no elements"),
        ),
    ),
)

ARGUMENTS = (
    Row(
        "integer or bool operand to differentiate",
        "error",
        "error",
        "error",
        "error that names the argument and its dtype",
        (
            Refusal("sum(x)", nep.sum, ([1, 2],), TypeError, "argument 0 ('x'): its dtype is int64"),
            Refusal("sum(x)", nep.sum, ([True],), TypeError, "argument 0 ('x'): its dtype is bool"),
        ),
    ),
    Row(
        "non-scalar result in `grad`",
        "error",
        "error",
        "error",
        "error that names `vjp`, `jacrev` and `autograd.session`",
        (
            Refusal("sin(x)", nep.sin, ([1.0, 2.0],), ValueError, "neo.vjp"),
            Refusal("sin(x)", nep.sin, ([1.0, 2.0],), ValueError, "neo.jacrev"),
            Refusal("sin(x)", nep.sin, ([1.0, 2.0],), ValueError, "autograd.session"),
        ),
    ),
    Row(
        "argument that the result does not use",
        "0",
        "None",
        "0",
        "0, of its shape, dtype and device",
        (Slope("x, of x and y", lambda x, y: x, (1, [1, 2]), (1, [0, 0]), dtype="float32"),),
    ),
    Row(
        "float32 in",
        "float32",
        "float32",
        "float64",
        "float32; float16 and bfloat16 likewise",
        tuple([Slope(f"2 * x, {name}", lambda x: 2 * x, (1,), (2,), dtype=name) for name in FLOATS]),
    ),
    Row(
        "complex: gradient of a real function, `abs(z)**2` at 1+2j",
        "2-4j",
        "2+4j",
        "2-4j",
        "2+4j",
        (Slope("abs(z)**2", lambda z: nep.abs(z) ** 2, (1 + 2j,), (2 + 4j,), tolerance=4 * EPS),),
    ),
)
