"""What a mismatch means, in words: which entry, what the failing examples share, how to see it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .comparing import Comparison, Mismatch
from .examples import Example
from .findings import Finding
from .strategies import domains_of
from .subjects import Flat, where_in


def finding_of(found: Comparison, flat: Flat, names: Sequence[str], order: int) -> Finding:
    """Return the finding for the mismatches of one comparison: the clearest of them."""
    single = [m for m in found.mismatches if np.count_nonzero(m.direction) == 1]
    smooth = [m for m in single or found.mismatches if not m.kinked]
    chosen = max(smooth or single or found.mismatches, key=lambda m: min(m.beyond, 1e300))
    finding = Finding(_kind(chosen, found, flat, order), "", order=order)
    finding.analytic, finding.numeric, finding.bound = chosen.analytic, chosen.numeric, chosen.bound
    finding.message = _words(finding.kind, chosen)
    if np.count_nonzero(chosen.direction) == 1:
        j, place, part = where_in(int(np.flatnonzero(chosen.direction)[0]), flat.like)
        k = flat.subject.varied[j]
        finding.argument = names[k] if k < len(names) else f"operand {k}" if order == 1 else "the cotangent"
        finding.argument += f" ({part})" if part else ""
        finding.entry = place
    return finding


def _kind(chosen: Mismatch, found: Comparison, flat: Flat, order: int) -> str:
    if order > 1:
        return "wrong_second_order"
    if chosen.declared:
        return "wrong_convention"
    if np.isnan(chosen.analytic):
        return "nan_gradient"
    alone = np.count_nonzero(chosen.direction) == 1
    if chosen.kinked or (found.kinks and not alone):  # two that tie, moved together
        return "wrong_at_kink"
    return "wrong_conjugate" if _fits_conjugated(found, flat) else "wrong_gradient"


def _fits_conjugated(found: Comparison, flat: Flat) -> bool:
    """Tell whether some conjugate of the gradient is within every bound."""
    if not any(x.dtype.kind == "c" for x in (*flat.like, *flat.results)):
        return False
    of_x = np.concatenate([_signs(x) for x in flat.like])
    of_w = np.concatenate([_signs(x) for x in flat.results])
    for first, last in ((1.0, of_x), (of_w, 1.0), (of_w, of_x)):
        if all(_fits(m, float(np.dot(last * flat.pull(first * m.w), m.direction))) for m in found.mismatches):
            return True
    return False


def _signs(x: np.ndarray) -> np.ndarray:
    """Return what conjugates an array in a vector: 1 for real parts, -1 for imaginary ones."""
    return np.tile([1.0, -1.0], x.size) if x.dtype.kind == "c" else np.ones(x.size)


def _fits(mismatch: Mismatch, analytic: float) -> bool:
    size = 1e-9 * (abs(mismatch.low) + abs(mismatch.high))
    return mismatch.low - size <= analytic <= mismatch.high + size


def _words(kind: str, found: Mismatch) -> str:
    ratio = found.analytic / found.numeric if found.numeric and np.isfinite(found.analytic) else np.nan
    hint = f" It is {ratio:.6g} times that." if np.isfinite(ratio) and 1e-3 < abs(ratio) < 1e3 else ""
    if kind == "wrong_convention":
        return "at this kink the gradient is not what the Policy declares." + hint
    if kind == "wrong_at_kink":
        between = f"{found.low:.6g} and {found.high:.6g}"
        if not found.kinked:
            return (
                f"moved together, operands that tie have the slope {found.numeric:.6g}; the gradient has not."
            )
        return f"the slopes on both sides are {between}; the gradient is not between them."
    if kind == "nan_gradient":
        slope = "finite" if np.isfinite(found.numeric) else "infinite"
        return f"the gradient is NaN, where the function is finite and its slope {slope}."
    if kind == "wrong_conjugate":
        return (
            "with a conjugate more, or less, the gradient would be right: g * conj(y) for a product with y."
        )
    if kind == "wrong_second_order" and not np.isfinite(found.analytic):
        number = "NaN" if np.isnan(found.analytic) else "infinite"
        return f"the gradient is right, its own gradient is {number}, where its slope is finite."
    if kind == "wrong_second_order":
        return (
            "the gradient is right, its own gradient is not: a term that depends on the operands is lost."
            + hint
        )
    if not np.isfinite(found.numeric):
        return "the slope is infinite: it goes on growing as the step shrinks; the gradient has another sign."
    return "the gradient is not the slope of the function." + hint


def features(example: Example, domain: Any) -> set[str]:
    """Return what may set an example apart, in words."""
    floats = [x for x in example.operands if x.dtype.kind in "fc"]
    found = set()
    checks: dict[str, Callable[[np.ndarray], bool]] = {
        "an operand is empty": lambda x: x.size == 0,
        "an operand is 0-d": lambda x: x.ndim == 0,
        "an axis has length 1": lambda x: 1 in x.shape,
        "an element is 0": lambda x: bool(np.any(x == 0)),
        "two elements of an operand are equal": lambda x: np.unique(x).size < x.size,
        "an element is negative": lambda x: bool(np.any(np.real(x) < 0)),
    }
    for words, check in checks.items():
        if any(check(x) for x in floats):
            found.add(words)
    shapes = {x.shape for x in floats}
    if len(shapes) > 1:
        found.add("operands have different shapes")
    elif len(floats) > 1 and any(np.any(x == floats[0]) for x in floats[1:]):
        found.add("operands are equal somewhere")
    try:
        ends = domains_of(domain, len(floats))
        if any(np.any((x == low) | (x == high)) for x, (low, high) in zip(floats, ends, strict=False)):
            found.add("an element is at an end of the domain")
    except (ValueError, TypeError):
        pass
    for name, value in example.settings.items():
        found.add(f"{name}={value!r}")
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(v, int) and not isinstance(v, bool) and v < 0 for v in numbers):
            found.add(f"{name} is negative")
    return found


def pattern(failed: Sequence[Example], passed: Sequence[Example], domain: Any) -> str:
    """Return what every example that fails has and none that passes, in words; "" if there is nothing."""
    if not failed or len(passed) < 3:
        return ""
    common = set.intersection(*[features(example, domain) for example in failed])
    for example in passed:
        common -= features(example, domain)
    return " and ".join(sorted(common))


def program(target: Any, finding: Finding, example: Example) -> str:
    """Return five lines that show the finding."""
    operands = ", ".join([str(Example([x])) for x in example.operands])
    settings = f", settings={example.settings!r}" if example.settings else ""
    where = f", backend={finding.backend!r}, dtype={finding.dtype!r}"
    where += f", orders={tuple(range(1, finding.order + 1))}"
    return "\n".join(
        [
            "import numpy as np",
            "from neo.testing import check_example",
            target.where or f"# {target.name} is what was checked",
            f"operands = ({operands},)",
            f"check_example({target.name}, operands{settings}{where})",
        ]
    )
