"""What a member shows in the terminal: a dashboard where there is one, a line every few seconds where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from consumers.analytics import queries
from consumers.analytics.member import Status
from settings import Settings


@contextmanager
def watch(settings: Settings, dashboard: bool) -> Iterator[Callable[[Status], None]]:
    """A function to call with the member's status, several times a second."""
    last = [0.0]

    def observe(status: Status) -> None:
        if time.monotonic() - last[0] > 2:
            last[0] = time.monotonic()
            print(status, file=sys.stderr, flush=True)

    yield observe


def summary(status: Status) -> str:
    return str(status)


def report(reader: queries.Reader, settings: Settings) -> None:
    print(reader.figures(settings.abandoned_after_minutes))
