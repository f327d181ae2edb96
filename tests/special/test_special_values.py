"""Values are SciPy's, on every library and in both precisions."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from support.libraries import Library
from support.special import NAMES, operands

import neo
import neo.numpy as nep

special = pytest.importorskip("scipy.special")
# Two implementations round a few times each, and differ by what a few units in an operand make.
UNITS = 16
every_name = pytest.mark.parametrize("name", NAMES)


def _scipy(name: str, values: list[np.ndarray]) -> np.ndarray:
    """Return SciPy's result in the dtype of the last operand."""
    out = inspect.unwrap(getattr(special, name))(*values)
    return np.asarray(out, dtype=values[-1].dtype)


def _tolerance(name: str, values: list[np.ndarray]) -> np.ndarray:
    """Return a few units of the result, and of what a unit more and less in the operands changes."""
    eps = np.finfo(values[-1].dtype).eps
    out = UNITS * eps * np.abs(_scipy(name, values))
    for k, x in enumerate(values):
        if x.dtype.kind == "f":
            up, down = [[*values[:k], x * (1 + s * 4 * eps), *values[k + 1 :]] for s in (1, -1)]
            with np.errstate(all="ignore"):
                out = out + np.abs(_scipy(name, up) - _scipy(name, down))
    return out


def _neo(xp: Library, name: str, values: list[np.ndarray]) -> Any:
    return getattr(nep.special, name)(*[xp.asarray(x) for x in values])


@every_name
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_agree_with_scipy(xp: Library, name: str, dtype: str) -> None:
    values = operands(name, dtype)

    found = xp.numpy(_neo(xp, name, values))

    expected = _scipy(name, values)
    assert found.dtype == expected.dtype
    assert np.all(np.abs(found - expected) <= _tolerance(name, values))


# SciPy 1.17's hyp1f1 does not return at infinity, and sinc is NaN there, where neo gives its limit.
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("hyp1f1", "sinc")])
def test_infinite_and_nan_operands_give_what_scipy_gives(xp: Library, name: str) -> None:
    values = operands(name)
    extreme = np.array([np.nan, np.inf, -np.inf, 0.0])
    values = [*[x[:4] for x in values[:-1]], extreme]

    with np.errstate(all="ignore"):
        found = xp.numpy(_neo(xp, name, values))

    expected = _scipy(name, values)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    close = np.abs(np.nan_to_num(found) - np.nan_to_num(expected)) <= UNITS * np.finfo(float).eps
    assert np.all(same | (close & np.isfinite(expected))), (found, expected)


@every_name
def test_half_precision_is_kept(xp: Library, name: str) -> None:
    if not xp.has_dtype("float16"):
        pytest.skip(f"{xp.name} has no float16")
    values = operands(name, "float16")

    with np.errstate(over="ignore"):
        found = _neo(xp, name, values)

    assert found.dtype == xp.library.dtype("float16")


@pytest.mark.parametrize("name", ["gamma", "expit", "cbrt", "xlogy", "gammainc"])
def test_integers_become_the_default_floating_dtype(xp: Library, name: str) -> None:
    x = xp.asarray(np.array([1, 2, 3]))
    count = 2 if name in ("xlogy", "gammainc") else 1

    out = getattr(nep.special, name)(*[x] * count)

    expected = _scipy(name, [np.array([1.0, 2.0, 3.0])] * count)
    np.testing.assert_allclose(xp.numpy(out), expected, rtol=1e-6)


def test_a_number_beside_an_array_takes_its_dtype(xp: Library) -> None:
    x = xp.asarray(np.array([0.5, 2.0]), "float32")

    assert nep.special.gammainc(2, x).dtype == x.dtype
    assert nep.special.xlogy(x, 0.3).dtype == x.dtype
    assert nep.special.polygamma(1, x).dtype == x.dtype


def test_sinc_takes_integers(xp: Library) -> None:
    found = nep.special.sinc(xp.asarray(np.array([0, 1, 2])))

    np.testing.assert_allclose(xp.numpy(found), [1.0, 0.0, 0.0], atol=1e-7)


def test_sinc_is_zero_at_infinity(xp: Library) -> None:
    found = nep.special.sinc(xp.asarray(np.array([np.inf, -np.inf, np.nan])))

    np.testing.assert_array_equal(xp.numpy(found), [0.0, 0.0, np.nan])


def test_zeta_of_one_operand_is_riemanns(xp: Library) -> None:
    found = nep.special.zeta(xp.asarray(np.array([2.0, -1.0])))

    np.testing.assert_allclose(xp.numpy(found), [np.pi**2 / 6, -1 / 12], rtol=1e-14)


def test_results_are_as_wrapped_as_operands(xp: Library) -> None:
    x = xp.asarray(np.array([0.5]))

    assert xp.owns(nep.special.gammainc(x, x))
    assert type(nep.special.gammainc(neo.asarray(x), x)) is neo.Array


def test_logsumexp_takes_scipys_weights_and_signs(xp: Library) -> None:
    a, b = np.array([[1.0, 900.0, -2.0], [0.0, 1.0, 3.0]]), np.array([[1.0, -2.0, 0.0], [1.0, 1.0, 2.0]])

    out, sign = nep.special.logsumexp(xp.asarray(a), axis=1, b=xp.asarray(b), return_sign=True)

    expected = special.logsumexp(a, axis=1, b=b, return_sign=True)
    np.testing.assert_allclose(xp.numpy(out), expected[0], rtol=1e-14)
    np.testing.assert_array_equal(xp.numpy(sign), expected[1])


def test_multigammaln_agrees_with_scipy(xp: Library) -> None:
    a = np.array([2.5, 7.0])

    found = nep.special.multigammaln(xp.asarray(a), 3)

    np.testing.assert_allclose(xp.numpy(found), special.multigammaln(a, 3), rtol=1e-14)
