"""When events are due: at a rate, or by the times of a file."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

_FALLS_BACK_MS = 60_000
"""An order comes a few seconds after the rows around it; where the file's time falls back by more, it starts anew."""


@attrs.frozen
class Seat:
    """One of the places at which users shop: when its events are due, and how many it may send.

    The seats take turns, evenly over time, so that together they keep the rate; each has a fixed part of the count, so
    that what is sent does not depend on which thread is quicker.
    """

    number: int
    users: int
    rate: float
    """of all seats together, events a second; 0 means no limit"""
    count: int | None
    """of all seats together"""

    @property
    def limit(self) -> int | None:
        """How many events this seat sends; None for no limit."""
        if self.count is None:
            return None
        return self.count // self.users + (self.number < self.count % self.users)

    def due(self, elapsed: float) -> int:
        """How many of its events are due after so many seconds, in all. For a rate above 0."""
        return int((elapsed * self.rate - self.number) // self.users) + 1

    def due_at(self, nth: int) -> float:
        """When its `nth` event (from 0) is due, in seconds after the start. For a rate above 0."""
        return (nth * self.users + self.number) / self.rate


class Pace:
    """When an event of the file's time is due. `speed` is the file's seconds in one of ours; 0 means at once."""

    def __init__(self, speed: float, now: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._now = now
        self._newest: int | None = None
        self._offset = 0.0

    def delay(self, occurred_at: int) -> float:
        """Seconds to wait before an event of that time (milliseconds) goes out; 0 or less if it is due.

        The first event is due at once. Where the file's time falls back, it counts on from there.
        """
        if not self.speed:
            return 0.0
        due = occurred_at / 1000 / self.speed
        if self._newest is None or occurred_at < self._newest - _FALLS_BACK_MS:
            self._offset = self._now() - due
            self._newest = occurred_at
        self._newest = max(self._newest, occurred_at)
        return due + self._offset - self._now()
