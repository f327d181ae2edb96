"""Every call, or a sample of them, through neo; the table of what is refused; the page of the documentation.

SCIPY_ARRAY_API=1 python -m ecosystem.report --sample             # from tests/: what CI runs
SCIPY_ARRAY_API=1 python -m ecosystem.report --write docs/ecosystem.md
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from importlib import import_module
from pathlib import Path
from zlib import crc32

import numpy as np

from .calls import Call
from .compare import Outcome, outcome

LIBRARIES = ["numpy", "torch"]
MODULES = ["scipy_special", "scipy_stats", "scipy_signal", "scipy_others", "scikit_learn", "array_tools"]
TABLE = Path(__file__).with_name("refused.txt")
# One call in so many is in the sample.
SAMPLE = 4
# What a refusal says, in a reader's words.
REASONS = {
    "__array__ of a traced": "copies its operands into NumPy arrays",
    "__float__ of a traced": "makes a Python number of an array",
    "__int__ of a traced": "makes a Python number of an array",
    "no closed form": "no closed form of the derivative in a parameter is known",
    "Multiple namespaces": "makes NumPy arrays of its own beside the operands",
    "two libraries": "puts NumPy arrays beside the operands",
    "has no counterpart in neo": "calls a function of NumPy's that neo lacks",
    "torch.dtype": "takes the dtype for one of NumPy's",
    "Cannot interpret 'torch": "takes the dtype for one of NumPy's",
    "only with NumPy arrays": "is for NumPy arrays only, as it says",
    "expected an array of": "hands on what is no array",
}


def all_calls() -> list[Call]:
    """Return the calls of all tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [call for name in MODULES for call in import_module(f".{name}", __package__).CALLS]


def is_sampled(call: Call) -> bool:
    """Tell whether a call is in the sample: the same ones each time, some of every library."""
    return crc32(call.label.encode()) % SAMPLE == 0


def recorded() -> dict[tuple[str, str], str]:
    """Return the table of what is refused: the reason by call and library."""
    rows = [line.split(" | ") for line in TABLE.read_text().splitlines()]
    return {(label, library): reason for label, library, reason in rows}


def reason(outcome: Outcome) -> str:
    """Return why a call is refused, in short."""
    known = [words for part, words in REASONS.items() if part in outcome.reason]
    return known[0] if known else outcome.reason.splitlines()[0][:90]


def surprises(found: list[Outcome]) -> list[str]:
    """Return a line per outcome that the table does not expect: wrong numbers are never expected."""
    known = recorded()
    lines = []
    for x in found:
        refused = (x.label, x.library) in known
        if x.verdict == "wrong" or refused != (x.verdict == "refused"):
            expected = "refused" if refused else "right"
            lines.append(f"{x.label} over {x.library}: {x.verdict} {x.reason}, recorded as {expected}")
    return lines


PAGE = """# Other people's code

Code that was written for the [array API](https://data-apis.org/array-api/latest/), or for NumPy's own
protocols, becomes differentiable by passing it a neo array. {total} calls into SciPy, scikit-learn,
array-api-extra, array-api-compat, einops and xarray, none of them changed, on arrays that `neo.grad` traces:
each gradient is compared with finite differences of the plain NumPy run. Made by
`python -m ecosystem.report` from the tables in `tests/ecosystem`.

| over | right | right with `zero_times_inf="zero"` | refused | wrong |
| --- | --- | --- | --- | --- |
{counts}

SciPy needs `SCIPY_ARRAY_API=1` in the environment before it is imported, scikit-learn
`sklearn.set_config(array_api_dispatch=True)`; einops and the others need nothing. Operands of one call must
be of one library, constants too: `xp = x.__array_namespace__()`, then `xp.asarray([1.0, 0.5])`. What is
refused raises an error: a gradient is never lost in silence.

```python
>>> import numpy as np
>>> import neo
>>> import neo.numpy as nep
>>> from scipy import special
>>> neo.grad(lambda x: nep.sum(special.erfi(x)))(np.zeros(2)).round(4)
array([1.1284, 1.1284])
```

## What works

{works}

## What does not, and why

{refused}
"""


def page(calls: list[Call], found: list[Outcome]) -> str:
    """Return the page of the documentation."""
    counts = [
        _count_row(library, Counter([x.verdict for x in found if x.library == library]))
        for library in LIBRARIES
    ]
    bad = {x.label for x in found if x.verdict == "refused"}
    by_library: dict[str, list[str]] = {}
    for call in calls:
        if call.label not in bad:
            by_library.setdefault(call.library, []).append(f"`{call.name}`")
    works = [f"**{library}** ({len(names)}): {', '.join(names)}." for library, names in by_library.items()]
    return PAGE.format(
        total=len(calls), counts="\n".join(counts), works="\n\n".join(works), refused=_refused(calls, found)
    )


def _count_row(library: str, count: Counter[str]) -> str:
    numbers = [count[verdict] for verdict in ("works", "with the option", "refused", "wrong")]
    return f"| {library} | {' | '.join(map(str, numbers))} |"


def _refused(calls: list[Call], found: list[Outcome]) -> str:
    groups: dict[str, list[str]] = {}
    for call in calls:
        of_call = [x for x in found if x.label == call.label and x.verdict == "refused"]
        if of_call:
            where = "" if len(of_call) == len(LIBRARIES) else f" (over {of_call[0].library})"
            groups.setdefault(reason(of_call[0]), []).append(f"`{call.label}`{where}")
    return "\n".join([f"- {why}: {', '.join(names)}." for why, names in groups.items()])


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    import torch

    torch.set_num_threads(1)
    np.seterr(all="ignore")
    calls = [call for call in all_calls() if "--sample" not in sys.argv or is_sampled(call)]
    found = [outcome(call, library) for call in calls for library in LIBRARIES]
    if "--write" in sys.argv:
        refused = [x for x in found if x.verdict == "refused"]
        TABLE.write_text("".join([f"{x.label} | {x.library} | {reason(x)}\n" for x in refused]))
        Path(sys.argv[-1]).write_text(page(calls, found))
    lines = surprises(found)
    print("\n".join(lines) or f"{len(found)} calls as the table says")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
