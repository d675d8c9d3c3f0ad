"""The registry's state: read from memory, persisted in SQLite.

Every change is one SQLite transaction with `synchronous=FULL`. The next state becomes visible only after the commit, so
what a client has been sent survives a kill at any moment, and no change is ever half done. Rows are read back in the
order they were written, because for schemas imported under several ids the last one wins, as in Confluent's log.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tributary.registry.server.schemas import parsing
from tributary.registry.server.state import names
from tributary.registry.server.state.model import Content, Reference, Version
from tributary.registry.server.state.state import Change, Drop, SetConfig, SetMode, State

_TABLES = """
CREATE TABLE IF NOT EXISTS versions (
    sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, version INTEGER NOT NULL, id INTEGER NOT NULL,
    schema TEXT NOT NULL, reference_list TEXT NOT NULL, metadata TEXT, ts INTEGER NOT NULL, deleted INTEGER NOT NULL,
    meaning TEXT NOT NULL DEFAULT '', UNIQUE (subject, version));
CREATE TABLE IF NOT EXISTS configs (subject TEXT PRIMARY KEY, config TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS modes (subject TEXT PRIMARY KEY, mode TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contexts (context TEXT PRIMARY KEY, last_id INTEGER NOT NULL);
"""

_KEEP_LAST_ID = """
INSERT INTO contexts VALUES (?, ?) ON CONFLICT DO UPDATE SET last_id = max(last_id, excluded.last_id)
"""

_COLUMNS = "subject, version, id, schema, reference_list, metadata, ts, deleted, meaning"


class StoreInUse(Exception):
    """Another process has opened the data."""


class Store:
    """The current state and its file. `state` may be read at any time; only one thread at a time may commit."""

    def __init__(self, path: Path | None) -> None:
        """Open the database file, or one in memory for None. Raises StoreInUse, or OSError if it cannot be opened."""
        self._database = _open(path)
        self.state = self._load()
        if any(not version.content.meaning for version in self.state.all()):
            self._fingerprint()
            self.state = self._load()

    def close(self) -> None:
        """Close the database. Everything acknowledged is already in it."""
        self._database.close()

    def commit(self, changes: Sequence[Change]) -> None:
        """Apply all changes or none. When this returns they are on disk."""
        after = self.state.after(changes)
        with self._transaction():
            for change in changes:
                self._write(change)
        self.state = after

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise

    def _load(self) -> State:
        read = self._database.execute
        versions = map(_version, read(f"SELECT {_COLUMNS} FROM versions ORDER BY sequence"))
        state = State().after(versions, dict(read("SELECT * FROM contexts")))
        configs = {subject: json.loads(config) for subject, config in read("SELECT * FROM configs")}
        return attrs.evolve(state, configs=configs, modes=dict(read("SELECT * FROM modes")))

    def _fingerprint(self) -> None:
        """Add fingerprints to versions that were stored before fingerprints existed."""
        update = "UPDATE versions SET meaning = ? WHERE subject = ? AND version = ?"
        with self._transaction():
            for version in self.state.all():
                if not version.content.meaning:
                    meaning = parsing.fingerprint_stored(self.state, version)
                    self._database.execute(update, (meaning, version.subject, version.version))

    def _write(self, change: Change) -> None:
        run = self._database.execute
        match change:
            case Version():
                row = _row(change)
                run(f"INSERT OR REPLACE INTO versions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                run(_KEEP_LAST_ID, (names.context_of(change.subject), change.id))
            case Drop():
                run("DELETE FROM versions WHERE subject = ? AND version = ?", (change.subject, change.version))
            case SetConfig(subject, None):
                run("DELETE FROM configs WHERE subject = ?", (subject,))
            case SetConfig(subject, config):
                run("INSERT OR REPLACE INTO configs VALUES (?, ?)", (subject, json.dumps(config)))
            case SetMode(subject, None):
                run("DELETE FROM modes WHERE subject = ?", (subject,))
            case SetMode(subject, mode):
                run("INSERT OR REPLACE INTO modes VALUES (?, ?)", (subject, mode))


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # One connection serves all threads, one at a time.
        database = sqlite3.connect(path or ":memory:", timeout=0, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(_TABLES)
        columns = {column for _, column, *_ in database.execute("PRAGMA table_info(versions)")}
        if "meaning" not in columns:
            database.execute("ALTER TABLE versions ADD COLUMN meaning TEXT NOT NULL DEFAULT ''")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreInUse(f"{path} is in use by another registry") from None
        raise OSError(f"cannot open {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise OSError(f"cannot read {path}: {error}") from error
    return database


def _row(version: Version) -> tuple[Any, ...]:
    content = version.content
    references = json.dumps([reference.to_json() for reference in content.references])
    metadata = None if content.metadata is None else json.dumps(content.metadata)
    return (
        *(version.subject, version.version, version.id, content.schema, references, metadata),
        *(version.ts, int(version.deleted), content.meaning),
    )


def _version(row: tuple[Any, ...]) -> Version:
    subject, version, schema_id, schema, references, metadata, ts, deleted, meaning = row
    used = tuple(Reference(**reference) for reference in json.loads(references))
    content = Content(schema, used, None if metadata is None else json.loads(metadata), meaning)
    return Version(subject, version, schema_id, content, ts, bool(deleted))
