"""`neo check package.module:Policy`: a gradient check from the command line."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Any

from .asked import DTYPES, PROFILES
from .check import examine
from .findings import STOPPED, Report, Stopped, save
from .interrupting import interruptible

BAR = 24


def run(given: list[str]) -> int:
    """Check what the command line names; return 0, 1 when anything is wrong, 2 when nothing was run.

    An interrupted check (Ctrl-C) shows what it did until then, and returns 130.
    """
    options = _parser().parse_args(given)
    try:
        report = _examined(options)
        print(report)
        print(_rows(report), end="")
        if options.report:
            print(f"  the page: {save([report], options.report)}")
    except (ImportError, TypeError, ValueError) as error:
        print(f"neo check: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"neo check: the report cannot be written to {options.report}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before the check had begun, or while its report was printed
        print("\nneo check: stopped", file=sys.stderr)
        return STOPPED
    return STOPPED if report.interrupted else int(bool(report.findings))


def _examined(options: argparse.Namespace) -> Report:
    """Return the report of the check that was asked for: of a stopped one, what it did until then."""
    try:
        with interruptible(_progress if sys.stderr.isatty() else None) as progress:
            return examine(
                named(options.policy),
                inputs=options.inputs and named(options.inputs),
                settings=options.settings and named(options.settings),
                backends=options.backend or "all",
                dtypes=options.dtype or ("float64",),
                orders=tuple(range(1, options.order + 1)),
                profile=options.profile,
                seed=options.seed,
                examples=options.examples,
                progress=progress,
            )
    except Stopped as stopped:
        print("\nneo check: stopped; --examples makes it shorter", file=sys.stderr)
        report: Report = stopped.report
        return report


def _rows(report: Any) -> str:
    """Return a line per library, dtype and order that was checked, in columns."""
    rows = [row for row in report.rows if row.examples]
    wide = max([len(f"{row.backend} {row.dtype}") for row in rows], default=0)
    return "".join(
        [
            f"  {f'{row.backend} {row.dtype}':<{wide}}  order {row.order}  {row.examples:>4} examples  "
            f"{_verdict(row, report.interrupted)}\n"
            for row in rows
        ]
    )


def _verdict(row: Any, interrupted: bool) -> str:
    if row.findings:
        return "WRONG"
    if interrupted and not row.compared:
        return "nothing compared before it was stopped"
    return f"worst error {row.worst:.2g} of its bound" if row.worst else "agrees"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="neo check", description="Check the gradient of a Policy.")
    parser.add_argument("policy", help="package.module:Policy, or the name of a function of it")
    parser.add_argument(
        "--backend", action="append", help="an array library; may be given again (default: all)"
    )
    parser.add_argument("--examples", type=_count, help="how many examples to draw")
    parser.add_argument(
        "--dtype", action="append", choices=DTYPES, help="may be given again (default: float64)"
    )
    parser.add_argument("--order", type=_count, default=2, help="up to which derivative (default: 2)")
    parser.add_argument("--inputs", help="package.module:strategy for the operands")
    parser.add_argument("--settings", help="package.module:dict of strategies by keyword")
    parser.add_argument("--profile", default="quick", choices=list(PROFILES))
    parser.add_argument("--seed", type=int, help="another one draws other examples")
    parser.add_argument(
        "--report", metavar="FILE.json", help="write the report there, and its page beside it"
    )
    return parser


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def named(name: str) -> Any:
    """Return what `package.module:name` names. Raises ImportError where there is no such thing."""
    module, _, attribute = name.partition(":")
    if not attribute:
        raise ImportError(f"{name!r} names no object; write package.module:Name")
    if "" not in sys.path:
        sys.path.insert(0, "")  # modules of the directory that the command runs in
    found: Any = _imported(module)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ImportError(f"{module} has no {attribute!r}")
        found = getattr(found, part)
    return found


def _imported(module: str) -> Any:
    """Return a module. Raises ImportError, in words of its own, for one that is not there or raises."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise ImportError(
                f"there is no module {module!r} here: neither installed nor in the folder that this runs in. "
                f"Write package.module:Name, and run where the package is"
            ) from error
        raise ImportError(f"{module!r} needs {error.name!r}, which is not installed") from error
    except Exception as error:
        raise ImportError(f"importing {module!r} raised {type(error).__name__}: {error}") from error


def _progress(what: str, done: int, total: int) -> None:
    filled = BAR * done // max(total, 1)
    end = "\n" if done >= total else ""
    print(
        f"\r  {what:<24} {'█' * filled}{'░' * (BAR - filled)} {done}/{total}",
        end=end,
        file=sys.stderr,
        flush=True,
    )
