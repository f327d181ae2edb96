"""A traced program knows what it took of a constant: tables, labels and cotangents are no constants of it."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.functions as nn
import neo.numpy as nep
from neo import random

X, OTHER = np.array([0.5, -1.0, 2.0, 0.3]), np.array([-0.7, 1.5, 0.2, -0.9])
TABLE, ROWS = np.array([1.0, 10.0, 100.0, 1000.0]), np.arange(16.0).reshape(4, 4)


def _written(table, key, value):
    table = table * 1
    table[key] = value
    return table


PROGRAMS = {
    "take": lambda x, t, rows: nep.take(t, nep.argsort(x)) * x,
    "take of one": lambda x, t, rows: nep.take(t, nep.argmax(x)) * x,
    "take of what was traced": lambda x, t, rows: nep.take(x, nep.argmax(x)),
    "index": lambda x, t, rows: t[nep.argmax(x)] * x,
    "mask": lambda x, t, rows: nep.sum(t[x > 0]) * x,
    "two indices": lambda x, t, rows: rows[nep.argmax(x), nep.argsort(x)] * x,
    "take_along_axis": lambda x, t, rows: nep.take_along_axis(t, nep.argsort(x), axis=0) * x,
    "embedding": lambda x, t, rows: nn.embedding(nep.argsort(x), rows)[0, :] * x,
    "embedding of what was traced": lambda x, t, rows: nn.embedding(nep.argsort(x), nep.outer(x, x)),
    "written at an index": lambda x, t, rows: _written(t, nep.argmax(x), 7.0) * x,
    "written at a mask": lambda x, t, rows: _written(t, x > 0, 7.0) * x,
    "at": lambda x, t, rows: nep.at(t)[nep.argsort(x)].add(t) * x,
    "interp": lambda x, t, rows: nep.interp(x, nep.asarray(X * 0 + [-1, 0, 1, 2], backend=t.backend), t),
    "vmap": lambda x, t, rows: neo.vmap(lambda a: nep.take(t, nep.astype(a > 0, nep.int64)))(x) * x,
    "checkpoint": lambda x, t, rows: neo.checkpoint(lambda x: x * nep.take(t, nep.argsort(x)))(x),
    "gradient of a part": lambda x, t, rows: neo.grad(lambda y: nep.sum(y[nep.argsort(y)[:2]]))(x) * x,
    "gradient of sort": lambda x, t, rows: neo.grad(lambda y: nep.sort(y)[0])(x) * x,
    "gradient of a constant": lambda x, t, rows: neo.grad(lambda c: nep.sum(c[nep.argsort(x)[:2]]))(t) * x,
    "gradient of clip": lambda x, t, rows: neo.grad(lambda y: nep.sum(nep.clip(y, -0.5, 0.5)))(x) * x,
    "gradient of a norm": lambda x, t, rows: neo.grad(nep.linalg.matrix_norm)(x[:, None] * t) @ t * x,
    "gradient of the largest": lambda x, t, rows: (
        neo.grad(lambda y: nep.linalg.vector_norm(y, ord=np.inf))(x) * x
    ),
    "tangent of sort": lambda x, t, rows: neo.jvp(nep.sort, (x,), (t,))[1] * x,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_taken_of_a_constant_is_taken_again(name: str, xp: Library) -> None:
    table, rows = xp.array(TABLE), xp.array(ROWS)
    f = lambda x: PROGRAMS[name](x, table, rows)  # noqa: E731

    _, program = neo.trace(f)(xp.array(X))

    np.testing.assert_allclose(xp.numpy(program.replay(xp.array(OTHER))), xp.numpy(f(xp.array(OTHER))))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: nep.astype(random.categorical(random.key(0), x), x.dtype) * x,
        lambda x: nep.astype(random.bernoulli(random.key(0), nn.sigmoid(x)), x.dtype) * x,
        lambda x: nep.at(x)[nep.argsort(x)[:2]].multiply(3.0),
    ],
    ids=["categorical", "bernoulli", "multiply"],
)
def test_what_looks_at_values_does_not_run_again_with_others(f, xp: Library) -> None:
    _, program = neo.trace(f)(xp.array(X))

    with pytest.raises(RuntimeError, match="looked at"):
        program.replay(xp.array(OTHER))


def test_a_stopped_gradient_has_its_name_in_the_listing() -> None:
    _, program = neo.trace(lambda x: neo.stop_gradient(x) * nep.maximum(x, 1.0))(X)

    assert "%1 = stop_gradient(%0)" in str(program)
    assert " at 0x" not in str(program)
