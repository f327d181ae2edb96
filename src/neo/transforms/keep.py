"""Which results a checkpoint keeps: those of named operations, or the dearest that fit into a budget."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from math import prod, sqrt
from typing import Any

from ..core.keeping import Computed, Number
from ..core.listing import name_of
from ..core.policy import Policy
from ..errors import describe, near
from ..ops.refusals import load
from ..ops.registry import composites, policies

Choice = Callable[[Number, Computed], list[Number]]
_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}


def by_rule(keep: Any) -> Choice:
    """Return the choice of the calls that `checkpoint(keep=...)` asks for."""
    wanted = keep if _is_predicate(keep) else _named(keep)
    return lambda number, computed: [] if wanted(computed) else [number]


def _is_predicate(keep: Any) -> bool:
    is_policy = isinstance(keep, type) and issubclass(keep, Policy)
    is_operation = is_policy or hasattr(keep, "policy") or any([keep is f for f in composites.values()])
    return callable(keep) and not is_operation


def _named(keep: Any) -> Callable[[Computed], bool]:
    """Return a predicate for an operation, or several, given by name or as the function itself."""
    several = isinstance(keep, Iterable) and not isinstance(keep, str)
    wanted = list(keep) if several else [keep]
    names = {_known(_name(x)) for x in wanted}
    return lambda computed: computed.name in names


def _known(name: str) -> str:
    """Return the name of an operation. Raises ValueError where neo and its user have none of that name."""
    if name not in policies:
        load(name)
    if name in policies or name in _titles(Policy):
        return name
    if name in composites:
        raise ValueError(
            f"keep names {name!r}, which is made of several operations. Keep those; neo.trace shows which"
        )
    raise ValueError(
        f"keep names {name!r}, and there is no operation of that name"
        f"{near(name, [*policies, *_titles(Policy)]) or '.'} neo.policies lists neo's; a Policy of yours has "
        f"the name of its class, `MyLayer` -> `my_layer`"
    )


def _titles(kind: type[Policy]) -> set[str]:
    """Return the names of all Policies that are defined, as a listing has them."""
    return {name_of(kind)}.union(*[_titles(k) for k in kind.__subclasses__()])


def _name(x: Any) -> str:
    policy = getattr(x, "policy", x)
    if isinstance(policy, type) and issubclass(policy, Policy):
        return name_of(policy)
    name = x if isinstance(x, str) else getattr(x, "__name__", None)
    if name is None:
        raise TypeError(
            f"keep takes names of operations, operations, or a function of a call; got {describe(x)}. "
            f"Say keep='matmul', or keep=lambda call: call.bytes < 1000"
        )
    return name


class Budget:
    """The choice of what is dearest to compute again, for its bytes, among what fits in a budget.

    When the budget is spent, the results that cost least per byte are forgotten again.
    """

    def __init__(self, budget: int | str) -> None:
        self.left = in_bytes(budget)
        self.cheapest: list[tuple[float, Number, int]] = []

    def __call__(self, number: Number, computed: Computed) -> list[Number]:
        """Return the calls to forget, now that this one is kept."""
        heapq.heappush(self.cheapest, (work(computed) / max(computed.bytes, 1), number, computed.bytes))
        self.left -= computed.bytes
        forgotten = []
        while self.left < 0:
            _, other, size = heapq.heappop(self.cheapest)
            self.left += size
            forgotten.append(other)
        return forgotten


def work(computed: Computed) -> float:
    """Return about how many arithmetic operations a call takes.

    For a product of two arrays, the geometric mean: 2 sqrt(mk * kn * mn) is a matrix product's
    2mkn. For everything else, an operation per element read or written.
    """
    sizes = [prod(shape) for shape in (*computed.operands, *computed.results)]
    arrays = [prod(shape) for shape in computed.operands if len(shape) > 1]
    if computed.name in _PRODUCTS and len(arrays) > 1:
        return 2 * sqrt(arrays[0] * arrays[1] * sizes[-1])
    return float(sum(sizes))


_PRODUCTS = {"matmul", "tensordot", "einsum", "linear", "conv", "conv_transpose", "solve", "convolve"}


def in_bytes(budget: int | str) -> int:
    """Return a number of bytes from one, or from words such as `64 MB`, in units of 1024.

    Raises ValueError for other words.
    """
    if isinstance(budget, int):
        return budget
    number, unit = budget.rstrip("kMGTB "), budget.lstrip("0123456789. ")
    try:
        return int(float(number) * _UNITS[unit])
    except (ValueError, KeyError):
        raise ValueError(
            f"budget is {budget!r}; expected a number of bytes or a size in {', '.join(_UNITS)}, "
            f"such as '64 MB'"
        ) from None
