"""Which libraries the tests of this run are run on; those that are absent skip here, once each."""

import pytest
from support.libraries import LIBRARIES, missing


@pytest.mark.parametrize("name", LIBRARIES)
def test_library_is_here(name: str) -> None:
    reason = missing(name)
    if reason is not None:
        pytest.skip(f"no test runs on {name}: {reason}")

    assert LIBRARIES[name].array([1.0]).shape == (1,)
