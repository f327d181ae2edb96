"""What a transform refuses, and that its message says what to do."""

from __future__ import annotations

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep


def test_integer_argument_is_named_with_its_dtype(xp: Library) -> None:
    with pytest.raises(TypeError, match=r"argument 0 \('x'\).*dtype is int64.*[Cc]ast"):
        neo.grad(lambda x: nep.sum(x))(xp.asarray(np.array([1, 2])))


def test_bool_argument_is_named_with_its_dtype(xp: Library) -> None:
    with pytest.raises(TypeError, match=r"argument 1 \('y'\).*dtype is bool"):
        neo.grad(lambda x, y: nep.sum(x), argnums=1)(1.0, xp.asarray(np.array([True])))


def test_integer_leaf_of_a_tree_is_named_with_its_path() -> None:
    with pytest.raises(TypeError, match=r"argument 0 \('p'\)\['w'\]\[1\].*int64"):
        neo.grad(lambda p: nep.sum(p["w"][0]))({"w": [np.ones(2), np.array([1])]})


def test_python_int_is_refused() -> None:
    with pytest.raises(TypeError, match=r"argument 0.*int 3"):
        neo.grad(lambda x: x * x)(3)


def test_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"argument 'name'.*str 'a'"):
        neo.grad(lambda name: 1.0, argnames="name")(name="a")


def test_result_that_is_not_scalar_names_the_ways_out(xp: Library) -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\).*vjp.*jacrev.*autograd\.session"):
        neo.grad(lambda x: x * x)(xp.asarray([1.0, 2.0]))


def test_result_of_shape_one_is_not_scalar(xp: Library) -> None:
    with pytest.raises(ValueError, match=r"shape \(1,\)"):
        neo.grad(lambda x: x * x)(xp.asarray([1.0]))


def test_several_results_name_the_ways_out() -> None:
    with pytest.raises(ValueError, match=r"2 results.*vjp.*jacrev.*autograd\.session"):
        neo.grad(lambda x: (x, x))(1.0)


def test_complex_result_names_the_ways_out(xp: Library) -> None:
    with pytest.raises(TypeError, match=r"real number.*complex128.*vjp"):
        neo.grad(lambda z: nep.sum(z))(xp.asarray([1 + 1j]))


def test_result_that_is_no_array_is_described() -> None:
    with pytest.raises(TypeError, match=r"str 'text'"):
        neo.grad(lambda x: "text")(1.0)


def test_aux_without_a_pair_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"pair \(result, aux\)"):
        neo.grad(lambda x: x, has_aux=True)(1.0)
    with pytest.raises(TypeError, match=r"it returned float64 array of shape \(2,\)"):
        neo.grad(lambda x: x, has_aux=True)(np.ones(2))


def test_argnums_beyond_the_arguments_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"argnums=2.*called with 1 positional"):
        neo.grad(lambda x: x, argnums=2)(1.0)


def test_argnums_that_is_a_name_is_an_error() -> None:
    with pytest.raises(TypeError, match="argnames"):
        neo.grad(lambda x: x, argnums=("x",))(1.0)


def test_unknown_argname_is_an_error_with_those_given() -> None:
    with pytest.raises(TypeError, match=r"'z'.*called with: x"):
        neo.grad(lambda x: x, argnames="z")(1.0)


def test_arrays_of_two_libraries_in_one_call_name_asarray() -> None:
    pytest.importorskip("torch")
    x, y = np.ones(2), neo.backends.get("torch").asarray([1.0, 1.0])

    with pytest.raises(TypeError, match=r"neo\.asarray"):
        neo.grad(lambda x: nep.sum(x * y))(x)


def test_arrays_of_two_libraries_outside_a_transform_name_asarray() -> None:
    pytest.importorskip("torch")
    x, y = neo.asarray(np.ones(2)), neo.ones(2, backend="torch")

    with pytest.raises(TypeError, match=r"neo\.asarray"):
        nep.matmul(x, y)
    with pytest.raises(TypeError, match=r"neo\.asarray"):
        x + y


def test_array_that_escaped_its_transform_raises_when_used(xp: Library) -> None:
    kept = []
    neo.grad(lambda x: kept.append(x) or nep.sum(x))(xp.asarray([1.0, 2.0]))

    with pytest.raises(RuntimeError, match="after its transform returned"):
        kept[0] * 2
    with pytest.raises(RuntimeError, match="after its transform returned"):
        nep.sum(nep.exp(kept[0]))
    with pytest.raises(RuntimeError, match="after its transform returned"):
        kept[0] @ kept[0]


def test_array_that_escaped_into_another_transform_raises_when_used() -> None:
    kept = []
    neo.grad(lambda x: kept.append(x) or x)(1.0)

    with pytest.raises(RuntimeError, match="after its transform returned"):
        neo.grad(lambda y: y * kept[0])(2.0)


@pytest.mark.parametrize("transform", [neo.grad, neo.vmap])
def test_array_from_outside_that_was_written_into_is_named_as_one(xp: Library, transform) -> None:
    def f(w):
        def write(z):
            w[0] = nep.sum(z)
            return nep.sum(z)

        transform(write)(xp.asarray([2.0]))
        return nep.sum(w)

    with pytest.raises(RuntimeError, match="An array from outside that was written into there"):
        neo.grad(f)(xp.asarray([1.0, 2.0]))


def test_error_inside_the_function_is_the_callers_own() -> None:
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        neo.grad(broken)(1.0)


def test_shapes_that_do_not_fit_are_named_with_the_operation(xp: Library) -> None:
    x = xp.asarray([[1.0, 2.0]])

    with pytest.raises(ValueError, match=r"reshape: .* of shape \(1, 2\) has 2 elements, and shape \(3,\)"):
        neo.grad(lambda x: nep.sum(nep.reshape(x, (3,))))(x)
    with pytest.raises(ValueError, match=r"reshape: .*shape \(-1, 4\)"):
        nep.reshape(x, (-1, 4))
    with pytest.raises(ValueError, match=r"broadcast_to: .* of shape \(1, 2\) .* shape \(3, 3\)"):
        neo.grad(lambda x: nep.sum(nep.broadcast_to(x, (3, 3))))(x)
    with pytest.raises(ValueError, match=r"concat: shapes \[\(1, 2\), \(1, 3\)\] .* axis 0"):
        nep.concat([x, xp.asarray([[1.0, 2.0, 3.0]])])


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "prod", "max", "min"])
@pytest.mark.parametrize("axis", [2, -3, (0, 4)])
def test_an_axis_out_of_range_is_refused_in_the_same_words_on_every_library(xp, name, axis):
    with pytest.raises(ValueError, match=r"axis .* is out of range for an array with 2 axes"):
        getattr(nep, name)(xp.asarray([[1.0, 2.0]]), axis=axis)
    with pytest.raises(ValueError, match=r"axis .* is out of range for an array with 2 axes"):
        neo.grad(lambda x: nep.sum(getattr(nep, name)(x, axis=axis)))(xp.asarray([[1.0, 2.0]]))


@pytest.mark.parametrize("name", ["all", "any", "argmax", "argmin", "argsort", "count_nonzero", "sort"])
@pytest.mark.parametrize("axis", [2, -3])
def test_a_function_without_a_gradient_refuses_an_axis_in_the_same_words(xp, name, axis):
    with pytest.raises(ValueError, match=r"axis .* is out of range for an array with 2 axes"):
        getattr(nep, name)(xp.asarray([[1.0, 2.0]]), axis=axis)


@pytest.mark.parametrize("axis", [2, -3])
def test_roll_refuses_an_axis_in_the_same_words(xp, axis):
    with pytest.raises(ValueError, match=r"axis .* is out of range for an array with 2 axes"):
        nep.roll(xp.asarray([[1.0, 2.0]]), 1, axis=axis)


def test_what_is_no_function_is_refused_when_the_transform_is_made() -> None:
    with pytest.raises(TypeError, match=r"takes a function, got float 2.0.*neo.grad\(f\)\(x\)"):
        neo.grad(2.0)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # NumPy advises against matrix
@pytest.mark.parametrize("make", [np.matrix, np.ma.masked_array])
def test_a_subclass_whose_arithmetic_is_another_is_refused(make) -> None:
    with pytest.raises(TypeError, match=r"neo takes no numpy.*: .*Pass "):
        neo.grad(nep.sum)(make([[1.0, 2.0]]))
    with pytest.raises(TypeError, match=r"neo takes no numpy.*: .*Pass "):
        neo.asarray(make([[1.0, 2.0]]))


@pytest.mark.parametrize("transform", [neo.grad, neo.jacrev, neo.jacfwd, neo.hessian])
def test_argnums_that_are_no_integers_are_refused(transform) -> None:
    with pytest.raises(TypeError, match=r"argnums takes integers .* got float 0\.5"):
        transform(nep.sum, argnums=0.5)(np.ones(2))


def test_a_jacobian_to_nothing_is_empty_by_columns_and_by_rows() -> None:
    for transform in (neo.jacrev, neo.jacfwd, neo.jacobian):
        assert transform(nep.sin, argnums=())(np.ones(2)) == ()
        assert transform(lambda p, x: nep.sin(x))({}, np.ones(2)) == {}


@pytest.mark.parametrize(("size", "error"), [(-1, ValueError), ("a", TypeError), (1.5, TypeError)])
def test_axis_size_that_is_no_length_is_refused(size, error) -> None:
    with pytest.raises(error, match="vmap: axis_size must"):
        neo.vmap(nep.sin, in_axes=None, axis_size=size)(1.0)


def test_a_checkpoint_of_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="a transform takes a function, got int 3"):
        neo.checkpoint(3)


def test_a_solver_that_starts_from_a_number_and_finds_no_root_says_so() -> None:
    from neo.errors import ConvergenceError
    from neo.implicit import custom_root

    wrong = custom_root(lambda z, a: z**2 - a)(lambda init, a: 3.0)

    with pytest.raises(ConvergenceError, match="did not converge"):
        neo.grad(lambda a: wrong(3.1, a))(2.0)
