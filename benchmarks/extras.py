"""What is measured beside the race: bookkeeping, the seed's figure, memory, import, scaling."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from race import BASE, contestants
from timing import above, alternate
from workloads import Workload, chain, chain_arrays

TAPES = {
    "neo over NumPy": "raw NumPy by hand",
    "neo over Torch": "raw Torch by hand",
    BASE: "raw Torch by hand",
    "HIPS autograd": "raw NumPy by hand",
}


def bookkeeping(calls: int, n: int, blocks: int) -> list[dict[str, Any]]:
    """Return microseconds per elementwise call, forward and backward, above the raw calls by hand.

    The chain sin, multiply, tanh, add on n numbers, recorded by each tape, and the same raw calls,
    as `timing.above` has it. `to PyTorch` is the share of PyTorch's own, which travels.
    """
    workload = Workload(
        "chain", partial(chain_arrays, n), partial(chain, calls=calls), 1, "chain", updates=False
    )
    found, _ = contestants(workload, [*TAPES, *set(TAPES.values())])
    rows = [
        _row(tape, calls, n, *above(found[tape], found[raw], blocks))
        for tape, raw in TAPES.items()
        if tape in found and raw in found
    ]
    base = next((row["bookkeeping us"] for row in rows if row["tape"] == BASE), None)
    return [row | ({"to PyTorch": row["bookkeeping us"] / base} if base else {}) for row in rows]


def _row(tape: str, calls: int, n: int, run: float, raw: float, spread: float) -> dict[str, Any]:
    return {
        "tape": tape,
        "calls": calls,
        "numbers": n,
        "us per call": 1e6 * run / calls,
        "bookkeeping us": 1e6 * (run - raw) / calls,
        "spread": 1e6 * spread / calls,
    }


def scaling(blocks: int) -> list[dict[str, Any]]:
    """Return the same for chains of 10 to 10,000 calls, and on 10 to 1e5 numbers."""
    depths = [row for calls in (12, 100, 1000, 10_000) for row in bookkeeping(calls, 10, blocks)]
    return depths + [row for n in (1000, 100_000) for row in bookkeeping(100, n, blocks)]


def seed_figure(sizes: list[int], runs: int) -> list[dict[str, Any]]:
    """Return milliseconds of the backward pass of X @ Y + b, n by n, the seed's own figure."""
    return [
        {"size": n, "tape": name, "ms": 1e3 * t.median, "runs": t.rounds}
        for n in sizes
        for name, t in alternate(_pulls(n), max(3, min(runs, runs * 512**3 // n**3)), warmup=1).items()
    ]


def _pulls(n: int) -> dict[str, Callable[[], Any]]:
    import neo

    rng = np.random.default_rng(0)
    x, y, b, g = [rng.normal(size=s).astype(np.float32) for s in ((n, n), (n, n), (n,), (n, n))]
    affine = lambda x, y, b: x @ y + b  # noqa: E731
    _, pull = neo.vjp(affine, x, y, b)
    found: dict[str, Callable[[], Any]] = {"neo over NumPy": lambda: pull(g)}
    try:
        import torch
    except ImportError:
        return found
    arrays = [torch.asarray(a.copy()) for a in (x, y, b)]
    seed = torch.asarray(g)
    _, pull_torch = neo.vjp(affine, *arrays)
    leaves = [a.clone().requires_grad_() for a in arrays]
    out = affine(*leaves)
    found["neo over Torch"] = lambda: pull_torch(seed)
    found[BASE] = lambda: torch.autograd.grad(out, leaves, seed, retain_graph=True)
    return found


# Linux counts the peak of a process anew once a 5 is written to its clear_refs.
_MEMORY = """
import sys
sys.path.insert(0, {here!r})
from functools import partial
from pathlib import Path
from race import prepared
from workloads import WORKLOADS, Workload, chain, chain_arrays
def chain_of(n, calls):
    return Workload("chain", partial(chain_arrays, n), partial(chain, calls=calls), 1, "chain", updates=False)
def kB(name):
    (line,) = [x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(name)]
    return int(line.split()[1])
workload = chain_of(100_000, 400) if {which!r} == "chain" else WORKLOADS[{which!r}]
prepared(chain_of(8, 8), {name!r})
Path("/proc/self/clear_refs").write_text("5")
before = kB("VmRSS")
prepared(workload, {name!r})
print((kB("VmHWM") - before) / 1024)
"""


def memory(names: list[str], runs: int = 3) -> list[dict[str, Any]]:
    """Return the megabytes by which a process grows at most, each library in a process of its own.

    For a chain of 400 calls on 1e5 numbers, and for the MNIST step: value and gradient once. The least of
    several runs: the system may give a process more than it asked for, by whole huge pages.
    """
    here = str(Path(__file__).parent)
    found = []
    for which in ("chain", "MNIST step"):
        for name in names:
            code = _MEMORY.format(here=here, which=which, name=name)
            run = partial(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True)
            done = [run(check=False) for _ in range(runs)]
            grown = [float(one.stdout.split()[-1]) for one in done if one.returncode == 0]
            if grown:
                found.append({"workload": which, "name": name, "MB": min(grown)})
    return found


def import_time(runs: int = 7) -> dict[str, float]:
    """Return the milliseconds that a fresh process takes to import NumPy, and then neo."""
    code = (
        "import time; a = time.perf_counter(); import numpy; b = time.perf_counter(); import neo; "
        "print(1e3 * (b - a), 1e3 * (time.perf_counter() - b))"
    )
    lines = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(runs)
    ]
    numpy, neo = [statistics.median(float(line[k]) for line in lines) for k in (0, 1)]
    return {"numpy ms": numpy, "neo beyond it ms": neo}
