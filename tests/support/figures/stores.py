"""Stores with simulated users, written by the product's own code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

from consumers.analytics.figures import CARTS, FIELDS, PURCHASES, SHOP, VIEWS
from producers.product_events import product_views
from producers.purchases import purchases
from producers.simulator import sessions as simulator
from producers.simulator import world
from producers.user_events import cart_updates
from tributary import catalog
from tributary.avro import wire
from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.reader import ColumnReader
from tributary.avro.rows import encoder as encoding
from tributary.figures.merge import Merged, merge
from tributary.figures.store import Store
from tributary.kafka.admin import Partition
from tributary.kafka.batch import OffsetRange
from tributary.settings import Settings

MADE_AT_MS = 1_700_000_000_000
"""The time of the first event of each kind; the next one is a second later."""


def no_waiting(what: str) -> None:
    """The callback of a store that never waits."""
    raise AssertionError(f"waits for {what}")


def write(
    store: Store,
    ranges: Mapping[Partition, OffsetRange],
    parts: Sequence[Mapping[str, RecordBatch]],
    topics: Mapping[str, str],
    dead_letters: Mapping[str, int] | None = None,
) -> Merged:
    """Merge events of the shop and write them, as a member does."""
    counted: frozenset[str] = frozenset()
    while True:
        merged = merge(SHOP, parts, topics, counted)
        hits = store.write(ranges, merged, dead_letters or {})
        if not hits:
            return merged
        counted |= hits


class Writer:
    """Writes one session after another to a store."""

    def __init__(self, path: Path, seed: int = 1) -> None:
        topics = {topic.event: topic for topic in catalog.load(Settings()).topics}
        self.topics = {event: topic.name for event, topic in topics.items()}
        self._encode = {event: encoding.encoder(topic.schema) for event, topic in topics.items()}
        self._read = {
            event: ColumnReader(topic.schema, FIELDS[event], lambda _, text=topic.text: text)  # type: ignore[misc]
            for event, topic in topics.items()
        }
        self._sessions = simulator.sessions(world.load(), seed, virtual_user=0)
        self._at: dict[Partition, int] = {}
        self._clock = count(MADE_AT_MS, 1000)
        self.store = Store(path, SHOP, no_waiting)

    def write(self, sessions: int, dead_letters: dict[str, int] | None = None) -> Merged:
        """Write a number of sessions in one transaction."""
        some = list(islice(self._sessions, sessions))

        def clock() -> int:
            return next(self._clock)

        return self.write_events(
            {
                VIEWS: product_views(some, clock),
                CARTS: cart_updates(some, clock),
                PURCHASES: purchases(some, clock),
            },
            dead_letters,
        )

    def write_events(self, events: dict[str, Iterable[Any]], dead_letters: dict[str, int] | None = None) -> Merged:
        """Write these events in one transaction."""
        frames: dict[str, RecordBatch] = {}
        ranges: dict[Partition, OffsetRange] = {}
        for event, some in events.items():
            values = [wire.frame(1, self._encode[event](one)) for one in some]
            (frames[event],) = self._read[event].read(values).batches
            partition = (self.topics[event], 0)
            start = self._at.get(partition)
            self._at[partition] = (start or 0) + len(values)
            ranges[partition] = OffsetRange(start, self._at[partition])
        return write(self.store, ranges, [frames], self.topics, dead_letters)
