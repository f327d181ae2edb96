"""A call through neo, and the finite differences of the plain NumPy run."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np

import neo

from .calls import Call

# Central differences of fourth order: a long step loses few digits to rounding, but may reach over a kink
# beside the operand; a short one does not. Both are derivatives of what the library computes.
STEPS = (1e-3, 2e-5)
STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
TOLERANCE = 2e-6


@dataclass
class Outcome:
    """What became of a call: works, needs the option zero_times_inf, wrong, or refused with the reason."""

    label: str
    library: str
    verdict: str
    reason: str = ""


def outcome(call: Call, library: str) -> Outcome:
    """Run a call on traced arrays of a library and compare its gradient with differences."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = derivative(call, library)
        except Exception as error:
            call.function(*call.arrays())  # what plain NumPy refuses too is a mistake of the table
            return Outcome(call.label, library, "refused", f"{type(error).__name__}: {error}"[:300])
        expected = [difference(call, step) for step in STEPS]
        if _agrees(found, expected):
            return Outcome(call.label, library, "works")
        if np.isnan(found) and _agrees(derivative(call, library, "zero"), expected):
            return Outcome(call.label, library, "with the option")
    return Outcome(call.label, library, "wrong", f"{found}, differences give {expected}")


def _agrees(found: float, expected: list[float]) -> bool:
    return any(np.allclose(found, x, rtol=TOLERANCE, atol=TOLERANCE) for x in expected)


def derivative(call: Call, library: str, zero_times_inf: str = "nan") -> float:
    """Return the derivative along the direction, of the weighted sum of the results."""
    backend = neo.backends.get(library)
    operands = [backend.asarray(x) for x in call.arrays()]

    def weighted(*arrays: Any) -> Any:
        total = 0.0
        for number, part in enumerate(floating(call.function(*arrays))):
            weights = backend.asarray(_weights(number, tuple(part.shape), part.dtype))
            total = total + neo.numpy.sum(
                neo.numpy.real(part * weights) if _is_complex(part) else part * weights
            )
        return total

    places = tuple(range(len(operands)))
    gradients = neo.grad(weighted, argnums=places, zero_times_inf=zero_times_inf)(*operands)
    pairs = zip(gradients, _directions(call), strict=True)
    return sum(float(np.sum(backend.to_numpy(g) * d)) for g, d in pairs)


def difference(call: Call, step: float) -> float:
    """Return the same derivative from differences of the plain NumPy run."""
    total = 0.0
    for steps, factor in STENCIL:
        moved = [x + step * steps * d for x, d in zip(call.arrays(), _directions(call), strict=True)]
        for number, part in enumerate(floating(call.function(*moved))):
            weighted = np.asarray(part) * _weights(number, np.shape(part), part.dtype)
            total += factor / step * float(np.sum(np.real(weighted)))
    return total


def _directions(call: Call) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.uniform(-1, 1, x.shape) for x in call.arrays()]


def _weights(number: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    rng = np.random.default_rng(number)
    weights = rng.uniform(0.5, 1.5, shape)
    return weights * np.exp(1j * rng.uniform(0, 6, shape)) if "complex" in str(dtype) else weights


def _is_complex(x: Any) -> bool:
    return "complex" in str(x.dtype)


def floating(out: Any) -> list[Any]:
    """Return the floating arrays of a result, in order: of tuples, of objects with attributes."""
    if hasattr(out, "dtype") and hasattr(out, "shape"):
        return [out] if "float" in str(out.dtype) or "complex" in str(out.dtype) else []
    if isinstance(out, tuple | list):
        return [x for y in out for x in floating(y)]
    if isinstance(out, dict):
        return [x for y in out.values() for x in floating(y)]
    if is_dataclass(out) or hasattr(out, "__dict__"):
        return [x for y in vars(out).values() for x in floating(y)]
    return []
