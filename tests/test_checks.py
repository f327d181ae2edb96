"""`check=` finds the call that makes a NaN or inf, and the array that was written into too late."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.functions as nn
import neo.numpy as nep
from neo.autograd import Policy, session
from neo.functions import neo_function

# NumPy warns of what these tests make on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def sum_of_logs(x):
    shifted = x - 1.0
    logs = nep.log(shifted)
    return nep.sum(logs)


def root_of_products(x):
    return nep.sum(nep.sqrt(x * 0.0))


def written_buffer(buffer):
    def f(x):
        out = x * buffer
        buffer[...] = buffer * 7
        return nep.sum(out)

    return f


def test_the_call_that_makes_an_infinity_is_named_with_its_line(xp: Library) -> None:
    with pytest.raises(FloatingPointError) as caught:
        neo.grad(sum_of_logs, check="nan")(xp.asarray([1.0, 3.0]))

    message = str(caught.value)
    assert message.startswith("log made inf: %2 = log(%1) at test_checks.py:")
    assert "in sum_of_logs: logs = nep.log(shifted). Operand 0: float64 array of shape (2,)" in message
    assert "from 0 to 2, 1 zero" in message


def test_the_call_that_makes_a_nan_is_named(xp: Library) -> None:
    with pytest.raises(FloatingPointError, match=r"log made NaN.*from -1 to 2, 1 negative"):
        neo.grad(sum_of_logs, check="nan")(xp.asarray([0.0, 3.0]))


def test_the_gradient_that_makes_an_infinity_is_named_with_its_line(xp: Library) -> None:
    with pytest.raises(FloatingPointError) as caught:
        neo.grad(root_of_products, check="nan")(xp.asarray([1.0, 4.0]))

    message = str(caught.value)
    assert message.startswith("the gradient of sqrt made inf: %2 = sqrt(%1) at test_checks.py:")
    assert "in root_of_products: return nep.sum(nep.sqrt(x * 0.0))" in message
    assert "Gradient of the result: float64 array of shape (2,), from 1 to 1" in message


def test_a_structured_call_is_named(xp: Library) -> None:
    x = xp.asarray([[1e200, 1e200]])

    with pytest.raises(FloatingPointError, match=r"matmul made inf: %1 = matmul\(%0, f64\[2,1\]\)"):
        neo.grad(lambda x: nep.sum(x @ xp.asarray([[1e200], [1.0]])), check="nan")(x)


def test_a_policy_of_yours_is_named() -> None:
    class Wrong(Policy):
        def forward(self, x):
            return x * 2

        def backward(self, g):
            return g * np.nan

    with pytest.raises(FloatingPointError, match=r"the gradient of wrong made NaN"):
        neo.grad(lambda x: neo_function(Wrong)(x), check="nan")(1.0)


def test_a_call_with_several_results_is_named() -> None:
    class Pair(Policy):
        def forward(self, x):
            return x * 2, x / 0.0

        def backward(self, g, h):
            return 2 * g + h

    with pytest.raises(FloatingPointError, match=r"pair made inf: %2, %3 = pair\(%0\)"):
        neo.grad(lambda x: neo_function(Pair)(x)[0], check="nan")(1.0)


def test_an_infinity_that_an_operand_brings_is_nobodys_fault(xp: Library) -> None:
    mask = xp.asarray([0.0, -np.inf])

    value = neo.value_and_grad(lambda x: nep.sum(nep.exp(x + mask)), check="nan")(xp.asarray([0.0, 0.0]))[0]

    assert float(xp.numpy(value)) == 1.0


def test_a_cotangent_with_a_nan_is_told_apart() -> None:
    _, pull = neo.vjp(nep.sin, 1.0, check="nan")

    with pytest.raises(FloatingPointError, match="is NaN when it arrives at %1 = sin"):
        pull(np.asarray(np.nan))


def test_finite_gradients_are_the_same_with_checks(xp: Library) -> None:
    f = lambda x, w: nep.sum(nn.relu(x @ w) ** 2) + nep.unstack(x)[0][0]  # noqa: E731
    x, w = xp.asarray([[1.0, -2.0], [0.5, 3.0]]), xp.asarray([[1.0], [2.0]])
    plain = neo.value_and_grad(f, argnums=(0, 1))(x, w)

    checked = neo.value_and_grad(f, argnums=(0, 1), check=("nan", "mutation"))(x, w)

    np.testing.assert_array_equal(xp.numpy(checked[0]), xp.numpy(plain[0]))
    for found, expected in zip(checked[1], plain[1], strict=True):
        np.testing.assert_array_equal(xp.numpy(found), xp.numpy(expected))


def test_derivatives_of_higher_order_are_checked() -> None:
    f = lambda x: nep.sum(x * nep.sqrt(x))  # noqa: E731

    found = neo.grad(neo.grad(f, check=("nan", "mutation")), check=("nan", "mutation"))(4.0)

    assert found == 0.375
    with pytest.raises(FloatingPointError, match="the gradient of sqrt made NaN"):
        neo.grad(neo.grad(f, check="nan"))(0.0)


@pytest.mark.parametrize(
    "transform",
    [
        lambda x: neo.value_and_grad(sum_of_logs, check="nan")(x),
        lambda x: neo.vjp(sum_of_logs, x, check="nan"),
        lambda x: neo.jacrev(sum_of_logs, check="nan")(x),
        lambda x: session.value_and_grad(sum_of_logs, check="nan")(x),
        lambda x: neo.trace(sum_of_logs, check="nan")(x),
    ],
    ids=["value_and_grad", "vjp", "jacrev", "session", "trace"],
)
def test_every_transform_takes_a_check(transform) -> None:
    with pytest.raises(FloatingPointError, match="log made inf"):
        transform(np.ones(2))


def test_the_tangent_that_becomes_infinite_is_named() -> None:
    x = np.array([0.0, 1.0])

    with pytest.raises(FloatingPointError, match=r"the tangent of sqrt made inf: .* from 0 to 1, 1 zero"):
        neo.jvp(nep.sqrt, (x,), (np.ones(2),), check="nan")


def test_calls_inside_a_checkpoint_are_checked() -> None:
    f = neo.checkpoint(root_of_products)

    with pytest.raises(FloatingPointError, match=r"the gradient of sqrt made inf.*in root_of_products"):
        neo.grad(f, check="nan")(np.array([1.0, 4.0]))


def test_calls_under_vmap_are_checked() -> None:
    rows = np.array([[3.0, 4.0], [0.0, 1.0]])

    with pytest.raises(FloatingPointError, match=r"the gradient of sqrt made inf"):
        neo.vmap(neo.grad(lambda x: nep.sum(nep.sqrt(x)), check="nan"))(rows)


def test_a_buffer_that_is_written_into_too_late_is_an_error() -> None:
    with pytest.raises(RuntimeError) as caught:
        neo.grad(written_buffer(np.full(3, 2.0)), check="mutation")(np.ones(3))

    message = str(caught.value)
    assert message.startswith("float64 array of shape (3,) was written into after multiply had saved it")
    assert "%1 = multiply(%0, f64[3]) at test_checks.py:" in message
    assert "in f: out = x * buffer. Element (0,) was 2.0 and is 14.0" in message


def test_a_buffer_of_another_library_is_watched_too() -> None:
    torch = pytest.importorskip("torch")

    with pytest.raises(RuntimeError, match="written into after multiply had saved it"):
        neo.grad(written_buffer(torch.full((3,), 2.0)), check="mutation")(torch.ones(3))


def test_another_tape_gives_the_gradient_of_what_was_written() -> None:
    autograd = pytest.importorskip("autograd")
    numpy = pytest.importorskip("autograd.numpy")

    def f(x):
        buffer = np.full(3, 2.0)
        out = x * buffer
        buffer *= 7
        return numpy.sum(out)

    np.testing.assert_array_equal(autograd.grad(f)(np.ones(3)), [14.0, 14.0, 14.0])


def test_writing_before_the_call_is_fine() -> None:
    def f(x):
        buffer = np.full(3, 2.0)
        buffer *= 7
        return nep.sum(x * buffer)

    found = neo.grad(f, check="mutation")(np.ones(3))

    np.testing.assert_array_equal(found, [14.0, 14.0, 14.0])


def test_writing_into_what_no_rule_reads_is_fine() -> None:
    def f(x):
        buffer = np.full(3, 2.0)
        out = x + buffer
        buffer *= 7
        return nep.sum(out)

    found = neo.grad(f, check="mutation")(np.ones(3))

    np.testing.assert_array_equal(found, [1.0, 1.0, 1.0])


def test_writing_between_two_pulls_is_found() -> None:
    weights = np.full(3, 2.0)
    _, pull = neo.vjp(lambda x: nep.sum(x * weights), np.ones(3), check="mutation")
    pull(1.0)

    weights[1] = 5.0

    with pytest.raises(RuntimeError, match=r"Element \(1,\) was 2.0 and is 5.0"):
        pull(1.0)


def test_an_index_that_is_written_into_is_found() -> None:
    def f(x):
        index = np.array([0, 1])
        out = x[index]
        index[0] = 2
        return nep.sum(out)

    with pytest.raises(RuntimeError, match=r"int64 array of shape \(2,\) was written into after getitem"):
        neo.grad(f, check="mutation")(np.ones(3))


def test_a_check_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="check is 'nan', 'mutation' or a tuple of both, got 'inf'"):
        neo.grad(nep.sin, check="inf")


def test_an_array_that_escapes_names_the_function_it_came_from() -> None:
    kept = []

    def leaky(x):
        kept.append(x * 2)
        return nep.sum(kept[0])

    neo.grad(leaky)(np.ones(2))

    with pytest.raises(RuntimeError, match="an array traced inside leaky is used after its transform"):
        kept[0] + 1.0
    with pytest.raises(RuntimeError, match="an array traced inside leaky is used after its transform"):
        nep.sum(kept[0])
    with pytest.raises(RuntimeError, match="an array traced inside leaky is used after its transform"):
        neo.grad(lambda y: nep.sum(kept[0] * y))(np.ones(2))
