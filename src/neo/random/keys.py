"""Keys, and the blocks of the Philox cipher that everything else is made of."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..errors import describe
from .checks import integer
from .mapped import Keys, MappedKey, over_keys

# What a block is for: the top word of its 256-bit counter, so that no two uses share a block.
DRAW, SPLIT, FOLD = range(3)
_WORD, _INDEX = 2**64, 2**192


@final
@dataclass(frozen=True, slots=True)
class Key:
    """128 bits that name a stream of random numbers: what `neo.random.key` returns.

    It cannot be changed; it can be compared, hashed, printed, copied and pickled.
    """

    high: int
    low: int

    def __post_init__(self) -> None:
        for word in (self.high, self.low):
            if type(word) is not int or not 0 <= word < _WORD:
                raise ValueError(
                    f"a Key holds two integers from 0 to 2**64 - 1, got {describe(word)}. Make a key "
                    f"with neo.random.key(seed)."
                )

    def __repr__(self) -> str:
        return f"Key({self.high:#018x}, {self.low:#018x})"


# Seeds are folded into this key. Any fixed one does; zero hides nothing.
_ROOT = Key(0, 0)


_thread = threading.local()


def _philox() -> Any:
    """Return this thread's Philox, to be set to a key and a counter: a new one costs ten times as much.

    Nothing is left in it from one use to the next.
    """
    if not hasattr(_thread, "philox"):
        _thread.philox = np.random.Philox(0)
    return _thread.philox


def words(key: Key, count: int, use: int = DRAW, start: int = 0) -> np.ndarray:
    """Return 64-bit words of a key's stream for a use: (count,) uint64, from block `start` on.

    Word i depends on the key, the use and i alone. A block is four words.
    """
    # NumPy counts up before the first block, so that its counter 0 yields block 1.
    counter = (use * _INDEX + start - 1) % 2**256
    state = {"counter": _words_of(counter, 4), "key": _words_of(key.high << 64 | key.low, 2)}
    philox = _philox()
    # No block is left over (position 4 of 4), nor half a word.
    philox.state = {
        "bit_generator": "Philox",
        "state": state,
        "buffer": _EMPTY,
        "buffer_pos": 4,
        "has_uint32": 0,
        "uinteger": 0,
    }
    return philox.random_raw(count)


_EMPTY = np.zeros(4, dtype=np.uint64)


def _words_of(number: int, count: int) -> np.ndarray:
    """Return a number as 64-bit words, the lowest first."""
    return np.array([number >> 64 * k & _WORD - 1 for k in range(count)], dtype=np.uint64)


def checked(key: Any, name: str) -> Any:
    """Return the key. Raises TypeError for anything else, with how to make one."""
    if not isinstance(key, Key | MappedKey):
        raise TypeError(
            f"neo.random.{name} needs a key first, got {describe(key)}. Make one with neo.random.key(seed)."
        )
    return key


def key(seed: int) -> Key:
    """Return the key for a seed.

    seed: any integer from -2**191 to 2**191 - 1; different seeds give different, unrelated keys.
    Raises TypeError for what is no integer, ValueError for one out of range.

    >>> key(0)
    Key(0xc4a8acb9541c47e2, 0x5b51c52bc6723f9c)
    """
    return _folded(_ROOT, seed, "seed")


@over_keys
def split(key: Key, n: int = 2) -> Keys:
    """Return n new keys, unrelated to each other and to the numbers of this one.

    Child i does not depend on n: `split(key, 5)[:2] == split(key, 2)`. Returns a tuple of keys, over
    which `vmap` maps.
    Raises TypeError when n is no integer, ValueError when it is negative.

    >>> first, second = split(key(0))
    >>> first == second
    False
    """
    checked(key, "split")
    n = integer(n, "the number of keys")
    if n < 0:
        raise ValueError(f"the number of keys is negative: {n}")
    blocks = words(key, 4 * n, SPLIT).reshape(n, 4).tolist()
    return Keys([Key(high, low) for high, low, *_ in blocks])


@over_keys
def fold_in(key: Key, data: int) -> Key:
    """Return the new key that an integer names: of a step, a layer, an epoch.

    data: any integer from -2**191 to 2**191 - 1. Different integers give different, unrelated
    keys, unrelated to those of `split` as well.
    Raises TypeError for what is no integer, ValueError for one out of range.

    >>> fold_in(key(0), 7) == fold_in(key(0), 7)
    True
    """
    return _folded(checked(key, "fold_in"), data, "data")


def fresh(seed: Key | int | None) -> Key:
    """Return the key for a seed, a key as it is, and for None a key that nobody has seen."""
    if seed is None:
        entropy = os.urandom(16)
        return Key(int.from_bytes(entropy[:8]), int.from_bytes(entropy[8:]))
    return seed if isinstance(seed, Key) else key(seed)


def _folded(parent: Key, data: Any, name: str) -> Key:
    data = integer(data.item() if isinstance(data, np.ndarray) and data.shape == () else data, name)
    if not -_INDEX // 2 <= data < _INDEX // 2:
        raise ValueError(f"{name} is out of range: expected -2**191 <= {name} < 2**191, got {data:#x}")
    high, low = words(parent, 2, FOLD, data % _INDEX).tolist()
    return Key(high, low)
