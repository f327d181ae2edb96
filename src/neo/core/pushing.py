"""The tangent of a call's result, from the tangents of its operands.

A Policy's own `push` gives it; a linear operation's own forward; the product rule, where a call is
linear in each operand; and otherwise the pull-back, which is linear in the gradient, is itself
pulled back (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import backends
from ..errors import describe
from .array import Traced, apart, bottom_of, box, unbox
from .call import call, newest
from .dtypes import differentiable
from .filling import ones_like, zeros_like
from .parts import Parts
from .policy import Policy, each, new_context, several
from .tape import Tape, walk_back


def push(
    instance: Policy, operands: list[Any], tangents: list[Any], settings: dict[str, Any], result: Any
) -> list[Any]:
    """Return the tangent of each result of a call, None where it is zero.

    instance: the call, with its operands and what it saved one tape down. tangents: of its
    operands, there too; None is zero.
    """
    results = _arrays(instance, result)
    if all([t is None for t in tangents]) or not any([differentiable(x.dtype) for x in results]):
        return [None] * len(results)
    if newest([*operands, *tangents]) is not None:
        # A rule multiplies a tangent by what was saved: see `ones_like`.
        tangents = [t if t is None else box(t) for t in tangents]
    instance.slots = tuple([None if t is None else k for k, t in enumerate(tangents)])
    with backends.of(bottom_of(results[0])).forgiving():
        found = _way(type(instance))(instance, operands, tangents, settings, results)
    return [t if t is None else unbox(t) for t in found]


def run_and_push(
    policy: type[Policy], operands: list[Any], tangents: list[Any], settings: dict[str, Any]
) -> tuple[Any, list[Any]]:
    """Return the result of a call on the library's own arrays, and the tangents of its results."""
    way = _way(policy)
    instance = policy()
    instance.slots = [None if t is None else k for k, t in enumerate(tangents)]
    if way is _by_own_forward or way is _by_product_rule:
        # Neither asks what forward saves, nor divides.
        result = call(policy, operands, settings)
        return result, way(instance, operands, tangents, settings, _arrays(instance, result))
    result = instance.run(operands, settings, new_context(policy))
    results = _arrays(instance, result)
    with backends.of(bottom_of(results[0])).forgiving():
        found = way(instance, operands, tangents, settings, results)
    return result, [t if t is None else unbox(t) for t in found]


def _arrays(instance: Policy, result: Any) -> list[Any]:
    """Return the results as a list; raise TypeError where a Policy gives what is no array."""
    if not instance.trusted:
        each(instance.must_be_an_array, result)
    return several(result)


def _way(policy: type[Policy]) -> Callable[..., list[Any]]:
    if policy.push is not Policy.push:
        return _by_own_push
    if policy.linear:
        return _by_own_forward
    return _by_product_rule if policy.multilinear else _by_transposition


def _by_own_forward(
    instance: Policy, operands: list[Any], tangents: list[Any], settings: dict[str, Any], results: list[Any]
) -> list[Any]:
    """Push through what is linear in all its real and complex operands together."""
    pairs = zip(operands, tangents, strict=True)
    return several(call(type(instance), [_zero(x) if t is None else t for x, t in pairs], settings))


def _zero(x: Any) -> Any:
    """Return the tangent of an operand without one: zeros like it; what has no gradient as it is."""
    if type(x) in (float, complex, int):
        return type(x)(0)
    return zeros_like(x) if hasattr(x, "dtype") and differentiable(x.dtype) else x


def _by_product_rule(
    instance: Policy, operands: list[Any], tangents: list[Any], settings: dict[str, Any], results: list[Any]
) -> list[Any]:
    """Push through what is linear in each operand while the others are held."""
    terms = [
        several(call(type(instance), [*operands[:k], t, *operands[k + 1 :]], settings))
        for k, t in enumerate(tangents)
        if t is not None
    ]
    return [total(*parts) for parts in zip(*terms, strict=True)]


def total(*terms: Any) -> Any:
    """Return the sum of those terms that are not None, or None."""
    out = None
    for term in terms:
        if term is not None:
            out = term if out is None else out + term
    return out


def _by_own_push(
    instance: Policy, operands: list[Any], tangents: list[Any], settings: dict[str, Any], results: list[Any]
) -> list[Any]:
    """Push by the Policy's own rule; one that is not trusted gets zeros, not None, and is checked.

    A trusted one may leave a case to the transposition by returning NotImplemented.
    """
    if instance.trusted:
        pushed = instance.push(*tangents)
        if pushed is NotImplemented:
            return _by_transposition(instance, operands, tangents, settings, results)
        return several(pushed)
    found = _own(instance, [_filled(x) if t is None else t for x, t in zip(operands, tangents, strict=True)])
    if len(found) != len(results):
        raise ValueError(
            f"{type(instance).__name__}.push returned {len(found)} tangents for {len(results)} "
            f"results; return one per result, None where it is zero"
        )
    return [_checked(instance, t, out) for t, out in zip(found, results, strict=True)]


def _own(instance: Policy, tangents: list[Any]) -> list[Any]:
    given = tangents if instance.bare else [apart(box(t)) if hasattr(t, "dtype") else t for t in tangents]
    return several(instance.push(*given))


def _filled(x: Any) -> Any:
    zero = _zero(x)
    return None if zero is x else zero


def _checked(instance: Policy, t: Any, out: Any) -> Any:
    """Return a tangent if it has its result's shape and dtype; raise ValueError for another."""
    if t is None or (hasattr(t, "dtype") and tuple(t.shape) == tuple(out.shape) and t.dtype == out.dtype):
        return t
    raise ValueError(
        f"{type(instance).__name__}.push returned {describe(t)} as the tangent of a result that is "
        f"{describe(out)}. Return an array like the result: its shape, and its dtype"
    )


def _by_transposition(
    instance: Policy, operands: list[Any], tangents: list[Any], settings: dict[str, Any], results: list[Any]
) -> list[Any]:
    """Push by pulling back the pull-back. Where it is taken does not matter: it is linear."""
    whole = instance.ctx
    instance.remember(operands)
    instance.results_like = tuple([_later(x) for x in results])
    tape = Tape()
    ones = [tape.trace(unbox(ones_like(x))) if differentiable(x.dtype) else None for x in results]
    given = {k: g for k, g in enumerate(ones) if g is not None}
    pulled = instance.pull(ones[0] if len(results) == 1 else Parts(given))
    instance.ctx = whole
    seeds = [
        (dx.slot, tangents[k]) for k, dx in enumerate(pulled) if isinstance(dx, Traced) and dx.tape is tape
    ]
    return _walked(tape, instance, ones, seeds)


def _later(x: Any) -> Callable[[], Any]:
    return lambda: zeros_like(x)


def _walked(tape: Tape, instance: Policy, inputs: list[Any], seeds: list[Any]) -> list[Any]:
    """Return what reaches each input of a tape, None for one that is None."""
    count = sum([x is not None for x in inputs])
    found = iter(walk_back(tape.close(type(instance).__name__), count, seeds))
    return [None if x is None else next(found) for x in inputs]


def pulled_by_push(instance: Policy, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the gradient of each operand by pulling back its Policy's push, which is linear too."""
    tape = Tape()
    tangents = [
        _direction(tape, bottom_of(gradients[0]), like, slot is not None)
        for like, slot in zip(instance.operands_like, instance.slots, strict=True)
    ]
    traced = [t if isinstance(t, Traced) else None for t in tangents]
    pairs = zip(_own(instance, tangents), gradients, strict=True)
    seeds = [(t.slot, g) for t, g in pairs if isinstance(t, Traced) and t.tape is tape]
    return tuple(_walked(tape, instance, traced, seeds))


def _direction(tape: Tape, g: Any, like: Any, wanted: bool) -> Any:
    """Return ones on a tape for a wanted operand, zeros for another, None for one without a gradient.

    g: an array of the library and device. like: the operand's shape and dtype.
    """
    if like is None:
        return 0
    if not differentiable(like[1]):
        return None
    library = backends.of(g)
    make = library.xp.ones if wanted else library.xp.zeros
    filled = make(like[0], dtype=like[1], device=library.place(library.device(g)))
    return tape.trace(filled) if wanted else filled
