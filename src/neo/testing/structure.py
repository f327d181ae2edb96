"""What backward returns and touches, seen by calling a Policy directly, without a tape between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backends
from ..core.array import box, raw_of, unbox
from ..core.dtypes import differentiable
from ..core.policy import new_context
from ..errors import describe, short_name
from .subjects import host, like

# A finding in the making: kind, words, and the number of the operand if it is about one.
Fault = tuple[str, str, int | None]


class Direct:
    """One call of a Policy: forward at once, backward when asked."""

    def __init__(self, policy: Any, natives: Sequence[Any], settings: dict[str, Any]) -> None:
        self.natives = list(natives)
        self.varied = [k for k, x in enumerate(natives) if differentiable(x.dtype)]
        self.policy = policy()
        self.policy.slots = tuple([k if k in self.varied else None for k in range(len(natives))])
        result = self.policy.run(list(natives), settings, new_context(self.policy))
        self.results = [unbox(x) for x in (result if isinstance(result, tuple | list) else (result,))]

    def cotangents(self, rng: Any) -> list[Any]:
        """Return a gradient for every result, zeros where it can have none."""
        found = []
        for out in self.results:
            values = host(out)
            w = rng.uniform(0.5, 1.5, values.shape)
            if values.dtype.kind == "c":
                w = w + 1j * rng.uniform(0.5, 1.5, values.shape)
            found.append(like(w.astype(values.dtype) if values.dtype.kind in "fc" else values * 0, out))
        return found

    def backward(self, cotangents: Sequence[Any]) -> Any:
        """Return what backward returns, as it is."""
        return self.policy.backward(*[g if self.policy.bare else box(g) for g in cotangents])

    def saved(self) -> list[np.ndarray]:
        """Return copies of the arrays that the call keeps."""
        from ..core.kept import kept_by

        kept = _leaves(kept_by(self.policy))
        return [host(x) for x in kept if backends.is_array(raw_of(x))]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def gradients_of(found: Any) -> list[Any]:
    """Return what backward returned as a list with one gradient per operand."""
    return list(found) if isinstance(found, tuple | list) else [found]


def faults(policy: Any, natives: Sequence[Any], settings: dict[str, Any], seed: int) -> list[Fault]:
    """Return what is wrong with the form of what a Policy gives, and with what it writes into.

    Raises whatever forward raises.
    """
    before = [host(x) for x in natives]
    call = Direct(policy, natives, settings)
    found = _written(before, natives, "mutates_operand", "forward writes into operand {}")
    if found:
        return found
    if not call.results or not all(_is_array(out) for out in call.results):
        words = f"forward returned {_kinds(call.results)}; return an array, or a tuple of arrays"
        return [("not_an_array", words, None)]
    cotangents = call.cotangents(np.random.default_rng(seed))
    held = [host(x) for x in (*cotangents, *call.results)], call.saved()
    try:
        returned = call.backward(cotangents)
    except Exception as error:
        return [("backward_raises", f"backward raised {_words(error)}", None)]
    found = _form(returned, call)
    count = len(cotangents)
    found += _written(before, natives, "mutates_operand", "backward writes into operand {}")
    found += _written(held[0][:count], cotangents, "mutates_cotangent", "backward writes into g of result {}")
    if not found:
        found += _written(held[0][count:], call.results, "mutates_result", "backward writes into result {}")
        found += _saved_again(held[1], call.saved())
    return found or _repeated(policy, call, cotangents, returned, settings)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0] or 'without a message'}"


def _written(before: Sequence[Any], after: Sequence[Any], kind: str, words: str) -> list[Fault]:
    changed = [k for k, (x, y) in enumerate(zip(before, after, strict=True)) if not _same(x, host(y))]
    return [
        (kind, words.format(k) + ", which others read", k if kind == "mutates_operand" else None)
        for k in changed
    ]


def _saved_again(before: list[np.ndarray], after: list[np.ndarray]) -> list[Fault]:
    if len(before) != len(after):
        words = f"backward leaves {len(after)} saved arrays of {len(before)}; a tape may pull it again"
        return [("mutates_saved", words, None)]
    return _written(before, after, "mutates_saved", "backward writes into saved value {}")


def _same(x: np.ndarray, y: np.ndarray) -> bool:
    return x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind in "fc")


def _form(returned: Any, call: Direct) -> list[Fault]:
    """Return what is wrong with the number and the kinds of gradients."""
    gradients = gradients_of(returned)
    if isinstance(returned, list) and not all(_is_array(g) or g is None for g in gradients):
        return [("not_an_array", f"backward returned a Python list of {_kinds(gradients)}, not arrays", None)]
    if len(gradients) != len(call.natives):
        words = f"backward returned {len(gradients)} gradients for {len(call.natives)} operands"
        return [("wrong_count", f"{words}; return one per operand, None where there is none", None)]
    return [fault for k in call.varied for fault in _of_one(k, gradients[k], call)]


def _kinds(values: list[Any]) -> str:
    return ", ".join(dict.fromkeys([type(x).__name__ for x in values])) or "nothing"


def _is_array(x: Any) -> bool:
    raw = raw_of(x)
    return hasattr(raw, "dtype") and hasattr(raw, "shape") and backends.is_array(raw)


def _of_one(k: int, gradient: Any, call: Direct) -> list[Fault]:
    """Return what is wrong with the gradient of operand k; nothing if it may be right."""
    if gradient is None:
        return []  # whether it is zero, the slopes tell
    x = raw_of(call.natives[k])
    what = f"backward returned {describe(raw_of(gradient))} as the gradient of a {describe(x)}"
    if not _is_array(gradient):
        return [("not_an_array", f"{what}; return an array like the operand", k)]
    g = raw_of(gradient)
    found = _of_shape(k, g, x, what, call)
    library = backends.of(x)
    if backends.of(g) is not library:
        words = f"{what}: an array of {backends.of(g).name} instead of {library.name}"
        return [("wrong_library", words, k), *found]
    if found:
        return found
    if g.dtype != x.dtype:
        return [("wrong_dtype", f"{what}: {short_name(g.dtype)} instead of {short_name(x.dtype)}", k)]
    if _device(g) != _device(x):
        return [("wrong_device", f"{what}: on {_device(g)} instead of {_device(x)}", k)]
    return []


def _of_shape(k: int, g: Any, x: Any, what: str, call: Direct) -> list[Fault]:
    if tuple(g.shape) == tuple(x.shape) or _one_element(g, x):
        return []
    if len(call.natives) > 1 and _lacks_a_sum(tuple(x.shape), tuple(g.shape), call):
        return [("missing_broadcast_sum", f"{what}: sum over the axes that broadcasting added", k)]
    return [("wrong_shape", what, k)]


def _lacks_a_sum(own: tuple[int, ...], found: tuple[int, ...], call: Direct) -> bool:
    """Tell whether a shape is one that an operand was broadcast to: the result's, or a larger one."""
    shapes = [tuple(x.shape) for x in (*call.results, *call.natives)]
    try:
        extends = np.broadcast_shapes(own, found) == found
    except ValueError:  # shapes that do not broadcast
        return False
    return extends and (found in shapes or bool(np.prod(found) > np.prod(own)))


def _device(raw: Any) -> str:
    """Return the array's own word for its device: not every record tells them apart."""
    return str(getattr(raw, "device", "")) or backends.of(raw).device(raw)


def _one_element(g: Any, x: Any) -> bool:
    """Tell whether neo reshapes the gradient itself: both have one element."""
    return bool(np.prod(g.shape) == np.prod(x.shape) == 1)


def _repeated(
    policy: Any, call: Direct, cotangents: Sequence[Any], first: Any, settings: dict[str, Any]
) -> list[Fault]:
    """Return what is wrong with a second backward, and with one after another call of the Policy."""
    before = [None if g is None else host(g) for g in gradients_of(first)]
    results = [host(x) for x in call.results]
    try:
        again = call.backward(cotangents)
    except Exception as error:
        return [("not_repeatable", f"backward raised the second time: {_words(error)}", None)]
    if not _agree(first, again):
        return [("not_repeatable", "backward gives another gradient the second time", None)]
    try:
        other = [like(_nearer_zero(host(x)), x) for x in call.natives]
        Direct(policy, other, settings).backward(cotangents)
    except Exception:  # the other operands may not be ones that it takes
        return []
    overwritten = not _agree(before, first)
    if not all(_same(x, host(y)) for x, y in zip(results, call.results, strict=True)):
        return [("mutates_result", "a later call writes into the result of an earlier one", None)]
    try:
        last = call.backward(cotangents)
    except Exception as error:
        return [("stale_save", f"backward raises after another call: {_words(error)}", None)]
    if not _agree(before, last):
        words = "another call of the Policy changes the gradient of this one: it saved what is not its own"
        return [("stale_save", words, None)]
    if overwritten:
        return [("not_repeatable", "a later backward writes into the gradient of an earlier one", None)]
    return _after_another(policy, call, cotangents, other, settings)


def _after_another(
    policy: Any, call: Direct, cotangents: Sequence[Any], other: list[Any], settings: dict[str, Any]
) -> list[Fault]:
    """Return what is wrong where a call's gradient depends on which call came before it."""

    def fresh(natives: list[Any]) -> list[Any]:
        found = gradients_of(Direct(policy, natives, settings).backward(cotangents))
        return [None if g is None else host(g) for g in found]

    try:
        _, one, two = [fresh(call.natives) for _ in range(3)]
        fresh(other)
        three = fresh(call.natives)
    except Exception:  # a finding of other checks
        return []
    if _agree(one, two) and not _agree(two, three):
        return [("stale_save", "the gradient is another one after a call at other operands", None)]
    return []


def _nearer_zero(x: np.ndarray) -> np.ndarray:
    """Return operands of another call: a little smaller, so that they are likely to be taken."""
    return x * 0.875 if x.dtype.kind in "fc" else x


def _agree(one: Any, other: Any) -> bool:
    pairs = zip(gradients_of(one), gradients_of(other), strict=False)
    return all(a is None or b is None or not _far(host(a), host(b)) for a, b in pairs)


def _far(x: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether arrays differ by more than the last digits."""
    if x.shape != y.shape:
        return True
    both = np.isfinite(x) & np.isfinite(y)
    if not np.array_equal(np.isfinite(x), np.isfinite(y)):
        return True
    eps = np.finfo(x.dtype).eps if x.dtype.kind in "fc" else 0.0
    size = np.max(np.abs(x[both]), initial=0)
    return bool(np.any(np.abs(x[both] - y[both]) > 64 * eps * size))
