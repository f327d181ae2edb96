"""One fixture, `xp`, runs a test on every library; Hypothesis is deterministic."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from support.libraries import LIBRARIES, Library, parameters

# The quick profile keeps the whole suite within minutes; the deep one is for before a release.
settings.register_profile(
    "quick",
    max_examples=3,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
settings.register_profile("deep", settings.get_profile("quick"), max_examples=100, phases=list(Phase))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", params=parameters())
def xp(request: Any) -> Library:
    """A library to make arrays with; a test that takes it runs on each."""
    return LIBRARIES[request.param]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Keep PyTorch to one thread: small arrays are quicker, and sums do not depend on the machine."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Refuse a test whose name has an address in it: two processes would call it by two names."""
    named = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if named:
        raise pytest.UsageError(f"give the parameters ids that are the same in every process: {named[0]}")
