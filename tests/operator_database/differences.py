"""Where neo and PyTorch differ, and why: each is a convention, or a fault or liberty of PyTorch's."""

from __future__ import annotations

EXPLAINED: dict[str, str] = {
    "cov": "PyTorch computes with the weights in their own float32, though the data are float64; with "
    "`aweights.double()` it gives what neo gives.",
    "linalg.norm:subgradients_at_zero": "At the zero matrix the spectral and the nuclear norm have a kink. "
    "PyTorch gives one of the subgradients, U @ Vh; neo gives 0, the one of least norm.",
    "logcumsumexp": "Of complex numbers PyTorch gives a logarithm with any multiple of 2 pi i; in neo's "
    "functions it is the principal one. The gradients are equal.",
    "tensordot": "PyTorch stretches a contracted axis of length 1. The standard wants equal lengths, and "
    "neo says which differ.",
}
