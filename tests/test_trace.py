"""`neo.trace` lists the program that a function recorded; `neo.stop_gradient` keeps a value off it."""

import weakref

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo.autograd import Policy
from neo.functions import neo_function


def layer(x, weight):
    return nep.sum(nep.tanh(x @ weight), axis=0)


def arguments(shape=(64, 9), dtype="float32"):
    return np.ones(shape, dtype), np.ones((shape[-1], 256), dtype)


def test_a_tape_prints_its_program():
    _, tape = neo.trace(layer)(*arguments())

    assert str(tape).splitlines() == [
        "%0 = input x          f32[64,9]",
        "%1 = input weight     f32[9,256]",
        "%2 = matmul(%0, %1)   f32[64,256]  11.2 kB saved",
        "%3 = tanh(%2)         f32[64,256]  64.0 kB saved",
        "%4 = sum(%3, axis=0)  f32[256]",
        "return %4",
        "3 calls, 75.2 kB saved",
    ]


def test_the_result_is_that_of_the_function(xp):
    x, weight = xp.asarray([[0.5, 1.0]]), xp.asarray([[2.0], [1.0]])

    result, _ = neo.trace(layer)(x, weight)

    assert type(result) is type(x)
    np.testing.assert_allclose(xp.numpy(result), np.tanh([2.0]), rtol=1e-6)


def test_leaves_of_trees_are_inputs_named_by_their_place():
    weights = {"w": [np.ones(2), np.ones(2)], "b": np.ones(2)}

    _, tape = neo.trace(lambda weights, x: weights["w"][0] * x)(weights, np.ones(2))

    names = [name for name, _ in tape.log.inputs]
    assert names == ["weights['b']", "weights['w'][0]", "weights['w'][1]", "x"]


def test_arguments_without_a_gradient_are_passed_on():
    _, tape = neo.trace(lambda x, n, name: x**n)(np.ones(2), 3, "cube")

    assert [name for name, _ in tape.log.inputs] == ["x"]
    assert "pow(%0, 3)" in str(tape)


def test_a_function_without_an_array_is_refused():
    with pytest.raises(TypeError, match="no argument of <lambda> holds a real or complex array; got int 3"):
        neo.trace(lambda n: n)(3)


def test_constants_are_shown_by_value_or_by_type():
    constant = np.ones((2, 3))

    _, tape = neo.trace(lambda x: 0.1 * x + constant)(np.ones(3))

    assert "%1 = multiply(0.1, %0)" in str(tape)
    assert "%2 = add(%1, f64[2,3])" in str(tape)


def test_settings_that_are_off_are_not_shown():
    _, tape = neo.trace(lambda x: nep.mean(nep.var(x, axis=1, correction=1.0)))(np.ones((2, 3)))

    assert [str(call) for call in tape.log.calls] == ["%1 = var(%0, axis=1, correction=1)", "%2 = mean(%1)"]


def test_an_index_is_shown_as_it_is_written():
    _, tape = neo.trace(lambda x: x[None, ..., 1:5:2])(np.ones((2, 7)))

    assert "getitem(%0, key=(None, ..., 1:5:2))" in str(tape)


def test_several_results_fill_several_slots():
    _, tape = neo.trace(lambda x: nep.unstack(x)[1])(np.ones((2, 3)))

    assert str(tape).splitlines()[1:3] == ["%2, %3 = unstack(%0, axis=0)  f64[3], f64[3]", "return %3"]


def test_a_result_without_a_gradient_has_a_slot_and_saves_nothing():
    _, tape = neo.trace(lambda x: nep.astype(x, nep.int32))(np.ones(3))

    assert str(tape).splitlines()[1:] == [
        "%1 = astype(%0, dtype=int32)  i32[3]",
        "return %1",
        "1 call, nothing saved",
    ]


def test_a_policy_of_yours_is_listed_with_what_it_saved():
    class ScaledMLP(Policy):
        def forward(self, x, *, factor):
            self.ctx.save(x, [x * factor])
            return factor * x

        def backward(self, g):
            return g

    _, tape = neo.trace(lambda x: neo_function(ScaledMLP)(x, factor=2.0))(np.ones(256))

    assert "%1 = scaled_mlp(%0, factor=2)  f64[256]  4.0 kB saved" in str(tape)


def test_an_array_saved_by_several_calls_counts_once():
    _, tape = neo.trace(lambda x: nep.sin(x) + nep.cos(x))(np.ones(256))

    assert [call.saved for call in tape.log.calls] == [2048, 2048, 0]
    assert tape.log.saved == 2048
    assert str(tape).endswith("3 calls, 2.0 kB saved, counting what several calls saved once")


def test_a_saved_size_follows_the_dtype(xp):
    x = xp.asarray(np.ones(256, "float32"))

    _, tape = neo.trace(nep.sin)(x)

    assert tape.log.calls[0].saved == 1024


def test_every_operation_is_listed_under_the_name_of_its_function():
    names = {name: function.policy.label for name, function in neo.policies.items()}

    assert names == {name: name for name in neo.policies}


def test_a_tape_is_closed_once_its_function_has_returned():
    kept = []

    _, tape = neo.trace(lambda x: kept.append(x) or x * 2)(np.ones(2))

    with pytest.raises(RuntimeError, match="after its transform returned"):
        nep.sin(kept[0])
    assert repr(tape) == "<neo tape of 1 calls, closed, from <lambda>>"


def test_a_tape_keeps_no_array_alive():
    x = np.ones(3)
    alive = weakref.ref(x)

    _, tape = neo.trace(lambda x: nep.sum(nep.sin(x)))(x)
    del x

    assert alive() is None
    assert "sin(%0)" in str(tape)


def test_a_trace_inside_a_gradient_is_differentiated():
    slope = neo.grad(lambda x: neo.trace(lambda y: y * y * y)(x)[0])(np.asarray(2.0))

    assert slope == 12.0


def test_an_integer_result_of_a_policy_inside_a_trace_inside_a_gradient_is_a_factor(xp):
    class WithCount(Policy):
        def forward(self, x):
            return x * 2, nep.astype(x > 0, nep.int64)

        def backward(self, g, _):
            return g * 2

    def f(x):
        doubled, count = neo_function(WithCount)(x)
        return nep.sum(doubled) * nep.astype(nep.sum(count), x.dtype)

    found = neo.grad(lambda x: neo.trace(f)(x)[0])(xp.asarray([1.0, 2.0, -3.0]))

    assert xp.numpy(found).tolist() == [4.0] * 3


def test_a_traced_function_has_the_calls_that_its_gradient_would_record():
    x, weight = arguments((4, 3))

    _, nested = neo.trace(neo.grad(lambda x, weight: nep.sum(layer(x, weight))))(x, weight)

    assert nested.log.results[0].shape == (4, 3)
    assert [call.name for call in nested.log.calls][:2] == ["matmul", "tanh"]


def test_stop_gradient_gives_the_value_without_its_derivative(xp):
    x = xp.asarray([1.0, 2.0])

    slope = neo.grad(lambda x: nep.sum(x * neo.stop_gradient(x)))(x)

    np.testing.assert_array_equal(xp.numpy(slope), [1.0, 2.0])


def test_stop_gradient_stops_every_order():
    curvature = neo.grad(neo.grad(lambda x: neo.stop_gradient(x * x) * x))(2.0)

    assert float(curvature) == 0.0


def test_stop_gradient_takes_trees_and_leaves_others_alone():
    bare, boxed = np.ones(2), neo.ones((2,))

    stopped = neo.stop_gradient({"bare": bare, "boxed": boxed, "n": 3})

    assert stopped["bare"] is bare
    assert stopped["n"] == 3
    assert type(stopped["boxed"]) is neo.Array


def test_writing_into_a_stopped_array_leaves_the_original_alone():
    x = neo.ones((2,))
    stopped = neo.stop_gradient(x)

    stopped += 1

    assert x.tolist() == [1.0, 1.0]
