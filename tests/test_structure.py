"""The shape of the package: floors, names, imports, the length of modules."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

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


def _imported(path: Path) -> set[str]:
    """Return the full names of what a module imports, by statement or by import_module."""
    package = [*path.relative_to(ROOT.parent).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
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


@pytest.mark.parametrize("path", MODULES, ids=_module)
def test_module_imports_downwards_only(path: Path) -> None:
    own = _floor(_module(path))
    # The package's own names come from every floor, so only what stands on the last may use them.
    upward = [
        name
        for name in _imported(path)
        if own is not None and name.partition(".")[0] == "neo" and (_floor(name) or 0) > own
    ]

    assert [name for name in upward if (_module(path), name) not in LATE] == []


# Imports inside a function, on a call: the namespace of an array is the module `neo.numpy`.
LATE = {
    ("neo.ops.namespace", "neo.numpy"),
    ("neo.ops.protocols", "neo.numpy"),
    ("neo.ops.protocols", "neo.linalg"),
}


BRIDGES = ("neo.backends", "neo.interop.", "neo.testing.adapters", "neo.testing.oracles")


@pytest.mark.parametrize("path", MODULES, ids=_module)
def test_only_backends_and_bridges_import_an_array_library(path: Path) -> None:
    roots = {name.partition(".")[0] for name in _imported(path)}

    # A bridge is a library's own autograd beside neo's: it is about that library, and loads on its own.
    assert _module(path).startswith(BRIDGES) or not roots & LIBRARIES


@pytest.mark.parametrize("path", MODULES, ids=_module)
def test_every_module_stands_on_a_floor(path: Path) -> None:
    assert _module(path) == "neo" or _floor(_module(path)) is not None


@pytest.mark.parametrize("path", MODULES, ids=_module)
def test_module_has_at_most_400_lines_and_says_what_it_does(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) <= 400
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", MODULES, ids=_module)
def test_module_has_no_exec_eval_or_global(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))

    assert not [n for n in nodes if isinstance(n, ast.Global)]
    assert not [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") in ("exec", "eval")]


@pytest.mark.parametrize("path", MODULES, ids=_module)
def test_module_reads_what_an_array_holds_as_held(path: Path) -> None:
    attributes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)]

    # `data` is for users, whom a traced array refuses; a backend stands where no array is traced.
    assert _module(path).startswith("neo.backends") or not [
        n.lineno for n in attributes if n.attr == "data" and isinstance(n.ctx, ast.Load)
    ]


@pytest.mark.parametrize("path", MODULES, ids=_module)
def test_function_has_at_most_forty_lines_of_code(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text()))
    functions = [n for n in nodes if isinstance(n, ast.FunctionDef) and not _holds_functions(n)]

    assert [f.name for f in functions if _lines_of_code(f) > 40] == []


def _holds_functions(function: ast.FunctionDef) -> bool:
    return any(isinstance(n, ast.FunctionDef) for n in function.body)


def _lines_of_code(function: ast.FunctionDef) -> int:
    first = function.body[1 if ast.get_docstring(function) and len(function.body) > 1 else 0]
    return (function.end_lineno or 0) - first.lineno + 1


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
