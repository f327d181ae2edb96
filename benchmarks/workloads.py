"""The workloads, each written once: arrays, and a loss in the functions that every library here has.

`ops` is a library of `libraries.py`: sin, tanh, sigmoid, relu, gelu, linear, layer_norm, softmax,
cross_entropy, sum, mean, matmul, reshape and swap (of two axes); arithmetic is Python's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

RATE = 0.1


@dataclass(frozen=True)
class Workload:
    """One loss. arrays: returns the parameters, which are differentiated, and the data.

    steps: how many a round times. kind: which gradient of `by_hand.py` is its limit. updates:
    whether a step of plain descent belongs to it. reference: what else PyTorch may do, by name.
    """

    name: str
    arrays: Callable[[], tuple[list[np.ndarray], list[np.ndarray]]]
    loss: Callable[[Any, list[Any], list[Any]], Any]
    steps: int
    kind: str
    updates: bool = True


def chain(ops: Any, parameters: list[Any], data: list[Any], calls: int) -> Any:
    """tanh(sin(y) * x) + x, again and again: four elementwise calls a time, then a sum."""
    (x,) = parameters
    y = x
    for _ in range(calls // 4):
        y = ops.tanh(ops.sin(y) * x) + x
    return ops.sum(y)


def chain_arrays(n: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [np.linspace(0.1, 1, n, dtype=np.float32)], []


def mlp(ops: Any, parameters: list[Any], data: list[Any]) -> Any:
    """Linear layers with relu between them, and the cross-entropy of integer labels."""
    x, labels = data
    for k in range(0, len(parameters) - 2, 2):
        x = ops.relu(ops.linear(x, parameters[k], parameters[k + 1]))
    return ops.cross_entropy(ops.linear(x, *parameters[-2:]), labels)


def mlp_arrays(sizes: tuple[int, ...], batch: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    layers = [(rng.normal(0, (2 / n) ** 0.5, (n, m)), np.zeros(m)) for n, m in pairwise(sizes)]
    x = rng.random((batch, sizes[0]), dtype=np.float32)
    return [a.astype(np.float32) for layer in layers for a in layer], [x, rng.integers(0, sizes[-1], batch)]


HEADS = 4


def transformer(ops: Any, parameters: list[Any], data: list[Any]) -> Any:
    """A block with its norms first: attention, then two linear layers with gelu."""
    scale1, shift1, into, into_bias, out, out_bias, scale2, shift2, up, up_bias, down, down_bias = parameters
    (x,) = data
    batch, tokens, width = x.shape
    shape = (batch, tokens, HEADS, width // HEADS)
    mixed = ops.linear(ops.layer_norm(x, scale1, shift1), into, into_bias)
    q, k, v = [ops.swap(ops.reshape(mixed[:, :, n * width : (n + 1) * width], shape), 1, 2) for n in range(3)]
    weights = ops.softmax(ops.matmul(q, ops.swap(k, 2, 3)) * (width // HEADS) ** -0.5)
    heads = ops.reshape(ops.swap(ops.matmul(weights, v), 1, 2), (batch, tokens, width))
    x = x + ops.linear(heads, out, out_bias)
    x = x + ops.linear(ops.gelu(ops.linear(ops.layer_norm(x, scale2, shift2), up, up_bias)), down, down_bias)
    return ops.mean(x * x)


def transformer_arrays(batch: int = 8, tokens: int = 64, width: int = 128) -> Any:
    rng = np.random.default_rng(0)
    shapes = [(width,), (width,), (width, 3 * width), (3 * width,), (width, width), (width,)]
    shapes += [(width,), (width,), (width, 4 * width), (4 * width,), (4 * width, width), (width,)]
    arrays = [rng.normal(0, 0.1, s) if len(s) == 2 else np.zeros(s) for s in shapes]
    arrays[0], arrays[6] = np.ones(width), np.ones(width)
    x = rng.normal(size=(batch, tokens, width))
    return [a.astype(np.float32) for a in arrays], [x.astype(np.float32)]


def lstm(ops: Any, parameters: list[Any], data: list[Any]) -> Any:
    """A long short-term memory over a sequence; the loss is the mean square of its last state."""
    of_x, of_h, bias = parameters
    sequence, h, c = data
    n = h.shape[1]
    for x in sequence:
        gates = ops.matmul(x, of_x) + ops.matmul(h, of_h) + bias
        enter, forget, leave = [ops.sigmoid(gates[:, k * n : (k + 1) * n]) for k in range(3)]
        c = forget * c + enter * ops.tanh(gates[:, 3 * n :])
        h = leave * ops.tanh(c)
    return ops.mean(h * h)


def lstm_arrays(steps: int = 100, batch: int = 8, inputs: int = 16, hidden: int = 32) -> Any:
    rng = np.random.default_rng(0)
    shapes = [(inputs, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,)]
    sequence = [rng.normal(size=(batch, inputs)).astype(np.float32) for _ in range(steps)]
    state = np.zeros((batch, hidden), np.float32)
    return [rng.normal(0, 0.2, s).astype(np.float32) for s in shapes], [sequence, state, state.copy()]


MNIST, BIG = (784, 256, 64, 10), (1024, 1024, 1024, 1024, 10)

WORKLOADS = {
    w.name: w
    for w in (
        Workload(
            "1000 small calls",
            partial(chain_arrays, 10),
            partial(chain, calls=1000),
            2,
            "chain",
            updates=False,
        ),
        Workload("MNIST step", partial(mlp_arrays, MNIST, 64), mlp, 40, "mlp"),
        Workload("big MLP", partial(mlp_arrays, BIG, 256), mlp, 1, "mlp"),
        Workload("transformer block", transformer_arrays, transformer, 2, "transformer"),
        Workload(
            "chain 1e6", partial(chain_arrays, 10**6), partial(chain, calls=8), 1, "chain", updates=False
        ),
        Workload(
            "chain 1e7", partial(chain_arrays, 10**7), partial(chain, calls=8), 1, "chain", updates=False
        ),
        Workload("LSTM", lstm_arrays, lstm, 1, "lstm"),
    )
}
