"""Show how far a long piece of work is, on standard error: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tributary.printable import printable

_EVERY_S = 5.0


class Progress(Protocol):
    """What the work tells."""

    def update(self, done: int, note: str) -> None:
        """So much of the total, if it is known, is done. `note` is shown beside it."""

    def say(self, text: str) -> None:
        """A line that stays."""


class _Bar:
    def __init__(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self.progress = RichProgress(*columns, console=Console(stderr=True))
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
def progress(total: int | None) -> Iterator[Progress]:
    """Show progress until the block ends; `total` is in whatever unit `update` counts, None if it is not known."""
    if sys.stderr.isatty():
        bar = _Bar(total)
        with bar.progress:
            yield bar
    else:
        yield _Lines(total)
