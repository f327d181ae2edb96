"""jacfwd, jacobian, hessian and value_and_jacobian."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import autograd
from neo.core.array import bottom_of
from neo.errors import PerformanceWarning


def model(p, y):
    return {"a": nep.tanh(p["w"] @ y), "b": nep.sum(p["w"] ** 2) * p["c"]}


def arguments(xp: Library):
    w = xp.array([[1.0, 2.0], [0.5, -1.0], [0.3, 0.2]])
    return {"w": w, "c": xp.array(2.0)}, xp.array([0.1, -0.2])


def flat(tree):
    return [x.numpy() for x in neo.tree.flatten(tree)[0]]


@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1, 0)])
def test_forward_and_reverse_give_one_jacobian(xp: Library, argnums) -> None:
    args = arguments(xp)

    by_columns, by_rows = neo.jacfwd(model, argnums)(*args), neo.jacrev(model, argnums)(*args)

    assert neo.tree.paths(by_columns) == neo.tree.paths(by_rows)
    for found, expected in zip(flat(by_columns), flat(by_rows), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-16)


def test_jacobian_has_the_axes_of_the_result_then_of_the_argument(xp: Library) -> None:
    x = xp.asarray(np.arange(6.0).reshape(2, 3))

    found = neo.jacfwd(lambda x: nep.sum(x * x, axis=1))(x)

    expected = np.zeros((2, 2, 3))
    expected[0, 0], expected[1, 1] = 2 * np.arange(3.0), 2 * np.arange(3.0, 6.0)
    assert xp.owns(found)
    np.testing.assert_array_equal(xp.numpy(found), expected)


@pytest.mark.parametrize("transform", [neo.jacfwd, neo.jacrev, neo.jacobian])
def test_empty_arguments_and_results_have_empty_jacobians(transform) -> None:
    assert transform(lambda x: x * 2)(np.zeros((0, 2))).shape == (0, 2, 0, 2)
    assert transform(lambda x: nep.sum(x))(np.zeros(0)).shape == (0,)
    assert transform(lambda x: x[:0])(np.ones(3)).shape == (0, 3)


def test_jacobian_chooses_the_mode_with_fewer_runs() -> None:
    seen = []

    def f(x, rows):
        seen.append(type(x).__name__)
        return nep.ones((rows, 1)) * x

    for rows, last in ((1, "Plain"), (5, "Pushed")):
        found = neo.jacobian(f)(np.array([1.0, 2.0]), rows)
        np.testing.assert_array_equal(found, np.broadcast_to(np.eye(2), (rows, 2, 2)))
        assert seen[-1] == last


@pytest.mark.parametrize("rows", [1, 5])
def test_value_and_aux_come_with_the_jacobian(xp: Library, rows: int) -> None:
    (value, aux), found = neo.value_and_jacobian(
        lambda x: (xp.array(np.ones((rows, 2))) * x, {"first": x[0]}), has_aux=True
    )(xp.array([3.0, 4.0]))

    np.testing.assert_array_equal(value.numpy(), np.broadcast_to([3.0, 4.0], (rows, 2)))
    np.testing.assert_array_equal(found.numpy(), np.broadcast_to(np.eye(2), (rows, 2, 2)))
    assert float(aux["first"].numpy()) == 3.0


def test_named_arguments_are_differentiated(xp: Library) -> None:
    f = lambda x, *, scale: x * scale  # noqa: E731
    x, scale = xp.array([1.0, 2.0]), xp.array(3.0)

    for transform in (neo.jacfwd, neo.jacrev, neo.jacobian):
        by_name = transform(f, argnames="scale")(x, scale=scale)
        both = transform(f, 0, ["scale"])(x, scale=scale)
        assert by_name.numpy().tolist() == [1.0, 2.0]
        assert [b.numpy().tolist() for b in both] == [[[3.0, 0.0], [0.0, 3.0]], [1.0, 2.0]]


def test_hessian_of_a_tree_is_a_tree_of_blocks(xp: Library) -> None:
    f = lambda p: nep.sum(p["a"] ** 2) * p["b"]  # noqa: E731
    p = {"a": xp.array([1.0, 2.0]), "b": xp.array(3.0)}

    found, aux = neo.hessian(lambda p: (f(p), "aux"), has_aux=True)(p)

    assert aux == "aux"
    assert found["a"]["a"].numpy().tolist() == [[6.0, 0.0], [0.0, 6.0]]
    assert found["a"]["b"].numpy().tolist() == found["b"]["a"].numpy().tolist() == [2.0, 4.0]
    assert found["b"]["b"].numpy().tolist() == 0.0


def test_hessian_of_several_arguments_is_a_tuple_of_tuples(xp: Library) -> None:
    found = neo.hessian(lambda x, y: x**2 * y**3, argnums=(0, 1))(xp.asarray(2.0), xp.asarray(3.0))

    assert [[float(xp.numpy(h)) for h in row] for row in found] == [[54.0, 108.0], [108.0, 72.0]]


def test_hessian_of_a_vector_function_has_a_matrix_per_result(xp: Library) -> None:
    found = neo.hessian(lambda x: nep.stack([x[0] * x[1], x[0] ** 3]))(xp.asarray([2.0, 1.0]))

    assert xp.numpy(found).tolist() == [[[0.0, 1.0], [1.0, 0.0]], [[12.0, 0.0], [0.0, 0.0]]]


@pytest.mark.parametrize("outer", [neo.jacfwd, neo.jacrev])
@pytest.mark.parametrize("inner", [neo.jacfwd, neo.jacrev])
def test_every_pair_of_modes_gives_one_hessian(xp: Library, outer, inner) -> None:
    f = lambda x: nep.prod(nep.sin(x)) + x[0] * x[2]  # noqa: E731
    x = xp.asarray([0.3, 0.5, 0.7])

    found = xp.numpy(outer(inner(f))(x))

    np.testing.assert_allclose(found, found.T, rtol=1e-14)
    np.testing.assert_allclose(found, xp.numpy(neo.hessian(f)(x)), rtol=1e-13)


def test_a_real_argument_may_have_a_complex_result(xp: Library) -> None:
    found = neo.jacfwd(lambda x: x * xp.array([1j, 2.0 + 0j]))(xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(found), np.diag([1j, 2.0]))


def test_a_complex_argument_of_jacfwd_is_refused() -> None:
    with pytest.raises(TypeError, match=r"jacfwd needs real arguments; argument 0 \('z'\) is complex128"):
        neo.jacfwd(lambda z: z * z)(np.array([1j]))


def test_a_result_of_jacfwd_that_is_no_array_is_refused() -> None:
    with pytest.raises(TypeError, match="jacfwd needs <lambda> to return real or complex arrays"):
        neo.jacfwd(lambda x: nep.argmax(x))(np.ones(2))


def test_a_row_of_the_jacobian_is_what_is_pulled_and_a_column_what_is_pushed(xp: Library) -> None:
    f = lambda x: nep.exp(x) * x[0]  # noqa: E731
    x, v = xp.asarray([0.1, 0.2]), xp.asarray([1.0, -2.0])

    matrix = xp.numpy(neo.jacobian(f)(x))

    pushed, pulled = neo.jvp(f, x, v)[1], neo.vjp(f, x)[1](v)[0]
    np.testing.assert_allclose(matrix @ xp.numpy(v), xp.numpy(pushed), rtol=1e-14)
    np.testing.assert_allclose(xp.numpy(v) @ matrix, xp.numpy(pulled), rtol=1e-14)


@pytest.mark.parametrize("x", [3, np.array([1, 2])])
def test_an_integer_argument_is_refused(x) -> None:
    with pytest.raises(TypeError, match=r"cannot differentiate with respect to argument 0 \('x'\)"):
        neo.hessian(lambda x: nep.sum(x * x))(x)


class Choosing(autograd.Policy):
    """x * x; its push looks at the tangent, so that no two tangents can be pushed at once."""

    def forward(self, x):
        self.ctx.save(x)
        return x * x

    def push(self, v):
        (x,) = self.ctx.release
        return 2 * x * v if nep.sum(v) > 0 else 0 * x


choosing = neo.neo_function(Choosing)
X = np.array([1.0, 2.0, 3.0])


def test_a_jacobian_that_cannot_be_batched_is_right_and_warns_in_the_line_that_asked() -> None:
    with pytest.warns(
        PerformanceWarning, match=r"jacfwd of Choosing takes its 3 directions .* truth of"
    ) as w:
        found = neo.jacfwd(choosing)(X)

    np.testing.assert_array_equal(found, np.diag(2 * X))
    assert w[0].filename == __file__


def test_no_one_is_warned_of_a_loop_that_was_asked_for_or_is_none() -> None:
    np.testing.assert_array_equal(neo.jacfwd(choosing, chunk_size=1)(X), np.diag(2 * X))
    np.testing.assert_array_equal(neo.jacfwd(choosing)(X[:1]), [[2.0]])


@pytest.mark.parametrize("transform", [neo.jacfwd, neo.jacrev, neo.jacobian, neo.hessian])
@pytest.mark.parametrize("chunk_size", [1, 2, 3, 7])
def test_chunks_change_nothing(xp: Library, transform, chunk_size: int) -> None:
    f = lambda x: nep.sin(xp.array(np.ones((2, 3))) @ x) * x[:2]  # noqa: E731

    found = transform(f, chunk_size=chunk_size)(xp.array(X))

    np.testing.assert_allclose(found.numpy(), transform(f)(xp.array(X)).numpy(), rtol=1e-13)


def test_a_chunk_has_no_more_directions_than_were_asked_for() -> None:
    seen = []

    class Told(autograd.Policy):
        def forward(self, x):
            return 1 * x

        def backward(self, g):
            seen.append(bottom_of(g).shape)
            return g

    neo.jacrev(neo.neo_function(Told), chunk_size=2)(X)

    assert seen == [(2, 3), (1, 3)]


@pytest.mark.parametrize("transform", [neo.jacfwd, neo.jacrev, neo.jacobian, neo.hessian])
@pytest.mark.parametrize("chunk_size", [0, 1.5, "all"])
def test_a_chunk_size_that_is_none_is_refused(transform, chunk_size) -> None:
    with pytest.raises(ValueError, match=r"chunk_size is .*; expected how many directions"):
        transform(lambda x: x * x, chunk_size=chunk_size)(X)
