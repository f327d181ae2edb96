"""Microseconds that a tape adds to one elementwise call, forward and backward together.

The chain sin, multiply, tanh, add on ten numbers, against the same raw calls written by hand: what
is left is bookkeeping. PyTorch's own autograd against raw Torch calls is measured beside it.

usage: python benchmarks/bookkeeping.py [--calls 1000] [--rounds 40] [--json FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from results import machine, save
from timing import Times, alternate

import neo
import neo.numpy as nep


def by_hand(xp: Any, x: Any, calls: int) -> Any:
    """The chain and its gradient as a person would write them out."""
    y, saved = x, []
    for _ in range(calls // 4):
        a = xp.sin(y)
        b = a * x
        c = xp.tanh(b)
        saved.append((y, a, c))
        y = c + x
    g, total = xp.ones_like(y), None
    for y, a, c in reversed(saved):
        total = g if total is None else total + g
        g = g * (1 - c * c)
        total = total + g * a
        g = g * x
        g = g * xp.cos(y)
    return total + g


def chain(x: Any, calls: int) -> Any:
    """The chain in neo's functions."""
    y = x
    for _ in range(calls // 4):
        y = nep.tanh(nep.sin(y) * x) + x
    return y


def with_neo(x: Any, calls: int) -> Callable[[], Any]:
    run = neo.autograd.session.value_and_grad(lambda x: chain(x, calls))
    return lambda: run(x)[1]["x"]


def with_torch(x: Any, calls: int) -> Callable[[], Any]:
    import torch

    leaf = x.clone().requires_grad_()

    def run() -> Any:
        y = leaf
        for _ in range(calls // 4):
            y = torch.tanh(torch.sin(y) * leaf) + leaf
        return torch.autograd.grad(y, leaf, torch.ones_like(y))[0]

    return run


def contestants(calls: int) -> dict[str, Callable[[], Any]]:
    """Return every contestant, after a check that they agree."""
    x = np.linspace(0.1, 1, 10, dtype=np.float32)
    found: dict[str, Callable[[], Any]] = {
        "raw NumPy": lambda: by_hand(np, x, calls),
        "neo over NumPy": with_neo(x, calls),
    }
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(1)
    t = torch.asarray(x)

    def raw_torch() -> Any:
        with torch.no_grad():
            return by_hand(torch, t, calls)

    found |= {
        "raw Torch": raw_torch,
        "neo over Torch": with_neo(t, calls),
        "PyTorch eager": with_torch(t, calls),
    }
    expected = np.asarray(found["raw NumPy"]())
    for name, run in found.items():
        np.testing.assert_allclose(np.asarray(run()), expected, rtol=1e-4, err_msg=name)
    return found


def rows(times: dict[str, Times], calls: int) -> list[dict[str, Any]]:
    """Return a row per tape: microseconds per call above the raw calls beside it."""
    pairs = [
        ("neo over NumPy", "raw NumPy"),
        ("neo over Torch", "raw Torch"),
        ("PyTorch eager", "raw Torch"),
    ]
    return [
        {
            "tape": tape,
            "us per call": 1e6 * times[tape].median / calls,
            "raw us per call": 1e6 * times[raw].median / calls,
            "bookkeeping us": 1e6 * (times[tape].median - times[raw].median) / calls,
        }
        for tape, raw in pairs
        if tape in times
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000, help="calls in the chain")
    parser.add_argument("--rounds", type=int, default=40, help="rounds that count")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    options = parser.parse_args()
    found = rows(alternate(contestants(options.calls), options.rounds), options.calls)
    for row in found:
        print(
            f"{row['tape']:<16} {row['us per call']:7.2f} us per call, {row['raw us per call']:7.2f} "
            f"by hand: {row['bookkeeping us']:5.2f} us of bookkeeping"
        )
    save(options.json, {"benchmark": "bookkeeping", "machine": machine(), "rows": found})


if __name__ == "__main__":
    main()
