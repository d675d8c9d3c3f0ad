"""Count a topic's records by writer schema; not in `census`, because the Kafka client takes 50 ms to import."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from threading import Event

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import TopicMetadata

from tributary.avro import wire
from tributary.registry.apply.topics import KafkaUnavailable
from tributary.registry.records.census import IdUse, RecordPosition, TopicCount
from tributary.settings import Settings

OnOffsets = Callable[[int, int], None]
"""Called with the number of offsets read, and the number to read."""

_TIMEOUT_S = 15.0
_PATIENCE_S = 2.0
"""How long one request for the topic's metadata may take."""
_SILENCE_S = 60.0
"""For how long the brokers may send nothing before we give up."""
_PROGRESS_S = 2.0
_BATCH = 10_000


def count(settings: Settings, topic: str, on_progress: OnOffsets = lambda _read, _total: None) -> TopicCount:
    """Read the topic once, from its beginning to where it ended at the start; no offset is committed.

    `on_progress` is called every two seconds, and once more when the read ends, however it ends.
    Raises KafkaUnavailable if the topic does not exist or the brokers do not answer.
    """
    records: Counter[int] = Counter()
    unframed: Counter[str] = Counter()
    first: dict[int, RecordPosition] = {}
    last: dict[int, RecordPosition] = {}
    for message in messages(settings, topic, on_progress):
        try:
            schema_id, _ = wire.split(message.value())
        except wire.WireError as error:
            unframed[str(error)] += 1
            continue
        place = _place(message)
        records[schema_id] += 1
        if schema_id not in first or place.time_ms < first[schema_id].time_ms:
            first[schema_id] = place
        if schema_id not in last or place.time_ms >= last[schema_id].time_ms:
            last[schema_id] = place
    return TopicCount({id: IdUse(number, first[id], last[id]) for id, number in records.items()}, dict(unframed))


def _place(message: Message) -> RecordPosition:
    kind, time_ms = message.timestamp()
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return RecordPosition(partition, offset, -1 if kind == TIMESTAMP_NOT_AVAILABLE else time_ms)


def messages(
    settings: Settings,
    topic: str,
    on_progress: OnOffsets = lambda _read, _total: None,
    stop: Event | None = None,
    *,
    committed: bool = False,
) -> Generator[Message]:
    """The topic's messages from its beginning to where it ended at the start, or until `stop` is set.

    With `committed`, without those of transactions that were aborted or are still open.

    No consumer group sees it, and no offset is committed. Raises KafkaUnavailable as `count` does.
    """
    consumer = Consumer(
        settings.kafka_client({"log_level": 0})
        | {
            "group.id": "registry-census",  # the client demands one; without a commit the broker never sees it
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            # A record of a transaction that is still open needs its schema too.
            "isolation.level": "read_committed" if committed else "read_uncommitted",
        }
    )
    try:
        yield from _read(consumer, _ranges(consumer, topic), topic, on_progress, stop or Event())
    except KafkaException as error:
        raise KafkaUnavailable(
            f"topic {topic} at {settings.bootstrap_servers} cannot be read: {error.args[0].str()}; "
            "start the local stack with `tributary stack up`, or set KAFKA_BOOTSTRAP_SERVERS"
        ) from error
    finally:
        consumer.close()


def _ranges(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """The first offset and the one after the last, of each partition that has any."""
    metadata = _metadata(consumer, topic)
    if metadata.error is not None:
        raise KafkaUnavailable(f"topic {topic} cannot be read: {metadata.error.str()}; run: tributary apply")
    ranges = {}
    for partition in metadata.partitions:
        offsets = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_TIMEOUT_S)
        if offsets is None:
            raise KafkaUnavailable(f"topic {topic}: no watermarks of partition {partition} in {_TIMEOUT_S:.0f} s")
        if offsets[0] < offsets[1]:
            ranges[partition] = offsets
    return ranges


def _metadata(consumer: Consumer, topic: str) -> TopicMetadata:
    """Ask again and again: while the client waits for brokers that are away, it lets no signal through."""
    give_up = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            metadata: TopicMetadata = consumer.list_topics(topic, timeout=_PATIENCE_S).topics[topic]
            return metadata
        except KafkaException:
            if time.monotonic() > give_up:
                raise


def _read(
    consumer: Consumer, ranges: dict[int, tuple[int, int]], topic: str, on_progress: OnOffsets, stop: Event
) -> Iterator[Message]:
    total = sum(end - begin for begin, end in ranges.values())
    at = {partition: begin for partition, (begin, _) in ranges.items()}

    def report() -> None:
        on_progress(total - sum(ranges[partition][1] - at[partition] for partition in at), total)

    consumer.assign([TopicPartition(topic, partition, begin) for partition, begin in at.items()])
    reported = heard = time.monotonic()
    try:
        while not stop.is_set() and (unread := {number for number, (_, end) in ranges.items() if at[number] < end}):
            batch = consumer.consume(_BATCH, timeout=1.0)
            now = time.monotonic()
            if batch:
                heard = now
            elif now - heard > _SILENCE_S:
                raise KafkaUnavailable(
                    f"topic {topic}: partitions {sorted(unread)} sent nothing for {_SILENCE_S:.0f} s; "
                    "see whether they have a leader, and try again"
                )
            for message in batch:
                yield from _advance(message, ranges, at)
            if now - reported > _PROGRESS_S:
                reported = now
                report()
    finally:  # Ctrl-C, too, says how far it came
        report()


def _advance(message: Message, ranges: dict[int, tuple[int, int]], at: dict[int, int]) -> Iterator[Message]:
    """Move the partition's position past the message, and yield it if it is a record from before the count began."""
    partition, offset, error = message.partition(), message.offset(), message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise KafkaException(error)
    assert partition is not None
    assert offset is not None
    end = ranges[partition][1]
    if error is not None:  # what is left up to the end are markers of transactions, or was compacted away
        at[partition] = end
        return
    at[partition] = min(offset + 1, end)
    if offset < end:
        yield message
