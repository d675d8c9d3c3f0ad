"""Report the progress of long work on standard error: a bar on a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tributary.printable import printable

_EVERY_S = 5.0


class Reporter(Protocol):
    """Where long work reports its progress."""

    def update(self, done: int, note: str) -> None:
        """`done` of the total is done; `note` appears beside the bar."""

    def say(self, text: str) -> None:
        """Print a line that stays."""


class _Bar:
    def __init__(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self.progress = Progress(*columns, console=Console(stderr=True))
        self._task = self.progress.add_task("", total=total)

    def update(self, done: int, note: str) -> None:
        self.progress.update(self._task, completed=done, description=printable(note))

    def say(self, text: str) -> None:
        self.progress.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class _Lines:
    def __init__(self, total: int | None) -> None:
        self._total = total
        self._next = time.monotonic() + _EVERY_S

    def update(self, done: int, note: str) -> None:
        if time.monotonic() >= self._next:
            self._next += _EVERY_S
            self.say(f"{done / self._total:.0%}, {note}" if self._total else note)

    def say(self, text: str) -> None:
        print(printable(text), file=sys.stderr, flush=True)


@contextmanager
def reporter(total: int | None) -> Iterator[Reporter]:
    """Report until the block ends. `total` has the unit of `update`; None if it is not known."""
    if sys.stderr.isatty():
        bar = _Bar(total)
        with bar.progress:
            yield bar
    else:
        yield _Lines(total)
