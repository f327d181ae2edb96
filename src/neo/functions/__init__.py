"""Functions of neural networks, each one call on the tape, and `neo_function` for your own."""

from ..core.call import neo_function
from .activations import elu, gelu, leaky_relu, relu, sigmoid, silu, softplus
from .dropout import dropout
from .linear import linear
from .losses import cross_entropy
from .normalization import layer_norm
from .softmax import log_softmax, logsumexp, softmax
from .spikes import spike

__all__ = [
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "neo_function",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "spike",
]
