"""PyTorch's convolutions and pooling as neo's kernels. Complex and integer arrays take neo's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.nn import functional

from .defined import DEFINED

_CONV = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_MAX = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_backward = torch.ops.aten.convolution_backward.default


def _even(at: Any) -> tuple[list[int], list[int]]:
    """Return the padding that is the same on both sides, and the rest, as torch's own pad takes it."""
    both = [min(pair) for pair in at.padding]
    rest = [n - k for pair, k in reversed(list(zip(at.padding, both, strict=True))) for n in pair]
    return both, rest


def _own(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the kernel for floating tensors, and neo's own for what PyTorch does not take."""

    def kernel(x: torch.Tensor, *others: Any) -> Any:
        if x.is_floating_point():
            return function(x, *others)
        return _defined(name)(x, *others)

    return kernel


def _defined(name: str) -> Callable[..., Any]:
    from .registry import get

    return partial(DEFINED[name], get("torch").raw)


def conv(x: torch.Tensor, w: torch.Tensor, at: Any, groups: int) -> torch.Tensor:
    """Return the convolution of x with kernels w at windows."""
    both, rest = _even(at)
    x = functional.pad(x, rest) if any(rest) else x
    return _CONV[len(both)](x, w, None, at.stride, both, at.dilation, groups)


def _pulled(g: Any, x: Any, w: Any, at: Any, groups: int, wanted: list[bool]) -> Any:
    both, _ = _even(at)
    zero = [0] * len(both)
    return _backward(g, x, w, None, at.stride, both, at.dilation, False, zero, groups, wanted)


def conv_to_input(g: torch.Tensor, w: torch.Tensor, at: Any, groups: int, lengths: Any) -> torch.Tensor:
    """Return the pull-back of the convolution to images of those lengths."""
    _, rest = _even(at)
    pairs = list(zip(rest[-2::-2], rest[-1::-2], strict=True))  # those of the first axis first
    padded = [n + low + high for n, (low, high) in zip(lengths, pairs, strict=True)]
    like = torch.empty((1,), dtype=g.dtype, device=g.device).expand(g.shape[0], w.shape[1] * groups, *padded)
    out = _pulled(g, like, w, at, groups, [True, False, False])[0]
    return out[(..., *[slice(low, low + n) for n, (low, _) in zip(lengths, pairs, strict=True)])]


def conv_to_kernel(x: torch.Tensor, g: torch.Tensor, at: Any, groups: int) -> torch.Tensor:
    """Return the pull-back of the convolution to the kernels."""
    _, rest = _even(at)
    x = functional.pad(x, rest) if any(rest) else x
    shape = (g.shape[1], x.shape[1] // groups, *at.window)
    like = torch.empty((1,), dtype=x.dtype, device=x.device).expand(shape)
    return _pulled(g, x, like, at, groups, [False, True, False])[1]


def max_pool(x: torch.Tensor, at: Any) -> torch.Tensor:
    """Return the largest element of x under each window."""
    both, rest = _even(at)
    if any([k > n // 2 for k, n in zip(both, at.window, strict=True)]):
        return _defined("max_pool")(x, at)
    x = functional.pad(x, rest, value=-torch.inf) if any(rest) else x
    return _MAX[len(both)](x, at.window, at.stride, both, at.dilation)


def added_up(zeros: torch.Tensor, parts: Any) -> torch.Tensor:
    """Return zeros with every (key, tensor) pair added."""
    for key, part in parts:
        zeros[key] += part
    return zeros


KERNELS: dict[str, Callable[..., Any]] = {
    "added_up": added_up,
    **{
        function.__name__: _own(function.__name__, function)
        for function in (conv, conv_to_input, conv_to_kernel, max_pool)
    },
}
