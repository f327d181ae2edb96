"""The contestants: what each library calls the functions of the workloads, and how it differentiates.

A library is made on first use; one that is not installed, or does not run here, says why. Everything
runs on one thread of a CPU unless `--device` says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

Step = Callable[[list[Any], list[Any]], tuple[Any, list[Any]]]


class Library(SimpleNamespace):
    """A contestant. ops: the functions of the workloads. array: from a NumPy array.

    gradient(loss): returns step(parameters, data) -> (value, gradients). updated(p, g, rate):
    returns p less rate * g, in place where the library can. ready(x): waits for x, as NumPy's.
    leaf: makes a parameter, and quiet a context to run in, where that is not `array` and none.
    """


def in_place(p: Any, g: Any, rate: float) -> Any:
    p -= rate * g
    return p


def neo_over(name: str) -> Library:
    import neo
    import neo.numpy as nep
    from neo import functions

    ops = SimpleNamespace(
        sin=nep.sin,
        tanh=nep.tanh,
        sigmoid=functions.sigmoid,
        relu=functions.relu,
        gelu=functions.gelu,
        linear=functions.linear,
        layer_norm=functions.layer_norm,
        softmax=functions.softmax,
        cross_entropy=functions.cross_entropy,
        sum=nep.sum,
        mean=nep.mean,
        matmul=nep.matmul,
        reshape=nep.reshape,
        swap=lambda x, a, b: nep.permute_dims(x, _swapped(x, a, b)),
    )
    backend = neo.backends.get(name)
    if name == "torch":
        torch_on_one_thread()
    return Library(
        ops=ops,
        array=lambda a: backend.asarray(a.copy()),
        gradient=lambda loss: neo.value_and_grad(lambda p, d: loss(ops, p, d)),
        updated=in_place,
        ready=backend.to_numpy,
    )


def _swapped(x: Any, a: int, b: int) -> tuple[int, ...]:
    axes = list(range(len(x.shape)))
    axes[a], axes[b] = b, a
    return tuple(axes)


def torch_on_one_thread() -> Any:
    import torch

    torch.set_num_threads(1)
    return torch


def pytorch(compiled: bool = False) -> Library:
    torch = torch_on_one_thread()
    from torch.nn import functional

    ops = SimpleNamespace(
        sin=torch.sin,
        tanh=torch.tanh,
        sigmoid=torch.sigmoid,
        relu=torch.relu,
        gelu=functional.gelu,
        linear=lambda x, weight, bias: x @ weight + bias,
        layer_norm=lambda x, weight, bias: functional.layer_norm(x, (x.shape[-1],), weight, bias),
        softmax=lambda x: torch.softmax(x, -1),
        cross_entropy=functional.cross_entropy,
        sum=torch.sum,
        mean=torch.mean,
        matmul=torch.matmul,
        reshape=torch.reshape,
        swap=torch.swapaxes,
    )

    def gradient(loss: Any) -> Step:
        f = torch.compile(lambda p, d: loss(ops, p, d)) if compiled else lambda p, d: loss(ops, p, d)

        def step(parameters: list[Any], data: list[Any]) -> tuple[Any, list[Any]]:
            value = f(parameters, data)
            return value, torch.autograd.grad(value, parameters)

        return step

    def updated(p: Any, g: Any, rate: float) -> Any:
        with torch.no_grad():
            p -= rate * g
        return p

    return Library(
        ops=ops,
        array=lambda a: torch.asarray(a.copy()),
        leaf=lambda a: torch.asarray(a.copy()).requires_grad_(),
        gradient=gradient,
        updated=updated,
        ready=lambda x: x.detach().numpy(),
    )


def hips_autograd() -> Library:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import erf, logsumexp

    return _numpy_like(
        anp,
        erf,
        logsumexp,
        array=np.array,
        gradient=lambda f: autograd.value_and_grad(f),
        take=lambda scores, labels: scores[np.arange(len(labels)), labels],
        sigmoid=lambda x: 0.5 * (anp.tanh(0.5 * x) + 1),
        updated=in_place,
    )


def jax(jitted: bool = False) -> Library:
    import jax as library
    import jax.numpy as jnp
    from jax.scipy.special import erf, logsumexp

    def gradient(f: Any) -> Step:
        both = library.value_and_grad(f)
        return library.jit(both) if jitted else both

    return _numpy_like(
        jnp,
        erf,
        logsumexp,
        array=jnp.asarray,
        gradient=gradient,
        take=lambda scores, labels: scores[np.arange(len(labels)), labels],
        sigmoid=library.nn.sigmoid,
        updated=lambda p, g, rate: p - rate * g,
    )


def mygrad() -> Library:
    import mygrad as mg
    from mygrad.nnet import activations

    def erf(x: Any) -> Any:
        raise NotImplementedError("MyGrad has no erf, so no gelu")

    def gradient(f: Any) -> Step:
        def step(parameters: list[Any], data: list[Any]) -> tuple[Any, list[Any]]:
            leaves = [mg.tensor(p, copy=False) for p in parameters]
            value = f(leaves, data)
            value.backward()
            return value.data, [leaf.grad for leaf in leaves]

        return step

    return _numpy_like(
        mg,
        erf,
        lambda x, axis: mg.log(mg.sum(mg.exp(x), axis=axis)),
        array=np.array,
        gradient=gradient,
        take=lambda scores, labels: scores[np.arange(len(labels)), labels],
        sigmoid=activations.sigmoid,
        updated=in_place,
    )


def _numpy_like(
    xp: Any, erf: Any, logsumexp: Any, *, array: Any, gradient: Any, take: Any, sigmoid: Any, updated: Any
) -> Library:
    """Return a library whose functions are NumPy's by name; what NumPy lacks is composed, as its users do."""

    def softmax(x: Any) -> Any:
        parts = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
        return parts / xp.sum(parts, axis=-1, keepdims=True)

    def layer_norm(x: Any, weight: Any, bias: Any) -> Any:
        x = x - xp.mean(x, axis=-1, keepdims=True)
        return x * (xp.mean(x * x, axis=-1, keepdims=True) + 1e-5) ** -0.5 * weight + bias

    ops = SimpleNamespace(
        sin=xp.sin,
        tanh=xp.tanh,
        sigmoid=sigmoid,
        relu=lambda x: xp.maximum(x, 0),
        gelu=lambda x: x * (0.5 * (1 + erf(x * 0.5**0.5))),
        linear=lambda x, weight, bias: xp.matmul(x, weight) + bias,
        layer_norm=layer_norm,
        softmax=softmax,
        cross_entropy=lambda logits, labels: xp.mean(logsumexp(logits, axis=1) - take(logits, labels)),
        sum=xp.sum,
        mean=xp.mean,
        matmul=xp.matmul,
        reshape=xp.reshape,
        swap=xp.swapaxes,
    )
    return Library(
        ops=ops,
        array=array,
        gradient=lambda loss: gradient(lambda p, d: loss(ops, p, d)),
        updated=updated,
        ready=np.asarray,
    )


def tinygrad() -> Library:
    from tinygrad import Tensor

    ops = SimpleNamespace(
        sin=Tensor.sin,
        tanh=Tensor.tanh,
        sigmoid=Tensor.sigmoid,
        relu=Tensor.relu,
        gelu=Tensor.gelu,
        linear=lambda x, weight, bias: x @ weight + bias,
        layer_norm=lambda x, weight, bias: x.layernorm() * weight + bias,
        softmax=Tensor.softmax,
        cross_entropy=lambda logits, labels: logits.cross_entropy(labels),
        sum=Tensor.sum,
        mean=Tensor.mean,
        matmul=Tensor.matmul,
        reshape=lambda x, shape: x.reshape(shape),
        swap=Tensor.transpose,
    )

    def gradient(loss: Any) -> Step:
        def step(parameters: list[Any], data: list[Any]) -> tuple[Any, list[Any]]:
            value = loss(ops, parameters, data)
            gradients = value.gradient(*parameters)
            Tensor.realize(value, *gradients)
            return value, gradients

        return step

    return Library(
        ops=ops,
        array=lambda a: Tensor(a).realize(),
        gradient=gradient,
        updated=lambda p, g, rate: (p - rate * g).realize(),
        ready=lambda x: x.numpy(),
    )


# By name, in the order of the table. The first is what all ratios are to.
LIBRARIES: dict[str, Callable[[], Library]] = {
    "PyTorch eager": pytorch,
    "neo over NumPy": lambda: neo_over("numpy"),
    "neo over Torch": lambda: neo_over("torch"),
    "HIPS autograd": hips_autograd,
    "MyGrad": mygrad,
    "JAX eager": jax,
    "jax.jit": lambda: jax(jitted=True),
    "torch.compile": lambda: pytorch(compiled=True),
    "tinygrad": tinygrad,
}
# Minutes of compilation: only when asked for by name, or with `--libraries all`.
SLOW = ("torch.compile", "tinygrad")
