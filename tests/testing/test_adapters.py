"""Rules of PyTorch, JAX and HIPS autograd, checked like neo's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neo.testing import adapters
from neo.testing.check import examine

INPUTS = (np.array([0.5, -1.25, 0.0]),)


def found(target: Any, **options: Any) -> list[str]:
    """Return what a check of one example finds."""
    return [f.kind for f in examine(target, **{"inputs": INPUTS, **options}).findings]


def torch_cube(factor: float) -> Any:
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return factor * g * x**2

    return adapters.torch_function(Cube)


def torch_stale() -> Any:
    """PyTorch's second derivative of this is wrong (pytorch 76185)."""
    torch = pytest.importorskip("torch")

    class DoubledSquare(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = 2 * x
            ctx.save_for_backward(y)
            return y * y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return 4 * g * y

    return adapters.torch_function(DoubledSquare)


def hips_cube(factor: float) -> Any:
    extend = pytest.importorskip("autograd.extend")

    @extend.primitive
    def cube(x):
        return x**3

    extend.defvjp(cube, lambda ans, x: lambda g: factor * g * x**2)
    return adapters.hips_primitive(cube)


def jax_cube(factor: float) -> Any:
    jax = pytest.importorskip("jax")

    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (factor * g * x**2,))
    return adapters.jax_custom_vjp(cube)


@pytest.mark.parametrize("cube", [torch_cube, hips_cube])
def test_a_right_rule_of_another_library_is_right(cube: Any) -> None:
    assert found(cube(3.0)) == []


@pytest.mark.parametrize("cube", [torch_cube, hips_cube])
def test_a_wrong_rule_of_another_library_is_found(cube: Any) -> None:
    assert found(cube(2.0)) == ["wrong_gradient"]


def test_the_second_derivative_that_pytorch_loses_is_found() -> None:
    assert found(torch_stale()) == ["wrong_second_order"]


def test_rules_of_jax_are_checked_in_double_precision() -> None:
    jax = pytest.importorskip("jax")

    with jax.enable_x64(True):
        one = {"inputs": (np.array([0.5, -1.25]),), "examples": 1, "orders": (1,)}
        assert found(jax_cube(3.0), **one) == []
        assert found(jax_cube(2.0), **one) == ["wrong_gradient"]


def test_jax_without_double_precision_is_told_how_to_get_it() -> None:
    jax = pytest.importorskip("jax")

    with jax.enable_x64(False):
        report = examine(jax_cube(3.0), inputs=INPUTS, examples=2, orders=(1,))

    assert "jax_enable_x64" in str(report)


def test_a_complex_rule_of_pytorch_follows_the_same_convention() -> None:
    torch = pytest.importorskip("torch")

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * g * x.conj()

    assert found(adapters.torch_function(Square), dtypes=("complex128",)) == []


def test_operands_are_named_after_the_rule() -> None:
    target = torch_cube(3.0)

    assert (target.name, target.names, target.only) == ("Cube", ["x"], ["torch"])
    assert np.isfinite(target.domain).all()
