"""check_policy holds a Policy's own rule for a batch axis to one example after the other."""

from __future__ import annotations

from typing import Any

import pytest

import neo
import neo.numpy as nep
import neo.testing as nt
from neo import autograd

QUICK: dict[str, Any] = {"backends": "numpy", "orders": (1,)}


def running_sum(batch: Any) -> Any:
    """Return a running sum along the first axis of an example, with a rule for a batch axis."""

    class RunningSum(autograd.Policy):
        def forward(self, x):
            return nep.cumulative_sum(x, axis=0)

        def backward(self, g):
            return nep.flip(nep.cumulative_sum(nep.flip(g, axis=0), axis=0), axis=0)

    RunningSum.batch = classmethod(batch)
    return RunningSum


def scaled(batch: Any) -> Any:
    """Return x times the sum of y, with a rule for a batch axis."""

    class Scaled(autograd.Policy):
        def forward(self, x, y):
            self.ctx.save(x, y)
            return x * nep.sum(y)

        def backward(self, g):
            x, y = self.ctx.release
            return g * nep.sum(y), nep.sum(g * x) + y * 0

    Scaled.batch = classmethod(batch)
    return Scaled


def sums(y: Any, own: bool, ndim: int) -> Any:
    """Return the sum of every example of y, to stand beside examples with ndim axes."""
    out = nep.sum(y, axis=tuple(range(1, y.ndim))) if own else nep.sum(y)
    return nep.reshape(out, (*out.shape, *[1] * ndim)) if own else out


def right_rule(cls: Any, batched: Any, x: Any, y: Any) -> Any:
    ndim = x.ndim - batched[0]
    x = x if batched[0] else x[None]
    return x * sums(y, batched[1], ndim)


WRONG = {
    "another axis": running_sum(lambda cls, batched, x: nep.cumulative_sum(x, axis=0)),
    "a raise": running_sum(lambda cls, batched, x: nep.cumulative_sum(x, axis=7)),
    "one example alone": running_sum(lambda cls, batched, x: nep.cumulative_sum(x[:1], axis=1)),
    "a value without its gradient": running_sum(
        lambda cls, batched, x: nep.cumulative_sum(neo.stop_gradient(x), axis=1)
    ),
    "all examples in one sum": scaled(lambda cls, batched, x, y: (x if batched[0] else x[None]) * nep.sum(y)),
}
INPUTS = (nt.arrays((3, 2)),)


@pytest.mark.parametrize("policy", WRONG.values(), ids=WRONG)
def test_a_wrong_rule_for_a_batch_axis_is_found(policy: Any) -> None:
    inputs = {"inputs": INPUTS} if policy.__name__ == "RunningSum" else {}
    with pytest.raises(nt.GradientMismatch) as caught:
        nt.check_policy(policy, **inputs, **QUICK)
    assert {finding.kind for finding in caught.value.report.findings} == {"wrong_batch"}


def test_right_rules_for_a_batch_axis_pass() -> None:
    along = running_sum(lambda cls, batched, x: nep.cumulative_sum(x, axis=1))

    assert nt.check_policy(along, inputs=INPUTS, **QUICK).examples
    assert nt.check_policy(scaled(right_rule), **QUICK).examples
