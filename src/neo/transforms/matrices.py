"""`jacobian`, `value_and_jacobian` and `hessian`: whole matrices of derivatives, by the cheaper mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any, Unpack

from ..core.dtypes import COMPLEX, kind
from .arguments import FIRST, Argnames, Argnums, choose, is_one
from .columns import Columns, by_columns, jacfwd
from .jacobian import by_rows, jacrev
from .options import Options, settings_of
from .recording import Recording


def value_and_jacobian(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's result and its Jacobian, (value, Jacobian).

    With has_aux ((value, aux), Jacobian). The arguments, options and the Jacobian's form are those
    of `jacrev`. The mode is chosen from the sizes: reverse, unless the result has more elements than
    the arguments; then f is run again, in forward mode.

    >>> import numpy as np
    >>> value_and_jacobian(lambda x: x.sum())(np.array([1.0, 2.0]))
    (np.float64(3.0), array([1., 1.]))
    """
    settings = settings_of(f, options)

    @wraps(f)
    def value_and_matrix(*args: Any, **kwargs: Any) -> Any:
        keys, one = choose(f, args, kwargs, argnums, argnames), is_one(argnums, argnames)
        run = Recording(f, args, kwargs, keys, settings)
        with run.quiet():
            run.record(has_aux)
            found = None if _is_tall(run, holomorphic) else by_rows(run, one, holomorphic, chunk_size)
        if found is None:
            how = Columns(one, has_aux, holomorphic, chunk_size, settings)
            run, found = by_columns(f, args, kwargs, keys, how)
        value = run.build_result(run.values)
        return ((value, run.aux), found) if has_aux else (value, found)

    return value_and_matrix


def _is_tall(run: Recording, holomorphic: bool) -> bool:
    """Tell whether a push per element of the arguments is cheaper, and possible."""
    inputs, results = run.inputs.values, [x for x in run.values if hasattr(x, "dtype")]
    if not holomorphic and any([kind(x.dtype) == COMPLEX for x in inputs]):
        return False
    return _count(results) > _count(inputs)


def _count(arrays: list[Any]) -> int:
    return sum([prod(x.shape) for x in arrays])


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's Jacobian by the cheaper mode, or with aux.

    That is `jacfwd` where the result has more elements than the arguments, and `jacrev` elsewhere;
    see there.

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    both = value_and_jacobian(
        f, argnums, argnames, has_aux, holomorphic=holomorphic, chunk_size=chunk_size, **options
    )

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return matrix


def hessian(
    f: Callable[..., Any],
    argnums: Argnums = FIRST,
    argnames: Argnames = None,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
    **options: Unpack[Options],
) -> Callable[..., Any]:
    """Return a function that gives f's Hessian, or (Hessian, aux).

    f: returns a real array, mostly 0-d, or a tree of them. argnums, argnames, options: as for
    `value_and_grad`; the arguments are real, or all complex with holomorphic, which gives f''(z).
    chunk_size: how many columns at once, as for `jacrev`. Returns, for each array of the result, one of shape
    (*result, *argument, *argument): the argument's tree twice, one in the other. For products with
    vectors `hvp` is far cheaper.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    inner = jacrev(f, argnums, argnames, has_aux, holomorphic=holomorphic, **options)
    return jacfwd(
        inner, argnums, argnames, has_aux, holomorphic=holomorphic, chunk_size=chunk_size, **options
    )
