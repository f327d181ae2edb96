"""The network of mnist.py in plain PyTorch, to train beside it."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import cross_entropy, linear, relu

Weights = list[dict[str, torch.Tensor]]


def copy_of(weights: Any, device: str | None) -> Weights:
    """Return neo's weights, as NumPy arrays, in PyTorch's layout: (out, in)."""
    return [
        {
            "weight": torch.tensor(layer["weight"].T.copy(), device=device, requires_grad=True),
            "bias": torch.tensor(layer["bias"], device=device, requires_grad=True),
        }
        for layer in weights
    ]


def logits_of(weights: Weights, images: torch.Tensor) -> torch.Tensor:
    """Return a score for every image and digit: (n, width) -> (n, 10)."""
    *hidden, last = weights
    for layer in hidden:
        images = relu(linear(images, layer["weight"], layer["bias"]))
    return linear(images, last["weight"], last["bias"])


def step(weights: Weights, rate: float, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Move the weights down the gradient of one batch's loss; return the loss."""
    loss = cross_entropy(logits_of(weights, images), labels)
    parameters = [array for layer in weights for array in layer.values()]
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for array, gradient in zip(parameters, gradients, strict=True):
            array -= rate * gradient
    return loss.detach()


@torch.no_grad()
def predict(weights: Weights, images: torch.Tensor) -> torch.Tensor:
    """Return the digit of the highest score for every image."""
    return logits_of(weights, images).argmax(dim=1)
