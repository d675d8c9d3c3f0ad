"""What a store is bound to: one consumer group, one cluster and its topics."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from tributary.figures.store.errors import StoreError

_ANOTHER = "set another STORE_PATH and CONSUMER_GROUP"


def bind(
    db: sqlite3.Connection,
    path: Path,
    group: str,
    cluster_id: str,
    topic_ids: Mapping[str, str],
    accept_recreated: bool,
) -> None:
    """Bind a new store, or compare a bound one. Inside a transaction. Raises StoreError."""
    known_group = _noted(db, "group", group)
    if known_group != group:
        raise StoreError(
            f"the store {path} belongs to consumer group {known_group!r}, and this is a member of {group!r}. "
            f"Set CONSUMER_GROUP={known_group}, or another STORE_PATH"
        )
    known_cluster = _noted(db, "cluster", cluster_id)
    if known_cluster != cluster_id:
        raise StoreError(
            f"the store {path} counts the topics of Kafka cluster {known_cluster!r}, and the broker belongs to "
            f"{cluster_id!r}. Connect to that cluster, or {_ANOTHER}"
        )
    known = dict(db.execute("SELECT name, id FROM topics").fetchall())
    recreated = [topic for topic, number in sorted(topic_ids.items()) if known.get(topic, number) != number]
    if recreated and not accept_recreated:
        ids = ", ".join(f"{topic} (id {topic_ids[topic]}, counted {known[topic]})" for topic in recreated)
        raise StoreError(
            f"the store {path} counted a topic that was deleted and created again since: {ids}. Start with "
            f"--accept-recreated to count it from its beginning, in addition to what was counted, or {_ANOTHER}"
        )
    db.executemany("DELETE FROM offsets WHERE topic = ?", [(topic,) for topic in recreated])
    db.executemany("INSERT INTO topics VALUES (?, ?) ON CONFLICT DO UPDATE SET id = excluded.id", topic_ids.items())


def _noted(db: sqlite3.Connection, name: str, value: str) -> str:
    """The value under a name; this one is stored if there is none."""
    db.execute("INSERT INTO identity VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
    (noted,) = db.execute("SELECT value FROM identity WHERE name = ?", (name,)).fetchone()
    return str(noted)
