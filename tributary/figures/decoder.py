"""Decode batches of messages to columns; find partitions to pause and topics to stop."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from confluent_kafka import Message

from tributary.avro.columns.reader import ReadResult, SchemaPending
from tributary.avro.wire import MAGIC, PREFIX_LENGTH
from tributary.figures.batches import DecodedBatch
from tributary.figures.topic_readers import TopicReader
from tributary.kafka.admin import Partition
from tributary.kafka.batch import MessageBatch, OffsetRange
from tributary.kafka.dead_letter_limit import DeadLetterLimit
from tributary.kafka.dead_letters import DeadLetter
from tributary.kafka.writer_schemas import WriterSchemas


@attrs.frozen
class Paused:
    """A partition that waits for a schema: its next offset, None for its beginning, and the schema's id."""

    position: int | None
    schema_id: int


@attrs.frozen(eq=False)
class DecodeResult:
    """The decoded part of a batch, and what is not part of it."""

    decoded: DecodedBatch
    paused: Mapping[Partition, Paused]
    """Partitions to read again from their position when the schema is known."""
    refused: Mapping[str, str]
    """Topics of which nothing is in `decoded`, because too many messages were unreadable, and the reason."""


class Decoder:
    """Decodes batches, each topic by its reader."""

    def __init__(self, readers: Mapping[str, TopicReader], schemas: WriterSchemas, limit: DeadLetterLimit) -> None:
        self._readers = readers
        self._schemas = schemas
        self._limit = limit

    def decode(self, batch: MessageBatch) -> DecodeResult:
        """Decode a batch. Raises what the readers raise, except SchemaPending."""
        paused: dict[Partition, Paused] = {}
        while True:
            try:
                readings = {
                    topic: self._readers[topic].read(messages, batch.since_ms[topic])
                    for topic, messages in batch.messages.items()
                }
                break
            except SchemaPending:
                batch, more = before_pending(batch, self._schemas)
                paused |= more
        refused = {}
        for topic, reading in readings.items():
            reason = self._limit.over(topic, len(batch.messages[topic]), reading.failures)
            if reason is not None:
                refused[topic] = reason
        return DecodeResult(self._decoded(batch, readings, refused), paused, refused)

    def _decoded(
        self, batch: MessageBatch, readings: Mapping[str, ReadResult], refused: Mapping[str, str]
    ) -> DecodedBatch:
        taken = {topic: reading for topic, reading in readings.items() if topic not in refused}
        return DecodedBatch(
            {partition: offsets for partition, offsets in batch.ranges.items() if partition[0] not in refused},
            {self._readers[topic].event: reading.batches for topic, reading in taken.items()},
            [
                DeadLetter(batch.messages[topic][row], reason)
                for topic, reading in taken.items()
                for row, reason in sorted(reading.failures.items())
            ],
            sum(len(batch.messages[topic]) for topic in taken),
        )


def before_pending(batch: MessageBatch, schemas: WriterSchemas) -> tuple[MessageBatch, dict[Partition, Paused]]:
    """The batch without what follows, in each partition, the first message whose schema is not known yet.

    The schemas of all messages are asked for together.
    """
    named = {schema_id(message) for some in batch.messages.values() for message in some}
    pending = schemas.pending({number for number in named if number is not None})
    paused: dict[Partition, Paused] = {}
    messages: dict[str, list[Message]] = {}
    ranges = dict(batch.ranges)
    nexts: dict[Partition, int] = {}
    for topic, some in batch.messages.items():
        messages[topic] = []
        for message in some:
            partition, offset = (topic, int(message.partition() or 0)), int(message.offset() or 0)
            if partition in paused:
                continue
            number = schema_id(message)
            if number is not None and number in pending:
                paused[partition] = Paused(nexts.get(partition), number)
            else:
                messages[topic].append(message)
                nexts[partition] = offset + 1
    for partition, waiting in paused.items():
        offsets = ranges.pop(partition)
        if waiting.position is None:
            paused[partition] = attrs.evolve(waiting, position=offsets.start)
        else:
            ranges[partition] = OffsetRange(offsets.start, waiting.position)
    return MessageBatch({topic: some for topic, some in messages.items() if some}, batch.since_ms, ranges), paused


def schema_id(message: Message) -> int | None:
    """The id of the schema that a message names; None if it names none."""
    value = message.value()
    if value is None or len(value) < PREFIX_LENGTH or value[0] != MAGIC:
        return None
    return int.from_bytes(value[1:PREFIX_LENGTH], "big")
