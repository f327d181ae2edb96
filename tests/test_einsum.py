"""einsum: NumPy's values, in pairs and in the order of the fewest multiplications."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.ops.contraction import path, product_of

RNG = np.random.default_rng(11)


def _random(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [RNG.normal(size=shape) for shape in shapes]


SUMS = {
    "ij,jk,kl->il": _random((3, 4), (4, 5), (5, 2)),
    "ij,kl,jk,l->i": _random((3, 4), (5, 6), (4, 5), (6,)),
    "bij,bjk->bik": _random((2, 3, 4), (2, 4, 5)),
    "...ij,...jk->...ki": _random((2, 1, 3, 4), (5, 4, 2)),
    "ii,ij->j": _random((3, 3), (3, 4)),
    "ij,ij->": _random((3, 4), (3, 4)),
    "i,j,k,l,m,n->nmlkji": _random((2,), (1,), (2,), (2,), (3,), (2,)),
    "ij,jk": _random((2, 3), (3, 2)),
    "ab,b,b->b": _random((2, 3), (3,), (3,)),
}


@pytest.mark.parametrize("optimize", [True, False, "greedy", "optimal"])
@pytest.mark.parametrize("subscripts", SUMS)
def test_sum_is_numpy_s_in_any_order(xp: Library, subscripts: str, optimize: bool) -> None:
    arrays = SUMS[subscripts]

    found = nep.einsum(subscripts, *map(xp.asarray, arrays), optimize=optimize)

    np.testing.assert_allclose(xp.numpy(found), np.einsum(subscripts, *arrays), atol=1e-13)


def test_axes_may_be_numbers(xp: Library) -> None:
    x, y = _random((2, 3, 4), (4, 5))

    found = nep.einsum(xp.asarray(x), [..., 7, 2], xp.asarray(y), [2, 0], [0, ..., 7])

    np.testing.assert_allclose(xp.numpy(found), np.einsum("...ij,jk->k...i", x, y))


def test_order_is_that_of_the_fewest_multiplications() -> None:
    assert path(("ij", "jk", "kl"), "il", (("i", 9), ("j", 9), ("k", 9), ("l", 1)))[0] == (1, 2)
    assert path(("ij", "jk", "kl"), "il", (("i", 1), ("j", 9), ("k", 9), ("l", 9)))[0] == (0, 1)
    chain = ("ab", "bc", "cd", "de", "ef", "fg")
    lengths = tuple([(c, 1 if c == "g" else 10) for c in "abcdefg"])
    assert path(chain, "ag", lengths)[0] == (4, 5)


def _multiplications(inputs: tuple[str, ...], output: str, sizes: dict[str, int], steps: Any) -> int:
    total, names = 0, list(inputs)
    for i, j in steps:
        total += int(np.prod([sizes[c] for c in set(names[i] + names[j])]))
        product = product_of(tuple(names), i, j, output)
        names = [*[s for k, s in enumerate(names) if k not in (i, j)], product]
    return total


def test_best_of_many_operands_is_opt_einsum_s() -> None:
    opt_einsum = pytest.importorskip("opt_einsum")
    inputs = ("ab", "bcd", "ace", "dfg", "eh", "fhi", "gi")
    sizes = {c: 2 + k % 4 for k, c in enumerate("abcdefghi")}
    shapes = [tuple([sizes[c] for c in s]) for s in inputs]

    theirs = opt_einsum.contract_path(f"{','.join(inputs)}->", *shapes, shapes=True, optimize="dp")[0]
    ours = path(inputs, "", tuple(sizes.items()))

    assert len(ours) == len(inputs) - 1
    assert _multiplications(inputs, "", sizes, ours) <= _multiplications(inputs, "", sizes, theirs)


def test_many_operands_take_the_order_of_opt_einsum(monkeypatch: pytest.MonkeyPatch) -> None:
    opt_einsum = pytest.importorskip("opt_einsum")
    asked = []
    theirs = opt_einsum.contract_path
    monkeypatch.setattr(opt_einsum, "contract_path", lambda *a, **k: asked.append(a) or theirs(*a, **k))
    arrays = _random(*[(2, 2)] * 9)

    found = nep.einsum("ab,bc,cd,de,ef,fg,gh,hi,ij->aj", *arrays)

    assert len(asked) == 1
    np.testing.assert_allclose(found, np.linalg.multi_dot(arrays), atol=1e-12)


def test_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="optimize='best' is no order that is known here"):
        nep.einsum("ij,jk,kl->il", *_random((2, 2), (2, 2), (2, 2)), optimize="best")


def test_a_caller_may_give_the_order(xp: Library) -> None:
    x, y, z = map(xp.asarray, _random((2, 3), (3, 4), (4, 2)))
    with_order = lambda order: neo.trace(lambda x: nep.einsum("ij,jk,kl->il", x, y, z, optimize=order))(x)  # noqa: E731

    listing = str(with_order(["einsum_path", (1, 2), (0, 1)])[1])

    assert listing.count("einsum(") == 1  # the first product holds no x
    assert str(with_order([(0, 1), (0, 1)])[1]).count("einsum(") == 2
    with pytest.raises(ValueError, match="leaves 2 of 3 operands"):
        with_order([(0, 1)])
    with pytest.raises(ValueError, match="no sequence of pairs"):
        with_order([(0, 1, 2)])


def test_gradient_of_a_big_contraction_makes_no_array_of_all_letters(xp: Library) -> None:
    n = 30  # all letters at once would be 30 ** 6 numbers
    arrays = [xp.asarray(x) for x in _random(*[(n, n)] * 5)]
    f = lambda *xs: nep.sum(nep.einsum("ab,bc,cd,de,ef->af", *xs))  # noqa: E731

    found = neo.grad(f)(*arrays)

    b, c, d, e = map(xp.numpy, arrays[1:])
    np.testing.assert_allclose(xp.numpy(found), np.ones((n, n)) @ (b @ c @ d @ e).T, rtol=1e-9)
