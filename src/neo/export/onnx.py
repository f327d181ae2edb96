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

# Of inputs: the length of an axis that is another than that of the argument.
Lengths = dict[str, dict[int, int]]


def onnx(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    path: str | PathLike[str],
    *,
    names: Any = None,
    dynamic_axes: dict[str, dict[int, str]] | None = None,
) -> list[str]:
    """Write a function of arrays as an ONNX model; return the names of its outputs.

    f: a function of arrays or trees of them, such as `neo.value_and_grad(loss)`; it is run once, on
    arrays without values, so it may not branch on them. args: arrays of any library that tell the
    shapes and dtypes; other arguments are constants of the model. path: of the file to write.
    names: of the outputs (default: `output`, or `output_0`, ...). Inputs have the names of f's
    parameters, with the path of a leaf behind: `parameters['w']`. dynamic_axes: the axes of inputs
    that may have any length, each with a name that axes of one length share: `{"x": {0: "batch"}}`. f
    is then run at a few lengths near that of args; what it decides by a length, as x[:10] does, is
    decided as there.
    Run the model with onnxruntime, or anything else that reads ONNX. Needs ndonnx.
    Raises TypeError for an argument that is not an array and for a result that is not one, ValueError
    for an axis that is not there, NotImplementedError where the operations, and not their shapes alone,
    depend on a length.

    >>> import numpy as np, neo, neo.numpy as nep, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "gradient.onnx")
    >>> f = neo.value_and_grad(lambda x: nep.sum(nep.tanh(x) ** 2))
    >>> onnx(f, (np.ones(3, dtype="float32"),), path, names=["value", "gradient"])  # doctest: +SKIP
    ['value', 'gradient']
    """
    if not isinstance(args, tuple):
        raise TypeError(f"export.onnx takes the arguments as a tuple, got {describe(args)}; write (x,)")
    model, shapes = _built(f, args, names, {})
    if dynamic_axes:
        from .lengths import for_any_length  # onnx, which it names, loads on first use

        model = for_any_length(lambda axes: _built(f, args, names, axes)[0], shapes, dynamic_axes)
    Path(fspath(path)).write_bytes(model.SerializeToString())
    return [output.name for output in model.graph.output]


def _built(f: Any, args: tuple[Any, ...], names: Any, axes: Lengths) -> tuple[Any, dict[str, Any]]:
    """Return the model of a function and the shapes of its inputs, of which some axes have other lengths."""
    library = backends.get("ndonnx").xp
    inputs: dict[str, Any] = {}
    given = [
        _argument(library, x, name, inputs, axes) for x, name in zip(args, _names(f, len(args)), strict=True)
    ]
    leaves, _ = tree.flatten(_result(f, given))
    outputs = dict(zip(_called(names, len(leaves)), [_output(x) for x in leaves], strict=True))
    return library.build(inputs, outputs), {name: tuple(x.shape) for name, x in inputs.items()}


def _result(f: Callable[..., Any], given: list[Any]) -> Any:
    try:
        with backends.use("ndonnx"):
            return f(*given)
    except (TypeError, ValueError) as error:
        if not _asks_for_a_value(error):
            raise
        raise TypeError(
            "export.onnx: the function asked for the value of an array (if x > 0, float(x)), which has "
            "none before the model runs. Write neo.numpy.where(condition, a, b), or pass what it "
            "branches on as a constant"
        ) from error


def _asks_for_a_value(error: BaseException | None) -> bool:
    """Tell whether an error comes from ndonnx's, that an array has no values."""
    return error is not None and ("propagated value" in str(error) or _asks_for_a_value(error.__cause__))


def _argument(library: Any, argument: Any, name: str, inputs: dict[str, Any], axes: Lengths) -> Any:
    """Return an argument with an array without values for each of its arrays, entered into inputs."""
    leaves, build = tree.flatten(argument)
    return build(
        [
            _input(library, x, name + where, inputs, axes)
            for x, where in zip(leaves, tree.paths(argument), strict=True)
        ]
    )


def _input(library: Any, leaf: Any, name: str, inputs: dict[str, Any], axes: Lengths) -> Any:
    if not isinstance(leaf, Array) and not backends.is_array(leaf):
        return leaf
    raw = raw_of(leaf)
    dtype = backends.get("ndonnx").dtype(short_name(raw.dtype))
    shape = tuple([axes.get(name, {}).get(k, n) for k, n in enumerate(raw.shape)])
    inputs[name] = library.argument(shape=shape, dtype=dtype)
    return box(inputs[name])  # bare ones would be indexed and multiplied as ndonnx does it


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
