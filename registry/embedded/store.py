"""The registry's state: in memory for reading, in SQLite for keeping.

Every change is one SQLite transaction with `synchronous=FULL`, and memory changes only after the commit, so what a
client was told survives a kill at any moment, and what it was not told never half happens. The rows are read back in
the order they were written, because for schemas imported under several ids the last written wins, as in Confluent's
log.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from registry.embedded import names
from registry.embedded.model import Content, Reference, Version

_TABLES = """
CREATE TABLE IF NOT EXISTS versions (
    sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, version INTEGER NOT NULL, id INTEGER NOT NULL,
    schema TEXT NOT NULL, reference_list TEXT NOT NULL, metadata TEXT, ts INTEGER NOT NULL, deleted INTEGER NOT NULL,
    UNIQUE (subject, version));
CREATE TABLE IF NOT EXISTS configs (subject TEXT PRIMARY KEY, config TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS modes (subject TEXT PRIMARY KEY, mode TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contexts (context TEXT PRIMARY KEY, last_id INTEGER NOT NULL);
"""

_KEEP_LAST_ID = """
INSERT INTO contexts VALUES (?, ?) ON CONFLICT DO UPDATE SET last_id = max(last_id, excluded.last_id)
"""


class StoreInUse(Exception):
    """Another process has the data open."""


@attrs.frozen
class Drop:
    """Removes a version for good."""

    subject: str
    version: int


@attrs.frozen
class SetConfig:
    """Sets a subject's (or "", everyone's) configuration, or takes it away."""

    subject: str
    config: dict[str, Any] | None


@attrs.frozen
class SetMode:
    """Sets a subject's (or "", everyone's) mode, or takes it away."""

    subject: str
    mode: str | None


Change = Version | Drop | SetConfig | SetMode


@attrs.define
class _Context:
    """What is known by id within one context. `holders` maps an id to the subjects that have it, and where."""

    last_id: int = 0
    holders: dict[int, dict[str, int]] = attrs.field(factory=dict)
    by_guid: dict[str, int] = attrs.field(factory=dict)


class Store:
    """All versions, configurations and modes. Not thread-safe: the caller holds a lock."""

    def __init__(self, path: Path | None) -> None:
        """Open the database file, or one in memory for None. Raises StoreInUse, or OSError if it cannot be opened."""
        self.versions: dict[str, dict[int, Version]] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.modes: dict[str, str] = {}
        self._contexts: dict[str, _Context] = {}
        self._database = _open(path)
        self._load()

    def close(self) -> None:
        """Close the database; everything acknowledged is in it already."""
        self._database.close()

    def commit(self, *changes: Change) -> None:
        """Make the changes, all or none; when this returns they are on the disk."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for change in changes:
                self._write(change)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        for change in changes:
            self._apply(change)

    def of(self, subject: str) -> list[Version]:
        """Every version of a subject in order, the deleted ones too."""
        return sorted(self.versions.get(subject, {}).values(), key=lambda version: version.version)

    def latest(self, subject: str) -> Version | None:
        """The last version that is not deleted."""
        return next((version for version in reversed(self.of(subject)) if not version.deleted), None)

    def all(self) -> Iterator[Version]:
        """Every version of every subject."""
        for versions in self.versions.values():
            yield from versions.values()

    def contexts(self) -> list[str]:
        """The contexts, the default first."""
        return [names.DEFAULT_CONTEXT, *sorted(set(self._contexts) - {names.DEFAULT_CONTEXT})]

    def last_id(self, context: str) -> int:
        """The highest id ever given out in a context, 0 for none. Ids never come back, even after a deletion."""
        return self._contexts[context].last_id if context in self._contexts else 0

    def holders(self, context: str, schema_id: int) -> dict[str, int]:
        """The subjects that hold an id, and the version under which each does."""
        found = self._contexts.get(context)
        return found.holders.get(schema_id, {}) if found else {}

    def id_of(self, context: str, guid: str) -> int | None:
        """The id of a content, if some version still has it."""
        found = self._contexts.get(context)
        schema_id = found.by_guid.get(guid) if found else None
        return schema_id if schema_id is not None and self.holders(context, schema_id) else None

    def _write(self, change: Change) -> None:
        run = self._database.execute
        match change:
            case Version():
                row = _row(change)
                run("INSERT OR REPLACE INTO versions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", row)
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

    def _apply(self, change: Change) -> None:
        match change:
            case Version():
                self._put(change)
            case Drop():
                self._drop(change)
            case SetConfig(subject, config):
                _set(self.configs, subject, config)
            case SetMode(subject, mode):
                _set(self.modes, subject, mode)

    def _put(self, version: Version) -> None:
        self.versions.setdefault(version.subject, {})[version.version] = version
        context = self._contexts.setdefault(names.context_of(version.subject), _Context())
        context.last_id = max(context.last_id, version.id)
        context.holders.setdefault(version.id, {})[version.subject] = version.version
        context.by_guid[version.content.guid()] = version.id

    def _drop(self, change: Drop) -> None:
        version = self.versions[change.subject].pop(change.version)
        if not self.versions[change.subject]:
            del self.versions[change.subject]
        holders = self.holders(names.context_of(change.subject), version.id)
        if holders.get(change.subject) == change.version:
            del holders[change.subject]

    def _load(self) -> None:
        read = self._database.execute
        columns = "subject, version, id, schema, reference_list, metadata, ts, deleted"
        for row in read(f"SELECT {columns} FROM versions ORDER BY sequence"):
            self._put(_version(row))
        self.configs = {subject: json.loads(config) for subject, config in read("SELECT * FROM configs")}
        self.modes = dict(read("SELECT * FROM modes"))
        for context, last_id in read("SELECT * FROM contexts"):
            self._contexts.setdefault(context, _Context()).last_id = last_id


def _set(where: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        where.pop(key, None)
    else:
        where[key] = value


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # One connection serves all threads, under the caller's lock.
        database = sqlite3.connect(path or ":memory:", timeout=0, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(_TABLES)
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
        *(version.ts, int(version.deleted)),
    )


def _version(row: tuple[Any, ...]) -> Version:
    subject, version, schema_id, schema, references, metadata, ts, deleted = row
    used = tuple(Reference(**reference) for reference in json.loads(references))
    content = Content(schema, used, None if metadata is None else json.loads(metadata))
    return Version(subject, version, schema_id, content, ts, bool(deleted))
