"""ONNX graphs for any length of an axis: what differs between graphs of several lengths, as formulas.

A graph is built at a few lengths. Where all of them have the same nodes and their constants are
polynomials of the lengths, or one over such, the nodes serve every length, and the constants are
computed from that of an input. The last of the graphs takes no part in finding the formulas; they
have to give its constants too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, count, product
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

# Of a constant that was rounded to its dtype: how many units of the last place formulas may be off.
ROUNDINGS = 4
# A coefficient this near to a whole number is one.
WHOLE = 1e-4


class Varies(Exception):  # noqa: N818  # told to the caller in words of its own
    """A graph depends on a length in a way that no formula here has."""


def for_any_length(
    build: Callable[[dict[str, dict[int, int]]], onnx.ModelProto],
    shapes: dict[str, tuple[int, ...]],
    axes: dict[str, dict[int, str]],
) -> onnx.ModelProto:
    """Return a model whose inputs have some axes of any length.

    build: returns the model with other lengths of axes of inputs. shapes: those of the inputs in the
    example. axes: of inputs, with the names of their lengths.
    Raises ValueError for an axis that is not there and where build fails at another length, and
    NotImplementedError where there is no one model for all.
    """
    given = _given(shapes, axes)
    fixed = {n for key, shape in shapes.items() for k, n in enumerate(shape) if k not in axes.get(key, {})}
    at = points(given, fixed)
    models = [_at(build, axes, point) for point in at]
    used = [value.name for value in models[0].graph.input]
    where = {name: (key, k) for key in used for k, name in axes.get(key, {}).items()}
    try:
        return general(models, at, where)
    except Varies as error:
        raise NotImplementedError(
            f"export.onnx: {error}, so no one model serves every length of {', '.join(given)}. Take the "
            f"axis out of dynamic_axes, and write a model for each length"
        ) from error


def _given(shapes: dict[str, tuple[int, ...]], axes: dict[str, dict[int, str]]) -> dict[str, int]:
    """Return the lengths in the example by name."""
    found: dict[str, int] = {}
    for key, named in axes.items():
        if key not in shapes:
            raise ValueError(f"export.onnx: dynamic_axes names {key!r}; the inputs are {', '.join(shapes)}")
        for axis, name in named.items():
            if axis not in range(len(shapes[key])):
                raise ValueError(
                    f"export.onnx: dynamic_axes names axis {axis!r} of {key}, which has shape "
                    f"{shapes[key]}; count its axes from 0"
                )
            if found.setdefault(name, shapes[key][axis]) != shapes[key][axis]:
                raise ValueError(
                    f"export.onnx: axes of lengths {found[name]} and {shapes[key][axis]} are both called "
                    f"{name!r}; give each length a name of its own"
                )
    return found


def _at(build: Any, axes: dict[str, dict[int, str]], point: dict[str, int]) -> onnx.ModelProto:
    try:
        return build({key: {k: point[name] for k, name in named.items()} for key, named in axes.items()})
    except Exception as error:  # of the function, which ran at the lengths of args
        lengths = ", ".join([f"{name} = {n}" for name, n in point.items()])
        raise ValueError(
            f"export.onnx: the function runs at the shapes of args, and not at {lengths} "
            f"({type(error).__name__}). Name in dynamic_axes every axis that must have the same length, and "
            f"pass arrays of such a length as arguments"
        ) from error


def points(given: dict[str, int], others: set[int]) -> list[dict[str, int]]:
    """Return lengths to build graphs at, by name: every mix of two of each, and a third of all.

    given: those of the example. others: lengths of other axes, which none may be taken for.
    The lengths of one name are far apart: between near ones any function is a straight line.
    """
    taken = set(others)
    three: dict[str, list[int]] = {}
    for name, length in given.items():
        three[name] = []
        for times in (1, 2, 3):
            three[name].append(next(n for n in count(times * max(length, 2)) if n not in taken))
            taken.add(three[name][-1])
    mixes = product(*[lengths[:2] for lengths in three.values()])
    return [dict(zip(three, mix, strict=True)) for mix in [*mixes, [x[2] for x in three.values()]]]


def general(
    models: Sequence[onnx.ModelProto], at: Sequence[dict[str, int]], where: dict[str, tuple[str, int]]
) -> onnx.ModelProto:
    """Return the model for all lengths of which there is one for each of some lengths.

    at: the lengths of each model, by name. where: an input and an axis of it that has each length.
    Raises Varies where there is none.
    """
    if any([model.functions != models[0].functions for model in models]):
        raise Varies("a function of the model depends on a length")
    formulas = Formulas(list(where), at)
    out = onnx.ModelProto()
    out.CopyFrom(models[0])
    _generalise([out.graph, *[model.graph for model in models[1:]]], formulas)
    lengths = [node for name, (key, axis) in where.items() for node in _length(name, key, axis)]
    nodes = [*lengths, *out.graph.node]
    del out.graph.node[:]
    out.graph.node.extend(nodes)
    return out


def _length(name: str, key: str, axis: int) -> list[onnx.NodeProto]:
    """Return nodes that give the length of an axis of an input."""
    return [
        helper.make_node("Shape", [key], [f"shape_for_{name}"]),
        _constant(f"axis_for_{name}", np.asarray(axis)),
        helper.make_node("Gather", [f"shape_for_{name}", f"axis_for_{name}"], [_called(name)]),
    ]


def _called(name: str) -> str:
    return f"length_of_{name}"


def _constant(name: str, values: np.ndarray) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values))


def _generalise(graphs: Sequence[onnx.GraphProto], formulas: Formulas) -> None:
    """Make the first graph one for all lengths: formulas for its constants, names for its axes."""
    if len({len(graph.node) for graph in graphs}) > 1:
        raise Varies("the graph has more or fewer nodes at another length")
    made: list[onnx.NodeProto] = []
    for nodes in zip(*[graph.node for graph in graphs], strict=True):
        made += _general(nodes, formulas)
    del graphs[0].node[:], graphs[0].value_info[:]
    graphs[0].node.extend(made)
    for values in ("input", "output"):
        _name_axes([getattr(graph, values) for graph in graphs], formulas.at)


def _general(nodes: tuple[onnx.NodeProto, ...], formulas: Formulas) -> list[onnx.NodeProto]:
    first = nodes[0]
    if len({(x.op_type, *x.input, "->", *x.output) for x in nodes}) > 1:
        raise Varies(f"its node {first.op_type} is another at another length")
    for attributes in zip(*[x.attribute for x in nodes], strict=True):
        if attributes[0].type == onnx.AttributeProto.GRAPH:
            _generalise([x.g for x in attributes], formulas)
        elif any(x != attributes[0] for x in attributes[1:]):
            if first.op_type != "Constant" or attributes[0].type != onnx.AttributeProto.TENSOR:
                raise Varies(f"the {attributes[0].name} of its node {first.op_type} depends on a length")
            return formulas.nodes(first.output[0], [numpy_helper.to_array(x.t) for x in attributes])
    return [first]


def _name_axes(found: Sequence[Any], at: Sequence[dict[str, int]]) -> None:
    """Name axes of the first inputs or outputs that have one of the lengths; others that vary have none."""
    for every in zip(*found, strict=True):
        shapes = [[d.dim_value for d in x.type.tensor_type.shape.dim] for x in every]
        for k, d in enumerate(every[0].type.tensor_type.shape.dim):
            lengths = [shape[k] for shape in shapes]
            if len(set(lengths)) > 1:
                names = [name for name in at[0] if lengths == [point[name] for point in at]]
                d.Clear()
                if names:
                    d.dim_param = names[0]


class Formulas:
    """Constants as functions of lengths.

    names: of the lengths. at: what they are in each of the graphs, the last of which is for proof.
    """

    def __init__(self, names: Sequence[str], at: Sequence[dict[str, int]]) -> None:
        self.products = [part for k in range(len(names) + 1) for part in combinations(names, k)]
        self.matrix = np.asarray(
            [[self._value(part, point) for part in self.products] for point in at], float
        )
        self.at, self.made, self.output = at, list[onnx.NodeProto](), ""

    @staticmethod
    def _value(part: tuple[str, ...], point: dict[str, int]) -> float:
        return float(np.prod([point[name] for name in part], initial=1.0))

    def nodes(self, output: str, values: Sequence[np.ndarray]) -> list[onnx.NodeProto]:
        """Return nodes that compute a constant; values: what it is in each of the graphs."""
        self.made, self.output = [], output
        if len({x.shape for x in values}) == 1:
            found = self._of_one_shape(values)
        else:
            found = self._of_lengths(values)
        return [*self.made, helper.make_node("Identity", [found], [output])]

    def _add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{self.output}_{len(self.made)}"
        self.made.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def _hold(self, values: Any) -> str:
        name = f"{self.output}_{len(self.made)}"
        self.made.append(_constant(name, np.asarray(values)))
        return name

    def _of_one_shape(self, values: Sequence[np.ndarray]) -> str:
        """Return what computes elements that are polynomials of the lengths, or one over such."""
        dtype = values[0].dtype
        if all([np.array_equal(x, values[0], equal_nan=dtype.kind == "f") for x in values]):
            return self._hold(values[0])
        if dtype.kind not in "fiu":
            raise Varies(f"a constant of dtype {dtype} depends on a length")
        found = self._fitted(values, dtype)
        if found is not None:
            total = self._polynomial(found)
        else:
            with np.errstate(divide="ignore"):
                found = self._fitted([1 / x for x in values], dtype) if dtype.kind == "f" else None
            if found is None:
                raise Varies("a constant is no polynomial of the lengths, nor one over such")
            total = self._add("Reciprocal", self._polynomial(found))
        return self._add("Cast", total, to=helper.np_dtype_to_tensor_dtype(dtype))

    def _fitted(self, values: Sequence[np.ndarray], dtype: Any) -> list[np.ndarray] | None:
        """Return the coefficients of products of lengths, None if no polynomial gives all values."""
        rows = np.asarray([x.astype(float).ravel() for x in values])
        if not np.all(np.isfinite(rows)):
            return None
        found = np.linalg.solve(self.matrix[:-1], rows[:-1])
        whole = np.where(np.abs(found - np.round(found)) < WHOLE, np.round(found), found)
        floating = dtype.kind == "f"
        eps = ROUNDINGS * np.finfo(dtype).eps if floating else 0.0
        for each in (whole, found) if floating else (np.round(found),):
            if np.allclose(self.matrix @ each, rows, rtol=eps, atol=0):
                return [row.reshape(values[0].shape).astype(float if floating else np.int64) for row in each]
        return None

    def _polynomial(self, coefficients: list[np.ndarray]) -> str:
        """Return what computes a sum of products of lengths, each times its coefficients."""
        total = ""
        for part, c in zip(self.products, coefficients, strict=True):
            if not np.any(c):
                continue
            term = self._hold(c)
            for name in part:
                term = self._add("Mul", term, self._length(name, c.dtype))
            total = self._add("Add", total, term) if total else term
        return total

    def _length(self, name: str, dtype: Any) -> str:
        return self._add("Cast", _called(name), to=helper.np_dtype_to_tensor_dtype(dtype))

    def _of_lengths(self, values: Sequence[np.ndarray]) -> str:
        """Return what computes an array whose axes have the lengths: one element, or steps along one axis."""
        shapes = [np.asarray(x.shape) for x in values]
        if len({len(shape) for shape in shapes}) > 1:
            raise Varies("a constant has more axes at another length")
        axes = tuple(np.flatnonzero(np.ptp(shapes, axis=0)))
        firsts = [
            x[tuple([slice(0, 1) if k in axes else slice(None) for k in range(x.ndim)])] for x in values
        ]
        if all([np.array_equal(np.broadcast_to(f, x.shape), x) for f, x in zip(firsts, values, strict=True)]):
            return self._add("Expand", self._of_one_shape(firsts), self._of_one_shape(shapes))
        if len(axes) > 1 or values[0].dtype.kind not in "fiu":
            raise Varies("a constant array has a pattern along axes of the lengths")
        return self._of_steps(values, firsts, int(axes[0]))

    def _of_steps(self, values: Sequence[np.ndarray], firsts: Sequence[np.ndarray], axis: int) -> str:
        """Return what computes an array that grows by equal steps along an axis, as positions do."""
        steps = [np.take(x, [1], axis=axis) - f for x, f in zip(values, firsts, strict=True)]
        shape = np.asarray([-1 if k == axis else 1 for k in range(values[0].ndim)])
        numbers = [np.arange(x.shape[axis]).reshape(shape) for x in values]
        built = [f + n * s for f, n, s in zip(firsts, numbers, steps, strict=True)]
        if not all([np.array_equal(a, b) for a, b in zip(built, values, strict=True)]):
            raise Varies("a constant array has a pattern along an axis of a length")
        lengths = self._of_one_shape([np.asarray(x.shape[axis]) for x in values])
        places = self._add("Range", self._hold(np.asarray(0)), lengths, self._hold(np.asarray(1)))
        places = self._add("Reshape", places, self._hold(shape))
        dtype = helper.np_dtype_to_tensor_dtype(values[0].dtype)
        moved = self._add("Mul", self._add("Cast", places, to=dtype), self._of_one_shape(steps))
        return self._add("Add", self._of_one_shape(firsts), moved)
