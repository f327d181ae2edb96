"""A Policy whose gradients do not fit is refused, and the message says how to mend it."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.autograd import Policy
from neo.functions import neo_function


def _returning(gradient):
    """Return the gradient of a product whose Policy returns what `gradient(g, x, y)` gives."""

    class Product(Policy):
        def forward(self, x, y):
            self.ctx.save(x, y)
            return x * y

        def backward(self, g):
            return gradient(g, *self.ctx.release)

    return neo.grad(lambda x, y: nep.sum(neo_function(Product)(x, y)), argnums=(0, 1))


def test_too_few_gradients_are_an_error(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0])

    with pytest.raises(ValueError, match=r"Product.backward returned 1 gradients for 2 operands"):
        _returning(lambda g, x, y: g * y)(x, x)


def test_too_many_gradients_are_an_error(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0])

    with pytest.raises(ValueError, match=r"returned 3 gradients for 2 operands"):
        _returning(lambda g, x, y: (g, g, g))(x, x)


def test_gradient_of_another_shape_is_an_error(xp: Library) -> None:
    x, y = xp.asarray([[1.0, 2.0]]), xp.asarray([[1.0], [2.0], [3.0]])

    with pytest.raises(ValueError, match=r"shape \(3, 2\).*operand 0.*shape \(1, 2\).*broadcasting"):
        _returning(lambda g, x, y: (g * y, g * x))(x, y)


def test_gradient_of_another_dtype_is_an_error(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0], "float32")

    with pytest.raises(ValueError, match=r"float64.*operand 0.*float32.*dtype"):
        _returning(lambda g, x, y: (nep.astype(g * y, xp.library.dtype("float64")), g * x))(x, x)


def test_gradient_of_one_element_takes_the_shape_of_its_operand(xp: Library) -> None:
    x = xp.asarray([2.0])

    dx, _ = _returning(lambda g, x, y: (nep.sum(g * y), g * x))(x, x)

    assert tuple(dx.shape) == (1,)


def test_gradient_that_is_no_array_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"Product\.backward returned str"):
        _returning(lambda g, x, y: ("text", None))(np.ones(2), np.ones(2))


def test_none_means_a_gradient_of_zero(xp: Library) -> None:
    x = xp.asarray([1.0, 2.0])

    dx, _ = _returning(lambda g, x, y: (None, g * x))(x, x)

    np.testing.assert_array_equal(xp.numpy(dx), [0.0, 0.0])


def test_policy_without_backward_says_so_when_it_is_differentiated() -> None:
    class Forward(Policy):
        def forward(self, x):
            return x + 1

    assert neo_function(Forward)(1.0 * np.ones(())) == 2.0
    with pytest.raises(NotImplementedError, match=r"Forward has no backward"):
        neo.grad(neo_function(Forward))(1.0)


def test_policy_without_forward_says_so() -> None:
    class Nothing(Policy):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing has no forward"):
        neo_function(Nothing)(np.ones(2))


def test_neo_function_of_no_policy_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"subclass of autograd.Policy"):
        neo_function(np.sin)


def test_bare_policy_that_keeps_an_intermediate_refuses_a_second_derivative(xp: Library) -> None:
    class Bare(Policy):
        bare = True

        def forward(self, x):
            twice = x * 2
            self.ctx.save(twice)
            return twice * twice

        def backward(self, g):
            (twice,) = self.ctx.release
            return g * twice * 4

    assert float(xp.numpy(neo.grad(neo_function(Bare))(xp.asarray(2.0)))) == 16.0
    with pytest.raises(NotImplementedError, match=r"Bare.forward keeps a value"):
        neo.grad(neo.grad(neo_function(Bare)))(xp.asarray(2.0))


def test_forward_that_leaves_neo_refuses_a_second_derivative() -> None:
    class ThroughNumPy(Policy):
        def forward(self, x):
            twice = neo.asarray(2 * x.numpy())
            self.ctx.save(twice)
            return twice * twice

        def backward(self, g):
            (twice,) = self.ctx.release
            return g * twice * 4

    f = neo_function(ThroughNumPy)

    assert neo.grad(f)(2.0) == 16.0
    with pytest.raises(NotImplementedError, match=r"ThroughNumPy.forward keeps a value.*second derivative"):
        neo.grad(neo.grad(f))(2.0)


def test_operands_of_two_libraries_are_an_error() -> None:
    pytest.importorskip("torch")

    class Product(Policy):
        def forward(self, x, y):
            return x * y

    with pytest.raises(TypeError, match=r"neo\.asarray"):
        neo_function(Product)(np.ones(2), neo.ones(2, backend="torch"))


def test_missing_operand_is_an_error() -> None:
    class Product(Policy):
        def forward(self, x, y):
            return x * y

    with pytest.raises(TypeError, match="'y'"):
        neo_function(Product)(np.ones(2))


def test_a_missing_operand_is_an_error_that_names_the_policy() -> None:
    class Twice(Policy):
        def forward(self, x):
            return x + x

    with pytest.raises(TypeError, match=r"Twice: missing a required argument: 'x'; its arguments are \(x\)"):
        neo_function(Twice)()


@pytest.mark.parametrize(
    ("name", "instead"), [("saved_tensors", r"ctx\.release"), ("needs_input_grad", r"self\.needs\(k\)")]
)
def test_a_name_of_the_context_in_pytorch_comes_with_the_one_here(name, instead) -> None:
    class Twice(Policy):
        def forward(self, x):
            return x + x

        def backward(self, g):
            return g * getattr(self.ctx, name)

    with pytest.raises(AttributeError, match=rf"ctx has no {name}, .*{instead}"):
        neo.grad(neo_function(Twice))(1.0)


def test_gradient_of_another_library_is_named() -> None:
    torch = pytest.importorskip("torch")

    with pytest.raises(ValueError, match=r"float64 array of shape \(2,\) of torch .* of its library"):
        _returning(lambda g, x, y: (torch.ones(2, dtype=torch.float64), None))(np.ones(2), np.ones(2))


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("result", [2.0, None, {}, ["text"]], ids=["float", "None", "dict", "list"])
@pytest.mark.parametrize("transform", [neo.grad, neo.jacfwd, neo.trace])
def test_forward_that_returns_no_array_is_named(transform, result, bare, xp: Library) -> None:
    policy = type("Odd", (Policy,), {"forward": lambda self, x: result, "bare": bare})

    with pytest.raises(TypeError, match=r"Odd\.forward returned .*; return an array, or a tuple of arrays"):
        transform(lambda x: neo_function(policy)(x) * x)(xp.asarray(2.0))


def test_methods_of_the_class_are_refused_as_pytorch_has_them() -> None:
    class Double(Policy):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(TypeError, match=r"Double\.forward is a static .*def forward\(self"):
        neo_function(Double)


def test_policy_whose_instances_take_arguments_is_refused() -> None:
    class Scale(Policy):
        def __init__(self, factor):
            self.factor = factor

    with pytest.raises(TypeError, match=r"Scale\(\) takes arguments \(factor\).*keyword-only"):
        neo_function(Scale)


def test_policy_may_have_an_init_with_defaults(xp: Library) -> None:
    class Scale(Policy):
        def __init__(self, factor=3.0):
            self.factor = factor

        def forward(self, x):
            return x * self.factor

        def backward(self, g):
            return g * self.factor

    assert xp.numpy(neo.grad(neo_function(Scale))(xp.asarray(1.0))) == 3
