"""Mutants of a rule, and how many of them a check notices."""

from __future__ import annotations

import numpy as np
from support.right import Affine, Maximum

import neo
import neo.testing as nt

SOME = ["multiply", "prod", "matmul"]


def test_mutants_have_signs_operands_and_numbers_changed() -> None:
    words = [words for words, _ in nt.mutants(Affine)]

    assert "backward: / for *" not in words
    assert any("for grad at column" in w for w in words)
    assert any("0 for 1" in w or "2 for 1" in w for w in words)


def test_a_mutant_is_a_policy_of_the_same_name() -> None:
    _, mutant = next(nt.mutants(Maximum))

    assert issubclass(mutant, Maximum)
    assert mutant.__name__ == "Maximum"


def test_every_elementwise_operation_has_the_mutant_of_its_sign() -> None:
    words = [words for words, _ in nt.mutants(neo.policies["multiply"].policy)]

    assert "operand 0: the whole sign" in words
    assert "operand 1: the whole sign" in words


def test_mistakes_in_rules_of_neo_are_noticed() -> None:
    score = nt.mutation_score(SOME)

    assert score.killed > 20
    assert score.survivors == []
    assert score.value == 1.0


def test_mistakes_in_a_rule_of_ones_own_are_noticed() -> None:
    class Scaled(neo.autograd.Policy):
        def forward(self, x):
            return 3 * x

        def backward(self, g):
            return 3 * g

    score = nt.mutation_score(Scaled, inputs=(np.array([0.5, 2.0]),))

    assert score.survivors == []
    assert score.killed >= 3
