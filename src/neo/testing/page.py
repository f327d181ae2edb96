"""The page of reports: operation by backend by order, the worst error in units of its bound."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, log10
from typing import Any

# Colours of a cell: its worst error from a thousandth of the bound and less to the bound itself.
_STEPS = 7
_LIGHT = ["#cfeee6", "#d8f0d9", "#e3f1c8", "#eff0b8", "#f8e9a6", "#fbdc8f", "#fbcb78"]
_DARK = ["#12453d", "#1d4a35", "#2f4f2d", "#454f26", "#574c22", "#66461f", "#74401f"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1b2230; --soft: #566074; --line: #dfe4ec; --paper: #f7f9fc;
  --card: #fff; --bad: #b3261e; --on-bad: #fff; --good: #0b6b57; --focus: #2457d6; LIGHT }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9edf4; --soft: #a2adbf; --line: #2b3443; --paper: #10141b; --card: #181e28;
    --bad: #ff8a80; --on-bad: #2a0906; --good: #6fd8bf; --focus: #8fb2ff; DARK }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, sans-serif }
main { margin: 0 auto; max-width: 78rem; padding: 2.5rem 1.5rem 5rem }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em }
h2 { font-size: 1.15rem; margin: 2.8rem 0 .8rem }
p { margin: .5rem 0 } .soft { color: var(--soft) } .bad { color: var(--bad) } .good { color: var(--good) }
dl { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.6rem 0 }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .7rem 1.1rem;
  display: flex; flex-direction: column-reverse; min-width: 8.5rem }
dd { margin: 0; font-size: 1.55rem; font-weight: 650; font-variant-numeric: tabular-nums }
dt { color: var(--soft); font-size: .85rem }
.tools { display: flex; flex-wrap: wrap; gap: .8rem 1.4rem; align-items: center; margin: 0 0 .8rem }
input[type=search] { flex: 1 1 16rem; padding: .55rem .9rem; border-radius: 10px; color: inherit;
  border: 1px solid var(--line); background: var(--card); font: inherit }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px }
.wrap { overflow: auto; max-height: 80vh; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px }
table { border-collapse: separate; border-spacing: 3px; font-variant-numeric: tabular-nums }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
th { font-weight: 600; text-align: left; padding: .3rem .6rem; font-size: .85rem }
thead th { text-align: center; background: var(--card) }
thead th.last { color: var(--soft); font-weight: 400 }
thead { position: sticky; top: 0; z-index: 2 }
tbody th { position: sticky; left: 0; background: var(--card); white-space: nowrap; font-size: .95rem }
td { padding: .25rem .6rem; text-align: center; border-radius: 6px; min-width: 4.6rem; font-size: .85rem }
td.none { color: var(--soft) } td.wrong { background: var(--bad) }
td.wrong, td.wrong a { color: var(--on-bad); font-weight: 700 } STEPS
.plain th, .plain td { text-align: left; white-space: normal }
article { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--bad);
  border-radius: 10px; padding: .9rem 1.2rem; margin: .8rem 0; overflow-wrap: anywhere }
article h3 { margin: 0; font-size: 1.05rem } code, pre { font: 13px/1.5 ui-monospace, monospace }
pre { overflow-x: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 8px;
  padding: .8rem; overflow-wrap: normal }
.scale { display: inline-flex; vertical-align: -.15em; border-radius: 4px; overflow: hidden }
.scale i { width: 1.3rem; height: .85rem }
"""

_SCRIPT = """
const box = document.querySelector('[type=search]'), only = document.querySelector('[type=checkbox]');
const rows = [...document.querySelectorAll('tr[data-name]')];
const show = () => rows.forEach(row => { row.hidden = !row.dataset.name.includes(box.value.toLowerCase())
  || (only.checked && row.dataset.wrong === '0') });
if (box) { box.addEventListener('input', show); only.addEventListener('change', show) }
"""


def page(reports: Sequence[dict[str, Any]]) -> str:
    """Return the page of reports, given as dicts, as HTML that needs nothing else."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gradients, checked</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_style()}</style><main>",
            _head(reports),
            _figures(reports),
            _table(reports),
            _findings(reports),
            _skipped(reports),
            f"</main><script>{_SCRIPT}</script></html>",
        ]
    )


def _style() -> str:
    named = [" ".join([f"--s{k}: {c};" for k, c in enumerate(row)]) for row in (_LIGHT, _DARK)]
    steps = " ".join([f".s{k} {{ background: var(--s{k}) }}" for k in range(_STEPS)])
    return _STYLE.replace("LIGHT", named[0]).replace("DARK", named[1]).replace("STEPS", steps)


def _head(reports: Sequence[dict[str, Any]]) -> str:
    wrong = len({report["operation"] for report in reports if report["findings"]})
    several = f"{len(reports)} gradients" if len(reports) != 1 else "One gradient"
    words = f'<span class="good">{several} checked, none wrong</span>'
    if wrong:
        words = f'<span class="bad">{wrong} of {several.lower()} {"is" if wrong == 1 else "are"} wrong</span>'
    if any(report.get("interrupted") for report in reports):
        words += ' so far: <span class="bad">stopped before it was done</span>'
    scale = "".join([f'<i class="s{k}"></i>' for k in range(_STEPS)])
    return (
        f"<h1>{words if reports else 'No gradient was checked'}</h1><p>A cell has the worst error of a "
        f"gradient beside the slope of its function, in units of the bound that this slope has: "
        f'<span class="soft">0.001 <span class="scale">{scale}</span> 1</span>. '
        f"Above 1 it is wrong.</p>"
    )


def _figures(reports: Sequence[dict[str, Any]]) -> str:
    rows = [row for report in reports for row in report["rows"]]
    findings = sum([len(report["findings"]) for report in reports])
    figures = [
        ("findings", f'<span class="bad">{findings}</span>' if findings else "0"),
        ("examples", f"{sum([report['examples'] for report in reports]):,}"),
        ("slopes compared", f"{sum([row['compared'] for row in rows]):,}"),
        ("kinks met", f"{sum([row['kinks'] for row in rows]):,}"),
        ("slopes unknown", f"{sum([row['unknown'] for row in rows]):,}"),
        ("worst error of a right one", _number(max([row["worst"] for row in rows], default=0.0))),
    ]
    return f"<dl>{''.join([f'<div><dt>{words}</dt><dd>{n}</dd></div>' for words, n in figures])}</dl>"


def _findings(reports: Sequence[dict[str, Any]]) -> str:
    parts = [_finding(f, _anchor(f, k)) for k, report in enumerate(reports) for f in report["findings"]]
    return f"<h2>What is wrong</h2>{''.join(parts)}" if parts else ""


def _anchor(found: dict[str, Any], number: int) -> str:
    return f"found-{number}-{found['backend']}-{found['dtype']}-{min(found['order'], 2)}"


def _finding(f: dict[str, Any], anchor: str) -> str:
    of = f" of <code>{escape(f['argument'])}</code>" if f["argument"] else ""
    at = f" at {escape(str(f['entry']))}" if f["entry"] is not None else ""
    lines = [
        f'<article id="{escape(anchor)}"><h3>{escape(f["operation"])}: <span class="bad">{escape(f["kind"])}'
        f"</span>{of}{at}</h3>",
        f'<p class="soft">{escape(f["backend"])} {escape(f["dtype"])}, order {f["order"]}</p>',
        f"<p>{escape(f['message'][:1].upper() + f['message'][1:])}</p>",
    ]
    if f["numeric"] is not None:
        numbers = f"<b>{f['analytic']:.9g}</b>, slope <b>{f['numeric']:.9g}</b>"
        lines.append(f"<p>Gradient {numbers}; they may differ by {f['bound']:.2g}.</p>")
    if f["only"]:
        lines.append(f"<p>Only where {escape(f['only'])}.</p>")
    return "".join([*lines, f"<pre>{escape(f['program'])}</pre></article>"])


def _table(reports: Sequence[dict[str, Any]]) -> str:
    keys = [(r["backend"], r["dtype"], r["order"]) for report in reports for r in report["rows"]]
    met = [list(dict.fromkeys([str(key[k]) for key in keys])) for k in (0, 1)]
    columns = sorted(set(keys), key=lambda key: (met[0].index(key[0]), met[1].index(key[1]), key[2]))
    if not columns:
        return ""
    body = [_row(report, columns, number) for number, report in enumerate(reports)]
    return (
        '<h2>Operation by backend by order</h2><div class="tools"><input type="search" placeholder="Filter '
        'operations" aria-label="Filter operations"><label><input type="checkbox"> only what is wrong</label>'
        f'</div><div class="wrap" tabindex="0" role="region" aria-label="Table of operations"><table>'
        f"<caption>The worst error of each gradient, in units of its bound</caption>{_header(columns)}"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _header(columns: Sequence[tuple[str, str, int]]) -> str:
    """Return three rows: libraries over dtypes over orders."""
    last = "".join([f'<th scope="col" class="last">order {order}</th>' for *_, order in columns])
    spans = [_spans([c[:n] for c in columns]) for n in (1, 2)]
    rows = "".join([f"<tr>{row}</tr>" for row in spans[1:]])
    return (
        f'<thead><tr><th scope="col" rowspan="3">operation</th>{spans[0]}</tr>{rows}<tr>{last}</tr></thead>'
    )


def _spans(names: Sequence[tuple[str, ...]]) -> str:
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    return "".join(
        [f'<th scope="colgroup" colspan="{n}">{escape(name[-1])}</th>' for name, n in counts.items()]
    )


def _row(report: dict[str, Any], columns: Sequence[tuple[str, str, int]], number: int) -> str:
    rows = {(r["backend"], r["dtype"], r["order"]): r for r in report["rows"]}
    known = {_anchor(f, number) for f in report["findings"]}
    name = escape(report["operation"])
    cells = "".join([_cell(rows.get(column), number, known) for column in columns])
    return (
        f'<tr data-name="{name.lower()}" data-wrong="{len(report["findings"])}">'
        f'<th scope="row">{name}</th>{cells}</tr>'
    )


def _cell(row: dict[str, Any] | None, number: int, known: set[str]) -> str:
    if row is None:
        return '<td class="none">&ndash;</td>'
    words = ", ".join([f"{row[k]} {k}" for k in ("examples", "compared", "kinks", "unknown")])
    if row["findings"]:
        anchor = _anchor(row, number)
        text = f'<a href="#{escape(anchor)}">wrong</a>' if anchor in known else "wrong"
        return f'<td class="wrong" title="{words}">{text}</td>'
    if row["unknown"] and not row["compared"]:
        return f'<td class="none" title="{words}">unknown</td>'
    if not row["examples"]:
        return f'<td class="none" title="{words}">&ndash;</td>'
    return f'<td class="s{_step(row["worst"])}" title="{words}">{_number(row["worst"])}</td>'


def _number(worst: float) -> str:
    """Return a share of a bound in few characters."""
    if worst == 0:
        return "agrees"
    return f"{worst:.2g}" if worst >= 1e-3 else f"10<sup>&minus;{ceil(-log10(worst) - 1e-9)}</sup>"


def _step(worst: float) -> int:
    """Return which colour an error has: two for a power of ten."""
    return min(max(ceil(2 * log10(max(worst, 1e-9))) + _STEPS - 1, 0), _STEPS - 1)


def _skipped(reports: Sequence[dict[str, Any]]) -> str:
    skipped = {name: why for report in reports for name, why in report["skipped"].items()}
    if not skipped:
        return ""
    rows = [
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(why)}</td></tr>' for name, why in skipped.items()
    ]
    return f'<h2>Not run</h2><div class="wrap"><table class="plain">{"".join(rows)}</table></div>'
