"""neo's functions in PyTorch's graph, and PyTorch's on neo's tape."""

from __future__ import annotations

import numpy as np
import pytest

import neo
import neo.numpy as nep

torch = pytest.importorskip("torch")
bridge = pytest.importorskip("neo.interop.torch")

X, W = (
    torch.tensor([0.3, -0.7, 1.2], dtype=torch.float64),
    torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64),
)


def _by_neo(tree, *, power):
    hidden = nep.tanh(tree["x"] * tree["w"])
    return {"sum": nep.sum(hidden**power), "hidden": hidden, "largest": nep.argmax(hidden)}


def _by_torch(tree, *, power):
    hidden = torch.tanh(tree["x"] * tree["w"])
    return {"sum": torch.sum(hidden**power), "hidden": hidden, "largest": torch.argmax(hidden)}


def _loss(f, x, w):
    out = f({"x": x, "w": w}, power=3)
    return out["sum"] * (out["hidden"] * x).sum() + out["largest"]


def _double(f, x, w):
    """Return gradients, and gradients of their squares' sum, by PyTorch."""
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    first = torch.autograd.grad(_loss(f, x, w), (x, w), create_graph=True)
    second = torch.autograd.grad(sum((g * g).sum() for g in first), (x, w), create_graph=True)
    return *first, *second, *torch.autograd.grad(sum((g * g).sum() for g in second), (x, w))


@pytest.mark.parametrize("backend", [None, "numpy"])
def test_neo_function_in_a_torch_graph_to_third_order(backend) -> None:
    found = _double(bridge.as_torch(_by_neo, backend=backend), X, W)

    for ours, plain in zip(found, _double(_by_torch, X, W), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-11, atol=1e-13)


def test_gradcheck_of_torch_holds() -> None:
    f = bridge.as_torch(lambda x, w: nep.sin(x) @ nep.exp(w))
    operands = X.clone().requires_grad_(), W.clone().requires_grad_()

    assert torch.autograd.gradcheck(f, operands)
    assert torch.autograd.gradgradcheck(f, operands)


def test_only_wanted_gradients_are_pulled() -> None:
    x = X.clone().requires_grad_()

    (found,) = torch.autograd.grad(bridge.as_torch(lambda x, w: nep.sum(x * w))(x, W), x)

    torch.testing.assert_close(found, W)
    assert not bridge.as_torch(nep.sin)(X).requires_grad


def test_neo_function_trains_in_a_torch_module() -> None:
    layer = torch.nn.Linear(3, 1).double()
    loss = bridge.as_torch(lambda y: nep.mean((y - 1.0) ** 2))

    loss(layer(X)).backward()

    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad[0], 2 * (layer(X) - 1.0).detach() * X)


def test_complex_gradients_have_torchs_convention() -> None:
    z = torch.tensor([1 + 2j, 0.5 - 1j], requires_grad=True)

    bridge.as_torch(lambda z: nep.sum(abs(z * z) ** 2))(z).backward()
    ours, z.grad = z.grad, None
    (torch.abs(z * z) ** 2).sum().backward()

    torch.testing.assert_close(ours, z.grad)


def test_result_that_is_no_tensor_is_an_error() -> None:
    with pytest.raises(TypeError, match="needs a function that returns tensors"):
        bridge.as_torch(lambda x: 3.0)(X)


def _order(f, n):
    for _ in range(n):
        f = (lambda g: lambda x: nep.sum(neo.grad(g)(x) * x))(f)
    return neo.grad(f)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_torch_function_on_a_neo_tape_to_every_order(n: int) -> None:
    found = _order(lambda x: _loss(bridge.as_neo(_by_torch), x, W), n)(X)

    torch.testing.assert_close(found, _order(lambda x: _loss(_by_neo, x, W), n)(X), rtol=1e-11, atol=1e-13)


def test_torch_function_in_forward_mode() -> None:
    f = lambda x: _loss(bridge.as_neo(_by_torch), x, W)  # noqa: E731
    plain = lambda x: _loss(_by_neo, x, W)  # noqa: E731

    value, pushed = neo.jvp(f, (X,), (W,))
    second = neo.jvp(neo.grad(f), (X,), (W,))[1]

    torch.testing.assert_close((value, pushed), neo.jvp(plain, (X,), (W,)))
    torch.testing.assert_close(second, neo.jvp(neo.grad(plain), (X,), (W,))[1], rtol=1e-11, atol=1e-13)


def test_torch_function_of_an_array_that_was_moved() -> None:
    softplus = bridge.as_neo(torch.nn.functional.softplus)

    found = neo.grad(lambda x: nep.sum(softplus(x.to("torch")).to("numpy") * x))(neo.asarray(np.zeros(2)))

    np.testing.assert_allclose(found.numpy(), np.log(2))


def test_argument_that_torch_does_not_use_has_gradient_zero() -> None:
    found = neo.grad(lambda x: bridge.as_neo(lambda x, w: w.sum())(x, W))(X)

    torch.testing.assert_close(found, torch.zeros_like(X))


def test_array_of_another_library_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"got float64 array of shape \(2,\) of numpy; x.to\('torch'\)"):
        bridge.as_neo(torch.sin)(np.ones(2))


# PyTorch's own, at the first use of its forward mode.
from_torch = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


@from_torch
@pytest.mark.parametrize("backend", [None, "numpy"])
def test_tangents_of_torch_are_pushed_through_a_neo_function_and_differentiated(backend) -> None:
    forward = torch.autograd.forward_ad
    x = X.clone().requires_grad_()
    found = []

    for f in (bridge.as_torch(_by_neo, backend=backend), _by_torch):
        with forward.dual_level():
            out = f({"x": forward.make_dual(x, W), "w": W}, power=3)
            tangents = [forward.unpack_dual(out[name]).tangent for name in ("sum", "hidden")]
            assert forward.unpack_dual(out["largest"]).tangent is None
            found.append([*tangents, *torch.autograd.grad(tangents[0], x)])

    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(
            ours.detach(), forward.unpack_dual(plain.detach()).primal, rtol=1e-12, atol=0
        )


def _chain(x, w):
    return nep.sum(nep.sin(x) * w * nep.exp(x))


def _chain_by_torch(x, w):
    return (torch.sin(x) * w * torch.exp(x)).sum()


FUNC = {
    "jvp": lambda f: torch.func.jvp(lambda x: f(x, W), (X,), (W,))[1],
    "grad of grad": lambda f: torch.func.grad(lambda x: torch.func.grad(f)(x, W).sum())(X),
    "hessian": lambda f: torch.func.hessian(f)(X, W),
    "jacrev": lambda f: torch.func.jacrev(torch.func.grad(f))(X, W),
    "vmap": lambda f: torch.func.vmap(f, (0, None))(torch.stack([X, W]), X),
    "vmap of grad": lambda f: torch.func.vmap(torch.func.grad(f), (0, None))(torch.stack([X, W]), X),
    "grad of vmap": lambda f: torch.func.grad(lambda xs: torch.func.vmap(f, (1, None))(xs, X[:3]).sum())(
        torch.stack([X, W], 1)
    ),
}


def _writing(x, w):
    x[0] = x[1] * w[2]
    x *= w
    w *= 2
    return nep.sum(nep.sin(x) * w)


def _without_writing(x, w):
    x = torch.stack([x[1] * w[2], x[1], x[2]]) * w
    return (torch.sin(x) * w * 2).sum()


@from_torch
@pytest.mark.parametrize("backend", [None, "numpy"])
@pytest.mark.parametrize("transform", FUNC.values(), ids=FUNC)
def test_function_that_writes_is_right_and_leaves_the_tensors_alone(transform, backend) -> None:
    kept = X.clone(), W.clone()

    found = transform(bridge.as_torch(_writing, backend=backend))

    torch.testing.assert_close((X, W), kept, rtol=0, atol=0)
    torch.testing.assert_close(found, transform(_without_writing), rtol=1e-12, atol=1e-14)


@from_torch
@pytest.mark.parametrize("backend", [None, "numpy"])
def test_function_that_writes_into_a_constant_is_right_to_second_order(backend) -> None:
    x, w = X.clone().requires_grad_(), W.clone()

    (first,) = torch.autograd.grad(bridge.as_torch(_writing, backend=backend)(x, w), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)

    torch.testing.assert_close(w, W, rtol=0, atol=0)
    torch.testing.assert_close(first, torch.func.grad(_without_writing)(X, W), rtol=1e-12, atol=1e-14)
    hessian = torch.func.hessian(_without_writing)(X, W)
    torch.testing.assert_close(second, hessian.sum(0), rtol=1e-12, atol=1e-14)


AS_IT_IS = {
    "jvp": lambda f: torch.func.jvp(f, (X,), (W,)),
    "grad": lambda f: torch.func.grad(lambda x: (f(x) ** 3).sum())(X),
    "hessian": lambda f: torch.func.hessian(lambda x: (f(x) ** 3).sum())(X),
    "vmap": lambda f: torch.func.vmap(f)(torch.stack([X, W])),
}


@from_torch
@pytest.mark.parametrize("backend", [None, "numpy"])
@pytest.mark.parametrize("transform", AS_IT_IS.values(), ids=AS_IT_IS)
def test_function_that_returns_its_argument_is_taken_by_transforms(transform, backend) -> None:
    found = transform(bridge.as_torch(lambda x: x, backend=backend))

    torch.testing.assert_close(found, transform(torch.clone))


@from_torch
@pytest.mark.parametrize("backend", [None, "numpy"])
@pytest.mark.parametrize("transform", FUNC.values(), ids=FUNC)
def test_transforms_of_torch_take_a_neo_function(transform, backend) -> None:
    found = transform(bridge.as_torch(_chain, backend=backend))

    torch.testing.assert_close(found, transform(_chain_by_torch), rtol=1e-12, atol=1e-14)


def test_tensor_of_the_code_around_that_requires_a_gradient_is_refused() -> None:
    x, w = torch.ones(2), torch.ones(2, requires_grad=True)
    parameters = {"w": [w]}

    for f in (lambda x: nep.sum(x * w), lambda x: nep.sum(x * parameters["w"][0])):
        with pytest.raises(TypeError, match=r"takes (w|parameters) from the code around it, which requires"):
            bridge.as_torch(f)(x)
        with torch.no_grad():
            assert bridge.as_torch(f)(x) == 2


def test_tensor_of_the_code_around_without_a_gradient_is_a_constant() -> None:
    x, w = torch.ones(2, requires_grad=True), torch.ones(2)

    bridge.as_torch(lambda x: nep.sum(x * w))(x).backward()

    assert x.grad.tolist() == [1, 1]
