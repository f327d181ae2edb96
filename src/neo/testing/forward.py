"""Forward mode beside reverse mode: each is the other's transpose."""

from __future__ import annotations

from typing import Any

import numpy as np

import neo

from .invariants import noise_of
from .slopes import SAFETY
from .structure import Fault
from .subjects import Flat, Subject, host, like, pack, unpack


def transposed(subject: Subject, rng: Any) -> tuple[Fault | None, str]:
    """Compare <w, J v> with <J^T w, v>; return a fault or None, and why it could not be compared."""
    jvp = getattr(neo, "jvp", None)
    if jvp is None or type(subject) is not Subject:
        return None, "this rule has no forward mode" if jvp else "neo.jvp is not there"
    flat = Flat(subject)
    v = rng.uniform(0.5, 1.5, flat.x.shape) * rng.choice([-1.0, 1.0], flat.x.shape)
    w = np.where(np.isfinite(flat.center), rng.uniform(0.5, 1.5, flat.center.shape), 0.0)
    natives = subject.native(subject.points)
    primals = [natives[k] for k in subject.varied]

    def varied(*arrays: Any) -> tuple[Any, ...]:
        every = list(natives)
        for k, x in zip(subject.varied, arrays, strict=True):
            every[k] = x
        return subject.run(every)

    try:
        tangents = [like(t, x) for t, x in zip(unpack(v, flat.like), primals, strict=True)]
        pushed = pack([host(x) for x in jvp(varied, tuple(primals), tuple(tangents))[1]])
    except NotImplementedError as error:
        return None, str(error).partition("\n")[0]
    except Exception as error:
        return ("wrong_forward_mode", f"forward mode raised {type(error).__name__}: {error}", None), ""
    return _compared(flat, v, w, pushed), ""


def _compared(flat: Flat, v: np.ndarray, w: np.ndarray, pushed: np.ndarray) -> Fault | None:
    pulled = flat.pull(w)
    one, other = float(np.dot(w, pushed)), float(np.dot(pulled, v))
    if not (np.isfinite(one) and np.isfinite(other)):
        return None
    eps = max([float(np.finfo(x.dtype).eps) for x in (*flat.like, *flat.results)])
    size = float(np.sum(np.abs(w * pushed)) + np.sum(np.abs(pulled * v)))
    if abs(one - other) <= 2**16 * eps * size:
        return None
    noise = noise_of(flat, w)[: v.size]
    noise = np.where(np.isfinite(noise), noise, 0.0)
    if abs(one - other) <= 4 * SAFETY * float(np.dot(noise, np.abs(v))):
        return None
    return "wrong_forward_mode", f"<w, J v> is {one:.12g} and <J^T w, v> is {other:.12g}", None
