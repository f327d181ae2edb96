"""What `help` says first of every public function, class, method and property."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

PUBLIC = (
    "neo neo.autograd neo.backends neo.control neo.errors neo.export neo.fft neo.functions neo.implicit "
    "neo.linalg neo.numpy neo.ode neo.random neo.rules neo.special neo.testing neo.testing.oracles neo.tree"
).split()


def described_in(module):
    """Yield (name, object) for what a module makes public: functions, classes and their members."""
    named = getattr(module, "__all__", None)
    for name in named or [x for x in vars(module) if not x.startswith("_")]:
        x = getattr(module, name)
        home = getattr(x, "__module__", None) or ""
        if callable(x) and (home.startswith("neo") if named else home == module.__name__):
            yield name, x
            members = vars(x).items() if inspect.isclass(x) else ()
            yield from [(f"{name}.{key}", member) for key, member in members if is_described(key, member)]


def is_described(name, member):
    """Tell whether a member of a class is a public method or property, not a field with a default."""
    is_method = inspect.isfunction(member) and member.__name__ != "<lambda>"
    return not name.startswith("_") and (is_method or isinstance(member, property | classmethod))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_docstring_starts_with_a_sentence_of_less_than_80_characters(name):
    found = dict(described_in(import_module(name)))

    first = {key: (inspect.getdoc(x) or "").partition("\n")[0] for key, x in found.items()}

    assert {key: line for key, line in first.items() if len(line) >= 80 or not line.endswith(".")} == {}
