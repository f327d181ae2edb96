"""arange and linspace of arrays: where they are made, their gradients, and their place in a program."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

WEIGHTS = np.array([1.0, 10.0, 100.0])


def test_arange_has_a_gradient_to_its_start_and_its_step(xp: Library) -> None:
    weights = xp.array(WEIGHTS)
    f = lambda start, step: nep.sum(nep.arange(start, 3.2, step) * weights)  # noqa: E731

    start, step = neo.grad(f, (0, 1))(xp.asarray(0.5), xp.asarray(1.0))

    assert (xp.numpy(start), xp.numpy(step)) == (111, 210)


def test_arange_in_an_integer_dtype_has_no_gradient() -> None:
    assert neo.grad(lambda x: nep.sum(nep.arange(x, 5.0, dtype="int64")) * x)(1.0) == 10


def test_linspace_of_traced_arrays_has_the_new_axis_in_front(xp: Library) -> None:
    start, stop = xp.asarray(np.array([0.0, 1.0])), xp.array([[2.0, 3.0], [4.0, 5.0]])

    out, pull = neo.vjp(lambda start: nep.linspace(start, stop, 3), start)

    np.testing.assert_allclose(xp.numpy(out), np.linspace([0.0, 1.0], [[2.0, 3.0], [4.0, 5.0]], 3))
    (gradient,) = pull(nep.ones_like(out))
    np.testing.assert_allclose(xp.numpy(gradient), [3, 3])


def test_linspace_of_a_traced_end_has_the_dtype_asked_for(xp: Library) -> None:
    out, _ = neo.vjp(lambda x: nep.linspace(x, 1.0, 3, dtype="float32"), xp.asarray(0.5))

    assert out.dtype == xp.xp.float32


def test_linspace_of_an_integer_of_each_example_is_not_rounded() -> None:
    out = neo.vmap(lambda n: nep.linspace(0.0, n, 3))(np.array([1, 3]))

    np.testing.assert_array_equal(out, [[0, 0.5, 1], [0, 1.5, 3]])


@pytest.mark.parametrize("make", [nep.arange, lambda x: nep.linspace(0.0, x, 3)], ids=["arange", "linspace"])
def test_what_is_made_of_an_array_stays_in_its_library(make, xp: Library) -> None:
    assert make(xp.array(3.0)).backend == xp.backend


def test_numbers_of_numpy_choose_no_library(xp: Library) -> None:
    with neo.backends.use(xp.backend, xp.device):
        assert nep.arange(np.int64(3)).backend == xp.backend


def test_a_traced_program_does_not_run_again_with_another_arange() -> None:
    _, program = neo.trace(lambda x: nep.sum(nep.arange(nep.argmax(x)) * 1.0))(np.array([1.0, 2.0, 3.0]))

    with pytest.raises(RuntimeError, match="looked at"):
        program.replay(np.array([5.0, 2.0, 3.0]))
