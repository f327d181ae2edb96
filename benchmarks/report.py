"""The figures as a table, and as a plot of ratios."""

from __future__ import annotations

from typing import Any


def table(race: dict[str, Any]) -> str:
    """Return one workload's rows, fastest first."""
    lines = [f"{race['workload']:<34} {'ms per step':>12}  {'quartiles':>19}  {'to PyTorch':>10}"]
    for row in sorted(race["rows"], key=lambda row: row["ms per step"]):
        low, high = row["quartiles"]
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}"
        lines.append(
            f"  {row['name']:<32} {row['ms per step']:>12.3f}  {low:>9.3f} {high:>9.3f}  {ratio:>10}"
        )
    return "\n".join([*lines, *[f"  {name}: {why}" for name, why in race["absent"].items()]])


def rows(title: str, found: list[dict[str, Any]]) -> str:
    """Return rows of words and numbers under a title."""
    lines = [
        "  "
        + "  ".join(
            [f"{key} {value:.2f}" if isinstance(value, float) else f"{value}" for key, value in row.items()]
        )
        for row in found
    ]
    return "\n".join([title, *lines])


def plot(races: list[dict[str, Any]], path: str) -> str:
    """Draw the ratio to PyTorch eager per workload and library, on a logarithmic scale.

    Returns what to say of it.
    """
    try:
        import matplotlib
    except ImportError:
        return "; no plot without matplotlib"

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(dict.fromkeys([row["name"] for race in races for row in race["rows"]]))
    figure, axes = pyplot.subplots(figsize=(11, 5))
    width = 0.8 / max(1, len(names))
    for k, name in enumerate(names):
        found = [
            (i, row["ratio"])
            for i, race in enumerate(races)
            for row in race["rows"]
            if row["name"] == name and row["ratio"]
        ]
        axes.bar([i + k * width for i, _ in found], [ratio for _, ratio in found], width, label=name)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_ylabel("time, PyTorch eager = 1")
    axes.set_xticks([i + 0.4 for i in range(len(races))], [race["workload"] for race in races])
    axes.legend(fontsize="small", ncols=2)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    return f" and {path}"
