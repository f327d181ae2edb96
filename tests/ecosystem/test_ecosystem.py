"""Functions of SciPy, scikit-learn, array-api-extra, einops and xarray differentiate as the table says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

for _library in ("torch", "scipy", "sklearn", "array_api_extra", "einops", "xarray"):
    pytest.importorskip(_library)

TESTS = Path(__file__).parents[1]


def test_calls_into_other_libraries_have_the_gradient_of_differences_or_are_refused() -> None:
    if "torch" not in os.environ.get("NEO_TEST_LIBRARIES", "torch"):
        pytest.skip("this environment tests other libraries")
    deep = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
    # A process of its own: SciPy reads the variable when it is imported.
    environment = {
        **os.environ,
        "SCIPY_ARRAY_API": "1",
        "PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)]),
    }

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "ecosystem.report", *([] if deep else ["--sample"])],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
