"""`python -m neo` tells what is here, whether it works, and what a tape looks like."""

import subprocess
import sys

import numpy as np
import pytest

import neo
from neo import cli


@pytest.fixture
def without_libraries(monkeypatch):
    """Make every library but NumPy look absent."""
    monkeypatch.setattr(neo.backends, "available", lambda: ["numpy"])


def test_the_overview_lists_backends_and_prints_a_tape(capsys):
    failed = cli.main([])

    out = capsys.readouterr().out
    assert failed == 0
    assert "numpy             " + np.__version__ in out
    assert "%3 = tanh(%2)         f32[64,256]    64.0 kB saved" in out
    assert out.splitlines()[-1] == cli.NEXT


def test_every_line_of_the_overview_fits_a_terminal(capsys):
    cli.main([])

    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_an_absent_library_is_listed_with_what_to_install(capsys, without_libraries):
    cli.main(["backends"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("numpy")
    assert "torch             pip install 'neo-autodiff[torch]'" in lines[lines.index("not installed") :]


def test_a_gradient_agrees_with_finite_differences(xp):
    error, bound, dtype = cli.gradient_error(xp.backend, xp.device)

    assert dtype == "float64"
    assert error < bound


def test_a_wrong_gradient_is_reported_and_fails(capsys, monkeypatch, without_libraries):
    monkeypatch.setattr(cli, "gradient_error", lambda backend, device: (0.5, 1e-9, "float64"))

    failed = cli.main(["backends"])

    assert failed == 1
    assert "DIFFERS, relative error 5e-01 in float64" in capsys.readouterr().out


def test_a_library_that_does_not_load_is_reported_and_fails(capsys, monkeypatch, without_libraries):
    def broken(name):
        raise OSError("libcuda.so.1 is missing\nmore")

    monkeypatch.setattr(neo.backends, "get", broken)

    failed = cli.main(["backends"])

    assert failed == 1
    assert "does not load: libcuda.so.1 is missing\n" in capsys.readouterr().out


def test_the_tape_has_a_command_of_its_own(capsys):
    cli.main(["tape"])

    assert "return %4" in capsys.readouterr().out


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])

    assert capsys.readouterr().out == f"neo {neo.__version__}\n"


def test_an_unknown_command_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train"])

    assert "choose from 'backends', 'bench', 'check', 'conformance', 'tape'" in capsys.readouterr().err


def test_the_module_runs():
    done = subprocess.run([sys.executable, "-m", "neo", "tape"], capture_output=True, text=True, check=True)

    assert "matmul(%0, %1)" in done.stdout
