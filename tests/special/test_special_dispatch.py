"""scipy.special itself, given neo's arrays, calls neo's functions, so that its results differentiate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

scipy = pytest.importorskip("scipy", minversion="1.17")
HERE = Path(__file__).parent


@pytest.mark.parametrize("backend", ["numpy", "torch", "array_api_strict"])
def test_scipy_dispatches_to_neo(backend: str) -> None:
    pytest.importorskip(backend)
    program = [sys.executable, str(HERE / "dispatching.py"), backend]
    environment = {**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": str(HERE.parent)}

    run = subprocess.run(program, env=environment, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["count"] >= 91
    # Riemann's zeta function has no derivative in closed form.
    assert list(found["differing"]) == ["zetac"]
