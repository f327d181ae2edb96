"""Arrays: what they hold and tell, how they move, and what a traced one refuses."""

from __future__ import annotations

import copy
import math
import pickle
import re

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

X = np.arange(6.0).reshape(2, 3)


def test_array_holds_the_librarys_own_array(xp: Library) -> None:
    bare = xp.asarray(X)

    assert neo.asarray(bare).data is bare


def test_properties_tell_shape_dtype_and_place(xp: Library) -> None:
    x = xp.array(X)

    assert (x.shape, x.ndim, x.size) == ((2, 3), 2, 6)
    assert x.dtype == xp.library.dtype("float64")
    assert x.backend == xp.backend
    assert x.device.startswith(xp.device)


def test_transposes(xp: Library) -> None:
    np.testing.assert_array_equal(xp.numpy(xp.array(X).T), X.T)
    np.testing.assert_array_equal(xp.numpy(xp.array(X[None]).mT), X[None].mT)
    with pytest.raises(ValueError, match=r"\.mT"):
        _ = xp.array(X[None]).T


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "var", "std", "argmax", "argmin"])
def test_reduction_methods_are_those_of_numpy(xp: Library, name: str) -> None:
    np.testing.assert_allclose(
        xp.numpy(getattr(xp.array(X), name)(axis=0)), getattr(X, name)(axis=0), rtol=4e-16
    )
    np.testing.assert_allclose(xp.numpy(getattr(xp.array(X), name)(1)), getattr(X, name)(1), rtol=4e-16)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (lambda x: x.reshape(3, 2), X.reshape(3, 2)),
        (lambda x: x.reshape((3, -1)), X.reshape(3, 2)),
        (lambda x: x.ravel(), X.ravel()),
        (lambda x: x.transpose(1, 0), X.T),
        (lambda x: x.clip(1, 4), X.clip(1, 4)),
        (lambda x: x.clip(max=2.0), X.clip(max=2.0)),
        (lambda x: x.repeat(2, axis=1), X.repeat(2, axis=1)),
        (lambda x: x.cumsum(axis=1), X.cumsum(axis=1)),
        (lambda x: x.cumprod(axis=1), X.cumprod(axis=1)),
        (lambda x: x.round(), X.round()),
        (lambda x: x.conj(), X),
        (lambda x: x[0].dot(x[1]), X[0].dot(X[1])),
        (lambda x: x.copy(), X),
        (lambda x: x[None].squeeze(), X),
        (lambda x: (x > 2).any(axis=1), (X > 2).any(axis=1)),
        (lambda x: (x >= 0).all(), True),
    ],
)
def test_methods_give_what_numpy_gives(xp: Library, method, expected) -> None:
    np.testing.assert_array_equal(xp.numpy(method(xp.array(X))), expected)


def test_methods_of_a_traced_array_have_gradients(xp: Library) -> None:
    found = neo.grad(lambda x: (x.reshape(3, 2).T.cumsum(axis=0) * x.mean()).sum())(xp.asarray(X))

    # With s = 2 * (the sum of even elements) + (that of odd ones) = 21 and the mean m = 2.5:
    # 2 m + s / 6 for even elements, m + s / 6 for odd ones.
    np.testing.assert_array_equal(xp.numpy(found), [[8.5, 6.0, 8.5], [6.0, 8.5, 6.0]])


def test_repr_shows_values_shape_dtype_backend_and_device(xp: Library) -> None:
    text = repr(xp.array([1.0, 2.5]))

    for part in ("2.5", "(2,)", "float64", xp.backend, xp.device):
        assert part in text


def test_repr_of_a_traced_array_shows_its_values_and_slot(xp: Library) -> None:
    seen = []
    neo.grad(lambda x: seen.append(repr(x)) or nep.sum(x))(xp.asarray([1.0, 2.5]))

    for part in ("2.5", "(2,)", "float64", "traced=%0"):
        assert part in seen[0]


def test_str_shows_the_values(xp: Library) -> None:
    assert str(xp.array([1.0, 2.5])) == "[1. , 2.5]"


def test_numpy_item_and_tolist_give_values(xp: Library) -> None:
    np.testing.assert_array_equal(xp.array(X).numpy(), X)
    assert xp.array(2.5).item() == 2.5
    assert xp.array(X).tolist() == X.tolist()


def test_python_numbers_of_0d_arrays(xp: Library) -> None:
    assert float(xp.array(2.5)) == 2.5
    assert int(xp.array(np.array(3))) == 3
    assert complex(xp.array(1 + 2j)) == 1 + 2j
    assert bool(xp.array(True)) is True
    assert range(5)[xp.array(np.array(3))] == 3


def test_numpy_functions_take_arrays(xp: Library) -> None:
    if xp.device != "cpu":
        pytest.skip("NumPy reads no memory of a GPU")

    np.testing.assert_array_equal(np.asarray(xp.array(X)), X)


def test_to_moves_to_numpy_and_back(xp: Library) -> None:
    x = xp.array(X)

    there = x.to("numpy")
    back = there.to(xp.backend) if xp.device == "cpu" else there.to(device=x.device, backend=xp.backend)

    assert there.backend == "numpy"
    assert back.backend == xp.backend
    np.testing.assert_array_equal(xp.numpy(back), X)


def test_to_the_place_where_it_is_gives_the_array_itself(xp: Library) -> None:
    x = xp.array(X)

    assert x.to(x.device) is x
    assert x.to(xp.backend) is x


def test_to_has_a_gradient_where_it_came_from(xp: Library) -> None:
    found = neo.grad(lambda x: nep.sum(x.to("numpy") ** 2))(xp.asarray(X))

    assert xp.owns(found)
    np.testing.assert_array_equal(xp.numpy(found), 2 * X)


def test_to_an_unknown_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        neo.asarray(X).to("nowhere")


def test_dlpack_hands_the_array_over(xp: Library) -> None:
    x = xp.array(X.copy()) if xp.name != "numpy-read-only" else neo.asarray(X.copy())

    np.testing.assert_array_equal(xp.numpy(xp.xp.from_dlpack(x)), X)


def test_from_dlpack_takes_an_array_of_any_library(xp: Library) -> None:
    found = nep.from_dlpack(xp.asarray(X))

    assert found.backend == xp.backend
    np.testing.assert_array_equal(xp.numpy(found), X)


@pytest.mark.parametrize(
    "escape",
    [
        float,
        int,
        complex,
        np.asarray,
        np.array,
        lambda x: x.item(),
        lambda x: x.tolist(),
        lambda x: x.numpy(),
        lambda x: x.data,
        lambda x: np.from_dlpack(x),
        lambda x: np.array([x, x])[0],
        lambda x: np.full(2, x)[0],
        lambda x: math.floor(x),
        lambda x: np.partition(x, 0),
    ],
)
def test_what_would_lose_a_gradient_is_refused(xp: Library, escape) -> None:
    with pytest.raises(TypeError):
        neo.grad(lambda x: nep.sum(x) * escape(x))(xp.asarray(2.0))


def test_refusal_says_what_to_do_instead() -> None:
    with pytest.raises(TypeError, match=r"lose its gradient.*neo\.stop_gradient"):
        neo.grad(lambda x: x * float(x))(2.0)


def test_data_of_an_array_that_is_not_traced_is_read_and_written() -> None:
    x = neo.ones(2)

    x.data = np.zeros(2)

    assert x.data.tolist() == neo.stop_gradient(x).data.tolist() == [0.0, 0.0]


def test_data_of_a_traced_array_cannot_be_written() -> None:
    def f(x):
        x.data = np.zeros(2)
        return nep.sum(x)

    with pytest.raises(AttributeError):
        neo.grad(f)(np.ones(2))


def test_stopped_gradient_gives_a_constant(xp: Library) -> None:
    found = neo.grad(lambda x: x * neo.stop_gradient(x))(xp.asarray(3.0))

    assert float(xp.numpy(found)) == 3.0


def test_bool_and_comparisons_of_traced_arrays_look_at_values(xp: Library) -> None:
    seen = []

    def f(x):
        seen.append((bool(x > 1), (x == 2.0).tolist(), x in (2.0,)))
        return x * x

    neo.grad(f)(xp.asarray(2.0))

    assert seen == [(True, True, True)]


def test_bool_of_several_elements_is_an_error(xp: Library) -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        bool(xp.array(X))


def test_array_is_not_hashable() -> None:
    with pytest.raises(TypeError):
        hash(neo.asarray(X))


def test_namespace_of_an_array_makes_arrays_of_its_library(xp: Library) -> None:
    x = xp.array(X)
    ns = x.__array_namespace__()

    assert ns.zeros(3).backend == xp.backend
    assert ns.asarray(0.5).backend == xp.backend
    assert ns is x.__array_namespace__()
    assert {ns: 1}[ns] == 1
    assert isinstance(ns.__name__, str)
    np.testing.assert_array_equal(xp.numpy(ns.sin(x)), xp.numpy(nep.sin(x)))


def test_namespace_of_a_traced_array_has_gradients(xp: Library) -> None:
    def f(x):
        ns = x.__array_namespace__()
        return ns.sum(ns.where(x > 0, x * ns.asarray(2.0, dtype=x.dtype), ns.zeros_like(x)))

    np.testing.assert_array_equal(xp.numpy(neo.grad(f)(xp.asarray([1.0, -1.0]))), [2.0, 0.0])


def test_copies_are_objects_of_their_own(xp: Library) -> None:
    x = xp.array([1.0, 2.0])
    shallow, deep, part = copy.copy(x), copy.deepcopy(x), copy.copy(x[:1])
    shallow[0] = 5.0
    deep[0] = 6.0
    part[0] = 7.0

    assert [x.tolist(), shallow.tolist(), deep.tolist()] == [[1.0, 2.0], [5.0, 2.0], [6.0, 2.0]]


def test_a_copy_of_a_traced_array_has_its_gradient(xp: Library) -> None:
    def f(x):
        kept = copy.deepcopy({"x": x})["x"]
        x += 1.0
        return nep.sum(copy.copy(kept) ** 2 + x)

    assert neo.grad(f)(xp.array([1.0, 2.0])).tolist() == [3.0, 5.0]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("exp", "use neo.numpy.exp(x)"),
        ("relu", "use neo.functions.relu(x)"),
        ("detach", "use neo.stop_gradient(x)"),
        ("backward", "neo.grad(f)(x)"),
    ],
)
def test_an_attribute_that_is_not_there_says_what_is(name, instead) -> None:
    with pytest.raises(AttributeError, match=re.escape(instead)):
        getattr(neo.ones(2), name)


def test_arrays_list_only_attributes_that_they_have() -> None:
    x = neo.ones((2, 2))

    assert {"shape", "reshape"} <= set(dir(x))
    assert not {"detach", "exp"} & set(dir(x))
    assert [name for name in dir(x) if name != "part_of" and not hasattr(x, name)] == []


def test_a_function_of_pytorchs_says_what_to_call_instead() -> None:
    torch = pytest.importorskip("torch")

    with pytest.raises(TypeError, match=r"PyTorch's sin takes tensors.* Use neo.numpy.sin"):
        neo.grad(torch.sin)(torch.asarray(1.0))


def test_an_operator_of_a_tensor_beside_a_traced_array_is_the_arrays(xp: Library) -> None:
    pytest.importorskip("torch")
    if xp.name != "torch":
        pytest.skip("a tensor on the left")

    weights = xp.asarray([2.0, 3.0])

    assert neo.grad(lambda x: nep.sum(weights * x))(xp.array([1.0, 1.0])).tolist() == [2.0, 3.0]


def test_a_traced_array_is_not_pickled() -> None:
    with pytest.raises(TypeError, match=r"pickle of a traced array .*has_aux=True"):
        neo.grad(lambda x: pickle.dumps(x))(1.0)
