"""Policies: one operation, its forward and its backward side by side."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NoReturn

from .. import backends
from ..errors import describe, library_of, short_name
from .array import Array, Batched, Traced, apart, bottom_of, box, unbox
from .dtypes import differentiable
from .parts import Parts


class Context:
    """What forward keeps for backward: values it saves, and attributes it sets.

    `ctx.axis = axis` is kept like `self.axis = axis`: for settings, mostly.
    """

    # Whether forward sees Arrays; a bare one sees the library's own, which are kept as they are.
    boxed = True
    saved: tuple[Any, ...] = ()

    def save(self, *values: Any) -> None:
        """Keep values for backward; a second call adds to the first.

        An Array is kept with the value it has now: rebinding it later (`x += 1`) changes nothing.
        """
        self.saved += inside(_as_it_is_now, values) if self.boxed else values

    @property
    def release(self) -> tuple[Any, ...]:
        """The saved values, in order, as a tuple: one is `(x,) = self.ctx.release`.

        The walk back frees them once the call has been pulled; reading them frees nothing.
        """
        if not self.boxed:
            return self.saved
        # Each an object of its own, which backward may rebind.
        return tuple(inside(lambda value: box(value) if is_raw(value) else apart(value), self.saved))


def _as_it_is_now(value: Any) -> Any:
    return value.held if type(value) is Array else apart(value)


def _elsewhere(name: str, instead: str) -> property:
    """Return what stands for a name of PyTorch's: no `__getattr__`, which would slow every other name."""

    def refused(ctx: Context) -> NoReturn:
        raise AttributeError(f"ctx has no {name}, as it has in PyTorch: {instead}")

    return property(refused, doc=f"Refused: {instead}.")


for _name, _instead in {
    "save_for_backward": "it is ctx.save(...) here, and takes intermediate values too",
    "saved_tensors": "it is ctx.release here",
    "needs_input_grad": "ask self.needs(k) for operand k",
    "mark_non_differentiable": "results without a gradient are known by their dtype",
}.items():
    setattr(Context, _name, _elsewhere(_name, _instead))


class BareContext(Context):
    """What a bare forward keeps."""

    boxed = False


def new_context(policy: Any) -> Context:
    """Return a context for a call of a Policy."""
    return BareContext() if policy.bare else Context()


def context_like(ctx: Context, function: Any) -> Context:
    """Return a context with a function applied to every value that another keeps."""
    new = type(ctx)()
    vars(new).update(inside(function, vars(ctx)))
    return new


class _NoContext:
    """The context of a call that nothing differentiates: it keeps nothing."""

    __slots__ = ()

    def save(self, *values: Any) -> None:
        pass

    def __setattr__(self, name: str, value: Any) -> None:
        pass


NO_CONTEXT = _NoContext()


class Policy:
    """An operation with a gradient of its own.

    Subclass it and write `forward` and `backward`.
    forward(self, *arrays, **settings) returns an array, or a tuple of arrays. Arrays are
    positional, settings keyword-only. It sees neo Arrays and so runs on every library; with
    `bare = True` it sees the library's own arrays and has the library's namespace as `self.xp`.
    backward(self, g) gets the gradient of the result (one argument per result, zeros where none
    arrived) and returns one gradient per array, None where there is none. Written with neo's
    functions and operators it has derivatives of every order itself.
    reads: whether a backward without a forward of its own, one that `policies=` puts in the place of
    an operation's, reads `self.ctx.release`: the operands and the results, which are then kept. It
    finds the call's settings in `self.settings`.
    push(self, *tangents), the forward mode, may be left out: then neo transposes backward. It gets
    the tangent of each array (zeros where there is none) and returns that of each result. With a
    push and no backward, reverse mode transposes the push.
    linear = True says that forward is linear in all its arrays together, multilinear = True that it
    is linear in each while the others are held; either gives the push for nothing.
    domain: the interval (low, high) that tests draw operands from. samples: operand shapes and
    settings to test at, for operations whose operands cannot all have one shape.
    first_order: names of attributes of `self` that backward reads only where neither its gradients nor
    what it saved is traced, such as the graph of another library's own autograd: they have no part
    in a second derivative, which otherwise refuses what a bare forward keeps in functions and objects.
    An instance is one call; it never holds the call's operands unless forward saved them.

    >>> import neo
    >>> class Square(Policy):
    ...     def forward(self, x):
    ...         self.ctx.save(x)
    ...         return x * x
    ...     def backward(self, g):
    ...         (x,) = self.ctx.release
    ...         return 2 * g * x
    >>> square = neo.neo_function(Square)
    >>> print(neo.grad(square)(3.0))
    6.0
    """

    bare: bool = False
    reads: bool = True
    linear: bool = False
    multilinear: bool = False
    first_order: tuple[str, ...] = ()
    # Whether its gradients and tangents are known to fit, so that no call has to check them.
    trusted: bool = False
    # value_and_saved(xp, slots, *operands, **settings), and slopes(g, *saved) -> gradients,
    # where forward and backward are no more than that; see `BuiltIn`.
    value_and_saved: Any = None
    slopes: Any = None
    # How it takes a batch axis (see `neo.vmap`); without it, one example after the other.
    batch: Any = None
    domain: Any = (-2.0, 2.0)
    samples: Any = None
    # The slope that the gradient has at a kink, for neo.testing: "left", "right", "mean", "least",
    # "largest", "zero", or a function of the slopes on both sides; None for any between them.
    kink: Any = None

    ctx: Any
    xp: Any
    slots: Sequence[int | None] = ()
    # What gradients are checked against and missing ones are made of.
    operands_like: tuple[Any, ...] = ()
    results_like: tuple[Any, ...] = ()
    # Whether the transform asked for zero_times_inf="zero".
    zero_wins: bool = False

    def forward(self, *operands: Any, **settings: Any) -> Any:
        """Return the result; save with `self.ctx.save` what backward reads."""
        raise NotImplementedError(f"{type(self).__name__} has no forward; write one")

    def backward(self, *gradients: Any) -> Any:
        """Return the gradient of each operand, given the gradient of each result."""
        if type(self).push is not Policy.push:
            from .pushing import pulled_by_push  # it stands above this module

            return pulled_by_push(self, gradients)
        raise NotImplementedError(
            f"{type(self).__name__} has no backward, so nothing can be differentiated through it; "
            f"write one that returns a gradient per operand"
        )

    def push(self, *tangents: Any) -> Any:
        """Return the tangent of each result, given the tangent of each operand."""
        raise NotImplementedError(f"{type(self).__name__} has no push of its own")

    def save_again(self, *operands: Any, **settings: Any) -> None:
        """Save what forward saved, computed by neo's functions from traced operands.

        For a bare forward that keeps what is neither an operand nor a result: a derivative of
        higher order needs to know how that depends on the operands.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no save_again, so its second derivative cannot be traced"
        )

    def needs(self, k: int) -> bool:
        """Tell whether operand k is differentiated, so that its gradient is wanted."""
        return self.slots[k] is not None

    def run(self, operands: list[Any], settings: dict[str, Any], ctx: Any) -> Any:
        """Run forward on raw arrays, or on traced ones, and return its result unboxed."""
        self.ctx = ctx
        if self.bare:
            self.xp = library_of_all(operands).raw
            return self.forward(*operands, **settings)
        result = each(unbox, self.forward(*[box(x) if is_raw(x) else x for x in operands], **settings))
        if not any([isinstance(x, Traced) for x in operands]):
            each(self._must_not_be_traced, result)
        return result

    def must_be_an_array(self, x: Any) -> None:
        """Raise TypeError for a result of forward that is no array."""
        if not hasattr(x, "dtype"):
            raise TypeError(
                f"{type(self).__name__}.forward returned {describe(x)}; return an array, or a tuple of "
                f"arrays. What backward reads besides is kept with self.ctx.save or on self"
            )

    def _must_not_be_traced(self, x: Any) -> None:
        if isinstance(x, Traced):
            raise TypeError(
                f"{type(self).__name__}.forward returned a traced array (shape {x.shape}): it used one that "
                f"is not an operand, in a container or in the code around it. Its gradient would not be that "
                f"of backward; make it an operand, which is positional, or use neo.stop_gradient(x)"
            )

    def remember(self, operands: list[Any]) -> None:
        """Note the operands' shapes and dtypes, for the check of their gradients."""
        self.operands_like = tuple(
            [(tuple(x.shape), x.dtype) if hasattr(x, "dtype") else None for x in operands]
        )

    def pull(self, g: Any) -> Sequence[Any]:
        """Return a gradient or None for each operand that `slots` names; boxed if g was."""
        if self.trusted or (type(unbox(g)) is not Batched and type(g) is not Parts):
            return self._pulled_at_once(g)
        try:
            return self._pulled_at_once(g)
        except Exception:
            # Whatever backward asks of a gradient, that of one example may have it.
            levels = [x.tape for x in map(unbox, _several(g)) if type(x) is Batched]
            if not levels:
                raise
            return max(levels, key=lambda tape: tape.level).pulled_apart(self, g)  # type: ignore[no-any-return]

    def _pulled_at_once(self, g: Any) -> Sequence[Any]:
        gradients = self._filled(g) if type(g) is Parts else (g,)
        boxed = any([isinstance(g, Array) for g in gradients])
        call = self
        if self.bare and boxed:
            # A strict library's own array does not take a traced one on its right; an Array does.
            call = with_context(self, context_like(self.ctx, _as_operand))
        if not self.bare:
            gradients = tuple([apart(g) if isinstance(g, Traced) else box(g) for g in gradients])
        found = call.backward(*gradients)
        found = found if isinstance(found, tuple | list) else (found,)
        if len(found) != len(self.slots):
            raise ValueError(
                f"{type(self).__name__}.backward returned {len(found)} gradients for "
                f"{len(self.slots)} operands; return one per operand, None where there is none"
            )
        checked = [
            None if slot is None or dx is None else self.check(k, unbox(dx))
            for k, (slot, dx) in enumerate(zip(self.slots, found, strict=True))
        ]
        # A rule further down may have saved traced arrays, which do not go with a bare gradient.
        return [None if dx is None else box(dx) for dx in checked] if boxed else checked

    def _filled(self, parts: Parts) -> tuple[Any, ...]:
        """Return one gradient per result, zeros for results that nothing was pulled from."""
        return tuple(
            [parts.given[k] if k in parts.given else zeros() for k, zeros in enumerate(self.results_like)]
        )

    def check(self, k: int, dx: Any) -> Any:
        """Return the gradient of operand k if it has the operand's shape and dtype.

        A gradient of one element takes the operand's shape. Raises ValueError for another.
        """
        if self.trusted:
            return dx
        shape, dtype = self.operands_like[k]
        if hasattr(dx, "dtype") and dx.dtype == dtype:  # NumPy's float64 equals None
            if tuple(dx.shape) == shape:
                # Else who gets it as a gradient could write into what the call keeps, or an operand.
                kept = any([dx is x for x in self.ctx.saved]) and type(dx) in backends.BY_TYPE
                return backends.of(dx).xp.asarray(dx, copy=True) if kept else dx
            if 1 == prod(dx.shape) == prod(shape):
                return unbox(box(dx).reshape(shape))
        found, expected = describe(dx), f"{short_name(dtype)} array of shape {shape}"
        if found == expected:
            found = f"{found} of {library_of(bottom_of(dx))}"
        raise ValueError(
            f"{type(self).__name__}.backward returned {found} as the gradient of operand {k}, which is a "
            f"{expected}. Return an array like the operand: of its library, summed over the axes that "
            f"broadcasting added, and with its dtype."
        )


def with_context(instance: Policy, ctx: Context) -> Policy:
    """Return a call with another context, as a new object: threads may share the old."""
    again: Policy = object.__new__(type(instance))
    vars(again).update(vars(instance), ctx=ctx)
    return again


def _several(g: Any) -> tuple[Any, ...]:
    return tuple(g.given.values()) if type(g) is Parts else (g,)


def is_raw(x: Any) -> bool:
    """Tell whether x is a library's own array, neither boxed nor traced."""
    return not isinstance(x, Traced) and hasattr(x, "dtype") and hasattr(x, "shape")


def _as_operand(value: Any) -> Any:
    return box(value) if is_raw(value) and differentiable(value.dtype) else value


def inside(function: Any, value: Any) -> Any:
    """Apply a function to a value, or to those in tuples, lists and dicts."""
    if isinstance(value, dict):
        return {key: inside(function, x) for key, x in value.items()}
    if isinstance(value, tuple | list):
        items = [inside(function, x) for x in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return function(value)


def each(function: Any, result: Any) -> Any:
    """Apply a function to a result, or to each of several; a named tuple stays one."""
    if not isinstance(result, (tuple, list)):
        return function(result)
    items = [function(x) for x in result]
    return type(result)(*items) if hasattr(result, "_fields") else tuple(items)


def several(result: Any) -> list[Any]:
    """Return the results of a call as a list: its one result, or those in a tuple or list."""
    return list(result) if isinstance(result, (tuple, list)) else [result]


def library_of_all(operands: Any) -> backends.Backend:
    """Return the one backend that the arrays among the operands belong to.

    Raises TypeError when they belong to several, or when there is no array.
    """
    found = None
    for x in operands:
        backend = backends.BY_TYPE.get(type(x)) or _library_of(x)
        if backend is not found and backend is not None:
            if found is not None:
                raise TypeError(
                    f"operands of two libraries in one call: {found.name} and {backend.name}. Move "
                    f"one first, with neo.asarray(x, backend={found.name!r}); to create on the library of x "
                    f"use x.__array_namespace__(), or neo.backends.use for a block of code"
                )
            found = backend
    if found is None:
        raise TypeError(f"expected an array, got {', '.join(map(describe, operands)) or 'nothing'}")
    return found


# By class: NumPy's float64 and complex128 are arrays, and subclasses of Python's numbers.
NO_ARRAYS = frozenset((bool, int, float, complex, str, type(None)))


def _library_of(x: Any) -> backends.Backend | None:
    if type(x) in NO_ARRAYS:
        return None
    return backends.of(bottom_of(x))
