"""scan, while_loop and fori_loop: Python's loops, checked, with memory that can be bounded."""

from __future__ import annotations

import weakref
from functools import partial

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.autograd import Policy
from neo.control import fori_loop, scan, while_loop
from neo.functions import neo_function

XS = np.linspace(-1.0, 1.0, 7)
CLOSE = {"rtol": 1e-12, "atol": 1e-14}
HOW = [False, True, 1, 3, 100]


def _cell(w, carry, x):
    new = {"h": nep.tanh(w * carry["h"] + x), "n": carry["n"] + 1}
    return new, (new["h"] * x, None)


def _by_scan(w, h, xs, **settings):
    carry, (ys, _) = scan(partial(_cell, w), {"h": h, "n": 0}, xs, **settings)
    return carry["h"] * carry["n"] + nep.sum(ys * ys * xs)


def _by_hand(w, h, xs, reverse=False, **_):
    carry, ys = {"h": h, "n": 0}, []
    rows = nep.unstack(xs)
    for x in reversed(rows) if reverse else rows:
        carry, (y, _) = _cell(w, carry, x)
        ys.append(y)
    return carry["h"] * carry["n"] + nep.sum(nep.stack(ys[::-1] if reverse else ys) ** 2 * xs)


@pytest.mark.parametrize("checkpoint", HOW)
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_is_the_loop_with_its_gradients(xp: Library, reverse: bool, checkpoint) -> None:
    arguments = xp.asarray(0.5), xp.asarray(0.2), xp.asarray(XS)

    value, found = neo.value_and_grad(partial(_by_scan, reverse=reverse, checkpoint=checkpoint), (0, 1, 2))(
        *arguments
    )
    plain_value, plain = neo.value_and_grad(partial(_by_hand, reverse=reverse), (0, 1, 2))(*arguments)

    np.testing.assert_allclose(xp.numpy(value), xp.numpy(plain_value), **CLOSE)
    for ours, theirs in zip(found, plain, strict=True):
        np.testing.assert_allclose(xp.numpy(ours), xp.numpy(theirs), **CLOSE)


@pytest.mark.parametrize("checkpoint", [False, True])
def test_scan_has_derivatives_of_every_order(xp: Library, checkpoint) -> None:
    def order(f, n):
        g = lambda w: f(w, xp.asarray(0.2), xp.asarray(XS))  # noqa: E731
        for _ in range(n):
            g = neo.grad(g)
        return xp.numpy(g(xp.asarray(0.5)))

    for n in (2, 3, 4):
        found = order(partial(_by_scan, checkpoint=checkpoint), n)
        np.testing.assert_allclose(found, order(_by_hand, n), rtol=1e-10)


def test_scan_over_a_tree_stacks_a_tree(xp: Library) -> None:
    xs = {"a": xp.asarray(np.ones((4, 2))), "b": (xp.asarray(np.arange(4.0)),)}

    carry, ys = scan(lambda c, x: (c + x["b"][0] * x["a"], {"c": c}), xp.asarray([0.0, 1.0]), xs)

    assert xp.owns(carry)
    np.testing.assert_array_equal(xp.numpy(ys["c"])[:, 0], [0, 0, 1, 3])
    np.testing.assert_array_equal(xp.numpy(carry), [6, 7])


def test_scan_without_xs_takes_length_steps(xp: Library) -> None:
    carry, ys = scan(lambda c, _: (c * 2, c), xp.asarray(1.0), length=4)

    assert float(xp.numpy(carry)) == 16
    np.testing.assert_array_equal(xp.numpy(ys), [1, 2, 4, 8])


def test_scan_of_no_steps_gives_outputs_of_no_rows(xp: Library) -> None:
    carry, ys = scan(lambda c, x: (c, x * c), xp.asarray(1.0), xp.asarray(np.ones((0, 3))))

    assert float(xp.numpy(carry)) == 1
    assert tuple(ys.shape) == (0, 3)


def test_numbers_that_scan_gives_out_become_an_array(xp: Library) -> None:
    _, ys = scan(lambda c, x: (c, 1.0), xp.asarray(1.0), xp.asarray(XS))

    np.testing.assert_array_equal(xp.numpy(ys), np.ones(7))


def test_scan_agrees_with_jax() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy

    def theirs(w, h, xs):
        def cell(carry, x):
            new = jnp.tanh(w * carry + x)
            return new, new * x

        carry, ys = jax.lax.scan(jax.checkpoint(cell), h, xs)
        return carry * 7 + jnp.sum(ys * ys * xs)

    with jax.enable_x64(True):
        expected = jax.grad(theirs, (0, 1, 2))(0.5, 0.2, XS)

    found = neo.grad(partial(_by_scan, checkpoint=True), (0, 1, 2))(0.5, 0.2, XS)

    for ours, jaxs in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(jaxs), rtol=1e-12)


@pytest.mark.parametrize("checkpoint", HOW)
def test_while_loop_is_pythons_while(xp: Library, checkpoint) -> None:
    def f(x, a):
        body = lambda v: {"x": v["x"] * a, "n": v["n"] + 1}  # noqa: E731
        out = while_loop(lambda v: nep.sum(v["x"]) < 50, body, {"x": x, "n": 0}, checkpoint=checkpoint)
        return nep.sum(out["x"]) * out["n"]

    dx, da = neo.grad(f, (0, 1))(xp.asarray([1.0, 2.0]), xp.asarray(1.5))

    # 3 * 1.5**7 = 51.3, so seven steps.
    np.testing.assert_allclose(xp.numpy(dx), np.full(2, 7 * 1.5**7), rtol=1e-14)
    np.testing.assert_allclose(xp.numpy(da), 7 * 3 * 7 * 1.5**6, rtol=1e-14)


@pytest.mark.parametrize("checkpoint", HOW)
def test_fori_loop_counts(xp: Library, checkpoint) -> None:
    def f(x):
        return fori_loop(2, 6, lambda i, v: v * x + i, x * x, checkpoint=checkpoint)

    found = neo.grad(neo.grad(f))(xp.asarray(2.0))

    # x**6 + 2 x**3 + 3 x**2 + 4 x + 5
    np.testing.assert_allclose(xp.numpy(found), 30 * 2.0**4 + 12 * 2.0 + 6, rtol=1e-14)


def test_loops_of_no_steps_return_what_they_were_given(xp: Library) -> None:
    x = xp.asarray(1.0)

    assert fori_loop(3, 3, lambda i, v: v + 1, x) is x
    assert while_loop(lambda v: v < 0, lambda v: v + 1, x) is x


class Watched(Policy):
    """The identity, saving a copy whose life a weak reference watches."""

    bare = True
    watched: list[weakref.ref] = []
    most = 0

    def forward(self, x):
        out = x + 0.0
        self.ctx.save(out)
        Watched.watched.append(weakref.ref(out))
        Watched.count()
        return x + 1.0

    def backward(self, g):
        Watched.count()
        (out,) = self.ctx.release
        return g * (out / out)

    @classmethod
    def count(cls) -> None:
        """Note the largest number of copies alive at once."""
        cls.watched = [r for r in cls.watched if r() is not None]
        cls.most = max(cls.most, len(cls.watched))


@pytest.mark.parametrize("loop", ["scan", "fori_loop", "while_loop"])
def test_states_kept_stay_under_twice_the_square_root_bound(loop: str) -> None:
    step, n = neo_function(Watched), 400

    def f(x):
        if loop == "scan":
            return nep.sum(scan(lambda c, _: (step(c), None), x, length=n, checkpoint=True)[0])
        if loop == "fori_loop":
            return nep.sum(fori_loop(0, n, lambda i, c: step(c), x, checkpoint=True))
        return nep.sum(while_loop(lambda c: c[0] < n, step, x, checkpoint=True))

    Watched.watched, Watched.most = [], 0
    found = neo.grad(f)(np.zeros(2) + 0.5)

    np.testing.assert_array_equal(found, np.ones(2))
    # A segment's states; those between segments are the carries, about as many again.
    assert Watched.most <= 2 * int(n**0.5)


def _saving(count: int):
    """Return a step that saves so many arrays of the size of its state, and a view of a large matrix."""
    matrix = np.eye(100)

    def step(c):
        for _ in range(count):
            c = nep.sin(c)
        return nep.reshape(nep.reshape(c, (30, 100)) @ matrix.T, (3000,))

    return step


def _loops(loop: str, step, x, n: int):
    if loop == "scan":
        return scan(lambda c, _: (step(c), None), x, length=n, checkpoint=True)[0]
    if loop == "fori_loop":
        return fori_loop(0, n, lambda i, c: step(c), x, checkpoint=True)
    count = lambda v: {"c": step(v["c"]), "n": v["n"] + 1}  # noqa: E731
    return while_loop(lambda v: v["n"] < n, count, {"c": x, "n": 0}, checkpoint=True)["c"]


@pytest.mark.parametrize(
    ("loop", "count"), [("scan", 0), ("scan", 3), ("scan", 12), ("fori_loop", 3), ("while_loop", 6)]
)
def test_peak_memory_of_a_long_loop_is_under_twice_the_square_root_bound(loop: str, count: int) -> None:
    import tracemalloc

    n, state = 150, np.full(3000, 0.5)
    f = neo.grad(lambda x: nep.sum(_loops(loop, _saving(count), x, n)))
    f(state)
    tracemalloc.start()
    try:
        f(state)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    # A loop that does not know n keeps sqrt(2 n) states.
    assert peak < 2 * 2 * (2 * n if loop == "while_loop" else n) ** 0.5 * state.nbytes


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("loop", ["scan", "fori_loop", "while_loop"])
def test_loops_in_segments_of_segments_are_differentiated_to_second_order(xp, loop: str, count: int) -> None:
    def step(c):
        for _ in range(count):
            c = nep.sin(c)
        return c

    x, v = xp.array([0.5, 0.8]), xp.array([1.0, -2.0])
    f = lambda x: nep.sum(_loops(loop, step, x, 40))  # noqa: E731

    def by_hand(x):
        for _ in range(40):
            x = step(x)
        return nep.sum(x)

    along = lambda f, x: nep.sum(neo.grad(f)(x) * v)  # noqa: E731
    np.testing.assert_array_equal(neo.grad(f)(x).numpy(), neo.grad(by_hand)(x).numpy())
    product = neo.grad(partial(along, by_hand))(x).numpy()
    np.testing.assert_allclose(neo.grad(partial(along, f))(x).numpy(), product, rtol=1e-13)
    np.testing.assert_allclose(neo.hvp(f, x, v).numpy(), product, rtol=1e-13)


@pytest.mark.parametrize("how", [{}, {"keep": "sin"}, {"budget": 200}])
def test_a_loop_that_chooses_its_segments_inside_a_checkpoint_chooses_them_again(how) -> None:
    def step(carry, x):
        carry = nep.sin(nep.exp(nep.tanh(carry * x)))
        return carry, carry * x

    def f(h, xs):
        inner = lambda c, x: (scan(step, c, xs, checkpoint=True)[0] * x, None)  # noqa: E731
        return nep.sum(neo.checkpoint(lambda h: scan(inner, h, xs, checkpoint=True)[0], **how)(h))

    def by_hand(h, xs):
        for x in xs:
            for y in xs:
                h = step(h, y)[0]
            h = h * x
        return nep.sum(h)

    h, xs = np.full(3, 0.5), np.linspace(0.5, 1.5, 17)
    found, expected = neo.grad(f, (0, 1))(h, xs), neo.grad(by_hand, (0, 1))(h, xs)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)


def test_carry_of_another_tree_is_an_error() -> None:
    with pytest.raises(TypeError, match="scan carries one tree"):
        scan(lambda c, x: ({"a": c}, x), XS[0], XS)


@pytest.mark.parametrize("body", [lambda c: nep.stack([c, c]), lambda c: nep.astype(c, "float32")])
def test_state_of_another_shape_or_dtype_is_an_error(body) -> None:
    with pytest.raises(TypeError, match=r"scan carries one shape and dtype: carry was float64 array"):
        scan(lambda c, x: (body(c), x), np.asarray(1.0), XS)
    with pytest.raises(TypeError, match="fori_loop carries one shape and dtype"):
        fori_loop(0, 2, lambda i, c: body(c), np.asarray(1.0))
    with pytest.raises(TypeError, match="while_loop carries one shape and dtype"):
        while_loop(lambda c: True, body, np.asarray(1.0))


def test_xs_of_two_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"xs\['a'\]: 7, xs\['b'\]: 2"):
        scan(lambda c, x: (c, x), 0.0, {"a": XS, "b": XS[:2]})
    with pytest.raises(ValueError, match="xs: 7, length: 3"):
        scan(lambda c, x: (c, x), 0.0, XS, length=3)


def test_scan_without_a_number_of_steps_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither xs nor length"):
        scan(lambda c, x: (c, x), 0.0)


def test_scan_over_a_scalar_is_an_error() -> None:
    with pytest.raises(ValueError, match="first axis of xs"):
        scan(lambda c, x: (c, x), 0.0, np.asarray(1.0))


def test_function_that_returns_no_pair_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"returns a pair \(carry, y\)"):
        scan(lambda c, x: c, 0.0, XS)


def test_segment_of_no_steps_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        scan(lambda c, x: (c, x), 0.0, XS, checkpoint=0)


@pytest.mark.parametrize("checkpoint", [False, True])
def test_loops_are_mapped_and_mapped_loops_differentiated(checkpoint) -> None:
    f = lambda w, h: _by_scan(w, h, XS, checkpoint=checkpoint)  # noqa: E731
    ws = np.asarray([0.5, -0.3])

    found = neo.vmap(neo.grad(f), (0, None))(ws, 0.2)
    under = neo.grad(lambda ws: nep.sum(neo.vmap(f, (0, None))(ws, 0.2)))(ws)

    expected = [neo.grad(_by_hand)(w, 0.2, XS) for w in ws]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(under, expected, rtol=1e-12)


def test_loops_push_tangents() -> None:
    f = lambda w: _by_scan(w, 0.2, XS, checkpoint=True)  # noqa: E731

    found = neo.jvp(f, (0.5,), (1.0,))[1]

    np.testing.assert_allclose(found, neo.grad(_by_hand)(0.5, 0.2, XS), rtol=1e-12)


def _added_in_place(c, x):
    c += x
    return c, c


@pytest.mark.parametrize("checkpoint", HOW)
def test_steps_of_a_scan_write_into_arrays_of_their_own(xp: Library, checkpoint: bool | int) -> None:
    xs = xp.asarray(np.ones(20))

    def f(s):
        last, ys = scan(_added_in_place, s, xs, checkpoint=checkpoint)
        return last + 100 * s + nep.sum(ys)

    value, gradient = neo.value_and_grad(f)(xp.asarray(0.0))

    assert float(value) == 20 + sum(range(21))
    assert float(gradient) == 1 + 100 + 20


@pytest.mark.parametrize("checkpoint", [False, True, 2])
@pytest.mark.parametrize("loop", ["fori_loop", "while_loop"])
def test_steps_of_a_loop_write_into_arrays_of_their_own(
    xp: Library, loop: str, checkpoint: bool | int
) -> None:
    step = lambda x: x.__imul__(2.0)  # noqa: E731

    def f(x):
        last = (
            fori_loop(0, 5, lambda _, x: step(x), x, checkpoint=checkpoint)
            if loop == "fori_loop"
            else while_loop(lambda x: x < 32, step, x, checkpoint=checkpoint)
        )
        return last + 100 * x

    value, gradient = neo.value_and_grad(f)(xp.asarray(1.0))

    assert float(value) == 132
    assert float(gradient) == 132


def test_examples_that_are_done_keep_what_a_step_writes_into(xp: Library) -> None:
    found = neo.vmap(lambda x: while_loop(lambda x: x < 10, lambda x: x.__imul__(2.0), x))(
        xp.asarray([1.0, 7.0])
    )

    np.testing.assert_array_equal(xp.numpy(found), [16, 14])


def test_array_handed_to_a_loop_keeps_its_value(xp: Library) -> None:
    x = xp.array([0.0, 1.0])

    last = fori_loop(0, 3, lambda _, c: c.__iadd__(1.0), x)

    np.testing.assert_array_equal(xp.numpy(x.data), [0, 1])
    np.testing.assert_array_equal(xp.numpy(last.data), [3, 4])


@pytest.mark.parametrize("checkpoint", HOW)
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_runs_along_random_keys(xp: Library, reverse: bool, checkpoint) -> None:
    keys = neo.random.split(neo.random.key(3), 7)

    def noise(key) -> neo.Array:
        return neo.random.normal(key, dtype="float64", backend=xp.backend)

    def f(scale, xs):
        step = lambda c, row: ((c + row["x"]) * (scale * noise(row["key"])), None)  # noqa: E731
        return scan(step, scale * 1.0, {"x": xs, "key": keys}, reverse=reverse, checkpoint=checkpoint)[0]

    def by_hand(scale, xs):
        carry, rows = scale * 1.0, list(zip(nep.unstack(xs), keys, strict=True))
        for x, key in reversed(rows) if reverse else rows:
            carry = (carry + x) * (scale * noise(key))
        return carry

    found, expected = [neo.grad(g, (0, 1))(xp.asarray(0.5), xp.asarray(XS)) for g in (f, by_hand)]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(xp.numpy(ours), xp.numpy(theirs), **CLOSE)


def test_scan_along_too_few_keys_is_an_error() -> None:
    keys = neo.random.split(neo.random.key(0), 3)

    with pytest.raises(ValueError, match=r"got xs\[0\]: 7, xs\[1\]: 3"):
        scan(lambda c, x: (c, None), 0.0, (XS, keys))


def test_a_first_state_that_is_a_number_may_be_given_out(xp: Library) -> None:
    xs = xp.asarray(np.array([[2.0, 3.0], [4.0, 5.0]], dtype="float32"))
    f = lambda xs: scan(lambda c, x: (c * x, c), 1.0, xs)[1]  # noqa: E731

    out = neo.vmap(f)(xs)
    gradient = neo.grad(lambda xs: nep.sum(f(xs)))(xs[0, :])

    assert out.dtype == xp.xp.float32
    np.testing.assert_array_equal(xp.numpy(out), [[1, 2], [1, 4]])
    np.testing.assert_array_equal(xp.numpy(gradient), [1, 0])


def test_fori_loop_takes_integers() -> None:
    with pytest.raises(TypeError, match=r"fori_loop: upper must be an integer, got float 2.5"):
        fori_loop(0, 2.5, lambda i, c: c, 0.0)
