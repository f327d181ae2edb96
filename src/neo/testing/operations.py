"""Every operation of neo, with operands to try it at: each Policy and composite at each of its samples."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

# fft, linalg and special: their operations are in the table once they are imported.
from .. import backends, fft, functions, linalg, special  # noqa: F401
from .. import numpy as nep
from ..ops import composites, policies

for _module in (nep, functions):  # what is loaded on first use
    for _name in _module.__all__:
        getattr(_module, _name)

# Half a unit off the real axis: nearer than i, i pi / 2 and the other branch points and poles that
# the domain of real operands does not know of.
IMAGINARY = 0.5

ELEMENTWISE_SHAPES: dict[int, list[list[tuple[int, ...]]]] = {
    1: [[()], [(0,)], [(2, 3)]],
    2: [[(), ()], [(2, 1), (3,)], [(3,), ()], [(0, 3), (1,)], [(2, 3), (2, 3)]],
}


@dataclass(frozen=True)
class Case:
    """One operation at the shapes of one sample; at any shapes that broadcast if there is none.

    label: the operation's name and the sample's number. domain: (low, high) for every operand, or
    one such pair for each. shapes: of the operands; None for an elementwise operation.
    settings: by name, as the sample gives them.
    """

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

    def some_shapes(self) -> list[list[tuple[int, ...]]]:
        """Return shapes to try: the sample's, or some that broadcast, empty and 0-d among them."""
        return ELEMENTWISE_SHAPES[self.arity] if self.shapes is None else [self.shapes]

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

    def over(
        self, backend: backends.Backend, asarray: Callable[[Any], Any] | None = None
    ) -> Callable[..., tuple[Any, ...]]:
        """Return the operation as a function of its arrays alone that gives a tuple of results.

        backend: the library of the arrays among its settings; asarray: what makes one of NumPy's.
        """
        make = asarray or (lambda values: backend.asarray(values, values.dtype))
        settings = {name: _setting(backend, make, name, value) for name, value in self.settings.items()}
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


def cases() -> list[Case]:
    """Return a case for every sample of every operation that declares a domain."""
    found: list[Case] = []
    for name, function in policies.items():
        policy: Any = function.policy  # type: ignore[attr-defined]
        if hasattr(policy, "rules"):
            found.append(Case(name, function, policy.domain, len(policy.rules), None, {}))
        else:
            found += _sampled(name, function, policy.domain, policy.samples)
    for name, function in composites.items():
        found += _sampled(name, function, function.domain, function.samples)  # type: ignore[attr-defined]
    return [case for case in found if case.domain is not None]


def _sampled(name: str, function: Any, domain: Any, samples: Any) -> list[Case]:
    return [
        Case(f"{name}-{k}", function, domain, len(shapes), shapes, settings)
        for k, (shapes, settings) in enumerate(samples or [])
    ]


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


def _setting(backend: backends.Backend, make: Callable[[Any], Any], name: str, value: Any) -> Any:
    """Return a declared setting with dtypes and nested lists as the library's own."""
    if name == "dtype":
        return backend.dtype(value)
    if isinstance(value, tuple):
        return tuple([_setting(backend, make, "", k) for k in value])
    return make(np.asarray(value)) if isinstance(value, list) else value


def _bound(function: Any, operands: list[Any], settings: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a public function: arrays in order, settings by name."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    skipped = False
    for at, p in enumerate(inspect.signature(function).parameters.values()):
        if p.kind is p.VAR_POSITIONAL:
            args, operands = args + operands, []
        elif p.kind is p.KEYWORD_ONLY:
            kwargs.update({p.name: settings[p.name]} if p.name in settings else {})
        elif p.name in settings and (skipped := skipped or len(args) < at):
            kwargs[p.name] = settings[p.name]  # what stands before it is at its default
        elif p.name in settings:
            args.append(settings[p.name])
        elif p.name == "arrays":
            args, operands = [*args, operands], []
        elif operands:
            args.append(operands.pop(0))
    return args, kwargs
