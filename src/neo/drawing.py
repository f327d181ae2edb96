"""`show`: a tape as a picture, in text that any viewer takes."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from .core.listing import Call, Listing, Slot, Value, in_bytes
from .errors import describe

# The picture's measures, in pixels: a row, its text, and the first and the widest arc.
_ROW, _FONT, _NEAR, _FAR = 22, 12, 14, 130


class Drawing:
    """A picture of a tape: `print` gives the program, a notebook shows the picture.

    svg, html, dot: the picture as a text of that kind; `dot` is for Graphviz.
    """

    def __init__(self, listing: Listing) -> None:
        self.listing = listing

    def __str__(self) -> str:
        return str(self.listing)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the picture to a file, as its suffix says: .svg, .html, .dot or .txt."""
        path = Path(path)
        kinds = {".svg": "svg", ".html": "html", ".dot": "dot", ".txt": "text"}
        if path.suffix not in kinds:
            raise ValueError(f"cannot draw a tape as {path.name!r}; the suffix is one of {', '.join(kinds)}")
        path.write_text(getattr(self, kinds[path.suffix]), encoding="utf-8")

    @property
    def text(self) -> str:
        """The program as `print` shows it."""
        return f"{self.listing}\n"

    @property
    def html(self) -> str:
        """A page with the picture."""
        return f'<!DOCTYPE html>\n<meta charset="utf-8">\n<title>neo tape</title>\n{self.svg}\n'

    @property
    def svg(self) -> str:
        """The calls in order, with arcs from values to their uses, and what each saved."""
        rows = list(_rows(self.listing))
        place = {slot: k for k, (_, slots, _, _) in enumerate(rows) for slot in slots}
        most = max([saved for *_, saved in rows], default=0) or 1
        width = _FAR + 60 + max([len(text) for text, *_ in rows], default=0) * _FONT * 0.62 + 120
        parts = [
            _arc(place[used], k) for k, (*_, uses, _) in enumerate(rows) for used in uses if used in place
        ]
        for k, (text, _, _, saved) in enumerate(rows):
            parts.append(_text(_FAR + 24, _middle(k) + 4, text))
            if saved:
                parts.append(_bar(width, k, saved, most))
        style = f'font-family="monospace" font-size="{_FONT}"'
        size = f'width="{width:.0f}" height="{_ROW * len(rows) + 12}"'
        return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', *parts, "</svg>"])

    @property
    def dot(self) -> str:
        """The graph of values and calls for Graphviz."""
        lines = ["digraph tape {", "  rankdir=TB; node [fontname=monospace, fontsize=11];"]
        made: dict[int, str] = {}
        for name, value in self.listing.inputs:
            made[value.slot or 0] = node = f"x{value.slot}"
            lines.append(f"  {node} [shape=box, label={_quoted(f'{name}|{value.type}')}];")
        for k, call in enumerate(self.listing.calls):
            saved = f"|{in_bytes(call.saved)} saved" if call.saved else ""
            kinds = ", ".join([r.type for r in call.results])
            lines.append(f"  c{k} [shape=ellipse, label={_quoted(f'{call.name}|{kinds}{saved}')}];")
            lines += [f'  {made[s]} -> c{k} [label="%{s}"];' for s in slots_of(call) if s in made]
            made |= {r.slot: f"c{k}" for r in call.results if r.slot is not None}
        returned = [r for r in self.listing.results if isinstance(r, Value) and r.slot in made]
        if returned:
            lines.append("  out [shape=plaintext, label=return];")
            lines += [f'  {made[r.slot or 0]} -> out [label="%{r.slot}"];' for r in returned]
        return "\n".join([*lines, "}", ""])


def show(tape: Any) -> Drawing:
    """Return a picture of a tape: text when printed, drawn in a notebook.

    tape: of `neo.trace`, or a slice of one. The result has the picture as text in `svg`, `html` and
    `dot` (for Graphviz), and `save(path)` writes it. Raises TypeError for what is no such tape.

    >>> import numpy as np
    >>> import neo
    >>> import neo.numpy as nep
    >>> _, tape = neo.trace(lambda x: nep.sum(nep.sin(x)))(np.ones(3))
    >>> show(tape)
    %0 = input x  f64[3]
    %1 = sin(%0)  f64[3]  24 B saved
    %2 = sum(%1)  f64[]
    return %2
    2 calls, 24 B saved
    >>> show(tape).svg.startswith("<svg")
    True
    """
    listing = tape if isinstance(tape, Listing) else getattr(tape, "log", None)
    if not isinstance(listing, Listing):
        raise TypeError(f"show draws a tape of neo.trace, got {describe(tape)}: _, tape = neo.trace(f)(x)")
    return Drawing(listing)


def slots_of(call: Call) -> list[int]:
    """Return the slots that a call uses, each once, in order."""
    if call.step is None:
        found = [x.slot for x in call.operands if isinstance(x, Value) and x.slot is not None]
    else:
        found = [x.number for x in _slots_in([call.step.operands, call.step.settings])]
    return list(dict.fromkeys(found))


def _slots_in(value: Any) -> Iterator[Slot]:
    if isinstance(value, Slot):
        yield value
    elif isinstance(value, tuple | list | dict):
        for x in value.values() if isinstance(value, dict) else value:
            yield from _slots_in(x)


def _rows(listing: Listing) -> Iterator[tuple[str, list[int | None], list[int], int]]:
    """Yield (text, slots that it fills, slots that it uses, bytes that it saved) for every row."""
    for name, value in listing.inputs:
        yield f"%{value.slot} = input {name}  {value.type}", [value.slot], [], 0
    for call in listing.calls:
        kinds = ", ".join([r.type for r in call.results])
        yield f"{call}  {kinds}", [r.slot for r in call.results], slots_of(call), call.saved
    if listing.results:
        slots = [r.slot for r in listing.results if isinstance(r, Value) and r.slot is not None]
        yield f"return {', '.join(map(str, listing.results))}", [], slots, 0


def _middle(row: int) -> float:
    return 6 + _ROW * (row + 0.5)


def _arc(begin: int, end: int) -> str:
    """Return a curve at the left from one row to a later one, wider where they are further apart."""
    top, bottom, right = _middle(begin), _middle(end), _FAR + 16
    bulge = right - min(_NEAR * (end - begin) ** 0.8 + 6, _FAR)
    path = f"M{right},{top} C{bulge:.0f},{top} {bulge:.0f},{bottom} {right},{bottom}"
    return f'<path d="{path}" fill="none" stroke="#4878a8" stroke-width="1.2"/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x}" y="{y}">{escape(text)}</text>'


def _bar(width: float, row: int, saved: int, most: int) -> str:
    """Return a bar at the right as long as the share of what was saved at most."""
    size = f'width="{60 * saved / most:.1f}" height="10"'
    bar = f'<rect x="{width - 150:.0f}" y="{_middle(row) - 5}" {size} fill="#d8a048"/>'
    return bar + _text(width - 82, _middle(row) + 4, in_bytes(saved))


def _quoted(text: str) -> str:
    """Return a label for Graphviz, a line for each part."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("|", "\\n") + '"'
