"""A library's refusal of a call in neo's words: what it was given, what fits, what to do.

Nothing is checked in advance. Where a library has raised, `reworded` finds out what did not fit and
raises an error of neo's with the library's own as its cause. Errors of neo's own, and what a user's
code inside a call raised, pass as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dis import opmap
from traceback import walk_tb
from typing import Any

from .. import backends
from ..core.array import bottom_of
from ..errors import describe, short_name
from .broadcasting import positive_axes
from .key_faults import key_fault, value_fault
from .manipulation import broadcast_shapes
from .promotion import NUMBERS

_RAISE = opmap["RAISE_VARARGS"]
# The first of these that a library's error is an instance of is the class that neo raises; others,
# such as an error of a GPU or for want of memory, pass as they are.
_CLASSES = {
    TypeError: TypeError,
    ValueError: ValueError,
    IndexError: IndexError,
    NotImplementedError: NotImplementedError,
    AttributeError: TypeError,
    OverflowError: OverflowError,
    ZeroDivisionError: ValueError,
    StopIteration: TypeError,
}


def reworded(
    name: str, operands: Sequence[Any], settings: dict[str, Any], error: Exception, broadcast: int | None
) -> None:
    """Raise in neo's words what a library raised, with its error as the cause; else return.

    name: of the function that was called. broadcast: as in `BuiltIn`.
    """
    kind = ValueError if type(error) is RuntimeError else _class_of(error)
    if kind is None or not _is_librarys(error, operands):
        return
    fault = _of_settings(name, operands, settings) or _of_operands(name, operands, broadcast)
    if fault is None and not isinstance(error, TypeError):
        fault = _of_no_elements(name, operands, settings)
    if fault is None and ((broadcast == 0 and not settings) or _is_about_dtypes(error)):
        fault = _of_dtypes(name, operands, error)
    if fault is None:
        words = str(error).strip(" .")
        fault = kind(f"{name} of {_given(operands, settings)} is refused by {_library(operands)}: {words}")
    raise fault from error


def _is_about_dtypes(error: Exception) -> bool:
    return any([word in str(error) for word in ("implemented for", "dtype", "complex")])


def _class_of(error: Exception) -> type[Exception] | None:
    return next((ours for theirs, ours in _CLASSES.items() if isinstance(error, theirs)), None)


def _is_librarys(error: Exception, operands: Sequence[Any]) -> bool:
    """Tell whether an error comes from a library's code, not from a `raise` of neo's or a user's code."""
    frames = [(frame, place) for frame, place in _instructions(error)]
    known = {"neo", "array_api_compat", "scipy", *_modules(operands)}
    if any([frame.f_globals.get("__name__", "").partition(".")[0] not in known for frame, _ in frames]):
        return False
    last, place = frames[-1]
    is_ours = last.f_globals.get("__name__", "").partition(".")[0] == "neo"
    return not (is_ours and last.f_code.co_code[place] == _RAISE)


def _instructions(error: Exception) -> Any:
    """Return the frames that an error passed through, and where in each one's code."""
    trace = error.__traceback__
    frames = [frame for frame, _ in walk_tb(trace)]
    for frame in frames:
        yield frame, trace.tb_lasti  # type: ignore[union-attr]
        trace = trace.tb_next  # type: ignore[union-attr]


def _arrays(operands: Sequence[Any]) -> list[Any]:
    return [bottom_of(x) for x in operands if backends.is_array(bottom_of(x))]


def _modules(operands: Sequence[Any]) -> list[str]:
    """Return the modules of the operands' libraries; those of all that are loaded if there is no array."""
    found = {backends.of(x).name for x in _arrays(operands)} or set(backends.names())
    return ["numpy", *[backends.module_of(name) for name in found]]


def _library(operands: Sequence[Any]) -> str:
    names = sorted({backends.of(x).name for x in _arrays(operands)})
    return " and ".join(names) or "the library"


def _given(operands: Sequence[Any], settings: dict[str, Any]) -> str:
    words = [describe(x) for x in operands]
    words += [f"{name}={_short(x)}" for name, x in settings.items() if x is not None]
    return ", ".join(words)


def _short(x: Any) -> str:
    return describe(x) if hasattr(x, "shape") else repr(x)


def _of_settings(name: str, operands: Sequence[Any], settings: dict[str, Any]) -> Exception | None:
    """Return an error that says which setting does not fit, or None."""
    shape = next((tuple(x.shape) for x in operands if hasattr(x, "shape")), None)
    if shape is None:
        return None
    if "key" in settings:
        return _of_key(name, operands, settings)
    axis = settings.get("axis", settings.get("axes"))
    if axis is not None:
        try:
            axes = positive_axes(axis, len(shape))
        except (TypeError, ValueError) as error:
            return type(error)(f"{name}: {error} of shape {shape}")
        if settings.get("indices") is not None:
            return key_fault(name, shape, (*[slice(None)] * axes[0], settings["indices"]))
    return None


def _of_no_elements(name: str, operands: Sequence[Any], settings: dict[str, Any]) -> Exception | None:
    """Return an error for a reduction over axes without elements, or None."""
    shape = tuple(getattr(operands[0], "shape", ())) if operands else ()
    axis = settings.get("axis")
    if "keepdims" in settings and 0 in [shape[k] for k in positive_axes(axis, len(shape))]:
        return ValueError(f"{name} of no elements: shape {shape}, axis {axis}. An empty array has none")
    return None


def _of_key(name: str, operands: Sequence[Any], settings: dict[str, Any]) -> Exception | None:
    x, *rest = operands
    shape = settings.get("shape", getattr(x, "shape", ()))
    return key_fault(name, tuple(shape), settings["key"]) or (
        value_fault(name, tuple(shape), settings["key"], rest[0]) if rest else None
    )


def _fit(shapes: list[tuple[int, ...]]) -> bool:
    try:
        broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def _of_operands(name: str, operands: Sequence[Any], broadcast: int | None) -> Exception | None:
    """Return an error for operands that are no arrays, or do not broadcast where they have to; or None."""
    others = [x for x in operands if not (x is None or hasattr(x, "shape") or type(x) in NUMBERS)]
    if others:
        return TypeError(f"{name}: expected arrays or numbers, got {describe(others[0])}")
    shapes = [tuple(x.shape) for x in operands if hasattr(x, "shape")]
    if broadcast is None or _fit([shape[: len(shape) - broadcast] for shape in shapes]):
        return None
    which = f" before the last {broadcast}" if broadcast else ""
    return ValueError(
        f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast; counted from the last, "
        f"lengths{which} must be equal, or one of them 1. Reshape one of the arrays"
    )


def _of_dtypes(name: str, operands: Sequence[Any], error: Exception) -> Exception:
    dtypes = sorted({short_name(x.dtype) for x in operands if hasattr(x, "dtype")})
    words = str(error).strip(" .")
    return TypeError(
        f"{name}: {_library(operands)} does not take {' and '.join(dtypes) or 'them'} here (got "
        f"{_given(operands, {})}): {words}. Cast with neo.numpy.astype"
    )
