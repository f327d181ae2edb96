"""With the garbage collector off: nothing keeps a tape alive, and saved values go as they are used."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo import functions
from neo.autograd import Policy, session
from neo.functions import neo_function

X = np.linspace(0.1, 1.0, 10)


@pytest.fixture(autouse=True)
def _collector_off() -> Iterator[None]:
    """Only reference counts free anything, so that a cycle shows."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Tanh(Policy):
    """A Policy of a user's kind, with a saved result."""

    def forward(self, x):
        out = nep.tanh(x)
        self.ctx.save(out)
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return g * (1 - out * out)


def _loss(x):
    hidden = neo_function(Tanh)(x * 2.0) + nep.sin(x)
    first, *_ = nep.unstack(nep.stack([hidden, x]))
    first[0] = hidden[1] * 3
    return nep.sum(nep.max(first) * nep.reshape(first, (2, 5)) @ nep.ones_like(first[:5]))


TRANSFORMS = {
    "grad": lambda: neo.grad(_loss)(X),
    "value_and_grad of a tree": lambda: neo.value_and_grad(lambda p: _loss(p["x"]))({"x": X}),
    "grad of arrays": lambda: neo.grad(_loss)(neo.asarray(X)),
    "second order": lambda: neo.grad(lambda x: nep.sum(neo.grad(_loss)(x)))(X),
    "vjp": lambda: neo.vjp(_loss, X)[1](1.0),
    "session": lambda: session.value_and_grad(_loss)(X),
    "aux": lambda: neo.grad(lambda x: (_loss(x), x * 2), has_aux=True)(X),
}


@pytest.mark.parametrize("step", TRANSFORMS.values(), ids=TRANSFORMS)
def test_no_object_is_left_by_each_of_hundreds_of_steps(step) -> None:
    for _ in range(10):
        step()
    before = len(gc.get_objects())

    for _ in range(300):
        step()

    # Not one object a step: what is left is a cache or two that a first call fills.
    assert len(gc.get_objects()) - before < 100


def test_bytes_are_flat_over_a_thousand_steps() -> None:
    step = TRANSFORMS["grad"]
    # Python keeps up to 2000 freed tuples of each length for itself; this fills its lists.
    for _ in range(1000):
        step()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            step()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    # The smallest object has 16 bytes, so this is less than one a step.
    assert grown < 16 * 1000


def test_memory_is_flat_when_the_function_raises() -> None:
    def broken(x):
        _loss(x)
        raise KeyError

    def step():
        with pytest.raises(KeyError):
            neo.grad(broken)(X)

    for _ in range(10):
        step()
    before = len(gc.get_objects())
    for _ in range(100):
        step()

    assert len(gc.get_objects()) - before < 100


class Watched(Policy):
    """The identity, keeping a copy whose life a weak reference watches."""

    bare = True
    watched: list[weakref.ref]

    def forward(self, x):
        out = x + 0.0
        self.ctx.save(out)
        Watched.watched.append(weakref.ref(out))
        return out

    def backward(self, g):
        (out,) = self.ctx.release
        return g * (out / out)


class Looking(Policy):
    """The identity, whose backward notes which watched values are still alive."""

    seen: list[bool]

    def forward(self, x):
        return x + 0

    def backward(self, g):
        Looking.seen = [r() is not None for r in Watched.watched]
        return g


@pytest.fixture
def _nothing_watched() -> None:
    Watched.watched = []


@pytest.mark.usefixtures("_nothing_watched")
def test_saved_values_go_as_the_walk_uses_them() -> None:
    watched, looking = neo_function(Watched), neo_function(Looking)

    # Looking is pulled after the second Watched and before the first.
    neo.grad(lambda x: nep.sum(watched(looking(watched(x)))))(X)

    assert Looking.seen == [True, False]


@pytest.mark.usefixtures("_nothing_watched")
def test_saved_values_of_elementwise_calls_go_as_the_walk_uses_them() -> None:
    looking = neo_function(Looking)

    def f(x):
        y = looking(x)
        z = nep.exp(y)
        Watched.watched.append(weakref.ref(z.held))
        return nep.sum(nep.sin(z))

    neo.grad(f)(X)

    assert Looking.seen == [False]


@pytest.mark.usefixtures("_nothing_watched")
def test_nothing_keeps_saved_values_after_the_transform() -> None:
    neo.grad(lambda x: nep.sum(neo_function(Watched)(x)))(X)

    assert [r() for r in Watched.watched] == [None]


@pytest.mark.usefixtures("_nothing_watched")
def test_pull_back_keeps_saved_values_until_it_goes() -> None:
    _, pull = neo.vjp(neo_function(Watched), X)

    assert Watched.watched[0]() is not None
    del pull, _
    assert Watched.watched[0]() is None


@pytest.mark.usefixtures("_nothing_watched")
def test_array_that_escapes_keeps_its_own_value_only() -> None:
    kept = []

    def f(x):
        y = neo_function(Watched)(x)
        kept.append(nep.sum(y))
        return kept[0] * 1.0

    neo.grad(f)(X)

    assert Watched.watched[0]() is None


@pytest.mark.usefixtures("_nothing_watched")
def test_call_that_no_differentiated_input_reaches_saves_nothing() -> None:
    def f(x):
        neo_function(Watched)(np.ones(3))
        assert Watched.watched[0]() is None
        return nep.sum(x)

    neo.grad(f)(X)


def test_call_that_no_differentiated_input_reaches_is_not_recorded() -> None:
    _, tape = neo.trace(lambda x: nep.sum(x) + nep.sum(nep.sin(np.ones(3))))(X)

    assert "sin" not in str(tape)


WIDE = np.linspace(0.1, 0.9, 1 << 18).reshape(256, 1024)
# How many arrays like WIDE the pull-back over NumPy needs at its peak, its result among them.
PEAKS = {
    "sum": (nep.sum, 1),
    "mean of rows": (lambda x: nep.mean(x, axis=1), 1),
    "max of rows": (lambda x: nep.max(x, axis=1), 1.2),
    "var": (nep.var, 1),
    "std of rows": (lambda x: nep.std(x, axis=1), 1),
    "a row": (lambda x: x[3], 1),
    "take": (lambda x: nep.take(x, np.array([3, 3]), axis=0), 1),
    "broadcast_to": (lambda x: nep.broadcast_to(x[:1], (256, 1024)), 1),
    "tanh": (nep.tanh, 1),
    "sin": (nep.sin, 1),
    "sigmoid": (functions.sigmoid, 1),
    "relu": (functions.relu, 1.4),
    "gelu": (functions.gelu, 2),
    "softmax": (functions.softmax, 1),
    "log_softmax": (functions.log_softmax, 1),
    "logsumexp": (lambda x: functions.logsumexp(x, axis=1), 2),
    "cross_entropy": (lambda x: functions.cross_entropy(x, np.arange(256)), 1),
    "layer_norm": (functions.layer_norm, 1),
    "rms_norm": (functions.rms_norm, 1),
}


@pytest.mark.parametrize("name", PEAKS)
def test_a_gradient_needs_little_more_memory_than_its_result(name: str) -> None:
    f, most = PEAKS[name]
    out, pull = neo.vjp(f, WIDE)
    g = np.ones(np.shape(out))
    pull(g)

    tracemalloc.start()
    pull(g)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < (most + 0.1) * WIDE.nbytes
