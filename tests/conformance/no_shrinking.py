"""A pytest plugin: Hypothesis reports the first failing example as it is.

Making it small takes minutes per failing test, and only whether a test fails matters here.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Load the suite's own profile, which it has made by now, without the phase of shrinking."""
    own = settings.get_profile("array-api-tests")
    settings.register_profile("no-shrinking", own, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("no-shrinking")
