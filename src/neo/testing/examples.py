"""The examples of a check: corners that are tried always, and what Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from ..backends import is_array
from ..errors import describe
from . import strategies
from .strategies import CORNERS, domains_of, nice, same_shape
from .subjects import host

FILLED: list[tuple[int, ...]] = [(3,), (2, 3), ()]
# Four axes, an axis longer than a vector register, and more elements than a library adds up at once.
LARGE: list[tuple[int, ...]] = [(1, 2, 2, 1), (17,), (13, 23)]
# How often shrinking may try an example.
SHRINKS = 30


@dataclass
class Example:
    """The operands, NumPy's, and the settings of one call."""

    operands: list[np.ndarray]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum([x.size for x in self.operands])

    def __str__(self) -> str:
        words = [_text(x) for x in self.operands]
        return ", ".join([*words, *[f"{name}={value!r}" for name, value in self.settings.items()]])

    @property
    def seed(self) -> int:
        """A number of the example's own."""
        text = b"".join([x.tobytes() for x in self.operands]) + repr(self.settings).encode()
        return crc32(text)


def _text(x: np.ndarray) -> str:
    if not x.size:
        return f"np.zeros({x.shape}, {x.dtype.name!r})"
    first, last = x.flat[0].item(), x.flat[-1].item()
    if x.size > 6 and isinstance(first, float) and np.array_equal(x, evenly(first, last, x.shape)):
        return f"np.linspace({first!r}, {last!r}, {x.size}).reshape({x.shape})"
    with np.printoptions(threshold=1 << 20, floatmode="unique"):
        values = np.array2string(x, separator=", ", max_line_width=1 << 20).replace("\n", "")
    return f"np.array({' '.join(values.split())}, {x.dtype.name!r})"


def evenly(first: float, last: float, shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers that divide an interval evenly."""
    return np.linspace(first, last, int(np.prod(shape))).reshape(shape)


def as_example(drawn: Any, settings: dict[str, Any], dtype: str) -> Example:
    """Return an example of what a strategy drew; numbers become arrays.

    Real arrays get an imaginary part where complex numbers are checked.
    """
    several = drawn if isinstance(drawn, tuple | list) else (drawn,)
    operands = [_operand(k, x) for k, x in enumerate(several)]
    if dtype.startswith("complex"):
        rng = np.random.default_rng(0)
        operands = [x + 1j * rng.uniform(-0.5, 0.5, x.shape) if x.dtype.kind == "f" else x for x in operands]
    return Example(operands, settings)


def _operand(k: int, drawn: Any) -> np.ndarray:
    """Return what was drawn for an operand as an array. Raises TypeError for what holds no numbers."""
    try:
        x = drawn if isinstance(drawn, np.ndarray) else np.asarray(host(drawn) if is_array(drawn) else drawn)
    except (TypeError, ValueError):  # a ragged list
        x = np.asarray(None)
    if x.dtype.kind not in "biufc":
        raise TypeError(
            f"the strategies of this check draw {describe(drawn)} for operand {k}; expected an array or a "
            f"number. Draw one, for example with neo.testing.arrays()"
        )
    return x


class Source:
    """Where the examples of a check come from.

    inputs: None, a strategy for the tuple of operands, or a tuple of one per operand; what is no
    strategy stands for itself. settings: likewise, by keyword.
    """

    def __init__(self, arity: int, domain: Any, inputs: Any, settings: Any, seed: int, dtype: str) -> None:
        self.arity, self.seed, self.dtype = arity, seed, dtype
        self.given = inputs is not None
        self.joint: list[Any] = []
        self.domains = domains_of(domain, arity) if not self.given else []
        if isinstance(inputs, st.SearchStrategy):
            self.joint, self.domains = strategies.ALWAYS.get(inputs, ([], []))
        operands = _together(inputs) if self.given else same_shape(arity, self.domains)
        self.settings = st.fixed_dictionaries({k: _strategy(v) for k, v in (settings or {}).items()})
        self.has_settings = bool(settings)
        self.strategy = st.tuples(operands, self.settings)
        self.statistics: dict[str, Any] = {}

    def corners(self) -> list[Example]:
        """Return the examples that are always tried; those of the strategy where the caller gave one."""
        rng = np.random.default_rng(self.seed)
        choices = self._choices() if self.has_settings else [{}]
        if self.given:
            return [
                Example(self._at(shapes, rng), choices[k % len(choices)])
                for k, shapes in enumerate(self.joint)
            ]
        found = [Example(self._spread(shape, rng), one) for shape in CORNERS for one in choices]
        found += [Example(self._ramps(shape), one) for shape in LARGE for one in choices[:2]]
        for k, shape in enumerate(FILLED):
            for j, arrays in enumerate(self._fills(shape, rng)):
                found.append(Example(arrays, choices[(j + k) % len(choices)]))
        found = list({str(example): example for example in found}.values())
        return [example for example in found if not _axis_of_a_scalar(example)]

    def _choices(self) -> list[dict[str, Any]]:
        """Return up to eight settings that differ."""
        found = self._collect(self.settings, 40)
        return list({repr(one): one for one in found}.values())[:8]

    def _spread(self, shape: tuple[int, ...], rng: Any) -> list[np.ndarray]:
        return self._at([shape] * len(self.domains), rng)

    def _at(self, shapes: list[tuple[int, ...]], rng: Any) -> list[np.ndarray]:
        pairs = zip(shapes, self.domains, strict=True)
        return [self._cast(rng.uniform(low, high, shape), rng) for shape, (low, high) in pairs]

    def _ramps(self, shape: tuple[int, ...]) -> list[np.ndarray]:
        """Return operands that divide their domains evenly, every other one downwards, without ties."""
        count = int(np.prod(shape))
        found = []
        for k, (low, high) in enumerate(self.domains):
            margin = (high - low) * (k + 1) / ((len(self.domains) + 2) * count)
            ends = (low + margin, high - 2 * margin)
            found.append(self._cast(evenly(*ends[:: -1 if k % 2 else 1], shape), None, 0))
        return found

    def _fills(self, shape: tuple[int, ...], rng: Any) -> Iterable[list[np.ndarray]]:
        """Yield operands with ties, zeros and bounds: within one operand and between two."""
        same = self._spread(shape, rng)[0]
        inside = [all(low <= v <= high for v in np.real(same).flat) for low, high in self.domains]
        if len(same.shape) and all(inside):
            yield [same.copy() for _ in self.domains]
        for _ in range(3 if shape else 0):
            yield [self._cast(rng.choice(nice(*pair), shape), rng) for pair in self.domains]
        for number in (0.0, 1.0) if shape else ():
            yield [self._with_one(shape, pair, number, rng) for pair in self.domains]
        if len(shape) < 2:
            yield from self._constants(shape, rng)

    def _constants(self, shape: tuple[int, ...], rng: Any) -> Iterable[list[np.ndarray]]:
        """Yield operands all of whose elements are one number."""
        shared = [v for v in nice(*self.domains[0]) if all(low <= v <= high for low, high in self.domains)]
        for numbers in ([[v] * len(self.domains) for v in shared[:6]], zip(*self.domains, strict=True)):
            for row in numbers:
                yield [self._cast(np.full(shape, v), rng, 0) for v in row]

    def _with_one(self, shape: Any, pair: Any, number: float, rng: Any) -> np.ndarray:
        x = rng.uniform(*pair, shape)
        if pair[0] <= number <= pair[1]:
            x.flat[0] = number
        return self._cast(x, rng)

    def _cast(self, x: np.ndarray, rng: Any, imaginary: float = 0.5) -> np.ndarray:
        if self.dtype.startswith("complex"):
            x = x + 1j * rng.uniform(-imaginary, imaginary, x.shape) if imaginary else x + 0j
        return np.asarray(x)

    def drawn(self, count: int) -> list[Example]:
        """Return what Hypothesis draws."""
        found = self._collect(self.strategy, count)
        examples = [as_example(operands, settings, self.dtype) for operands, settings in found]
        return [x for x in examples if self.given or not _axis_of_a_scalar(x)]

    def _collect(self, strategy: Any, count: int) -> list[Any]:
        found: list[Any] = []
        self._run(strategy, found.append, count, self.seed, [Phase.generate])
        return found

    def _run(self, strategy: Any, function: Callable[[Any], Any], count: int, seed: int, phases: Any) -> None:
        """Run a function on drawn examples, with Hypothesis's statistics."""
        from hypothesis.statistics import collector

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=count,
            phases=phases,
            derandomize=False,
            database=None,
            deadline=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(strategy)
        def each(example: Any) -> None:
            function(example)

        token = strategies.DTYPE.set(self.dtype)
        try:
            with collector.with_value(self._note):
                each()
        except Exception as error:  # of Hypothesis, or out of a strategy
            own = isinstance(error, hypothesis.errors.HypothesisException)
            why = str(error).partition("\n")[0].rstrip(".") if own else f"{type(error).__name__}: {error}"
            raise ValueError(
                f"the strategies of this check cannot be drawn from: {why}. A check needs strategies "
                f"such as neo.testing.arrays(), or values that stand for themselves"
            ) from error
        finally:
            strategies.DTYPE.reset(token)

    def _note(self, statistics: Any) -> None:
        cases = statistics.get("generate-phase", {}).get("test-cases", [])
        for case in cases:
            status = str(case.get("status", "valid"))
            self.statistics[status] = self.statistics.get(status, 0) + 1

    def shrunk(self, example: Example, fails: Callable[[Example], bool]) -> Example:
        """Return the simplest drawn example that fails, or the one given where none is simpler."""
        left = [SHRINKS]

        def holds(drawn: Any) -> bool:
            left[0] -= 1
            return left[0] >= 0 and fails(as_example(*drawn, self.dtype))

        token = strategies.DTYPE.set(self.dtype)
        try:
            best = hypothesis.find(
                self.strategy,
                holds,
                settings=hypothesis.settings(
                    max_examples=SHRINKS,
                    phases=[Phase.generate, Phase.shrink],
                    database=None,
                    deadline=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except Exception:  # nothing that fails was drawn within the budget
            return example
        finally:
            strategies.DTYPE.reset(token)
        found = as_example(*best, self.dtype)
        return found if found.size <= example.size else example


def _axis_of_a_scalar(example: Example) -> bool:
    """Tell whether a 0-d operand comes with a number of an axis: NumPy takes that, and no rule needs to."""
    scalar = any(x.ndim == 0 for x in example.operands)
    return scalar and any(
        name in ("axis", "axes", "dim") and v is not None for name, v in example.settings.items()
    )


def _strategy(value: Any) -> Any:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


def _together(inputs: Any) -> Any:
    """Return one strategy for the tuple of operands."""
    if isinstance(inputs, st.SearchStrategy):
        return inputs.map(lambda drawn: drawn if isinstance(drawn, tuple | list) else (drawn,))
    if isinstance(inputs, Sequence) and inputs:
        return st.tuples(*[_strategy(x) for x in inputs])
    raise TypeError(
        f"inputs is a strategy for the tuple of operands or a tuple with one per operand, got "
        f"{type(inputs).__name__}. For example inputs=neo.testing.broadcastable(2)"
    )
