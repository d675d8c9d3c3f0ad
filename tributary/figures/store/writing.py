"""Write batches to the store, and bind it to a group and its topics."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tributary.figures import exact
from tributary.figures.declaration import Declaration, Measure, Merge
from tributary.figures.merge import Merged
from tributary.figures.store import binding
from tributary.figures.store.database import Database
from tributary.figures.store.errors import Fenced
from tributary.kafka.admin import Partition
from tributary.kafka.batch import OffsetRange
from tributary.signals import Waiting


class _Counted(Exception):
    """Undoes a write: some of its claims are counted already."""

    def __init__(self, claims: frozenset[str]) -> None:
        super().__init__()
        self.claims = claims


class Store:
    """One connection to the store, for one thread at a time. Several processes may each have theirs.

    While another process has the store locked, or its disk is full, each method waits and retries; it calls `waiting`
    meanwhile, and an exception of `waiting` ends the wait. Other errors are raised as StoreError.
    """

    def __init__(self, path: Path, declaration: Declaration, waiting: Waiting) -> None:
        """Open the store, creating it where it does not exist, and migrating an older one."""
        self._path = path
        self._once = declaration.once
        self._on_conflict = {figure.name: _merge(figure.measures) for figure in declaration.figures}
        self._database = Database(path, declaration, waiting)
        self._db = self._database.connection
        self.id: str = self._database.transact(self._read_id)
        """Random, made with the store."""

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def bind(self, group: str, cluster_id: str, topic_ids: Mapping[str, str], accept_recreated: bool) -> None:
        """Bind a new store to the group, the cluster and the topics, or compare a bound one; `topic_ids` is by topic.

        Raises StoreError for another group, another cluster, and a topic that was deleted and created again, which has
        another id. With `accept_recreated`, such a topic loses its offsets and is read from its beginning. Topics may
        be added and left out.
        """
        self._database.transact(
            lambda: binding.bind(self._db, self._path, group, cluster_id, topic_ids, accept_recreated)
        )

    def check(self) -> None:
        """Raise StoreError if the store's file was deleted or replaced since it was opened; takes microseconds."""
        self._database.check()

    def write(
        self, ranges: Mapping[Partition, OffsetRange], merged: Merged, dead_letters: Mapping[str, int]
    ) -> frozenset[str]:
        """Write one batch: all of it, or nothing.

        `dead_letters` has the number of unreadable messages of each topic. Returns those of the batch's claims that the
        store has counted: if there are any, nothing is written, and the batch is to be merged again without them.
        Raises Fenced when an offset range does not begin at the stored offset.
        After an error of COMMIT that hid a success, that is so as well: the offsets are at the end of the batch.
        """
        try:
            self._database.transact(lambda: self._write(ranges, merged, dead_letters))
        except _Counted as counted:
            return counted.claims
        return frozenset()

    def _write(self, ranges: Mapping[Partition, OffsetRange], merged: Merged, dead_letters: Mapping[str, int]) -> None:
        for (topic, partition), offsets in sorted(ranges.items()):
            self._advance(topic, partition, offsets)
        self._claim(merged.claims)
        for delta in merged.deltas:
            self._insert(delta.figure.name, delta.columns, self._on_conflict[delta.figure.name])
        self._insert("counts", self._counts(merged, dead_letters), _ADD_COUNT)

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
            statement = f"INSERT INTO {table} VALUES {rows} ON CONFLICT {on_conflict}"
            try:
                changed += self._db.execute(statement, some).rowcount
            except OverflowError:
                changed += self._db.execute(statement, list(map(exact.storable, some))).rowcount
        return changed

    def _counts(self, merged: Merged, dead_letters: Mapping[str, int]) -> list[tuple[Any, ...]]:
        counts = [("dead_letters", topic, count) for topic, count in dead_letters.items()]
        if self._once and merged.duplicates:
            counts.append((self._once.duplicates, "", merged.duplicates))
        return list(zip(*counts, strict=True))

    def _advance(self, topic: str, partition: int, offsets: OffsetRange) -> None:
        if offsets.start is None:
            moved = self._db.execute(
                "INSERT INTO offsets VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (topic, partition, offsets.next)
            )
        else:
            moved = self._db.execute(
                "UPDATE offsets SET next_offset = ? WHERE topic = ? AND partition = ? AND next_offset = ?",
                (offsets.next, topic, partition, offsets.start),
            )
        if moved.rowcount != 1:
            raise Fenced(f"{topic}[{partition}]: the store's offset is no longer {offsets.start}")

    def _claim(self, claims: Sequence[str]) -> None:
        """Note these values as counted. Raises _Counted if some are already."""
        if self._once is None or not claims:
            return
        self._db.execute("SAVEPOINT claim")
        if self._insert(self._once.table, [sorted(claims)], "DO NOTHING") != len(claims):
            self._db.execute("ROLLBACK TO claim")
            look = f"SELECT id FROM {self._once.table} WHERE id = ?"
            raise _Counted(frozenset(claim for claim in claims if self._db.execute(look, (claim,)).fetchone()))
        self._db.execute("RELEASE claim")

    def _read_id(self) -> str:
        (store_id,) = self._db.execute("SELECT value FROM identity WHERE name = 'id'").fetchone()
        return str(store_id)


_ROWS_PER_STATEMENT = 500
_ADD_COUNT = "DO UPDATE SET n = n + excluded.n"


def _merge(measures: Sequence[Measure]) -> str:
    """SQL: what becomes of a row that is there already."""
    return f"DO UPDATE SET {', '.join(f'{measure.name} = {_merged(measure)}' for measure in measures)}"


def _merged(measure: Measure) -> str:
    name, new = measure.name, f"excluded.{measure.name}"
    match measure.merge:
        case Merge.COUNT:
            return f"{name} + {new}"
        case Merge.SUM:
            return exact.sql_sum(name, new)
        case Merge.MIN:
            return f"min({name}, {new})"
        case Merge.MAX:
            return f"max({name}, {new})"
        case Merge.SAME:
            return f"CASE WHEN {new} IN ('', {name}) THEN {name} WHEN {name} = '' THEN {new} ELSE '{measure.mixed}' END"
