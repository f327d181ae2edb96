"""neo's values and gradients are PyTorch's on the samples of PyTorch's own operator database."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("torch")
# What PyTorch's own test machinery imports.
pytest.importorskip("expecttest")

# How many samples of each operation the quick run looks at; the deep one looks at all.
QUICK = 3


@pytest.fixture(scope="module")
def outcomes() -> list[Any]:
    """What became of the samples."""
    if "torch" not in os.environ.get("NEO_TEST_LIBRARIES", "torch"):
        pytest.skip("this environment tests other libraries")
    deep = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from .report import run

        # In a thread, for its short stack: PyTorch formats the whole one each time it seeds itself.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: list(run(None if deep else QUICK))).result()


def test_every_difference_from_pytorch_is_explained(outcomes: list[Any]) -> None:
    from .report import unexplained

    assert unexplained(outcomes) == []


def test_nearly_all_samples_have_pytorchs_values_and_gradients(outcomes: list[Any]) -> None:
    from .report import SHARES, counted, share

    for (dtype, library), counts in counted(outcomes).items():
        assert share(counts) >= SHARES[dtype], (dtype, library, counts)
