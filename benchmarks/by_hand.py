"""The limit: values and gradients of workloads as raw array calls, written by hand, without a tape.

They call the same kernels that neo's rules do, so that what is left between the two is bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from libraries import Library, neo_over
from workloads import HEADS


def chain(raw: Any, parameters: list[Any], data: list[Any], calls: int) -> tuple[Any, list[Any]]:
    """See `workloads.chain`."""
    (x,) = parameters
    y, saved = x, []
    for _ in range(calls // 4):
        a = raw.sin(y)
        c = raw.tanh(a * x)
        saved.append((y, a, c))
        y = c + x
    g = raw.ones_like(y)
    total = None
    for before, a, c in reversed(saved):
        total = g if total is None else total + g
        g = raw.tanh_slope(g, c)
        total = total + g * a
        g = g * x * raw.cos(before)
    return raw.sum(y), [total + g]


def mlp(raw: Any, parameters: list[Any], data: list[Any]) -> tuple[Any, list[Any]]:
    """See `workloads.mlp`."""
    x, labels = data
    inputs = [x]
    for k in range(0, len(parameters) - 2, 2):
        inputs.append(raw.relu(raw.linear(inputs[-1], parameters[k], parameters[k + 1])))
    logits = raw.linear(inputs[-1], *parameters[-2:])
    value, scores, more = raw.cross_entropy(logits, labels, "mean")
    (g,) = raw.cross_entropy_backward(raw.ones_like(value), scores, labels, "mean", more)
    gradients: list[Any] = []
    for k in reversed(range(len(inputs))):
        g, *of_layer = raw.linear_backward(g, inputs[k], parameters[2 * k] if k else None, g.shape[:1])
        gradients = [*of_layer, *gradients]
        g = raw.relu_backward(g, inputs[k]) if k else None
    return value, gradients


def lstm(raw: Any, parameters: list[Any], data: list[Any]) -> tuple[Any, list[Any]]:
    """See `workloads.lstm`."""
    of_x, of_h, bias = parameters
    sequence, h, c = data
    n, saved = h.shape[1], []
    for x in sequence:
        gates = x @ of_x + h @ of_h + bias
        enter, forget, leave = [raw.sigmoid(gates[:, k * n : (k + 1) * n]) for k in range(3)]
        new = raw.tanh(gates[:, 3 * n :])
        before, c = c, forget * c + enter * new
        shown = raw.tanh(c)
        saved.append((x, h, before, enter, forget, leave, new, shown))
        h = leave * shown
    value = raw.mean(h * h)
    dh, dc = h * (2 / raw.size(h)), None
    gradients: list[Any] = [0, 0, 0]
    for x, h, before, enter, forget, leave, new, shown in reversed(saved):
        of_c = raw.tanh_slope(dh * leave, shown)
        dc = of_c if dc is None else dc + of_c
        parts = [
            raw.sigmoid_slope(dc * new, enter),
            raw.sigmoid_slope(dc * before, forget),
            raw.sigmoid_slope(dh * shown, leave),
            raw.tanh_slope(dc * enter, new),
        ]
        g = raw.concat(parts, 1)
        gradients = [gradients[0] + x.T @ g, gradients[1] + h.T @ g, gradients[2] + g.sum(0)]
        dh, dc = g @ of_h.T, dc * forget
    return value, gradients


def transformer(raw: Any, parameters: list[Any], data: list[Any]) -> tuple[Any, list[Any]]:
    """See `workloads.transformer`."""
    scale1, shift1, into, into_bias, out, out_bias, scale2, shift2, up, up_bias, down, down_bias = parameters
    (x,) = data
    batch, tokens, width = x.shape
    rows = (batch * tokens, width)
    y = x.reshape(rows)
    normed1, *moments1 = raw.layer_norm(y, scale1, shift1, (1,), 1e-5)
    mixed = raw.linear(normed1, into, into_bias)
    heads, pull_attention = _attention(raw, mixed, (batch, tokens, HEADS, width // HEADS))
    middle = y + raw.linear(heads, out, out_bias)
    normed2, *moments2 = raw.layer_norm(middle, scale2, shift2, (1,), 1e-5)
    wide = raw.linear(normed2, up, up_bias)
    bent = raw.gelu(wide)
    result = middle + raw.linear(bent, down, down_bias)

    g = result * (2 / raw.size(result))
    dbent, *of_down = raw.linear_backward(g, bent, down, rows[:1])
    dnormed2, *of_up = raw.linear_backward(raw.gelu_backward(dbent, wide, bent), normed2, up, rows[:1])
    dmiddle, *of_norm2 = raw.layer_norm_backward(dnormed2, middle, *moments2, scale2, (1,), (True,) * 3)
    g = g + dmiddle
    dheads, *of_out = raw.linear_backward(g, heads, out, rows[:1])
    dnormed1, *of_into = raw.linear_backward(pull_attention(dheads), normed1, into, rows[:1])
    of_norm1 = raw.layer_norm_backward(dnormed1, y, *moments1, scale1, (1,), (False, True, True))[1:]
    gradients = [*of_norm1, *of_into, *of_out, *of_norm2, *of_up, *of_down]
    return raw.mean(result * result), gradients


def _attention(raw: Any, mixed: Any, shape: tuple[int, ...]) -> tuple[Any, Callable[[Any], Any]]:
    """Return the heads' results as rows, and the function that pulls a gradient back to `mixed`."""
    batch, tokens, heads, size = shape
    width = heads * size
    split = lambda x: raw.swap(x.reshape(shape), 1, 2)  # noqa: E731
    rows = lambda x: raw.swap(x, 1, 2).reshape(batch * tokens, width)  # noqa: E731
    q, k, v = [split(mixed[:, n * width : (n + 1) * width]) for n in range(3)]
    weights = raw.softmax(q @ raw.swap(k, 2, 3) * size**-0.5, (3,))

    def pull(g: Any) -> Any:
        g = split(g)
        dweights = raw.softmax_backward(g @ raw.swap(v, 2, 3), weights, (3,)) * size**-0.5
        of = [dweights @ k, raw.swap(dweights, 2, 3) @ q, raw.swap(weights, 2, 3) @ g]
        return raw.concat([rows(x) for x in of], 1)

    return rows(weights @ v), pull


GRADIENTS: dict[str, Callable[..., tuple[Any, list[Any]]]] = {
    "chain": chain,
    "mlp": mlp,
    "lstm": lstm,
    "transformer": transformer,
}


def raw_calls(name: str) -> Library:
    """Return the contestant over one library; its gradient is looked up by the workload's kind."""
    import neo

    backend = neo.backends.get(name)
    raw = SimpleNamespace(
        **{
            function: backend.kernel(function)
            for function in (
                *("sin", "cos", "tanh", "sigmoid", "relu", "sum", "mean", "ones_like", "linear"),
                *("linear_backward", "relu_backward", "cross_entropy", "cross_entropy_backward"),
                *("layer_norm", "layer_norm_backward", "softmax", "softmax_backward"),
                *("gelu", "gelu_backward"),
            )
        }
    )
    if name == "torch":
        import torch

        raw.tanh_slope = torch.ops.aten.tanh_backward.default
        raw.sigmoid_slope = torch.ops.aten.sigmoid_backward.default
        raw.concat, raw.size, raw.swap = torch.cat, torch.numel, torch.swapaxes
    else:
        import numpy as np

        raw.tanh_slope = lambda g, out: g * (1 - out * out)
        raw.sigmoid_slope = lambda g, out: g * (out * (1 - out))
        raw.concat, raw.size, raw.swap = np.concatenate, np.size, np.swapaxes
    over = neo_over(name)
    return Library(
        array=over.array,
        quiet=backend.quiet,
        gradient=lambda loss: lambda p, d: GRADIENTS[loss.kind](raw, p, d, **loss.settings),
        updated=over.updated,
        ready=over.ready,
    )
