"""neo beside raw calls and beside other libraries: time, bookkeeping, memory, in one run.

usage: neo bench, or python benchmarks/suite.py; --help says more
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

# Before any library reads them: one thread against one thread, and JAX on the CPU like the rest.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
sys.path.insert(0, str(Path(__file__).parent))

import checker
import extras
import report
from libraries import LIBRARIES, SLOW
from race import BASE, BY_HAND, race
from results import machine, save
from workloads import WORKLOADS

PARTS = ("race", "bookkeeping", "scaling", "seed", "memory", "import", "checker")
# What a shell takes for the exit code of a command that was interrupted.
STOPPED = 130


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="neo bench", description=__doc__.partition("\n")[0])
    names = [*LIBRARIES, *BY_HAND]
    made.add_argument("--workloads", metavar="A,B", help=f"of: {', '.join(WORKLOADS)}")
    made.add_argument(
        "--libraries",
        metavar="A,B",
        help=f"of: {', '.join(names)}; 'all' for these (default: without {' and '.join(SLOW)})",
    )
    made.add_argument("--parts", metavar="A,B", help=f"of: {', '.join(PARTS)} (default: all)")
    made.add_argument("--seconds", type=float, default=15, help="about how long each workload races")
    made.add_argument("--output", metavar="DIR", help="write the figures as JSON, and a plot, there")
    return made


def chosen(given: str | None, known: Any, default: Any, what: str) -> list[str]:
    """Return the names given; raise SystemExit for one that is unknown."""
    names = list(default) if given is None else list(known) if given == "all" else given.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"neo bench: unknown {what} {unknown[0]!r}; known: {', '.join(known)}")
    return names


def measured(parts: list[str], workloads: list[str], names: list[str], seconds: float) -> dict[str, Any]:
    """Return all figures, printing each part as it is done; those there are when it is interrupted."""
    found: dict[str, Any] = {"machine": machine(), "race": []}
    try:
        _measure(found, parts, workloads, names, seconds)
    except KeyboardInterrupt:
        print("\nneo bench: stopped; the figures are those measured until then", file=sys.stderr)
        found["interrupted"] = True
    return found


def _measure(
    found: dict[str, Any], parts: list[str], workloads: list[str], names: list[str], seconds: float
) -> None:
    for name in workloads if "race" in parts else []:
        found["race"].append(race(WORKLOADS[name], names, seconds))
        print(report.table(found["race"][-1]), end="\n\n", flush=True)
    rounds = max(3, int(seconds * 2))
    others = {
        "bookkeeping": lambda: extras.bookkeeping(400, 10, 4 * rounds),
        "scaling": lambda: extras.scaling(max(6, rounds // 2)),
        "seed": lambda: extras.seed_figure([64, 128, 256, 512, 1024, 2048] if seconds > 1 else [64], 100),
        "memory": lambda: extras.memory([name for name in names if name not in SLOW]),
        "import": lambda: [extras.import_time()],
        "checker": lambda: checker.per_example(max(1, int(seconds / 3))),
    }
    for part, run in others.items():
        if part in parts:
            found[part] = run()
            print(report.rows(part, found[part]), end="\n\n", flush=True)


def main(given: list[str] | None = None) -> int:
    options = parser().parse_args(given)
    parts = chosen(options.parts, PARTS, PARTS, "part")
    workloads = chosen(options.workloads, WORKLOADS, WORKLOADS, "workload")
    every = [*LIBRARIES, *BY_HAND]
    names = chosen(options.libraries, every, [name for name in every if name not in SLOW], "library")
    names.sort(key=lambda name: name != BASE)  # first: the others are checked against it
    found = measured(parts, workloads, names, options.seconds)
    if options.output:
        folder = Path(options.output)
        folder.mkdir(parents=True, exist_ok=True)
        stem = folder / (date.today().isoformat() + "-interrupted" * ("interrupted" in found))
        save(f"{stem}-suite.json", found)
        written = report.plot(found["race"], f"{stem}-ratios.png") if found["race"] else ""
        print(f"written to {stem}-suite.json{written}")
    return STOPPED if "interrupted" in found else 0


if __name__ == "__main__":
    raise SystemExit(main())
