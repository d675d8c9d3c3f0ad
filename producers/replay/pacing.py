"""When the events of a file are due."""

from __future__ import annotations

import time
from collections.abc import Callable

_FALLS_BACK_MS = 60_000
"""An order comes a few seconds after the rows around it. A larger step back is where files were joined."""


class Pace:
    """When events are due by the times in the file.

    `speed` is the seconds of the file that pass in one second; 0 means that every event is due at once.
    """

    def __init__(self, speed: float, now: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._now = now
        self._newest: int | None = None
        self._offset = 0.0

    def delay(self, occurred_at: int) -> float:
        """Seconds to wait before an event of that time (milliseconds) goes out; 0 or less if it is due.

        The first event is due at once. Where the file's time falls back, pacing goes on from there.
        """
        if not self.speed:
            return 0.0
        due = occurred_at / 1000 / self.speed
        if self._newest is None or occurred_at < self._newest - _FALLS_BACK_MS:
            self._offset = self._now() - due
            self._newest = occurred_at
        self._newest = max(self._newest, occurred_at)
        return due + self._offset - self._now()
