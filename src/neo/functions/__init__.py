"""Functions of neural networks, each one call on the tape, and `neo_function` for your own."""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any as _Any

from ..core.call import neo_function
from ..errors import near as _near
from ..ops.refusals import suggest_functions as _suggest_functions
from .activations import (
    elu,
    gelu,
    glu,
    leaky_relu,
    log_sigmoid,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    softplus,
)
from .dropout import dropout
from .linear import linear
from .losses import cross_entropy
from .normalization import batch_norm, group_norm, layer_norm, rms_norm
from .softmax import log_softmax, logsumexp, softmax
from .spikes import spike

# Loaded on first use, by the module that they are in: most programs want few of them.
_LATER = {
    name: module
    for module, names in {
        "attention": "embedding one_hot scaled_dot_product_attention",
        "convolution": "conv conv_transpose",
        "criteria": "binary_cross_entropy_with_logits huber_loss l1_loss mse_loss",
        "pooling": "avg_pool max_pool",
        "resizing": "adaptive_avg_pool adaptive_max_pool interpolate",
    }.items()
    for name in names.split()
}

__all__ = [
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "avg_pool",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "conv",
    "conv_transpose",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "group_norm",
    "huber_loss",
    "interpolate",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "max_pool",
    "mish",
    "mse_loss",
    "neo_function",
    "one_hot",
    "relu",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "spike",
]
_suggest_functions("neo.functions", __all__)


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        raise AttributeError(f"neo.functions has no {name!r}{_near(name, __all__)}")
    globals()[name] = found = getattr(_import_module(f"neo.functions.{_LATER[name]}"), name)
    return found
