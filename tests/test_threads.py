"""Threads and tasks: each with a transform of its own, several in one, and one pull-back for all."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.autograd import Policy
from neo.functions import neo_function

THREADS = 6


@pytest.fixture(autouse=True)
def _switching_often() -> Iterator[None]:
    """Let Python go from thread to thread at every chance."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


class Cube(Policy):
    """x**3, with what backward needs on the instance, which is one call's own."""

    def forward(self, x):
        self.slope = 3 * x * x
        self.ctx.x = x
        return x**3

    def backward(self, g):
        return (g * self.slope + 3 * g * self.ctx.x**2) / 2


class Twice(Policy):
    """A rule in the place of another: twice the operand."""

    def backward(self, g):
        return 2 * g * self.ctx.release[0]


cube = neo_function(Cube)


def _in_threads(work: Callable[[int], Any]) -> list[Any]:
    """Return what work(k) returns in thread k; an error is raised here."""
    found: list[Any] = [None] * THREADS

    def run(k: int) -> None:
        try:
            found[k] = work(k)
        except Exception as error:
            found[k] = error

    threads = [threading.Thread(target=run, args=(k,)) for k in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for x in found:
        if isinstance(x, Exception):
            raise x
    return found


def test_each_thread_has_transforms_of_its_own(xp: Library) -> None:
    x = xp.asarray([0.5, 1.0])
    slope = neo.grad(lambda x: nep.sum(cube(nep.sin(x))))
    second = neo.grad(lambda x: nep.sum(slope(x) ** 2))
    expected = xp.numpy(second(x)).tolist()

    found = _in_threads(lambda k: [xp.numpy(second(x)).tolist() for _ in range(5)])

    assert found == [[expected] * 5] * THREADS


def test_threads_inside_one_transform_record_on_its_tape(xp: Library) -> None:
    def chain(x):
        for _ in range(20):
            x = nep.sin(cube(x)) + x
        return nep.sum(x)

    def f(x):
        return sum(_in_threads(lambda k: chain(x * (k / 10))))

    x = xp.asarray([0.5, 1.0])
    expected = neo.grad(lambda x: sum([chain(x * (k / 10)) for k in range(THREADS)]))(x)

    # The terms are added in the order of the threads, but reach x in the order of the tape.
    np.testing.assert_allclose(xp.numpy(neo.grad(f)(x)), xp.numpy(expected), rtol=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"policies": {nep.tanh: Twice}}, {"check": "nan"}], ids=["plain", "policies", "check"]
)
def test_one_pull_back_may_be_called_by_several_threads(options, xp: Library) -> None:
    _, pull = neo.vjp(lambda x: nep.tanh(cube(nep.tanh(x))), xp.asarray([0.5, 1.0]), **options)
    cotangents = [xp.asarray([k, 1.0 - k]) for k in range(THREADS)]
    expected = [xp.numpy(pull(c)[0]).tolist() for c in cotangents]

    found = _in_threads(lambda k: [xp.numpy(pull(cotangents[k])[0]).tolist() for _ in range(10)])

    assert found == [[slope] * 10 for slope in expected]


def test_tasks_keep_their_own_library(xp: Library) -> None:
    async def work(name: str) -> list[str]:
        with neo.backends.use(name):
            x = neo.ones(2)
            await asyncio.sleep(0)
            return [x.backend, neo.ones(2).backend, neo.grad(lambda x: nep.sum(x * neo.ones(2)))(x).backend]

    async def both() -> Any:
        return await asyncio.gather(work(xp.backend), work("numpy"))

    assert asyncio.run(both()) == [[xp.backend] * 3, ["numpy"] * 3]
