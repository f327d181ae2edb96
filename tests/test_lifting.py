"""What a call saved has derivatives of its own, also where two operands share their memory."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import neo
import neo.numpy as nep
from neo import autograd


class Product(autograd.Policy):
    """x * y, with both operands saved in a container."""

    def forward(self, x, y):
        self.ctx.save({"operands": [x, y]})
        return x * y

    def backward(self, g):
        (saved,) = self.ctx.release
        x, y = saved["operands"]
        return g * y, g * x


class Same(autograd.Policy):
    """The identity, with twice its operand as a made-up derivative."""

    def forward(self, x):
        self.ctx.save(x)
        return x

    def backward(self, g):
        (x,) = self.ctx.release
        return g * x * 2


def test_an_operand_and_the_same_array_as_a_constant_are_told_apart(xp):
    # d/dx (x * c)' with c = x held constant: the slope is c, and its derivative zero.
    def slope(x):
        return neo.grad(
            lambda y: nep.matmul(nep.reshape(y, (1, 1)), neo.stop_gradient(nep.reshape(y, (1, 1))))[0, 0]
        )(x)

    second = neo.grad(slope)(xp.asarray(3.0))

    assert float(xp.numpy(second)) == 0.0


def test_an_array_beside_its_own_constant_has_the_right_second_derivative():
    # The slope in y at y = x is c * 1 + y' = 2 y with respect to the operand only: x * x + c * x.
    def f(x):
        c = neo.stop_gradient(x)
        return nep.multiply(x, c) * x  # c x**2, second derivative 2 c

    assert float(neo.grad(neo.grad(f))(np.asarray(3.0))) == 6.0


def test_operands_saved_in_a_container_have_second_derivatives():
    product = neo.neo_function(Product)

    second = neo.grad(neo.grad(lambda x: product(x, x * x)))(np.asarray(2.0))

    assert float(second) == 12.0  # (x**3)'' = 6 x


def test_a_saved_operand_that_is_also_the_result_counts_as_the_operand():
    same = neo.neo_function(Same)

    second = neo.grad(neo.grad(same))(np.asarray(3.0))

    assert float(second) == 2.0


def test_one_array_as_two_operands_of_which_one_is_differentiated():
    product = neo.neo_function(Product)
    x = np.asarray(3.0)

    # d/da d/da of (a * b) with b the same array, held constant, is zero; in a and b it is one.
    alone = neo.grad(neo.grad(lambda a: product(a, x) * 1.0))(x)
    mixed = neo.grad(lambda b: neo.grad(lambda a: product(a, b))(x))(x)

    assert (float(alone), float(mixed)) == (0.0, 1.0)


def _times(factor, g):
    return g * factor


KEEPERS = {
    "function": lambda slope: lambda g: g * slope,
    "partial": lambda slope: partial(_times, slope),
    "method": lambda slope: SimpleNamespace(pull=partial(_times, slope)).pull,
    "default": lambda slope: lambda g, slope=slope: g * slope,
    "object": lambda slope: partial(lambda held, g: g * held.slope, SimpleNamespace(slope=slope)),
}


@pytest.mark.parametrize("keeper", KEEPERS.values(), ids=KEEPERS)
def test_what_a_saved_function_closes_over_has_derivatives(keeper, xp):
    class Cube(autograd.Policy):
        def forward(self, x):
            self.ctx.save(keeper(3 * x * x))
            self.pull_back = keeper(x)
            return x**3

        def backward(self, g):
            (pull,) = self.ctx.release
            return pull(g) + 0 * self.pull_back(g)

    cube = neo.neo_function(Cube)
    second = neo.grad(neo.grad(cube))(xp.asarray(0.5))
    forward = neo.jvp(neo.grad(cube), (xp.asarray(0.5),), (xp.asarray(1.0),))[1]

    assert float(xp.numpy(second)) == float(xp.numpy(forward)) == 3.0
