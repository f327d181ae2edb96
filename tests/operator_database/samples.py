"""The samples of PyTorch's operator database, and PyTorch's own results for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

DTYPES = {"float64": torch.float64, "complex128": torch.complex128}


def name_of(operation: Any) -> str:
    """Return the name that the tables know an entry of the database by, its variant included."""
    variant = operation.variant_test_name
    return f"{operation.name}:{variant}" if variant else operation.name


OPERATIONS = {name_of(operation): operation for operation in op_db}


@dataclass
class Sample:
    """One call: operation(*args, **kwargs), where the numbers in `tensors` say which are tensors."""

    operation: str
    dtype: str
    number: int
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    finish: Callable[[Any], Any]
    leaves: list[torch.Tensor] = field(default_factory=list)

    @property
    def label(self) -> str:
        """How a report names the sample."""
        return f"{self.operation}[{self.dtype}, {self.number}]"


def samples(name: str, dtype: str) -> Iterator[Sample]:
    """Yield the samples of an operation, the same ones each time."""
    operation = OPERATIONS[name]
    if DTYPES[dtype] not in operation.dtypes:
        return
    # Of the CPU alone: torch.manual_seed formats the stack once for each kind of accelerator.
    torch.default_generator.manual_seed(0)
    np.random.seed(0)
    wanted = operation.supports_autograd and DTYPES[dtype] in operation.supported_backward_dtypes("cpu")
    found = operation.sample_inputs("cpu", DTYPES[dtype], requires_grad=wanted)
    for number, sample in enumerate(found):
        if sample.kwargs.get("return_indices"):
            continue  # the same call, which gives the positions of the largest elements beside it
        args = (sample.input, *sample.args)
        leaves: list[torch.Tensor] = []
        replace(args, sample.kwargs, lambda x, leaves=leaves: _note(x, leaves))
        yield Sample(name, dtype, number, args, sample.kwargs, sample.output_process_fn_grad, leaves)


def _note(x: Any, leaves: list[torch.Tensor]) -> Any:
    if isinstance(x, torch.Tensor) and x.requires_grad and not any(x is leaf for leaf in leaves):
        leaves.append(x)
    return x


def replace(args: Any, kwargs: Any, change: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Return arguments with every leaf changed, in lists, tuples and dicts."""
    return _replaced(args, change), {name: _replaced(x, change) for name, x in kwargs.items()}


def _replaced(x: Any, change: Callable[[Any], Any]) -> Any:
    if type(x) in (list, tuple):
        return type(x)([_replaced(y, change) for y in x])
    return change(x)


def expected(sample: Sample) -> tuple[list[torch.Tensor], list[Any], list[torch.Tensor]]:
    """Return PyTorch's results, the cotangents for those that have a gradient, and the gradients."""
    fresh = [x.detach().clone().requires_grad_() for x in sample.leaves]
    args, kwargs = replace(sample.args, sample.kwargs, lambda x: _fresh(x, sample.leaves, fresh))
    operation = OPERATIONS[sample.operation]
    out = operation.gradcheck_wrapper(operation.op, *args, **kwargs)
    results = tensors(sample.finish(out))
    cotangents = [_cotangent(x, k) if x.requires_grad else None for k, x in enumerate(results)]
    chosen = [(x, c) for x, c in zip(results, cotangents, strict=True) if c is not None]
    gradients = _pulled(chosen, fresh)
    # + 0, since PyTorch's gradient of a constant may be a tensor without storage.
    return [x.detach() for x in results], cotangents, [g + 0 for g in gradients]


def _fresh(x: Any, old: list[Any], new: list[Any]) -> Any:
    return next((n for o, n in zip(old, new, strict=True) if o is x), x)


def _pulled(chosen: list[Any], leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    if not chosen or not leaves:
        return [torch.zeros_like(x) for x in leaves]
    outputs, weights = zip(*chosen, strict=True)
    found = torch.autograd.grad(outputs, leaves, weights, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True)]


def tensors(out: Any) -> list[torch.Tensor]:
    """Return the tensors of a result, in order."""
    if isinstance(out, torch.Tensor):
        return [out]
    if isinstance(out, tuple | list):
        return [x for y in out for x in tensors(y)]
    return [torch.as_tensor(out)]


def _cotangent(x: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(x.shape, dtype=x.dtype, generator=generator)
