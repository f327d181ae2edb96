"""PyTorch's Fourier transforms, with one of them mended on GPUs."""

from __future__ import annotations

import torch
from array_api_compat.torch.fft import (
    fft,
    fftfreq,
    fftn,
    ifft,
    ifftn,
    rfft,
    rfftfreq,
    rfftn,
)

__all__ = ["fft", "fftfreq", "fftn", "ifft", "ifftn", "irfft", "rfft", "rfftfreq", "rfftn"]


def irfft(x: torch.Tensor, /, *, n: int, axis: int = -1, norm: str = "backward") -> torch.Tensor:
    """Return the n real numbers whose rfft is x; imaginary parts that cannot be are left out.

    cuFFT reads them at some lengths: https://github.com/pytorch/pytorch/issues/154496. Delete this
    when that is closed.
    """
    if x.device.type != "cpu":
        x = without_impossible(x, n, axis)
    return torch.fft.irfft(x, n=n, dim=axis, norm=norm)


def without_impossible(x: torch.Tensor, n: int, axis: int) -> torch.Tensor:
    """Return a copy of x, real at frequency 0 and, of an even n, at n / 2: as every rfft is."""
    x = x.resolve_conj().clone()
    x.imag.narrow(axis, 0, 1).zero_()
    if n % 2 == 0 and n // 2 < x.shape[axis]:
        x.imag.narrow(axis, n // 2, 1).zero_()
    return x
