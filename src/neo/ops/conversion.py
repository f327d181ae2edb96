"""Moving arrays between libraries and devices, as an operation with a gradient."""

from __future__ import annotations

from typing import Any

from .. import backends
from ..core.array import Array, Traced, bottom_of, box, raw_of, unbox
from ..core.dtypes import COMPLEX, INTEGER, REAL, kind
from ..core.policy import library_of_all
from ..errors import describe, short_name
from . import broadcasting
from .batching import leading
from .formulas import positive
from .registry import BuiltIn, rule


def _moved(raw: Any, name: str, device: str | None) -> Any:
    """Return a raw array in another library or on another device."""
    here = backends.of(raw)
    there = backends.get(name)
    if here is there:
        return raw if device is None else here.to_device(raw, device)
    # On the host both libraries share NumPy's memory; elsewhere DLPack keeps the values where they are.
    shared = None if here.device(raw) == "cpu" else _shared(raw, there)
    if shared is None:
        return there.asarray(here.to_numpy(raw), _dtype_there(raw, here, there), device)
    return shared if device is None else there.to_device(shared, device)


def _dtype_there(raw: Any, here: backends.Backend, there: backends.Backend) -> str | None:
    """Return the dtype that an array has in another library; None for what the numbers themselves say."""
    if there.holds_objects:
        return None
    doubles = {REAL: "float64", COMPLEX: "complex128"} if here.holds_objects else {}
    return doubles.get(kind(raw.dtype), short_name(raw.dtype))


def _shared(raw: Any, there: backends.Backend) -> Any:
    """Return an array of another library over the same memory; None where DLPack does not reach."""
    try:
        out = there.xp.from_dlpack(raw)
    except Exception:  # each library has its own reasons: the device, the dtype, a read-only array
        return None
    return out if short_name(out.dtype) == short_name(raw.dtype) else None


class To(BuiltIn):
    linear = True
    domain = (-2, 2)
    samples = [([(2, 3)], {"backend": "numpy", "device": "cpu"})]
    batch = classmethod(leading)

    def forward(self, x, *, backend, device):
        here = library_of_all((x,))
        self.ctx.save(here.name, here.device(x))
        return _moved(x, backend, device)

    def backward(self, g):
        backend, device = self.ctx.release
        return To.of(g, backend=backend, device=device)


@rule(To)
def to(x: Any, target: str | None = None, /, *, device: Any = None, backend: str | None = None) -> Any:
    """Return x in another library or on another device; x itself if it is there.

    target: a backend's name or a device's. A device that x's library lacks is looked for in the
    other installed ones: a CuPy array goes to "cpu" as a NumPy array.
    Gradient: to x, moved back.
    """
    if target is not None:
        backend, device = _either(str(target), backend, device)
    raw = bottom_of(x)
    here = library_of_all((raw,))
    with backends.use(here.name):
        there, place = backends.resolve(backend, device)
    if there is here and (place is None or place == here.device(raw)):
        return x
    return To.of(x, backend=there.name, device=place)


def _either(target: str, backend: str | None, device: Any) -> tuple[str | None, Any]:
    if target in backends.names():
        return target, device
    return backend, target


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Return x with another dtype, and on another device if one is named.

    copy: False gives x itself where nothing changes.
    Gradient: to x, cast back; the real part where a real x became complex. None through an
    integer or bool dtype. Raises TypeError for a dtype that the library lacks, and for complex
    numbers as real ones.
    """
    dtype = library_of_all((x,)).dtype(dtype)
    if kind(x.dtype) == COMPLEX and kind(dtype) in (REAL, INTEGER):
        raise TypeError(f"astype would lose the imaginary part of {describe(x)}; take real(x) first")
    out = broadcasting.astype(x, dtype)
    if device is not None:
        out = to(out, device=device)
    return copied(out) if copy and out is x else out


astype.policy = broadcasting.Astype  # type: ignore[attr-defined]


def copied(x: Any) -> Any:
    """Return a copy of x, wrapped and traced as x is. Gradient: to x."""
    if isinstance(unbox(x), Traced):
        return positive(x)
    raw = raw_of(x)
    again = library_of_all((raw,)).xp.asarray(raw, copy=True)
    return box(again) if isinstance(x, Array) else again
