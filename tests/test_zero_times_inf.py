"""The option of the transforms under which a zero gradient stays zero through an infinite slope."""

import numpy as np
import pytest

import neo
import neo.numpy as nep


def safe_log(x):
    return nep.sum(nep.where(x > 0, nep.log(x), 0.0))


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_the_branch_not_taken_gives_nan_by_default():
    g = neo.grad(safe_log)(np.array([0.0, 2.0]))

    np.testing.assert_array_equal(g, [np.nan, 0.5])


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_the_branch_not_taken_gives_zero_on_request():
    g = neo.grad(safe_log, zero_times_inf="zero")(np.array([0.0, 2.0]))

    np.testing.assert_array_equal(g, [0.0, 0.5])


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_zero_stays_zero_to_second_order():
    slope = neo.grad(safe_log, zero_times_inf="zero")

    second = neo.grad(lambda x: nep.sum(slope(x)), zero_times_inf="zero")(np.array([0.0, 2.0]))

    np.testing.assert_array_equal(second, [0.0, -0.25])


def test_the_option_of_one_transform_does_not_reach_another():
    def inner(x):
        return neo.grad(lambda y: nep.sum(nep.sqrt(y) * 0.0))(x)

    g = neo.vjp(inner, np.array(0.0), zero_times_inf="zero")[0]

    assert np.isnan(g)


def test_an_unknown_choice_is_refused():
    with pytest.raises(ValueError, match="'nan' or 'zero'"):
        neo.grad(nep.sin, zero_times_inf="maybe")(1.0)
