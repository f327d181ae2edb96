"""What mnist.py shows: a bar while it trains, a table, a comparison and a plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import fmean, median
from typing import Any

import numpy as np

FIRST = 100
# An accuracy moves by some tenths of a point from epoch to epoch: these are shown together.
LAST = 5


@contextmanager
def progress(steps: int) -> Iterator[tuple[Callable[[int], Any], Callable[[str], Any]]]:
    """Show a bar of so many steps; yield the functions that advance it and that print above it."""
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:  # an extra: pip install 'neo-autodiff[demo]'
        yield (lambda count: None), print
        return
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("training", total=steps)
        yield (
            (lambda count: bar.advance(task, count)),
            (lambda text: bar.console.print(text, highlight=False)),
        )


def heading(runs: list[Any]) -> str:
    """Return the first line of the table."""
    return f"epoch  {'':<{_width(runs)}}  training  validation  seconds"


def row(run: Any, runs: list[Any]) -> str:
    """Return the line of a run's last epoch; seconds are those of its steps alone."""
    training, validation = run.accuracies[-1]
    epoch = len(run.accuracies)
    return (
        f"{epoch:>5}  {run.name:<{_width(runs)}}  {training:8.4f}  {validation:10.4f}  {run.seconds[-1]:7.2f}"
    )


def _width(runs: list[Any]) -> int:
    return max([len(run.name) for run in runs])


def summary(runs: list[Any]) -> str:
    """Return what came out: the accuracy, and beside PyTorch the losses and the time."""
    lines = [_accuracy(run) for run in runs]
    if len(runs) > 1:
        ours, theirs, *again = runs
        lines += ["", *[line for run in (ours, *again) for line in _comparison(run, theirs)]]
    return "\n" + "\n".join(lines)


def _accuracy(run: Any) -> str:
    last = _last(run)
    return (
        f"{run.name}: validation accuracy {last[-1]:.4f}, over the last {len(last)} epochs {fmean(last):.4f} "
        f"({min(last):.4f} to {max(last):.4f})"
    )


def _last(run: Any) -> list[float]:
    return [validation for _, validation in run.accuracies[-LAST:]]


def _comparison(ours: Any, theirs: Any) -> list[str]:
    """Return how far two runs from the same weights over the same batches came apart.

    They round in different places. While that is all, the losses differ by a few units in the last
    place; but the first unit of a relu whose input is within rounding of 0 may be on in one run and
    off in the other, and from that step on they are two trainings, equally good. PyTorch and PyTorch
    part as much if each batch's digits come in another order: `--compare torch-twice` shows it.
    """
    both = f"{ours.name} and {theirs.name}"
    points = 100 * (fmean(_last(ours)) - fmean(_last(theirs)))
    difference = np.abs(losses_of(ours) - losses_of(theirs))
    ratio = median(np.divide(ours.seconds, theirs.seconds))
    return [
        f"{both}: validation accuracies {points:+.2f} points apart over the last {len(_last(ours))} epochs",
        f"  largest difference of the losses: {difference[:FIRST].max():.1e} over the first {FIRST} steps, "
        f"{difference.max():.1e} over all {len(difference)}",
        f"  time per epoch, as a ratio: {ratio:.2f}  "
        f"({median(ours.seconds):.3f} s / {median(theirs.seconds):.3f} s, medians)",
    ]


def losses_of(run: Any) -> np.ndarray:
    """Return the loss of every step, float64."""
    return np.array([float(x) for x in run.losses])


def plot(runs: list[Any], path: str) -> None:
    """Draw the losses and the accuracies into a file."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for run, style in zip(runs, ("-", "--", ":")[: len(runs)], strict=True):
        epochs = range(1, len(run.accuracies) + 1)
        smooth = _per_epoch(losses_of(run), len(run.accuracies))
        left.semilogy(epochs, smooth, style, label=run.name)
        for values, what in zip(zip(*run.accuracies, strict=True), ("training", "validation"), strict=True):
            right.plot(epochs, values, style, label=f"{run.name}, {what}")
    left.set(xlabel="epoch", ylabel="loss, mean of the epoch")
    right.set(xlabel="epoch", ylabel="accuracy")
    for panel in (left, right):
        panel.legend()
        panel.grid(alpha=0.3)
    figure.savefig(path, dpi=150)
    print(f"curves drawn in {path}")


def _per_epoch(losses: np.ndarray, epochs: int) -> np.ndarray:
    return losses.reshape(epochs, -1).mean(axis=1)
