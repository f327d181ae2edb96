"""Slopes from elsewhere, each with an error of its own, and gradients held to several of them.

An oracle takes a function of arrays, NumPy operands and a direction, and returns an Estimate of how fast
the results move. `agree` holds a gradient to all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from .. import backends
from ..core.array import box
from ..core.array import raw_of as raw
from ..transforms.gradient import vjp
from .comparing import _coarseness
from .places import Place
from .slopes import SAFETY, rounding_of, slopes
from .subjects import Flat, Subject, host, pack, unpack

Oracle = Callable[..., "Estimate"]


@dataclass
class Estimate:
    """How fast each number of a result moves along a direction, and that one's error.

    Complex results are pairs of numbers. An infinite error says that the oracle does not apply.
    """

    name: str
    value: np.ndarray
    error: np.ndarray

    def meets(self, other: Estimate) -> bool:
        """Tell whether two estimates are possible at once."""
        return bool(np.all(np.abs(self.value - other.value) <= self.error + other.error))


def _flat(f: Callable[..., Any], operands: Sequence[Any]) -> Flat:
    return Flat(Subject(f, Place("numpy"), [np.asarray(x) for x in operands]))


def differences(f: Callable[..., Any], operands: Sequence[Any], direction: Sequence[Any]) -> Estimate:
    """Estimate by central differences, extrapolated, at the step of the least error."""
    flat, v = _flat(f, operands), pack([np.asarray(x) for x in direction])
    noise = rounding_of(flat.value, flat.x, 0) + (2.0**-51 + _coarseness(flat)) * np.abs(flat.center)
    size = (float(np.max(np.abs(flat.x))) or 1.0) / float(np.max(np.abs(v)))
    with np.errstate(all="ignore"):
        found = slopes(flat.value, flat.x, v, flat.center, noise, (size,), flat.snap)
    low, high = found.interval(SAFETY)
    return Estimate("differences", (low + high) / 2, np.where(found.kinked, np.inf, (high - low) / 2))


def complex_step(f: Callable[..., Any], operands: Sequence[Any], direction: Sequence[Any]) -> Estimate:
    """Estimate by a step of 1e-20 i, without cancellation (Lyness and Moler, 1967).

    Right to the last digits for functions that are analytic, and do not look at the real part alone;
    the error is infinite where two steps, or differences, say that this one is not.
    """
    xs, vs = [np.asarray(x) for x in operands], [np.asarray(v) for v in direction]
    by_differences = differences(f, operands, direction)
    unknown = Estimate("complex step", by_differences.value, np.full(by_differences.value.shape, np.inf))
    steps = []
    for h in (1e-20, 1e-12):
        try:
            moved = [x + 1j * h * v for x, v in zip(xs, vs, strict=True)]
            found = Subject(f, Place("numpy"), moved).value(moved)
        except Exception:  # not for complex numbers
            return unknown
        if any(out.dtype.kind != "c" for out in found):
            return unknown
        steps.append(np.concatenate([np.ravel(out.imag) / h for out in found]))
    if steps[0].shape != by_differences.value.shape:
        return unknown
    error = np.abs(steps[0] - steps[1]) + 64 * 2.0**-52 * np.abs(steps[0])
    estimate = Estimate("complex step", steps[0], error)
    return estimate if estimate.meets(by_differences) else unknown


def by_torch(f: Callable[..., Any], operands: Sequence[Any], direction: Sequence[Any]) -> Estimate:
    """Estimate by PyTorch's own differentiation of what f computes on tensors.

    f may be a function for tensors, or one of neo's, whose calls PyTorch then records.
    """
    torch = import_module("torch")
    tensors = [torch.tensor(np.asarray(x)).requires_grad_() for x in operands]
    results = _several(f(*tensors))
    rows = []
    for out in results:
        flat = torch.view_as_real(out).reshape(-1) if out.is_complex() else out.reshape(-1)
        for k in range(flat.shape[0]):
            found = torch.autograd.grad(flat[k], tensors, retain_graph=True, allow_unused=True)
            pairs = zip(found, direction, strict=True)
            rows.append(sum([_dot(g, v) for g, v in pairs if g is not None]))
    value = np.asarray(rows, dtype=float)
    return Estimate("PyTorch", value, 256 * 2.0**-52 * (np.abs(value) + np.max(np.abs(value), initial=0)))


def _dot(g: Any, v: Any) -> float:
    return float(np.real(np.vdot(g.detach().numpy(), np.asarray(v))))


def by_jax(f: Callable[..., Any], operands: Sequence[Any], direction: Sequence[Any]) -> Estimate:
    """Estimate by JAX's forward mode, of an f for JAX's arrays in double precision."""
    jax = import_module("jax")
    primals = tuple([jax.numpy.asarray(x) for x in operands])
    tangents = tuple([jax.numpy.asarray(v, dtype=x.dtype) for x, v in zip(primals, direction, strict=True)])
    _, found = jax.jvp(f, primals, tangents)
    value = pack([np.asarray(x) for x in _several(found)])
    eps = max([float(np.finfo(np.dtype(x.dtype)).eps) for x in primals])
    return Estimate("JAX", value, 256 * eps * (np.abs(value) + np.max(np.abs(value), initial=0)))


def _several(results: Any) -> list[Any]:
    return list(results) if isinstance(results, tuple | list) else [results]


def agree(
    f: Callable[..., Any],
    operands: Sequence[Any],
    oracles: Sequence[Oracle] = (differences, complex_step),
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
) -> list[Estimate]:
    """Hold the gradient of f to several oracles and return their estimates.

    They are taken along a random direction.
    operands: real NumPy arrays. reference: the function that the oracles differentiate, where that is
    not f. Raises AssertionError with the numbers where the gradient is outside of an estimate.
    """
    xs = [np.asarray(x) for x in operands]
    rng = np.random.default_rng(seed)
    direction = [rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape) for x in xs]
    flat = _flat(f, xs)
    w = rng.uniform(0.5, 1.5, flat.center.shape)
    analytic = float(np.dot(flat.pull(w), pack(direction)))
    estimates = [oracle(reference or f, xs, direction) for oracle in oracles]
    for found in estimates:
        slope, bound = float(np.dot(w, found.value)), float(np.dot(w, found.error))
        bound += 256 * 2.0**-52 * (abs(slope) + float(np.sum(np.abs(flat.pull(w) * pack(direction)))))
        if not abs(analytic - slope) <= bound:
            raise AssertionError(
                f"the gradient's slope is {analytic:.15g}; by {found.name} it is {slope:.15g}, within "
                f"{bound:.2g}"
            )
    return estimates


def adjoint(f: Callable[..., Any], *operands: Any, seed: int = 0) -> tuple[float, float]:
    """Return |<w, J v> - <J^T w, v>| and its bound.

    operands: arrays of any library, dtype and device.
    J v comes from forward mode, so there is no step and no error of one: this is what makes checks in
    float32, in float16 and on a GPU worth something.
    """
    import neo

    library = backends.of(raw(operands[0]))
    subject = Subject(f, library, [host(x) for x in operands])
    rng = np.random.default_rng(seed)
    flat = Flat(subject)
    v = np.round(rng.uniform(0.5, 1.5, flat.x.shape) * 64) / 64
    w = np.round(rng.uniform(0.5, 1.5, flat.center.shape) * 64) / 64
    tangents = [library.asarray(t, raw(x).dtype) for t, x in zip(unpack(v, flat.like), operands, strict=True)]
    pushed = neo.jvp(f, tuple([box(x) for x in operands]), tuple([box(t) for t in tangents]))[1]
    pushed = pack([host(x) for x in _several(pushed)])
    pulled = flat.pull(w)
    eps = max([float(np.finfo(x.dtype).eps) for x in (*flat.like, *flat.results)])
    size = float(np.sum(np.abs(w * pushed)) + np.sum(np.abs(pulled * v)))
    return abs(float(np.dot(w, pushed) - np.dot(pulled, v))), 64 * eps * size


def digits(f: Callable[..., Any], *operands: Any, count: int = 50) -> float:
    """Return to how many digits f's gradient agrees with differences of many digits.

    f and its rule run on arrays of mpmath's numbers, so a rule can be shown right to 30 digits instead
    of 8; the differences have count digits, and are right to about two thirds of those. Needs mpmath.
    """
    import neo

    mp = import_module("mpmath").mp
    with mp.workdps(count):
        xs = [_exact(x) for x in operands]
        value, pull = vjp(
            lambda *arrays: f(*arrays), *[neo.asarray(x.tolist(), backend="mpmath") for x in xs]
        )
        ones = value * 0 + 1
        vs = [_exact(np.cos(1.0 + np.arange(x.size)).reshape(x.shape)) for x in xs]
        analytic = sum([np.sum(np.asarray(raw(g).values) * v) for g, v in zip(pull(ones), vs, strict=True)])

        def along(t: Any) -> Any:
            moved = [neo.asarray((x + t * v).tolist(), backend="mpmath") for x, v in zip(xs, vs, strict=True)]
            return np.sum(np.asarray(raw(f(*moved)).values))

        apart = abs(analytic - _derivative(along, mp))
        size = abs(analytic) + mp.mpf(10) ** -count
        return float(-mp.log10(apart / size)) if apart else float(count)


def _exact(x: Any) -> np.ndarray:
    """Return an array of mpmath's numbers, equal to those given."""
    mpf = import_module("mpmath").mpf
    values = np.asarray(x, dtype=object)
    return np.asarray(
        np.frompyfunc(lambda v: v if isinstance(v, mpf) else mpf(float(v)), 1, 1)(values), dtype=object
    )


def _derivative(along: Callable[[Any], Any], mp: Any) -> Any:
    """Return the derivative at 0 by central differences at three steps, extrapolated to the sixth order."""
    h = mp.mpf(10) ** (-mp.dps // 7)
    rows = [(along(h / 2**k) - along(-h / 2**k)) * 2**k / (2 * h) for k in range(3)]
    first = [(4 * b - a) / 3 for a, b in pairwise(rows)]
    return (16 * first[1] - first[0]) / 15
