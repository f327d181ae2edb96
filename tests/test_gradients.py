"""value_and_grad and grad: which arguments, what comes back, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep

VALUES = np.array([1.0, 2.0, 3.0])


def _loss(x, y, scale=1.0):
    # A function, not operators: a strict library's own array takes no traced one on its right.
    return nep.sum(nep.multiply(nep.multiply(x, x), y)) * scale


def test_value_and_gradient_of_a_bare_array_are_bare(xp: Library) -> None:
    value, gradient = neo.value_and_grad(lambda x: nep.sum(x * x))(xp.asarray(VALUES))

    assert xp.owns(value)
    assert xp.owns(gradient)
    np.testing.assert_array_equal(xp.numpy(gradient), 2 * VALUES)


def test_value_and_gradient_of_an_array_are_arrays(xp: Library) -> None:
    value, gradient = neo.value_and_grad(lambda x: nep.sum(x * x))(xp.array(VALUES))

    assert type(value) is neo.Array
    assert type(gradient) is neo.Array
    assert xp.owns(gradient.data)
    np.testing.assert_array_equal(xp.numpy(gradient), 2 * VALUES)


def test_value_is_that_of_the_function(xp: Library) -> None:
    value, _ = neo.value_and_grad(lambda x: nep.sum(x * x))(xp.asarray(VALUES))

    assert float(xp.numpy(value)) == 14.0


def test_gradient_of_a_python_float_is_an_array_of_the_backend_in_use() -> None:
    gradient = neo.grad(lambda x: x * x)(3.0)

    assert gradient == 6.0
    assert neo.backends.of(gradient).name == "numpy"


def test_first_argument_is_differentiated_by_default(xp: Library) -> None:
    x, y = xp.asarray(VALUES), xp.asarray(VALUES + 1)

    gradient = neo.grad(_loss)(x, y)

    np.testing.assert_array_equal(xp.numpy(gradient), 2 * VALUES * (VALUES + 1))


def test_argnums_may_be_integers_of_numpy() -> None:
    f = lambda x, y: x * y  # noqa: E731

    assert neo.grad(f, argnums=np.int64(1))(2.0, 3.0) == 2
    assert neo.grad(f, argnums=np.array([0, 1]))(2.0, 3.0) == (3, 2)


def test_argnums_chooses_arguments_by_position(xp: Library) -> None:
    x, y = xp.asarray(VALUES), xp.asarray(VALUES + 1)

    by_y = neo.grad(_loss, argnums=1)(x, y)
    both = neo.grad(_loss, argnums=(1, 0))(x, y)

    np.testing.assert_array_equal(xp.numpy(by_y), VALUES**2)
    np.testing.assert_array_equal(xp.numpy(both[0]), VALUES**2)
    np.testing.assert_array_equal(xp.numpy(both[1]), 2 * VALUES * (VALUES + 1))


def test_negative_argnums_count_from_the_last_argument() -> None:
    assert neo.grad(lambda x, y: x * x * y, argnums=-1)(3.0, 4.0) == 9.0


def test_argnums_of_one_in_a_tuple_gives_a_tuple_of_one() -> None:
    assert neo.grad(lambda x: x * x, argnums=(0,))(3.0) == (6.0,)


def test_argnames_chooses_arguments_by_name(xp: Library) -> None:
    x, y = xp.asarray(VALUES), xp.asarray(VALUES + 1)

    by_name = neo.grad(_loss, argnames="y")(x, y=y)

    np.testing.assert_array_equal(xp.numpy(by_name), VALUES**2)


def test_argnames_finds_an_argument_given_by_position() -> None:
    assert neo.grad(lambda x, y: x * x * y, argnames="y")(3.0, 4.0) == 9.0


def test_argnums_and_argnames_together_give_those_of_argnums_first() -> None:
    gradients = neo.grad(lambda x, y: x * x * y, argnums=1, argnames="x")(x=3.0, y=4.0)

    assert gradients == (9.0, 24.0)


def test_keyword_arguments_are_passed_on() -> None:
    assert neo.grad(_loss)(np.ones(2), np.ones(2), scale=3.0).tolist() == [6.0, 6.0]


def test_aux_is_returned_beside_the_value() -> None:
    (value, aux), gradient = neo.value_and_grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(3.0)

    assert (value, aux["twice"], gradient) == (9.0, 6.0, 6.0)


def test_aux_leaves_the_tape() -> None:
    _, aux = neo.grad(lambda x: (x * x, [x, "text", None]), has_aux=True)(np.array(3.0))

    assert type(aux[0]) is np.ndarray
    assert float(aux[0]) == 3.0
    assert aux[1:] == ["text", None]


def test_grad_with_aux_gives_the_gradient_and_aux() -> None:
    assert neo.grad(lambda x: (x * x, "aux"), has_aux=True)(3.0) == (6.0, "aux")


def test_unused_argument_has_a_gradient_of_zeros_like_it(xp: Library) -> None:
    x, y = xp.asarray(VALUES, "float32"), xp.asarray(np.ones((2, 1)), "float32")

    _, gradient = neo.grad(lambda x, y: nep.sum(x), argnums=(0, 1))(x, y)

    assert xp.owns(gradient)
    assert gradient.dtype == y.dtype
    np.testing.assert_array_equal(xp.numpy(gradient), np.zeros((2, 1)))


def test_gradient_of_a_constant_function_is_zeros(xp: Library) -> None:
    gradient = neo.grad(lambda x: 1.0)(xp.asarray(VALUES))

    np.testing.assert_array_equal(xp.numpy(gradient), np.zeros(3))


def test_gradient_of_the_argument_itself_is_one(xp: Library) -> None:
    assert float(xp.numpy(neo.grad(lambda x: x)(xp.asarray(2.0)))) == 1.0


def test_gradient_of_an_empty_array_is_empty(xp: Library) -> None:
    gradient = neo.grad(lambda x: nep.sum(x * x))(xp.asarray(np.zeros((0, 3))))

    assert tuple(gradient.shape) == (0, 3)


def test_the_same_array_given_twice_has_two_gradients(xp: Library) -> None:
    x = xp.asarray(VALUES)

    dx, dy = neo.grad(lambda x, y: nep.sum(x * x * y), argnums=(0, 1))(x, x)

    np.testing.assert_array_equal(xp.numpy(dx), 2 * VALUES**2)
    np.testing.assert_array_equal(xp.numpy(dy), VALUES**2)


def test_a_function_keeps_its_name_and_docstring() -> None:
    assert neo.grad(_loss).__name__ == "_loss"
    assert neo.value_and_grad(_loss).__wrapped__ is _loss


def test_minimize_of_scipy_takes_value_and_grad() -> None:
    optimize = pytest.importorskip("scipy.optimize")

    def rosenbrock(x):
        return nep.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = optimize.minimize(neo.value_and_grad(rosenbrock), np.array([-1.2, 1.0]), jac=True)

    # BFGS stops where the gradient is below 1e-5, and the Hessian's least eigenvalue is 0.4 there.
    np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-5 / 0.4)


class ReturnsOperands(neo.autograd.Policy):
    """x * y, for a gradient of ones only: the gradients are the operands themselves."""

    def forward(self, x, y):
        self.ctx.save(x, y)
        return x * y

    def backward(self, g):
        x, y = self.ctx.release
        return y, x


SHARING = {
    "addition": lambda x, y: x + y,
    "subtraction": lambda x, y: x - y,
    "reshape": lambda x, y: nep.reshape(x, (2, 2)) + nep.reshape(y, (2, 2)),
    "transposition": lambda x, y: nep.reshape(x, (2, 2)).T + nep.reshape(y, (2, 2)),
    "concat": lambda x, y: nep.concat([x, y]),
    "flip": lambda x, y: nep.flip(x) + y,
    "operands": neo.neo_function(ReturnsOperands),
}


@pytest.mark.parametrize("f", SHARING.values(), ids=SHARING)
def test_gradients_may_be_written_into(xp: Library, f) -> None:
    x, y = xp.asarray([1.0, 2.0, 3.0, 4.0]), xp.asarray([5.0, 6.0, 7.0, 8.0])
    value, pull = neo.vjp(f, x, y)
    cotangent = xp.library.xp.asarray(value * 0 + 1.0)
    found = [
        *neo.grad(lambda x, y: nep.sum(f(x, y)), argnums=(0, 1))(x, y),
        *pull(cotangent),
        *pull(cotangent),
    ]
    others = [x, y, value, cotangent]
    before = [xp.numpy(a).tolist() for a in (*found, *others)]

    for k, gradient in enumerate(found):
        gradient[...] = -1.0
        now = [xp.numpy(a).tolist() for a in (*found, *others)]
        assert now == [[-1.0] * 4] * (k + 1) + before[k + 1 :]


def test_a_gradient_that_an_argument_held_constant_gives_is_apart_from_it(xp: Library) -> None:
    x, y = xp.asarray([1.0, 2.0]), xp.asarray([3.0, 4.0])

    gradient = neo.grad(lambda x: nep.sum(neo.neo_function(ReturnsOperands)(x, y)))(x)
    gradient[...] = 0.0

    assert xp.numpy(y).tolist() == [3.0, 4.0]


def test_tangents_may_be_written_into(xp: Library) -> None:
    x, v = xp.asarray([1.0, 2.0]), xp.asarray([3.0, 4.0])

    _, (first, second) = neo.jvp(lambda x: (x + 1.0, nep.reshape(x, (2,))), (x,), (v,))
    first[...] = 0.0

    assert xp.numpy(second).tolist() == xp.numpy(v).tolist() == [3.0, 4.0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")
@pytest.mark.parametrize("function", [nep.var, nep.std])
@pytest.mark.parametrize(("shape", "settings"), [((0,), {}), ((0, 3), {"axis": 0}), ((3, 0), {"axis": 1})])
def test_gradient_of_a_variance_of_no_elements_is_empty(
    xp: Library, function, shape: tuple[int, ...], settings: dict
) -> None:
    found = neo.grad(lambda x: nep.sum(function(x, **settings)))(xp.asarray(np.zeros(shape)))

    assert tuple(found.shape) == shape


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")
@pytest.mark.parametrize("function", [nep.var, nep.std])
@pytest.mark.parametrize("correction", [1, 1.5, 2])
def test_gradient_of_a_variance_without_a_divisor_is_nan(xp: Library, function, correction: float) -> None:
    found = neo.grad(lambda x: nep.sum(function(x, correction=correction)))(xp.asarray(np.ones(1)))

    assert np.isnan(xp.numpy(found)).all()


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (nep.hypot, (np.inf, 1.0), (1.0, 0.0)),
        (nep.hypot, (2.0, -np.inf), (0.0, -1.0)),
        (nep.atan2, (np.inf, 1.0), (0.0, 0.0)),
        (nep.atan2, (1.0, -np.inf), (0.0, 0.0)),
    ],
)
def test_gradient_at_infinity_is_the_limit(xp: Library, f, at, expected) -> None:
    found = neo.grad(f, (0, 1))(*[xp.asarray(x) for x in at])

    np.testing.assert_array_equal([xp.numpy(g) for g in found], expected)
