"""Checks of a backend in a process of its own, which is ended when one of them takes too long."""

from __future__ import annotations

import multiprocessing
import signal
from contextlib import suppress
from typing import Any

from .. import backends
from .backend_report import MISSING, Row


class Limited:
    """A function from an operation to its row of `check_backend`, which gives up after some seconds.

    limit: the seconds. name, settings: what `check_backend` takes. The process lives on from one
    operation to the next, so that its library is imported once, and is started again where it ended.
    """

    def __init__(self, limit: float, name: str, **settings: Any) -> None:
        self.limit, self.name, self.settings = limit, name, settings
        self.process: Any = None

    def __call__(self, operation: str) -> Row:
        if self.process is None:
            self._start()
        try:
            self.channel.send(operation)
            if not self.channel.poll(self.limit):
                return self._ended(operation, f"no answer within {self.limit:g} s")
            found = self.channel.recv()
        except (EOFError, OSError):
            return self._ended(operation, "the library ended the process")
        except KeyboardInterrupt:
            self._ended(operation, "")
            raise
        if isinstance(found, Exception):
            raise found
        return found

    def _start(self) -> None:
        # Not by fork: libraries with threads of their own do not survive it.
        context = multiprocessing.get_context("spawn")
        self.channel, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there, self.name, self.settings), daemon=True)
        self.process.start()
        there.close()  # so that its end is the end of the channel
        self.channel.recv()  # it has imported what it needs, which does not count

    def _ended(self, operation: str, why: str) -> Row:
        self.process.kill()
        self.process = None
        return Row(operation, MISSING, "", why, 0)


def _serve(channel: Any, name: str, settings: dict[str, Any]) -> None:
    """Answer with a row for each operation that comes, or with the error."""
    from .conformance import check_backend

    # Ctrl-C reaches both processes, and the one who asks ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    backends.get(name)
    channel.send("ready")
    with suppress(EOFError, OSError):  # the one who asked is gone
        while True:
            operation = channel.recv()
            try:
                answer: Any = check_backend(name, operations=[operation], **settings).rows[0]
            except Exception as error:
                answer = error
            channel.send(answer)
