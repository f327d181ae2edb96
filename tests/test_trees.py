"""Arguments and results that are trees of arrays."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


class Pair(NamedTuple):
    weight: Any
    bias: Any


@dataclasses.dataclass
class Layer:
    weight: Any
    bias: Any


@dataclasses.dataclass(frozen=True)
class FrozenLayer:
    weight: Any
    bias: Any


@dataclasses.dataclass(frozen=True)
class PositiveLayer:
    """Checks its fields, as a class that must not be built from traced or None fields would."""

    weight: np.ndarray

    def __post_init__(self) -> None:
        if not isinstance(self.weight, np.ndarray):
            raise TypeError("weight must be a NumPy array")


def test_gradient_of_a_dict_is_a_dict(xp: Library) -> None:
    tree = {"w": xp.asarray([1.0, 2.0]), "b": xp.asarray(3.0)}

    gradient = neo.grad(lambda p: nep.sum(p["w"] * p["w"]) * p["b"])(tree)

    assert list(gradient) == list(tree)
    np.testing.assert_array_equal(xp.numpy(gradient["w"]), [6.0, 12.0])
    assert float(xp.numpy(gradient["b"])) == 5.0


@pytest.mark.parametrize("kind", [list, tuple])
def test_gradient_of_a_sequence_is_such_a_sequence(xp: Library, kind: type) -> None:
    gradient = neo.grad(lambda p: nep.sum(p[0] * p[1]))(kind([xp.asarray([2.0]), xp.asarray([3.0])]))

    assert type(gradient) is kind
    assert [float(xp.numpy(g)[0]) for g in gradient] == [3.0, 2.0]


@pytest.mark.parametrize("kind", [Pair, Layer, FrozenLayer])
def test_gradient_of_a_record_is_such_a_record(xp: Library, kind: type) -> None:
    gradient = neo.grad(lambda p: p.weight * p.bias)(kind(xp.asarray(2.0), xp.asarray(3.0)))

    assert type(gradient) is kind
    assert (float(xp.numpy(gradient.weight)), float(xp.numpy(gradient.bias))) == (3.0, 2.0)


def test_dataclass_that_checks_its_fields_takes_traced_ones() -> None:
    gradient = neo.grad(lambda p: nep.sum(p.weight**2))(PositiveLayer(np.array([1.0, 2.0])))

    assert gradient.weight.tolist() == [2.0, 4.0]


def test_none_in_a_tree_stays_none() -> None:
    gradient = neo.grad(lambda p: p["w"] * 2)({"w": 1.0, "b": None})

    assert gradient == {"w": 2.0, "b": None}


def test_nested_trees_keep_their_form() -> None:
    tree = {"layers": [Layer(1.0, None), Layer(2.0, (3.0, [4.0]))]}

    gradient = neo.grad(lambda p: p["layers"][0].weight * p["layers"][1].bias[1][0])(tree)

    assert gradient == {"layers": [Layer(4.0, None), Layer(0.0, (0.0, [1.0]))]}


def test_empty_tree_has_an_empty_gradient() -> None:
    value, gradient = neo.value_and_grad(lambda p: 1.0)({})

    assert (value, gradient) == (1.0, {})


def test_unused_leaf_has_a_gradient_of_zeros(xp: Library) -> None:
    gradient = neo.grad(lambda p: nep.sum(p["w"]))({"w": xp.asarray([1.0]), "b": xp.asarray([1.0, 2.0])})

    np.testing.assert_array_equal(xp.numpy(gradient["b"]), [0.0, 0.0])


def test_the_callers_tree_is_not_changed() -> None:
    tree = {"w": np.ones(2)}
    weight = tree["w"]

    neo.grad(lambda p: nep.sum(p["w"]))(tree)

    assert tree["w"] is weight


def test_bare_and_boxed_leaves_keep_their_kind() -> None:
    bare, boxed = neo.grad(lambda p: p[0] * p[1])((np.array(2.0), neo.asarray(3.0)))

    assert isinstance(bare, np.ndarray)
    assert type(boxed) is neo.Array


def test_vjp_gives_the_result_in_its_tree(xp: Library) -> None:
    value, pull = neo.vjp(lambda x: {"a": x * 2, "b": [x * 3]}, xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(value["b"][0]), [3.0, 6.0])
    (dx,) = pull({"a": xp.asarray([1.0, 0.0]), "b": [xp.asarray([0.0, 1.0])]})
    np.testing.assert_array_equal(xp.numpy(dx), [2.0, 3.0])
