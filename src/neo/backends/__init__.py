"""The array libraries that neo runs on, and the registry that finds them.

Only this package may name an array library. A library that follows the array API standard takes
one call of `register`; one whose arrays have `__array_namespace__` takes none.
"""

from collections.abc import Callable as _Callable
from importlib import import_module as _import_module

from . import matrix_functions as _matrix_functions  # noqa: F401  # enters what it defines
from .defined import define
from .host import on_host
from .record import Backend
from .registry import (
    BY_TYPE,
    available,
    current,
    get,
    how_to_install,
    is_array,
    module_of,
    names,
    of,
    of_type,
    register,
    resolve,
    use,
)

__all__ = [
    "BY_TYPE",
    "Backend",
    "available",
    "current",
    "define",
    "get",
    "how_to_install",
    "is_array",
    "module_of",
    "names",
    "of",
    "of_type",
    "on_host",
    "register",
    "resolve",
    "use",
]


def _built_in(module: str) -> _Callable[[], Backend]:
    return lambda: _import_module(f"{__name__}.{module}").load()


register("numpy", _built_in("numpy"))
register(
    "cupy",
    _built_in("cupy"),
    install="pip install 'neo-autodiff[cupy]' (an NVIDIA GPU with CUDA 12 or later)",
)
register("torch", _built_in("torch"), install="pip install 'neo-autodiff[torch]'")
register("array_api_strict", _built_in("strict"), install="pip install array-api-strict")
