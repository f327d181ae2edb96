"""neo's functions in PyTorch's graph, and PyTorch's functions on neo's tape, to every order."""

from __future__ import annotations

from collections.abc import Callable
from dis import get_instructions
from functools import lru_cache, wraps
from types import CodeType, FunctionType
from typing import Any

import torch

from .. import backends, tree
from ..core.array import Traced, box, unbox
from ..core.call import call
from ..core.dtypes import differentiable
from ..core.kept import contents
from ..core.policy import Policy
from ..errors import describe
from ..ops.conversion import to
from ..transforms.gradient import vjp
from ..transforms.vmap import vmap
from .leaves import Flat, Flattened, pulled_by_neo, pushed_by_neo

__all__ = ["as_neo", "as_torch"]


def as_torch(f: Callable[..., Any], *, backend: str | None = None) -> Callable[..., Any]:
    """Return a neo function as one of tensors that PyTorch's autograd differentiates.

    f: a function of arrays and trees of arrays, which gets neo's Arrays of the tensors: what it
    writes into them leaves the tensors alone. backend: the library to run it on, by default Torch.
    Gradient: to the tensors that require one, by `backward()` or `torch.autograd.grad`, to every
    order (`create_graph=True`); tangents by `torch.autograd.forward_ad`; and by the transforms of
    `torch.func`, `vmap` among them. Only to arguments: pass parameters, do not close over them.
    Raises TypeError when f returns something that is no array, or names a tensor of the code around
    it that requires a gradient.

    >>> import neo.numpy as nep
    >>> x = torch.tensor([0.0, 1.0], requires_grad=True)
    >>> as_torch(lambda x: nep.sum(x * nep.exp(x)))(x).backward()
    >>> x.grad
    tensor([1.0000, 5.4366])
    """

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        if torch.is_grad_enabled():
            _must_lose_no_gradient(f)
        run = Flattened(f if backend is None else _on(backend, f), args, kwargs, _is_tensor)
        found = _Call.apply(_Run(run.flat), *run.arrays)
        return run.build(list(found))

    return function


def _must_lose_no_gradient(f: Any) -> None:
    """Raise TypeError where a function names a tensor outside of it whose gradient would be lost."""
    if not isinstance(f, FunctionType):
        return
    named = {name: f.__globals__.get(name) for name in _globals_of(f.__code__)}
    named |= dict(zip(f.__code__.co_freevars, contents(f.__closure__ or ()), strict=False))
    for name, x in named.items():
        leaves = tree.flatten(x)[0] if type(x) in (list, tuple, dict) else [x]
        if any([_is_tensor(leaf) and leaf.requires_grad for leaf in leaves]):
            raise TypeError(
                f"as_torch: {f.__name__} takes {name} from the code around it, which requires a gradient "
                f"that would be lost. Make it an argument of the function, or use {name}.detach()"
            )


@lru_cache
def _globals_of(code: CodeType) -> frozenset[str]:
    """Return the global names that a function's code loads."""
    return frozenset([step.argval for step in get_instructions(code) if step.opname == "LOAD_GLOBAL"])


def _is_tensor(x: Any) -> bool:
    return isinstance(x, torch.Tensor)


def _on(backend: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return f run on another library, its results tensors again."""

    def moved(*args: Any, **kwargs: Any) -> Any:
        leaves, build = tree.flatten((args, kwargs))
        device = next((box(x).device for x in leaves if hasattr(x, "dtype")), "cpu")
        given, named = build([to(x, backend=backend) if hasattr(x, "dtype") else x for x in leaves])
        return tree.map(lambda x: to(x, backend="torch", device=device), f(*given, **named))

    return moved


class _Run:
    """A function of tensors, to be called once; and, after that, the pull-back to the wanted ones."""

    def __init__(self, f: Flat) -> None:
        self.f = f
        self.pull: Any = None
        self.wanted: list[int] = []

    def __call__(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run f, on a tape where a gradient is wanted."""
        self.wanted = [k for k, x in enumerate(tensors) if x.requires_grad and differentiable(x.dtype)]
        # Written into, an Array is rebound and the tensor kept; detached, a result is never an operand.
        xs: list[Any] = [box(x.detach()) for x in tensors]

        def of_wanted(*some: Any) -> tuple[Any, ...]:
            for k, x in zip(self.wanted, some, strict=True):
                xs[k] = x
            return self.f(*xs)

        if self.wanted:
            found, self.pull = vjp(of_wanted, *[xs[k] for k in self.wanted])
        else:
            found = self.f(*xs)
        return tuple([_tensor(unbox(x)) for x in found])


class _Call(torch.autograd.Function):
    """One call of a neo function of tensors, as PyTorch's graph has it."""

    @staticmethod
    def forward(run: _Run, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run the function."""
        return run(*tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep what the gradient needs."""
        ctx.run, *tensors = inputs
        ctx.wanted = [k for k, _ in enumerate(tensors) if ctx.needs_input_grad[k + 1]]
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.moving = [differentiable(x.dtype) for x in output]
        ctx.mark_non_differentiable(*[x for x in output if not differentiable(x.dtype)])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        """Pull the gradients back by neo; as a call of its own where PyTorch records this one too."""
        tensors, run = ctx.saved_tensors, ctx.run
        if torch.is_grad_enabled() or ctx.wanted != run.wanted:
            pull = pulled_by_neo(run.f, ctx.wanted, len(tensors))
            found = _Call.apply(_Run(pull), *tensors, *gradients)
        else:
            found = [unbox(g) for g in run.pull(tuple(gradients))]
        placed = dict(zip(ctx.wanted, found, strict=True))
        return (None, *[placed.get(k) for k in range(len(tensors))])

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: Any) -> tuple[Any, ...]:
        """Push the tangents by neo, as a call of its own: PyTorch may differentiate that again."""
        moved = [k for k, v in enumerate(tangents) if v is not None]
        push = pushed_by_neo(ctx.run.f, moved, len(tangents))
        found = iter(_Call.apply(_Run(push), *ctx.saved_tensors, *[tangents[k] for k in moved]))
        return tuple([next(found) if moving else None for moving in ctx.moving])

    @staticmethod
    def vmap(info: Any, axes: Any, run: _Run, *tensors: torch.Tensor) -> tuple[Any, Any]:
        """Map by neo, as a call of its own."""
        mapped = vmap(run.f, tuple(axes[1:]), axis_size=info.batch_size)
        found = _Call.apply(_Run(mapped), *tensors)
        return found, (0,) * len(found)


def _tensor(x: Any) -> torch.Tensor:
    if not isinstance(x, torch.Tensor):
        raise TypeError(
            f"as_torch needs a function that returns tensors; this one returned {describe(x)}. Compute it "
            f"with neo's functions, or name the library that f runs on: as_torch(f, backend='numpy')"
        )
    return x


def as_neo(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a PyTorch function as one of arrays over Torch that neo differentiates.

    f: made of PyTorch's functions, a module too; of tensors and trees of tensors.
    Gradient: to the arrays among the arguments, by PyTorch's autograd, to every order, forward and
    reverse. Not to what f closes over: parameters of a module that are to be differentiated are
    arguments (torch.func.functional_call).
    Raises TypeError for arrays of another library; x.to("torch") moves one.

    >>> import neo
    >>> softplus = as_neo(torch.nn.functional.softplus)
    >>> neo.grad(neo.grad(lambda x: softplus(x)))(torch.tensor(0.0))
    tensor(0.2500)
    """

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        run = Flattened(f, args, kwargs, lambda x: isinstance(x, Traced) or hasattr(x, "dtype"))
        found = call(TorchCall, run.arrays, {"f": run.flat})
        return run.build(list(found))

    return function


class TorchCall(Policy):
    """One call of a PyTorch function, whose gradient is PyTorch's."""

    bare = True
    first_order = ("graph",)

    def forward(self, *tensors: Any, f: Flat) -> Any:
        """Return f's results, keeping PyTorch's graph of them for the way back."""
        for x in tensors:
            if not isinstance(x, torch.Tensor):
                raise TypeError(
                    f"a PyTorch function got {describe(x)} of {backends.of(x).name}; x.to('torch') moves it"
                )
        wanted = [k for k, x in enumerate(tensors) if self.needs(k) and differentiable(x.dtype)]
        self.f, self.graph = f, _Graph(f, tensors, wanted)
        out = tuple([x.detach() for x in self.graph.results])
        self.ctx.save(*tensors, *out)
        return out

    def backward(self, *gradients: Any) -> Any:
        """Pull the gradients through the graph; by a call of its own where neo records this one too."""
        tensors = self.ctx.release[: -len(gradients)]
        wanted = self.graph.wanted
        if any([isinstance(x, Traced) for x in (*tensors, *gradients)]):
            found = call(TorchCall, [*tensors, *gradients], {"f": _pulled(self.f, wanted, len(tensors))})
        else:
            found = self.graph.pull([unbox(g) for g in gradients], create_graph=False)
        placed = dict(zip(wanted, found, strict=True))
        return tuple([placed.get(k) for k in range(len(tensors))])


class _Graph:
    """PyTorch's graph of one run, for a first derivative: one of higher order asks f again."""

    def __init__(self, f: Flat, tensors: Any, wanted: list[int]) -> None:
        self.wanted = wanted
        with torch.enable_grad():
            # What requires a gradient is part of a graph already: that of an outer derivative.
            self.tensors = [
                x.detach().requires_grad_() if k in wanted and not x.requires_grad else x
                for k, x in enumerate(tensors)
            ]
            self.results = tuple([torch.as_tensor(x) for x in f(*self.tensors)])

    def pull(self, gradients: Any, create_graph: bool) -> tuple[torch.Tensor, ...]:
        """Return the gradients of the wanted tensors."""
        pairs = [(x, g) for x, g in zip(self.results, gradients, strict=True) if x.requires_grad]
        inputs = [self.tensors[k] for k in self.wanted]
        if not pairs or not inputs:
            return tuple([torch.zeros_like(x) for x in inputs])
        results, seeds = zip(*pairs, strict=True)
        settings = {"create_graph": create_graph, "retain_graph": True, "materialize_grads": True}
        return torch.autograd.grad(results, inputs, seeds, allow_unused=True, **settings)


def _pulled(f: Flat, wanted: list[int], count: int) -> Flat:
    """Return the PyTorch function of f's tensors and a gradient per result that pulls them back."""

    def pull(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return _Graph(f, tensors[:count], wanted).pull(tensors[count:], create_graph=True)

    return pull
