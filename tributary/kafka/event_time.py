"""Plausible event times: one event with a time in the wrong unit would move the watermark of all.

The latest plausible time depends on when the message was sent, not on when it is read: the result is the same at every
reading, and files from years ago can be replayed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import numpy as np
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from tributary.avro.columns.reader import ReadResult

_LAST = np.iinfo(np.int64).max
_UNITS = {"seconds": 1000, "microseconds": 1e-3, "nanoseconds": 1e-6}
"""Factors from other units to milliseconds."""


def sent_ms(message: Message) -> int:
    """The timestamp of a message, CreateTime or LogAppendTime, in milliseconds; the current time if it has none."""
    kind, milliseconds = message.timestamp()
    return time.time_ns() // 1_000_000 if kind == TIMESTAMP_NOT_AVAILABLE else int(milliseconds or 0)


@attrs.frozen
class EventTimeLimits:
    """The plausible times of a topic's events, in milliseconds since the epoch."""

    event: str
    field: str
    """The field that has the time."""
    earliest_ms: int
    ahead_ms: int
    """By how much an event time may be later than the message's timestamp."""

    def check(self, reading: ReadResult, messages: Sequence[Message], since_ms: int) -> ReadResult:
        """The rows with a plausible time; the others become failures.

        `since_ms` is the timestamp of the first message. Reading the timestamp of each message costs as much as
        fetching it, so a time up to `ahead_ms` after `since_ms` is accepted without it: it is plausible, unless the
        message is older than the first.
        """
        batches, places, failures = [], [], dict(reading.failures)
        latest = min(since_ms + self.ahead_ms, _LAST)
        for batch, rows in zip(reading.batches, reading.places, strict=True):
            times = batch.integers(self.field)
            bad = (times < self.earliest_ms) | (times > latest)
            if np.count_nonzero(bad):
                for at in np.flatnonzero(bad).tolist():
                    place = int(rows[at])
                    reason = self._problem(int(times[at]), sent_ms(messages[place]))
                    bad[at] = bool(reason)
                    if reason:
                        failures[place] = reason
                batch, rows = batch.take(~bad), rows[~bad]
            batches.append(batch)
            places.append(rows)
        return ReadResult(batches, failures, places)

    def _problem(self, moment: int, sent: int) -> str:
        latest = sent + self.ahead_ms
        if self.earliest_ms <= moment <= latest:
            return ""
        fits = [unit for unit, factor in _UNITS.items() if self.earliest_ms <= moment * factor <= latest]
        hint = f"; as {fits[0]} it would fit, expected milliseconds" if fits else ""
        hours = self.ahead_ms / 3_600_000
        return (
            f"no plausible time: {self.event}.{self.field} is {moment}{_date(moment)}, expected {self.earliest_ms}"
            f"{_date(self.earliest_ms)} to {latest}{_date(latest)}, {hours:g} hours after it was sent{hint}"
        )


def _date(milliseconds: int) -> str:
    try:
        return f" ({datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC)"
    except (ValueError, OverflowError, OSError):
        return ""  # in no year of the calendar
