"""`neo.show` draws a tape as text that a browser or Graphviz takes."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

import neo
import neo.functions as nn
import neo.numpy as nep


def traced():
    f = lambda x, w: nep.sum(nn.relu(x @ w) * neo.stop_gradient(x @ w))  # noqa: E731
    return neo.trace(f)(np.ones((2, 3)), np.ones((3, 2)))[1]


def test_a_picture_prints_as_the_program() -> None:
    tape = traced()

    assert str(neo.show(tape)) == str(tape)


def test_the_svg_has_a_row_per_call_and_an_arc_per_use() -> None:
    svg = ElementTree.fromstring(neo.show(traced()).svg)

    texts = [x.text for x in svg if x.tag.endswith("text")]
    arcs = [x for x in svg if x.tag.endswith("path")]
    assert texts[:3] == ["%0 = input x  f64[2,3]", "%1 = input w  f64[3,2]", "%2 = matmul(%0, %1)  f64[2,2]"]
    assert texts[-1] == "return %7"
    # Two for each matmul and multiply, one for relu, stop_gradient, sum and return.
    assert len(arcs) == 10


def test_a_notebook_shows_the_svg() -> None:
    drawing = neo.show(traced())

    assert drawing._repr_html_() == drawing.svg
    assert drawing.svg in drawing.html


def test_the_graph_joins_calls_by_slots() -> None:
    dot = neo.show(traced()).dot

    assert dot.startswith("digraph tape {")
    assert '  x0 [shape=box, label="x\\nf64[2,3]"];' in dot
    assert '  c0 [shape=ellipse, label="matmul\\nf64[2,2]\\n96 B saved"];' in dot
    assert '  x1 -> c0 [label="%1"];' in dot
    assert '  c5 -> out [label="%7"];' in dot


def test_indices_and_settings_are_uses() -> None:
    f = lambda x: nep.sum(x[x > 0])  # noqa: E731

    dot = neo.show(neo.trace(f)(np.ones(3))[1]).dot

    assert '  c0 -> c1 [label="%1"];' in dot


def test_a_slice_is_drawn() -> None:
    assert str(neo.show(traced()[2:4])).startswith("%2 = matmul")


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", "<svg"), ("html", "<!DOCTYPE"), ("dot", "digraph"), ("txt", "%0")]
)
def test_a_picture_is_saved_by_its_suffix(tmp_path, suffix, start) -> None:
    path = tmp_path / f"tape.{suffix}"

    neo.show(traced()).save(path)

    assert path.read_text().startswith(start)


def test_another_suffix_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"cannot draw a tape as 'tape.png'; the suffix is one of .svg"):
        neo.show(traced()).save(tmp_path / "tape.png")


def test_what_is_no_tape_is_refused() -> None:
    with pytest.raises(TypeError, match=r"show draws a tape of neo.trace, got float64 array"):
        neo.show(np.ones(2))
