"""check_policy finds what is wrong, by its name, and calls nothing wrong that is right."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from support.libraries import Library
from support.made import summed
from support.right import RIGHT
from support.right_nasty import NASTY
from support.wrong import WRONG
from support.wrong_somewhere import SOMEWHERE

import neo
import neo.numpy as nep
import neo.testing as nt
from neo.testing.findings import save
from neo.testing.places import places

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
# All of them, with many seeds, under the deep profile; otherwise one of each kind, and every so many.
ALL_WRONG = [*WRONG, *SOMEWHERE]
SOME_WRONG = ALL_WRONG if DEEP else list({entry[3]: entry for entry in ALL_WRONG}.values())
SOME_RIGHT = [*RIGHT, *NASTY] if DEEP else [*RIGHT[4::40], *NASTY[1::40]]
# One example, where it is not the examples that a test is about.
ONE = {"inputs": (np.array([0.5, -1.25, 2.0]),), "backends": "numpy", "orders": (1,)}
SEEDS = range(20) if DEEP else range(1)
BACKENDS = ("numpy", "array_api_strict") if DEEP else ("numpy",)


class Square(neo.autograd.Policy):
    def forward(self, x):
        self.ctx.save(x)
        return x * x

    def backward(self, g):
        (x,) = self.ctx.release
        return 2 * g * x


class Half(Square):
    def backward(self, g):
        (x,) = self.ctx.release
        return g * x


def kinds(policy: Any, **arguments: Any) -> list[str]:
    """Return what a check finds, by name."""
    try:
        report = nt.check_policy(policy, **arguments)
    except nt.GradientMismatch as error:
        report = error.report
    return [finding.kind for finding in report.findings]


@pytest.mark.parametrize(
    ("policy", "arguments", "kind"), [x[1:] for x in SOME_WRONG], ids=[x[0] for x in SOME_WRONG]
)
def test_a_wrong_policy_is_found_by_name(policy: Any, arguments: dict[str, Any], kind: str) -> None:
    orders = (1, 2) if "second" in kind else (1,)
    for seed in SEEDS:
        assert kind in kinds(policy, **{"backends": BACKENDS, "seed": seed, "orders": orders, **arguments})


@pytest.mark.parametrize(("policy", "arguments"), [x[1:] for x in SOME_RIGHT], ids=[x[0] for x in SOME_RIGHT])
def test_a_right_policy_is_not_called_wrong(policy: Any, arguments: dict[str, Any]) -> None:
    for seed in SEEDS:
        assert kinds(policy, **{"backends": BACKENDS, "seed": seed, **arguments}) == []


@pytest.mark.parametrize("small", [5e-324, 1e-310])
def test_the_rounding_of_subnormal_gradients_is_no_finding(small: float) -> None:
    inputs = (st.sampled_from([small * np.array([1.0, 3.0, 7.0]), np.array([0.5, small, -1.0])]),)

    assert kinds(Square, inputs=inputs, backends="numpy", orders=(1,)) == []


@pytest.mark.parametrize("bounds", [(0.0, 1e6), (1e-6, 1e300)])
def test_a_rule_that_clips_or_drops_far_away_is_not_linear(bounds: tuple[float, float]) -> None:
    class Clips(Square):
        def backward(self, g):
            (x,) = self.ctx.release
            size = nep.abs(g)
            return 2 * x * nep.where(size < bounds[0], 0 * g, nep.sign(g) * nep.minimum(size, bounds[1]))

    assert kinds(Clips, backends="numpy", orders=(1,)) == ["not_linear"]


def test_a_check_runs_on_every_library(xp: Library) -> None:
    report = nt.check_policy(Square, backends=(xp.backend,), orders=(1,))

    assert report.backends == [xp.backend]
    assert report.examples > 30


def test_bfloat16_is_checked_where_a_library_has_it() -> None:
    pytest.importorskip("torch")
    given = {**ONE, "backends": ("numpy", "torch"), "dtypes": ("float64", "bfloat16")}

    class Threefold(Square):
        def backward(self, g):
            (x,) = self.ctx.release
            return 2 * g * x * (3.0 if "bfloat16" in str(x.dtype) else 1.0)

    assert kinds(Square, **given) == []
    assert kinds(Threefold, **given) == ["wrong_in_dtype"]


def test_the_same_seed_gives_the_same_report() -> None:
    given = {**ONE, "inputs": (nt.arrays((2,)),)}
    one, other = (nt.check_policy(Square, **given, seed=5) for _ in range(2))

    assert one.as_dict() == other.as_dict()


def test_a_failure_tells_everything() -> None:
    with pytest.raises(nt.GradientMismatch) as caught:
        nt.check_policy(Half, backends="numpy", orders=(1,))

    (finding,) = caught.value.report.findings
    assert (finding.kind, finding.operation, finding.argument) == ("wrong_gradient", "Half", "x")
    assert (finding.backend, finding.dtype, finding.order) == ("numpy", "float64", 1)
    assert finding.analytic == pytest.approx(finding.numeric / 2)
    assert "wrong_gradient: Half of x" in str(caught.value)


def test_the_program_of_a_finding_has_five_lines_that_show_it() -> None:
    with pytest.raises(nt.GradientMismatch) as caught:
        nt.check_policy(Half, **ONE)
    program = caught.value.report.findings[0].program

    assert len(program.splitlines()) == 5
    with pytest.raises(nt.GradientMismatch, match="wrong_gradient"):
        exec(program, {})


def test_what_failing_examples_share_is_said() -> None:
    from support.wrong import WrongForScalars

    with pytest.raises(nt.GradientMismatch) as caught:
        nt.check_policy(WrongForScalars, backends="numpy", orders=(1,))

    assert caught.value.report.findings[0].only == "an operand is 0-d"


def test_a_backend_that_is_not_there_is_skipped_with_its_reason() -> None:
    _, skipped = places("all", None)

    assert set(neo.backends.names()) - set(neo.backends.available()) <= set(skipped)
    assert all(skipped.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"backends": ("nowhere",)}, "unknown backend 'nowhere'"),
        ({"backends": ("numpy:tpu",)}, "no such device; it has cpu"),
        ({"backends": ()}, "no backend to check on"),
        ({"backends": 5}, "no backend to check on"),
        ({"profile": "slow"}, "profile is 'quick' or 'deep'"),
        ({"profile": []}, "profile is 'quick' or 'deep'"),
        ({"dtypes": ("float5",)}, "dtypes are some of"),
        ({"dtypes": 5}, "dtypes are some of"),
        ({"orders": ()}, "orders are whole numbers"),
        ({"orders": 0}, "orders are whole numbers"),
        ({"orders": "12"}, "orders are whole numbers"),
        ({"seed": -1}, "seed is a whole number"),
        ({"seed": "a"}, "seed is a whole number"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        nt.check_policy(Square, **arguments)


@pytest.mark.parametrize("domain", [(3, 1), (0, np.inf), (np.nan, 1), 3, "ab", (1, 2, 3)])
def test_a_domain_that_is_none_is_named(domain: Any) -> None:
    policy = type("Bounded", (Square,), {"domain": domain})

    with pytest.raises(ValueError, match=r"a domain is \(low, high\)"):
        nt.check_policy(policy, backends="numpy")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nt.check_policy(Square, settings=[1]), "settings has a strategy by keyword"),
        (lambda: nt.check_grads(3, (np.ones(2),)), "check_grads takes a function"),
        (lambda: nt.check_grads(lambda x: None, (np.ones(2),)), "nothing real or complex"),
        (lambda: list(nt.mutants(3)), "mutants are made of a subclass"),
        (lambda: nt.mutation_score(nep.sin), "mutation_score takes a subclass"),
        (
            lambda: nt.check_policy(Square, inputs=(st.none(),)),
            "draw NoneType for operand 0; expected an array",
        ),
        (lambda: nt.gradient_test(Square)(3), "decorates a test, which is a function"),
    ],
)
def test_what_cannot_be_checked_is_named(call: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        call()


def broken(x: Any) -> Any:
    raise RuntimeError("no idea")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nt.check_policy(Square, inputs=nt.arrays().map(broken)), "RuntimeError: no idea"),
        (lambda: nt.check_grads(nep.sin, (np.ones(2),), modes=3), "modes are 'reverse' and 'forward'"),
        (lambda: nt.mutation_score("nothing"), "neo has no operation 'nothing'"),
        (lambda: nt.axes(-1), "axes takes a number of axes"),
        (lambda: nt.check_policy(Square, inputs=nt.orthogonal(-1)), "matrices have a number of rows"),
        (lambda: nt.check_policy(Square, inputs=nt.positive_definite(2, condition=0)), "condition number is"),
    ],
)
def test_what_has_no_meaning_is_named(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("result", [None, "text", 1.0, ()])
def test_a_result_that_is_no_array_is_named(result: Any) -> None:
    policy = type("Returns", (Square,), {"forward": lambda self, x: result})

    assert kinds(policy, **ONE) == ["not_an_array"]


def test_a_gradient_of_another_library_and_shape_is_said_to_be_both() -> None:
    policy = type("Zeros", (Square,), {"backward": lambda self, g: nep.zeros((4,))})

    assert kinds(policy, **{**ONE, "backends": "array_api_strict"}) == ["wrong_library", "wrong_shape"]


def test_operands_without_anything_to_differentiate_are_named() -> None:
    assert kinds(Square, **{**ONE, "inputs": (np.arange(3),)}) == ["nothing_compared"]


def test_inputs_that_are_no_strategies_are_refused() -> None:
    with pytest.raises(TypeError, match="inputs is a strategy"):
        nt.check_policy(Square, inputs=3)


def test_a_function_without_a_rule_is_refused() -> None:
    with pytest.raises(TypeError, match="check_policy takes a subclass"):
        nt.check_policy(lambda x: x)


def test_check_grads_takes_trees_and_several_orders(xp: Library) -> None:
    x, y = xp.asarray([0.5, -1.0]), xp.asarray([[0.25], [2.0]])

    report = nt.check_grads(lambda p: {"out": nep.sin(p["x"]) * p["y"]}, ({"x": x, "y": y},), order=3)

    assert report.findings == []
    assert [row.order for row in report.rows] == [1, 2, 3]


def test_check_grads_finds_a_wrong_gradient(xp: Library) -> None:
    with pytest.raises(nt.GradientMismatch, match="wrong_gradient"):
        nt.check_grads(neo.neo_function(Half), (xp.asarray([0.5, 1.0]),))


def test_check_grads_needs_something_to_differentiate() -> None:
    with pytest.raises(TypeError, match="check_grads needs a real or complex argument"):
        nt.check_grads(nep.sin, (np.arange(3),))


@nt.gradient_test(Square, **ONE)
def test_the_decorator_hands_on_the_report(report: Any) -> None:
    assert report.operation == "Square"
    assert report.findings == []


def test_the_decorator_of_a_class_is_a_test() -> None:
    test = nt.gradient_test(**ONE)(Half)

    assert test.__name__ == "test_gradient_of_Half"
    with pytest.raises(nt.GradientMismatch):
        test()


def test_the_decorator_of_a_function_needs_a_policy() -> None:
    with pytest.raises(TypeError, match="gradient_test"):
        nt.gradient_test(backends="numpy")(lambda: None)


def test_the_page_has_the_table_of_findings() -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()

    assert [kind for kind in nt.KINDS if f"| `{kind}` | {nt.KINDS[kind]} |" not in page] == []


def test_saved_reports_are_json_and_a_page(tmp_path: Any) -> None:
    report = nt.check_policy(Square, **ONE)
    page = save([report], tmp_path / "report.json")

    assert json.loads((tmp_path / "report.json").read_text())["reports"][0]["operation"] == "Square"
    assert "Square" in page.read_text()


@pytest.mark.parametrize("name", ["SumOverTheWrongOfTwoAxes", "WhereBothAreBroadcast"])
@pytest.mark.parametrize("seed", [3, 4, 8])
def test_every_way_in_which_two_shapes_broadcast_is_tried_whatever_is_drawn(name: str, seed: int) -> None:
    policy, arguments, kind = next(entry[1:] for entry in ALL_WRONG if entry[0] == name)
    assert kind in kinds(policy, **{"backends": "numpy", "seed": seed, "orders": (1,), **arguments})


def test_three_operands_are_tried_with_each_of_them_apart() -> None:
    class Scaled(neo.autograd.Policy):
        def forward(self, x, y, z):
            self.shapes = [tuple(a.shape) for a in (x, y, z)]
            return x + y + z

        def backward(self, g):
            factor = 2.0 if self.shapes == [(1, 2), (1, 2), (3, 1)] else 1.0
            return tuple([summed(g, np.zeros(shape)) * factor for shape in self.shapes])

    assert "wrong_gradient" in kinds(Scaled, inputs=nt.broadcastable(3), backends="numpy", orders=(1,))
