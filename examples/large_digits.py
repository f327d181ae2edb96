"""A set of digits larger than memory, as Dask arrays: each block is made where and when it is needed."""

from __future__ import annotations

from functools import cache
from typing import Any

import dask
import dask.array as da
import numpy as np
from digits import Set, load

BLOCK = 8192  # digits in a block: 26 MB of images
SIDE, NOISE = 28, 0.3


def large(count: int, path: str | None, seed: int) -> Set:
    """Return lazy images, (count, 784), and their labels: digits drawn at random, each with other noise.

    path, seed: of the digits to draw from, as for `digits.load`. Block k is the same whenever it is made.
    """
    sizes = [min(BLOCK, count - start) for start in range(0, count, BLOCK)]
    blocks = [dask.delayed(block, nout=2)(k, size, path, seed) for k, size in enumerate(sizes)]
    images = [da.from_delayed(b[0], (n, SIDE * SIDE), np.float32) for b, n in zip(blocks, sizes, strict=True)]
    labels = [da.from_delayed(b[1], (n,), np.int64) for b, n in zip(blocks, sizes, strict=True)]
    return Set(da.concatenate(images), da.concatenate(labels))


def block(number: int, size: int, path: str | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of one block."""
    images, labels = originals(path, seed)
    rng = np.random.default_rng((seed, number))
    chosen = rng.integers(len(labels), size=size)
    noise = rng.random((size, SIDE * SIDE), dtype=np.float32)
    noise -= np.float32(0.5)
    noise *= np.float32(NOISE)
    noise += images[chosen]
    return noise, labels[chosen]


@cache
def originals(path: str | None, seed: int) -> Any:
    """Return the digits to draw from, their images made larger to 28 x 28; a process reads them once."""
    training, _ = load(path, seed)
    side = int(training.images.shape[1] ** 0.5)
    places = np.arange(SIDE) * side // SIDE
    images = training.images.reshape(-1, side, side)[:, places][:, :, places]
    return images.reshape(-1, SIDE * SIDE), training.labels
