"""A program that prints what of scipy.special neo's arrays cannot be passed to, as JSON.

It is run by itself: SciPy reads SCIPY_ARRAY_API when it is imported.
"""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from typing import Any

import numpy as np
import scipy.special
from scipy.special import _support_alternative_backends as dispatch
from support.special import operands

import neo
import neo.numpy as nep


def differing(name: str, backend: str) -> str:
    """Return how the function fails on Arrays of a backend, plain or traced; nothing if it does not."""
    library = neo.backends.get(backend)
    values = [np.array([2.5, 3.0]), 2] if name == "multigammaln" else operands(name)
    arrays: list[Any] = [neo.asarray(x, backend=backend) if isinstance(x, np.ndarray) else x for x in values]
    k = 0 if name == "multigammaln" else len(arrays) - 1
    function = getattr(scipy.special, name)
    out = function(*arrays)
    if type(out) is not neo.Array or out.backend != library.name:
        return f"gave {type(out)}"
    expected = inspect.unwrap(function)(*values)
    if not np.allclose(out.numpy(), expected, rtol=1e-11, atol=1e-300):
        return "differs from SciPy"
    try:
        neo.grad(lambda x: nep.sum(function(*arrays[:k], x, *arrays[k + 1 :])))(arrays[k])
    except NotImplementedError as error:
        return str(error)
    return ""


def main() -> None:
    """Print the differing functions, and how many there are, for the backend named."""
    warnings.simplefilter("ignore")
    names = [info.name for info in dispatch._special_funcs]
    found = {name: differing(name, sys.argv[1]) for name in names}
    print(json.dumps({"count": len(names), "differing": {k: v for k, v in found.items() if v}}))


if __name__ == "__main__":
    main()
