"""vmap: axes, trees, nesting, derivatives, user Policies, and what it refuses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import autograd
from neo.control import scan, while_loop
from neo.errors import PerformanceWarning
from neo.functions import cross_entropy, dropout, layer_norm, linear, neo_function, softmax
from neo.implicit import custom_linear_solve, gmres
from neo.rules import StraightThrough

RNG = np.random.default_rng(7)
XS, WS = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
MATRICES = RNG.normal(size=(4, 3, 3))


def loss(w: Any, x: Any) -> Any:
    return nep.sum(nep.tanh(w * x)) ** 2


def loop(f: Any, *columns: Any) -> np.ndarray:
    return np.stack([np.asarray(f(*row)) for row in zip(*columns, strict=True)])


def test_an_axis_may_stand_anywhere_in_arguments_and_results(xp: Library) -> None:
    f = neo.vmap(lambda x, y: nep.multiply(x, y), in_axes=(1, -1), out_axes=-1)

    out = f(xp.asarray(XS.T), xp.asarray(WS.T))

    np.testing.assert_array_equal(xp.numpy(out), (XS * WS).T)


def test_an_argument_that_is_not_mapped_stays_as_it_is() -> None:
    seen = []

    neo.vmap(lambda w, x, name: seen.append((w, name)) or x, in_axes=(None, 0, None))(WS, XS, "tanh")

    assert seen[0][0] is WS
    assert seen[0][1] == "tanh"


def test_trees_take_a_prefix_of_axes() -> None:
    argument = {"a": (XS, WS.T), "b": np.ones(3)}

    out = neo.vmap(
        lambda t: {"sum": t["a"][0] + t["a"][1] * t["b"], "b": t["b"]},
        in_axes=({"a": (0, 1), "b": None},),
        out_axes={"sum": 1, "b": None},
    )(argument)

    np.testing.assert_array_equal(out["sum"], (XS + WS).T)
    np.testing.assert_array_equal(out["b"], np.ones(3))


def test_named_tuples_and_none_are_trees() -> None:
    class Pair(NamedTuple):
        x: Any
        nothing: Any

    out = neo.vmap(lambda p: Pair(2 * p.x, p.nothing))(Pair(XS, None))

    assert out.nothing is None
    np.testing.assert_array_equal(out.x, 2 * XS)


def test_keyword_arguments_are_mapped_over_their_first_axis() -> None:
    out = neo.vmap(lambda x, *, w: x * w, in_axes=(None,))(np.ones(3), w=WS)

    np.testing.assert_array_equal(out, WS)


def test_a_result_that_is_the_same_for_every_example_is_repeated(xp: Library) -> None:
    constant, number = neo.vmap(lambda x: (xp.asarray(np.arange(2.0)), 1.5))(xp.asarray(XS))

    np.testing.assert_array_equal(xp.numpy(constant), np.tile(np.arange(2.0), (4, 1)))
    np.testing.assert_array_equal(xp.numpy(number), np.full(4, 1.5))


def test_axis_size_alone_repeats_the_result() -> None:
    out = neo.vmap(lambda x: x + 1, in_axes=None, axis_size=2)(np.ones(3))

    np.testing.assert_array_equal(out, np.full((2, 3), 2.0))


def test_results_are_as_wrapped_as_the_arguments(xp: Library) -> None:
    bare = neo.vmap(nep.tanh)(xp.asarray(XS))
    boxed = neo.vmap(nep.tanh)(xp.array(XS))

    assert xp.owns(bare)
    assert type(boxed) is neo.Array


def test_an_axis_of_length_0_gives_empty_results() -> None:
    out = neo.vmap(neo.grad(lambda x: nep.sum(x @ x)))(np.ones((0, 3, 3)))

    assert out.shape == (0, 3, 3)


def test_a_batched_array_prints_all_examples() -> None:
    texts: list[str] = []

    neo.vmap(lambda x: texts.append(f"{x!r} {nep.sum(x):.2f}") or x)(np.ones((2, 1)))

    assert "batch of 2" in texts[0]
    assert texts[0].endswith("[1., 1.]")


def test_shape_and_length_are_those_of_one_example() -> None:
    facts = []

    neo.vmap(lambda x: facts.append((x.shape, x.ndim, x.size, len(x), len(list(x)))) or x)(XS)

    assert facts == [((3,), 1, 3, 3, 3)]


def test_integers_and_bools_are_mapped_too(xp: Library) -> None:
    f = neo.vmap(lambda x, k, m: nep.where(m, nep.take(x, k, axis=0), 0.0))
    k, m = np.array([0, 2, 1, 0]), np.array([True, False, True, True])

    out = f(xp.asarray(XS), xp.asarray(k), xp.asarray(m))

    np.testing.assert_array_equal(xp.numpy(out), np.where(m, XS[np.arange(4), k], 0))


def test_maps_nest_over_different_axes(xp: Library) -> None:
    kernel = neo.vmap(neo.vmap(lambda x, y: nep.sum((x - y) ** 2), in_axes=(None, 0)), in_axes=(0, None))

    out = kernel(xp.array(XS), xp.array(WS))

    np.testing.assert_allclose(xp.numpy(out), ((XS[:, None] - WS) ** 2).sum(-1))


def test_gradients_per_example_are_one_line(xp: Library) -> None:
    per_example = neo.vmap(neo.grad(loss), in_axes=(None, 0))(xp.array(WS[0]), xp.array(XS))

    expected = loop(lambda x: neo.grad(loss)(WS[0], x), XS)
    np.testing.assert_allclose(xp.numpy(per_example), expected, rtol=1e-13)


def test_the_gradient_of_a_map_sums_over_what_is_shared(xp: Library) -> None:
    total = neo.grad(lambda w, xs: nep.sum(neo.vmap(loss, in_axes=(None, 0))(w, xs)))

    g = total(xp.array(WS[0]), xp.array(XS))

    expected = loop(lambda x: neo.grad(loss)(WS[0], x), XS).sum(0)
    np.testing.assert_allclose(xp.numpy(g), expected, rtol=1e-13)


def test_derivatives_of_order_four_mix_with_maps_beside_a_plain_operand(xp: Library) -> None:
    plain = xp.array(np.asarray(0.7))
    f = lambda x: nep.sin(x * plain)  # noqa: E731
    inner = neo.vmap(neo.grad(neo.grad(f)))
    outer = neo.vmap(neo.grad(lambda x: nep.sum(inner(nep.stack([x, 2 * x])))))
    xs = np.array([0.1, 0.2, 0.3])

    out = neo.grad(lambda x: nep.sum(outer(x)))(xp.array(xs))

    expected = 0.7**4 * (np.sin(0.7 * xs) + 4 * np.sin(1.4 * xs))
    np.testing.assert_allclose(xp.numpy(out), expected, rtol=1e-12)


def test_session_and_vjp_work_inside_a_map() -> None:
    value, gradients = neo.vmap(lambda x: autograd.session.value_and_grad(lambda x: x * x)(x))(XS)
    _, pulled = neo.vmap(lambda x, c: (x, neo.vjp(nep.exp, x)[1](c)[0]))(XS, WS)

    np.testing.assert_allclose(value, XS**2)
    np.testing.assert_allclose(gradients["x"], 2 * XS)
    np.testing.assert_allclose(pulled, WS * np.exp(XS))


def test_a_function_may_close_over_arrays_traced_outside() -> None:
    def f(w: Any) -> Any:
        return nep.sum(neo.vmap(lambda x: nep.sum(x * w) ** 2)(XS))

    np.testing.assert_allclose(neo.grad(f)(WS[0]), 2 * (XS @ WS[0]) @ XS)


def test_writing_rebinds_when_either_side_is_batched(xp: Library) -> None:
    def f(x: Any) -> Any:
        fresh = nep.zeros_like(x)
        fresh[0] = x[1]
        x[1] = 5.0
        x += 1
        return fresh, x

    fresh, x = neo.vmap(f)(xp.array(XS))

    np.testing.assert_array_equal(xp.numpy(fresh)[:, 0], XS[:, 1])
    np.testing.assert_array_equal(xp.numpy(x), np.stack([XS[:, 0] + 1, np.full(4, 6.0), XS[:, 2] + 1], 1))


def test_an_array_made_outside_takes_a_batched_value() -> None:
    def f(x: Any) -> Any:
        table = neo.zeros((2, 3))
        table[1] = x
        return table

    np.testing.assert_array_equal(neo.vmap(f)(XS)[:, 1], XS)


KEYS = [
    (slice(None), 1),
    (1, slice(None, None, -1), None),
    (Ellipsis, [0, 2]),
    ([0, 2], slice(None), [1, 1]),
    ([[0], [2]], [1, 0]),
    (None, [2, 0], Ellipsis, 1),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_every_kind_of_key_takes_from_one_example(key: Any) -> None:
    xs = RNG.normal(size=(2, 3, 3, 3))
    value = RNG.normal(size=xs[0][tuple(map(_numpy_key, key))].shape)

    taken = neo.vmap(lambda x: x[key])(xs)
    written = neo.vmap(lambda x, v: nep.sum(_with(x, key, v) * x), in_axes=(0, None))(xs, value)

    np.testing.assert_array_equal(taken, loop(lambda x: x[tuple(map(_numpy_key, key))], xs))
    expected = loop(lambda x: (_numpy_written(x, key, value) * x).sum(), xs)
    np.testing.assert_allclose(written, expected, rtol=1e-13)


def _numpy_key(k: Any) -> Any:
    return np.asarray(k) if isinstance(k, list) else k


def _with(x: Any, key: Any, value: Any) -> Any:
    x = +x
    x[key] = value
    return x


def _numpy_written(x: Any, key: Any, value: Any) -> Any:
    x = x.copy()
    x[tuple(map(_numpy_key, key)) if isinstance(key, tuple) else key] = value
    return x


@pytest.mark.parametrize("map_x", [True, False])
@pytest.mark.parametrize(
    "key_of",
    [
        lambda i: i,
        lambda i: (slice(None), i),
        lambda i: (i, slice(None), i),
        lambda i: (None, slice(None), i, 1),
        lambda i: (0, slice(None), i),
        lambda i: (i, np.array([[1], [0]])),
        lambda i: (Ellipsis, i),
    ],
)
def test_batched_indices_take_and_write_in_every_place(xp: Library, key_of: Any, map_x: bool) -> None:
    xs, index = RNG.normal(size=(4, 3, 3, 3)), RNG.integers(0, 3, (4, 2))
    axes = (0 if map_x else None, 0)
    x = xp.array(xs if map_x else xs[0])

    def f(x: Any, i: Any) -> Any:
        taken = x[key_of(i)]
        return taken, _with(x, key_of(i), 2 * taken), neo.vjp(lambda x: x[key_of(i)], x)[1](taken)[0]

    taken, written, pulled = neo.vmap(f, in_axes=axes)(x, xp.array(index))

    rows = xs if map_x else [xs[0]] * 4
    pairs = list(zip(rows, index, strict=True))
    np.testing.assert_array_equal(xp.numpy(taken), np.stack([x[key_of(i)] for x, i in pairs]))
    expected = np.stack([_numpy_written(x, key_of(i), 2 * x[key_of(i)]) for x, i in pairs])
    np.testing.assert_array_equal(xp.numpy(written), expected)
    np.testing.assert_allclose(xp.numpy(pulled), np.stack([_added(x, key_of(i)) for x, i in pairs]))


def _added(x: Any, key: Any) -> Any:
    out = np.zeros_like(x)
    np.add.at(out, key, x[key])
    return out


def test_a_batched_mask_writes_and_does_not_take() -> None:
    def f(x: Any) -> Any:
        x[x < 0] = 0.0
        return x

    np.testing.assert_array_equal(neo.vmap(f)(neo.asarray(XS)).numpy(), np.maximum(XS, 0))
    with pytest.raises(IndexError, match=r"batched mask.*where"):
        neo.vmap(lambda x: x[x < 0])(XS)


def test_comparisons_and_searches_are_of_one_example(xp: Library) -> None:
    def f(x: Any, y: Any) -> Any:
        order = nep.argsort(x)
        return (
            nep.argmax(x),
            nep.argmin(x, keepdims=True),
            nep.any(x > y),
            order,
            nep.searchsorted(nep.sort(x), y),
        )

    found = neo.vmap(f)(xp.array(XS), xp.array(WS))

    expected = [
        XS.argmax(1),
        XS.argmin(1, keepdims=True),
        (XS > WS).any(1),
        XS.argsort(1),
        loop(lambda x, y: np.searchsorted(np.sort(x), y), XS, WS),
    ]
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(xp.numpy(x), y)


@pytest.mark.parametrize("axes", [(0, None, None), (None, 0, None), (None, None, 0), (0, 0, 0), (0, None, 0)])
def test_a_linear_layer_and_a_norm_map_over_any_operand(xp: Library, axes: Any) -> None:
    x, w, b = XS.reshape(2, 2, 3), MATRICES[:2], WS[:2]
    given = [y if axis == 0 else y[0] for y, axis in zip((x, w, b), axes, strict=True)]

    def f(x: Any, w: Any, b: Any) -> Any:
        return layer_norm(linear(x, w, b), b, nep.sum(w, axis=0))

    out = neo.vmap(f, in_axes=axes)(*map(xp.array, given))

    rows = [[y[k] if axis == 0 else y[0] for y, axis in zip((x, w, b), axes, strict=True)] for k in range(2)]
    expected = np.stack([neo.asarray(f(*map(neo.asarray, row))).numpy() for row in rows])
    np.testing.assert_allclose(xp.numpy(out), expected, rtol=1e-11)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
def test_cross_entropy_maps_over_logits_and_labels(xp: Library, reduction: str, axes: Any) -> None:
    logits, labels = RNG.normal(size=(3, 2, 4)), RNG.integers(0, 4, (3, 2))
    given = [y if axis == 0 else y[0] for y, axis in zip((logits, labels), axes, strict=True)]
    f = lambda x, y: nep.sum(cross_entropy(x, y, reduction) ** 2)  # noqa: E731

    value, g = neo.vmap(neo.value_and_grad(f), in_axes=axes)(*map(xp.array, given))

    rows = [[y[k] if a == 0 else y[0] for y, a in zip((logits, labels), axes, strict=True)] for k in range(3)]
    found = [neo.value_and_grad(f)(*row) for row in rows]
    np.testing.assert_allclose(xp.numpy(value), np.stack([v for v, _ in found]), rtol=1e-12)
    np.testing.assert_allclose(xp.numpy(g), np.stack([g for _, g in found]), rtol=1e-11, atol=1e-14)


def test_a_label_out_of_range_is_found_in_any_example() -> None:
    with pytest.raises(IndexError, match="label 7"):
        neo.vmap(cross_entropy)(np.zeros((2, 3, 4)), np.array([[0, 1, 2], [0, 1, 7]]))


def test_dropout_drops_the_same_elements_of_every_example() -> None:
    out = neo.vmap(lambda x: dropout(x, 0.5, neo.random.key(3)))(np.ones((4, 20)))

    assert (out == out[0]).all()
    assert 0 < (out[0] == 0).sum() < 20


def test_softmax_over_no_axis_stays_so(xp: Library) -> None:
    out = neo.vmap(lambda x: softmax(x, axis=()))(xp.asarray(XS[:, 0]))

    np.testing.assert_array_equal(xp.numpy(out), np.ones(4))


# Policies of users.


class Square(autograd.Policy):
    """x * x, with a gradient that no built-in rule gives, so that it is known to be asked."""

    def forward(self, x):
        self.ctx.save(2 * x)
        return x * x

    def backward(self, g):
        (slope,) = self.ctx.release
        return 10 * g * slope


class Scaled(autograd.Policy):
    """The bare form, with two results, and a Python value that depends on the operand."""

    bare = True

    def forward(self, x):
        self.scale = 2.0 if float(self.xp.sum(x)) > 0 else 3.0
        return self.scale * x, self.xp.sum(x)

    def backward(self, g, h):
        return self.scale * g + h


class Branching(autograd.Policy):
    """A forward that asks for a value, so that it takes no batched array."""

    def forward(self, x):
        self.sign = 1.0 if nep.sum(x) > 0 else -1.0
        return self.sign * x

    def backward(self, g):
        return self.sign * g


class Peeking(autograd.Policy):
    """A forward and a backward that use NumPy on the data."""

    def forward(self, x):
        self.ctx.save(x)
        return neo.asarray(np.sort(x.data))

    def backward(self, g):
        (x,) = self.ctx.release
        return neo.asarray(g.data[np.argsort(np.argsort(x.data))])


class Ruled(autograd.Policy):
    """A batch rule of its own."""

    def forward(self, x, *, axis):
        self.ctx.save(x.shape)
        return nep.sum(x, axis=axis, keepdims=True)

    def backward(self, g):
        (shape,) = self.ctx.release
        return nep.broadcast_to(g, shape)

    @classmethod
    def batch(cls, batched, x, *, axis):
        return neo_function(cls)(x, axis=axis + 1)


class Kernel(autograd.Policy):
    """The bare form that keeps its operand: x ** 3."""

    bare = True

    def forward(self, x):
        self.ctx.save(x)
        return x * x * x

    def backward(self, g):
        (x,) = self.ctx.release
        return g * (3 * x * x)


USERS = [
    neo_function(Kernel),
    neo_function(Square),
    lambda x: neo_function(Scaled)(x)[0] * neo_function(Scaled)(x)[1],
    neo_function(Branching),
    neo_function(Peeking),
    lambda x: neo_function(Ruled)(x, axis=0) * x,
]


@pytest.mark.parametrize("f", USERS)
def test_a_policy_of_a_user_is_batched_as_it_is(f: Any) -> None:
    g = lambda x: nep.sum(f(x) * x)  # noqa: E731

    values = neo.vmap(f)(neo.asarray(XS)).numpy()
    per_example = neo.vmap(neo.grad(g))(neo.asarray(XS)).numpy()
    total = neo.grad(lambda xs: nep.sum(neo.vmap(g)(xs)))(neo.asarray(XS)).numpy()

    rows = [neo.asarray(x) for x in XS]
    np.testing.assert_allclose(values, np.stack([f(x).numpy() for x in rows]), rtol=1e-13)
    expected = np.stack([neo.grad(g)(x).numpy() for x in rows])
    np.testing.assert_allclose(per_example, expected, rtol=1e-13)
    np.testing.assert_allclose(total, expected, rtol=1e-13)


@pytest.mark.parametrize("f", USERS)
def test_the_pull_back_of_a_policy_of_a_user_maps_over_cotangents(f: Any) -> None:
    x = neo.asarray(XS[0])
    _, pull = neo.vjp(f, x)

    pulled = neo.vmap(lambda c: pull(c)[0])(neo.asarray(WS)).numpy()

    np.testing.assert_allclose(pulled, np.stack([pull(neo.asarray(w))[0].numpy() for w in WS]), rtol=1e-13)


FORWARD = [neo_function(policy) for policy in (Square, Ruled, Kernel, Scaled)]


@pytest.mark.parametrize("f", FORWARD)
def test_forward_mode_through_a_policy_inside_a_map_is_its_own(f: Any) -> None:
    settings = {"axis": 0} if f.policy is Ruled else {}
    g = lambda x: neo.jvp(lambda x: f(x, **settings), (x,), (x * x,))  # noqa: E731

    found = neo.tree.flatten(neo.vmap(g)(neo.asarray(XS)))[0]

    rows = [neo.tree.flatten(g(neo.asarray(x)))[0] for x in XS]
    for x, column in zip(found, zip(*rows, strict=True), strict=True):
        np.testing.assert_allclose(x.numpy(), np.stack([y.numpy() for y in column]), rtol=1e-13)


def test_a_bare_policy_that_keeps_operands_has_second_derivatives_inside_a_map() -> None:
    second = neo.hessian(lambda x: nep.sum(neo_function(Kernel)(x)))

    with pytest.warns(PerformanceWarning, match="cannot be differentiated or mapped again"):
        found = neo.vmap(neo.vmap(second))(neo.asarray(MATRICES)).numpy()

    np.testing.assert_allclose(found, np.stack([[np.diag(6 * x) for x in m] for m in MATRICES]), rtol=1e-13)


def test_a_bare_policy_that_keeps_a_number_of_each_example_has_no_second_derivative() -> None:
    second = neo.grad(neo.grad(lambda x: nep.sum(neo_function(Scaled)(x)[0] ** 2)))

    with pytest.raises(NotImplementedError, match="Scaled inside vmap has no second derivative"):
        neo.vmap(second)(neo.asarray(XS[:, 0]))


def test_the_second_derivative_of_a_policy_inside_a_map_is_its_own() -> None:
    square = neo_function(Square)
    second = neo.grad(neo.grad(lambda x: nep.sum(square(x))))

    found = neo.vmap(second)(neo.asarray(XS[:, 0]))

    np.testing.assert_allclose(found.numpy(), np.full(4, 20.0))


def test_a_batch_rule_that_loses_the_axis_is_named() -> None:
    class Lost(autograd.Policy):
        def forward(self, x):
            return x

        @classmethod
        def batch(cls, batched, x):
            return x[0]

    with pytest.raises(ValueError, match=r"Lost\.batch returned .* of shape \(3,\)"):
        neo.vmap(neo_function(Lost))(XS)


# Beside the other transforms.


@pytest.mark.parametrize("f", [nep.hypot, nep.logaddexp, lambda x, y: nep.clip(x, y, 2.0), nep.multiply])
@pytest.mark.parametrize("axes", [(0, None), (None, 0)])
def test_tangents_are_pushed_inside_a_map_and_through_one(xp: Library, f: Any, axes: Any) -> None:
    xs, vs = [
        [a if axis == 0 else a[0] for a, axis in zip(pair, axes, strict=True)]
        for pair in ((XS, WS), (WS, XS))
    ]
    given, tangents = [tuple(map(xp.asarray, arrays)) for arrays in (xs, vs)]

    inside = neo.vmap(lambda x, y, v, w: neo.jvp(f, (x, y), (v, w))[1], (*axes, *axes))(*given, *tangents)
    through = neo.jvp(neo.vmap(f, axes), given, tangents)[1]

    rows = [
        [a[k] if axis == 0 else a for a, axis in zip([*xs, *vs], [*axes, *axes], strict=True)]
        for k in range(4)
    ]
    expected = np.stack([neo.jvp(f, tuple(row[:2]), tuple(row[2:]))[1] for row in rows])
    np.testing.assert_allclose(xp.numpy(inside), expected, rtol=1e-12)
    np.testing.assert_allclose(xp.numpy(through), expected, rtol=1e-12)


def hyperbolic(x: Any) -> Any:
    return nep.sum(nep.tanh(x * WS[0]) ** 2)


@pytest.mark.parametrize("settings", [{}, {"budget": "1 kB"}])
def test_checkpoints_inside_a_map_change_nothing(settings: Any) -> None:
    f = neo.checkpoint(hyperbolic, **settings)
    total = lambda f: neo.grad(lambda xs: nep.sum(neo.vmap(f)(xs)))(XS)  # noqa: E731

    np.testing.assert_array_equal(neo.vmap(neo.grad(f))(XS), neo.vmap(neo.grad(hyperbolic))(XS))
    np.testing.assert_array_equal(total(f), total(hyperbolic))


def test_loops_inside_a_map_are_those_of_each_example() -> None:
    def steps(x: Any) -> Any:
        return nep.sum(scan(lambda c, y: (nep.tanh(c + y), c), x, nep.stack([x, 2 * x]))[0])

    def doubled(x: Any) -> Any:
        return nep.sum(while_loop(lambda x: nep.sum(x * x) < 10, lambda x: 2 * x, x))

    for f in (steps, doubled):
        found = neo.vmap(neo.value_and_grad(f))(XS)
        expected = [neo.value_and_grad(f)(x) for x in XS]
        np.testing.assert_allclose(found[0], [v for v, _ in expected], rtol=1e-13)
        np.testing.assert_allclose(found[1], [g for _, g in expected], rtol=1e-13)


def test_implicit_derivatives_inside_a_map_are_those_of_each_example() -> None:
    matrices = MATRICES + 4 * np.eye(3)
    solve = lambda a, b: custom_linear_solve(lambda x: nep.matmul(a, x), b, gmres)  # noqa: E731
    f = lambda b, a: nep.sum(solve(a, b) ** 3)  # noqa: E731

    for derivative in (neo.grad(f), neo.hessian(f), neo.grad(f, 1)):
        found = neo.vmap(derivative)(XS, matrices)
        np.testing.assert_allclose(found, loop(derivative, XS, matrices), rtol=1e-7, atol=1e-9)


def test_a_rule_replaced_outside_a_map_holds_inside() -> None:
    f = lambda xs: nep.sum(neo.vmap(lambda x: nep.round(x) * x)(xs))  # noqa: E731

    g = neo.grad(f, policies={nep.round: StraightThrough})(XS)

    np.testing.assert_allclose(g, XS + np.round(XS))


def test_a_traced_program_with_a_map_runs_again_on_other_values() -> None:
    f = neo.vmap(lambda x: nep.where(x > 0, nep.sort(x), 0.0))
    _, tape = neo.trace(f)(neo.asarray(XS))

    again = tape.replay(neo.asarray(WS)).numpy()

    np.testing.assert_array_equal(again, np.where(WS > 0, np.sort(WS, axis=1), 0))


def test_jacobians_go_through_at_once_or_fall_back_on_a_loop() -> None:
    runs = []

    def counted(x: Any) -> Any:
        return neo_function(Peeking)(x) * nep.sum(x)

    class Seen(autograd.Policy):
        def forward(self, x):
            return x

        def backward(self, g):
            runs.append(g.shape)
            return g

    jacobian = neo.jacrev(lambda x: counted(neo_function(Seen)(x)))(neo.asarray(XS[0])).numpy()

    expected = np.stack(
        [neo.grad(lambda x, k=k: counted(x)[k])(neo.asarray(XS[0])).numpy() for k in range(3)]
    )
    np.testing.assert_allclose(jacobian, expected, rtol=1e-13)
    assert len(runs) == 1


# What it refuses.


@pytest.mark.parametrize(
    "ask",
    [bool, float, int, complex, lambda x: x.item(), np.asarray, lambda x: x.numpy(), lambda x: x.data, range],
)
def test_the_value_of_one_example_is_refused(ask: Any) -> None:
    with pytest.raises(TypeError, match="batched array"):
        neo.vmap(lambda x: ask(nep.sum(x)))(XS)


def test_control_flow_on_a_batched_value_says_where() -> None:
    with pytest.raises(TypeError, match=r"truth .*where"):
        neo.vmap(lambda x: x if x > 0 else -x)(XS[:, 0])


def test_control_flow_under_a_gradient_inside_is_refused_too() -> None:
    with pytest.raises(TypeError, match="where"):
        neo.vmap(neo.grad(lambda x: x if x > 0 else -x))(XS[:, 0])


def test_lengths_that_differ_are_named() -> None:
    with pytest.raises(ValueError, match=r"argument 0 \('x'\) has 4, argument 1 \('y'\) has 3"):
        neo.vmap(lambda x, y: x)(XS, XS.T)


def test_axis_size_must_agree() -> None:
    with pytest.raises(ValueError, match=r"has 4, axis_size is 5"):
        neo.vmap(lambda x: x, axis_size=5)(XS)


def test_an_axis_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match=r"axis 2 is out of range for argument 0 \('t'\)\['a'\]"):
        neo.vmap(lambda t: t, in_axes=2)({"a": XS})


def test_axes_that_do_not_fit_a_tree_are_named() -> None:
    with pytest.raises(ValueError, match=r"in_axes of argument 0 \('t'\) does not fit"):
        neo.vmap(lambda t: t, in_axes=({"b": 0},))({"a": XS})


def test_in_axes_must_have_an_entry_per_argument() -> None:
    with pytest.raises(ValueError, match="2 entries for 1 positional argument"):
        neo.vmap(lambda x: x, in_axes=(0, 0))(XS)


def test_nothing_mapped_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        neo.vmap(lambda x: x, in_axes=None)(XS)


def test_an_argument_without_axes_is_named() -> None:
    with pytest.raises(TypeError, match=r"argument 1 \('y'\) is float 2\.0"):
        neo.vmap(lambda x, y: x)(XS, 2.0)


def test_a_result_that_is_no_array_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"returned str 'x'"):
        neo.vmap(lambda x: "x")(XS)


def test_out_axes_none_needs_a_result_without_the_axis() -> None:
    with pytest.raises(ValueError, match="differs from example to example"):
        neo.vmap(lambda x: x, out_axes=None)(XS)


def test_a_batched_array_that_escapes_raises_when_used() -> None:
    kept = []
    neo.vmap(lambda x: kept.append(x) or x)(XS)

    with pytest.raises(RuntimeError, match="after its vmap returned"):
        kept[0] + 1


@pytest.mark.parametrize(
    "f", [nep.unique_values, nep.nonzero, lambda x: nep.repeat(x, nep.astype(x > 0, int))]
)
def test_results_whose_shape_depends_on_values_are_refused(f: Any) -> None:
    with pytest.raises(TypeError, match="batched array"):
        neo.vmap(f)(XS)


def test_a_bare_tuple_of_random_keys_cannot_be_mapped() -> None:
    keys = tuple(neo.random.split(neo.random.key(0), 2))

    with pytest.raises(TypeError, match="no axis to map over"):
        neo.vmap(lambda keys: neo.random.normal(keys[0], (2,)))(keys)


def test_rules_of_a_map_hold_for_the_derivatives_inside() -> None:
    rules = {nep.round: StraightThrough}
    xs = np.array([1.2, 2.7])

    own = neo.vmap(neo.grad(lambda x: nep.round(x) * x), policies=rules)(xs)
    shared = neo.vmap(neo.grad(lambda w, x: nep.round(w) * x), (None, 0), policies=rules)(xs[0], xs)

    np.testing.assert_allclose(own, nep.round(xs) + xs)
    np.testing.assert_allclose(shared, xs)


def test_zero_times_inf_of_a_map_holds_for_the_derivatives_inside() -> None:
    f = neo.grad(lambda x: nep.where(x > 0, nep.sqrt(x), 0.0))

    np.testing.assert_array_equal(neo.vmap(f, zero_times_inf="zero")(np.array([0.0, 4.0])), [0.0, 0.25])


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (lambda x: nep.log(x), -1.0, "^log made NaN: .* at test_vmap.py:"),
        (neo.grad(lambda x: nep.sqrt(x)), 0.0, "^the gradient of sqrt made inf: .* at test_vmap.py:"),
    ],
)
def test_check_of_a_map_names_the_call_that_made_a_nan_or_inf(f, x, words) -> None:
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=words):
        neo.vmap(f, check="nan")(np.array([1.0, x]))


def test_a_map_refuses_an_option_that_does_not_exist() -> None:
    with pytest.raises(TypeError, match="no option 'size'; its options are"):
        neo.vmap(nep.sin, size=3)
