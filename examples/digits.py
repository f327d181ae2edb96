"""Handwritten digits as arrays: those that scikit-learn ships, or MNIST from a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neo

LAYOUT = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class Set:
    """Images, (n, width) float32 between 0 and 1, and their labels, (n,) int64 between 0 and 9."""

    images: Any
    labels: Any

    def __len__(self) -> int:
        return self.images.shape[0]

    def on(self, backend: str, device: str | None) -> Set:
        """Return the set as a library's own arrays on a device."""
        here = [neo.asarray(x, backend=backend, device=device).data for x in (self.images, self.labels)]
        return Set(*here)

    def shuffled(self, rng: np.random.Generator) -> Set:
        """Return the set in a new order."""
        order = rng.permutation(len(self))
        return Set(self.images[order], self.labels[order])

    def batches(self, size: int) -> Iterator[tuple[Any, Any]]:
        """Yield (images, labels) of `size` digits at a time; the last batch may be smaller."""
        for start in range(0, len(self), size):
            rows = slice(start, min(start + size, len(self)))
            yield self.images[rows, :], self.labels[rows]


def load(path: str | None, seed: int) -> tuple[Set, Set]:
    """Return the digits to train on and those to validate with, as NumPy arrays.

    path: a file with the layout of mnist.npz; without one, scikit-learn's 1797 digits of 8x8.
    Raises FileNotFoundError, or ValueError for a file of another layout.
    """
    return shipped(seed) if path is None else from_file(Path(path))


def shipped(seed: int) -> tuple[Set, Set]:
    """Return scikit-learn's digits, a fifth of them for validation."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    both = prepared(images, labels, brightest=16).shuffled(np.random.default_rng(seed))
    count = len(both) // 5
    return Set(both.images[count:], both.labels[count:]), Set(both.images[:count], both.labels[:count])


def from_file(path: Path) -> tuple[Set, Set]:
    """Return the two sets of a file with the layout of mnist.npz."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}. Give --data the path of an mnist.npz, or leave it out")
    try:
        with np.load(path) as file:
            x_train, y_train, x_test, y_test = [file[name] for name in LAYOUT]
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise ValueError(
            f"{path} is not laid out like mnist.npz, with {', '.join(LAYOUT)}: {error}"
        ) from error
    return checked(x_train, y_train, path), checked(x_test, y_test, path)


def checked(images: np.ndarray, labels: np.ndarray, path: Path) -> Set:
    """Return images and labels from a file as a set; raise ValueError if they cannot be one."""
    if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"{path} holds images {images.shape} {images.dtype} with labels {labels.shape}; expected "
            f"images (n, height, width) uint8 with labels (n,)"
        )
    return prepared(images, labels, brightest=255)


def prepared(images: np.ndarray, labels: np.ndarray, brightest: int) -> Set:
    """Return images as rows of float32 between 0 and 1, with int64 labels."""
    rows = images.reshape(len(images), -1).astype(np.float32) / np.float32(brightest)
    return Set(rows, labels.astype(np.int64))
