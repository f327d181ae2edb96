"""The mutation score: of the small mistakes that a rule could have, how many a check notices."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import backends
from ..errors import describe
from ..transforms.gradient import vjp
from .comparing import compare
from .invariants import linear
from .mistakes import mutants
from .subjects import Flat, Subject

# Entries that are compared one by one; other directions come on top.
ENTRIES = 6


@dataclass
class Score:
    """What became of mutants: killed, the same in every example, or survivors."""

    killed: int = 0
    same: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)

    @property
    def value(self) -> float:
        """The part of the mutants that differ somewhere which was noticed."""
        differing = self.killed + len(self.survivors)
        return self.killed / differing if differing else 1.0

    def __str__(self) -> str:
        total = self.killed + len(self.same) + len(self.survivors)
        lines = [f"mutation score {self.value:.4f}: {self.killed} of {total} mutants noticed, "]
        lines[0] += (
            f"{len(self.same)} the same function wherever they were tried, {len(self.survivors)} missed"
        )
        return "\n".join([*lines, *[f"  missed: {words}" for words in self.survivors]])


class _Ruled(Subject):
    """A Subject whose pull-back runs under another rule for one operation."""

    policies: Any = None

    def pull_native(self, natives: Any) -> Any:
        chosen = [natives[k] for k in self.varied]

        def varied(*arrays: Any) -> tuple[Any, ...]:
            every = list(natives)
            for k, x in zip(self.varied, arrays, strict=True):
                every[k] = x
            return self.run(every)

        results, pull = vjp(varied, *chosen, policies=self.policies)
        return results, lambda cotangents: list(pull(tuple(cotangents)))


def mutation_score(thing: Any, progress: Callable[[str], None] | None = None, **arguments: Any) -> Score:
    """Return the mutation score of a check of a Policy.

    thing: a Policy class of your own, checked with check_policy's arguments; or the name of one of
    neo's operations, or several of them, checked at its own samples. progress: is told of each.
    """
    score = Score()
    if isinstance(thing, type):
        _of_policy(thing, arguments, score)
        return score
    if not isinstance(thing, Iterable):
        raise TypeError(
            f"mutation_score takes a subclass of autograd.Policy, or names of neo's operations; "
            f"got {describe(thing)}"
        )
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in [thing] if isinstance(thing, str) else thing:
            _of_operation(name, score)
            if progress:
                progress(f"{name}: {score.killed} noticed, {len(score.survivors)} missed")
    return score


def _of_policy(policy: Any, arguments: dict[str, Any], score: Score) -> None:
    from .check import examine

    for words, mutant in mutants(policy):
        found = examine(mutant, **{"backends": "numpy", "orders": (1,), **arguments}).findings
        if found:
            score.killed += 1
        else:
            score.survivors.append(f"{policy.__name__}, {words}")


def _of_operation(name: str, score: Score) -> None:
    """Add the mutants of one of neo's operations."""
    from ..ops import policies

    examples = list(_examples(name))
    if name not in policies:
        raise ValueError(f"neo has no operation {name!r}; neo.policies has their names, such as 'sin'")
    for words, mutant in mutants(policies[name].policy):  # type: ignore[attr-defined]
        fate = _fate(name, mutant, examples)
        if fate == "killed":
            score.killed += 1
        else:
            (score.same if fate == "same" else score.survivors).append(f"{name}, {words}")


def _examples(name: str) -> Iterator[tuple[Callable[..., Any], list[np.ndarray]]]:
    """Yield the operation as a function of arrays, with operands, at its samples and where operands tie."""
    from .operations import cases

    library = backends.get("numpy")
    for case in [case for case in cases() if case.name == name]:
        function = case.over(library)
        for shapes in case.some_shapes():
            for seed, dtype in ((0, "float64"), (1, "float64"), (2, "complex128")):
                yield function, case.operands(shapes, seed, dtype)
        if case.shapes is None:
            values = np.array([0.0, 1.0, -1.0, 0.5])
            yield function, [values.copy() for _ in range(case.arity)]
            yield function, [values[: 4 - k] * 1.0 if not k else values[:1] for k in range(case.arity)]


def _fate(name: str, mutant: Any, examples: Iterable[Any]) -> str:
    """Return whether a mutant is killed, survives, or is the same function at every example."""
    differs = False
    for function, operands in examples:
        right = _flat(function, operands, None)
        if right is None or not right.x.size:
            continue
        wrong = _flat(function, operands, {name: mutant})
        if wrong is None:
            return "killed"  # it raises where the rule does not
        if _is_same(right, wrong):
            continue
        differs = True
        try:
            rng = np.random.default_rng(0)
            if compare(wrong, rng, ENTRIES).mismatches or linear(wrong, rng):
                return "killed"
        except Exception:
            return "killed"
    return "survives" if differs else "same"


def _flat(function: Any, operands: Any, rules: Any) -> Flat | None:
    subject = _Ruled(function, backends.get("numpy"), operands)
    subject.policies = rules
    try:
        flat = Flat(subject)
        flat.pull(np.ones_like(flat.center))
    except Exception:  # the operation does not take these operands, or the mutant raises
        return None
    return flat


def _is_same(right: Flat, wrong: Flat) -> bool:
    """Tell whether two pull-backs give the same, to rounding."""
    w = np.cos(1.0 + np.arange(right.center.size))
    one, other = right.pull(w), wrong.pull(w)
    if one.shape != other.shape:
        return False
    finite = np.isfinite(one)
    size = float(np.max(np.abs(one[finite]), initial=0))
    return bool(
        np.array_equal(finite, np.isfinite(other)) and np.all(np.abs(one - other)[finite] <= 1e-9 * size)
    )


def main() -> None:
    """Print the score of every operation of neo: `python -m neo.testing.score [name ...]`."""
    from ..ops import policies
    from .operations import cases

    names = sys.argv[1:] or sorted({case.name for case in cases()} & set(policies))
    print(mutation_score(names, progress=lambda words: print(words, file=sys.stderr, flush=True)))


if __name__ == "__main__":
    main()
