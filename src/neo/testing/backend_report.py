"""What `check_backend` reports: a row per operation, as text or as a section of a page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

WORKS, MISSING, WRONG = "works", "missing", "wrong"


@dataclass(frozen=True)
class Row:
    """What one operation does on a library.

    status: `works`, `missing` (the library cannot do it, and says so) or `wrong` (it gives other
    numbers, shapes or dtypes than NumPy does). stage: of the first trouble: `value`, `gradient` or
    `second gradient`. detail: what was said, or what differed by how much. tried: how many examples.
    """

    operation: str
    status: str
    stage: str
    detail: str
    tried: int

    def __str__(self) -> str:
        return f"{self.operation:<24} {self.status:<8} {self.stage:<16} {self.detail}".rstrip()


@dataclass(frozen=True)
class BackendReport:
    """What `check_backend` found: a row per operation, in alphabetical order. Print it.

    left: how many operations were not run, since it was stopped (Ctrl-C).
    """

    backend: str
    dtype: str
    rows: tuple[Row, ...]
    left: int = 0

    def __bool__(self) -> bool:
        """Tell whether nothing was wrong. What is missing is no fault."""
        return not self.of(WRONG)

    def of(self, status: str) -> list[Row]:
        """Return the rows of one status."""
        return [row for row in self.rows if row.status == status]

    @property
    def summary(self) -> str:
        """The counts in a sentence."""
        count = Counter([row.status for row in self.rows])
        stopped = f"; stopped, with {self.left} more to run" if self.left else ""
        return (
            f"{self.backend}, {self.dtype}: of {len(self.rows)} operations {count[WORKS]} work, "
            f"{count[MISSING]} are missing, {count[WRONG]} are wrong{stopped}"
        )

    def __str__(self) -> str:
        rows = [str(row) for row in self.rows if row.status != WORKS]
        return "\n".join([self.summary, *rows])

    def markdown(self) -> str:
        """Return the report as a page's section: what works in a line, the rest in a table by cause."""
        works = ", ".join([f"`{row.operation}`" for row in self.of(WORKS)])
        lines = [f"{self.summary}.", "", f"Works, to second order: {works}."]
        groups = self._by_cause()
        if groups:
            lines += ["", "| operations | | where | why |", "| --- | --- | --- | --- |"]
            lines += [
                f"| {', '.join(names)} | {status} | {stage} | {why} |"
                for (status, stage, why), names in groups.items()
            ]
        return "\n".join(lines)

    def _by_cause(self) -> dict[tuple[str, str, str], list[str]]:
        """Return the names of what does not work, by status, stage and what was said: the wrong first."""
        groups: dict[tuple[str, str, str], list[str]] = {}
        for row in self.of(WRONG) + self.of(MISSING):
            cause = row.status, row.stage, _cell(row)
            groups.setdefault(cause, []).append(f"`{row.operation}`")
        return groups


def _cell(row: Row) -> str:
    """Return what was said of an operation as it is said of others: without its name, its first sentence."""
    detail, _, shapes = row.detail.partition(" (shapes ")
    refused = detail.partition(" is refused by ")[2].partition(": ")[2]  # with other words before
    said = (refused or detail).replace(repr(row.operation), "of that name").partition(". ")[0].rstrip(".")
    if row.status != MISSING:
        said += f" (shapes {shapes}"
    elif re.search(r"\b0\b", shapes):
        said += " (without elements)"
    return said.replace("|", "\\|").replace("\n", " ")
