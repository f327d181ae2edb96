"""Arrays: a library's own array in a box, and the same on a tape."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from math import prod
from operator import attrgetter, index
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .. import backends
from ..errors import describe, short_name
from .dtypes import differentiable

if TYPE_CHECKING:
    from .attached import Attached
else:
    Attached = object


class Array(Attached):
    """An array of any library, with the array API's operators and methods.

    `data` is the library's own array; `neo.asarray` makes an Array of it. neo itself reads it as
    `held`, which a traced array has too: the value one tape further down. Writing into an Array
    (`x[key] = v`, `x += y`) gives this object a new value: nothing that was computed, recorded
    or saved from the old value changes. A part such as `y = x[:2]` or `x.T` is a view, as in NumPy:
    what is written into either is seen in both (`ops/views.py`).
    Operators and methods are attached by `neo.ops`, which sits above this module.
    """

    # Of views, which see each other's writes (`ops/views.py`): part_of is what this array was taken of
    # and how, parts are references to what was taken of it. Few arrays have either.
    __slots__ = ("held", "part_of", "parts", "__weakref__")

    __hash__ = None  # type: ignore[assignment]  # == is elementwise

    # No __init__: an array is made for every operation, and `Plain()` with three assignments
    # takes half the time of a constructor with three arguments.
    held: Any
    part_of: tuple[Array, Any, Any]
    parts: list[Any]

    # Asked for by nearly every function, and this way without a frame of its own.
    dtype = property(attrgetter("held.dtype"), doc="The library's own dtype object.")

    @property
    def data(self) -> Any:
        """The library's own array; refused of a traced one: it would lose its gradient."""
        return self.held

    @data.setter
    def data(self, value: Any) -> None:
        self.held = value

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return tuple(self.held.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.held.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.held.shape)

    @property
    def device(self) -> str:
        """The name of the device: `cpu`, `cuda:0`, `mps`."""
        raw = bottom_of(self)
        return backends.of(raw).device(raw)

    @property
    def backend(self) -> str:
        """The name of the library: `numpy`, `cupy`, `torch`."""
        return backends.of(bottom_of(self)).name

    def numpy(self) -> np.ndarray:
        """Return the values as a NumPy array; on a CPU it may share their memory."""
        raw = raw_of(self)
        return backends.of(raw).to_numpy(raw)

    def item(self) -> Any:
        """Return the only element as a Python number."""
        return self.numpy().item()

    def tolist(self) -> Any:
        """Return the values as nested lists of Python numbers."""
        return self.numpy().tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: Any = None,
        copy: bool | None = None,
    ) -> Any:
        settings = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        # A library's own defaults are not always None.
        return raw_of(self).__dlpack__(**{name: x for name, x in settings.items() if x is not None})

    def __dlpack_device__(self) -> Any:
        return bottom_of(self).__dlpack_device__()

    def __bool__(self) -> bool:
        return _number(bool, self)  # type: ignore[no-any-return]

    def __float__(self) -> float:
        return _number(float, self)  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return _number(int, self)  # type: ignore[no-any-return]

    def __complex__(self) -> complex:
        return _number(complex, self)  # type: ignore[no-any-return]

    def __index__(self) -> int:
        return _number(index, self)  # type: ignore[no-any-return]

    def __copy__(self) -> Any:
        # An object of its own; what they hold is never written into through either.
        return apart(self) if isinstance(self, Traced) else box(self.held)

    def __deepcopy__(self, memo: Any) -> Any:
        return apart(self) if isinstance(self, Traced) else box(deepcopy(self.held, memo))

    def __reduce__(self) -> Any:
        # What it holds: a pickle is no view, and has none.
        return box, (self.held,)

    def __len__(self) -> int:
        if not self.held.shape:
            raise TypeError("len() of a 0-d array; use .size for the number of elements")
        return int(self.held.shape[0])

    def __iter__(self) -> Any:
        if not self.held.shape:
            raise TypeError("iteration over a 0-d array; use float(x) or x.item() for its value")
        return (self[k] for k in range(self.held.shape[0]))

    def __repr__(self) -> str:
        return f"neo.Array({_text(self, 10)},{_facts(self)})"

    def __str__(self) -> str:
        return _text(self, 0)

    def __format__(self, spec: str) -> str:
        # A 0-d array formats as its number, so that a traced loss can be printed as well.
        raw = bottom_of(self)
        number = spec and not raw.shape
        return format(backends.of(raw).to_numpy(raw).item() if number else str(self), spec)


class Traced(Array):
    """An Array on a tape, which exists only inside a transform.

    `held` is the value one tape further down: the library's own array, or an array traced by an
    outer transform. `slot` is the number of its entry on the tape; `shape` is kept beside it,
    since a library takes longer to tell it than to hand on a tuple.
    What would silently lose the gradient is refused with an error that says what to do.
    """

    __slots__ = ("shape", "tape", "slot")

    shape: tuple[int, ...]
    tape: Any
    slot: int

    def __repr__(self) -> str:
        return f"neo.Array({_text(self, 10)},{_facts(self)}, traced=%{self.slot})"


class Plain(Traced):
    """A Traced array of its tape's usual library and dtype.

    Two Plain arrays on one tape have one library and one real floating dtype, so that an
    elementwise call needs one class test per operand and no look at either.
    """

    __slots__ = ()


def _number(convert: Callable[[Any], Any], x: Array) -> Any:
    """Return the one element of x as a Python number, made by `bool`, `float`, ... or `index`."""
    try:
        return convert(x.held)
    except Exception as error:
        if isinstance(x.held, Array):
            raise  # in neo's words already
        if convert is bool:
            raise ValueError(
                f"{describe(x)} has no one truth value. Use neo.numpy.any or all, or where for a choice"
            ) from error
        wanted = "an integer array" if convert is index else "an array"
        raise TypeError(f"{convert.__name__} takes {wanted} of one element, got {describe(x)}") from error


def _refuse(name: str, instead: str) -> Callable[..., NoReturn]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            f"{name} of a traced array (shape {self.shape}, {short_name(self.dtype)}) would lose "
            f"its gradient. {instead}"
        )

    method.__name__ = name
    return method


_STOP = "Use neo.stop_gradient(x) first if the value is a constant here"
_FUNCTION = f"Use the functions of neo.numpy, or a Policy for a kernel of your own. {_STOP}."
for _name in ("__array__", "__dlpack__", "numpy"):
    setattr(Traced, _name, _refuse(_name, _FUNCTION))
Traced.data = property(_refuse("data", _FUNCTION))  # type: ignore[assignment, method-assign]
for _name in ("__float__", "__int__", "__complex__", "item", "tolist"):
    setattr(Traced, _name, _refuse(_name, f"Keep it an array: neo's functions take 0-d arrays. {_STOP}."))
Traced.__reduce_ex__ = _refuse("pickle", f"Return it from the function (has_aux=True). {_STOP}.")  # type: ignore[method-assign]


class Batched(Traced):
    """An Array inside `vmap`, as the function sees it: one example, of any.

    `examples` holds all of them, one level further down: its axis 0 is the one that is mapped over,
    and `shape` is without it. Whatever would need the value of one example is refused, `data` too.
    """

    __slots__ = ()

    @property
    def held(self) -> Any:
        """Refused: what it holds has an axis more than this array."""
        _refuse_in_batch("data", "data")(self)

    @held.setter
    def held(self, value: Any) -> None:
        _HELD.__set__(self, value)

    @property
    def examples(self) -> Any:
        """All examples, one level further down, the axis that is mapped over in front."""
        return _HELD.__get__(self)

    @property
    def dtype(self) -> Any:
        """The library's own dtype object."""
        return self.examples.dtype

    @property
    def ndim(self) -> int:
        """The number of axes of one example."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of one example."""
        return prod(self.shape)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array; use .size for the number of elements")
        return self.shape[0]

    def __iter__(self) -> Any:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(self.shape[0]))

    def __format__(self, spec: str) -> str:
        return str(self)  # every example: no one number that a spec could be for

    def __repr__(self) -> str:
        return f"neo.Array({_text(self, 10)},{_facts(self)}, batch of {self.examples.shape[0]})"


_HELD: Any = vars(Array)["held"]
INSTEAD = (
    "Inside vmap use neo.numpy.where(condition, a, b) for a choice and neo's functions for the rest, "
    "or do this outside it"
)


def _refuse_in_batch(name: str, what: str) -> Callable[..., NoReturn]:
    def method(self: Batched, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            f"{what} of a batched array (shape {self.shape}, {short_name(self.dtype)}) differs from "
            f"example to example. {INSTEAD}."
        )

    method.__name__ = name
    return method


for _name in ("__array__", "__dlpack__", "numpy", "__float__", "__int__", "__complex__", "item", "tolist"):
    setattr(Batched, _name, _refuse_in_batch(_name, _name))
Batched.data = property(_refuse_in_batch("data", "data"))  # type: ignore[assignment, method-assign]
for _name in ("__bool__", "__index__"):
    setattr(Batched, _name, _refuse_in_batch(_name, {"__bool__": "the truth"}.get(_name, "the value")))


def unbox(x: Any) -> Any:
    """Return what an Array holds; anything else, a traced array too, as it is."""
    return x.held if type(x) is Array else x


def box(x: Any) -> Any:
    """Return a library's array as an Array; an Array, traced or not, as it is."""
    if isinstance(x, Array):
        return x
    boxed = Array()
    boxed.held = x
    return boxed


def apart(x: Any) -> Any:
    """Return a traced array as a new object, which rebinding x leaves alone."""
    if not isinstance(x, Traced):
        return x
    new = object.__new__(type(x))
    new.held, new.shape, new.tape, new.slot = beneath(x), x.shape, x.tape, x.slot
    return new


def beneath(x: Any) -> Any:
    """Return what an array holds, one level further down."""
    return x.examples if type(x) is Batched else x.held


def bottom_of(x: Any) -> Any:
    """Return the library's own array below every box and tape, batch axes in front.

    For its library, dtype and device; see `raw_of` and `values_of` for what it holds.
    """
    while isinstance(x, Array):
        x = beneath(x)
    return x


def raw_of(x: Any) -> Any:
    """Return the library's own array below every box and tape; TypeError if batched."""
    while isinstance(x, Array):
        if type(x) is Batched:
            raise TypeError(
                f"the values of a batched array (shape {x.shape}, {short_name(x.dtype)}) are asked for, "
                f"and they differ from example to example. {INSTEAD}."
            )
        x = x.held
    return x


def values_of(x: Any) -> Any:
    """Return the constant that x is: raw, or a batched array, off every tape."""
    while isinstance(x, Array):
        if type(x) is Batched:
            if not differentiable(x.dtype):
                return x
            below = values_of(x.examples)
            return x if below is x.examples else x.tape.hide(below)
        x = x.held
    return x


def is_batched(value: Any) -> bool:
    """Tell whether an array, or one among several, is batched at any level."""
    if isinstance(value, tuple | list | dict):
        return any([is_batched(x) for x in (value.values() if isinstance(value, dict) else value)])
    while isinstance(value, Array):
        if type(value) is Batched:
            return True
        value = value.held
    return False


def _text(x: Array, indent: int) -> str:
    raw = bottom_of(x)
    values = backends.of(raw).to_numpy(raw)
    return np.array2string(values, separator=", ", prefix=" " * indent, threshold=200)


def _facts(x: Array) -> str:
    return f" shape={x.shape}, dtype={short_name(x.dtype)}, backend={x.backend}, device={x.device}"
