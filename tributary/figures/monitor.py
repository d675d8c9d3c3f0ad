"""Checks in a thread of their own, once a second: lag, and whether store, group and topics are still the same.

The thread that fetches never waits for these answers: while a broker hangs, a member can still be stopped, and writes
what it has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from tributary.figures.ownership import Ownership
from tributary.figures.store.reader import StoreReader
from tributary.kafka.admin import BrokerUnavailable, Partition, TopicAdmin, lost_messages

_EVERY_S = 1.0
_STALLED_S = 8.0
"""Lag without a write for this long is a stall, with or without a known reason."""


class Monitor:
    """What is known about the store, the group and the topics of a member.

    `reading` returns the partitions that are read at this moment; `note` writes the member's heartbeat. The attributes
    may be read from any thread.
    """

    def __init__(
        self,
        topics: TopicAdmin,
        reader: StoreReader,
        ownership: Ownership,
        reading: Callable[[], set[Partition]],
        note: Callable[[], None],
    ) -> None:
        self._topics = topics
        self._reader = reader
        self._ownership = ownership
        self._reading = reading
        self._note = note
        self._asking = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self._doubts = 0
        self._moved_at = time.monotonic()
        self._counted: Mapping[Partition, int] = {}
        self.lag: Mapping[Partition, int] | None = None
        """Lag of the store by partition, in offsets; None until the broker has answered."""
        self.broker_away = ""
        """Why the broker does not answer; empty while it does."""
        self.stalled = ""
        """What a stall without a known reason waits for; empty when there is none."""
        self.problem: Exception | None = None
        """Why the member must stop."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def check(self) -> None:
        """Check everything once. Errors are kept in `broker_away` and `problem`."""
        try:
            self._note()
            self._ownership.check()
            self.update()
        except BrokerUnavailable as error:
            self.broker_away = str(error)
        except Exception as problem:  # any error must reach the thread that fetches
            self.problem = problem

    def update(self) -> bool:
        """Update the lag, in the calling thread. Returns False without a valid answer; the lag then stays as it was.

        Raises GroupError where a partition ends before the store's next offset.
        """
        with self._asking:
            stored = self._reader.offsets()  # first: no partition ends before an offset that was stored earlier
            try:
                watermarks = self._topics.watermarks()
                self.broker_away = ""
            except BrokerUnavailable as error:
                self.broker_away = str(error)
                return False
            if self._is_behind(stored, watermarks):
                return False
            lag = {p: max(high - max(stored.get(p, low), low), 0) for p, (low, high) in watermarks.items()}
            self._notice_stall(lag, stored)
            self.lag = lag
            return True

    def close(self) -> None:
        """End the thread, after the request that it may be waiting for."""
        self._closed.set()

    def _run(self) -> None:
        while self.problem is None and not self._closed.wait(_EVERY_S):
            self.check()
        if self._closed.is_set():
            self._reader.close()

    def _is_behind(self, stored: Mapping[Partition, int], watermarks: Mapping[Partition, tuple[int, int]]) -> bool:
        """Whether a partition ends before its stored offset. Raises GroupError the second time in a row."""
        lost = [(p, stored[p], high) for p, (_, high) in watermarks.items() if stored.get(p, 0) > high]
        self._doubts = self._doubts + 1 if lost else 0
        if self._doubts > 1:
            raise lost_messages(*lost[0])
        return bool(lost)

    def _notice_stall(self, lag: Mapping[Partition, int], stored: Mapping[Partition, int]) -> None:
        reading = self._reading()
        behind = {partition: lag[partition] for partition in reading if lag.get(partition)}
        counted = {partition: stored.get(partition, 0) for partition in reading}
        now = time.monotonic()
        if not behind or counted != self._counted:
            self._moved_at, self._counted = now, counted
        self.stalled = ""
        if now - self._moved_at > _STALLED_S:
            self.stalled = (
                f"the broker to send messages of {len(behind)} partition{'' if len(behind) == 1 else 's'}: "
                f"none came for {_STALLED_S:g} s or more"
            )
