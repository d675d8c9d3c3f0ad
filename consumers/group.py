"""Membership in the consumer group: partitions come and go, batches come in, positions are the store's.

Kafka's own committed offsets are never read. They are written after the store, for tools that show lag.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import attrs
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from consumers.clock import sent_ms
from settings import Settings

log = logging.getLogger(__name__)

Partition = tuple[str, int]
"""Topic and partition number."""

_REQUEST_S = 10.0
_AT_ONCE = 1_000
"""Messages that the client makes in one go: no other thread has a turn meanwhile."""
_PASSING = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
    # Who waits five minutes for the registry loses its partitions, and joins again with the next fetch.
    KafkaError._MAX_POLL_EXCEEDED,
}
"""What librdkafka goes on from by itself."""
_LOG_LEVEL = 2
"""Critical: librdkafka would log each refused connection, twenty a second; we say once what we wait for."""


class GroupError(Exception):
    """The member cannot go on; the message says why and what to do."""


@attrs.frozen
class Span:
    """The part of a partition that a batch covers: from the offset it began at to the one after its last message.

    `start` is None where nothing of the partition was stored before.
    """

    start: int | None
    next: int


@attrs.frozen(eq=False)
class Batch:
    """What one fetch brought: the messages by topic, and the span of each partition."""

    messages: Mapping[str, Sequence[Message]]
    since_ms: Mapping[str, int]
    """By topic, when the first message of a partition was sent, in the partition where that is longest ago."""
    spans: Mapping[Partition, Span]

    @property
    def size(self) -> int:
        """The number of messages."""
        return sum(map(len, self.messages.values()))


class Member:
    """One member of the group.

    `stored` gives the next offset of each partition from the store. `release` is called before partitions are given up,
    to write what is in flight; `drop` when they are already lost, to forget it. Both run inside `fetch`.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        stored: Callable[[], Mapping[Partition, int]],
        release: Callable[[], None],
        drop: Callable[[], None],
    ) -> None:
        self._topics = topics
        self._stored = stored
        self._release = release
        self._drop = drop
        self._batch_size = settings.batch_size
        self._positions: dict[Partition, int | None] = {}
        self.joined = False
        """Whether the group has told which partitions this member has; perhaps none."""
        self._problem: GroupError | None = None
        self._admin = AdminClient({**settings.kafka_client(), "log_level": _LOG_LEVEL})
        self._consumer = Consumer(
            {
                **settings.kafka_client(),
                "log_level": _LOG_LEVEL,
                "group.id": settings.consumer_group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                # The end of a partition is told with its offset, past gaps and transaction markers.
                "enable.partition.eof": True,
                # A member that joins gets its partitions when the others hear of it, with their next heartbeat.
                "heartbeat.interval.ms": 1000,
                "fetch.wait.max.ms": 100,
                # With a full queue librdkafka waits a second by default before it fetches more: too long at our rate.
                "fetch.queue.backoff.ms": 20,
                # Some 30,000 messages. A longer queue is slower: they have left the processor's caches by their turn.
                "queued.max.messages.kbytes": 4096,
            }
        )
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def fetch(self, wait_s: float) -> Batch:
        """The next messages: what came within `wait_s`, and if that is much, all that is there up to the batch size.

        Perhaps none. Raises GroupError.
        """
        messages = self._consume(wait_s)
        if self._problem is not None:
            raise self._problem
        ends: dict[Partition, int] = {}
        if any(map(Message.error, messages)):
            ends = self._partition_ends(messages)
            messages = [message for message in messages if message.error() is None]
        by_topic: dict[str, list[Message]] = {}
        since_ms: dict[str, int] = {}
        nexts: dict[Partition, int] = {}
        # librdkafka hands a partition's messages over in long runs, so few steps of these loops are taken.
        for name, run in groupby(messages, Message.topic):
            topic, some = str(name), list(run)
            by_topic.setdefault(topic, []).extend(some)
            for number, part in groupby(some, Message.partition):
                of_one = list(part)
                sent = sent_ms(of_one[0])
                since_ms[topic] = min(since_ms.get(topic, sent), sent)
                nexts[topic, int(number or 0)] = int(of_one[-1].offset() or 0) + 1
        for partition, end in ends.items():
            nexts[partition] = max(end, nexts.get(partition, 0))
        return Batch(by_topic, since_ms, self._move(nexts))

    def rewind(self) -> None:
        """Go back to what the store holds, in every partition this member has."""
        stored = self._stored()
        self._positions = {partition: stored.get(partition) for partition in self._positions}
        self._assign(self._consumer)

    def commit(self, spans: Mapping[Partition, Span]) -> None:
        """Tell Kafka what the store holds by now, as a courtesy: it may fail, and nothing depends on it."""
        offsets = [TopicPartition(*partition, span.next) for partition, span in spans.items()]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            log.debug("offsets not committed: %s", error)

    def lag(self) -> dict[str, int]:
        """How many offsets of each topic, in all its partitions, are not in the store yet. Raises GroupError."""
        stored = self._stored()
        lag = dict.fromkeys(self._topics, 0)
        for partition, (low, high) in self._bounds().items():
            lag[partition[0]] += max(high - max(stored.get(partition, low), low), 0)
        return lag

    @property
    def assigned(self) -> int:
        """How many partitions this member has."""
        return len(self._positions)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _consume(self, wait_s: float) -> list[Message]:
        messages: list[Message] = []
        positions, more = self._positions, True
        try:
            while more:
                at_once = min(_AT_ONCE, self._batch_size - len(messages))
                some = self._consumer.consume(at_once, 0 if messages else wait_s)
                if self._positions is not positions:
                    # Partitions came or went meanwhile. What was not handed over by then is read again, by whoever has
                    # its partition now.
                    messages, positions = [], self._positions
                messages += some
                more = len(some) == at_once and len(messages) < self._batch_size
        except KafkaException as error:
            raise GroupError(f"the broker refused: {error.args[0].str()}") from error
        return messages

    def _partition_ends(self, messages: Sequence[Message]) -> dict[Partition, int]:
        ends: dict[Partition, int] = {}
        for message in messages:
            error = message.error()
            if error is None:
                continue
            if error.code() == KafkaError._PARTITION_EOF:
                ends[str(message.topic()), int(message.partition() or 0)] = int(message.offset() or 0)
            elif error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise GroupError(f"topic {message.topic()} does not exist; run: make register-schemas")
            elif error.fatal() or error.code() not in _PASSING:
                raise GroupError(f"the broker refused: {error.str()}")
            else:
                log.warning("broker: %s", error.str())
        return ends

    def _move(self, nexts: Mapping[Partition, int]) -> dict[Partition, Span]:
        spans = {}
        for partition, after in nexts.items():
            if partition in self._positions and self._positions[partition] != after:
                spans[partition] = Span(self._positions[partition], after)
                self._positions[partition] = after
        return spans

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = True
        stored = self._stored()
        self._positions = {(p.topic, p.partition): stored.get((p.topic, p.partition)) for p in partitions}
        try:
            self._check(stored)
        except GroupError as problem:
            # An exception would be lost on its way through librdkafka; `fetch` raises it.
            self._problem = problem
        self._assign(consumer)

    def _assign(self, consumer: Consumer) -> None:
        consumer.assign(
            [
                TopicPartition(*partition, OFFSET_BEGINNING if position is None else position)
                for partition, position in self._positions.items()
            ]
        )

    def _revoked(self, consumer: Consumer, _: list[TopicPartition]) -> None:
        self._release()
        self._positions = {}
        consumer.unassign()

    def _lost(self, consumer: Consumer, _: list[TopicPartition]) -> None:
        self._drop()
        self._positions = {}
        consumer.unassign()

    def _check(self, stored: Mapping[Partition, int]) -> None:
        """Refuse a store that does not belong to these topics, and say what retention took before it was read."""
        mine = [partition for partition in self._positions if partition in stored]
        if not mine:
            return
        bounds = self._bounds()
        for partition in mine:
            (topic, number), (low, high) = partition, bounds.get(partition, (0, 0))
            if stored[partition] > high:
                raise GroupError(
                    f"the store has read {topic}[{number}] up to offset {stored[partition]}, but it ends at {high}: "
                    "the topic was made anew. Use another store (STORE_PATH), or delete this one"
                )
            if stored[partition] < low:
                lost = low - stored[partition]
                log.warning("%s[%d]: retention deleted %d messages before they were read", topic, number, lost)

    def _bounds(self) -> dict[Partition, tuple[int, int]]:
        """The first and the next offset of every partition of the topics."""
        earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
        try:
            partitions = [
                TopicPartition(topic, number)
                for topic in self._topics
                for number in self._admin.list_topics(topic, timeout=_REQUEST_S).topics[topic].partitions
            ]
            lows = self._admin.list_offsets(dict.fromkeys(partitions, earliest), request_timeout=_REQUEST_S)
            highs = self._admin.list_offsets(dict.fromkeys(partitions, latest), request_timeout=_REQUEST_S)
            return {(p.topic, p.partition): (lows[p].result().offset, highs[p].result().offset) for p in partitions}
        except KafkaException as error:
            raise GroupError(f"the broker does not tell the topics' offsets: {error.args[0].str()}") from error
