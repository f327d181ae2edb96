"""`check_policy`, `check_grads`, `check_example` and `gradient_test`."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from .. import backends, tree
from ..core.array import raw_of
from ..core.dtypes import differentiable
from ..errors import describe
from . import recorded
from .asked import DTYPES, PROFILES, listed, refuse, refuse_dtypes, refuse_orders, refuse_seed
from .checking import EXAMPLES_ELSEWHERE, Checking
from .examples import Example, Source
from .findings import Finding, GradientMismatch, Report, Stopped
from .places import Place, double, places
from .subjects import host
from .targets import Target, target_of


def check_policy(
    Policy: Any,
    inputs: Any = None,
    settings: Any = None,
    backends: Any = "all",
    dtypes: Sequence[str] = ("float64",),
    orders: Sequence[int] = (1, 2),
    profile: str = "quick",
    seed: int | None = None,
) -> Report:
    """Check a Policy's gradient at drawn operands, and return a Report.

    Policy: a subclass of autograd.Policy, the function made of one, or what an adapter returns.
    inputs: a strategy for the tuple of operands, or a tuple with one per operand; None draws one array
    per positional operand of forward, all of one shape, from the Policy's domain. settings: strategies
    by keyword of forward. backends: "all" that are installed, or names. dtypes: of the operands.
    orders: of derivatives. profile: "quick" or "deep". seed: another one draws other examples.
    Raises GradientMismatch, with the report, when anything is wrong.

    >>> import neo
    >>> class Square(neo.autograd.Policy):
    ...     def forward(self, x):
    ...         self.ctx.save(x)
    ...         return x * x
    ...     def backward(self, g):
    ...         (x,) = self.ctx.release
    ...         return 2 * g * x
    >>> check_policy(Square, backends="numpy").findings
    []
    """
    report = examine(Policy, inputs, settings, backends, dtypes, orders, profile, seed)
    return _judged(report)


def examine(
    thing: Any,
    inputs: Any = None,
    settings: Any = None,
    backends: Any = "all",
    dtypes: Sequence[str] = ("float64",),
    orders: Sequence[int] = (1, 2),
    profile: str = "quick",
    seed: int | None = None,
    examples: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Do what check_policy does, and return the report whatever it says.

    examples: how many to draw, instead of what the profile says. progress: is told what is being
    checked, how much of it is done, and how much there is. Raises Stopped, a KeyboardInterrupt that
    carries the report so far, when it is interrupted.
    """
    target = target_of(thing)
    every = backends == "all"
    backends = (recorded.options["backends"] or backends) if every else backends
    profile = recorded.options["profile"] or profile
    dtypes, orders = listed(dtypes), listed(orders)
    refuse(target, inputs, settings, dtypes, orders, profile)
    refuse_seed(seed)
    found, skipped = places(backends, target.only)
    seed = crc32(target.name.encode()) if seed is None else seed
    report = Report(target.name, seed=seed, profile=profile, skipped=skipped)
    job = _Job(target, report, found, dtypes, orders, every, progress or (lambda *_: None))
    counts = PROFILES[profile] if examples is None else (examples, examples)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for base in dict.fromkeys([double(dtype) for dtype in dtypes]):
                source = Source(_arity(target, inputs), target.domain, inputs, settings, seed, base)
                job.run(source, base, counts)
    except KeyboardInterrupt as error:
        report.interrupted = True
        report.total()
        recorded.note(report)
        raise Stopped(report) from error
    recorded.note(report)
    return report


def _judged(report: Report) -> Report:
    if report.findings:
        raise GradientMismatch(report)
    return report


def _arity(target: Target, inputs: Any) -> int:
    return len(inputs) if isinstance(inputs, tuple | list) else len(target.names)


class _Job:
    """The work of one check, library by library."""

    def __init__(
        self,
        target: Target,
        report: Report,
        found: list[Place],
        dtypes: Sequence[str],
        orders: Sequence[int],
        every: bool,
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.target, self.report, self.dtypes = target, report, dtypes
        self.places, self.every, self.progress = found, every, progress
        self.check = Checking(target, report, orders, ("reverse", "forward"))

    def run(self, source: Source, base: str, counts: tuple[int, int]) -> None:
        """Check all dtypes whose slopes are taken in one."""
        corners = source.corners()
        examples = corners + source.drawn(counts[1] if source.given else counts[0])
        self.report.drawn = {**source.statistics, "corners": len(corners)}
        self._outside(source, examples)
        first = self._first(examples, base, source.given)
        if first is None:
            words = f"no backend has {base}: {self.report.skipped}"
            self.report.findings.append(Finding("nothing_compared", words, self.target.name, dtype=base))
            return
        right = not self.report.findings
        if right:
            self._dtypes(examples, first, base)
            self._elsewhere(examples, first, base)
        self.check.finish(source.shrunk, first)
        self._nothing(examples, first, base)
        self.report.total()

    def _first(self, examples: list[Example], base: str, given: bool) -> Place | None:
        """Check on the first library that forward runs on, and return it."""
        for place in self.places:
            if not place.has(base):
                self.report.skipped[place.name] = _lacks(place.name, base)
                continue
            if self._runs(examples, place, base) or not self.every or place is self.places[-1]:
                return self._all(examples, place, base, given)
            self.report.skipped[place.name] = self._why(examples, place, base)
        return None

    def _all(self, examples: list[Example], place: Place, base: str, given: bool) -> Place:
        self.report.backends.append(place.name)
        taken = 0
        for k in range(0, len(examples), 10):
            taken += self.check.run(examples[k : k + 10], place, base, given)
            self.progress(f"{place.name} {base}", min(k + 10, len(examples)), len(examples))
        if not taken and not self.report.findings:
            words = f"forward raised at every example: {self._why(examples, place, base)}"
            self.check.add(("forward_raises", words, None), examples[0], place, base)
        return place

    def _runs(self, examples: list[Example], place: Place, base: str) -> bool:
        """Tell whether forward takes one of the examples on a library."""
        return not examples or any(not self._refusal(x, place, base) for x in examples[:40])

    def _why(self, examples: list[Example], place: Place, base: str) -> str:
        return next((why for x in examples if (why := self._refusal(x, place, base))), "no example")

    def _refusal(self, example: Example, place: Place, base: str) -> str:
        try:
            self.check._prepared(example, place, base)
        except Exception as error:
            return str(error)
        return ""

    def _dtypes(self, examples: list[Example], place: Place, base: str) -> None:
        """Check the coarser dtypes that were asked for; float32 in any case, but for gross faults only."""
        asked = [dtype for dtype in self.dtypes if dtype != base and double(dtype) == base]
        for dtype in asked:
            having = [each for each in (place, *self.places) if each.has(dtype) and each.has(base)]
            if having:
                self.check.coarse(examples, having[0], dtype, gross=False)
            else:
                self.report.skipped[dtype] = _nowhere(dtype, self.places)
        if base == "float64" and "float32" not in asked and place.has("float32"):
            self.check.coarse(examples, place, "float32", gross=True)

    def _elsewhere(self, examples: list[Example], first: Place, base: str) -> None:
        some = examples[:: max(len(examples) // EXAMPLES_ELSEWHERE, 1)]
        others = [
            place for place in self.places if place is not first and place.name not in self.report.skipped
        ]
        for place in others:
            why = (
                self.check.elsewhere(some, first, place, base)
                if place.has(base)
                else _lacks(place.name, base)
            )
            self.progress(f"{place.name} {base}", len(some), len(some))
            if not why:
                self.report.backends.append(place.name)
            elif self.every:
                self.report.skipped[place.name] = why
            else:
                words = f"forward raised at every example: {why}"
                self.check.add(("forward_raises", words, None), examples[0], place, base)

    def _outside(self, source: Source, examples: list[Example]) -> None:
        """Report a strategy that draws what the Policy's declared domain does not hold."""
        if not (source.given and self.target.declares_domain):
            return
        from .strategies import domains_of

        for example in examples:
            for k, x in enumerate(example.operands):
                low, high = domains_of(self.target.domain, len(example.operands))[k]
                if x.dtype.kind == "f" and np.any((x < low) | (x > high)):
                    words = (
                        f"operand {k} has elements outside of {low:g} to {high:g}, which the Policy declares"
                    )
                    self.report.findings.append(
                        Finding("outside_domain", words, self.target.name, example=str(example))
                    )
                    return

    def _nothing(self, examples: list[Example], place: Place, base: str) -> None:
        """Report a check that compared nothing, though there was something to compare."""
        first = self.report.row(place.name, base, 1)
        if not first.compared and not self.report.findings and 1 in self.check.orders:
            words = "every example, or its result, is empty, at a jump, not finite, or of no floating dtype"
            self.check.add(("nothing_compared", words, None), examples[0], place, base)


def _nowhere(dtype: str, places: Sequence[Place]) -> str:
    hint = '; Torch has it: backends=("torch",)' if dtype == "bfloat16" else ""
    return f"no such dtype on {', '.join([place.name for place in places])}{hint}"


def _lacks(name: str, dtype: str) -> str:
    hint = '; jax.config.update("jax_enable_x64", True) gives it' if name == "jax" else ""
    return f"has no {dtype}{hint}"


def check_example(
    Policy: Any,
    operands: Sequence[Any],
    settings: dict[str, Any] | None = None,
    backend: str = "numpy",
    dtype: str = "float64",
    orders: Sequence[int] = (1, 2),
) -> Report:
    """Check a Policy's gradient at one example, as the program of a finding does.

    operands: NumPy arrays or numbers. Raises GradientMismatch, with the report.
    """
    refuse_dtypes([dtype])
    orders = listed(orders)
    refuse_orders(orders)
    target = target_of(Policy)
    report = Report(target.name)
    example = Example([np.asarray(x) for x in operands], dict(settings or {}))
    check = Checking(target, report, orders, ("reverse", "forward"))
    place = Place(backend)
    report.backends.append(backend)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check.run([example], place, double(dtype), True)
        if dtype != double(dtype) and not report.findings:
            check.coarse([example], place, dtype, gross=False)
        if backend != "numpy" and not report.findings:
            check.elsewhere([example], Place("numpy"), place, double(dtype))
    report.total()
    return _judged(report)


def check_grads(
    f: Callable[..., Any], args: Sequence[Any], order: int = 2, modes: Sequence[str] = ("reverse", "forward")
) -> Report:
    """Check the derivatives of a function at concrete arguments, and return a Report.

    f: of arrays or trees of them, on any library, with a result of any shape or a tree. args: a tuple.
    order: up to which derivative. modes: "reverse", "forward", or both.
    Raises GradientMismatch, with the report, when a derivative is wrong, and TypeError when no
    argument, or nothing in the result, is real or complex.

    >>> import numpy as np, neo.numpy as nep
    >>> check_grads(nep.sin, (np.ones(3),)).findings
    []
    """
    args = args if isinstance(args, tuple | list) else (args,)
    modes = [modes] if isinstance(modes, str) else modes
    if not isinstance(modes, Sequence) or not modes or set(modes) - {"reverse", "forward"}:
        raise ValueError(f"modes are 'reverse' and 'forward', got {modes!r}")
    if not callable(f):
        raise TypeError(f"check_grads takes a function and a tuple of its arguments; got {describe(f)}")
    refuse_orders(listed(order))
    leaves, build = tree.flatten(tuple(args))
    hosts = [host(x) if hasattr(x, "dtype") else np.asarray(x) for x in leaves]
    if not any(differentiable(x.dtype) for x in hosts):
        raise TypeError(
            f"check_grads needs a real or complex argument; got {', '.join(map(describe, leaves))}"
        )
    name = getattr(f, "__name__", type(f).__name__)
    target = Target(name, lambda *arrays: f(*build(list(arrays))), [f"leaf {k}" for k in range(len(leaves))])
    report = Report(name)
    orders = tuple(range(1, order + 1)) if "reverse" in modes else (1,)
    check = Checking(target, report, orders, modes)
    library, dtype = _library_of(leaves)
    report.backends.append(library)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check.run([Example(hosts)], Place(library), double(dtype), True)
        if dtype != double(dtype) and not report.findings:
            check.coarse([Example(hosts)], Place(library), dtype, gross=False)
    report.total()
    if not report.findings and not _has_results(target, Place(library), hosts):
        raise TypeError(f"{name} returns nothing real or complex, so it has no derivative to check")
    recorded.note(report)
    return _judged(report)


def _has_results(target: Target, place: Place, hosts: list[np.ndarray]) -> bool:
    subject = target.subject(place, hosts, None, {})
    return bool(subject.value(subject.points))


def _library_of(leaves: Sequence[Any]) -> tuple[str, str]:
    """Return the library of the arrays among leaves, with its device, and their coarsest dtype."""
    arrays = [raw_of(x) for x in leaves if hasattr(x, "dtype")]
    if not arrays:
        return "numpy", "float64"
    library = backends.of(arrays[0])
    device = library.device(arrays[0])
    names = [str(x.dtype).rsplit(".", 1)[-1] for x in arrays if differentiable(x.dtype)]
    coarsest = min(names, key=lambda name: DTYPES.index(name) if name in DTYPES else 99, default="float64")
    return library.name if device == library.devices()[0] else f"{library.name}:{device}", coarsest


def gradient_test(Policy: Any = None, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a test for pytest that checks a Policy; the arguments of check_policy.

    The test is called with the report once the check has passed, if it takes one. On a Policy class
    itself, `@gradient_test()` gives a test of that name.
    """

    return _test_of_a_class(options) if Policy is None else _test_with_a_report(Policy, options)


def _test_of_a_class(options: dict[str, Any]) -> Callable[[Any], Callable[..., Any]]:
    def decorate(checked: Any) -> Callable[..., Any]:
        if not isinstance(checked, type):
            raise TypeError(
                f"@gradient_test() decorates a Policy class; got {describe(checked)}. To decorate a test, "
                f"say what it checks: @gradient_test(MyPolicy)"
            )

        def run() -> None:
            check_policy(checked, **options)

        run.__name__ = f"test_gradient_of_{checked.__name__}"
        run.__doc__ = f"The gradient of {checked.__name__} is right."
        return run

    return decorate


def _test_with_a_report(policy: Any, options: dict[str, Any]) -> Callable[[Any], Callable[..., Any]]:
    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(test):
            raise TypeError(
                f"@gradient_test(MyPolicy) decorates a test, which is a function; got {describe(test)}"
            )
        takes = len(inspect.signature(test).parameters)

        @functools.wraps(test)
        def run() -> None:
            test(*[check_policy(policy, **options)][:takes])

        del run.__wrapped__  # else pytest takes the report for a fixture
        return run

    return decorate
