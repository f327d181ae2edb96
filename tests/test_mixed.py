"""One function over several libraries: moving an array is an operation with a gradient."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import backends
from neo.ops.conversion import _shared

X, V = np.asarray([0.3, -0.7, 1.2]), np.asarray([1.0, 0.5, -2.0])


def _loss(move, x):
    """Return a number that is computed here, there and here again."""
    there = nep.sin(x.to("numpy") if move else x)
    back = nep.exp(there * there)
    return nep.sum((back.to(move) if move else back) * x)


def _order(f, n: int):
    for _ in range(n):
        f = partial(lambda g, x: nep.sum(neo.grad(g)(x) * x), f)
    return neo.grad(f)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_gradient_there_and_back_is_that_of_staying(xp: Library, n: int) -> None:
    x = xp.array(X)

    found = _order(partial(_loss, xp.backend), n)(x)

    assert found.backend == xp.backend
    np.testing.assert_allclose(found.numpy(), _order(partial(_loss, None), n)(x).numpy(), rtol=1e-12)


def test_forward_mode_goes_there_and_back(xp: Library) -> None:
    x, v = xp.array(X), xp.array(V)
    push = lambda f: lambda x: neo.jvp(f, (x,), (v,))[1]  # noqa: E731

    for f in (partial(_loss, xp.backend), push(partial(_loss, xp.backend))):
        found = push(f)(x)
        nested = neo.grad(push(f))(x)
        assert (found.backend, nested.backend) == (xp.backend, xp.backend)

    plain = push(push(partial(_loss, None)))(x)
    np.testing.assert_allclose(found.numpy(), plain.numpy(), rtol=1e-12)


def test_gradient_of_two_libraries_arrays_is_each_librarys(xp: Library) -> None:
    def loss(here, x):
        return nep.sum(here * x.to("numpy"))

    here, there = neo.grad(loss, (0, 1))(neo.asarray(V), xp.array(X))

    assert (here.backend, there.backend) == ("numpy", xp.backend)
    np.testing.assert_array_equal(there.numpy(), V)


def test_checkpoint_spans_libraries(xp: Library) -> None:
    found = neo.grad(neo.checkpoint(partial(_loss, xp.backend)))(xp.array(X))

    np.testing.assert_allclose(found.numpy(), neo.grad(partial(_loss, None))(xp.array(X)).numpy(), rtol=1e-13)


def test_dlpack_shares_memory_where_it_reaches() -> None:
    pytest.importorskip("torch")
    x = np.array(X)

    shared = _shared(x, backends.get("torch"))
    x[0] = 5.0

    assert float(shared[0]) == 5.0


def test_dlpack_that_does_not_reach_is_no_error() -> None:
    assert _shared(object(), backends.get("numpy")) is None
