"""`neo check`, and the plugin of pytest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import neo
from neo import testing
from neo.cli import main
from neo.testing.interrupting import interruptible

RULE = "support.right:Affine"
ROOT = Path(__file__).parents[2]
TESTS = """
import numpy as np
import neo.testing as nt
from support.right import DeclaredRelu

def test_fixtures(backend, xp):
    assert xp.asarray([1.0]).shape == (1,)

def test_check():
    nt.check_policy(DeclaredRelu, inputs=(np.array([0.0, 1.0]),), orders=(1,))
"""
OTHERS = """
import sys, pytest

@pytest.fixture(params=["mine"])
def backend(request):
    return request.param

def test_mine(backend):
    assert backend == "mine"

@pytest.mark.parametrize("backend", ["other"])
def test_marked(backend):
    assert backend == "other"

def test_nothing_is_imported():
    assert "neo" not in sys.modules
"""


def run_pytest(folder: Path, text: str, *options: str) -> str:
    """Run a file of tests with the plugin in a process of its own; return what it prints."""
    (folder / "test_it.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-p",
        "neo_pytest",
        "-p",
        "no:cacheprovider",
        "-W",
        "error",
    ]
    paths = [str(ROOT / "src"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([p for p in paths if p])}
    found = subprocess.run(
        [*command, *options], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    return found.stdout + found.stderr


def test_a_right_rule_is_said_to_be_right(capsys: Any, tmp_path: Path) -> None:
    report = tmp_path / "report.json"

    code = main(
        ["check", "support.right:DeclaredRelu", "--backend", "numpy", "--order", "1", "--report", str(report)]
    )

    assert code == 0
    assert "DeclaredRelu: right" in capsys.readouterr().out
    assert json.loads(report.read_text())["reports"][0]["operation"] == "DeclaredRelu"
    assert report.with_suffix(".html").is_file()


def test_a_wrong_rule_gives_exit_code_one(capsys: Any) -> None:
    code = main(["check", "support.wrong:FactorOfASquare", "--backend", "numpy", "--examples", "5"])

    assert code == 1
    assert "wrong_gradient: FactorOfASquare of x" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["nothing.here:Policy"], "nothing"),
        (["support.right"], "write package.module:Name"),
        (["nowhere.at:All"], "there is no module 'nowhere.at' here"),
        (["support.right:Nobody"], "has no 'Nobody'"),
        (["support.right:RIGHT"], "check_policy takes a subclass"),
        (["support.right:DeclaredRelu", "--backend", "nowhere"], "unknown backend 'nowhere'"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_line(given: list[str], words: str, capsys: Any) -> None:
    code = main(["check", *given])

    assert code == 2
    assert words in capsys.readouterr().err


def test_the_plugin_runs_fixtures_and_checks_on_the_backends_asked_for(tmp_path: Path) -> None:
    out = run_pytest(
        tmp_path, TESTS, "--neo-backend=numpy,cupy", "--neo-report=report.json", "-k", "fixtures"
    )

    assert "not run: cupy" in out or "2 passed" in out
    assert json.loads((tmp_path / "report.json").read_text())["reports"] == []


def test_the_plugin_reports_checks_from_every_worker(tmp_path: Path) -> None:
    pytest.importorskip("xdist")

    out = run_pytest(tmp_path, TESTS, "--neo-backend=numpy", "--neo-report=out/report.json", "-n", "1")

    assert "2 passed" in out
    assert [r["operation"] for r in json.loads((tmp_path / "out/report.json").read_text())["reports"]] == [
        "DeclaredRelu"
    ]
    assert "1 checks, 0 findings" in out


def test_the_plugin_leaves_other_tests_alone(tmp_path: Path) -> None:
    out = run_pytest(tmp_path, OTHERS)

    assert "3 passed" in out
    assert "not run" not in out


def test_an_unknown_backend_stops_the_run(tmp_path: Path) -> None:
    out = run_pytest(tmp_path, TESTS, "--neo-backend=nowhere")

    assert "--neo-backend: unknown backend 'nowhere'" in out


class Interrupting(neo.autograd.Policy):
    """A square, right or not, during which somebody presses Ctrl-C."""

    factor = 2.0
    calls_left = 200

    def forward(self, x: Any) -> Any:
        """Return the square; after some calls, stop."""
        Interrupting.calls_left -= 1
        if Interrupting.calls_left < 0 and threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        self.ctx.save(x)
        return x * x

    def backward(self, g: Any) -> Any:
        """Return the gradient, times some factor."""
        (x,) = self.ctx.release
        return g * x * self.factor


def _interrupted(monkeypatch: pytest.MonkeyPatch, *options: str, calls: int, factor: float = 2.0) -> int:
    """Run a check that is interrupted; return its exit code."""
    monkeypatch.setattr(Interrupting, "calls_left", calls)
    monkeypatch.setattr(Interrupting, "factor", factor)
    monkeypatch.setattr("support.right.Interrupting", Interrupting, raising=False)
    return main(["check", "support.right:Interrupting", "--backend", "numpy", *options])


def test_an_interrupted_check_shows_what_it_did(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"

    code = _interrupted(monkeypatch, "--report", str(report), calls=2000)

    out, err = capsys.readouterr()
    kept = json.loads(report.read_text())["reports"][0]
    assert code == 130
    assert "Interrupting: stopped before it was done; nothing wrong so far" in out
    assert "neo check: stopped" in err
    assert "Traceback" not in out + err
    assert kept["interrupted"]
    assert 0 < kept["examples"] == kept["rows"][0]["examples"] - 1  # all but that which was interrupted
    assert "so far" in report.with_suffix(".html").read_text()


def test_an_interrupted_check_keeps_what_it_found(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    code = _interrupted(monkeypatch, calls=2000, factor=3.0)

    assert code == 130
    assert "stopped before it was done; 1 finding so far" in capsys.readouterr().out


def test_a_check_that_is_interrupted_at_once_shows_that_nothing_was_done(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    code = _interrupted(monkeypatch, calls=0)

    assert code == 130
    assert "Interrupting: stopped before it was done; nothing wrong so far. 0 ex" in capsys.readouterr().out


def test_an_interrupt_in_a_test_stops_the_run_with_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interrupting, "calls_left", 100)

    with pytest.raises(KeyboardInterrupt) as caught:
        testing.check_policy(Interrupting, backends="numpy")

    assert caught.value.report.interrupted


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="only the main thread hears signals"
)
def test_an_interrupt_that_a_callback_swallows_is_not_lost() -> None:
    before = signal.getsignal(signal.SIGINT)

    with interruptible(None) as between:
        with suppress(KeyboardInterrupt):  # as a callback of the garbage collector does
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            between("numpy", 1, 2)

    assert signal.getsignal(signal.SIGINT) is before


def test_interrupted_conformance_shows_the_operations_that_were_run(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(neo.backends.get("numpy").raw, "flip", interrupt)
    names = [f"--operation={name}" for name in ("tanh", "flip", "sin")]

    code = main(["conformance", "numpy", *names])

    out, err = capsys.readouterr()
    assert code == 130
    assert "of 1 operations 1 work, 0 are missing, 0 are wrong; stopped, with 2 more to run" in out
    assert "neo conformance: stopped" in err


@pytest.mark.parametrize("option", ["--examples", "--order"])
def test_a_number_below_one_is_refused_by_name(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "neo.functions:relu", option, "-3"])

    assert f"{option}: '-3' is not a positive whole number" in capsys.readouterr().err
