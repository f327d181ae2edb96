"""The operations that the property tests walk: each Policy and composite, at each of its samples."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import neo

# Their operations are in the table once they are imported.
from neo import fft, linalg, special  # noqa: F401
from neo.ops import composites

from .libraries import LIBRARIES, Library

# Half a unit off the real axis: nearer than i, i pi / 2 and the other branch points and poles that
# the domain of real operands does not know of.
IMAGINARY = 0.5

ELEMENTWISE_SHAPES = {
    1: [[()], [(0,)], [(2, 3)]],
    2: [[(), ()], [(2, 1), (3,)], [(3,), ()], [(0, 3), (1,)], [(2, 3), (2, 3)]],
}


@dataclass(frozen=True)
class Case:
    """One operation at the shapes of one sample; at any shapes that broadcast if there is none."""

    label: str
    function: Callable[..., Any]
    domain: Any
    arity: int
    shapes: list[tuple[int, ...]] | None
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.function.__name__

    def takes_complex(self) -> bool:
        """Tell whether the operation is one of complex numbers too, as array_api_strict says.

        What the standard defines for real numbers only, that library refuses with a TypeError.
        """
        shapes = ELEMENTWISE_SHAPES[self.arity][0] if self.shapes is None else self.shapes
        strict = LIBRARIES["array-api-strict"]
        try:
            self.on(strict)(*map(strict.asarray, self.operands(shapes, 0, "complex128")))
        except TypeError:
            return False
        except Exception:  # a fault of the operation, for its tests to report
            return True
        return True

    def draw_shapes(self) -> st.SearchStrategy[list[tuple[int, ...]]]:
        """Return a strategy for the operands' shapes, broadcast, empty and 0-d ones among them."""
        if self.shapes is not None:
            return st.just(self.shapes)
        known = st.sampled_from(ELEMENTWISE_SHAPES[self.arity])
        drawn = mutually_broadcastable_shapes(num_shapes=self.arity, max_dims=3, min_side=0, max_side=3)
        return known | drawn.map(lambda found: list(found.input_shapes))

    def operands(self, shapes: list[tuple[int, ...]], seed: int, dtype: str = "float64") -> list[np.ndarray]:
        """Return NumPy operands inside the domain, no two of their elements close together.

        Where two elements are equal, max, sort and their kind have a kink.
        """
        rng = np.random.default_rng(seed)
        return _split(_spread(rng, self._bounds(shapes), dtype), shapes)

    def _bounds(self, shapes: list[tuple[int, ...]]) -> np.ndarray:
        """Return (low, high) for every element of every operand, in a row each."""
        pairs = self.domain if isinstance(self.domain[0], tuple) else [self.domain] * len(shapes)
        rows = [np.tile(pair, (int(np.prod(shape)), 1)) for pair, shape in zip(pairs, shapes, strict=True)]
        return np.concatenate(rows).astype(float)

    def on(self, xp: Library) -> Callable[..., tuple[Any, ...]]:
        """Return the operation as a function of its arrays alone that gives a tuple of results."""
        settings = {name: _setting(xp, name, value) for name, value in self.settings.items()}
        prepare, observe = self._declared("prepare"), self._declared("observe")

        def function(*operands: Any) -> tuple[Any, ...]:
            prepared = prepare(*operands) if prepare else operands
            args, kwargs = _bound(self.function, list(prepared), settings)
            out = self.function(*args, **kwargs)
            results = tuple(out) if isinstance(out, tuple | list) else (out,)
            return tuple(observe(*results)) if observe else results

        return function

    def _declared(self, name: str) -> Any:
        """Return what the operation declares by that name, None if nothing."""
        return getattr(getattr(self.function, "policy", self.function), name, None)


def _spread(rng: np.random.Generator, bounds: np.ndarray, dtype: str) -> np.ndarray:
    """Return a number between each pair of bounds, their places at least half a step apart."""
    n = len(bounds)
    places = (rng.permutation(n) + rng.uniform(0.25, 0.75, n)) / max(n, 1)
    values = bounds[:, 0] + (bounds[:, 1] - bounds[:, 0]) * places
    if dtype.startswith("complex"):
        values = values + 1j * rng.uniform(-IMAGINARY, IMAGINARY, n)
    return values.astype(dtype)


def _split(values: np.ndarray, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(values, ends[:-1]), shapes, strict=True)]


def _setting(xp: Library, name: str, value: Any) -> Any:
    """Return a declared setting with dtypes and nested lists as the library's own."""
    if name == "dtype":
        return xp.library.dtype(value)
    if isinstance(value, tuple):
        return tuple([_setting(xp, "", k) for k in value])
    return xp.asarray(value) if isinstance(value, list) else value


def _bound(function: Any, operands: list[Any], settings: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a public function: arrays in order, settings by name."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for p in inspect.signature(function).parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            args, operands = args + operands, []
        elif p.kind is p.KEYWORD_ONLY:
            kwargs.update({p.name: settings[p.name]} if p.name in settings else {})
        elif p.name in settings:
            args.append(settings[p.name])
        elif p.name == "arrays":
            args, operands = [*args, operands], []
        elif operands:
            args.append(operands.pop(0))
    return args, kwargs


def _cases() -> list[Case]:
    found = []
    for name, function in neo.policies.items():
        policy = function.policy
        if hasattr(policy, "rules"):
            found.append(Case(name, function, policy.domain, len(policy.rules), None, {}))
        else:
            found += _sampled(name, function, policy.domain, policy.samples)
    for name, function in composites.items():
        found += _sampled(name, function, function.domain, function.samples)
    return found


def _sampled(name: str, function: Any, domain: Any, samples: Any) -> list[Case]:
    return [
        Case(f"{name}-{k}", function, domain, len(shapes), shapes, settings)
        for k, (shapes, settings) in enumerate(samples or [])
    ]


# Cases without a domain are left to the test that says which they are.
CASES = [case for case in _cases() if case.domain is not None]
COMPLEX_CASES = [case for case in CASES if case.takes_complex()]
