"""Einstein summation: the gradient of each operand is an Einstein sum of the others."""

from __future__ import annotations

from typing import Any

from .broadcasting import conj, sum
from .contraction import checked, path, product_of
from .indexing import getitem
from .manipulation import arange_like, moveaxis
from .promotion import one_dtype
from .registry import BuiltIn, rule

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Einsum(BuiltIn):
    """An Einstein sum of two in which neither names an index twice, and neither names one alone."""

    multilinear = True
    domain = (-2, 2)
    samples = [
        ([(2, 3), (3, 4)], {"subscripts": "ij,jk->ik"}),
        ([(3, 2), (2, 4), (4,)], {"subscripts": "ij,jk,k->i"}),
    ]

    def forward(self, *operands, subscripts):
        self.ctx.save(*operands)
        self.subscripts = subscripts
        return self.xp.einsum(*operands, subscripts=subscripts)

    def backward(self, g):
        operands = self.ctx.release
        inputs, output = _split(self.subscripts)
        return tuple([self._gradient(k, g, operands, inputs, output) for k in range(len(inputs))])

    def _gradient(self, k, g, operands, inputs, output):
        if not self.needs(k):
            return None
        others = [conj(x) for j, x in enumerate(operands) if j != k]
        names = [output, *(s for j, s in enumerate(inputs) if j != k)]
        return Einsum.of(g, *others, subscripts=f"{','.join(names)}->{inputs[k]}")

    @classmethod
    def batch(cls, batched, *operands, subscripts):
        inputs, output = _split(subscripts)
        letter = next(c for c in _LETTERS if c not in subscripts)
        names = [letter + s if own else s for s, own in zip(inputs, batched, strict=True)]
        return cls.of(*operands, subscripts=f"{','.join(names)}->{letter}{output}")


def _split(subscripts: str) -> tuple[list[str], str]:
    left, _, output = subscripts.partition("->")
    return left.split(","), output


@rule(Einsum)
def einsum(subscripts: Any, /, *operands: Any, optimize: Any = True) -> Any:
    """Return the sum of products that the subscripts describe, as in NumPy.

    subscripts: letters per operand, `...` for leading axes, `->` before the result's letters;
    without `->` the result has the letters that occur once, in alphabetical order. Or, as in NumPy,
    an array followed by a list of its axes' numbers, and so on, and a list for the result.
    optimize: operands are multiplied in pairs; True means in the order of the fewest multiplications,
    found by trying all orders of up to seven operands and by opt_einsum of more if it is installed
    (`pip install neo-autodiff[einsum]`), else greedily. "optimal" and "greedy" say which, or another
    name of opt_einsum's; False means from left to right, a list of pairs that order.
    Gradient: to every operand, by pairs as well. A letter given twice to one operand takes its
    diagonal.
    Raises ValueError when subscripts and shapes do not fit.
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _lettered(subscripts, *operands)
    operands = one_dtype(*operands)
    inputs, output = _explicit(subscripts, operands)
    lengths = _lengths(subscripts, inputs, operands)
    arrays, names = list(operands), list(inputs)
    for k in range(len(arrays)):
        arrays[k], names[k] = _once_each(arrays[k], names[k], lengths)
    for k in range(len(arrays)):
        elsewhere = output + "".join(names[:k] + names[k + 1 :])
        arrays[k], names[k] = _summed(arrays[k], names[k], [c for c in names[k] if c not in elsewhere])
    if len(arrays) == 1:
        places = tuple([output.index(c) for c in names[0]])
        return moveaxis(arrays[0], tuple(range(len(places))), places)
    return _in_pairs(arrays, names, output, lengths, optimize)


def _in_pairs(arrays: list[Any], names: list[str], output: str, lengths: Any, optimize: Any) -> Any:
    """Return the sum of products of operands, two at a time."""
    for i, j in _steps(names, output, lengths, optimize):
        product = product_of(tuple(names), i, j, output) if len(arrays) > 2 else output
        y, x = arrays.pop(j), arrays.pop(i)
        right, left = names.pop(j), names.pop(i)
        arrays.append(Einsum.of(x, y, subscripts=f"{left},{right}->{product}"))
        names.append(product)
    return arrays[0]


def _steps(names: list[str], output: str, lengths: Any, optimize: Any) -> Any:
    if isinstance(optimize, list | tuple):
        return checked(optimize, len(names))
    if optimize is False:
        return [(0, 1), *[(0, k) for k in range(len(names) - 2, 0, -1)]]
    how = "auto" if optimize is True else optimize
    return path(tuple(names), output, tuple(sorted(lengths.items())), how)


def _lettered(*given: Any) -> tuple[str, list[Any]]:
    """Return NumPy's other form, arrays and lists of axes' numbers in turn, as letters and arrays."""
    pairs, result = (given[:-1], given[-1]) if len(given) % 2 else (given, None)
    text = ",".join([_letters(axes) for axes in pairs[1::2]])
    return text if result is None else f"{text}->{_letters(result)}", list(pairs[::2])


def _letters(axes: Any) -> str:
    try:
        return "".join(["..." if k is Ellipsis else _LETTERS[k] for k in axes])
    except (TypeError, IndexError) as error:
        raise TypeError(
            f"einsum: expected a list of axes' numbers below {len(_LETTERS)}, got {axes!r}"
        ) from error


def _explicit(subscripts: str, operands: Any) -> tuple[list[str], str]:
    """Return letters for every axis of every operand and of the result, `...` spelled out."""
    text = subscripts.replace(" ", "")
    left, arrow, output = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise ValueError(f"einsum: {subscripts!r} describes {len(inputs)} operands, got {len(operands)}")
    spare = [c for c in _LETTERS if c not in text]
    widths = [x.ndim - len(s.replace("...", "")) for x, s in zip(operands, inputs, strict=True)]
    for x, s, width in zip(operands, inputs, widths, strict=True):
        if width < 0 or (width and "..." not in s):
            raise ValueError(f"einsum: {s!r} in {subscripts!r} does not fit shape {tuple(x.shape)}")
    dots = "".join(spare[: max(widths, default=0)])
    inputs = [s.replace("...", dots[len(dots) - w :]) for s, w in zip(inputs, widths, strict=True)]
    if arrow:
        output = output.replace("...", dots)
    else:
        letters = sorted(set(left) - set(".,"))
        output = dots + "".join([c for c in letters if left.count(c) == 1])
    if set(output) - set("".join(inputs)) or len(set(output)) != len(output):
        raise ValueError(f"einsum: the result of {subscripts!r} names a letter twice or an unknown one")
    return inputs, output


def _lengths(subscripts: str, inputs: list[str], operands: Any) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for x, s in zip(operands, inputs, strict=True):
        for c, n in zip(s, x.shape, strict=True):
            if lengths.get(c, 1) != 1 and n not in (1, lengths[c]):
                raise ValueError(
                    f"einsum: {subscripts!r} gives one letter the lengths {lengths[c]} and {n} "
                    f"(shapes {', '.join([str(tuple(x.shape)) for x in operands])})"
                )
            lengths[c] = n if lengths.get(c, 1) == 1 else lengths[c]
    return lengths


def _once_each(x: Any, s: str, lengths: dict[str, int]) -> tuple[Any, str]:
    """Return an operand and its letters without repeated ones and without stretched axes."""
    for c in sorted(set(s)):
        while s.count(c) > 1:
            x, s = _diagonal(x, s, c)
    return _summed(x, s, [c for c, n in zip(s, x.shape, strict=True) if n == 1 and lengths[c] != 1])


def _summed(x: Any, s: str, letters: list[str]) -> tuple[Any, str]:
    if not letters:
        return x, s
    axes = tuple([s.index(c) for c in letters])
    return sum(x, axis=axes), "".join([c for c in s if c not in letters])


def _diagonal(x: Any, s: str, c: str) -> tuple[Any, str]:
    """Return x at equal positions along the first two axes named c, joined as the first axis."""
    first, second = s.index(c), s.index(c, s.index(c) + 1)
    if x.shape[first] != x.shape[second]:
        raise ValueError(f"einsum: letter {c!r} has lengths {x.shape[first]} and {x.shape[second]}")
    x = moveaxis(x, (first, second), (0, 1))
    places = arange_like(x, x.shape[0])
    rest = "".join([d for k, d in enumerate(s) if k not in (first, second)])
    return getitem(x, (places, places)), c + rest
