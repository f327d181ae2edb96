"""What is checked: a function of arrays with a pull-back, from NumPy to NumPy.

A Subject holds the arrays of one example. Other rules than neo's become one by the adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np

from .. import backends, tree
from ..core.array import box, raw_of
from ..core.dtypes import differentiable
from ..transforms.gradient import vjp

Hosts = list[np.ndarray]


class Subject:
    """A function at an example, and its pull-back: `value`, `puller` and `derivative`.

    operands: the example's arrays, NumPy's; those of integers stay as they are. dtypes: what each
    becomes on the library, by name. library: the record of the library that computes.
    """

    # Whether calls in several threads may be compared: settings of some libraries belong to a thread.
    threaded = True
    # How many of the operands, at the end, are gradients of results of an order before.
    cotangents = 0

    def __init__(
        self,
        function: Callable[..., Any],
        library: Any,
        operands: Sequence[np.ndarray],
        dtypes: Sequence[str] | None = None,
    ) -> None:
        self.function = function
        self.library = library
        self.operands = [np.asarray(x) for x in operands]
        self.dtypes = list(dtypes or [str(x.dtype) for x in self.operands])
        self.varied = [k for k, x in enumerate(self.operands) if x.dtype.kind in "fc"]

    @property
    def points(self) -> Hosts:
        """The operands that are differentiated."""
        return [self.operands[k] for k in self.varied]

    def with_points(self, points: Hosts) -> Subject:
        """Return the same function at other operands."""
        other = copy(self)
        other.operands = list(self.operands)
        for k, x in zip(self.varied, points, strict=True):
            other.operands[k] = x
        return other

    def only(self, *varied: int) -> Subject:
        """Return the same function with those operands alone differentiated."""
        other = copy(self)
        other.varied = list(varied)
        return other

    def joined(self, first: int, others: Sequence[int]) -> Subject:
        """Return the same function of one array where it takes several: others are given the first."""
        function = self.function
        other = self.only(*[k for k in self.varied if k not in others])
        other.function = lambda *arrays: function(
            *[arrays[first] if k in others else x for k, x in enumerate(arrays)]
        )
        return other

    def native(self, hosts: Sequence[np.ndarray]) -> list[Any]:
        """Return every operand as an array of the library, the differentiated ones from hosts."""
        every = list(self.operands)
        for k, x in zip(self.varied, hosts, strict=True):
            every[k] = x
        return [self.library.asarray(own(x), dtype) for x, dtype in zip(every, self.dtypes, strict=True)]

    def run(self, natives: Sequence[Any]) -> tuple[Any, ...]:
        """Return the results that have a gradient, for arrays of the library."""
        results = tree.flatten(self.function(*natives))[0]
        return tuple([x for x in results if hasattr(x, "dtype") and differentiable(x.dtype)])

    def value(self, hosts: Sequence[np.ndarray]) -> Hosts:
        """Return the results."""
        return [host(x) for x in self.run(self.native(hosts))]

    def pull_native(self, natives: Sequence[Any]) -> tuple[tuple[Any, ...], Callable[[Any], list[Any]]]:
        """Return the results and the function that pulls cotangents back, all of the library."""
        chosen = [natives[k] for k in self.varied]
        # In a box: the strictest library's own arrays refuse a traced one on their right.
        natives = [x if k in self.varied else box(x) for k, x in enumerate(natives)]

        def varied(*arrays: Any) -> tuple[Any, ...]:
            every = list(natives)
            for k, x in zip(self.varied, arrays, strict=True):
                every[k] = x
            return self.run(every)

        results, pull = vjp(varied, *chosen)
        return results, lambda cotangents: list(pull(tuple(cotangents)))

    def puller(self, hosts: Sequence[np.ndarray]) -> tuple[Hosts, Callable[[Sequence[np.ndarray]], Hosts]]:
        """Return the results and the function that pulls cotangents back."""
        results, pull = self.pull_native(self.native(hosts))

        def pulled(cotangents: Sequence[np.ndarray]) -> Hosts:
            return [host(g) for g in pull([like(w, out) for w, out in zip(cotangents, results, strict=True)])]

        return [host(x) for x in results], pulled

    def derivative(self, cotangents: Sequence[np.ndarray]) -> Subject:
        """Return the pull-back itself as a Subject: of the operands and the cotangents."""
        count = len(self.operands)
        names = [_name(x) for x in self.run(self.native(self.points))]

        def pulled(*arrays: Any) -> Any:
            return tuple(self.pull_native(arrays[:count])[1](arrays[count:]))

        found = Subject(pulled, self.library, [*self.operands, *cotangents], [*self.dtypes, *names])
        found.cotangents = self.cotangents + len(cotangents)
        return found


def own(x: np.ndarray) -> np.ndarray:
    """Return a copy that nobody else holds, laid out like x: a rule that writes into it harms nobody."""
    if not x.size or not x.ndim or x.flags.f_contiguous:
        out = np.array(x)
    elif min(x.strides) < 0:
        backward = [k for k, stride in enumerate(x.strides) if stride < 0]
        out = np.flip(np.flip(x, backward).copy(), backward)
    elif x.strides[-1] > x.itemsize:
        out = np.empty((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::2]
        out[...] = x
    else:
        out = np.array(x)
    out.flags.writeable = x.flags.writeable
    return out


def host(x: Any) -> np.ndarray:
    """Return a library's array, boxed or not, as a NumPy array of its own."""
    raw = raw_of(x)
    return np.array(backends.of(raw).to_numpy(raw))


def like(values: np.ndarray, out: Any) -> Any:
    """Return values as an array of the library, dtype and device of another one."""
    raw = raw_of(out)
    library = backends.of(raw)
    return library.asarray(own(values), raw.dtype, library.device(raw))


def _name(x: Any) -> str:
    return str(raw_of(x).dtype).rsplit(".", 1)[-1]


class Flat:
    """A Subject between vectors of real numbers: every array in a row, complex ones as pairs.

    value(x) and pull(x, w) give NaN where the function raises or gives arrays of other shapes: a
    step out of its domain.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.like = subject.points
        self.x = pack(self.like)
        found, pull = subject.puller(self.like)
        self.results = found
        self.center = pack(found)
        self._pull = pull

    def snap(self, x: np.ndarray) -> np.ndarray:
        """Return x rounded to the dtypes of the operands."""
        return pack(unpack(x, self.like))

    def value(self, x: np.ndarray) -> np.ndarray:
        try:
            found = self.subject.value(unpack(x, self.like))
        except Exception:  # the domain ends here
            return np.full(self.center.shape, np.nan)
        same = [a.shape for a in found] == [a.shape for a in self.results]
        return pack(found) if same else np.full(self.center.shape, np.nan)

    def pull(self, w: np.ndarray, layout: Callable[[np.ndarray], np.ndarray] = np.asarray) -> np.ndarray:
        """Return the gradient at the example for a cotangent, laid out in some way."""
        return pack(self._pull([layout(x) for x in unpack(w, self.results)]))

    def pull_at(self, x: np.ndarray, w: np.ndarray) -> np.ndarray:
        try:
            found, pull = self.subject.puller(unpack(x, self.like))
            if [a.shape for a in found] == [a.shape for a in self.results]:
                return pack(pull(unpack(w, self.results)))
        except Exception:
            pass
        return np.full(self.x.shape, np.nan)


def pack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return the numbers of arrays as one vector in double precision, complex ones as pairs."""
    rows = [np.ascontiguousarray(x).ravel() for x in arrays]
    rows = [x.astype(complex).view(float) if x.dtype.kind == "c" else x.astype(float) for x in rows]
    return np.concatenate(rows) if rows else np.zeros(0)


def unpack(vector: np.ndarray, arrays: Sequence[np.ndarray]) -> Hosts:
    """Return a vector's numbers as arrays like others."""
    out, start = [], 0
    for x in arrays:
        count = x.size * (2 if x.dtype.kind == "c" else 1)
        part = np.ascontiguousarray(vector[start : start + count])
        part = part.view(complex) if x.dtype.kind == "c" else part
        out.append(part.reshape(x.shape).astype(x.dtype))
        start += count
    return out


def where_in(k: int, arrays: Sequence[np.ndarray]) -> tuple[int, tuple[int, ...], str]:
    """Return which array number k of the vector belongs to, where in it, and which part of it."""
    for j, x in enumerate(arrays):
        count = x.size * (2 if x.dtype.kind == "c" else 1)
        if k < count:
            pair = x.dtype.kind == "c"
            place = np.unravel_index(k // 2 if pair else k, x.shape)
            return (
                j,
                tuple([int(i) for i in place]),
                ("imaginary part" if k % 2 else "real part") if pair else "",
            )
        k -= count
    raise IndexError(k)
