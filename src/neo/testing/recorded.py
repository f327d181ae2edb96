"""The reports of this process, and what a test run has asked for: the plugin of pytest uses both."""

from __future__ import annotations

from typing import Any

# What stands for `backends="all"` and for the quick profile; whether reports are kept.
options: dict[str, Any] = {"backends": None, "profile": None, "keep": False}
# Reports as dicts, and why backends were not run.
reports: list[dict[str, Any]] = []
skipped: dict[str, str] = {}


def note(report: Any) -> None:
    """Keep a report, if reports are kept, and what it skipped."""
    skipped.update(report.skipped)
    if options["keep"]:
        reports.append(report.as_dict())


def as_dict() -> dict[str, Any]:
    """Return what was kept, for another process."""
    return {"reports": reports, "skipped": skipped}


def take(found: dict[str, Any]) -> None:
    """Add what another process kept."""
    reports.extend(found["reports"])
    skipped.update(found["skipped"])
