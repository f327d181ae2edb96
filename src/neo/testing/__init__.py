"""Gradients and backends, proved right."""

from importlib import import_module as _import_module
from importlib.util import find_spec as _find_spec
from typing import Any as _Any

# Where each name lives; they load on first use.
_HOMES = {
    "check": ["check_example", "check_grads", "check_policy", "gradient_test"],
    "findings": ["KINDS", "Finding", "GradientMismatch", "Report"],
    "strategies": [
        "arrays",
        "away_from",
        "axes",
        "broadcastable",
        "complex_arrays",
        "distinct",
        "empty",
        "non_contiguous",
        "read_only",
        "reversed_strides",
        "same_shape",
        "subnormal",
        "zero_d",
    ],
    "mistakes": ["mutants"],
    "score": ["Score", "mutation_score"],
    "matrices": ["orthogonal", "positive_definite", "triangular", "well_conditioned"],
    "conformance": ["check_backend"],
}
_WHERE = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> _Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _WHERE[name] != "conformance" and _find_spec("hypothesis") is None:
        raise ImportError(
            f"neo.testing.{name} needs hypothesis, which is not installed. To add it: "
            f"pip install 'neo-autodiff[testing]'"
        )
    return getattr(_import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
