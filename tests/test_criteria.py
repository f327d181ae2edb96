"""Losses, norms and attention: PyTorch's values, and refusals in neo's words."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo import functions

RNG = np.random.default_rng(2)
LOGITS, OTHERS = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 4))
LABELS, SHARES = np.array([0, 3, 1, 1, 2]), RNG.dirichlet(np.ones(4), 5)
WEIGHT = RNG.random(4) + 0.1
IMAGES = RNG.normal(size=(3, 4, 5))


def _both(xp: Library, name: str, arrays, settings, torch_settings=None, torch_name=None):
    """Return the value on the library at hand and PyTorch's."""
    torch = pytest.importorskip("torch")
    own = lambda x: xp.asarray(x) if isinstance(x, np.ndarray) else x  # noqa: E731
    theirs = lambda x: torch.as_tensor(x) if isinstance(x, np.ndarray) else x  # noqa: E731
    found = getattr(functions, name)(*map(own, arrays), **{k: own(x) for k, x in settings.items()})
    given = {k: theirs(x) for k, x in (settings if torch_settings is None else torch_settings).items()}
    return xp.numpy(found), getattr(torch.nn.functional, torch_name or name)(
        *map(theirs, arrays), **given
    ).numpy()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "settings",
    [
        {"weight": WEIGHT},
        {"label_smoothing": 0.3},
        {"ignore_index": 1},
        {"weight": WEIGHT, "label_smoothing": 0.3, "ignore_index": 1},
    ],
    ids=lambda settings: " ".join(settings),
)
def test_cross_entropy_is_pytorch_s(xp: Library, settings: dict, reduction: str) -> None:
    found, expected = _both(xp, "cross_entropy", (LOGITS, LABELS), {**settings, "reduction": reduction})

    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize(
    "settings", [{}, {"weight": WEIGHT, "label_smoothing": 0.3}], ids=["plain", "weighed"]
)
def test_cross_entropy_of_shares_is_pytorch_s(xp: Library, settings: dict) -> None:
    found, expected = _both(xp, "cross_entropy", (LOGITS, SHARES), settings)

    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_loss_is_pytorch_s(xp: Library, name: str, reduction: str) -> None:
    found, expected = _both(xp, name, (LOGITS, OTHERS), {"reduction": reduction})

    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_logistic_loss_is_pytorch_s(xp: Library) -> None:
    settings = {"weight": WEIGHT, "pos_weight": WEIGHT}

    found, expected = _both(xp, "binary_cross_entropy_with_logits", (LOGITS, SHARES), settings)

    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_logistic_loss_keeps_its_digits_far_out(xp: Library) -> None:
    x, y = xp.asarray([50.0, -50.0, 800.0]), xp.asarray([1.0, 0.0, 0.0])

    f = lambda x: functions.binary_cross_entropy_with_logits(x, y, "none")  # noqa: E731

    tiny = np.exp(-50.0)
    np.testing.assert_allclose(xp.numpy(f(x)), [tiny, tiny, 800.0], rtol=1e-15)
    gradient = neo.grad(lambda x: nep.sum(f(x)))(x)
    np.testing.assert_allclose(xp.numpy(gradient), [-tiny, tiny, 1.0], rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "arrays", "settings", "theirs", "torch_name"),
    [
        ("batch_norm", (IMAGES,), {"weight": WEIGHT, "bias": -WEIGHT}, None, None),
        ("batch_norm", (IMAGES,), {"mean": WEIGHT, "var": WEIGHT**2, "weight": WEIGHT}, "given", None),
        ("group_norm", (IMAGES, 2), {"weight": WEIGHT, "bias": -WEIGHT}, None, None),
        ("rms_norm", (IMAGES,), {"weight": OTHERS[:, 0]}, None, None),
        ("log_sigmoid", (IMAGES,), {}, None, "logsigmoid"),
        ("mish", (IMAGES,), {}, None, None),
        ("selu", (IMAGES,), {}, None, None),
        ("glu", (IMAGES, 1), {}, None, None),
    ],
)
def test_function_is_pytorch_s(xp: Library, name: str, arrays, settings, theirs, torch_name) -> None:
    given = dict(settings)
    if name == "batch_norm":
        mean, var = given.pop("mean", None), given.pop("var", None)
        given = {**given, "running_mean": mean, "running_var": var, "training": theirs is None}
    if name == "rms_norm":
        given["normalized_shape"] = (5,)

    found, expected = _both(xp, name, arrays, settings, given, torch_name)

    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"is_causal": True, "scale": 0.3},
        {"attn_mask": RNG.random((5, 5)) > 0.4},
        {"attn_mask": RNG.normal(size=(5, 5))},
    ],
    ids=["plain", "causal", "mask", "added"],
)
def test_attention_is_pytorch_s(xp: Library, settings: dict) -> None:
    arrays = [RNG.normal(size=(2, 3, 5, n)) for n in (4, 4, 2)]

    found, expected = _both(xp, "scaled_dot_product_attention", arrays, settings)

    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_query_that_may_look_nowhere_sees_all_keys_evenly(xp: Library) -> None:
    q, k, v = [xp.asarray(x) for x in (OTHERS[:1], OTHERS[:2], LOGITS[:2])]

    found = functions.scaled_dot_product_attention(q, k, v, xp.asarray([[False, False]]))

    np.testing.assert_allclose(xp.numpy(found), LOGITS[:2].mean(0, keepdims=True))


def test_embedding_takes_rows_and_adds_up_their_gradients(xp: Library) -> None:
    weight = xp.asarray(OTHERS)
    indices = xp.asarray(np.array([[0, 4], [4, 4]]))

    rows, gradient = neo.value_and_grad(lambda w: nep.sum(functions.embedding(indices, w)))(weight)

    np.testing.assert_allclose(xp.numpy(rows), OTHERS[[0, 4, 4, 4]].sum())
    np.testing.assert_array_equal(xp.numpy(gradient)[:, 0], [1, 0, 0, 0, 3])


def test_one_hot_of_a_label(xp: Library) -> None:
    found = functions.one_hot(xp.asarray(np.array([2, 0])), 3, dtype="float32")

    assert xp.numpy(found).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert found.dtype == xp.library.dtype("float32")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x, y: functions.mse_loss(x, y[:1]), ValueError, "do not have one shape"),
        (lambda x, y: functions.mse_loss(x, y, "all"), ValueError, "got 'all'"),
        (lambda x, y: functions.huber_loss(x, y, delta=0), ValueError, "must be positive"),
        (lambda x, y: functions.cross_entropy(x, [0] * 5, label_smoothing=2), ValueError, "from 0 to 1"),
        (lambda x, y: functions.cross_entropy(x, [0] * 5, weight=y), ValueError, r"shape \(4,\)"),
        (lambda x, y: functions.cross_entropy(x, [9] * 5, ignore_index=1), IndexError, "label 9"),
        (lambda x, y: functions.group_norm(x, 3), ValueError, "3 groups do not divide"),
        (lambda x, y: functions.batch_norm(x, mean=y[0]), ValueError, "mean and var, or neither"),
        (lambda x, y: functions.batch_norm(x, y), ValueError, r"shape \(4,\)"),
        (lambda x, y: functions.glu(x, 0), ValueError, "has no half"),
        (lambda x, y: functions.embedding(x, y), TypeError, "expected integers"),
        (lambda x, y: functions.embedding([7], y), IndexError, "out of"),
        (lambda x, y: functions.scaled_dot_product_attention(x, y[:, :2], y), ValueError, "do not fit"),
    ],
)
def test_what_does_not_fit_is_refused(xp: Library, call, error, words: str) -> None:
    with pytest.raises(error, match=words):
        call(xp.array(LOGITS), xp.array(OTHERS))


def test_infinite_loss_is_infinite_beside_labels_that_are_left_out(xp: Library) -> None:
    logits = xp.asarray([[0.0, -np.inf], [0.0, 0.0], [1.0, 2.0]])

    found = functions.cross_entropy(logits, [1, 0, 7], ignore_index=7)

    assert xp.numpy(found) == np.inf
