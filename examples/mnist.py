"""A network that reads handwritten digits, trained with neo on the array library of your choice.

For example

    python examples/mnist.py                                  # scikit-learn's digits, in seconds
    python examples/mnist.py --backend torch --plot curves.png
    python examples/mnist.py --data mnist.npz --compare torch
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
from digits import Set, load
from mnist_report import heading, plot, progress, row, summary

import neo
import neo.numpy as nep
from neo.functions import cross_entropy, linear, relu

HIDDEN, CLASSES = (256, 64), 10
RATE, BATCH, VALIDATION_BATCH = 0.5, 64, 1000
# With PyTorch beside it, each trains this many steps in turn: whatever else the machine does, both feel it.
TURN = 100


# The model: a list of layers, each a dict of two arrays.
def initial_weights(widths: tuple[int, ...], rng: np.random.Generator) -> list[dict[str, np.ndarray]]:
    """Return layers (in, out) drawn as He et al. (2015) do before a relu, and zero biases; float32."""
    return [
        {
            "weight": rng.normal(0, math.sqrt(2 / n), (n, m)).astype(np.float32),
            "bias": np.zeros(m, np.float32),
        }
        for n, m in pairwise(widths)
    ]


def logits_of(weights: Any, images: Any) -> Any:
    """Return a score for every image and digit: (n, width) -> (n, 10)."""
    *hidden, last = weights
    for layer in hidden:
        images = relu(linear(images, layer["weight"], layer["bias"]))
    return linear(images, last["weight"], last["bias"])


def loss_of(weights: Any, images: Any, labels: Any) -> Any:
    """Return the mean cross entropy of a batch."""
    return cross_entropy(logits_of(weights, images), labels)


loss_and_gradients = neo.value_and_grad(loss_of)


def step(weights: Any, rate: float, images: Any, labels: Any) -> Any:
    """Move the weights down the gradient of one batch's loss; return the loss."""
    loss, gradients = loss_and_gradients(weights, images, labels)
    for layer, gradient in zip(weights, gradients, strict=True):
        layer["weight"] -= rate * gradient["weight"]
        layer["bias"] -= rate * gradient["bias"]
    return loss


def predict(weights: Any, images: Any) -> Any:
    """Return the digit of the highest score for every image."""
    return nep.argmax(logits_of(weights, images), axis=1)


class Run:
    """One library's training: what it needs to step, and what was measured on the way."""

    def __init__(
        self, name: str, step: Any, predict: Any, weights: Any, backend: str, device: str | None
    ) -> None:
        self.name, self.step, self.predict, self.weights = name, step, predict, weights
        self.backend, self.device = backend, device
        self.losses: list[Any] = []
        self.seconds: list[float] = []
        self.accuracies: list[tuple[float, float]] = []

    def train(self, batches: list[tuple[Any, Any]], rate: float = RATE) -> None:
        """Take a step per batch, and add the time to that of the epoch."""
        start = time.perf_counter()
        for images, labels in batches:
            loss = self.step(self.weights, rate, images, labels)
            # Of a lazy library: or each step's graph would hold all those before it.
            self.weights, loss = neo.evaluate((self.weights, loss))
            self.losses.append(loss)
        neo.backends.get(self.backend).synchronize(self.device or "cpu")
        self.seconds[-1] += time.perf_counter() - start

    def accuracy(self, digits: Set) -> float:
        """Return the share of digits read right."""
        right = 0
        for images, labels in digits.on(self.backend, self.device).batches(VALIDATION_BATCH):
            right += int(nep.count_nonzero(nep.equal(self.predict(self.weights, images), labels)))
        return right / len(digits)


class Reordered(Run):
    """A training with the digits of each batch in another order: its sums are rounded otherwise, no more."""

    def train(self, batches: list[tuple[Any, Any]]) -> None:
        """Take a step per batch."""
        super().train([(images.flip(0), labels.flip(0)) for images, labels in batches])


def fit(runs: list[Run], training: Set, validation: Set, epochs: int, rng: np.random.Generator) -> None:
    """Train all runs on the same batches, in turns, and print a line per epoch and run."""
    with progress(epochs * math.ceil(len(training) / BATCH)) as (advance, say):
        say(heading(runs))
        for _ in range(epochs):
            one_epoch(runs, training.shuffled(rng), advance)
            for run in runs:
                run.accuracies.append((run.accuracy(training), run.accuracy(validation)))
                say(row(run, runs))


def one_epoch(runs: list[Run], digits: Set, advance: Any) -> None:
    for run in runs:
        run.seconds.append(0.0)
    # Shuffled on the host, so that every library on every device sees the same batches.
    batches = {run: list(digits.on(run.backend, run.device).batches(BATCH)) for run in runs}
    for start in range(0, len(batches[runs[0]]), TURN):
        for run in runs:
            run.train(batches[run][start : start + TURN])
        runs = runs[::-1]  # nobody is always first
        advance(len(batches[runs[0]][start : start + TURN]))


def on(weights: Any, backend: str, device: str | None) -> list[dict[str, Any]]:
    """Return NumPy's weights as a library's own arrays on a device."""
    return [
        {name: neo.asarray(x, backend=backend, device=device).data for name, x in layer.items()}
        for layer in weights
    ]


def runs_for(options: argparse.Namespace, weights: Any) -> list[Run]:
    """Return neo's run, and PyTorch's, once or twice, if it is asked for, from the same weights."""
    library, device = neo.backends.resolve(options.backend, options.device)
    here = on(weights, library.name, device)
    runs = [Run(f"neo on {library.name}", step, predict, here, library.name, device)]
    if options.compare:
        import mnist_torch as rival

        given = (rival.step, rival.predict)
        runs.append(Run("PyTorch", *given, rival.copy_of(weights, device), "torch", device))
        if options.compare == "torch-twice":
            name = "PyTorch, reordered"
            runs.append(Reordered(name, *given, rival.copy_of(weights, device), "torch", device))
    use_one_thread()
    return runs


def use_one_thread() -> None:
    """Keep the libraries that are loaded to one thread: products this small are quicker on one."""
    with suppress(ImportError):  # it comes with scikit-learn
        from threadpoolctl import threadpool_limits

        threadpool_limits(limits=1)


def arguments(given: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Train a network to read handwritten digits with neo.")
    parser.add_argument("--backend", help=f"the array library: {', '.join(neo.backends.names())}")
    parser.add_argument("--device", help="where its arrays live: cpu, cuda:0, mps")
    parser.add_argument("--data", metavar="FILE.npz", help="MNIST, laid out like mnist.npz")
    parser.add_argument(
        "--epochs", type=positive, help="default: 10 for a file, 30 for scikit-learn's digits"
    )
    parser.add_argument(
        "--compare",
        choices=["torch", "torch-twice"],
        help="train PyTorch beside neo, one thread each; twice: how far rounding alone takes two trainings",
    )
    parser.add_argument("--plot", metavar="FILE.png", help="draw the curves at the end")
    parser.add_argument("--seed", type=int, default=7, help="of the weights and of the order (default: 7)")
    return parser.parse_args(given)


def positive(text: str) -> int:
    """Return a number of epochs from the command line."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def main(given: list[str] | None = None) -> None:
    """Train, and print what was measured."""
    options = arguments(given)
    rng = np.random.default_rng(options.seed)
    try:
        training, validation = load(options.data, options.seed)
        widths = (training.images.shape[1], *HIDDEN, CLASSES)
        runs = runs_for(options, initial_weights(widths, rng))
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"mnist.py: {error}")
    shape = "-".join(map(str, widths))
    print(f"{len(training)} digits to train on, {len(validation)} to validate with; {shape}\n")
    fit(runs, training, validation, options.epochs or (10 if options.data else 30), rng)
    print(summary(runs))
    if options.plot:
        plot(runs, options.plot)


if __name__ == "__main__":
    main()
