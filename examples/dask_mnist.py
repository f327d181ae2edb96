"""The network of mnist.py, trained by two processes on more digits than either could hold.

    python examples/dask_mnist.py
    python examples/dask_mnist.py --data mnist.npz --count 1000000 --memory 1GB

The step is that of mnist.py, on Dask's arrays: it builds a graph, forward and backward, which
`dask.distributed` runs a block of digits at a time.
"""

from __future__ import annotations

import argparse
import logging
import resource
from contextlib import suppress
from pathlib import Path

import numpy as np
from dask.distributed import Client, LocalCluster
from dask.utils import format_bytes
from digits import Set
from large_digits import SIDE, large
from mnist import CLASSES, HIDDEN, Run, initial_weights, on, predict, step

import neo.numpy as nep


def two_processes(memory: str | int, directory: str | None = None) -> LocalCluster:
    """Return a cluster of two processes with a thread each; one that holds more memory is ended.

    directory: for what they write to disk before that.
    """
    return LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        memory_limit=memory,
        local_directory=directory,
        dashboard_address=None,
    )


def expect_pauses() -> None:
    """Log in this process no more that it waits for memory to be free, which is the limit at work.

    What ends a process is logged by another one.
    """
    logging.getLogger("distributed.worker.memory").setLevel(logging.ERROR)


def train(run: Run, digits: Set, batch: int, epochs: int) -> None:
    """Train, and print a line per epoch."""
    for epoch in range(epochs):
        run.seconds.append(0.0)
        run.train(list(digits.batches(batch)), rate=0.1)
        print(f"epoch {epoch + 1}: loss {float(run.losses[-1]):.4f}, {run.seconds[-1]:.1f} s")


def accuracy(run: Run, digits: Set) -> float:
    """Return the share of digits read right: one graph over all of them."""
    right = nep.equal(predict(run.weights, digits.images), digits.labels)
    return int(nep.count_nonzero(right)) / len(digits)


def peak_memory() -> int:
    """Return the most bytes of memory that this process has held."""
    with suppress(OSError):  # Linux; the other counts what the process that started this one held
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def arguments(given: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Train on digits that do not fit into memory, with Dask.")
    parser.add_argument("--data", metavar="FILE.npz", help="MNIST, laid out like mnist.npz")
    parser.add_argument("--count", type=int, default=400_000, help="of digits (default: 400000, 1.2 GB)")
    parser.add_argument("--batch", type=int, default=16_384, help="digits in a step (default: 16384)")
    parser.add_argument("--epochs", type=int, default=2, help="default: 2")
    parser.add_argument("--memory", default="500MB", help="of each process (default: 500MB)")
    parser.add_argument("--seed", type=int, default=7, help="of the weights and the digits (default: 7)")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """Train, and print what was measured."""
    options = arguments(given)
    digits = large(options.count, options.data, options.seed)
    weights = initial_weights((SIDE * SIDE, *HIDDEN, CLASSES), np.random.default_rng(options.seed))
    run = Run("neo on dask", step, predict, on(weights, "dask", None), "dask", None)
    print(f"{len(digits)} digits, {format_bytes(digits.images.nbytes)}, on two processes of {options.memory}")
    with two_processes(options.memory) as cluster, Client(cluster) as client:
        client.run(expect_pauses)
        train(run, digits, options.batch, options.epochs)
        print(f"accuracy over all of them: {accuracy(run, digits):.4f}")
        peaks = client.run(peak_memory).values()
        print("most memory that a process held: " + ", ".join([format_bytes(x) for x in peaks]))
        # Their work is done: one that takes more than seconds to end is killed, with a warning.
        logging.getLogger("distributed.nanny").setLevel(logging.ERROR)


if __name__ == "__main__":
    main()
