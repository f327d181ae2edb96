"""What a call is: a function of arrays of another library, and operands to try it at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

# Operands by name: each a function of a generator. Distinct numbers, away from kinks.
OPERANDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "unit": lambda rng: _spread(rng, 0.15, 0.85, (5,)),
    "positive": lambda rng: _spread(rng, 0.3, 3.0, (5,)),
    "large": lambda rng: _spread(rng, 3.0, 9.0, (5,)),
    "above_one": lambda rng: _spread(rng, 1.2, 3.0, (5,)),
    "real": lambda rng: _spread(rng, -1.7, 2.1, (5,)),
    "data": lambda rng: _spread(rng, -2.0, 2.0, (12,)),
    "more": lambda rng: _spread(rng, -1.5, 2.5, (12,)),
    "counts": lambda rng: _spread(rng, 2.0, 9.0, (6,)),
    "signal": lambda rng: _spread(rng, -1.0, 1.0, (16,)),
    "long": lambda rng: _spread(rng, -1.0, 1.0, (40,)),
    "taps": lambda rng: _spread(rng, 0.1, 0.9, (4,)),
    "filter": lambda rng: _spread(rng, 0.1, 0.4, (4,)) + np.asarray([1.0, 0, 0, 0]),
    "matrix": lambda rng: _spread(rng, -1.0, 1.0, (6, 3)),
    "samples": lambda rng: _spread(rng, -2.0, 2.0, (12, 3)),
    "square": lambda rng: _spread(rng, -1.0, 1.0, (4, 4)) + 2 * np.eye(4),
    "image": lambda rng: _spread(rng, -1.0, 1.0, (6, 8)),
    "even": lambda rng: _spread(rng, -1.0, 1.0, (4, 4)),
    "cube": lambda rng: _spread(rng, -1.0, 1.0, (2, 3, 4)),
    "vectors": lambda rng: _spread(rng, -1.0, 1.0, (4, 3)),
    "quaternion": lambda rng: _spread(rng, 0.2, 1.0, (4,)),
    "quaternions": lambda rng: _spread(rng, 0.2, 1.0, (3, 4)),
    "angles": lambda rng: _spread(rng, 0.2, 1.1, (3,)),
    "grid": lambda rng: np.cumsum(_spread(rng, 0.2, 0.6, (9,))),
    "scalar": lambda rng: _spread(rng, 0.4, 0.8, (1,))[0],
    "spd": lambda rng: _definite(_spread(rng, -1.0, 1.0, (3, 3))),
    "targets": lambda rng: _spread(rng, 0.3, 3.0, (8, 2)),
    "guesses": lambda rng: _spread(rng, 0.4, 2.6, (8, 2)),
    "rates": lambda rng: _spread(rng, 0.15, 0.85, (8,)),
}


def _spread(rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
    n = int(np.prod(shape))
    places = (rng.permutation(n) + rng.uniform(0.25, 0.75, n)) / n
    return (low + (high - low) * places).reshape(shape)


def _definite(a: np.ndarray) -> np.ndarray:
    return a @ a.T + np.eye(len(a))


@dataclass(frozen=True)
class Call:
    """A call: the library, the name that a reader knows it by, the function, and its operands' names."""

    library: str
    name: str
    function: Callable[..., Any]
    operands: tuple[str, ...]

    @property
    def label(self) -> str:
        """How the table of exceptions names it."""
        return f"{self.library}.{self.name}"

    def arrays(self) -> list[np.ndarray]:
        """Return NumPy operands, the same ones each time."""
        rng = np.random.default_rng(sum(map(ord, self.label)))
        return [np.asarray(OPERANDS[name](rng)) for name in self.operands]


def calls(library: str, operands: str, **functions: Callable[..., Any]) -> list[Call]:
    """Return calls of functions by name, all of the same operands, named with spaces between."""
    return [Call(library, name, f, tuple(operands.split())) for name, f in functions.items()]


def named(library: str, module: Any, operands: str, names: str, **settings: Any) -> list[Call]:
    """Return calls of a module's functions of these names, of arrays alone."""
    found = []
    for name in names.split():
        function = getattr(module, name)
        found.append(Call(library, name, _with(function, settings), tuple(operands.split())))
    return found


def _with(function: Callable[..., Any], settings: dict[str, Any]) -> Callable[..., Any]:
    return lambda *arrays: function(*arrays, **settings)
