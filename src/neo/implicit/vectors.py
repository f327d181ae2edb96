"""Trees of arrays as vectors: one flat array and back, lengths, and the transpose of a function."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

from .. import backends, tree
from ..core.array import raw_of
from ..core.dtypes import COMPLEX, kind
from ..errors import describe
from ..ops.broadcasting import reshape
from ..ops.indexing import getitem
from ..ops.manipulation import concat
from ..transforms.gradient import vjp

Operator = Callable[[Any], Any]


def raveled(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return a tree of arrays of one dtype as one vector, and what makes the tree of a vector."""
    leaves, build = tree.flatten(x)
    shapes = [tuple(leaf.shape) for leaf in leaves]
    ends = [0]
    for shape in shapes:
        ends.append(ends[-1] + prod(shape))

    def unravel(v: Any) -> Any:
        pieces = [getitem(v, slice(a, b)) for a, b in pairwise(ends)]
        return build([reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True)])

    return concat([reshape(leaf, (-1,)) for leaf in leaves]), unravel


def flat(matvec: Operator, b: Any) -> tuple[Operator, Any, Callable[[Any], Any]]:
    """Return an operator on trees like b as one on vectors, b as a vector, and the way back."""
    vector, unravel = raveled(b)
    return lambda v: raveled(matvec(unravel(v)))[0], vector, unravel


def norm(x: Any) -> float:
    """Return the Euclidean length of a tree of arrays, as a Python number."""
    leaves = [reshape(leaf, (-1,)) for leaf in tree.flatten(x)[0]]
    return float(sum([inner(leaf, leaf).real for leaf in leaves]) ** 0.5)


def inner(x: Any, y: Any) -> Any:
    """Return the inner product of two vectors as a Python number, conjugating the first."""
    x, y = raw_of(x), raw_of(y)
    value = backends.of(x).raw.vecdot(x, y)
    return complex(value) if kind(value.dtype) == COMPLEX else float(value)


def is_like(x: Any, y: Any) -> bool:
    """Tell whether two trees have one structure and shapes."""
    if tree.structure(x) != tree.structure(y):
        return False
    pairs = zip(tree.flatten(x)[0], tree.flatten(y)[0], strict=True)
    return all([tuple(getattr(a, "shape", ())) == tuple(getattr(b, "shape", ())) for a, b in pairs])


def in_words(x: Any) -> str:
    """Return a tree for an error: what stands where."""
    leaves, where = tree.flatten(x)[0], tree.paths(x)
    return ", ".join([f"{path} {describe(leaf)}".strip() for leaf, path in zip(leaves, where, strict=True)])


class Transpose:
    """The transpose, conjugated where complex, of a function's derivative at a point.

    A call pulls a cotangent of the function's result back. f and at may hold traced arrays; a copy
    (`captured.opened` makes one with other arrays) runs f for itself.
    """

    def __init__(self, f: Callable[[Any], Any], at: Any) -> None:
        self.f, self.at = f, at
        self._pull: Any = None

    def __copy__(self) -> Transpose:
        return Transpose(self.f, self.at)

    def __call__(self, cotangent: Any) -> Any:
        if self._pull is None:
            self._pull = vjp(self.f, self.at)[1]
        return self._pull(cotangent)[0]
