"""The store: every figure, and the offsets that they include, in one SQLite database.

One transaction writes what a batch adds and moves the offsets from where the batch began to where it ended, or does
neither. That is the whole of exactly once: a member that was killed begins again at the stored offsets, and one that
lost its partitions without knowing finds them moved and writes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from consumers.analytics.kpis import KPIS, MIXED, Kpi, Measure, Merge
from consumers.analytics.merge import Merged
from consumers.group import Partition, Span

_BUSY_TIMEOUT_S = 60.0
_LAYOUT = 2
"""Raised with every change of the tables."""


class StoreError(Exception):
    """The store cannot be used; the message says which and why."""


class Fenced(Exception):
    """Somebody else has moved the offsets of a partition: what was read of it must not be written."""


class Store:
    """One connection to the store, for one thread. Several processes may each have theirs."""

    def __init__(self, path: Path) -> None:
        """Open the store, creating it where it does not exist. Raises StoreError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _connect(path)
            self._create(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def write(
        self,
        spans: Mapping[Partition, Span],
        merge: Callable[[frozenset[str]], Merged],
        dead_letters: Mapping[str, int],
    ) -> Merged:
        """Write one batch: all of it, or nothing.

        `merge` makes its deltas, told which orders must not count; it is asked again if some of its orders have been
        counted. `dead_letters` says how many messages of each topic could not be read. Returns what was written.
        Raises Fenced when a span does not begin where the store stands.
        """
        merged = merge(frozenset())
        with self._transaction():
            for (topic, partition), span in sorted(spans.items()):
                self._advance(topic, partition, span)
            counted = self._claim(merged.orders)
            if counted:
                merged = merge(counted)
                self._claim(merged.orders)
            for delta in merged.deltas:
                self._insert(delta.kpi.name, delta.columns, _MERGE[delta.kpi.name])
            self._insert("counts", self._counts(merged, dead_letters), _ADD_COUNT)
        return merged

    def _insert(self, table: str, columns: Sequence[Sequence[Any]], on_conflict: str) -> int:
        """Insert rows, given as columns, many with each statement. Returns how many rows were inserted or changed.

        SQLite lets go of the interpreter for a statement, and with many rows in one it does so seldom: each time,
        getting it back may have to wait for another thread.
        """
        if not columns:
            return 0
        width = len(columns)
        values: list[Any] = [None] * (width * len(columns[0]))
        for number, column in enumerate(columns):
            values[number::width] = column
        # SQLite before 3.32 takes 999 parameters.
        most = self._db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        step = width * min(_ROWS_PER_STATEMENT, most // width)
        changed = 0
        for at in range(0, len(values), step):
            some = values[at : at + step]
            rows = ", ".join([f"({', '.join('?' * width)})"] * (len(some) // width))
            changed += self._db.execute(f"INSERT INTO {table} VALUES {rows} ON CONFLICT {on_conflict}", some).rowcount
        return changed

    def _counts(self, merged: Merged, dead_letters: Mapping[str, int]) -> list[tuple[Any, ...]]:
        counts = [("dead_letters", topic, count) for topic, count in dead_letters.items()]
        if merged.duplicates:
            counts.append(("duplicate_purchases", "", merged.duplicates))
        return list(zip(*counts, strict=True))

    def _advance(self, topic: str, partition: int, span: Span) -> None:
        if span.start is None:
            moved = self._db.execute(
                "INSERT INTO offsets VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (topic, partition, span.next)
            )
        else:
            moved = self._db.execute(
                "UPDATE offsets SET next_offset = ? WHERE topic = ? AND partition = ? AND next_offset = ?",
                (span.next, topic, partition, span.start),
            )
        if moved.rowcount != 1:
            raise Fenced(f"{topic}[{partition}] no longer stands at {span.start}")

    def _claim(self, orders: Sequence[str]) -> frozenset[str]:
        """Note these orders as counted, or, if some are already, none; returns those."""
        self._db.execute("SAVEPOINT claim")
        if self._insert("orders", [sorted(orders)], "DO NOTHING") == len(orders):
            known: frozenset[str] = frozenset()
        else:
            self._db.execute("ROLLBACK TO claim")
            look = "SELECT id FROM orders WHERE id = ?"
            known = frozenset(order for order in orders if self._db.execute(look, (order,)).fetchone())
        self._db.execute("RELEASE claim")
        return known

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def _create(self, path: Path) -> None:
        with self._transaction():
            layout = self._db.execute("PRAGMA user_version").fetchone()[0]
            if layout not in (0, _LAYOUT):
                raise StoreError(f"{path}: written by another version of the store ({layout}, expected {_LAYOUT})")
            for statement in (*_TABLES, *map(_create_table, KPIS)):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {_LAYOUT}")


_ROWS_PER_STATEMENT = 500

_TABLES = (
    "CREATE TABLE IF NOT EXISTS offsets (topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL,"
    " PRIMARY KEY (topic, partition)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS counts (name TEXT, topic TEXT, n INTEGER NOT NULL,"
    " PRIMARY KEY (name, topic)) WITHOUT ROWID",
)
_ADD_COUNT = "DO UPDATE SET n = n + excluded.n"


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    # In WAL mode NORMAL loses the last transactions when the machine itself goes down, never half of one; their
    # offsets are lost with them, and the messages are read again.
    # In a large store a write changes most pages of the sessions, whose ids are random. So pages are larger than the
    # usual 4 KB, which makes fewer of them, and the log may have 128 MB, so that a page that several writes change is
    # copied back once.
    for pragma in (
        "page_size = 16384",
        "journal_mode = WAL",
        "wal_autocheckpoint = 8192",
        "synchronous = NORMAL",
        "cache_size = -16384",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db


def _create_table(kpi: Kpi) -> str:
    columns = [f"{key} NOT NULL" for key in kpi.keys] + [f"{measure.name} NOT NULL" for measure in kpi.measures]
    keys = ", ".join(kpi.keys)
    return f"CREATE TABLE IF NOT EXISTS {kpi.name} ({', '.join(columns)}, PRIMARY KEY ({keys})) WITHOUT ROWID"


def _merge(kpi: Kpi) -> str:
    return f"DO UPDATE SET {', '.join(f'{measure.name} = {_merged(measure)}' for measure in kpi.measures)}"


def _merged(measure: Measure) -> str:
    name, new = measure.name, f"excluded.{measure.name}"
    match measure.merge:
        case Merge.SUM:
            return f"{name} + {new}"
        case Merge.MIN:
            return f"min({name}, {new})"
        case Merge.MAX:
            return f"max({name}, {new})"
        case Merge.SAME:
            return f"CASE WHEN {new} IN ('', {name}) THEN {name} WHEN {name} = '' THEN {new} ELSE '{MIXED}' END"


_MERGE = {kpi.name: _merge(kpi) for kpi in KPIS}
"""What becomes of a row that is there already."""
