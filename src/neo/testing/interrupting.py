"""Ctrl-C that is not lost, wherever it falls."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interruptible(progress: Callable[..., None] | None) -> Iterator[Callable[..., None]]:
    """Yield what to call between steps of work: progress, and KeyboardInterrupt after a Ctrl-C.

    Python raises it at once as well. But an exception in a callback, as Hypothesis has for the garbage
    collector, is printed and forgotten, and so would the wish to stop.
    """
    heard: list[int] = []

    def hear(number: int, frame: Any) -> None:
        heard.append(number)
        raise KeyboardInterrupt

    def between(*what: Any) -> None:
        if heard:
            raise KeyboardInterrupt
        if progress is not None:
            progress(*what)

    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield between
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield between
    finally:
        signal.signal(signal.SIGINT, before)
