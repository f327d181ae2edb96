"""An operation and its pull-back as functions of NumPy arrays, computed on a library."""

from __future__ import annotations

from typing import Any

import numpy as np

import neo

from .cases import Case
from .libraries import Library

Numpys = list[np.ndarray]


class Operation:
    """A case on a library: its value, its pull-back and the pull-back's own, from NumPy to NumPy."""

    def __init__(self, case: Case, xp: Library) -> None:
        self.case = case
        self.xp = xp
        self.function = case.on(xp)

    def __call__(self, operands: Any) -> Numpys:
        """Return the results."""
        return self._read(self.function(*self._made(operands)))

    def pulled(self, operands: Any, cotangents: Any) -> Numpys:
        """Return the gradients of the operands for cotangents of the results."""
        return self._read(self._pull(*self._made(operands), *self._cotangents(operands, cotangents)))

    def pulled_twice(self, operands: Any, cotangents: Any, weights: Any) -> Numpys:
        """Return the gradients of <weights, pulled> to the operands and to the cotangents."""
        primals = [*self._made(operands), *self._cotangents(operands, cotangents)]
        _, pull = neo.vjp(self._pull, *primals)
        return self._read(pull(tuple(self._made(weights))))

    def pushed(self, operands: Any, tangents: Any) -> Numpys:
        """Return the tangents of the results for tangents of the operands."""
        return self._read(self._push(*self._made(operands), *self._made(tangents)))

    def pull_pushed(self, operands: Any, cotangents: Any, tangents: Any) -> Numpys:
        """Return the tangents of the gradients where the operands move: forward over reverse."""
        given = self._cotangents(operands, cotangents)
        pull = lambda *xs: self._pull(*xs, *given)  # noqa: E731
        return self._read(neo.jvp(pull, tuple(self._made(operands)), tuple(self._made(tangents)))[1])

    def push_pulled(self, operands: Any, cotangents: Any, tangents: Any) -> Numpys:
        """Return the gradients to the operands of their tangents' push: reverse over forward."""
        moved = self._made(tangents)
        _, pull = neo.vjp(lambda *xs: self._push(*xs, *moved), *self._made(operands))
        return self._read(pull(tuple(self._cotangents(operands, cotangents))))

    def _push(self, *arrays: Any) -> tuple[Any, ...]:
        """Return the push of the last arrays at the first ones."""
        operands, tangents = arrays[: self.case.arity], arrays[self.case.arity :]
        return neo.jvp(self.function, operands, tangents)[1]

    def _pull(self, *arrays: Any) -> tuple[Any, ...]:
        """Return the pull-back of the last arrays at the first ones."""
        operands, cotangents = arrays[: self.case.arity], arrays[self.case.arity :]
        _, pull = neo.vjp(self.function, *operands)
        return pull(tuple(cotangents))

    def _made(self, arrays: Any) -> list[Any]:
        return [self.xp.asarray(x) for x in arrays]

    def _cotangents(self, operands: Any, cotangents: Any) -> list[Any]:
        """Return cotangents in the library of the results, which `to` makes another one."""
        results = self.function(*self._made(operands))
        return [
            neo.backends.of(out).asarray(w, out.dtype, neo.backends.of(out).device(out))
            for w, out in zip(cotangents, results, strict=True)
        ]

    @staticmethod
    def _read(arrays: Any) -> Numpys:
        return [np.asarray(neo.backends.of(x).to_numpy(x)) for x in arrays]
