"""Stop cleanly on Ctrl-C and SIGTERM, by force if that takes too long, and when the output's reader has gone."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOP_WITHIN_S = 9.0
"""How long the work may take to end after the signal. Supervisors send SIGKILL after ten seconds."""
_LAST_ACTS_S = 0.5


class Stopped(Exception):
    """The work was told to stop while it waited."""


Waiting = Callable[[str], None]
"""Work that waits calls this about once a second with what it waits for. It raises Stopped when the wait must end."""


class Stop(threading.Event):
    """Set by the first SIGINT or SIGTERM."""

    def __init__(self) -> None:
        super().__init__()
        self.before_forced_exit: list[Callable[[], object]] = []
        """Called when the work does not end in time, the last one first, in another thread while the main one hangs:
        to restore the terminal, or to say what is lost. Together they have half a second."""


@contextmanager
def stop_signal(*, ctrl_c_has_a_deadline: bool = True) -> Iterator[Stop]:
    """An event that the first SIGINT or SIGTERM sets; the second raises KeyboardInterrupt. For the main thread.

    If the block has not ended STOP_WITHIN_S after the first, the process ends by force, with a line on standard error
    and exit code 1, whatever the main thread hangs in. Without a deadline for Ctrl-C, the work must say what it waits
    for; SIGTERM has one in any case.
    """
    stop = Stop()
    asked = False

    def handle(_: int, __: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        stop.set()

    limited = {signal.SIGINT, signal.SIGTERM} if ctrl_c_has_a_deadline else {signal.SIGTERM}
    with _watched(stop, limited):
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _watched(stop: Stop, limited: set[signal.Signals]) -> Iterator[None]:
    """Hear of signals in a thread too: Python's handlers run only when the main thread leaves C code."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    watch = threading.Thread(target=_watch, args=(reader, stop, limited), name="stop", daemon=True)
    watch.start()
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)
        watch.join()
        os.close(reader)


def _watch(reader: int, stop: Stop, limited: set[signal.Signals]) -> None:
    """Read the numbers of signals, until the pipe ends or the time is over."""
    deadline: float | None = None
    while True:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            _force(stop)
        if select.select([reader], [], [], left)[0]:
            numbers = os.read(reader, 64)
            if not numbers:
                return
            if deadline is None and limited.intersection(numbers):
                deadline = time.monotonic() + STOP_WITHIN_S


def _force(stop: Stop) -> None:
    def act() -> None:
        for last_act in reversed(stop.before_forced_exit):
            with suppress(Exception):
                last_act()
        sys.stdout.flush()

    def say() -> None:
        print(f"Still busy {STOP_WITHIN_S:g} s after the signal to stop; ended by force.", file=sys.stderr, flush=True)

    # In threads of their own: what they call may hang as well.
    for step in (act, say):
        thread = threading.Thread(target=step, daemon=True)
        thread.start()
        thread.join(_LAST_ACTS_S)
    os._exit(1)


def forget_output() -> None:
    """Let what standard output still holds go nowhere: who read it, `head` for example, has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
