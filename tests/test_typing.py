"""What type checkers are told of arrays is what arrays have."""

import inspect

import neo
from neo.core.attached import Attached


def test_every_attached_name_that_is_declared_exists():
    declared = [
        name
        for name in vars(Attached)
        if inspect.isroutine(vars(Attached)[name]) or name in ("T", "mT", "real", "imag")
    ]

    assert [name for name in declared if not hasattr(neo.Array, name)] == []


def test_every_operator_and_method_of_an_array_is_declared():
    own = set(vars(Attached)) | set(vars(object))
    in_the_class_body = {
        "backend",
        "device",
        "dtype",
        "item",
        "ndim",
        "numpy",
        "held",
        "shape",
        "size",
        "tolist",
        "data",
        "part_of",
        "parts",
    }
    found = {name for name in vars(neo.Array) if not name.startswith("_") and hasattr(neo.Array, name)}

    assert found - own - in_the_class_body == set()
