"""Writing to the store: a batch, and what the store counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from consumers.analytics.kpis import KPIS, MIXED, Kpi, Measure, Merge
from consumers.analytics.merge import Merged
from tributary.figures import exact
from tributary.figures.store import binding
from tributary.figures.store.database import Database
from tributary.figures.store.errors import Fenced
from tributary.kafka.admin import Partition
from tributary.kafka.batch import Span
from tributary.signals import Waiting


class Store:
    """One connection to the store, for one thread at a time. Several processes may each have theirs.

    While another process has the store locked, or its disk is full, each method waits and tries again; `waiting` is
    called meanwhile, and what it raises ends the wait. What does not pass is raised as StoreError.
    """

    def __init__(self, path: Path, waiting: Waiting) -> None:
        """Open the store, creating it where it does not exist, and migrating an older one."""
        self._path = path
        self._database = Database(path, waiting)
        self._db = self._database.connection
        self.id: str = self._database.transact(self._read_id)
        """Random, made with the store."""

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def bind(self, group: str, cluster_id: str, topic_ids: Mapping[str, str], accept_recreated: bool) -> None:
        """Note for whom and what the store counts, or, if that is noted, compare; `topic_ids` gives an id by topic.

        Raises StoreError for another group, another cluster, and a topic with another id than before: it was deleted
        and created again. With `accept_recreated` such a topic is read from its beginning, by forgetting its offsets.
        Topics that are new or no longer given are fine.
        """
        self._database.transact(
            lambda: binding.bind(self._db, self._path, group, cluster_id, topic_ids, accept_recreated)
        )

    def check(self) -> None:
        """Raise StoreError if the store's file was deleted or replaced since it was opened; takes microseconds."""
        self._database.check()

    def write(
        self,
        spans: Mapping[Partition, Span],
        merge: Callable[[frozenset[str]], Merged],
        dead_letters: Mapping[str, int],
    ) -> Merged:
        """Write one batch: all of it, or nothing.

        `merge` makes its deltas, told which orders must not count; it is asked again if some of its orders have been
        counted. `dead_letters` says how many messages of each topic could not be read. Returns what was written.
        Raises Fenced when a span does not begin at the stored offset.
        After an error of COMMIT that hid a success, that is so as well: the offsets are at the end of the batch.
        """
        first = merge(frozenset())
        return self._database.transact(lambda: self._write(spans, first, merge, dead_letters))

    def _write(
        self,
        spans: Mapping[Partition, Span],
        merged: Merged,
        merge: Callable[[frozenset[str]], Merged],
        dead_letters: Mapping[str, int],
    ) -> Merged:
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
            statement = f"INSERT INTO {table} VALUES {rows} ON CONFLICT {on_conflict}"
            try:
                changed += self._db.execute(statement, some).rowcount
            except OverflowError:
                changed += self._db.execute(statement, list(map(exact.storable, some))).rowcount
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
            raise Fenced(f"{topic}[{partition}]: the store's offset is no longer {span.start}")

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

    def _read_id(self) -> str:
        (store_id,) = self._db.execute("SELECT value FROM identity WHERE name = 'id'").fetchone()
        return str(store_id)


_ROWS_PER_STATEMENT = 500
_ADD_COUNT = "DO UPDATE SET n = n + excluded.n"


def _merge(kpi: Kpi) -> str:
    return f"DO UPDATE SET {', '.join(f'{measure.name} = {_merged(measure)}' for measure in kpi.measures)}"


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
            return f"CASE WHEN {new} IN ('', {name}) THEN {name} WHEN {name} = '' THEN {new} ELSE '{MIXED}' END"


_MERGE = {kpi.name: _merge(kpi) for kpi in KPIS}
"""What becomes of a row that is there already."""
