"""Functions of neural networks, each one call on the tape, and `neo_function` for your own."""

from ..core.call import neo_function
from .activations import elu, gelu, leaky_relu, relu, sigmoid, silu, softplus
from .convolution import conv, conv_transpose
from .dropout import dropout
from .linear import linear
from .losses import cross_entropy
from .normalization import layer_norm
from .pooling import avg_pool, max_pool
from .softmax import log_softmax, logsumexp, softmax
from .spikes import spike

__all__ = [
    "avg_pool",
    "conv",
    "conv_transpose",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "max_pool",
    "neo_function",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "spike",
]
