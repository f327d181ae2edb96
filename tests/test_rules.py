"""`policies=` puts another rule in the place of an operation's, for one call of a transform."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.functions as nn
import neo.numpy as nep
from neo import rules
from neo.autograd import Policy, session
from neo.functions import neo_function


class Doubled(Policy):
    """A rule with only a backward: twice the operation's own."""

    def backward(self, *gradients):
        return tuple(None if dx is None else 2 * dx for dx in super().backward(*gradients))


class FromOperands(Policy):
    """A rule with only a backward, from what it is said to read."""

    def backward(self, g):
        x, out = self.ctx.release
        return g * (10 * x + out)


class Floored(Policy):
    """A rule with a forward of its own."""

    def forward(self, x):
        return nep.floor(x)

    def backward(self, g):
        return 5 * g


class OwnSquare(Policy):
    """An operation of the user."""

    def forward(self, x):
        y = 2 * x
        self.ctx.save(y)
        return x * x

    def backward(self, g):
        (y,) = self.ctx.release
        return g * y


own_square = neo_function(OwnSquare)


def test_a_rule_replaces_that_of_a_function(xp: Library) -> None:
    x = xp.asarray([0.3, 1.7])

    found = neo.grad(lambda x: nep.sum(nep.round(x) * 3), policies={nep.round: rules.StraightThrough})(x)

    np.testing.assert_array_equal(xp.numpy(found), [3.0, 3.0])


@pytest.mark.parametrize("key", [nep.multiply, "multiply", nep.multiply.policy])
def test_an_operator_is_replaced_by_function_by_name_and_by_policy(xp: Library, key) -> None:
    found = neo.grad(lambda x: x * 3.0, policies={key: Doubled})(xp.asarray(2.0))

    assert float(xp.numpy(found)) == 6.0


@pytest.mark.parametrize("call", [lambda x: x.round(), lambda x: nep.round(x)])
def test_a_method_is_replaced_like_its_function(call) -> None:
    assert neo.grad(call, policies={nep.round: rules.StraightThrough})(0.3) == 1.0


def test_a_function_of_neo_functions_is_replaced(xp: Library) -> None:
    x = xp.asarray([-1.0, 2.0])

    found = neo.grad(lambda x: nep.sum(nn.relu(x)), policies={nn.relu: rules.StraightThrough})(x)

    np.testing.assert_array_equal(xp.numpy(found), [1.0, 1.0])


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_both_forms_of_gelu_are_replaced(approximate) -> None:
    f = lambda x: nn.gelu(x, approximate=approximate)  # noqa: E731

    assert neo.grad(f, policies={nn.gelu: rules.StraightThrough})(0.7) == 1.0


def test_a_structured_operation_is_replaced(xp: Library) -> None:
    x, w = xp.asarray([[1.0, 2.0]]), xp.asarray([[3.0], [4.0]])
    plain = neo.grad(lambda x: nep.sum(x @ w))(x)

    found = neo.grad(lambda x: nep.sum(x @ w), policies={nep.matmul: Doubled})(x)

    np.testing.assert_array_equal(xp.numpy(found), 2 * xp.numpy(plain))


def test_the_function_of_a_users_policy_is_replaced(xp: Library) -> None:
    found = neo.grad(own_square, policies={own_square: Doubled})(xp.asarray(3.0))

    assert float(xp.numpy(found)) == 12.0


def test_a_rule_without_a_forward_reads_operands_and_results(xp: Library) -> None:
    found = neo.grad(nep.exp, policies={nep.exp: FromOperands})(xp.asarray(0.0))

    assert float(xp.numpy(found)) == 1.0


def test_a_rule_without_a_forward_is_right_at_second_order(xp: Library) -> None:
    found = neo.grad(neo.grad(nep.exp, policies={nep.exp: FromOperands}))(xp.asarray(0.5))

    # The derivative of 10 x + out, where that of out is the rule's own: 10 x + e ** x.
    np.testing.assert_allclose(xp.numpy(found), 10 + (10 * 0.5 + np.exp(0.5)), rtol=4e-16)


@pytest.mark.parametrize("f", [own_square, nn.relu, nep.square, nep.multiply])
def test_the_operations_own_backward_is_right_at_second_order_in_a_rule(xp: Library, f) -> None:
    twice = (lambda x: f(x * x, x)) if f is nep.multiply else lambda x: f(x * x)
    x = xp.asarray(1.5)
    plain = neo.grad(neo.grad(twice))(x)

    found = neo.grad(neo.grad(twice, policies={f: rules.ReverseGradient(scale=-1.0)}))(x)

    np.testing.assert_allclose(xp.numpy(found), xp.numpy(plain), rtol=1e-14)


def test_a_bare_operation_that_keeps_an_intermediate_is_right_at_second_order(xp: Library) -> None:
    logits, labels = xp.asarray([[0.5, 1.0]]), xp.asarray(np.array([1]))
    loss = lambda x: nn.cross_entropy(x * x, labels)  # noqa: E731
    plain = neo.grad(lambda x: nep.sum(neo.grad(loss)(x) ** 2))(logits)

    inner = neo.grad(loss, policies={nn.cross_entropy: rules.ReverseGradient(scale=-1.0)})
    found = neo.grad(lambda x: nep.sum(inner(x) ** 2))(logits)

    np.testing.assert_allclose(xp.numpy(found), xp.numpy(plain), rtol=1e-12)


def test_a_rule_with_a_forward_gives_the_value_as_well(xp: Library) -> None:
    value, found = neo.value_and_grad(nep.round, policies={nep.round: Floored})(xp.asarray(0.7))

    assert (float(xp.numpy(value)), float(xp.numpy(found))) == (0.0, 5.0)


def test_an_outer_transforms_rule_reaches_into_an_inner_transform() -> None:
    f = lambda x: neo.grad(lambda y: nep.round(y) * y)(x)  # noqa: E731
    policies = {nep.round: rules.StraightThrough}

    assert neo.value_and_grad(f, policies=policies)(1.3)[0] == 1.0 + 1.3
    assert neo.value_and_grad(f)(1.3)[0] == 1.0


def test_an_outer_transforms_rule_reaches_into_an_inner_transform_under_vmap(xp: Library) -> None:
    inner = neo.grad(lambda x: nep.tanh(x) * x)
    x = xp.asarray([0.5, -2.0])

    alone = neo.grad(inner, policies={nep.tanh: Doubled})
    mapped = neo.grad(lambda x: nep.sum(neo.vmap(inner)(x)), policies={nep.tanh: Doubled})

    np.testing.assert_allclose(xp.numpy(mapped(x)), [xp.numpy(alone(x[k])) for k in range(2)], rtol=1e-5)


def test_a_rule_holds_for_its_call_only() -> None:
    neo.grad(nep.round, policies={nep.round: rules.StraightThrough})(0.3)

    assert neo.grad(nep.round)(0.3) == 0.0


@pytest.mark.parametrize(
    "gradient",
    [
        lambda f, x, policies: neo.value_and_grad(f, policies=policies)(x)[1],
        lambda f, x, policies: neo.vjp(f, x, policies=policies)[1](1.0)[0],
        lambda f, x, policies: neo.jacrev(f, policies=policies)(x),
        lambda f, x, policies: session.value_and_grad(f, policies=policies)(x)[1]["x"],
    ],
    ids=["value_and_grad", "vjp", "jacrev", "session"],
)
def test_every_transform_takes_rules(xp: Library, gradient) -> None:
    found = gradient(lambda x: nep.round(x), xp.asarray(0.3), {nep.round: rules.StraightThrough})

    assert float(xp.numpy(found)) == 1.0


POLICIES = {nep.round: rules.StraightThrough}


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f, x: neo.jvp(f, (x,), (x * 0 + 1,), policies=POLICIES)[1],
        lambda f, x: neo.linearize(f, x, policies=POLICIES)[1](x * 0 + 1),
        lambda f, x: nep.sum(neo.jacfwd(f, policies=POLICIES)(x), axis=1),
        lambda f, x: nep.sum(neo.jacobian(f, policies=POLICIES)(x), axis=1),
        lambda f, x: neo.vmap(neo.grad(f, policies=POLICIES))(x),
        lambda f, x: neo.grad(lambda x: nep.sum(neo.vmap(f)(x)), policies=POLICIES)(x),
        lambda f, x: neo.grad(neo.checkpoint(lambda x: nep.sum(f(x))), policies=POLICIES)(x),
        lambda f, x: neo.hvp(lambda x: nep.sum(f(x) ** 2) / 2, (x,), (x * 0 + 1,), policies=POLICIES)[0],
    ],
    ids=["jvp", "linearize", "jacfwd", "jacobian", "vmap of grad", "grad of vmap", "checkpoint", "hvp"],
)
def test_a_rule_holds_in_every_kind_of_derivative(xp: Library, derivative) -> None:
    found = derivative(lambda x: nep.round(x), xp.asarray([0.3, 1.2]))

    np.testing.assert_array_equal(xp.numpy(found), [1.0, 1.0])


def test_a_gradient_is_clipped_by_the_norm_of_each_example(xp: Library) -> None:
    f = lambda x: nep.sum(nep.square(x))  # noqa: E731
    each = neo.vmap(neo.grad(f, policies={nep.square: rules.ClipGradient(norm=1.0)}))

    found = each(xp.asarray([[3.0, 4.0], [0.1, 0.0]]))

    np.testing.assert_allclose(xp.numpy(found), [[0.6, 0.8], [0.2, 0.0]], rtol=1e-15)


def test_a_listing_names_the_rule() -> None:
    _, tape = neo.trace(nep.round, policies={"round": rules.StraightThrough})(np.ones(2))

    assert "%1 = round[StraightThrough](%0)" in str(tape)


def test_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"StraightThrough.backward returned float64 array of shape"):
        neo.grad(lambda x: nep.sum(x), policies={nep.sum: Wrong})(np.ones(3))


class Wrong(rules.StraightThrough):
    def backward(self, g):
        return nep.stack([g, g])


Wrong.__name__ = "StraightThrough"


@pytest.mark.parametrize(
    ("policies", "error", "message"),
    [
        ({"rond": Doubled}, ValueError, "no operation of that name; .* Did you mean 'round'"),
        ({nep.diff: Doubled}, TypeError, "cannot replace diff: it is made of several operations"),
        ({nep.greater: Doubled}, TypeError, "cannot replace greater: it is no operation with a gradient"),
        ({3: Doubled}, TypeError, "cannot replace int 3: expected an operation such as neo.numpy.round"),
        ({nep.round: 3}, TypeError, "has int 3 for round; expected a subclass of autograd.Policy"),
        ({nep.round: Policy}, TypeError, "has Policy for round, and it has no backward"),
        ({nep.round: Doubled, "round": Doubled}, ValueError, "the operation of .*round.* twice"),
        ([nep.round], TypeError, "policies takes a dict"),
    ],
)
def test_what_is_no_rule_is_refused_when_the_transform_is_made(policies, error, message) -> None:
    with pytest.raises(error, match=message):
        neo.grad(lambda x: x, policies=policies)


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="no option 'policy'; its options are zero_times_inf, policies"):
        neo.grad(lambda x: x, policy={})


# Ready rules.
def test_reversed_gradient_is_scaled_and_negative(xp: Library) -> None:
    f = lambda x: nep.sum(nep.square(x))  # noqa: E731

    found = neo.grad(f, policies={nep.square: rules.ReverseGradient(scale=0.5)})(xp.asarray([1.0, 2.0]))

    np.testing.assert_array_equal(xp.numpy(found), [-1.0, -2.0])


def test_clipped_gradient_is_bounded_by_value(xp: Library) -> None:
    f = lambda x: nep.sum(nep.square(x))  # noqa: E731

    found = neo.grad(f, policies={nep.square: rules.ClipGradient(value=3.0)})(xp.asarray([1.0, -2.0]))

    np.testing.assert_array_equal(xp.numpy(found), [2.0, -3.0])


@pytest.mark.parametrize(("norm", "expected"), [(1.0, [0.6, 0.8]), (100.0, [6.0, 8.0])])
def test_clipped_gradient_is_bounded_by_norm(xp: Library, norm, expected) -> None:
    f = lambda x: nep.sum(nep.square(x))  # noqa: E731

    found = neo.grad(f, policies={nep.square: rules.ClipGradient(norm=norm)})(xp.asarray([3.0, 4.0]))

    np.testing.assert_allclose(xp.numpy(found), expected, rtol=1e-15)


def test_clipping_by_norm_leaves_a_zero_gradient_at_zero() -> None:
    found = neo.grad(nep.square, policies={nep.square: rules.ClipGradient(norm=1.0)})(0.0)

    assert found == 0.0


@pytest.mark.parametrize("settings", [{}, {"value": -1.0}, {"norm": float("nan")}])
def test_clipping_needs_a_bound(settings) -> None:
    with pytest.raises(ValueError, match="bound"):
        rules.ClipGradient(**settings)


def test_guided_relu_passes_positive_gradients_of_positive_operands(xp: Library) -> None:
    x, w = xp.asarray([1.0, 1.0, -1.0]), xp.asarray([2.0, -2.0, 2.0])

    found = neo.grad(lambda x: nep.sum(nn.relu(x) * w), policies={nn.relu: rules.GuidedRelu})(x)

    np.testing.assert_array_equal(xp.numpy(found), [2.0, 0.0, 0.0])


def test_straight_through_sums_where_an_operand_was_broadcast() -> None:
    f = lambda x: nep.sum(x * np.ones(3))  # noqa: E731

    assert neo.grad(f, policies={nep.multiply: rules.StraightThrough})(np.asarray(7.0)) == 3.0


# Surrogate spikes: the slope at a point, from the papers' formulas.
SLOPES = {
    "SuperSpike": (rules.SuperSpike, lambda x: 1 / (1 + 25 * abs(x)) ** 2),
    "SuperSpike, slope 10": (rules.SuperSpike(slope=10.0), lambda x: 1 / (1 + 10 * abs(x)) ** 2),
    "ArcTangent": (rules.ArcTangent, lambda x: 1 / (1 + (np.pi * x) ** 2)),
    "Logistic": (rules.Logistic, lambda x: np.exp(-4 * x) / (1 + np.exp(-4 * x)) ** 2 * 4),
    "Triangle": (rules.Triangle(height=0.3), lambda x: 0.3 * max(0, 1 - abs(x))),
    "Rectangle": (rules.Rectangle(slope=2.0), lambda x: 2.0 * (abs(x) < 0.25)),
    "Exponential": (rules.Exponential, lambda x: 2.5 * np.exp(-5 * abs(x))),
    "Gaussian": (rules.Gaussian, lambda x: np.exp(-2 * x * x) * np.sqrt(2 / np.pi)),
}


@pytest.mark.parametrize(("surrogate", "slope"), SLOPES.values(), ids=SLOPES)
def test_a_surrogate_gives_the_step_its_slope(xp: Library, surrogate, slope) -> None:
    x = np.array([-2.0, -0.2, 0.1, 0.4])

    found = neo.grad(lambda x: nep.sum(nn.spike(x)), policies={nn.spike: surrogate})(xp.asarray(x))

    np.testing.assert_allclose(xp.numpy(found), [slope(v) for v in x], rtol=1e-13, atol=1e-300)


# Those that integrate to the height of the step.
UNIT = [rules.ArcTangent, rules.Logistic, rules.Triangle, rules.Rectangle, rules.Exponential]
UNIT += [rules.Gaussian, rules.MultiGaussian]


@pytest.mark.parametrize("surrogate", UNIT)
def test_a_surrogate_encloses_an_area_of_one(surrogate) -> None:
    x = np.linspace(-400, 400, 800_001)

    slopes = neo.grad(lambda x: nep.sum(nn.spike(x)), policies={nn.spike: surrogate})(x)

    expected = 1 - 0.15 if surrogate is rules.MultiGaussian else 1
    # The tails of the arc tangent beyond 400 hold 5e-4, and a rectangle's edges one step of 1e-3.
    np.testing.assert_allclose(np.sum(slopes) * 1e-3, expected, atol=1.001e-3)


def test_a_spike_is_one_above_zero_and_has_no_slope_of_its_own(xp: Library) -> None:
    value, slope = neo.value_and_grad(lambda x: nep.sum(nn.spike(x)))(xp.asarray([-1.0, 0.0, 2.0]))

    assert float(xp.numpy(value)) == 1.0
    np.testing.assert_array_equal(xp.numpy(slope), [0.0, 0.0, 0.0])


def test_a_spike_takes_its_surrogate_as_a_setting(xp: Library) -> None:
    x = xp.asarray(0.1)
    chosen = neo.grad(nn.spike, policies={nn.spike: rules.SuperSpike})(x)

    found = neo.grad(lambda x: nn.spike(x, surrogate=rules.SuperSpike))(x)

    assert float(xp.numpy(found)) == float(xp.numpy(chosen))
    assert float(xp.numpy(nn.spike(x, surrogate=rules.SuperSpike))) == 1.0


def test_a_leaky_neuron_learns_through_its_spikes() -> None:
    inputs = np.array([0.3, 0.9, 0.2, 0.8])

    def spikes(weight):
        potential, count = 0 * weight, 0 * weight
        for current in inputs:
            potential = 0.9 * potential + weight * current
            fired = nn.spike(potential - 1.0)
            potential = potential - fired
            count = count + fired
        return count

    assert neo.grad(spikes, policies={nn.spike: rules.SuperSpike})(np.asarray(1.0)) > 0
    assert neo.grad(spikes)(np.asarray(1.0)) == 0


def test_a_surrogate_with_a_wrong_slope_is_refused() -> None:
    with pytest.raises(ValueError, match="SuperSpike: slope is positive, got -1"):
        rules.SuperSpike(slope=-1)
