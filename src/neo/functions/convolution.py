"""Convolution layers in 1 to 3 dimensions, and their transposes."""

from __future__ import annotations

from typing import Any

from ..errors import describe
from ..ops.broadcasting import reshape
from ..ops.convolution import Conv, ConvToInput
from ..ops.formulas import add
from ..ops.padding import pad
from ..ops.promotion import one_dtype
from ..ops.registry import composite
from ..ops.windows import Windows, every, spatial, windows

ANY = (-2, 2)


@composite(
    domain=ANY,
    samples=[
        ([(1, 2, 5), (2, 2, 3), (2,)], {"padding": 1, "stride": 2}),
        ([(1, 2, 3, 3), (2, 1, 2, 2)], {"padding": "same", "groups": 2}),
        ([(1, 1, 2, 2, 3), (1, 1, 2, 1, 2)], {}),
    ],
)
def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Return the convolution of images with kernels, as PyTorch's conv2d does.

    x: (batch, in, *lengths), 1 to 3 lengths. weight: (out, in / groups, *window). bias: (out,) or None.
    stride, dilation: an integer, or one per length. padding: that, or (before, after) pairs, "valid"
    or "same". groups: in and out are split into so many parts that do not mix.
    Returns (batch, out, *places), in the dtype that the operands promote to. Gradient: to all three.
    Like all neural networks' it does not flip the kernel; `neo.numpy.convolve` does.
    Raises ValueError when shapes and settings do not fit.
    """
    x, weight, bias = _together(x, weight, bias)
    lengths = spatial("conv", x)
    window = _window("conv", x, weight, bias)
    fits = groups > 0 and x.shape[1] == weight.shape[1] * groups and not weight.shape[0] % groups
    if not fits:
        raise ValueError(_unfit("conv", x, weight, bias, groups, "(out, in / groups, *window)"))
    at = windows("conv", window, lengths, stride, padding, dilation)
    return _biased(Conv.of(x, weight, at=at, groups=groups), bias)


@composite(
    domain=ANY,
    samples=[
        ([(1, 2, 3), (2, 1, 2), (2,)], {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
    ],
)
def conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return the transpose of a convolution, as PyTorch's conv_transpose1d to 3d do.

    x: (batch, in, *lengths). weight: (in, out / groups, *window). bias: (out,) or None.
    stride, padding, dilation: of the convolution that this is the pull-back of; padding makes the
    result smaller, output_padding longer at its end. Returns (batch, out, *places), a place per
    stride and element. Gradient: to all three. Raises ValueError when shapes and settings do not fit.
    """
    x, weight, bias = _together(x, weight, bias)
    lengths = spatial("conv_transpose", x)
    window = _window("conv_transpose", x, weight, bias)
    if groups < 1 or x.shape[1] != weight.shape[0] or x.shape[1] % groups:
        raise ValueError(_unfit("conv_transpose", x, weight, bias, groups, "(in, out / groups, *window)"))
    at, places, more = _transposed(lengths, window, stride, padding, output_padding, dilation)
    out = ConvToInput.of(x, weight, at=at, groups=groups, lengths=places)
    return _biased(pad(out, ((0, 0), (0, 0), *[(0, n) for n in more])) if any(more) else out, bias)


def _transposed(
    lengths: Any, window: Any, stride: Any, padding: Any, more: Any, dilation: Any
) -> tuple[Windows, tuple[int, ...], list[int]]:
    """Return the geometry of the convolution that is transposed, the lengths of its images, and the rest.

    The rest are zeros at the end, where images as long would have another place for the window.
    """
    n = len(lengths)
    step, spread = [every("conv_transpose", *s, n) for s in (("stride", stride), ("dilation", dilation))]
    listed = [padding] * n if isinstance(padding, int) else padding
    pairs = [(p, p) if isinstance(p, int) else tuple(p) for p in listed]
    extra = (more,) * n if isinstance(more, int) else tuple(more)
    bounds = [max(pair) for pair in zip(step, spread, strict=True)]
    if not len(pairs) == len(extra) == n or not all([0 <= e < k for e, k in zip(extra, bounds, strict=True)]):
        raise ValueError(
            f"conv_transpose: padding {padding} and output_padding {more} do not fit; give {n} of each, "
            f"and an output_padding below the stride {step} or the dilation {spread}"
        )
    rest = [max(e - s + 1, 0) for e, s in zip(extra, step, strict=True)]
    shown = [min(r, high) for r, (_, high) in zip(rest, pairs, strict=True)]  # of what padding cuts off
    pairs = [(low, high - r) for r, (low, high) in zip(shown, pairs, strict=True)]
    rest = [r - s for r, s in zip(rest, shown, strict=True)]
    places = [
        (k - 1) * s - low - high + d * (w - 1) + min(e, s - 1) + 1
        for k, s, (low, high), d, w, e in zip(lengths, step, pairs, spread, window, extra, strict=True)
    ]
    if min(places) < 1:
        raise ValueError(f"conv_transpose: padding {padding} leaves nothing of lengths {tuple(lengths)}")
    return Windows(window, step, tuple(pairs), spread), tuple(places), rest


def _together(x: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    given = one_dtype(*[y for y in (x, weight, bias) if y is not None])
    return given[0], given[1], given[2] if bias is not None else None


def _window(name: str, x: Any, weight: Any, bias: Any) -> tuple[int, ...]:
    if len(weight.shape) != len(x.shape):
        raise ValueError(_unfit(name, x, weight, bias, 1, "with as many axes as x"))
    return tuple(weight.shape[2:])


def _unfit(name: str, x: Any, weight: Any, bias: Any, groups: int, expected: str) -> str:
    shown = ", ".join([describe(y) for y in (x, weight, bias) if y is not None])
    return (
        f"{name}: {shown} with groups={groups} do not fit; expected x (batch, in, *lengths) and weight "
        f"{expected}"
    )


def _biased(out: Any, bias: Any) -> Any:
    if bias is None:
        return out
    if tuple(bias.shape) != (out.shape[1],):
        raise ValueError(f"conv: bias is {describe(bias)}; expected shape ({out.shape[1]},)")
    return add(out, reshape(bias, (-1, *[1] * (len(out.shape) - 2))))
