"""Observes the group's progress from outside, and how long it has been silent."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping

from tests.chaos.campaign.members import Group
from tributary.kafka.admin import BrokerUnavailable, GroupError, Partition, TopicAdmin
from tributary.settings import Settings

_LOOK_S = 0.25
ALLOWED_SILENCE_S = 10.0


class Monitor:
    """Polls four times a second. `direct` leads to the broker without the members' proxy."""

    def __init__(self, direct: Settings, topics: list[str], group: Group) -> None:
        self._store = direct.store_path
        self._topics = TopicAdmin(direct, topics)
        self._group = group
        self._since: dict[Partition, float] = {}
        self._quiet_from = time.monotonic()
        self._closed = threading.Event()
        self.watermarks: Mapping[Partition, tuple[int, int]] = {}
        """The first and the next offset of every partition, by the broker's last answer."""
        self.stored: Mapping[Partition, int] = {}
        """The store's offsets when it could last be read."""
        self.longest_silence_s = 0.0
        self.silences: list[str] = []
        """The silences beyond the limit."""
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._ask, self._look)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join()

    def ends(self) -> dict[Partition, int]:
        """The current next offsets, asked of the broker."""
        return {partition: high for partition, (_, high) in self._asked().items()}

    def beginnings(self) -> dict[Partition, int]:
        """The current first offsets, asked of the broker."""
        return {partition: low for partition, (low, _) in self._asked().items()}

    def _asked(self) -> Mapping[Partition, tuple[int, int]]:
        while True:
            try:
                return self._topics.watermarks()
            except (BrokerUnavailable, GroupError):
                time.sleep(0.2)

    def forget(self) -> None:
        """Forget what was observed: topics, broker or store have been replaced."""
        self.watermarks, self.stored, self._since = {}, {}, {}

    def has_counted(self, ends: Mapping[Partition, int]) -> bool:
        """Whether the store's offsets have reached these."""
        stored = self.stored
        return all(stored.get(partition, 0) >= end for partition, end in ends.items())

    def lag(self) -> int:
        """The offsets that are not counted yet."""
        stored = self.stored
        return sum(max(high - max(stored.get(p, low), low), 0) for p, (low, high) in self.watermarks.items())

    def _ask(self) -> None:
        while not self._closed.wait(_LOOK_S):
            try:
                self.watermarks = self._topics.watermarks()
            except (BrokerUnavailable, GroupError):
                continue

    def _look(self) -> None:
        while not self._closed.wait(_LOOK_S):
            before, self.stored = self.stored, read_offsets(self._store) or self.stored
            now = time.monotonic()
            live = self._group.live
            if not live or any(member.states_a_reason for member in live):
                self._quiet_from = now
            for partition, (low, high) in self.watermarks.items():
                at = self.stored.get(partition, low)
                if at >= high or at != before.get(partition, low):
                    self._since[partition] = now
                # A partition whose member is gone waits for the group to notice; that does not stall other members.
                since = max(self._since.setdefault(partition, now), self._quiet_from, self._group.lost_at)
                if now - since > self.longest_silence_s:
                    self._note(now - since, partition, high - at)

    def _note(self, seconds: float, partition: Partition, behind: int) -> None:
        if seconds > ALLOWED_SILENCE_S and self.longest_silence_s <= ALLOWED_SILENCE_S:
            where = f"{partition[0]}[{partition[1]}] is {behind} behind, and no member reports why"
            self.silences.append(where + self._group.last_lines())
        self.longest_silence_s = seconds


def read_offsets(store: object) -> dict[Partition, int]:
    """The store's offsets; empty if they cannot be read."""
    try:
        db = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=0.1)
        try:
            return {(t, p): at for t, p, at in db.execute("SELECT topic, partition, next_offset FROM offsets")}
        finally:
            db.close()
    except sqlite3.Error:
        return {}
