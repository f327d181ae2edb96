"""`neo bench`: that it runs, not how fast anything is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neo.cli import main

ROOT = Path(__file__).parents[1]


def test_bench_writes_the_figures_of_a_workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    libraries = "neo over NumPy,raw NumPy by hand"

    what = ["--parts=race", "--workloads=LSTM", f"--libraries={libraries}"]

    code = main(["bench", *what, "--seconds=0", f"--output={tmp_path}"])

    (path,) = tmp_path.glob("*.json")
    rows = json.loads(path.read_text())["race"][0]["rows"]
    assert code == 0
    assert {row["name"] for row in rows} == set(libraries.split(","))


def test_bench_of_an_unknown_workload_names_the_known_ones(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    code = main(["bench", "--workloads", "sort"])

    assert code != 0
    assert "unknown workload 'sort'; known: 1000 small calls, MNIST step" in capfd.readouterr().err


def test_bench_without_the_source_says_where_the_benchmarks_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("neo.cli.__file__", str(tmp_path / "a" / "b" / "cli.py"))

    code = main(["bench"])

    assert code == 1
    assert "They come with the source" in capsys.readouterr().out
