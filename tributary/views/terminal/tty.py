"""Keep the terminal clean while the dashboard is on it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tributary.printable import printable

_SHOWN_S = 30.0
_KEPT = 100


@contextmanager
def captured_stderr() -> Iterator[Callable[[], Sequence[str]]]:
    """Capture standard error. Gives a function that returns the lines of the last half minute, the latest last.

    The file descriptor itself is redirected: librdkafka and other native code write to it past `sys.stderr`. What was
    captured is written where it belonged at the end. Without a terminal on standard error nothing is captured.
    """
    if not sys.stderr.isatty():
        yield lambda: ()
        return
    lines: deque[tuple[float, str]] = deque(maxlen=_KEPT)
    sys.stderr.flush()
    original = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)

    def collect() -> None:
        with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
            # One by one: a deque takes a whole iterator without letting others look at it in between.
            for line in pipe:
                lines.append((time.monotonic(), line.rstrip()))

    collector = threading.Thread(target=collect, name="stderr", daemon=True)
    collector.start()
    try:
        yield lambda: [line for at, line in tuple(lines) if time.monotonic() - at < _SHOWN_S]
    finally:
        sys.stderr.flush()
        os.dup2(original, 2)
        os.close(original)
        collector.join()
        for _, line in lines:
            print(printable(line), file=sys.stderr)


@contextmanager
def no_echo() -> Iterator[None]:
    """Hide what is typed, also the ^C of Ctrl-C."""
    import termios

    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
