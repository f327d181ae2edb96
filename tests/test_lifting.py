"""What a call saved has derivatives of its own, also where two operands share their memory."""

import math
import operator
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


HELD = {
    **KEEPERS,
    "iterator": lambda slope: iter([slope]),
    "generator": lambda slope: (x for x in [slope]),
    "method of the library's array": lambda slope: slope.__mul__,
    "set of functions": lambda slope: {partial(_times, slope)},
    "nested object": lambda slope: SimpleNamespace(inner=[SimpleNamespace(slope=slope)]),
}


def _bare_cube(keeper, **members):
    class Cube(autograd.Policy):
        bare = True

        def forward(self, x):
            self.ctx.save(x)
            self.kept = keeper(3 * x * x)
            return x**3

        def backward(self, g):
            (x,) = self.ctx.release
            return g * (3 * x * x)

    for name, value in members.items():
        setattr(Cube, name, value)
    return neo.neo_function(Cube)


@pytest.mark.parametrize("keeper", HELD.values(), ids=HELD)
def test_a_bare_policy_that_hides_an_array_refuses_a_second_derivative(keeper, xp):
    cube = _bare_cube(keeper)

    assert float(xp.numpy(neo.grad(cube)(xp.asarray(0.5)))) == 0.75
    with pytest.raises(NotImplementedError, match=r"Cube.forward keeps a value .*save_again.*first_order"):
        neo.grad(neo.grad(cube))(xp.asarray(0.5))


def test_what_backward_reads_at_first_order_only_is_named(xp):
    cube = _bare_cube(KEEPERS["function"], first_order=("kept",))

    assert float(xp.numpy(neo.grad(neo.grad(cube))(xp.asarray(0.5)))) == 3.0


def test_save_again_traces_what_a_bare_policy_hides(xp):
    def save_again(self, x):
        self.ctx.save(x)
        self.kept = lambda g: g * (3 * x * x)

    cube = _bare_cube(KEEPERS["function"], save_again=save_again, backward=lambda self, g: self.kept(g))
    found = xp.asarray(0.5)

    assert float(xp.numpy(neo.grad(neo.grad(neo.grad(cube)))(found))) == 6.0


PLAIN = {
    "dtype": lambda x: x.dtype,
    "library": lambda x: np,
    "class": lambda x: np.float32,
    "function of a module": lambda x: partial(np.sum, axis=0),
    "builtin": lambda x: (math.sin, operator.itemgetter(1)),
    "settings": lambda x: SimpleNamespace(axis=(0, 1), mode="wrap", size=x.shape, flags={True}),
}


@pytest.mark.parametrize("keeper", PLAIN.values(), ids=PLAIN)
def test_a_bare_policy_may_keep_what_holds_no_array(keeper, xp):
    cube = _bare_cube(keeper)

    assert float(xp.numpy(neo.grad(neo.grad(cube))(xp.asarray(0.5)))) == 3.0


def test_a_factorisation_kept_by_a_bare_policy_is_not_taken_for_a_constant():
    linalg, sparse = pytest.importorskip("scipy.sparse.linalg"), pytest.importorskip("scipy.sparse")

    class Solve(autograd.Policy):
        bare = True

        def forward(self, d):
            self.factors = linalg.splu(sparse.csc_matrix(np.diag(d)))
            self.out = self.factors.solve(np.ones(2))
            return self.out

        def backward(self, g):
            return -(nep.asarray(self.factors.solve(np.ones(2))) ** 2) * g

    f = lambda d: nep.sum(neo.neo_function(Solve)(d))  # noqa: E731

    assert neo.grad(f)(np.full(2, 2.0)).tolist() == [-0.25, -0.25]
    with pytest.raises(NotImplementedError, match=r"SuperLU"):
        neo.grad(lambda d: nep.sum(neo.grad(f)(d)))(np.full(2, 2.0))


class Power(autograd.Policy):
    """x**n, with a setting, an operand and an intermediate as attributes of the context."""

    def forward(self, x, *, n):
        self.ctx.n, self.ctx.x, self.ctx.slope = n, x, n * x ** (n - 1)
        return x**n

    def backward(self, g):
        return g * (self.ctx.slope + self.ctx.n * self.ctx.x ** (self.ctx.n - 1)) / 2


class BarePower(Power):
    """The same, without the intermediate."""

    bare = True

    def forward(self, x, *, n):
        self.ctx.n, self.ctx.x = n, x
        return x**n

    def backward(self, g):
        return g * self.ctx.n * self.ctx.x ** (self.ctx.n - 1)


@pytest.mark.parametrize("policy", [Power, BarePower])
@pytest.mark.parametrize(("order", "expected"), [(1, 0.5), (2, 3.0), (3, 12.0), (4, 24.0)])
def test_attributes_of_the_context_have_derivatives_of_every_order(policy, order, expected, xp):
    power = neo.neo_function(policy)
    f = lambda x: power(x, n=4)  # noqa: E731
    for _ in range(order):
        f = neo.grad(f)

    assert float(xp.numpy(f(xp.asarray(0.5)))) == expected
    assert float(xp.numpy(power(xp.asarray(0.5), n=4))) == 0.0625


@pytest.mark.parametrize("policy", [Power, BarePower])
def test_attributes_of_the_context_reach_every_transform(policy, xp):
    f = lambda x: neo.neo_function(policy)(x, n=4)  # noqa: E731
    x = xp.asarray(0.5)

    assert float(xp.numpy(neo.hessian(f)(x))) == 3.0
    assert float(xp.numpy(neo.grad(neo.grad(neo.checkpoint(f)))(x))) == 3.0
    assert float(xp.numpy(neo.grad(neo.grad(neo.checkpoint(f, keep=[policy])))(x))) == 3.0
    assert xp.numpy(neo.vmap(neo.grad(neo.grad(f)))(xp.asarray([0.5, 1.0]))).tolist() == [3.0, 12.0]


def test_forward_reads_what_it_set_on_its_context(xp):
    class Reads(autograd.Policy):
        def forward(self, x):
            self.ctx.n = 3
            return x**self.ctx.n

        def backward(self, g):
            return g

    reads = neo.neo_function(Reads)

    assert float(xp.numpy(reads(xp.asarray(2.0)))) == float(xp.numpy(reads(xp.array(2.0)))) == 8.0
    assert xp.numpy(neo.vmap(reads)(xp.asarray([1.0, 2.0]))).tolist() == [1.0, 8.0]


class Weighted(autograd.Policy):
    """x * weight, with the weight as a setting that backward forgets."""

    def forward(self, x, *, weight):
        return x * weight, x

    def backward(self, g, h):
        return 2 * g + h


@pytest.mark.parametrize("transform", [neo.grad, lambda f: lambda x: neo.jvp(f, (x,), (x,))])
def test_a_traced_array_among_the_settings_is_refused(transform, xp):
    weighted = neo.neo_function(Weighted)

    with pytest.raises(TypeError, match=r"for weight, which is a setting.*positional"):
        transform(lambda x: weighted(x, weight=3 * x)[0])(xp.asarray(2.0))


def test_a_traced_array_in_a_container_is_refused(xp):
    class Double(autograd.Policy):
        def forward(self, parameters):
            return 2 * parameters["x"]

        def backward(self, g):
            return g

    with pytest.raises(TypeError, match=r"Double.forward returned a traced array.*in a container.*operand"):
        neo.grad(lambda x: neo.neo_function(Double)({"x": x}))(xp.asarray(2.0))


def test_a_traced_array_of_the_code_around_forward_is_refused(xp):
    def f(x):
        class Times(autograd.Policy):
            def forward(self, y):
                return y * x

            def backward(self, g):
                return 2 * g

        return neo.neo_function(Times)(x)

    with pytest.raises(TypeError, match=r"not an operand.*positional"):
        neo.grad(f)(xp.asarray(2.0))
