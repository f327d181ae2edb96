"""The shape of the package: floors, names, imports, the length of modules."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import neo

ROOT = Path(neo.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# A module imports from its own floor and from those before it.
FLOORS = [
    {"errors", "tree", "importing", "backends"},
    {"core"},
    {"ops"},
    {"transforms"},
    {"numpy", "autograd", "functions", "random", "linalg", "fft", "special", "rules", "conventions"}
    | {"control", "implicit", "ode", "interop", "einops_backend"},
    {"testing", "export", "drawing", "cli", "__main__"},
]
LIBRARIES = {
    "torch",
    "cupy",
    "cupyx",
    "jax",
    "dask",
    "distributed",
    "array_api_strict",
    "array_api_compat",
    "mlx",
    "tensorflow",
}
PUBLIC = [neo.autograd, neo.functions, neo.random, neo.backends, neo.rules]
OPTIONAL = ["torch", "cupy", "scipy", "jax", "array_api_strict", "sklearn", "matplotlib", "hypothesis"]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


class Source:
    """A module of neo, read and parsed."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, _module(path)
        self.text = path.read_text()
        self.tree = ast.parse(self.text)
        self.nodes = list(ast.walk(self.tree))


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    """Every module of neo."""
    return [Source(path) for path in MODULES]


def faults_of(sources: list[Source], fault: Callable[[Source], Any]) -> dict[str, Any]:
    """Return what is wrong with each module that has a fault, by its name."""
    return {source.name: found for source in sources if (found := fault(source))}


def _imported(source: Source) -> set[str]:
    """Return the full names of what a module imports, by statement or by import_module."""
    package = [*source.path.relative_to(ROOT.parent).parent.parts]
    found = set()
    for node in source.nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{start}.{alias.name}" for alias in node.names}
        elif _is_import_call(node):
            found.add(node.args[0].value)
    return found


def _is_import_call(node: ast.AST) -> bool:
    name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
    return (
        isinstance(node, ast.Call)
        and name.lstrip("_") in ("import_module", "import", "find_spec", "import__")
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
    )


def _floor(module: str) -> int | None:
    """Return the floor of a module of neo; None for the package itself, which opens on all of them."""
    part = [*module.split("."), ""][1]
    return next((k for k, names in enumerate(FLOORS) if part in names), None)


def test_modules_import_downwards_only(sources: list[Source]) -> None:
    assert faults_of(sources, _upward) == {}


def _upward(source: Source) -> list[str]:
    """Return what a module imports from a floor above its own."""
    own = _floor(source.name)
    if own is None:
        return []
    # The package's own names come from every floor, so only what stands on the last may use them.
    names = [name for name in _imported(source) if name.partition(".")[0] == "neo"]
    return [name for name in names if (_floor(name) or 0) > own and (source.name, name) not in LATE]


# Imports inside a function, on a call: the namespace of an array is the module `neo.numpy`.
LATE = {
    ("neo.ops.namespace", "neo.numpy"),
    ("neo.ops.protocols", "neo.numpy"),
    ("neo.ops.protocols", "neo.linalg"),
}


# A bridge is a library's own autograd beside neo's: it is about that library, and loads on its own.
BRIDGES = ("neo.backends", "neo.interop.", "neo.testing.adapters", "neo.testing.oracles")


def test_only_backends_and_bridges_import_an_array_library(sources: list[Source]) -> None:
    others = [source for source in sources if not source.name.startswith(BRIDGES)]

    assert faults_of(others, lambda s: {name.partition(".")[0] for name in _imported(s)} & LIBRARIES) == {}


def test_every_module_stands_on_a_floor(sources: list[Source]) -> None:
    assert [s.name for s in sources if s.name != "neo" and _floor(s.name) is None] == []


def test_modules_have_at_most_400_lines_and_say_what_they_do(sources: list[Source]) -> None:
    assert [s.name for s in sources if len(s.text.splitlines()) > 400] == []
    assert [s.name for s in sources if s.text.strip() and not ast.get_docstring(s.tree)] == []


def test_modules_have_no_exec_eval_or_global(sources: list[Source]) -> None:
    assert faults_of(sources, lambda s: [n.lineno for n in s.nodes if _is_banned(n)]) == {}


def _is_banned(node: Any) -> bool:
    is_run = isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("exec", "eval")
    return is_run or isinstance(node, ast.Global)


def test_modules_read_what_an_array_holds_as_held(sources: list[Source]) -> None:
    # `data` is for users, whom a traced array refuses; a backend stands where no array is traced.
    others = [source for source in sources if not source.name.startswith("neo.backends")]

    assert faults_of(others, lambda s: [n.lineno for n in s.nodes if _reads_data(n)]) == {}


def _reads_data(node: Any) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "data" and isinstance(node.ctx, ast.Load)


def test_functions_have_at_most_forty_lines_of_code(sources: list[Source]) -> None:
    assert faults_of(sources, lambda s: [n.name for n in s.nodes if _is_long(n)]) == {}


def _is_long(node: Any) -> bool:
    if not isinstance(node, ast.FunctionDef) or any(isinstance(n, ast.FunctionDef) for n in node.body):
        return False
    first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
    return (node.end_lineno or 0) - first.lineno + 1 > 40


def test_public_names_are_fewer_than_forty() -> None:
    assert len(neo.__all__) < 40
    assert len(neo.__all__) == len(set(neo.__all__))


@pytest.mark.parametrize("name", neo.__all__)
def test_public_name_exists_and_has_a_docstring(name: str) -> None:
    thing = getattr(neo, name)

    assert name == "policies" or inspect.getdoc(thing)


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_names_of_a_public_module_have_docstrings(module) -> None:
    assert [name for name in module.__all__ if not inspect.getdoc(getattr(module, name))] == []


def test_functions_of_neo_numpy_have_docstrings() -> None:
    import neo.numpy as nep

    functions = {n: f for n, f in vars(nep).items() if callable(f) and not n.startswith("_")}

    assert [name for name, f in functions.items() if not inspect.getdoc(f)] == []


def test_modules_that_are_seldom_used_load_when_they_are_asked_for() -> None:
    names = ["conventions", "control", "implicit", "interop", "ode"]
    code = f"import sys, neo; print([('neo.' + k in sys.modules, getattr(neo, k).__name__) for k in {names}])"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == str([(False, f"neo.{name}") for name in names])


def test_importing_neo_imports_no_optional_library() -> None:
    code = f"import sys, neo, neo.numpy; print([k for k in {OPTIONAL} if k in sys.modules])"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["numpy", "linalg", "fft", "special", "rules", "control"])
def test_a_module_of_neo_is_there_after_import_neo(name: str) -> None:
    code = f"import neo; print(neo.{name}.__name__)"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == f"neo.{name}"


def test_a_name_that_is_not_there_comes_with_one_that_is_like_it() -> None:
    for module, name, like in [
        (neo, "vale_and_grad", "value_and_grad"),
        (neo.numpy, "concatenate", "concat"),
        (neo.functions, "conv2d", "conv"),
    ]:
        with pytest.raises(AttributeError, match=f"Did you mean '{like}'"):
            getattr(module, name)
