"""Run the public conformance suite of the array API standard on neo and on array-api-compat.

    git clone --recurse-submodules https://github.com/data-apis/array-api-tests
    pip install -r array-api-tests/requirements.txt
    python tests/conformance/run.py array-api-tests --library torch --max-examples 20

A library's arrays are tested through neo.numpy and through array-api-compat's wrapper of the same
library. A test that fails only through neo is a fault of neo, and the exit status is then 1.
A failure may hang on which examples were drawn, so a test that fails only through neo runs on the
wrapper again, with more examples, before it counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

VERSION = "2025.12"
# The suite takes code in place of a module's name.
NEO = "exec('import neo; xp = neo.zeros(1, backend=\"{}\").__array_namespace__()')"
# How many times as many examples the wrapper gets for a test that failed only through neo.
AGAIN = 20


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    options = _options()
    failed = False
    for library in options.library or ["numpy", "torch"]:
        ours = _failures(options, NEO.format(library), options.tests, options.max_examples)
        theirs = set() if options.neo_only else _wrapper_failures(options, library, ours)
        _print(f"{library}: fails through neo and through its wrapper", ours & theirs)
        _print(f"{library}: fails through its wrapper only", theirs - ours)
        _print(f"{library}: fails through neo only", ours - theirs)
        failed = failed or bool(ours - theirs)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", type=Path, help="a clone of data-apis/array-api-tests, with its submodule")
    parser.add_argument("tests", nargs="*", help="files or ids of tests in the suite (default: all)")
    parser.add_argument("--library", action="append", help="numpy, torch, ... (default: numpy, then torch)")
    parser.add_argument("--max-examples", type=int, default=20, help="examples per test (default: 20)")
    parser.add_argument("--neo-only", action="store_true", help="leave the wrappers out")
    return parser.parse_args()


def _wrapper_failures(options: argparse.Namespace, library: str, ours: set[str]) -> set[str]:
    """Return the tests that fail for the wrapper, those that failed only for neo tried harder."""
    module = "array_api_strict" if library == "array_api_strict" else f"array_api_compat.{library}"
    theirs = _failures(options, module, options.tests, options.max_examples)
    unclear = sorted(ours - theirs)
    if not unclear:
        return theirs
    return theirs | _failures(options, module, unclear, AGAIN * options.max_examples)


def _failures(options: argparse.Namespace, module: str, tests: list[str], examples: int) -> set[str]:
    """Return the ids of the suite's tests that fail for a module."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=short",
            "-p",
            "no:cacheprovider",
            "-p",
            "no_shrinking",
            "--disable-warnings",
            f"--junitxml={report}",
            f"--max-examples={examples}",
            "--disable-deadline",
            "--derandomize",
            *(tests or ["array_api_tests"]),
        ]
        print(f"# {module}", flush=True)
        done = subprocess.run(command, cwd=options.suite, env=_environment(module), check=False)
        if not report.exists():
            raise SystemExit(f"the suite gave no report for {module}: exit status {done.returncode}")
        return {_id(case) for case in ElementTree.parse(report).iter("testcase") if _is_failure(case)}


def _environment(module: str) -> dict[str, str]:
    folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "ARRAY_API_TESTS_MODULE": module,
        "ARRAY_API_TESTS_VERSION": VERSION,
        "PYTHONPATH": os.pathsep.join([folder for folder in folders if folder]),
    }


def _is_failure(case: ElementTree.Element) -> bool:
    return case.find("failure") is not None or case.find("error") is not None


def _id(case: ElementTree.Element) -> str:
    """Return the id that pytest takes, from the report's dotted class name."""
    parts = case.get("classname", "").split(".")
    end = next((k for k, part in enumerate(parts, 1) if part.startswith("test_")), len(parts))
    return "::".join(["/".join(parts[:end]) + ".py", *parts[end:], case.get("name", "")])


def _print(title: str, tests: set[str]) -> None:
    print(f"\n{title}: {len(tests)}")
    for test in sorted(tests):
        print(f"  {test}")


if __name__ == "__main__":
    sys.exit(main())
