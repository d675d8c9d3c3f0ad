"""Stop in order on Ctrl-C and SIGTERM, and when nobody reads any more."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(Exception):
    """The work was told to stop while it waited."""


Waiting = Callable[[str], None]
"""Work that waits calls this about once a second with what it waits for. It raises Stopped when the wait must end."""


@contextmanager
def stop_signal() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second raises KeyboardInterrupt. For the main thread."""
    stop = threading.Event()
    asked = False

    def handle(_: int, __: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def forget_output() -> None:
    """Let what standard output still holds go nowhere: who read it, `head` for example, has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
