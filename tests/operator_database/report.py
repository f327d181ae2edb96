"""All samples of all operations in the tables, counted; and the page of the documentation.

python -m operator_database.report docs/operator-database.md    # from tests/, some 40 seconds
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import torch

from .compare import Outcome, outcomes
from .differences import EXPLAINED
from .samples import DTYPES, OPERATIONS, samples
from .tables import TABLE

LIBRARIES = ["numpy", "torch"]
# What neo is to reach of the samples whose settings it has.
SHARES = {"float64": 0.985, "complex128": 0.97}


def run(per_operation: int | None = None) -> Iterator[Outcome]:
    """Yield the outcomes of every sample, or of the first so many of each operation and dtype."""
    for name in TABLE:
        for dtype in DTYPES:
            for sample in islice(samples(name, dtype), per_operation):
                yield from outcomes(sample, TABLE[name], LIBRARIES)


def counted(found: Iterable[Outcome]) -> dict[tuple[str, str], Counter[str]]:
    """Return how often each verdict was given, by dtype and library."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for outcome in found:
        counts.setdefault((outcome.dtype, outcome.library), Counter())[outcome.verdict] += 1
    return counts


def share(counts: Counter[str], lacking_counts: bool = False) -> float:
    """Return the share of samples that are equal; of those whose settings neo has, or of all."""
    total = sum(counts.values()) - (0 if lacking_counts else counts["lacking"])
    return counts["equal"] / total


def unexplained(found: Iterable[Outcome]) -> list[str]:
    """Return a line per sample that differs without an explanation."""
    wrong = [x for x in found if x.verdict not in ("equal", "lacking") and x.operation not in EXPLAINED]
    return [f"{x.label} over {x.library}: {x.verdict}: {x.reason}" for x in wrong]


PAGE = """# PyTorch's operator database

PyTorch tests its own operators with a database of sample inputs (`torch.testing`'s `op_db`). neo runs the
same samples: for {mapped} of its operations the tables in `tests/operator_database` say how the operation is
written with neo's functions, and the values and the gradients (a random cotangent, pulled back to every
operand) are compared with PyTorch's own, at 1e-6. Made by `python -m operator_database.report`, PyTorch
{version}.

| dtype | library | samples | equal | differ | share | share of all |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

*Share* is of the samples whose settings neo has; *share of all* counts the others, {lacking} in number, as
differences: random numbers of PyTorch's own (dropout, random slopes), another divisor for `avg_pool`, and the
positions that `adaptive_max_pool` may give. A sample that PyTorch itself refuses is not counted, nor one that
asks `max_pool` for positions as well. `max_unpool` is compared where no position is given twice: elsewhere
PyTorch's gradient counts elements that were overwritten, as its own tests note.

## Every difference

{differences}

## What is not in the tables

Operations that draw random numbers, make arrays of nothing, look at memory (strides, storage, views written
to) or exist for PyTorch's own machinery, and these: {missing}.
"""


def page(found: list[Outcome]) -> str:
    """Return the page of the documentation."""
    counts = counted(found)
    rows = [_row(*key, count) for key, count in counts.items()]
    lacking = {x.label for x in found if x.verdict == "lacking"}
    missing = [name for name in OPERATIONS if name not in TABLE and _could_be_mapped(name)]
    return PAGE.format(
        mapped=len(TABLE),
        version=torch.__version__.partition("+")[0],
        rows="\n".join(rows),
        lacking=len(lacking),
        differences="\n".join([f"- `{name}`: {why}" for name, why in sorted(EXPLAINED.items())]),
        missing=", ".join([f"`{name}`" for name in missing]),
    )


def _row(dtype: str, library: str, count: Counter[str]) -> str:
    known = sum(count.values()) - count["lacking"]
    shares = f"{share(count):.2%} | {share(count, lacking_counts=True):.2%}"
    return f"| {dtype} | {library} | {known} | {count['equal']} | {known - count['equal']} | {shares} |"


def _could_be_mapped(name: str) -> bool:
    operation = OPERATIONS[name]
    return bool(operation.supports_autograd) and torch.float64 in operation.dtypes and name[0] != "_"


def main() -> None:
    """Write the page, and print what differs without an explanation."""
    torch.set_num_threads(1)
    found = list(run())
    Path(sys.argv[1]).write_text(page(found))
    print("\n".join(unexplained(found)) or "every difference is explained")


if __name__ == "__main__":
    main()
