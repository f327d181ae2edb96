"""Random numbers from explicit keys: one key, one set of numbers, on every library and machine.

>>> import neo
>>> key = neo.random.key(0)
>>> data, weights = neo.random.split(key)
>>> neo.random.normal(data, (2, 3)).shape
(2, 3)
>>> neo.random.integers(weights, (4,), 0, 10).tolist()
[5, 5, 0, 8]

**Keys.** A key is 128 bits. It has no state: using it twice gives the same numbers twice, and what
different functions draw from one key is related. So give every draw a key of its own, from `split`
(several at once) or `fold_in` (one per integer: a step, a layer).

**How numbers are made.** Philox4x64-10 is a block cipher: under a key it turns a 256-bit counter
into 256 bits that pass every statistical test known, and different counters into different blocks.
The top 64 bits of the counter name the use (draw, split, fold_in), the others the position or the
integer. A child is the first half of such a block, so children of one key, and the numbers drawn
from it, come from blocks that have nothing in common; two keys agree with a chance of 2**-128, and
among a billion keys the chance that any two do is 1.5e-21. A seed is folded into a fixed key.
Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

**The same numbers everywhere.** Bits come from NumPy's Philox, whose raw stream is fixed for good;
bits become numbers here, on the host, in float64 and by operations that IEEE 754 defines to the
last bit (`truncated_normal` excepted); then they are rounded to the dtype and moved. So a key and a
dtype give the same bits on every library, device and processor, and lower precisions are the
float64 numbers rounded. With `dtype=None` the backend decides: NumPy shows the float64 numbers,
Torch the same ones as float32. Number i depends on the key and i alone: a longer draw starts with
the shorter one.
"""

from .continuous import exponential, gumbel, normal, truncated_normal, uniform
from .discrete import bernoulli, categorical, integers
from .keys import Key, fold_in, key, split
from .mapped import Keys
from .orders import choice, permutation

__all__ = [
    "Key",
    "Keys",
    "bernoulli",
    "categorical",
    "choice",
    "exponential",
    "fold_in",
    "gumbel",
    "integers",
    "key",
    "normal",
    "permutation",
    "split",
    "truncated_normal",
    "uniform",
]
