"""How virtual users share a rate and a count of events."""

from __future__ import annotations

import attrs


@attrs.frozen
class VirtualUser:
    """One of the users that are active at the same time: when its events are due, and how many it sends.

    Virtual users take turns, evenly over time, so that together they keep the rate. Each has a fixed part of the
    count, so that what is sent does not depend on which thread is quicker.
    """

    number: int
    users: int
    rate: float
    """events per second of all virtual users together; 0 means no limit"""
    count: int | None
    """events of all virtual users together; None means no limit"""

    @property
    def limit(self) -> int | None:
        """How many events this virtual user sends; None for no limit."""
        if self.count is None:
            return None
        return self.count // self.users + (self.number < self.count % self.users)

    def due(self, elapsed: float) -> int:
        """How many of its events are due in all, `elapsed` seconds after the start. For a rate above 0."""
        return int((elapsed * self.rate - self.number) // self.users) + 1

    def due_at(self, nth: int) -> float:
        """When its event `nth` (from 0) is due, in seconds after the start. For a rate above 0."""
        return (nth * self.users + self.number) / self.rate
