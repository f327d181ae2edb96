"""`check_backend` tells what works on an array library, what is missing, and what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neo
from neo.backends import registry
from neo.testing.backend_report import BackendReport, Row
from neo.testing.conformance import check_backend
from neo.testing.limited import Limited


class Broken(np.ndarray):
    """An array of a library with a wrong function and one that refuses."""


def _refuse(x: Any) -> Any:
    raise NotImplementedError("no tanh here")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of that library, registered for one test."""
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    numpy = neo.backends.get("numpy")
    kernels = {"asarray": lambda x, **settings: np.asarray(x, **settings).view(Broken), "cosh": np.sinh}
    kernels = {**numpy.kernels, **kernels, "tanh": _refuse}
    record = replace(numpy, name="broken", arrays=(Broken,), kernels=kernels)
    neo.backends.register("broken", record, module=__name__)
    monkeypatch.setitem(neo.backends.BY_TYPE, Broken, record)
    return "broken"


def test_every_operation_works_over_the_strict_namespace_to_first_order() -> None:
    report = check_backend("array_api_strict", orders=(1,))

    assert [row for row in report.rows if row.status != "works"] == []
    assert bool(report)


def test_wrong_and_missing_kernels_are_told_apart(broken: str) -> None:
    report = check_backend(broken, operations=["cosh", "tanh", "exp"])

    assert [(row.operation, row.status, row.stage) for row in report.rows] == [
        ("cosh", "wrong", "value"),
        ("tanh", "missing", "value"),
        ("exp", "works", ""),
    ]
    assert not report
    assert "of 3 operations 1 work, 1 are missing, 1 are wrong" in str(report)
    assert "no tanh here" in report.markdown()


def test_an_unknown_operation_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no operation 'sinus'"):
        check_backend("numpy", operations=["sinus"])


def test_an_unknown_backend_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown backend 'nunpy'"):
        check_backend("nunpy")


def test_an_operation_that_takes_too_long_or_ends_the_process_is_missing() -> None:
    limited = Limited(60, "numpy", dtype="float64", orders=(1,), seed=0)

    works = limited("exp")
    limited.process.kill()
    limited.process.join()
    ended = limited("exp")
    limited.limit = 0.0
    late = limited("exp")

    assert works.status == "works"
    assert (ended.status, ended.detail) == ("missing", "the library ended the process")
    assert (late.status, late.detail) == ("missing", "no answer within 0 s")


def test_a_page_tells_each_cause_once(broken: str) -> None:
    lines = check_backend(broken, operations=["tanh", "cosh", "exp"]).markdown().splitlines()

    assert lines[0] == "broken, float64: of 3 operations 1 work, 1 are missing, 1 are wrong."
    assert [line.partition(" | ")[0] for line in lines[4:]] == [
        "| operations",
        "| ---",
        "| `cosh`",
        "| `tanh`",
    ]


def test_what_is_no_dtype_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="'float6' is no floating dtype; give one of float16, float32"):
        check_backend("numpy", dtype="float6")


def test_what_a_library_lacks_for_no_elements_alone_is_told_in_the_page() -> None:
    said = "cholesky of an array is refused by broken: none given. (shapes (0, 2, 2))"
    row = Row("cholesky", "missing", "value", said, 1)

    page = BackendReport("broken", "float64", (row,)).markdown()

    assert "| `cholesky` | missing | value | none given (without elements) |" in page
