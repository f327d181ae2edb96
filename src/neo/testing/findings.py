"""What a check found: findings, the report that holds them, and the error that carries it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# Every kind of finding, with what it means. docs/testing.md shows this table.
KINDS = {
    "forward_raises": "forward raises at operands that it was said to take",
    "backward_raises": "backward raises",
    "wrong_count": "backward returns another number of gradients than there are operands",
    "not_an_array": "a gradient, or a result, is a list, a number or something else that is no array",
    "missing_gradient": "a gradient is None although the result moves with that operand",
    "missing_broadcast_sum": "a gradient has the shape of the result, not summed to that of its operand",
    "wrong_shape": "a gradient has another shape than its operand",
    "wrong_dtype": "a gradient has another dtype than its operand",
    "wrong_device": "a gradient is on another device than its operand",
    "wrong_library": "a gradient is an array of another library than its operand",
    "wrong_gradient": "the gradient is not the slope of the function",
    "wrong_conjugate": "the gradient would be right with a complex conjugate more, or less",
    "wrong_at_kink": "at a kink the gradient is not between the slopes on both sides",
    "wrong_convention": "at a kink the gradient is not what the Policy declares there",
    "nan_gradient": "the gradient is NaN where the function is finite and has a slope, an infinite one too",
    "wrong_second_order": "the gradient of the gradient is not its slope; at higher orders likewise",
    "second_order_raises": "the gradient cannot be differentiated, although that order was asked for",
    "wrong_forward_mode": "forward mode is not the transposed reverse mode",
    "wrong_batch": "a rule for a batch axis gives other results than one example after the other",
    "wrong_in_dtype": "the gradient is right in double precision and wrong in another dtype",
    "backends_disagree": "two libraries give different gradients at the same numbers",
    "values_disagree": "two libraries, or two dtypes, give different results at the same numbers",
    "not_repeatable": "the same call gives another result or gradient the second time",
    "stale_save": "a later call changes what an earlier one had saved",
    "mutates_operand": "forward or backward writes into an operand",
    "mutates_cotangent": "backward writes into the gradient that it is given",
    "mutates_result": "backward, or a later call, writes into the result",
    "mutates_saved": "backward writes into what forward saved",
    "not_linear": "the gradient is not linear in the gradient of the result",
    "nonzero_at_zero": "a zero gradient of the result gives another gradient than zero",
    "ignores_needs": "a gradient changes, or backward raises, when other operands need none",
    "wrong_when_shared": "one array that is given for two operands has another gradient than two equal ones",
    "depends_on_layout": "non-contiguous, reversed or read-only operands give another gradient",
    "spreads_nan": "a NaN in one element makes gradients of other elements NaN",
    "not_thread_safe": "calls in several threads at once give other gradients than one by one",
    "leaks": "operands or results live on after the call and its pull-back are gone",
    "outside_domain": "a strategy draws operands outside of the domain that the Policy declares",
    "nothing_compared": "no example could be compared with anything, so that nothing is shown",
}


# What a shell takes for the exit code of a command that was interrupted.
STOPPED = 130
# How many reasons of forward's to refuse an example a report prints.
REFUSALS = 3


@dataclass
class Finding:
    """One thing that is wrong, with all that is known of it.

    kind: a name of the table in the documentation. operation, argument, entry: where. analytic,
    numeric, bound: the gradient's slope, what it should be, and how far apart they may be.
    only: what the examples that fail have in common and those that pass have not.
    example: the operands and settings, shrunk. program: five lines that show it.
    """

    kind: str
    message: str
    operation: str = ""
    argument: str = ""
    entry: tuple[int, ...] | None = None
    analytic: float | None = None
    numeric: float | None = None
    bound: float | None = None
    backend: str = ""
    dtype: str = ""
    order: int = 1
    only: str = ""
    example: str = ""
    program: str = ""

    def __str__(self) -> str:
        where = f" of {self.argument}" if self.argument else ""
        where += f" at {self.entry}" if self.entry is not None else ""
        lines = [f"{self.kind}: {self.operation}{where}, {self.backend} {self.dtype}, order {self.order}"]
        lines.append(f"  {self.message}")
        if self.numeric is not None:
            apart = f"they may differ by {self.bound:.2g}"
            lines.append(f"  gradient {self.analytic:.12g}, slope {self.numeric:.12g}, {apart}")
        lines += [f"  {name}: {text}" for name, text in (("only", self.only), ("at", self.example)) if text]
        if self.program:
            lines.append("  to see it:\n" + "\n".join([f"    {line}" for line in self.program.splitlines()]))
        return "\n".join(lines)


@dataclass
class Row:
    """What was checked of one operation on one backend, in one dtype, to one order."""

    operation: str
    backend: str
    dtype: str
    order: int
    examples: int = 0
    compared: int = 0
    kinks: int = 0
    unknown: int = 0
    worst: float = 0.0
    findings: int = 0


@dataclass
class Report:
    """What a check did and found.

    examples: how many were run. kinks: how many slopes had a kink. unknown: how many no difference
    could tell (at a jump, beside an infinite slope). worst: the largest error of a right gradient,
    in units of its bound. skipped: backends, and modes, that were not run, with the reason.
    refused: why forward did not take some of the shapes that were tried. rows: per backend, dtype and
    order. drawn: Hypothesis's own statistics. seed: what gives the same examples again. interrupted:
    whether it was stopped (Ctrl-C) before it was done.
    """

    operation: str
    examples: int = 0
    kinks: int = 0
    unknown: int = 0
    worst: float = 0.0
    seed: int = 0
    profile: str = "quick"
    backends: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    interrupted: bool = False

    def row(self, backend: str, dtype: str, order: int) -> Row:
        """Return the row of that backend, dtype and order, made on first use."""
        for row in self.rows:
            if (row.backend, row.dtype, row.order) == (backend, dtype, order):
                return row
        self.rows.append(Row(self.operation, backend, dtype, order))
        return self.rows[-1]

    def total(self) -> None:
        """Sum the rows up."""
        self.kinks = sum([row.kinks for row in self.rows])
        self.unknown = sum([row.unknown for row in self.rows])
        self.worst = max([row.worst for row in self.rows], default=0.0)
        for row in self.rows:
            found = [f for f in self.findings if (f.backend, f.dtype) == (row.backend, row.dtype)]
            row.findings = sum([min(f.order, 2) == row.order for f in found])

    def __str__(self) -> str:
        count = len(self.findings)
        verdict = f"{count} finding{'s' if count > 1 else ''}" if count else "right"
        if self.interrupted:
            verdict = f"stopped before it was done; {verdict if count else 'nothing wrong'} so far"
        where = ", ".join(self.backends) or "nothing"
        lines = [
            f"{self.operation}: {verdict}. {self.examples} examples on {where}; "
            f"{self.kinks} kinks, {self.unknown} slopes unknown; worst error {self.worst:.2g} of its bound"
        ]
        lines += [f"  skipped {name}: {why}" for name, why in self.skipped.items()]
        refused = list(self.refused.items())
        lines += [f"  not taken by forward, {count} times: {why}" for why, count in refused[:REFUSALS]]
        if len(refused) > REFUSALS:
            lines.append(f"  not taken by forward, for {len(refused) - REFUSALS} more reasons")
        return "\n".join([*lines, *map(str, self.findings)])

    def as_dict(self) -> dict[str, Any]:
        """Return the report as what JSON has: dicts, lists, strings and numbers."""
        return asdict(self)


class GradientMismatch(AssertionError):  # noqa: N818  # what it is, as users say it
    """A check failed.

    `report` has all that it did, and `report.findings` what is wrong.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> Any:
        return GradientMismatch, (self.report,)


class Stopped(KeyboardInterrupt):
    """A check was interrupted (Ctrl-C). `report` has what it did until then."""

    def __init__(self, report: Any) -> None:
        super().__init__(str(report))
        self.report = report


def save(reports: Iterable[Report], path: str | Path) -> Path:
    """Write reports as JSON, and the page of them beside it; return the page's path.

    path: of the JSON file; the page has the same name with the ending `.html`.
    """
    return write([report.as_dict() for report in reports], path)


def write(rows: list[dict[str, Any]], path: str | Path) -> Path:
    """Do what save does, for reports that are dicts already."""
    from .page import page

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"neo": 1, "reports": rows}, indent=1, default=str), encoding="utf-8")
    beside = path.with_suffix(".html")
    beside.write_text(page(rows), encoding="utf-8")
    return beside
