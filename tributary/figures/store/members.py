"""What members do at the moment, noted in the store for those who see nothing but the store: the page and the metrics.

It is a courtesy: where it cannot be written, the note is simply old, and an old note counts for nothing.
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
"""A member that has noted nothing for this long counts as gone."""
_EVERY_S = 5.0
_PATIENCE_S = 0.2
"""How long to wait for a lock: the figures come first."""


@attrs.frozen
class LiveMember:
    """A member of the group that runs."""

    client_id: str
    waiting_for: str
    """What keeps it from going on, in words; empty when nothing does."""
    refused: Mapping[str, str]
    """Topics that it does not read any more, and why."""


class MemberHeartbeat:
    """One member's note. For one thread."""

    def __init__(self, path: Path, client_id: str) -> None:
        self._db = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
        self._client_id = client_id
        self._noted: tuple[str, str] | None = None
        self._at = 0.0

    def note(self, waiting_for: str, refused: Mapping[str, str]) -> None:
        """Write what the member does, when it is new, and every few seconds."""
        now, state = time.monotonic(), (waiting_for, json.dumps(dict(refused)))
        if state == self._noted and now - self._at < _EVERY_S:
            return
        row = (self._client_id, time.time_ns() // 1_000_000, *state)
        with suppress(sqlite3.Error):
            self._db.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", row)
            self._noted, self._at = state, now

    def close(self) -> None:
        """Take the note away."""
        with suppress(sqlite3.Error):
            self._db.execute("DELETE FROM members WHERE client_id = ?", (self._client_id,))
        self._db.close()
