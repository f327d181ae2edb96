"""Every operation says where and at which shapes it may be tested."""

from __future__ import annotations

from support.cases import COMPLEX_CASES

import neo
from neo.ops import composites

DECLARED = {name: f.policy for name, f in neo.policies.items()} | composites


def test_every_operation_declares_a_domain() -> None:
    missing = [name for name, owner in DECLARED.items() if owner.domain is None]

    assert missing == []


def test_every_operation_declares_samples_or_takes_any_shapes() -> None:
    missing = [name for name, owner in DECLARED.items() if not hasattr(owner, "rules") and not owner.samples]

    assert missing == []


def test_every_operation_is_in_the_table_under_its_own_name() -> None:
    differing = [name for name, f in {**neo.policies, **composites}.items() if f.__name__ != name]

    assert differing == []


def test_every_operation_has_a_docstring() -> None:
    missing = [name for name, f in {**neo.policies, **composites}.items() if not f.__doc__]

    assert missing == []


def test_operations_of_complex_numbers_are_tested_with_them() -> None:
    expected = {
        "abs",
        "acos",
        "acosh",
        "add",
        "asin",
        "asinh",
        "astype",
        "atan",
        "atanh",
        "concat",
        "conj",
        "cos",
        "cosh",
        "cumulative_prod",
        "cumulative_sum",
        "divide",
        "einsum",
        "exp",
        "expm1",
        "getitem",
        "imag",
        "log",
        "log10",
        "log1p",
        "log2",
        "matmul",
        "mean",
        "multiply",
        "negative",
        "pow",
        "prod",
        "real",
        "reciprocal",
        "reshape",
        "setitem",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "stack",
        "subtract",
        "sum",
        "take",
        "tan",
        "tanh",
        "tensordot",
        "vecdot",
        "where",
    }

    assert expected <= {case.name for case in COMPLEX_CASES}
