"""One check: every example on every library, in every dtype, to every order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import precision
from .comparing import ENTRIES, PAIRS, Comparison, compare
from .examples import Example
from .findings import Finding, Report
from .higher import derived, lost, weights
from .invariants import CHECKS, leak, nan, repeatable, threads
from .mapped import mapped
from .places import Place, double, dtypes_of, rounded
from .reading import finding_of, pattern, program
from .structure import Direct, Fault, faults, gradients_of
from .subjects import Flat, Subject
from .targets import Refused, Target, Undeclared, Undifferentiated

# Entries of a gradient's gradient that are compared one by one, beside all at once.
ENTRIES_AT_HIGHER_ORDERS = 3
EXAMPLES_ELSEWHERE = 14
# Of examples in a dtype that nobody asked for, one in so many is looked at to every order.
EVERY = 6
# A check that has failed this often knows enough.
ENOUGH = 6
# Findings of the comparison with slopes.
NUMBERS = ("wrong_gradient", "wrong_at_kink", "wrong_convention", "nan_gradient", "wrong_conjugate")
NUMBERS += ("wrong_second_order", "second_order_raises", "missing_gradient")


class Checking:
    """The state of a check: what it is of, and what it has found."""

    def __init__(self, target: Target, report: Report, orders: Sequence[int], modes: Sequence[str]) -> None:
        self.target, self.report = target, report
        self.orders, self.modes = tuple(orders), tuple(modes)
        self.failed: dict[str, list[Example]] = {}
        self.passed: list[Example] = []
        self.once: set[str] = set()
        # While an example shrinks: the kind of finding that it has to show.
        self.wanted = ""

    def run(self, examples: Sequence[Example], place: Place, dtype: str, given: bool) -> int:
        """Check examples on the first library; return how many forward took."""
        taken = 0
        for example in examples:
            before = self._failures()
            if before >= ENOUGH and len(self.passed) + before >= 2 * ENOUGH:
                break
            try:
                self.at(example, place, dtype)
                taken += 1
                self.report.examples += 1
            except Refused as error:
                self._refused(error, example, place, dtype, given)
            except Undeclared as error:
                self.add(("wrong_convention", str(error), None), example, place, dtype)
            except Exception as error:  # out of a rule, at operands near the example
                words = f"pulling back raised {type(error).__name__}: {_line(error)}"
                self.add(("backward_raises", words, None), example, place, dtype)
            if before == self._failures():
                self.passed.append(example)
        return taken

    def _failures(self) -> int:
        return sum([len(found) for found in self.failed.values()])

    def _refused(self, error: Refused, example: Example, place: Place, dtype: str, given: bool) -> None:
        why = str(error)
        if not given:
            self.report.refused[why] = self.report.refused.get(why, 0) + 1
        elif isinstance(error, Undifferentiated):
            self.add((error.kind, why, None), example, place, dtype)
        else:
            words = f"forward raised {why}. These operands were given, or drawn; it has to take them"
            self.add((error.kind, words, None), example, place, dtype)

    def at(self, example: Example, place: Place, dtype: str) -> None:
        """Check one example in double precision. Raises Refused where forward does not take it."""
        subject, flat, found = self._prepared(example, place, dtype)
        row = self.report.row(place.name, dtype, 1)
        row.examples += 1
        rng = np.random.default_rng(example.seed)
        found = found or self._first(repeatable, flat, rng)
        for fault in found:
            self.add(fault, example, place, dtype)
        if found:
            return
        checks = () if self.wanted in NUMBERS else CHECKS
        invariants = [fault for check in checks if (fault := _guarded(check, flat, rng)) is not None]
        for fault in invariants:
            self.add(fault, example, place, dtype)
        if invariants:
            return
        right = self._compare(flat, example, place, dtype, 1)
        if right and flat.x.size:
            self._once(subject, flat, example, place, dtype)
            for fault in self._first(nan, flat, rng):
                self.add(fault, example, place, dtype)
            if self.target.pushes:
                self._forward_mode(subject, example, place, dtype)
            if self.target.maps:
                self._found(mapped(subject, self.target.names), example, place, dtype)
            self._higher(subject, example, place, dtype)

    def _prepared(self, example: Example, place: Place, dtype: str) -> tuple[Subject, Any, list[Fault]]:
        """Return the example's Subject and Flat, and what is wrong with the form of its gradients."""
        dtypes = dtypes_of(example.operands, dtype)
        operands = rounded(example.operands, dtypes)
        subject = self.target.subject(place, operands, dtypes, example.settings)
        if not subject.varied:
            found = ", ".join(dtypes) or "there is none"
            raise Undifferentiated(f"no operand is real or complex: {found}. Give or draw one that is")
        try:
            subject.value(subject.points)
            found = self._form(subject, example)
        except Exception as error:
            raise Refused(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}") from error
        if found:
            return subject, None, found
        try:
            return subject, Flat(subject), []
        except Exception as error:
            words = f"pulling back raised {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            return subject, None, [("backward_raises", words, None)]

    def _form(self, subject: Subject, example: Example) -> list[Fault]:
        if self.target.policy is None:
            return []
        natives = subject.native(subject.points)
        return faults(self.target.policy, natives, example.settings, example.seed)

    def _first(self, check: Any, flat: Flat, rng: Any) -> list[Fault]:
        fault = _guarded(check, flat, rng)
        return [] if fault is None else [fault]

    def _found(self, fault: Fault | None, example: Example, place: Place, dtype: str) -> None:
        if fault is not None:
            self.add(fault, example, place, dtype)

    def _once(self, subject: Subject, flat: Flat, example: Example, place: Place, dtype: str) -> None:
        """Check what one example of each library shows."""
        if place.name in self.once:
            return
        self.once.add(place.name)
        for fault in (_guarded(threads, flat, np.random.default_rng(0)), leak(subject)):
            if fault is not None:
                self.add(fault, example, place, dtype)
        self._forward_mode(subject, example, place, dtype)

    def _forward_mode(self, subject: Subject, example: Example, place: Place, dtype: str) -> None:
        if "forward" in self.modes:
            from .forward import transposed

            fault, why = transposed(subject, np.random.default_rng(example.seed))
            if why:
                self.report.skipped["forward mode"] = why
            if fault is not None:
                self.add(fault, example, place, dtype)

    def _compare(self, flat: Flat, example: Example, place: Place, dtype: str, order: int) -> bool:
        """Compare a pull-back with slopes; return whether it is right."""
        if order not in self.orders:
            return True
        rng = np.random.default_rng(example.seed)
        if order == 1:
            found = compare(flat, rng, ENTRIES, self.target.convention, PAIRS)
        else:
            found = compare(flat, rng, ENTRIES_AT_HIGHER_ORDERS, None, 0)
        self._count(found, place, dtype, order)
        if found.mismatches:
            finding = finding_of(found, flat, self.target.names, order)
            finding = self._without_a_gradient(finding, flat.subject, example)
            self.enter(finding, example, place, dtype)
        return not found.mismatches

    def _count(self, found: Comparison, place: Place, dtype: str, order: int) -> None:
        row = self.report.row(place.name, dtype, order)
        row.examples += order > 1
        row.compared += found.compared
        row.kinks += found.kinks
        row.unknown += found.unknown
        row.worst = max(row.worst, found.worst)

    def _without_a_gradient(self, finding: Finding, subject: Subject, example: Example) -> Finding:
        """Return the finding as a missing gradient, where backward returned None for that operand."""
        if self.target.policy is None or finding.order > 1:
            return finding
        natives = subject.native(subject.points)
        call = Direct(self.target.policy, natives, example.settings)
        returned = gradients_of(call.backward(call.cotangents(np.random.default_rng(0))))
        names = self.target.names
        none = [names[k] if k < len(names) else str(k) for k in call.varied if returned[k] is None]
        if finding.argument in none:
            finding.kind = "missing_gradient"
            finding.message = "backward returned None, but the result moves with this operand"
        return finding

    def _higher(self, subject: Subject, example: Example, place: Place, dtype: str) -> None:
        """Compare the gradient of the gradient with its slopes, and so on to the last order."""
        for order in range(2, max(self.orders) + 1):
            try:
                results = subject.value(subject.points)
                rng = np.random.default_rng(example.seed + order)
                subject = subject.derivative([weights(x, rng) for x in results])
                flat = Flat(subject)
                fault = lost(flat)
            except Exception as error:
                words = f"the gradient of order {order} raised {type(error).__name__}: {_line(error)}"
                fault = ("second_order_raises", words, None)
            if fault is not None:
                self.add(fault, example, place, dtype, order)
                return
            if not self._compare(flat, example, place, dtype, order):
                return

    def coarse(self, examples: Sequence[Example], place: Place, dtype: str, gross: bool) -> None:
        """Check a dtype beside double precision. gross: where nobody asked for that dtype."""
        for number, example in enumerate(examples):
            orders = self.orders if not gross or number % EVERY == 0 else self.orders[:1]
            for order in range(1, max(orders) + 1):
                found = self._coarse(example, place, dtype, order, gross)
                if found is None:
                    break
                fault, *numbers = found
                if fault is not None:
                    kind = fault[0] if order == 1 else "wrong_second_order"
                    self.add((kind, *fault[1:]), example, place, dtype, order, tuple(numbers))
                    break

    def _coarse(self, example: Example, place: Place, dtype: str, order: int, gross: bool) -> Any:
        """Return a fault or None, with its numbers; None where forward does not take the example."""
        names = dtypes_of(example.operands, double(dtype))
        fine = self.target.subject(place, rounded(example.operands, names), names, example.settings)
        low = dtypes_of(example.operands, dtype)
        operands = rounded(example.operands, low)
        subject = self.target.subject(place, operands, low, example.settings)
        try:
            if gross and not _stays(subject):
                return None
            found = [] if gross or order > 1 else self._form(subject, example)
        except Exception:  # forward does not take this dtype, or this example
            return None
        if not gross:
            self.report.row(place.name, dtype, order).examples += 1
        if found:
            return found[0], None, None, None
        try:
            pair = derived(fine, subject, order, example.seed)
            return precision.coarse(*pair, np.random.default_rng(example.seed), gross)
        except Exception as error:
            kind = "backward_raises" if order == 1 else "second_order_raises"
            words = f"pulling back raised {type(error).__name__}: {_line(error)}"
            return None if gross else ((kind, words, None), None, None, None)

    def elsewhere(self, examples: Sequence[Example], first: Place, place: Place, dtype: str) -> str:
        """Check another library beside the first one; return why it could not be."""
        reason = ""
        taken = 0
        for example in examples:
            try:
                _, flat, found = self._prepared(example, place, dtype)
                _, reference, _ = self._prepared(example, first, dtype)
            except Refused as error:
                reason = str(error)
                continue
            taken += 1
            self.report.row(place.name, dtype, 1).examples += 1
            self._beside(flat, reference, found, example, place, dtype)
        return "" if taken else reason or "no example"

    def _beside(
        self, flat: Any, reference: Any, found: Any, example: Example, place: Place, dtype: str
    ) -> None:
        for fault in found:
            self.add(fault, example, place, dtype)
        if found or reference is None:
            return
        rng = np.random.default_rng(example.seed)
        fault, analytic, numeric, bound = precision.other_library(reference, flat.subject, rng)
        if fault is not None:
            self.add(fault, example, place, dtype, 1, (analytic, numeric, bound))
            return
        row = self.report.row(place.name, dtype, 1)
        row.compared += 1
        if flat.x.size:
            self._once(flat.subject, flat, example, place, dtype)
        if max(self.orders) > 1:
            self._second_beside(flat.subject, reference.subject, example, place, dtype)

    def _second_beside(
        self, subject: Subject, other: Subject, example: Example, place: Place, dtype: str
    ) -> None:
        rng = np.random.default_rng(example.seed)
        cotangents = [weights(x, rng) for x in other.value(other.points)]
        try:
            reference = Flat(other.derivative(cotangents))
        except Exception:  # a finding of the first library's
            return
        try:
            derived = subject.derivative(cotangents)
            fault, analytic, numeric, bound = precision.other_library(reference, derived, rng)
        except Exception as error:
            words = f"the gradient of the gradient raised {type(error).__name__}: {_line(error)}"
            fault, analytic, numeric, bound = ("second_order_raises", words, None), None, None, None
        row = self.report.row(place.name, dtype, 2)
        row.examples += 1
        row.compared += 1
        if fault is not None:
            self.add(fault, example, place, dtype, 2, (analytic, numeric, bound))

    def add(
        self,
        fault: Fault,
        example: Example,
        place: Place,
        dtype: str,
        order: int = 1,
        numbers: tuple[Any, Any, Any] = (None, None, None),
    ) -> None:
        """Enter a fault as a finding."""
        kind, words, k = fault
        names = self.target.names
        argument = "" if k is None else names[k] if k < len(names) else f"operand {k}"
        analytic, numeric, bound = numbers
        found = Finding(
            kind, words, argument=argument, order=order, analytic=analytic, numeric=numeric, bound=bound
        )
        self.enter(found, example, place, dtype)

    def enter(self, finding: Finding, example: Example, place: Place, dtype: str) -> None:
        """Keep a finding, one of each kind: that with the smallest example."""
        finding.operation, finding.backend, finding.dtype = self.target.name, place.name, dtype
        self.report.row(place.name, dtype, min(finding.order, 2))
        finding.example = str(example)
        finding.program = program(self.target, finding, example)
        sizes = [x.size for x in self.failed.get(finding.kind, [])]
        self.failed.setdefault(finding.kind, []).append(example)
        known = [k for k, f in enumerate(self.report.findings) if f.kind == finding.kind]
        if not known:
            self.report.findings.append(finding)
        elif example.size < min(sizes) and self.report.findings[known[0]].dtype == dtype:
            self.report.findings[known[0]] = finding

    def finish(self, shrink: Callable[[Example, Callable[[Example], bool]], Example], place: Place) -> None:
        """Shrink the examples of what was found, and say what they have in common."""
        for k, finding in enumerate(self.report.findings):
            finding.only = pattern(self.failed.get(finding.kind, []), self.passed, self.target.domain)
            if not k and finding.backend == place.name and finding.dtype in ("float64", "complex128"):
                self._shrink(k, shrink, place)
        self.report.total()

    def _shrink(self, k: int, shrink: Any, place: Place) -> None:
        finding = self.report.findings[k]

        def at(example: Example) -> Finding | None:
            orders = [k for k in self.orders if k <= finding.order]
            trial = Checking(self.target, Report(self.target.name), orders or (1,), ())
            trial.once.add(place.name)
            trial.wanted = finding.kind
            trial.run([example], place, finding.dtype, True)
            return next((f for f in trial.report.findings if f.kind == finding.kind), None)

        smallest = min(self.failed[finding.kind], key=lambda example: example.size)
        found = at(shrink(smallest, lambda example: at(example) is not None))
        if found is not None:
            found.only = finding.only
            self.report.findings[k] = found


def _guarded(check: Any, flat: Flat, rng: Any) -> Fault | None:
    """Return what a check finds; an exception out of a rule is a finding too."""
    try:
        return check(flat, rng)
    except Exception as error:
        return (
            "backward_raises",
            f"while {check.__name__} was checked: {type(error).__name__}: {_line(error)}",
            None,
        )


def _stays(subject: Subject) -> bool:
    """Tell whether the results have the dtype of the operands, as of a function for all dtypes."""
    results = subject.value(subject.points)
    kinds = {x.dtype for x in subject.points}
    return bool(results) and {x.dtype for x in results} <= kinds


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
