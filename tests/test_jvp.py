"""Forward mode: tangents through trees, writes, integers, control flow, and clear refusals."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import autograd


def test_value_and_tangent_of_several_arguments(xp: Library) -> None:
    x, y = xp.asarray([1.0, 2.0]), xp.asarray([3.0, 4.0])

    value, tangent = neo.jvp(lambda x, y: x * y, (x, y), (xp.asarray([1.0, 0.0]), xp.asarray([0.0, 1.0])))

    assert xp.owns(value)
    assert xp.owns(tangent)
    np.testing.assert_array_equal(xp.numpy(value), [3.0, 8.0])
    np.testing.assert_array_equal(xp.numpy(tangent), [3.0, 2.0])


def test_one_argument_need_not_stand_in_a_tuple(xp: Library) -> None:
    value, tangent = neo.jvp(lambda x: x * x, xp.asarray(3.0), xp.asarray(2.0))

    assert (float(xp.numpy(value)), float(xp.numpy(tangent))) == (9.0, 12.0)


def test_tangents_have_the_trees_of_arguments_and_results(xp: Library) -> None:
    primal = {"w": xp.asarray([1.0, 2.0]), "b": (xp.asarray(3.0), None)}
    along = {"w": xp.asarray([1.0, 1.0]), "b": (xp.asarray(5.0), None)}

    value, tangent = neo.jvp(lambda p: {"sum": nep.sum(p["w"]) + p["b"][0], "w": p["w"]}, (primal,), (along,))

    assert float(xp.numpy(value["sum"])) == 6.0
    assert float(xp.numpy(tangent["sum"])) == 7.0
    np.testing.assert_array_equal(xp.numpy(tangent["w"]), [1.0, 1.0])


def test_argnums_and_argnames_choose_arguments(xp: Library) -> None:
    x, y = xp.array(2.0), xp.array(3.0)
    f = lambda x, y, *, scale: x * y * scale  # noqa: E731

    _, by_number = neo.jvp(f, (x, y), xp.asarray(1.0), argnums=1, scale=10.0)
    _, by_name = neo.jvp(f, (x, y), xp.asarray(1.0), argnames="scale", scale=xp.asarray(10.0))
    _, both = neo.jvp(
        f, (x, y), (xp.asarray(1.0), xp.asarray(1.0)), argnums=0, argnames=["scale"], scale=xp.asarray(10.0)
    )

    assert [float(xp.numpy(t)) for t in (by_number, by_name, both)] == [20.0, 6.0, 36.0]


def test_has_aux_hands_on_what_has_no_tangent(xp: Library) -> None:
    _, tangent, aux = neo.jvp(
        lambda x: (x * x, {"x": x, "name": "square"}), (xp.asarray(3.0),), (xp.asarray(1.0),), has_aux=True
    )

    assert float(xp.numpy(tangent)) == 6.0
    assert aux["name"] == "square"
    assert float(xp.numpy(aux["x"])) == 3.0


def test_what_does_not_move_has_a_zero_tangent(xp: Library) -> None:
    def f(x):
        return nep.argmax(x), neo.stop_gradient(x), nep.floor(x), xp.asarray([7.0]), 3

    _, tangent = neo.jvp(f, (xp.asarray([1.0, 2.0]),), (xp.asarray([1.0, 1.0]),))

    assert [np.asarray(t if type(t) is int else xp.numpy(t)).tolist() for t in tangent] == [
        0,
        [0.0, 0.0],
        [0.0, 0.0],
        [0.0],
        0,
    ]


def test_writing_into_arrays_is_rebinding(xp: Library) -> None:
    def f(x):
        y = nep.zeros_like(x)
        y[1] = x[0] * 3
        y += x
        x[0] = 5.0
        x *= 2
        return y, x

    value, tangent = neo.jvp(f, (xp.asarray([1.0, 2.0]),), (xp.asarray([1.0, 10.0]),))

    assert [xp.numpy(v).tolist() for v in value] == [[1.0, 5.0], [10.0, 4.0]]
    assert [xp.numpy(t).tolist() for t in tangent] == [[1.0, 13.0], [0.0, 20.0]]


def test_a_bare_constant_that_is_written_into_takes_the_tangent(xp: Library) -> None:
    def f(x):
        constant = xp.array([1.0, 1.0])
        constant[0] = x
        return nep.sum(constant * constant)

    _, tangent = neo.jvp(f, (xp.asarray(3.0),), (xp.asarray(1.0),))

    assert float(xp.numpy(tangent)) == 6.0


def test_several_results_of_one_policy_have_tangents(xp: Library) -> None:
    class Both(autograd.Policy):
        def forward(self, x):
            self.ctx.save(x)
            return x * x, x * x * x

        def backward(self, g, h):
            (x,) = self.ctx.release
            return 2 * g * x + 3 * h * x * x

    _, tangent = neo.jvp(neo.neo_function(Both), (xp.asarray(2.0),), (xp.asarray(1.0),))

    assert [float(xp.numpy(t)) for t in tangent] == [4.0, 12.0]


def test_control_flow_follows_the_values(xp: Library) -> None:
    f = lambda x: x * x if x > 1 else -x  # noqa: E731

    found = [neo.jvp(f, (xp.asarray(x),), (xp.asarray(1.0),))[1] for x in (2.0, 0.5)]

    assert [float(xp.numpy(t)) for t in found] == [4.0, -1.0]


def test_float32_stays_float32(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0], "float32")

    value, tangent = neo.jvp(lambda x: nep.sin(2 * x) / 3.0, (x,), (x,))

    assert value.dtype == tangent.dtype == x.dtype


def test_complex_tangents_are_not_conjugated(xp: Library) -> None:
    z, v = xp.asarray(1 + 2j), xp.asarray(0.5 - 1j)

    _, tangent = neo.jvp(lambda z: (z * z, nep.conj(z), nep.abs(z)), (z,), (v,))

    expected = [2 * (1 + 2j) * (0.5 - 1j), 0.5 + 1j, ((1 - 2j) * (0.5 - 1j)).real / np.sqrt(5)]
    np.testing.assert_allclose([complex(xp.numpy(t)) for t in tangent], expected, rtol=1e-15)


def test_zero_times_inf_may_be_zero(xp: Library) -> None:
    f = lambda x: nep.sqrt(x * 0)  # noqa: E731
    x, v = xp.asarray(1.0), xp.asarray(1.0)

    assert np.isnan(xp.numpy(neo.jvp(f, (x,), (v,))[1]))
    assert float(xp.numpy(neo.jvp(f, (x,), (v,), zero_times_inf="zero")[1])) == 0.0


def test_memory_does_not_grow_with_the_number_of_calls() -> None:
    seen: list[weakref.ref] = []

    def f(x):
        for _ in range(50):
            x = nep.matmul(x, x) * 0.5
            seen.append(weakref.ref(x.held))
        return x

    neo.jvp(f, (np.eye(2),), (np.ones((2, 2)),))
    gc.collect()

    assert sum([ref() is not None for ref in seen]) == 0


def test_at_most_a_few_values_live_at_once() -> None:
    living: set[int] = set()
    most = 0

    def f(x):
        nonlocal most
        for k in range(20):
            x = nep.sin(x)
            living.add(k)
            weakref.finalize(x.held, living.discard, k)
            most = max(most, len(living))
        return x

    neo.jvp(f, (np.ones(3),), (np.ones(3),))

    assert most <= 3


def test_escaped_array_is_refused_by_name(xp: Library) -> None:
    kept = []

    def leaky(x):
        kept.append(x)
        return x * 2

    neo.jvp(leaky, (xp.asarray(1.0),), (xp.asarray(1.0),))

    with pytest.raises(RuntimeError, match="traced inside leaky is used after its transform returned"):
        kept[0] * 2


@pytest.mark.parametrize(
    ("tangent", "message"),
    [
        (np.ones(3), r"tangent of argument 0 \('x'\) is float64 array of shape \(3,\).*expected.*\(2,\)"),
        (np.ones(2, "float32"), r"tangent of argument 0 \('x'\) is float32 array"),
        ({"a": np.ones(2)}, r"another tree than the argument"),
        (1.0, r"tangent of argument 0 \('x'\) is float 1.0"),
    ],
)
def test_a_tangent_that_does_not_fit_is_refused(tangent, message) -> None:
    with pytest.raises(ValueError, match=message):
        neo.jvp(lambda x: x * 2, (np.ones(2),), (tangent,))


def test_a_wrong_number_of_tangents_is_refused() -> None:
    with pytest.raises(ValueError, match="2 tangents for 1 arguments"):
        neo.jvp(lambda x: x * 2, (np.ones(2),), (np.ones(2), np.ones(2)))


def test_tangents_that_are_no_tuple_are_refused() -> None:
    with pytest.raises(TypeError, match="expected a tuple with one tangent per argument"):
        neo.jvp(lambda x: x * 2, (np.ones(2),), np.ones(2))


def test_an_integer_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="its dtype is int64"):
        neo.jvp(lambda x: x * 2, (np.ones(2, "int64"),), (np.ones(2, "int64"),))


def test_a_result_that_is_no_array_is_refused() -> None:
    def named(x):
        return "a"

    with pytest.raises(TypeError, match="named returned str 'a'; return an array"):
        neo.jvp(named, (np.ones(2),), (np.ones(2),))


def test_a_tangent_of_another_library_is_refused() -> None:
    torch = pytest.importorskip("torch")

    with pytest.raises(ValueError, match=r"belongs to torch and its argument to numpy\. Move one first"):
        neo.jvp(lambda x: x * 2, (np.ones(2),), (torch.ones(2, dtype=torch.float64),))


def test_a_complex_tangent_of_a_real_number_is_refused() -> None:
    with pytest.raises(ValueError, match="is complex 1j; expected float64 array"):
        neo.jvp(lambda x: x * 2, 3.0, 1j)
