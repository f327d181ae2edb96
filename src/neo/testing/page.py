"""The page of reports: operation by backend by order, the worst error in units of its bound."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log10
from typing import Any

_STYLE = """
:root { --ink: #1c2330; --soft: #6a7485; --line: #e3e7ee; --paper: #fbfcfe; --card: #fff; --bad: #d64545 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf3; --soft: #98a3b5; --line: #2a3240; --paper: #12161d; --card: #1a202a;
    --bad: #ff7b72 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 5rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.5rem 0 .8rem }
.soft { color: var(--soft) } .figures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 }
.figure { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .8rem 1.2rem }
.figure b { display: block; font-size: 1.6rem; font-variant-numeric: tabular-nums }
.bad { color: var(--bad) } input { width: 100%; padding: .6rem .9rem; border-radius: 10px; color: inherit;
  border: 1px solid var(--line); background: var(--card); font: inherit }
.wrap { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px }
table { border-collapse: collapse; width: 100% } th { font-weight: 600; text-align: left; font-size: .8rem }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line) } td.name { white-space: nowrap }
td.cell { text-align: center; font: 12px ui-monospace, monospace; min-width: 4.5rem; color: #10202a }
td.none { color: var(--soft); text-align: center } tr:last-child td { border-bottom: 0 }
td.wrong { background: var(--bad); color: #fff; font-weight: 700 }
details { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--bad);
  border-radius: 10px; padding: .7rem 1rem; margin: .6rem 0 } summary { cursor: pointer; font-weight: 600 }
pre { overflow-x: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 8px;
  padding: .8rem; font: 13px/1.45 ui-monospace, monospace }
.scale { display: inline-block; width: 9rem; height: .7rem; border-radius: 4px; vertical-align: middle;
  background: linear-gradient(90deg, hsl(165 60% 72%), hsl(95 60% 70%), hsl(45 85% 66%)) }
"""

_SCRIPT = """
const box = document.querySelector('input');
box.addEventListener('input', () => document.querySelectorAll('tr[data-name]').forEach(row => {
  row.hidden = !row.dataset.name.includes(box.value.toLowerCase()) }));
"""


def page(reports: Sequence[dict[str, Any]]) -> str:
    """Return the page of reports, given as dicts, as HTML that needs nothing else."""
    findings = [f for report in reports for f in report["findings"]]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gradients, checked</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style><h1>Gradients, checked</h1>",
            '<div class="soft">The worst error of each gradient beside its slope, in units of the bound that '
            'the slope has: <span class="scale"></span> from 10⁻⁶ to 1. Above 1 it is wrong.</div>',
            _figures(reports, findings),
            _found(findings),
            "<h2>Operation by backend by order</h2>",
            '<input placeholder="Filter operations" aria-label="Filter">',
            _table(reports),
            _skipped(reports),
            f"<script>{_SCRIPT}</script></html>",
        ]
    )


def _figures(reports: Sequence[dict[str, Any]], findings: Sequence[Any]) -> str:
    compared = sum([row["compared"] for report in reports for row in report["rows"]])
    figures = [
        (len(reports), "operations", ""),
        (len(findings), "findings", "bad" if findings else ""),
        (sum([r["examples"] for r in reports]), "examples", ""),
        (compared, "slopes compared", ""),
        (sum([r["kinks"] for r in reports]), "kinks met", ""),
        (f"{max([r['worst'] for r in reports], default=0):.2g}", "worst error of a right one", ""),
    ]
    cells = [f'<div class="figure"><b class="{style}">{n}</b>{words}</div>' for n, words, style in figures]
    return f'<div class="figures">{"".join(cells)}</div>'


def _found(findings: Sequence[dict[str, Any]]) -> str:
    if not findings:
        return ""
    parts = []
    for f in findings:
        title = escape(f"{f['operation']}: {f['kind']}" + (f" of {f['argument']}" if f["argument"] else ""))
        where = escape(f"{f['backend']} {f['dtype']}, order {f['order']}")
        only = f"<p>Only where {escape(f['only'])}.</p>" if f["only"] else ""
        parts.append(
            f'<details open><summary>{title} <span class="soft">{where}</span></summary>'
            f"<p>{escape(f['message'])}</p>{_numbers(f)}{only}<pre>{escape(f['program'])}</pre></details>"
        )
    return "<h2>Findings</h2>" + "".join(parts)


def _numbers(f: dict[str, Any]) -> str:
    if f["numeric"] is None:
        return ""
    gradient, slope = f"<b>{f['analytic']:.9g}</b>", f"<b>{f['numeric']:.9g}</b>"
    return f"<p>Gradient {gradient}, slope {slope}, bound {f['bound']:.2g}.</p>"


def _table(reports: Sequence[dict[str, Any]]) -> str:
    columns = list(
        dict.fromkeys([(r["backend"], r["dtype"], r["order"]) for report in reports for r in report["rows"]])
    )
    head = "".join([f"<th>{escape(b)}<br>{escape(d)}, order {o}</th>" for b, d, o in columns])
    body = []
    for report in reports:
        rows = {(r["backend"], r["dtype"], r["order"]): r for r in report["rows"]}
        cells = "".join([_cell(rows.get(column)) for column in columns])
        name = escape(report["operation"])
        body.append(f'<tr data-name="{name.lower()}"><td class="name">{name}</td>{cells}</tr>')
    return f'<div class="wrap"><table><tr><th>operation</th>{head}</tr>{"".join(body)}</table></div>'


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return '<td class="none">-</td>'
    words = ", ".join([f"{row[k]} {k}" for k in ("examples", "compared", "kinks", "unknown")])
    if row["findings"]:
        return f'<td class="cell wrong" title="{words}">wrong</td>'
    if not row["compared"]:
        return f'<td class="none" title="{words}">{row["examples"] or "-"}</td>'
    worst = row["worst"]
    text = f"{worst:.0e}" if worst else "exact"
    return f'<td class="cell" style="background:{_colour(worst)}" title="{words}">{text}</td>'


def _colour(worst: float) -> str:
    """Return a green for errors far below their bound, towards amber at it."""
    share = min(max((log10(max(worst, 1e-9)) + 6) / 6, 0.0), 1.0)
    return f"hsl({165 - 120 * share:.0f} {60 + 25 * share:.0f}% {72 - 6 * share:.0f}%)"


def _skipped(reports: Sequence[dict[str, Any]]) -> str:
    skipped = {name: why for report in reports for name, why in report["skipped"].items()}
    if not skipped:
        return ""
    rows = "".join(
        [f"<tr><td>{escape(name)}</td><td>{escape(why)}</td></tr>" for name, why in skipped.items()]
    )
    return f'<h2>Not run</h2><div class="wrap"><table>{rows}</table></div>'
