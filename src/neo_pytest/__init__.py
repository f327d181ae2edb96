"""neo's plugin for pytest: fixtures `backend` and `xp`, and a report of the gradients that were checked.

A package of its own, so that a test run that asks for nothing here does not import neo.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

_OPTIONS = {
    "--neo-backend": "run fixtures and checks of neo on these array libraries, commas between: numpy,torch",
    "--neo-profile": "how many examples a gradient check draws: quick or deep",
    "--neo-report": "write what gradient checks did to FILE.json, and the page of it to FILE.html",
}


def pytest_addoption(parser: Any) -> None:
    """Add the options."""
    group = parser.getgroup("neo", "gradients, checked by neo.testing")
    for name, words in _OPTIONS.items():
        choices = {"choices": ("quick", "deep")} if name == "--neo-profile" else {}
        group.addoption(name, default=None, help=words, **choices)


def pytest_configure(config: Any) -> None:
    """Tell neo.testing what the options say; without options neo is not imported."""
    names, profile, report = (config.getoption(name) for name in _OPTIONS)
    if names or profile or report:
        from neo.testing import recorded

        recorded.options.update(backends=_chosen(config), profile=profile, keep=bool(report))


def _chosen(config: Any) -> tuple[str, ...] | None:
    """Return the backends that the options name; None for all. An unknown one stops the run."""
    given = config.getoption("--neo-backend")
    if not given:
        return None
    import neo

    names = tuple([name.strip() for name in given.split(",") if name.strip()])
    unknown = [name for name in names if name.partition(":")[0] not in neo.backends.names()]
    if unknown or not names:
        known = ", ".join(neo.backends.names())
        raise pytest.UsageError(
            f"--neo-backend: unknown backend {', '.join(unknown) or given!r}; known: {known}"
        )
    return names


def pytest_generate_tests(metafunc: Any) -> None:
    """Run each test that takes this plugin's `backend` on every library."""
    if "backend" not in metafunc.fixturenames or not _is_ours(metafunc):
        return
    import neo

    names = _chosen(metafunc.config) or tuple(neo.backends.names())
    metafunc.parametrize("backend", [_parameter(name) for name in names], indirect=True, scope="session")


def _is_ours(metafunc: Any) -> bool:
    """Tell whether `backend` is the fixture below: nobody overrides or parametrises it."""
    found = getattr(metafunc, "_arg2fixturedefs", {}).get("backend", [])
    marks = metafunc.definition.iter_markers("parametrize")
    named = [mark.args[0] if mark.args else mark.kwargs.get("argnames", "") for mark in marks]
    names = [n.strip() for x in named for n in (x.split(",") if isinstance(x, str) else x)]
    return bool(found) and found[-1].func is backend_name and "backend" not in names


def _parameter(name: str) -> Any:
    why = _missing(name)
    return pytest.param(name, marks=[pytest.mark.skip(reason=f"{name}: {why}")] if why else [])


def _missing(name: str) -> str:
    """Return why a backend cannot be run here; "" if it can."""
    import neo

    try:
        return "" if neo.backends.get(name.partition(":")[0]).devices() else "no device found"
    except Exception as error:  # not installed, or an installation that does not load
        why = str(error).partition("\n")[0]
    _skipped()[name] = why
    return why


def _skipped() -> dict[str, str]:
    from neo.testing import recorded

    return recorded.skipped


def backend_name(request: Any) -> str:
    """The name of an array library; a test that takes it runs on each."""
    return str(request.param)


backend = pytest.fixture(scope="session", name="backend")(backend_name)


@pytest.fixture(scope="session")
def xp(backend: str) -> Any:
    """The array API namespace of `backend`; a test that takes it runs on each library."""
    import neo

    return neo.backends.get(backend.partition(":")[0]).xp


def _recorded() -> Any:
    """Return neo.testing's record if anything here has used it."""
    return sys.modules.get("neo.testing.recorded")


def pytest_sessionfinish(session: Any) -> None:
    """Hand a worker's reports to the process that started it, or write them."""
    recorded = _recorded()
    if recorded is None:
        return
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["neo"] = recorded.as_dict()
    elif config.getoption("--neo-report"):
        from neo.testing.findings import write

        write(recorded.reports, config.getoption("--neo-report"))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """Take the reports of a worker of pytest-xdist."""
    found = getattr(node, "workeroutput", {}).get("neo")
    if found and (found["reports"] or found["skipped"]):
        from neo.testing import recorded

        recorded.take(found)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the backends that were not run, and say where the report is."""
    recorded = _recorded()
    if recorded is None:
        return
    path = terminalreporter.config.getoption("--neo-report")
    if not (recorded.skipped or path):
        return
    terminalreporter.section("neo", sep="-")
    for name, why in sorted(recorded.skipped.items()):
        terminalreporter.write_line(f"not run: {name}: {why}")
    if path:
        count = sum([len(report["findings"]) for report in recorded.reports])
        terminalreporter.write_line(f"{len(recorded.reports)} checks, {count} findings: {path} and its page")
