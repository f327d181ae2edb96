"""A function, its gradient included, as an ONNX file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from .. import backends, tree
from ..core.array import Array, box, raw_of, unbox
from ..errors import describe, short_name


def onnx(
    f: Callable[..., Any], args: tuple[Any, ...], path: str | PathLike[str], *, names: Any = None
) -> list[str]:
    """Write a function of arrays as an ONNX model; return the names of its outputs.

    f: a function of arrays or trees of them, such as `neo.value_and_grad(loss)`; it is run once, on
    arrays without values, so it may not branch on them. args: arrays of any library that tell the
    shapes and dtypes; other arguments are constants of the model. path: of the file to write.
    names: of the outputs (default: `output`, or `output_0`, ...). Inputs have the names of f's
    parameters, with the path of a leaf behind: `parameters['w']`.
    Run the model with onnxruntime, or anything else that reads ONNX. Needs ndonnx.
    Raises TypeError for an argument that is not an array and for a result that is not one.

    >>> import numpy as np, neo, neo.numpy as nep, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "gradient.onnx")
    >>> f = neo.value_and_grad(lambda x: nep.sum(nep.tanh(x) ** 2))
    >>> onnx(f, (np.ones(3, dtype="float32"),), path, names=["value", "gradient"])  # doctest: +SKIP
    ['value', 'gradient']
    """
    if not isinstance(args, tuple):
        raise TypeError(f"export.onnx takes the arguments as a tuple, got {describe(args)}; write (x,)")
    library = backends.get("ndonnx").xp
    inputs: dict[str, Any] = {}
    given = [_argument(library, x, name, inputs) for x, name in zip(args, _names(f, len(args)), strict=True)]
    leaves, _ = tree.flatten(_result(f, given))
    outputs = dict(zip(_called(names, len(leaves)), [_output(x) for x in leaves], strict=True))
    model = library.build(inputs, outputs)
    Path(fspath(path)).write_bytes(model.SerializeToString())
    return list(outputs)


def _result(f: Callable[..., Any], given: list[Any]) -> Any:
    try:
        return f(*given)
    except ValueError as error:
        if "propagated value" not in str(error):
            raise
        raise TypeError(
            "export.onnx: the function asked for the value of an array (if x > 0, float(x)), which has "
            "none before the model runs. Write neo.numpy.where(condition, a, b), or pass what it "
            "branches on as a constant"
        ) from error


def _argument(library: Any, argument: Any, name: str, inputs: dict[str, Any]) -> Any:
    """Return an argument with an array without values for each of its arrays, entered into inputs."""
    leaves, build = tree.flatten(argument)
    return build(
        [
            _input(library, x, name + where, inputs)
            for x, where in zip(leaves, tree.paths(argument), strict=True)
        ]
    )


def _input(library: Any, leaf: Any, name: str, inputs: dict[str, Any]) -> Any:
    if not isinstance(leaf, Array) and not backends.is_array(leaf):
        return leaf
    raw = raw_of(leaf)
    dtype = backends.get("ndonnx").dtype(short_name(raw.dtype))
    inputs[name] = library.argument(shape=tuple(raw.shape), dtype=dtype)
    return box(inputs[name]) if isinstance(leaf, Array) else inputs[name]


def _output(leaf: Any) -> Any:
    leaf = unbox(leaf)
    if not hasattr(leaf, "dtype"):
        raise TypeError(f"export.onnx needs a function that returns arrays; it returned {describe(leaf)}")
    return leaf


def _names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        parameters = []
    return [parameters[k] if k < len(parameters) else f"input_{k}" for k in range(count)]


def _called(names: Any, count: int) -> list[str]:
    """Return the outputs' names. Raises ValueError when there are not as many as outputs."""
    if names is None:
        return ["output"] if count == 1 else [f"output_{k}" for k in range(count)]
    if len(names) != count:
        raise ValueError(f"export.onnx: {len(names)} names for {count} outputs; give one for each")
    return list(names)
