"""Einstein sums pair by pair: in which order, and each as one matrix product."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from math import prod
from typing import Any

from ..backends import define

Path = tuple[tuple[int, int], ...]
# Up to so many operands every order is tried; beyond, opt_einsum is asked if it is installed, else the
# pair that shrinks most is taken each time.
FEW = 7


@cache
def path(
    inputs: tuple[str, ...], output: str, lengths: tuple[tuple[str, int], ...], how: Any = "auto"
) -> Path:
    """Return which two operands to multiply at each step; their product goes to the end of the list.

    inputs, output: the letters of the operands and of the result. lengths: (letter, length) pairs.
    how: "auto", "optimal" (the fewest multiplications), "greedy", or another name of opt_einsum's.
    Source: Smith and Gray, "opt_einsum" (2018); the optimum as in Pfeifer, Haegeman and Verstraete,
    "Faster identification of optimal contraction sequences for tensor networks" (2014).
    """
    sizes = dict(lengths)
    few = len(inputs) <= FEW
    if how == "optimal" or (how == "auto" and few):
        return _steps_of(_best(inputs, output, sizes), len(inputs))
    found = None if how == "greedy" else _opt_einsum(inputs, output, sizes, how)
    return found or _greedy(inputs, output, sizes)


def _opt_einsum(inputs: tuple[str, ...], output: str, sizes: dict[str, int], how: str) -> Path | None:
    """Return opt_einsum's path, or None where it is not installed and how is "auto"."""
    try:
        from opt_einsum import contract_path, paths

        paths.get_path_fn(how)
    except (ImportError, KeyError) as error:
        if how == "auto":
            return None
        raise ValueError(
            f"einsum: optimize={how!r} is no order that is known here. Say True, False, 'greedy', 'optimal', "
            f"a list of pairs, or with opt_einsum installed a name of its own, such as 'dp'"
        ) from error
    shapes = [tuple([sizes[c] for c in s]) for s in inputs]
    steps = contract_path(f"{','.join(inputs)}->{output}", *shapes, shapes=True, optimize=how)[0]
    return checked(steps, len(inputs))


def _best(inputs: tuple[str, ...], output: str, sizes: dict[str, int]) -> Any:
    """Return the tree of the fewest multiplications: a position, or a pair of trees.

    That of each set of operands is made of those of its parts, smaller sets first.
    """
    one = [1 << k for k in range(len(inputs))]
    everything = (1 << len(inputs)) - 1

    def letters(part: int) -> set[str]:
        inner, outer = [
            {c for k, s in enumerate(inputs) if one[k] & chosen for c in s}
            for chosen in (part, everything ^ part)
        ]
        return inner & (outer | set(output))

    left = {part: letters(part) for part in range(1, everything + 1)}
    found: dict[int, tuple[int, Any]] = {one[k]: (0, k) for k in range(len(inputs))}
    for part in sorted(left, key=int.bit_count):
        if part in found:
            continue
        costs = [
            (found[a][0] + found[b][0] + _count(left[a] | left[b], sizes), -a, (found[a][1], found[b][1]))
            for a, b in _halves(part)
        ]
        cost, _, tree = min(costs, key=lambda found: found[:2])
        found[part] = cost, tree
    return found[everything][1]


def _halves(part: int) -> Iterator[tuple[int, int]]:
    """Yield every way to split a set of bits in two, once."""
    half = (part - 1) & part
    while half > part ^ half:
        yield half, part ^ half
        half = (half - 1) & part


def _steps_of(tree: Any, count: int) -> Path:
    """Return a tree of operands as steps of pairs in a list that gets shorter."""
    here: list[Any] = list(range(count))
    steps: list[tuple[int, int]] = []

    def multiplied(tree: Any) -> Any:
        if isinstance(tree, tuple):
            first, second = sorted([here.index(branch) for branch in [multiplied(half) for half in tree]])
            del here[second], here[first]
            here.append(tree)
            steps.append((first, second))
        return tree

    multiplied(tree)
    return tuple(steps)


def _greedy(inputs: tuple[str, ...], output: str, sizes: dict[str, int]) -> Path:
    steps = []
    while len(inputs) > 1:
        *_, i, j = min(_growths(inputs, output, sizes))
        steps.append((i, j))
        inputs = (*_without(inputs, i, j), product_of(inputs, i, j, output))
    return tuple(steps)


def _growths(
    inputs: tuple[str, ...], output: str, sizes: dict[str, int]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield by how much each pair's product is larger than the two, its multiplications, and the pair."""
    for i, j in combinations(range(len(inputs)), 2):
        before = _count(inputs[i], sizes) + _count(inputs[j], sizes)
        growth = _count(product_of(inputs, i, j, output), sizes) - before
        yield growth, _count(inputs[i] + inputs[j], sizes), i, j


def product_of(inputs: tuple[str, ...], i: int, j: int, output: str) -> str:
    """Return the letters of the product of two operands: those that the others or the result need."""
    needed = set(output).union(*_without(inputs, i, j))
    return "".join([c for c in dict.fromkeys(inputs[i] + inputs[j]) if c in needed])


def _without(inputs: tuple[str, ...], i: int, j: int) -> tuple[str, ...]:
    return tuple([s for k, s in enumerate(inputs) if k not in (i, j)])


def _count(letters: str, sizes: dict[str, int]) -> int:
    return prod([sizes[c] for c in set(letters)])


def checked(given: Any, count: int) -> Path:
    """Return a caller's path, such as opt_einsum's, as steps of pairs. Raises ValueError if it is none."""
    steps = [step for step in given if not isinstance(step, str)]
    left = count
    for step in steps:
        if not isinstance(step, list | tuple) or len(step) != 2 or not all([0 <= k < left for k in step]):
            raise ValueError(
                f"einsum: optimize={given!r} is no sequence of pairs of {count} operands; see np.einsum_path"
            )
        left -= 1
    if left != 1:
        raise ValueError(f"einsum: optimize={given!r} leaves {left} of {count} operands")
    return tuple([(min(step), max(step)) for step in steps])


@define("einsum")
def _einsum(xp, *operands, subscripts):
    """Return the Einstein sum of two operands, by one matrix product, or by one product if none is summed."""
    x, y = operands
    (left, right), output = _split(subscripts)
    both = [c for c in left if c in right]
    batch = [c for c in both if c in output]
    summed = [c for c in both if c not in output]
    rows, columns = [c for c in left if c not in both], [c for c in right if c not in both]
    sizes = dict(zip(left + right, (*x.shape, *y.shape), strict=True))
    x = _arranged(xp, x, left, (batch, rows, summed), sizes)
    y = _arranged(xp, y, right, (batch, summed, columns), sizes)
    # A sum of one product each is no matter for a matrix product.
    out = xp.matmul(x, y) if summed else x * y
    order = [*batch, *rows, *columns]
    out = xp.reshape(out, tuple([sizes[c] for c in order]))
    return xp.permute_dims(out, tuple([order.index(c) for c in output]))


def _split(subscripts: str) -> tuple[list[str], str]:
    left, _, output = subscripts.partition("->")
    return left.split(","), output


def _arranged(xp: Any, x: Any, letters: str, parts: Any, sizes: dict[str, int]) -> Any:
    """Return an operand with three axes, each of which holds the letters of one part."""
    order = tuple([letters.index(c) for part in parts for c in part])
    x = x if order == tuple(range(len(order))) else xp.permute_dims(x, order)
    return xp.reshape(x, tuple([prod([sizes[c] for c in part]) for part in parts]))
