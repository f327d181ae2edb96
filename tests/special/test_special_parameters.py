"""What has no derivative is refused, what needs SciPy says so, and operands that do not fit too."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.libraries import Library

import neo
import neo.numpy as nep
from neo.backends import numpy_special

pytest.importorskip("scipy")
# Function, operands, and the parameter that has no derivative.
REFUSED = [
    ("gammainc", (1.5, 2.0), "a"),
    ("betainc", (1.5, 2.0, 0.3), "a"),
    ("jv", (1.5, 2.0), "v"),
    ("chdtr", (1.5, 2.0), "v"),
    ("stdtr", (1.5, 2.0), "df"),
    ("gdtr", (1.5, 2.0, 1.0), "b"),
    ("zeta", (1.5, 2.0), "x"),
    ("hyp1f1", (1.5, 2.0, 1.0), "a"),
    ("zetac", (2.0,), "x"),
]


@pytest.mark.parametrize(("name", "values", "parameter"), REFUSED)
def test_a_parameter_without_a_closed_form_is_refused(
    xp: Library, name: str, values: Any, parameter: str
) -> None:
    function = getattr(nep.special, name)
    operands = [xp.asarray(np.asarray(x)) for x in values]

    words = rf"{name} has no derivative in {parameter}: .*stop_gradient"
    with pytest.raises(NotImplementedError, match=words):
        neo.grad(function, argnums=tuple(range(len(values))))(*operands)


def test_a_parameter_held_constant_lets_the_gradient_pass(xp: Library) -> None:
    x = xp.asarray(np.asarray(2.0))

    found = neo.grad(lambda x: nep.special.gammainc(neo.stop_gradient(x), x))(x)

    assert float(xp.numpy(found)) == pytest.approx(2 * np.exp(-2))


def test_a_count_that_is_rounded_down_has_a_zero_gradient(xp: Library) -> None:
    k, m = xp.asarray(np.asarray(2.5)), xp.asarray(np.asarray(3.0))

    found = neo.grad(nep.special.pdtr, argnums=(0, 1))(k, m)

    assert float(xp.numpy(found[0])) == 0
    assert float(xp.numpy(found[1])) == pytest.approx(-(3**2) * np.exp(-3) / 2)


@pytest.mark.parametrize("name", ["gamma", "expit", "ndtri", "zetac"])
def test_complex_numbers_are_refused_where_a_function_is_of_real_ones(xp: Library, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} is a function of real numbers"):
        getattr(nep.special, name)(xp.asarray(np.array([0.5 + 1j])))


def test_complex_bessel_functions_are_holomorphic(xp: Library) -> None:
    z = np.array([0.7 + 0.4j])

    _, pull = neo.vjp(lambda z: nep.special.jv(1.5, z), xp.asarray(z))
    (found,) = pull(xp.asarray(np.ones(1, complex)))

    from scipy.special import jvp

    np.testing.assert_allclose(xp.numpy(found), np.conj(jvp(1.5, z)), rtol=1e-13)


def test_a_wrong_number_of_operands_is_named() -> None:
    with pytest.raises(TypeError, match=r"gammainc takes 2 operands \(a, x\), got 1"):
        nep.special.gammainc(np.ones(2))


def test_arrays_of_two_libraries_are_refused() -> None:
    torch = pytest.importorskip("torch")

    with pytest.raises(TypeError, match="operands of two libraries"):
        nep.special.gammainc(np.ones(2), torch.ones(2))


def test_multigammaln_refuses_what_it_is_not_defined_for(xp: Library) -> None:
    with pytest.raises(ValueError, match=r"over \(d - 1\) / 2 = 1.0"):
        nep.special.multigammaln(xp.asarray(np.array([3.0, 0.5])), 3)
    with pytest.raises(ValueError, match="positive whole number"):
        nep.special.multigammaln(xp.asarray(np.array([3.0])), 0)


def test_scipy_that_is_missing_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_scipy(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_scipy)

    with pytest.raises(ImportError, match=r"special.gamma needs SciPy: pip install 'neo-autodiff\[special"):
        numpy_special.needed("gamma")


def test_page_names_every_parameter_without_a_derivative() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "functions.md").read_text().replace("\n", " ")
    policies = {name: getattr(getattr(nep.special, name), "policy", None) for name in nep.special.__all__}
    parametric = {name: p for name, p in policies.items() if hasattr(p, "formulas")}

    lacking = {name: [x for x in p.operands if x not in p.formulas] for name, p in parametric.items()}

    assert [
        n for n, missing in lacking.items() if missing and f"`{n}` ({', '.join(missing)})" not in page
    ] == []
