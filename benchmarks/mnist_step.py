"""One step of gradient descent on the MNIST network, beside PyTorch eager and HIPS autograd.

784-256-64-10 with relu, batch 64, float32, cross-entropy, plain descent: value, gradient and
update. The contestants take the same steps from the same weights, in rotating order, one thread.

usage: python benchmarks/mnist_step.py [--steps 50] [--rounds 15] [--json FILE]
"""

from __future__ import annotations

import argparse
import os

# Before any library reads it: the comparison is of one thread with one thread.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from results import machine, save
from timing import Times, alternate

import neo
from neo.functions import cross_entropy, linear, relu

SIZES, BATCH, RATE = (784, 256, 64, 10), 64, 0.1


def initial() -> list[Any]:
    """Return weights (in, out) and biases, the same every time."""
    rng = np.random.default_rng(0)
    pairs = pairwise(SIZES)
    layers = [(rng.normal(0, (2 / n) ** 0.5, (n, m)), np.zeros(m)) for n, m in pairs]
    return [x.astype(np.float32) for layer in layers for x in layer]


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.random((BATCH, SIZES[0]), dtype=np.float32), rng.integers(0, SIZES[-1], BATCH)


def with_neo(steps: int, convert: Callable[[Any], Any]) -> Callable[[], float]:
    def loss(parameters: Any, x: Any, y: Any) -> Any:
        for k in range(0, 4, 2):
            x = relu(linear(x, parameters[k], parameters[k + 1]))
        return cross_entropy(linear(x, parameters[4], parameters[5]), y)

    step = neo.value_and_grad(loss)
    x, y = [convert(a) for a in data()]

    def run() -> float:
        parameters, value = [convert(p) for p in initial()], None
        for _ in range(steps):
            value, gradients = step(parameters, x, y)
            for p, g in zip(parameters, gradients, strict=True):
                p -= RATE * g
        return float(value)

    return run


def with_torch(steps: int) -> Callable[[], float]:
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    x, y = [torch.asarray(a) for a in data()]

    def run() -> float:
        parameters = [torch.asarray(p).clone().requires_grad_() for p in initial()]
        for _ in range(steps):
            h = x
            for k in range(0, 4, 2):
                h = torch.relu(h @ parameters[k] + parameters[k + 1])
            loss = functional.cross_entropy(h @ parameters[4] + parameters[5], y)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for p, g in zip(parameters, gradients, strict=True):
                    p -= RATE * g
        return float(loss.detach())

    return run


def with_torch_linear(steps: int) -> Callable[[], float]:
    """PyTorch at its best: fused `linear` on weights stored as it likes them, (out, in)."""
    import torch
    from torch.nn import functional

    x, y = [torch.asarray(a) for a in data()]

    def run() -> float:
        parameters = [torch.asarray(p.T.copy()).requires_grad_() for p in initial()]
        for _ in range(steps):
            h = x
            for k in range(0, 4, 2):
                h = torch.relu(functional.linear(h, parameters[k], parameters[k + 1]))
            loss = functional.cross_entropy(functional.linear(h, parameters[4], parameters[5]), y)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for p, g in zip(parameters, gradients, strict=True):
                    p -= RATE * g
        return float(loss.detach())

    return run


def with_autograd(steps: int) -> Callable[[], float]:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    x, y = data()
    rows = np.arange(BATCH)

    def loss(parameters: Any) -> Any:
        h = x
        for k in range(0, 4, 2):
            h = anp.maximum(anp.dot(h, parameters[k]) + parameters[k + 1], 0)
        logits = anp.dot(h, parameters[4]) + parameters[5]
        return anp.mean(logsumexp(logits, axis=1) - logits[rows, y])

    step = autograd.value_and_grad(loss)

    def run() -> float:
        parameters, value = initial(), None
        for _ in range(steps):
            value, gradients = step(parameters)
            for p, g in zip(parameters, gradients, strict=True):
                p -= RATE * g
        return float(value)

    return run


def contestants(steps: int) -> dict[str, Callable[[], float]]:
    """Return every contestant whose library is here."""
    found: dict[str, Callable[[], float]] = {"neo over NumPy": with_neo(steps, np.asarray)}
    try:
        import torch

        found["neo over Torch"] = with_neo(steps, lambda a: torch.asarray(np.array(a)))
        found["PyTorch eager"] = with_torch(steps)
        found["PyTorch eager, nn.functional.linear"] = with_torch_linear(steps)
    except ImportError:
        pass
    try:
        found["HIPS autograd"] = with_autograd(steps)
    except ImportError:
        pass
    return found


def check() -> None:
    """Raise AssertionError unless all losses agree after ten steps.

    At this rate rounding grows: after thirty steps even PyTorch and HIPS autograd differ in the
    fourth digit, after fifty in the first.
    """
    losses = {name: run() for name, run in contestants(10).items()}
    for name, loss in losses.items():
        np.testing.assert_allclose(loss, losses["neo over NumPy"], rtol=1e-5, err_msg=name)


def rows(times: dict[str, Times], steps: int) -> list[dict[str, Any]]:
    """Return a row per contestant, with its ratio to PyTorch eager in the same run."""
    base = times["PyTorch eager"].median if "PyTorch eager" in times else None
    return [
        {
            "name": name,
            "us per step": 1e6 * t.median / steps,
            "quartiles": [1e6 * t.low / steps, 1e6 * t.high / steps],
            "ratio to PyTorch eager": t.median / base if base else None,
        }
        for name, t in times.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50, help="steps per round")
    parser.add_argument("--rounds", type=int, default=15, help="rounds that count")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    options = parser.parse_args()
    check()
    found = rows(alternate(contestants(options.steps), options.rounds), options.steps)
    for row in found:
        ratio = row["ratio to PyTorch eager"]
        print(f"{row['name']:<36} {row['us per step']:8.0f} us per step   {ratio or float('nan'):5.2f}")
    save(options.json, {"benchmark": "mnist_step", "machine": machine(), "rows": found})


if __name__ == "__main__":
    main()
