"""Where in the user's code a call stands."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from os.path import abspath, basename, dirname

_OURS = dirname(dirname(abspath(__file__)))
_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a program: `train.py:12 in loss: y = nep.log(p)`."""

    file: str
    line: int
    function: str

    @property
    def text(self) -> str:
        """The source line, empty where it cannot be read."""
        import linecache  # for an error or a question only

        return linecache.getline(self.file, self.line).strip()

    @property
    def short(self) -> str:
        """The file, the line and the function: `train.py:12 in loss`."""
        return f"{basename(self.file)}:{self.line} in {self.function}"

    def __str__(self) -> str:
        return f"{self.short}: {self.text}" if self.text else self.short


def here() -> Place | None:
    """Return the line of the user's code that is being run, None if there is none.

    It is the innermost one outside neo, and outside installed packages where there is such a one.
    """
    frame, found = sys._getframe(1), None
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_OURS):
            place = Place(file, frame.f_lineno, frame.f_code.co_name)
            if not any([name in file for name in _INSTALLED]):
                return place
            found = found or place
        frame = frame.f_back  # type: ignore[assignment]
    return found
