"""Rules that live elsewhere, checked like neo's: of PyTorch, JAX and HIPS autograd.

`check_policy(adapters.torch_function(MyFunction), inputs=...)`. Each library's own convention for complex
gradients is turned into neo's, the adjoint for the real inner product.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..core.dtypes import differentiable
from .subjects import Hosts, Subject, own
from .targets import Target, convention_of


def torch_function(function: Any, *, domain: Any = (-2.0, 2.0), kink: Any = None) -> Target:
    """Return a torch.autograd.Function as what check_policy takes.

    Settings go in by keyword. domain, kink: as a Policy declares them.
    """
    parameters = list(inspect.signature(function.forward).parameters)
    with_context = parameters[1:] if parameters and parameters[0] == "ctx" else parameters
    return _target(
        function,
        lambda *xs, **settings: function.apply(*xs, *settings.values()),
        with_context,
        _Torch,
        domain,
        kink,
    )


def jax_custom_vjp(function: Any, *, domain: Any = (-2.0, 2.0), kink: Any = None) -> Target:
    """Return a function made by jax.custom_vjp as what check_policy takes."""
    return _target(function, function, _parameters(function), _Jax, domain, kink)


def hips_primitive(function: Any, *, domain: Any = (-2.0, 2.0), kink: Any = None) -> Target:
    """Return a primitive with a rule by autograd's defvjp as what check_policy takes."""
    return _target(function, function, _parameters(function), _Hips, domain, kink)


def _parameters(function: Any) -> list[str]:
    # autograd keeps the function itself as `fun`, behind a wrapper that takes anything.
    parameters = inspect.signature(getattr(function, "fun", function)).parameters.values()
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _target(function: Any, call: Any, names: list[str], make: Any, domain: Any, kink: Any) -> Target:
    name = getattr(function, "__name__", type(function).__name__)
    convention = convention_of(kink, "kink")
    return Target(name, call, names, domain=domain, convention=convention, only=[make.only], make=make)


class _Foreign(Subject):
    """A function that another library differentiates, from NumPy to NumPy."""

    only = "numpy"

    def native(self, hosts: Sequence[np.ndarray]) -> list[Any]:
        every = list(self.operands)
        for k, x in zip(self.varied, hosts, strict=True):
            every[k] = x
        return [self.make(own(x), name) for x, name in zip(every, self.dtypes, strict=True)]

    def make(self, x: np.ndarray, dtype: str) -> Any:
        return np.asarray(x, dtype=dtype)

    def run(self, natives: Sequence[Any]) -> tuple[Any, ...]:
        results = self.function(*natives)
        results = tuple(results) if isinstance(results, tuple | list) else (results,)
        return tuple([x for x in results if hasattr(x, "dtype") and differentiable(x.dtype)])

    def read(self, x: Any) -> np.ndarray:
        return np.array(x)

    def value(self, hosts: Sequence[np.ndarray]) -> Hosts:
        return [self.read(x) for x in self.run(self.native(hosts))]

    def varying(self, natives: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
        """Return the function of the differentiated operands alone."""

        def varied(*arrays: Any) -> tuple[Any, ...]:
            every = list(natives)
            for k, x in zip(self.varied, arrays, strict=True):
                every[k] = x
            return self.run(every)

        return varied

    def puller(self, hosts: Sequence[np.ndarray]) -> tuple[Hosts, Callable[[Sequence[np.ndarray]], Hosts]]:
        results, pull = self.pull_native(self.native(hosts))

        def pulled(cotangents: Sequence[np.ndarray]) -> Hosts:
            given = [
                self.make(own(w), str(self.read(x).dtype)) for w, x in zip(cotangents, results, strict=True)
            ]
            return [self.read(g) for g in pull(given)]

        return [self.read(x) for x in results], pulled

    def derivative(self, cotangents: Sequence[np.ndarray]) -> Subject:
        count = len(self.operands)
        pulled = lambda *arrays: tuple(self.pull_native(arrays[:count])[1](arrays[count:]))  # noqa: E731
        names = [str(x.dtype) for x in self.value(self.points)]
        found = type(self)(pulled, self.library, [*self.operands, *cotangents], [*self.dtypes, *names])
        found.cotangents = self.cotangents + len(cotangents)
        return found


class _Torch(_Foreign):
    only = "torch"

    def make(self, x: np.ndarray, dtype: str) -> Any:
        torch = import_module("torch")
        # Tensors have no negative strides.
        return torch.tensor(x.copy() if min(x.strides, default=0) < 0 else x, dtype=getattr(torch, dtype))

    def read(self, x: Any) -> np.ndarray:
        return np.array(x.detach().resolve_conj())

    def pull_native(self, natives: Sequence[Any]) -> Any:
        torch = import_module("torch")
        leaves = [
            natives[k] if natives[k].requires_grad else natives[k].requires_grad_() for k in self.varied
        ]
        results = self.varying(natives)(*leaves)

        def pull(cotangents: Sequence[Any]) -> list[Any]:
            pairs = [(x, w) for x, w in zip(results, cotangents, strict=True) if x.requires_grad]
            if not pairs:
                return [torch.zeros_like(x) for x in leaves]
            found = torch.autograd.grad(
                [x for x, _ in pairs], leaves, [w for _, w in pairs], create_graph=True, allow_unused=True
            )
            return [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True)]

        return results, pull


class _Jax(_Foreign):
    only = "jax"
    threaded = False

    def make(self, x: np.ndarray, dtype: str) -> Any:
        if dtype in ("float64", "complex128") and not import_module("jax").config.jax_enable_x64:
            raise TypeError(
                f"JAX makes single precision of {dtype}, in which slopes are too coarse. Call "
                f'jax.config.update("jax_enable_x64", True) first'
            )
        return import_module("jax.numpy").asarray(x, dtype=dtype)

    def pull_native(self, natives: Sequence[Any]) -> Any:
        results, pull = import_module("jax").vjp(self.varying(natives), *[natives[k] for k in self.varied])
        conj = import_module("jax.numpy").conj
        return results, lambda cotangents: [conj(g) for g in pull(tuple([conj(w) for w in cotangents]))]


class _Hips(_Foreign):
    only = "numpy"

    def read(self, x: Any) -> np.ndarray:
        return np.array(getattr(x, "_value", x))

    def pull_native(self, natives: Sequence[Any]) -> Any:
        make_vjp, conj = import_module("autograd").make_vjp, import_module("autograd.numpy").conj
        varied = self.varying(natives)
        chosen = [natives[k] for k in self.varied]
        results = varied(*chosen)
        several = import_module("autograd.builtins").tuple
        pull, _ = make_vjp(lambda xs: several(varied(*xs)))(several(tuple(chosen)))
        return results, lambda cotangents: [
            conj(g) for g in pull(several(tuple([conj(w) for w in cotangents])))
        ]
