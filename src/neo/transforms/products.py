"""Products with second derivatives: `hvp`, `gnvp` and `value_grad_and_hvp`, no matrix in between."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from .arguments import Argnames, Argnums
from .forward import directions, push
from .gradient import pull_back, value_and_grad


def hvp(
    f: Callable[..., Any],
    primals: Any,
    tangents: Any,
    argnums: Argnums = None,
    argnames: Argnames = None,
    has_aux: bool = False,
    **kwargs: Any,
) -> Any:
    """Return the product of f's Hessian with tangents.

    f: returns a real 0-d array. The arguments are those of `jvp`.
    Returns a tuple with one product per differentiated argument, like it; the product alone where
    primals is one argument and no tuple, argnums one integer or argnames one name. With has_aux
    a pair of that and aux. Forward over reverse: a small multiple of the cost of the gradient.

    >>> import numpy as np
    >>> import neo.numpy as nep
    >>> hvp(lambda x: nep.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    value, _, product = _along(f, primals, tangents, argnums, argnames, has_aux, kwargs)
    return (product, value[1]) if has_aux else product


def value_grad_and_hvp(
    f: Callable[..., Any],
    primals: Any,
    tangents: Any,
    argnums: Argnums = None,
    argnames: Argnames = None,
    has_aux: bool = False,
    **kwargs: Any,
) -> Any:
    """Return f's result, its gradient and its Hessian's product with tangents.

    All in one run of f. The arguments are those of `hvp`.
    Returns (value, gradient, product), or ((value, aux), gradient, product).

    >>> import numpy as np
    >>> value_grad_and_hvp(lambda x: x**3, np.array(2.0), np.array(1.0))
    (np.float64(8.0), np.float64(12.0), np.float64(12.0))
    """
    return _along(f, primals, tangents, argnums, argnames, has_aux, kwargs)


def gnvp(
    f: Callable[..., Any],
    primals: Any,
    tangents: Any,
    loss: Callable[..., Any] | None = None,
    argnums: Argnums = None,
    argnames: Argnames = None,
    has_aux: bool = False,
    **kwargs: Any,
) -> Any:
    """Return the Gauss-Newton product J^T H J v: J of f, and H the Hessian of loss.

    f: returns an array or a tree of arrays. loss: takes that and returns a real 0-d array; without
    one it is half the sum of squares, so the product is J^T J v. Other arguments, and the result:
    see `hvp`, which gives the Hessian of loss(f(x)); this leaves out the curvature of f, and is
    positive semi-definite where the loss is convex.
    Source: Schraudolph, "Fast curvature matrix-vector products for second-order gradient descent" (2002).

    >>> import numpy as np
    >>> gnvp(lambda x: x**2, np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 4., 16.])
    """
    ways = directions(f, primals, tangents, argnums, argnames, kwargs)
    asked = ways.args, ways.named, ways.keys
    run, along = push(f, *asked, ways.tangents, has_aux, ways.settings)
    moved = run.build_result(along)
    if loss is not None:
        moved = hvp(loss, (run.build_result(run.values),), (moved,))[0]
    found = pull_back(f, *asked, has_aux, ways.settings)[1](moved)
    product = found[0] if ways.one else found
    return (product, run.aux) if has_aux else product


def _along(
    f: Callable[..., Any],
    primals: Any,
    tangents: Any,
    argnums: Argnums,
    argnames: Argnames,
    has_aux: bool,
    kwargs: dict[str, Any],
) -> tuple[Any, Any, Any]:
    """Return f's value, with aux if it has one, its gradient, and the derivative of that along tangents."""
    ways = directions(f, primals, tangents, argnums, argnames, kwargs)
    options: Any = {name: x for name, x in kwargs.items() if name not in ways.named}
    numbers = [key for key in ways.keys if isinstance(key, int)]
    names = [key for key in ways.keys if isinstance(key, str)]
    both = value_and_grad(f, numbers, names, has_aux, **options)

    @wraps(f)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[::-1]

    run, moved = push(
        gradient_and_value, ways.args, ways.named, ways.keys, ways.tangents, True, ways.settings
    )
    gradient, product = run.build_result(run.values), run.build_result(moved)
    return (run.aux, gradient[0], product[0]) if ways.one else (run.aux, gradient, product)
