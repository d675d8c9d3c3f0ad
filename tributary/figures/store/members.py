"""Heartbeats of the members, kept in the store for the page and the metrics, which read nothing else.

No figure depends on them: a heartbeat that cannot be written is skipped, and an old one is ignored.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import attrs

LIVE_MS = 15_000
"""A member without a heartbeat for this long is not shown."""
_EVERY_S = 5.0
_PATIENCE_S = 0.2
"""Timeout for the store's lock: the figures have priority."""


@attrs.frozen
class LiveMember:
    """A running member of the group."""

    client_id: str
    waiting_for: str
    """What it waits for; empty when it does not wait."""
    refused: Mapping[str, str]
    """Topics that it has stopped reading, and why."""


class MemberHeartbeat:
    """The heartbeat of one member. For one thread."""

    def __init__(self, path: Path, client_id: str) -> None:
        self._db = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
        self._client_id = client_id
        self._noted: tuple[str, str] | None = None
        self._at = 0.0

    def note(self, waiting_for: str, refused: Mapping[str, str]) -> None:
        """Write a heartbeat when its content changes, and every few seconds."""
        now, state = time.monotonic(), (waiting_for, json.dumps(dict(refused)))
        if state == self._noted and now - self._at < _EVERY_S:
            return
        row = (self._client_id, time.time_ns() // 1_000_000, *state)
        with suppress(sqlite3.Error):
            self._db.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", row)
            self._noted, self._at = state, now

    def close(self) -> None:
        """Remove the heartbeat."""
        with suppress(sqlite3.Error):
            self._db.execute("DELETE FROM members WHERE client_id = ?", (self._client_id,))
        self._db.close()
