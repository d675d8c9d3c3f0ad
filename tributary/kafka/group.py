"""A member of a consumer group that reads from the offsets of a store.

Kafka's committed offsets are never read. They are written after the store, for tools that show lag, and their metadata
names the store of the group.
"""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from tributary.kafka.admin import LOG_LEVEL, BrokerUnavailable, GroupError, Partition, lost_messages, missing_topic
from tributary.kafka.batch import MessageBatch, OffsetRange, by_partition
from tributary.settings import Settings

log = logging.getLogger(__name__)

_AT_ONCE = 1_000
"""Messages per call of the client: it holds the interpreter's lock for the whole call."""
_TRANSIENT = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
    # A member that does not fetch for five minutes loses its partitions, and joins again with the next fetch.
    KafkaError._MAX_POLL_EXCEEDED,
}
"""Errors that librdkafka recovers from by itself."""

_DEFAULTS = {
    # A member that joins gets its partitions after the next heartbeat of the others.
    "heartbeat.interval.ms": 1000,
    # A broker that restarts reassigns partitions only when the old session has ended. The minimum that brokers allow:
    # a lost session costs little here.
    "session.timeout.ms": 6000,
    "reconnect.backoff.max.ms": 1000,
    # Partitions that are added are read from the next refresh on.
    "topic.metadata.refresh.interval.ms": 5000,
    "fetch.wait.max.ms": 100,
    # With a full queue librdkafka waits a second by default before it fetches more: too long at our rate.
    "fetch.queue.backoff.ms": 20,
    # About 30,000 messages. A longer queue is slower: messages leave the processor's caches before they are read.
    "queued.max.messages.kbytes": 4096,
}
"""Defaults that KAFKA_CONFIG_FILE may override."""


class GroupConsumer:
    """One member of a group.

    `stored` returns the next offset of each partition from the store, `watermarks` the first and the next offset of
    each from the broker. `release` is called before partitions are revoked, to write what is in flight; `drop` when
    they are lost already, to forget it. Both run inside `fetch`.

    Nothing is read before `start`. A paused partition stays assigned and is not read.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        stored: Callable[[], Mapping[Partition, int]],
        watermarks: Callable[[], Mapping[Partition, tuple[int, int]]],
        release: Callable[[], None],
        drop: Callable[[], None],
    ) -> None:
        self._stored = stored
        self._watermarks = watermarks
        self._release = release
        self._drop = drop
        self._batch_size = settings.batch_size
        self._positions: dict[Partition, int | None] = {}
        self._paused: set[Partition] = set()
        self._refused: set[str] = set()
        self.out_of_range: set[Partition] = set()
        """Partitions whose next offset the broker does not have; see `return_to_range`."""
        self._started = False
        self._metadata = ""
        self._problem: Exception | None = None
        self.joined = False
        """Whether the group has assigned partitions to this member; perhaps none."""
        self._consumer = Consumer(
            settings.kafka_client(_DEFAULTS | {"client.id": client_id(settings.consumer_group)})
            | {
                "log_level": LOG_LEVEL,
                "group.id": settings.consumer_group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                # An offset that the broker does not have is an event to look into, not to step over.
                "auto.offset.reset": "error",
                # The end of a partition comes with its offset, past gaps and transaction markers.
                "enable.partition.eof": True,
            }
        )
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def start(self, metadata: str) -> None:
        """Begin to read, from what the store holds now. `metadata` goes with every committed offset."""
        self._metadata = metadata
        self._started = True
        self.rewind()

    def fetch(self, wait_s: float) -> MessageBatch:
        """The messages that came within `wait_s` seconds, up to the batch size; perhaps none.

        Raises GroupError, and what `stored` raises.
        """
        messages = self._consume(wait_s)
        if self._problem is not None:
            raise self._problem
        ends: dict[Partition, int] = {}
        if any(map(Message.error, messages)):
            ends = self._partition_ends(messages)
            messages = [message for message in messages if message.error() is None]
        by_topic, since_ms, nexts = by_partition(messages, self.reading)
        for partition, end in ends.items():
            nexts[partition] = max(end, nexts.get(partition, 0))
        return MessageBatch(by_topic, since_ms, self._move(nexts))

    def rewind(self) -> None:
        """Read every partition again from the store's offset."""
        stored = self._stored()
        self._positions = {partition: stored.get(partition) for partition in self._positions}
        self._assign()

    def pause(self, positions: Mapping[Partition, int | None]) -> None:
        """Stop reading these partitions until `resume`, and then read from these offsets; None is the beginning."""
        self._positions |= {partition: at for partition, at in positions.items() if partition in self._positions}
        self._paused |= positions.keys()
        self._assign()

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Read these partitions again, as far as they are still assigned to this member."""
        self._paused -= set(partitions)
        self._assign()

    def refuse(self, topic: str, positions: Mapping[Partition, int | None]) -> None:
        """Stop reading this topic for good; `positions` has the next offset of each of its partitions."""
        self._refused.add(topic)
        self.pause({partition: at for partition, at in positions.items() if partition[0] == topic})

    def commit(self, ranges: Mapping[Partition, OffsetRange]) -> None:
        """Commit the offsets of the store to Kafka, for tools that show lag. It may fail, and nothing depends on it."""
        offsets = [TopicPartition(*partition, written.next, self._metadata) for partition, written in ranges.items()]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            log.debug("offsets not committed: %s", error)

    def claim(self, partition: Partition, offset: int, metadata: str) -> None:
        """Commit an offset with this metadata, and wait for it. Raises BrokerUnavailable."""
        try:
            self._consumer.commit(offsets=[TopicPartition(*partition, offset, metadata)], asynchronous=False)
        except KafkaException as error:
            raise BrokerUnavailable(error.args[0].str()) from error

    @property
    def positions(self) -> Mapping[Partition, int | None]:
        """The next offset to read of each assigned partition; None is its beginning."""
        return dict(self._positions)

    @property
    def reading(self) -> set[Partition]:
        """The partitions that are read: those that are neither paused nor of a topic that is refused."""
        return {p for p in self.positions if p not in self._paused and p[0] not in self._refused}

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
                    # The assignment changed. What was not returned yet is read again, by the partition's new member.
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
            partition = str(message.topic()), int(message.partition() or 0)
            if error.code() == KafkaError._PARTITION_EOF:
                ends[partition] = int(message.offset() or 0)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                self.out_of_range.add(partition)
            elif error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise missing_topic(message.topic())
            elif error.fatal() or error.code() not in _TRANSIENT:
                raise GroupError(f"the broker refused: {error.str()}")
            else:
                log.warning("broker: %s", error.str())
        return ends

    def return_to_range(self) -> None:
        """Continue in partitions whose next offset the broker does not have.

        Where retention has deleted messages before they were read, logs their number and continues after them. Raises
        GroupError where the partition ends before the offset, and BrokerUnavailable.
        """
        watermarks = self._watermarks()
        beginnings = set()
        for partition in self.out_of_range & self._positions.keys():
            (low, high), at = watermarks.get(partition, (0, 0)), self._positions[partition] or 0
            if at > high:
                raise lost_messages(partition, at, high)
            # Not if it went back to the store's offsets since, and another member has counted more meanwhile.
            if at < low:
                topic, number = partition
                log.warning("%s[%d]: retention deleted %d messages before they were read", topic, number, low - at)
                beginnings.add(partition)
        self._assign(beginnings)
        self.out_of_range = set()

    def _move(self, nexts: Mapping[Partition, int]) -> dict[Partition, OffsetRange]:
        ranges = {}
        for partition, after in nexts.items():
            if partition not in self._positions or self._positions[partition] == after:
                continue
            before = self._positions[partition]
            if before is not None and after < before:
                topic, number = partition
                raise GroupError(f"{topic}[{number}] was read to offset {before}, and now to {after}: is it recreated?")
            ranges[partition] = OffsetRange(before, after)
            self._positions[partition] = after
        return ranges

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = True
        try:
            stored = self._stored()
        except Exception as problem:  # it would be lost on its way through librdkafka; `fetch` raises it
            self._problem = problem
            return
        self._positions = {(p.topic, p.partition): stored.get((p.topic, p.partition)) for p in partitions}
        self._paused, self.out_of_range = set(), set()
        self._assign()

    def _assign(self, beginnings: Collection[Partition] = ()) -> None:
        """Assign to the client what is to be read, from its positions; `beginnings` from their first offset."""
        if not self.joined:
            return
        reading = self.reading if self._started else set()
        self._consumer.assign(
            [
                TopicPartition(*partition, OFFSET_BEGINNING if at is None or partition in beginnings else at)
                for partition, at in self._positions.items()
                if partition in reading
            ]
        )

    def _revoked(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._release()
        self._leave()

    def _lost(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._drop()
        self._leave()

    def _leave(self) -> None:
        self.joined = False
        self._positions = {}
        self._consumer.unassign()


def client_id(group: str) -> str:
    """The client id of a member, which Kafka's tools show: group, host name and process id."""
    machine = re.sub(r"[^a-zA-Z0-9._-]", "-", socket.gethostname())
    return f"{group}-{machine}-{os.getpid()}"
