"""The tables of a store, and the migration of an older one."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

from tributary.figures.declaration import Declaration, Figure
from tributary.figures.store.errors import StoreError

_LAYOUT = 3
"""Raised with every change of the tables. 3 added `identity`, `topics` and `members` to 2."""
_OLDEST = 2
WITH_MEMBERS = 3


def check(db: sqlite3.Connection, path: Path) -> int:
    """The layout of a database, 0 if it is empty. Raises StoreError if it is no store, or one of another version.

    Inside a transaction: another process may create the tables meanwhile.
    """
    (layout,) = db.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if layout == 0 and not tables:
        return 0
    if "offsets" not in tables:
        raise StoreError(f"the store {path}: a database of another program. Set STORE_PATH to another file")
    if not _OLDEST <= layout <= _LAYOUT:
        raise StoreError(
            f"the store {path}: written by another version of the store (layout {layout}, this version knows "
            f"{_OLDEST} to {_LAYOUT}). Run that version, or set another STORE_PATH and CONSUMER_GROUP"
        )
    return int(layout)


def upgrade(db: sqlite3.Connection, layout: int, declaration: Declaration) -> None:
    """Bring a database from `layout` to this version's. Inside a transaction."""
    if layout == _LAYOUT:
        return
    for statement in (*_TABLES, *map(_create_table, declaration.figures)):
        db.execute(statement)
    if declaration.once:
        db.execute(f"CREATE TABLE IF NOT EXISTS {declaration.once.table} (id TEXT PRIMARY KEY) WITHOUT ROWID")
    db.execute("INSERT INTO identity VALUES ('id', ?)", (uuid.uuid4().hex,))
    db.execute(f"PRAGMA user_version = {_LAYOUT}")


_TABLES = (
    "CREATE TABLE IF NOT EXISTS offsets (topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL,"
    " PRIMARY KEY (topic, partition)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS counts (name TEXT, topic TEXT, n INTEGER NOT NULL,"
    " PRIMARY KEY (name, topic)) WITHOUT ROWID",
    "CREATE TABLE identity (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE topics (name TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE members (client_id TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL, waiting_for TEXT NOT NULL,"
    " refused TEXT NOT NULL) WITHOUT ROWID",
)


def _create_table(figure: Figure) -> str:
    columns = [f"{key} NOT NULL" for key in figure.keys] + [f"{measure.name} NOT NULL" for measure in figure.measures]
    keys = ", ".join(figure.keys)
    return f"CREATE TABLE IF NOT EXISTS {figure.name} ({', '.join(columns)}, PRIMARY KEY ({keys})) WITHOUT ROWID"
