"""One sample through neo, over one library, and what became of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import neo

from .arguments import LackingError
from .linear_algebra import FINISHES
from .samples import Sample, expected, replace

TOLERANCE = 1e-6
# What a call says about where and how to make its result, not about its values.
ELSEWHERE = {"device", "memory_format", "layout", "requires_grad", "out_int32", "pin_memory"}


@dataclass
class Outcome:
    """What a sample gave: equal, or value, gradient or refused with the reason; or lacking."""

    label: str
    operation: str
    dtype: str
    library: str
    verdict: str
    reason: str = ""


def outcomes(sample: Sample, function: Callable[..., Any], libraries: list[str]) -> list[Outcome]:
    """Return an outcome per library; none where PyTorch itself refuses the sample."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = expected(sample)
        except (RuntimeError, NotImplementedError):
            return []
        return [_outcome(sample, function, library, wanted) for library in libraries]


def _outcome(sample: Sample, function: Any, library: str, wanted: Any) -> Outcome:
    about = (sample.label, sample.operation, sample.dtype, library)
    try:
        values, gradients = _found(sample, function, library, wanted[1])
    except LackingError as missing:
        return Outcome(*about, "lacking", str(missing))
    except Exception as error:
        return Outcome(*about, "refused", f"{type(error).__name__}: {error}")
    for verdict, found, right in (("value", values, wanted[0]), ("gradient", gradients, wanted[2])):
        reason = difference(found, [_host(x) for x in right])
        if reason:
            return Outcome(*about, verdict, reason)
    return Outcome(*about, "equal")


def _found(sample: Sample, function: Any, library: str, cotangents: list[Any]) -> tuple[list[Any], list[Any]]:
    backend = neo.backends.get(library)
    leaves = [_entered(x, backend) for x in sample.leaves]

    def run(*traced: Any) -> Any:
        args, kwargs = replace(sample.args, sample.kwargs, lambda x: _given(x, sample, traced, backend))
        kwargs = {name: x for name, x in kwargs.items() if name not in ELSEWHERE}
        finish = FINISHES.get(sample.finish.__name__, lambda out: out)
        results = _flat(finish(function(*args, **kwargs)))
        if len(results) != len(cotangents):
            raise ValueError(f"{len(results)} results instead of {len(cotangents)}")
        chosen = [x for x, c in zip(results, cotangents, strict=True) if c is not None]
        return chosen, results

    _, pull, results = neo.vjp(run, *leaves, has_aux=True)
    seeds = [_entered(c, backend) for c in cotangents if c is not None]
    gradients = pull(seeds) if leaves else ()
    return [_read(x) for x in results], [_read(g) for g in gradients]


def _entered(x: torch.Tensor, backend: Any) -> Any:
    x = x.detach()
    raw = x.clone() if backend.name == "torch" else backend.asarray(_host(x))
    return neo.asarray(raw)


def _given(x: Any, sample: Sample, traced: Any, backend: Any) -> Any:
    """Return an argument of PyTorch's as neo's."""
    if isinstance(x, torch.dtype):
        return str(x).removeprefix("torch.")
    if not isinstance(x, torch.Tensor):
        return x
    return next((t for leaf, t in zip(sample.leaves, traced, strict=True) if leaf is x), _entered(x, backend))


def _flat(out: Any) -> list[Any]:
    if isinstance(out, tuple | list):
        return [x for y in out for x in _flat(y)]
    return [out]


def _host(x: torch.Tensor) -> np.ndarray:
    return x.detach().resolve_conj().resolve_neg().cpu().numpy()


def _read(x: Any) -> np.ndarray:
    return x.numpy() if isinstance(x, neo.Array) else np.asarray(neo.asarray(x).numpy())


def difference(found: list[np.ndarray], right: list[np.ndarray]) -> str:
    """Return in what two lists of arrays differ by more than the tolerance, or nothing."""
    for x, y in zip(found, right, strict=True):
        if x.shape != y.shape:
            return f"shape {x.shape}, PyTorch {y.shape}"
        if not np.allclose(x, y, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            wrong = ~np.isclose(x, y, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
            return f"{x[wrong].ravel()[:2]}, PyTorch {y[wrong].ravel()[:2]}"
    return ""
