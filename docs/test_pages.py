"""Runs every `>>>` of README.md, CONTRIBUTING.md and docs/*.md; a page is one session."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF


def session_of(page: Path) -> doctest.DocTest:
    """Return a page's examples; fences become empty lines, so that output ends there."""
    lines = ["" if line.startswith("```") else line for line in page.read_text().splitlines()]
    name = page.relative_to(ROOT).as_posix()
    return doctest.DocTestParser().get_doctest("\n".join(lines) + "\n", {}, name, str(page), 0)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples_of_a_page_give_what_it_prints(page: Path) -> None:
    report: list[str] = []

    failed, _ = doctest.DocTestRunner(optionflags=FLAGS).run(session_of(page), out=report.append)

    assert failed == 0, "".join(report)


def test_ci_runs_the_second_command_of_the_readme() -> None:
    block = (ROOT / "README.md").read_text().partition("## Two commands")[2].split("```")[1]
    second = block.strip().splitlines()[-1]

    assert second in (ROOT / ".ci" / "run").read_text().splitlines()
