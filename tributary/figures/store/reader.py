"""Read a store while members write to it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tributary.figures.store import errors, layout
from tributary.figures.store.database import FileId, exists, file_id, transaction
from tributary.figures.store.errors import StoreError, explained
from tributary.figures.store.members import LIVE_MS, LiveMember


class StoreReader:
    """Reads offsets and members of a store. A subclass reads the figures, with queries on `db` inside `snapshot`.

    Each method raises StoreError when the store cannot be read: locked or replaced, damaged, of another version.
    """

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError if there is no store, or an empty file because one is being created."""
        self._path = path
        with explained(path):
            opened = _open(path)
        if opened is None:
            raise FileNotFoundError(f"{path}: no store yet; start a member of the group first")
        self.db, self._file = opened

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def offsets(self) -> dict[tuple[str, int], int]:
        """The next offset of each partition, by topic and number."""
        with self.snapshot():
            rows = self.db.execute("SELECT topic, partition, next_offset FROM offsets ORDER BY topic, partition")
            return {(topic, partition): offset for topic, partition, offset in rows}

    def members(self) -> list[LiveMember]:
        """The running members by their last heartbeats; none in a store of an older layout."""
        since = time.time_ns() // 1_000_000 - LIVE_MS
        with self.snapshot():
            if layout.check(self.db, self._path) < layout.WITH_MEMBERS:
                return []
            rows = self.db.execute(
                "SELECT client_id, waiting_for, refused FROM members WHERE seen_ms > ? ORDER BY client_id", (since,)
            )
            return [LiveMember(client_id, waiting_for, json.loads(refused)) for client_id, waiting_for, refused in rows]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One read transaction: all queries of the block see the same state."""
        with explained(self._path):
            if file_id(self._path) != self._file:
                raise StoreError(f"the store {self._path} was deleted or replaced since it was opened")
            with transaction(self.db, "BEGIN"):
                yield


def _open(path: Path) -> tuple[sqlite3.Connection, FileId] | None:
    """A connection and its file; None if there is no store."""
    if not exists(path):
        return None
    # Quoted: a path may contain what separates the parts of a URI.
    uri = f"file:{quote(str(path))}?mode=ro"
    db = sqlite3.connect(uri, uri=True, timeout=errors.RETRY_S, check_same_thread=False, isolation_level=None)
    try:
        file = file_id(path)
        with transaction(db, "BEGIN"):
            if layout.check(db, path):
                return db, file
    except BaseException:
        db.close()
        raise
    db.close()
    return None
