"""The newest records of each writer schema in a topic; separate from `verify`, because the Kafka client takes 50 ms to
import."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from threading import Event

from confluent_kafka import Message

from tributary.avro import wire
from tributary.registry.records.scan import OnOffsets, messages
from tributary.registry.records.verify import RecordSet, SampleRecord, Unframed
from tributary.settings import Settings

_Newest = list[tuple[int, int, int, bytes]]
"""A heap of time, partition, offset and body, the oldest first."""


def newest(settings: Settings, topic: str, last: int, on_progress: OnOffsets, stop: Event) -> RecordSet:
    """The `last` newest records of each schema id, by their timestamps.

    Kafka has no index of schema ids, so the topic is read once, from its beginning to where it ended at the start;
    what is held in memory is bounded by `last`. If `stop` is set before the end, the sample is what was read until
    then. Raises KafkaUnavailable if the topic does not exist or the brokers do not answer.
    """
    found: defaultdict[int, _Newest] = defaultdict(list)
    unframed: Counter[str] = Counter()
    places: dict[str, str] = {}
    for message in messages(settings, topic, on_progress, stop):
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        try:
            schema_id, body = wire.split(message.value())
        except wire.WireError as error:
            unframed[str(error)] += 1
            places[str(error)] = _where(topic, partition, offset)
            continue
        records = found[schema_id]
        heapq.heappush(records, (_time_ms(message), partition, offset, body))
        if len(records) > last:
            heapq.heappop(records)
    return RecordSet(
        f"the last {last:,} records of each version",
        {
            schema_id: [
                SampleRecord(_where(topic, partition, offset), body) for _, partition, offset, body in sorted(records)
            ]
            for schema_id, records in found.items()
        },
        tuple(Unframed(seen, number, places[seen]) for seen, number in sorted(unframed.items())),
        complete=not stop.is_set(),
    )


def _time_ms(message: Message) -> int:
    return message.timestamp()[1]  # 0 or -1 without a timestamp: such a record counts as the oldest


def _where(topic: str, partition: int, offset: int) -> str:
    return f"{topic}[{partition}]@{offset}"
