"""checkpoint: it changes no number, and it keeps less."""

from __future__ import annotations

import gc
import weakref
from functools import partial
from itertools import product

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.autograd import Policy
from neo.functions import neo_function

X, W = np.asarray([0.3, -0.7, 1.2]), np.asarray([0.5, 0.1, -0.4])
# Gradients are added up in another order: a few roundings of terms of about 1.
CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def _close(xp: Library, found, expected) -> None:
    np.testing.assert_allclose(xp.numpy(found), xp.numpy(expected), **CLOSE)


def _body(x, w):
    hidden = nep.exp(nep.sin(x * w)) @ nep.reshape(w, (3, 1))
    return nep.sum(hidden * hidden), {"tanh": nep.tanh(x), "same": x}


def _loss(f, x, w):
    value, rest = f(x, w)
    return value * nep.sum(rest["tanh"] * x * rest["same"])


def _order(f, n: int):
    """Return the gradient of a function of one array, after n gradients summed up."""
    for _ in range(n):
        f = partial(lambda g, x: nep.sum(neo.grad(g)(x)), f)
    return neo.grad(f)


def test_gradient_is_that_of_the_function(xp: Library) -> None:
    x, w = xp.asarray(X), xp.asarray(W)

    found = neo.grad(partial(_loss, neo.checkpoint(_body)), (0, 1))(x, w)

    for ours, plain in zip(found, neo.grad(partial(_loss, _body), (0, 1))(x, w), strict=True):
        _close(xp, ours, plain)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_gradient_of_an_array_closed_over_is_right_at_every_order(xp: Library, n: int) -> None:
    x = xp.asarray(X)

    def loss(f, w):
        return f(lambda x: nep.sum(nep.sin(w * x) * w))(x) * nep.sum(w)

    found = _order(partial(loss, neo.checkpoint), n)(xp.asarray(W))

    _close(xp, found, _order(partial(loss, lambda f: f), n)(xp.asarray(W)))


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_checkpoints_nest_at_every_order(xp: Library, n: int) -> None:
    def loss(f, w):
        return f(lambda x: f(lambda y: nep.sum(nep.exp(y * w)))(nep.sin(x * w)))(w)

    found = _order(partial(loss, neo.checkpoint), n)(xp.asarray(W))

    _close(xp, found, _order(partial(loss, lambda f: f), n)(xp.asarray(W)))


def test_hessian_of_both_operands_is_that_of_the_function(xp: Library) -> None:
    def hessian(f):
        return neo.jacrev(neo.grad(partial(_loss, f), (0, 1)), (0, 1))(xp.asarray(X), xp.asarray(W))

    found, plain = hessian(neo.checkpoint(_body)), hessian(_body)

    for j in range(2):
        for k in range(2):
            _close(xp, found[j][k], plain[j][k])


def test_trees_and_keywords_go_in_and_come_out(xp: Library) -> None:
    @neo.checkpoint
    def f(pair, *, scale):
        return {"sum": pair["x"] + scale * pair["w"], "number": 3}

    def loss(pair, scale):
        out = f(pair, scale=scale)
        return nep.sum(out["sum"] ** out["number"])

    pair = {"x": xp.asarray(X), "w": xp.asarray(W)}
    found, by_scale = neo.grad(loss, (0, 1))(pair, xp.asarray(2.0))

    _close(xp, found["w"], xp.asarray(6 * (X + 2 * W) ** 2))
    _close(xp, by_scale, xp.asarray(np.sum(3 * (X + 2 * W) ** 2 * W)))


def test_outside_a_transform_it_is_the_function(xp: Library) -> None:
    assert xp.owns(neo.checkpoint(nep.sin)(xp.asarray(X)))


def test_pull_back_may_be_called_twice(xp: Library) -> None:
    _, pull = neo.vjp(neo.checkpoint(nep.sin), xp.asarray(X))

    _close(xp, pull(xp.asarray(W))[0], pull(xp.asarray(W))[0])


def test_derivative_of_a_pull_back_in_its_cotangent(xp: Library) -> None:
    _, pull = neo.vjp(neo.checkpoint(nep.sin), xp.asarray(X))

    found = neo.grad(lambda c: nep.sum(pull(c)[0] * pull(c)[0]))(xp.asarray(W))

    _close(xp, found, xp.asarray(2 * W * np.cos(X) ** 2))


def _doubled_in_place(x, scales):
    scales["a"] *= 2.0
    return x * scales["a"]


@pytest.mark.parametrize("settings", [{}, {"budget": 0}, {"keep": "multiply"}])
def test_function_that_writes_into_an_argument_is_refused_by_name(xp: Library, settings: dict) -> None:
    f = neo.checkpoint(_doubled_in_place, **settings)

    with pytest.raises(ValueError, match=r"_doubled_in_place wrote into argument 1 \('scales'\)\['a'\] "):
        neo.grad(lambda x: nep.sum(f(x, {"a": x * 1.0})))(xp.asarray(X))


def test_function_that_writes_into_an_untraced_argument_is_refused(xp: Library) -> None:
    f = neo.checkpoint(_doubled_in_place)

    with pytest.raises(ValueError, match=r"wrote into argument 'scales'\['a'\] "):
        neo.jvp(lambda x: f(x, scales={"a": xp.array(W)}), (xp.asarray(X),), (xp.asarray(W),))


def test_function_may_write_into_an_array_of_its_own(xp: Library) -> None:
    def f(x):
        y = x * 1.0
        y *= x
        return y

    found = neo.grad(lambda x: nep.sum(neo.checkpoint(f)(x) * x))(xp.asarray(X))

    _close(xp, found, xp.asarray(3 * X**2))


class Watched(Policy):
    """The identity, keeping a copy whose life a weak reference watches."""

    bare = True
    watched: list[weakref.ref] = []

    def forward(self, x):
        out = x + 0.0
        self.ctx.save(out)
        Watched.watched.append(weakref.ref(out))
        return out * 1.0

    def backward(self, g):
        (out,) = self.ctx.release
        return g * (out / out)

    @classmethod
    def alive(cls) -> int:
        """Return how many copies are alive."""
        return sum(r() is not None for r in cls.watched)


def _most_alive(f) -> int:
    """Return the largest number of saved copies alive at once, asked as each call is pulled."""
    counts: list[int] = []

    class Counting(Policy):
        def forward(self, x):
            counts.append(Watched.alive())
            return x + 0

        def backward(self, g):
            counts.append(Watched.alive())
            return g

    Watched.watched = []
    watched, counting = neo_function(Watched), neo_function(Counting)

    def block(x):
        for _ in range(4):
            x = counting(watched(x))
        return x

    neo.grad(lambda x: nep.sum(f(block)(f(block)(f(block)(f(block)(x))))))(X)
    return max(counts)


def test_only_one_block_saves_at_a_time() -> None:
    assert _most_alive(lambda block: block) == 16
    assert _most_alive(neo.checkpoint) == 4


def test_trace_shows_that_nothing_is_saved() -> None:
    _, tape = neo.trace(neo.checkpoint(lambda x: nep.sum(nep.tanh(x))))(X)

    assert "tanh" in str(tape)
    assert "nothing saved" in str(tape)


def test_nothing_keeps_a_tape_alive() -> None:
    f = neo.grad(lambda x: nep.sum(neo.checkpoint(lambda y: nep.tanh(y) * x)(x)))
    for _ in range(10):
        f(X)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(200):
            f(X)
        grown = len(gc.get_objects()) - before
    finally:
        gc.enable()

    assert grown < 100


def test_function_that_differs_the_second_time_is_an_error() -> None:
    calls = []

    @neo.checkpoint
    def f(x):
        calls.append(1)
        return nep.sum(x * x) if len(calls) == 1 else nep.sum(x)

    with pytest.raises(RuntimeError, match="must do the same each time"):
        neo.grad(f)(X)


def test_array_that_leaks_from_the_function_is_an_error() -> None:
    leaked = []

    @neo.checkpoint
    def f(x):
        leaked.append(x * x)
        return nep.sum(x)

    with pytest.raises(RuntimeError, match="Return it from the function"):
        neo.grad(lambda x: f(x) + nep.sum(leaked[0]))(X)


def test_error_in_the_function_leaves_the_tape_usable() -> None:
    def f(x):
        nep.sin(x)
        raise KeyError

    def loss(x):
        with pytest.raises(KeyError):
            neo.checkpoint(f)(x)
        return nep.sum(x * x)

    np.testing.assert_array_equal(neo.grad(loss)(X), 2 * X)


KEPT = {
    "matmul": {"keep": "matmul"},
    "several": {"keep": [nep.matmul, nep.exp, "sum"]},
    "a predicate": {"keep": lambda call: call.bytes < 20},
    "everything": {"keep": lambda call: True},
    "no budget": {"budget": 0},
    "a small budget": {"budget": 60},
    "a large budget": {"budget": "1 MB"},
}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_what_is_kept_changes_no_gradient(xp: Library, kept) -> None:
    x, w = xp.asarray(X), xp.asarray(W)

    found = neo.grad(partial(_loss, neo.checkpoint(_body, **kept)), (0, 1))(x, w)

    for ours, plain in zip(found, neo.grad(partial(_loss, _body), (0, 1))(x, w), strict=True):
        _close(xp, ours, plain)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_what_is_kept_changes_no_higher_derivative(kept, n: int) -> None:
    def loss(f, w):
        inner = lambda y: nep.sum(nep.exp(y * w) @ nep.tensordot(w, nep.sin(w), axes=0))  # noqa: E731
        return f(lambda x: f(inner)(nep.sin(x * w)) * nep.prod(nep.cos(w)))(w)

    found = _order(partial(loss, partial(neo.checkpoint, **kept)), n)(W)

    np.testing.assert_allclose(found, _order(partial(loss, lambda f: f), n)(W), rtol=1e-11)


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_a_policy_is_kept_with_what_it_saved(xp: Library, kept) -> None:
    class Scaled(Policy):
        def forward(self, x, w):
            self.total = x * w
            self.ctx.save(x, w, [self.total])
            return self.total * self.total

        def backward(self, g):
            x, w, (total,) = self.ctx.release
            return 2 * g * total * w, 2 * g * self.total * x

    def loss(f, x):
        return nep.sum(f(lambda y: neo_function(Scaled)(nep.sin(y), y))(x))

    found = _order(partial(loss, partial(neo.checkpoint, **kept)), 1)(xp.asarray(X))

    _close(xp, found, _order(partial(loss, lambda f: f), 1)(xp.asarray(X)))


def test_kept_results_are_not_computed_again() -> None:
    counted = []

    class Counted(Policy):
        def forward(self, x):
            counted.append(1)
            self.ctx.save(x)
            return x * x

        def backward(self, g):
            (x,) = self.ctx.release
            return 2 * g * x

    def f(x):
        return nep.sum(nep.sin(neo_function(Counted)(nep.exp(x))))

    neo.grad(neo.checkpoint(f))(X)
    assert len(counted) == 2
    for k, keep in enumerate(["counted", Counted, neo_function(Counted), [nep.exp, Counted]]):
        neo.grad(neo.checkpoint(f, keep=keep))(X)
        assert len(counted) == 3 + k


def test_budget_keeps_the_products_first() -> None:
    from neo.core.keeping import Computed
    from neo.transforms.keep import Budget

    budget = Budget(1000)
    product = Computed("matmul", ((10, 10), (10, 10)), ((10, 10),), 800, Policy)
    cheap = Computed("exp", ((10, 10),), ((10, 10),), 800, Policy)

    assert budget((1, 0), cheap) == []
    assert budget((1, 1), product) == [(1, 0)]
    assert budget((1, 2), cheap) == [(1, 2)]


@pytest.mark.parametrize("budget", ["64 XB", "much", "MB"])
def test_budget_that_is_no_size_is_an_error(budget: str) -> None:
    with pytest.raises(ValueError, match="such as '64 MB'"):
        neo.checkpoint(nep.sin, budget=budget)


def test_keep_and_budget_together_are_an_error() -> None:
    with pytest.raises(ValueError, match="not both"):
        neo.checkpoint(nep.sin, keep="sin", budget=1)


def test_keep_that_names_nothing_is_an_error() -> None:
    with pytest.raises(TypeError, match="keep takes names"):
        neo.checkpoint(nep.sin, keep=3)


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        ("matmull", r"keep names 'matmull', .* Did you mean 'matmul'\?"),
        (["sin", "linaer"], r"keep names 'linaer', .* Did you mean 'linear'\?"),
        ("watchd", "no operation of that name"),
        (nep.vecdot, "keep names 'vecdot', which is made of several operations"),
    ],
)
def test_keep_of_an_operation_that_does_not_exist_is_an_error(keep, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        neo.checkpoint(nep.sin, keep=keep)


def test_keep_knows_operations_that_load_on_first_use() -> None:
    assert neo.checkpoint(nep.sin, keep=["svd", "erfi", "softmax"])(0.0) == 0.0


def _push(f):
    """Return the derivative of a function along W, in forward mode."""
    return lambda x: neo.jvp(f, (x,), (W,))[1]


def _pull(f):
    """Return the derivative of a function along W, in reverse mode, times something of x."""
    return lambda x: nep.sum(neo.grad(lambda y: nep.sum(f(y)))(x) * W) * nep.sum(x)


MIXES = [mix for n in (1, 2, 3) for mix in product([_push, _pull], repeat=n)]
HOW = {
    "nothing": neo.checkpoint,
    "matmul": partial(neo.checkpoint, keep="matmul"),
    "a budget": partial(neo.checkpoint, budget=100),
}


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: "".join(f.__name__ for f in mix))
@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_forward_and_reverse_mix_in_any_order(how, mix) -> None:
    def derivative(how):
        f = lambda w: how(lambda x: nep.sum(nep.exp(x * w) @ nep.tensordot(w, nep.sin(w), axes=0)))(w * w)  # noqa: E731
        for transform in mix:
            f = transform(f)
        return f(X)

    np.testing.assert_allclose(derivative(how), derivative(lambda f: f), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_checkpoint_inside_and_under_vmap(how) -> None:
    examples = np.stack([X, W, X * W])

    def derivatives(how):
        f = lambda x, w: how(lambda x: nep.sum(nep.exp(x * w) @ nep.tensordot(w, nep.sin(x), axes=0)))(x * w)  # noqa: E731
        each = neo.vmap(f, (0, None))
        squares = lambda w: nep.sum(each(examples, w) ** 2)  # noqa: E731
        slopes = lambda w: nep.sum(neo.vmap(neo.grad(f), (0, None))(examples, w) ** 2)  # noqa: E731
        return [
            each(examples, W),
            neo.vmap(neo.grad(f, (0, 1)), (0, None))(examples, W)[1],
            neo.grad(squares)(W),
            neo.grad(slopes)(W),
            neo.jvp(squares, (W,), (X,))[1],
            neo.hessian(f)(X, W),
        ]

    for found, plain in zip(derivatives(how), derivatives(lambda f: f), strict=True):
        np.testing.assert_allclose(found, plain, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_options_of_the_transform_hold_inside(how) -> None:
    safe = how(lambda x: nep.sum(nep.where(x > 0, nep.log(x), 0.0)))
    rounded = how(lambda x: nep.sum(nep.round(x * 3.0)))

    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(neo.grad(safe, zero_times_inf="zero")(np.asarray([0.0, 2.0])), [0, 0.5])
    straight = neo.grad(rounded, policies={nep.round: neo.rules.StraightThrough})(X)
    np.testing.assert_array_equal(straight, [3.0, 3.0, 3.0])


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_checks_look_at_the_second_run_too(how) -> None:
    def written(x):
        constant = np.ones(3)
        out = x * constant
        constant[0] = 5.0
        return nep.sum(out)

    with pytest.raises(RuntimeError, match="was written into after multiply had saved it"):
        neo.grad(how(written), check="mutation")(X)
    with pytest.raises(FloatingPointError, match="the gradient of sqrt made inf"):
        neo.grad(how(lambda x: nep.sum(nep.sqrt(x * 0.0))), check="nan")(X)


@pytest.mark.parametrize("traced", [False, True])
def test_an_array_closed_over_and_written_into_since_is_refused(xp, traced):
    c = xp.asarray([1.0, 2.0])

    def f(x):
        z = x * 1.0 if traced else neo.asarray(c)
        w = neo.checkpoint(lambda y: y * z)(x)
        z += 10
        return nep.sum(w)

    with pytest.raises(RuntimeError, match="closes over was written into"):
        neo.grad(f)(xp.asarray([3.0, 4.0]))


def test_an_array_closed_over_and_written_into_before_has_its_new_value(xp):
    def f(x):
        z = neo.asarray(xp.asarray([1.0, 2.0]))
        z += 10
        return nep.sum(neo.checkpoint(lambda y: y * z)(x))

    assert xp.numpy(neo.grad(f)(xp.asarray([3.0, 4.0]))).tolist() == [11.0, 12.0]
