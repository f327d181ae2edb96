"""Keys that `vmap` maps over: a key for each example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, SupportsIndex, TypeVar, overload

from ..core.array import Array, Batched, unbox
from ..ops.batch import Batch, Mappable
from ..ops.batching import stacked

Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")


class Keys(tuple[Any, ...], Mappable):
    """Several keys, as `neo.random.split` gives them: a tuple that `vmap` maps over.

    >>> import neo
    >>> keys = neo.random.split(neo.random.key(0), 3)
    >>> neo.vmap(lambda key: neo.random.normal(key, (2,)))(keys).shape
    (3, 2)
    """

    __slots__ = ()

    @overload
    def __getitem__(self, k: SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, k: slice) -> Keys: ...
    def __getitem__(self, k: Any) -> Any:
        found = tuple.__getitem__(self, k)
        return Keys(found) if isinstance(k, slice) else found

    def mapped(self, level: Batch) -> Any:
        """Return the key of one example, of any; where each is several keys, those."""
        if self and all([isinstance(key, Keys) for key in self]):
            return Keys([Keys(column).mapped(level) for column in zip(*self, strict=True)])
        return MappedKey(level, self)

    def unmapped(self, level: Batch) -> Keys:
        """Return the several keys of each example."""
        columns = [_unmapped(key, level) for key in self]
        return Keys([Keys([column[k] for column in columns]) for k in range(level.length)])


class MappedKey(Mappable):
    """The key of one example inside `vmap`, of any: the functions of neo.random take it as a key."""

    __slots__ = ("level", "keys")

    def __init__(self, level: Batch, keys: Sequence[Any]) -> None:
        self.level, self.keys = level, keys

    def __repr__(self) -> str:
        return f"<one of {len(self.keys)} keys that vmap maps over>"

    def mapped(self, level: Batch) -> Any:
        """Raise TypeError: this is one key."""
        raise TypeError("vmap: a key has no axis to map over; neo.random.split makes several of it")

    def unmapped(self, level: Batch) -> Keys:
        """Return the keys of all examples."""
        return Keys(self.keys if self.level is level else [self] * level.length)


def _unmapped(key: Any, level: Batch) -> Sequence[Any]:
    return key.unmapped(level) if isinstance(key, Mappable) else [key] * level.length


def over_keys(draw: Callable[Given, Drawn]) -> Callable[Given, Drawn]:
    """Decorate a function of a key: inside `vmap` it draws for one example after the other.

    That is where the key, or an array beside it, differs from example to example.
    """

    @wraps(draw)
    def function(*args: Any, **kwargs: Any) -> Any:
        level = _newest([*args, *kwargs.values()])
        if level is None:
            return draw(*args, **kwargs)
        results = []
        for k in range(level.length):
            positional = [_example(x, level, k) for x in args]
            results.append(
                function(*positional, **{name: _example(x, level, k) for name, x in kwargs.items()})
            )
        return _gathered(results, level)

    return function  # type: ignore[return-value]


def _newest(values: list[Any]) -> Batch | None:
    levels = [x.level if type(x) is MappedKey else x.tape for x in values if type(x) in (MappedKey, Batched)]
    return max(levels, key=lambda level: level.level, default=None)


def _example(x: Any, level: Batch, k: int) -> Any:
    if type(x) is MappedKey:
        return x.keys[k] if x.level is level else x
    return level.example(x, k) if isinstance(x, Array) else x


def _gathered(results: list[Any], level: Batch) -> Any:
    """Return what was drawn for each example as something of one example."""
    if results and not hasattr(results[0], "shape"):
        return Keys(results).mapped(level)
    return level.hide(unbox(stacked(results)))
