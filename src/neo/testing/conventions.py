"""The gradient conventions as data: what neo gives at ties, kinks and poles, and what others give.

`ROWS` is the one table. The tests hold neo to it on every library and the page docs/conventions.md
is made from it by `table()` and `programs()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.broadcasting import sum as sum_of
from ..transforms.gradient import grad


@dataclass(frozen=True)
class Slope:
    """A program, its operands, and the gradient of its sum to each of them.

    text: the program in words. order: 2 for the derivative of the gradient's sum. tolerance: what
    is allowed beyond rounding to the last digit, relative to 1. dtype: of the operands.
    settings: of the transform.
    """

    text: str
    f: Callable[..., Any]
    at: tuple[Any, ...]
    gradients: tuple[Any, ...]
    order: int = 1
    tolerance: float = 0.0
    dtype: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def found(self, asarray: Callable[..., Any]) -> tuple[Any, ...]:
        """Return the gradients that neo gives of operands made by asarray(values, dtype)."""
        operands = [asarray(np.asarray(x) * 1.0, self.dtype) for x in self.at]
        argnums = tuple(range(len(operands)))
        pulled = grad(lambda *xs: sum_of(self.f(*xs)), argnums=argnums, **self.settings)
        if self.order == 1:
            return tuple(pulled(*operands))
        return (grad(lambda x: sum_of(pulled(x)[0]))(*operands),)

    def __str__(self) -> str:
        return " ; ".join([_short(g) for g in self.gradients])

    @property
    def point(self) -> str:
        """The operands as text."""
        return ", ".join([_short(x) for x in self.at])


@dataclass(frozen=True)
class Refusal:
    """A program that has no gradient, and the error that says so."""

    text: str
    f: Callable[..., Any]
    at: tuple[Any, ...]
    error: type[Exception]
    words: str
    dtype: str | None = None

    def attempt(self, asarray: Callable[..., Any]) -> Any:
        """Ask for the gradient, which raises."""
        return grad(self.f)(*[asarray(np.asarray(x), self.dtype) for x in self.at])

    def __str__(self) -> str:
        return f"{self.error.__name__}: {self.words}"

    @property
    def point(self) -> str:
        """The operands as text."""
        return ", ".join([_short(x) for x in self.at])


Check = Slope | Refusal


@dataclass(frozen=True)
class Row:
    """One case: what JAX, PyTorch, HIPS autograd and neo give, and what shows it."""

    case: str
    jax: str
    torch: str
    hips: str
    neo: str
    checks: tuple[Check, ...]


def checks() -> Iterator[tuple[str, Check]]:
    """Yield (label, check) for every check of every row."""
    from .convention_rows import ROWS

    for row in ROWS:
        for check in row.checks:
            yield f"{row.case}: {check.text}", check


def table() -> str:
    """Return the table of the documentation, in Markdown."""
    from .convention_rows import ROWS

    lines = ["| case | JAX | PyTorch | HIPS | neo |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(lines + [f"| {r.case} | {r.jax} | {r.torch} | {r.hips} | {r.neo} |" for r in ROWS])


def programs() -> str:
    """Return every program of the table with its gradient, in Markdown."""
    lines = ["| program | at | gradient |", "| --- | --- | --- |"]
    return "\n".join(lines + [f"| `{c.text}` | {c.point} | {c} |" for _, c in checks()])


def _short(x: Any) -> str:
    """Return numbers as a reader would write them."""
    if isinstance(x, list | tuple):
        return f"[{', '.join([_short(k) for k in x])}]"
    if isinstance(x, np.ndarray):
        return _short(x.tolist()) if x.size else f"an array of shape {x.shape}"
    if isinstance(x, complex):
        return f"{x.real:g}{x.imag:+g}j"
    return str(x) if isinstance(x, bool) else f"{x:.6g}"
