"""The limit: values and gradients of workloads as raw array calls, written by hand, without a tape.

They call the same kernels that neo's rules do, so that what is left between the two is bookkeeping.
The transformer block has none.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from libraries import Library, neo_over


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


GRADIENTS: dict[str, Callable[..., tuple[Any, list[Any]]]] = {"chain": chain, "mlp": mlp, "lstm": lstm}


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
            )
        }
    )
    if name == "torch":
        import torch

        raw.tanh_slope = torch.ops.aten.tanh_backward.default
        raw.sigmoid_slope = torch.ops.aten.sigmoid_backward.default
        raw.concat, raw.size = torch.cat, torch.numel
    else:
        import numpy as np

        raw.tanh_slope = lambda g, out: g * (1 - out * out)
        raw.sigmoid_slope = lambda g, out: g * (out * (1 - out))
        raw.concat, raw.size = np.concatenate, np.size
    over = neo_over(name)
    return Library(
        array=over.array,
        quiet=backend.quiet,
        gradient=lambda loss: lambda p, d: GRADIENTS[loss.kind](raw, p, d, **loss.settings),
        updated=over.updated,
        ready=over.ready,
    )
