"""The command line, `python -m neo` or `neo`: what is here, whether it works, what a tape looks like."""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import neo
import neo.numpy as nep
from neo.errors import short_name

NEXT = "Next: neo.value_and_grad(f)(x) gives f(x) and its gradient; help(neo.value_and_grad) shows how."


def main(given: list[str] | None = None) -> int:
    """Run a command; without one, `backends` and `tape`. Return 1 when a check failed, else 0.

    A command that is interrupted (Ctrl-C) returns 130.
    """
    parser = _parser()
    options, further = parser.parse_known_args(given)
    if options.run in HANDING_ON:
        options.given = further
    elif further:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    try:
        result: int = options.run(options)
    except KeyboardInterrupt:
        print("\nneo: stopped", file=sys.stderr)
        return 130
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="neo", description=neo.__doc__.partition("\n")[0])
    parser.add_argument("--version", action="version", version=f"neo {neo.__version__}")
    parser.set_defaults(run=_overview)
    commands = parser.add_subparsers(title="commands (without one: backends and tape)", metavar="command")
    for name, (run, what) in COMMANDS.items():
        made = commands.add_parser(name, help=what, description=what, add_help=run not in HANDING_ON)
        made.set_defaults(run=run)
    return parser


def _overview(options: argparse.Namespace) -> int:
    print(f"neo {neo.__version__}: {neo.__doc__.partition(': ')[2].partition(chr(10))[0]}\n")
    failed = _backends(options)
    print()
    _tape(options)
    print(f"\n{NEXT}")
    return failed


def _backends(options: argparse.Namespace) -> int:
    """Print a line per backend and device; return 1 if a gradient is wrong on one of them."""
    installed = neo.backends.available()
    rows = [row for name in installed for row in _rows(name)]
    print(_LINE.format("backend", "version", "device", "gradient beside finite differences"))
    for *words, _ in rows:
        print(_LINE.format(*words).rstrip())
    absent = [name for name in neo.backends.names() if name not in installed]
    print("\nnot installed" if absent else "", end="\n" if absent else "")
    for name in absent:
        print(f"{name:<16}  {neo.backends.how_to_install(name)}")
    return int(any(failed for *_, failed in rows))


_LINE = "{:<16}  {:<13}  {:<8}  {}"


def _rows(name: str) -> Iterator[tuple[str, str, str, str, bool]]:
    """Yield (backend, version, device, verdict, whether it failed) for every device of a backend."""
    try:
        backend = neo.backends.get(name)
        devices = backend.devices()
    except Exception as error:  # whatever a broken installation raises
        yield name, "-", "-", f"does not load: {_first_line(error)}", True
        return
    if not devices:
        yield name, _version(backend), "none", "no device found", False
    for device in devices:
        yield name, _version(backend), device, *_verdict(name, device)


def _version(backend: Any) -> str:
    """Return the version of the library's package, which has the name of its module."""
    try:
        return version(neo.backends.module_of(backend.name))
    except PackageNotFoundError:
        return "-"


def _verdict(backend: str, device: str) -> tuple[str, bool]:
    try:
        error, bound, dtype = gradient_error(backend, device)
    except Exception as error:
        return f"fails: {type(error).__name__}: {_first_line(error)}", True
    word = "agrees" if error <= bound else "DIFFERS"
    return f"{word}, relative error {error:.0e} in {dtype}", error > bound


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _example(x: Any, weight: Any) -> Any:
    return nep.sum(nep.tanh(x @ weight), axis=0)


def gradient_error(backend: str, device: str) -> tuple[float, float, str]:
    """Return the relative error of a gradient along a direction, its bound, and the dtype used.

    The gradient is compared with a central difference: of step h it is off by about h ** 2 from
    truncation and eps / h from rounding, least, at eps ** (2 / 3), for h = eps ** (1 / 3).
    """
    dtype = _widest(backend, device)
    x, weight, v, w = [neo.asarray(a.astype(dtype), device=device, backend=backend) for a in _values()]
    step = float(np.finfo(dtype).eps) ** (1 / 3)

    def along(weight: Any) -> Any:
        return nep.sum(_example(x, weight) * w)

    slope = _number(nep.sum(neo.grad(along)(weight) * v))
    quotient = (_number(along(weight + step * v)) - _number(along(weight - step * v))) / (2 * step)
    return abs(slope - quotient) / abs(slope), 10 * step**2, dtype


def _widest(backend: str, device: str) -> str:
    """Return float64, or float32 where that becomes it: in JAX as it comes; an MPS device has none."""
    if device.startswith("mps"):
        return "float32"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # JAX warns of it
        given = neo.asarray(0.5, dtype="float64", device=device, backend=backend)
    return "float32" if short_name(given.dtype) == "float32" else "float64"


def _values() -> list[np.ndarray]:
    """Return x, a weight, a direction in which to move it, and weights of the results."""
    grid = [np.arange(n, dtype="float64").reshape(shape) for n, shape in SHAPES]
    return [np.sin(k + 1.0 + a) for k, a in enumerate(grid)]


SHAPES = [(12, (4, 3)), (6, (3, 2)), (6, (3, 2)), (2, (2,))]


def _number(x: Any) -> float:
    return float(neo.asarray(x).numpy())


def _tape(options: argparse.Namespace) -> int:
    """Print a small function and the tape of its run."""
    _, tape = neo.trace(_example)(neo.ones((64, 784), dtype="float32"), neo.ones((784, 256), dtype="float32"))
    print("The tape of neo.trace(lambda x, weight: nep.sum(nep.tanh(x @ weight), axis=0))(x, weight):\n")
    print("\n".join([f"    {line}" for line in str(tape).splitlines()]))
    return 0


def _bench(options: argparse.Namespace) -> int:
    """Run the benchmarks of the source, which an installed package does not carry."""
    places = [Path(__file__).parents[2] / "benchmarks", Path.cwd() / "benchmarks"]
    suite = next((place / "suite.py" for place in places if (place / "suite.py").is_file()), None)
    if suite is None:
        print(
            f"neo bench: no benchmarks in {' or '.join(map(str, places))}. They come with the source, not "
            f"with the installed package: run this in a clone of it, or in an unpacked source distribution."
        )
        return 1
    # In a process of its own: the threads of the libraries are set before they are imported.
    process = subprocess.Popen([sys.executable, str(suite), *options.given])
    try:
        return process.wait()
    except KeyboardInterrupt:  # it has reached that process too, which ends with what it has measured
        return process.wait()


def _check(options: argparse.Namespace) -> int:
    """Check a gradient; neo.testing is loaded for this alone."""
    if find_spec("hypothesis") is None:
        print("neo check needs hypothesis: pip install 'neo-autodiff[testing]'", file=sys.stderr)
        return 2
    command: Any = import_module("neo.testing.command")
    result: int = command.run(options.given)
    return result


def _conformance(options: argparse.Namespace) -> int:
    """Run every operation on an array library."""
    command: Any = import_module("neo.testing.conformance")
    result: int = command.run(options.given)
    return result


# Commands that read their own options, --help among them.
HANDING_ON = (_bench, _check, _conformance)

# A command's name: the function that runs it, and what its help says.
COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
    "backends": (_backends, "list array libraries and devices, and check a gradient on each"),
    "bench": (_bench, "run the benchmarks of the source beside other libraries; --help for its options"),
    "check": (_check, "check a gradient: neo check package.module:Policy; --help for its options"),
    "conformance": (_conformance, "run every operation on an array library; --help for its options"),
    "tape": (_tape, "print the tape of a small function"),
}
