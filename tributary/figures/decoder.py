"""From batches of messages to columns, and what of a batch must wait or must not be read at all."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from confluent_kafka import Message

from tributary.avro.columns.reader import ReadResult, SchemaPending
from tributary.avro.wire import MAGIC, PREFIX_LENGTH
from tributary.figures.batches import Decoded
from tributary.figures.topic_readers import Route
from tributary.kafka.admin import Partition
from tributary.kafka.batch import Batch, Span
from tributary.kafka.dead_letter_limit import DeadLetterLimit
from tributary.kafka.dead_letters import DeadLetter
from tributary.kafka.writer_schemas import WriterSchemas


@attrs.frozen
class Held:
    """A partition that waits for a schema: where it goes on, None for its beginning, and the schema's id."""

    position: int | None
    schema_id: int


@attrs.frozen(eq=False)
class Outcome:
    """What became of a batch."""

    decoded: Decoded
    held: Mapping[Partition, Held]
    """Partitions of which the rest must be read again when the schema is known."""
    refused: Mapping[str, str]
    """Topics of which nothing is in `decoded`, because too much was unreadable; and why, in words."""


class Decoder:
    """Decodes batches, each topic by its route."""

    def __init__(self, routes: Mapping[str, Route], schemas: WriterSchemas, limit: DeadLetterLimit) -> None:
        self._routes = routes
        self._schemas = schemas
        self._limit = limit

    def decode(self, batch: Batch) -> Outcome:
        """Decode a batch. Raises what the readers raise, but for SchemaPending."""
        held: dict[Partition, Held] = {}
        while True:
            try:
                readings = {topic: self._read(topic, batch) for topic in batch.messages}
                break
            except SchemaPending:
                batch, more = before_pending(batch, self._schemas)
                held |= more
        refused = {}
        for topic, reading in readings.items():
            reason = self._limit.over(topic, len(batch.messages[topic]), reading.failures)
            if reason is not None:
                refused[topic] = reason
        return Outcome(self._decoded(batch, readings, refused), held, refused)

    def _read(self, topic: str, batch: Batch) -> ReadResult:
        route, messages = self._routes[topic], batch.messages[topic]
        reading = route.reader.read(list(map(Message.value, messages)))
        return route.clock.plausible(reading, messages, batch.since_ms[topic])

    def _decoded(self, batch: Batch, readings: Mapping[str, ReadResult], refused: Mapping[str, str]) -> Decoded:
        taken = {topic: reading for topic, reading in readings.items() if topic not in refused}
        return Decoded(
            {partition: span for partition, span in batch.spans.items() if partition[0] not in refused},
            {self._routes[topic].event: reading.batches for topic, reading in taken.items()},
            [
                DeadLetter(batch.messages[topic][row], reason)
                for topic, reading in taken.items()
                for row, reason in sorted(reading.failures.items())
            ],
            sum(len(batch.messages[topic]) for topic in taken),
        )


def before_pending(batch: Batch, schemas: WriterSchemas) -> tuple[Batch, dict[Partition, Held]]:
    """The batch without what follows, in each partition, the first message whose schema is not known yet.

    The schemas of all messages are asked for together.
    """
    named = {schema_id(message) for some in batch.messages.values() for message in some}
    pending = schemas.pending({number for number in named if number is not None})
    held: dict[Partition, Held] = {}
    messages: dict[str, list[Message]] = {}
    spans = dict(batch.spans)
    nexts: dict[Partition, int] = {}
    for topic, some in batch.messages.items():
        messages[topic] = []
        for message in some:
            partition, offset = (topic, int(message.partition() or 0)), int(message.offset() or 0)
            if partition in held:
                continue
            number = schema_id(message)
            if number is not None and number in pending:
                held[partition] = Held(nexts.get(partition), number)
            else:
                messages[topic].append(message)
                nexts[partition] = offset + 1
    for partition, waiting in held.items():
        span = spans.pop(partition)
        if waiting.position is None:
            held[partition] = attrs.evolve(waiting, position=span.start)
        else:
            spans[partition] = Span(span.start, waiting.position)
    return Batch({topic: some for topic, some in messages.items() if some}, batch.since_ms, spans), held


def schema_id(message: Message) -> int | None:
    """The id of the schema that a message names; None if it names none."""
    value = message.value()
    if value is None or len(value) < PREFIX_LENGTH or value[0] != MAGIC:
        return None
    return int.from_bytes(value[1:PREFIX_LENGTH], "big")
