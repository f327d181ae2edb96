"""The reports of this process, for whoever wants them all: the plugin of pytest does."""

from __future__ import annotations

from typing import Any

# Functions that are told of every report.
listeners: list[Any] = []


def note(report: Any) -> None:
    """Tell every listener of a report."""
    for listener in list(listeners):
        listener(report)
