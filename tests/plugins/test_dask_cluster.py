"""Training on a Dask cluster: two processes, and more data than either may hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neo

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")
sys.path.append(str(Path(__file__).parents[2] / "examples"))

LIMIT = 400_000_000  # bytes of memory for each process; half of it is what its imports take
ROWS, BLOCK, WIDTH = 144_000, 8_000, 784


def block(number: int) -> np.ndarray:
    """Return images of the classes 0, 1, ... 9, 0, 1, ...: a pattern for each, lighter in some blocks."""
    patterns = np.random.default_rng(0).random((10, WIDTH), dtype=np.float32)
    return np.tile(patterns / np.float32(1 + number % 3), (BLOCK // 10, 1))


def images() -> Any:
    """Return all images, none of them made yet."""
    import dask

    parts = [dask.delayed(block)(k) for k in range(ROWS // BLOCK)]
    return da.concatenate([da.from_delayed(part, (BLOCK, WIDTH), np.float32) for part in parts])


def test_two_processes_train_on_more_data_than_one_may_hold(tmp_path: Path) -> None:
    from dask_mnist import peak_memory, two_processes
    from mnist import initial_weights, on, step

    weights = on(initial_weights((WIDTH, 16, 10), np.random.default_rng(3)), "dask", None)
    x, labels = images(), da.arange(ROWS, chunks=BLOCK) % 10
    losses = []
    with two_processes(LIMIT, str(tmp_path)) as cluster, distributed.Client(cluster) as client:
        for _ in range(2):
            loss = step(weights, 0.01, x, labels)
            weights, loss = neo.evaluate((weights, loss))
            losses.append(float(loss))
        peaks = client.run(peak_memory)

    assert x.nbytes > LIMIT
    assert len(peaks) == 2
    assert max(peaks.values()) < LIMIT
    assert losses[1] < losses[0]
