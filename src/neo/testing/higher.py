"""Gradients of gradients, as what is checked next."""

from __future__ import annotations

from typing import Any

import numpy as np

from .invariants import differs_where_traced
from .structure import Fault
from .subjects import Flat, Subject


def weights(x: np.ndarray, rng: Any) -> np.ndarray:
    """Return a random cotangent for a result."""
    w = rng.uniform(0.5, 1.5, x.shape)
    return np.asarray((w + 1j * rng.uniform(0.5, 1.5, x.shape) if x.dtype.kind == "c" else w), x.dtype)


def derived(fine: Subject, subject: Subject, order: int, seed: int) -> tuple[Subject, Subject]:
    """Return the gradients of the order before, of two Subjects at the same cotangents."""
    for k in range(2, order + 1):
        rng = np.random.default_rng(seed + k)
        low = [weights(x, rng) for x in subject.value(subject.points)]
        high = [w.astype(x.dtype) for w, x in zip(low, fine.value(fine.points), strict=True)]
        fine, subject = fine.derivative(high), subject.derivative(low)
    return fine, subject


def lost(flat: Flat) -> Fault | None:
    """Return a fault where a gradient is another one while its own gradient is being taken."""
    if not differs_where_traced(flat):
        return None
    words = "the gradient has another value while it is differentiated: what backward reads is not the same"
    return "wrong_second_order", words, None
