"""A Kafka cluster with one consumer group, in this process: logs, and clients that replace confluent_kafka's.

Nothing happens by itself. Partitions move when a test moves them, and a client learns of it in `consume`. A log has
gaps where a record is None, as compaction, aborted transactions and transaction markers leave them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_CREATE_TIME,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec

from tributary.kafka import admin as topics
from tributary.kafka import dead_letters, group
from tributary.kafka.admin import Partition

SENT_MS = 1_790_000_000_000
"""When every message was sent."""


@attrs.define
class Log:
    """The messages of a partition by offset, from `low` on; None is a gap."""

    values: list[bytes | str | None] = attrs.field(factory=list)
    low: int = 0

    @property
    def high(self) -> int:
        return len(self.values)


GAP = "gap"
"""Replaces a message in a log: an offset without a message."""


class Cluster:
    """The brokers."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self.logs = {(topic, number): Log() for topic, count in partitions.items() for number in range(count)}
        self.topic_ids = {topic: f"{topic}-0" for topic in partitions}
        self.committed: dict[Partition, tuple[int, str]] = {}
        self.letters: list[tuple[str, bytes | None]] = []
        """Key and value of each dead letter."""
        self.away = False
        self.takes_letters = True
        self.group: list[Client] = []
        """The members known to the coordinator."""

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Connect members to this cluster."""
        patch.setattr(group, "Consumer", lambda _: Client(self))
        patch.setattr(topics, "Consumer", lambda _: Client(self))
        patch.setattr(topics, "AdminClient", lambda _: Admin(self))
        patch.setattr(dead_letters, "Producer", lambda _: Letters(self))

    def add_partition(self, topic: str) -> None:
        self.logs[topic, sum(name == topic for name, _ in self.logs)] = Log()
        self.rebalance()

    def recreate(self, topic: str) -> None:
        """Delete a topic with everything in it, and create it."""
        name, _, number = self.topic_ids[topic].rpartition("-")
        self.topic_ids[topic] = f"{name}-{int(number) + 1}"
        for partition in self.logs:
            if partition[0] == topic:
                self.logs[partition] = Log()
                self.committed.pop(partition, None)

    def rebalance(self) -> None:
        """Ask every member for its partitions. When the last one has given them up, they are assigned."""
        for client in self.group:
            client.dealt = None
            client.revoking = bool(client.owned)
        self.deal()

    def deal(self) -> None:
        if any(client.owned for client in self.group):
            return
        for at, client in enumerate(self.group):
            client.dealt = [p for number, p in enumerate(sorted(self.logs)) if number % len(self.group) == at]

    def expel(self, client: Client) -> None:
        """End a session: the others get the partitions, whatever the client believes."""
        if client in self.group:
            self.group.remove(client)
            self.rebalance()

    def answer(self) -> None:
        """Raise unless the brokers are there."""
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))


class Client:
    """A consumer."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._positions: dict[Partition, int] = {}
        self._ended: set[Partition] = set()
        self.owned: list[Partition] = []
        """The partitions that the member was assigned."""
        self.dealt: list[Partition] | None = None
        self.revoking = False
        self.lost = False
        """Whether it learns next that its session has ended."""
        self.deaf = 0
        """The number of calls of `consume` in which it learns of no change."""
        self.errors: list[int] = []

    def subscribe(self, _: list[str], *, on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost
        self._join()

    def consume(self, at_most: int, _: float) -> list[Message]:
        self._hear()
        found: list[Message] = []
        while self.errors:
            found.append(Message(error=KafkaError(self.errors.pop())))
        if not self._cluster.away:
            for partition in list(self._positions):
                found += self._read(partition, at_most - len(found))
        return found

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self._positions = {(p.topic, p.partition): p.offset for p in partitions}
        assert set(self._positions) <= set(self.owned), "reads what it does not have"
        self._ended = set()

    def unassign(self) -> None:
        self._positions = {}

    def commit(self, *, offsets: Sequence[TopicPartition], asynchronous: bool) -> None:
        known = self in self._cluster.group and not self.revoking and self.dealt is None
        if known and not self._cluster.away:
            for p in offsets:
                self._cluster.committed[p.topic, p.partition] = (p.offset, p.metadata)
        elif not asynchronous:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT if known else KafkaError.ILLEGAL_GENERATION))

    def poll(self, _: float) -> None:
        pass

    def committed(self, partitions: Sequence[TopicPartition], _: float) -> list[TopicPartition]:
        self._cluster.answer()
        found = self._cluster.committed
        return [TopicPartition(p.topic, p.partition, *found.get((p.topic, p.partition), ())) for p in partitions]

    def close(self) -> None:
        self._give_up(self._on_revoke)
        self._cluster.expel(self)

    def _join(self) -> None:
        self._cluster.group.append(self)
        self._cluster.rebalance()

    def _hear(self) -> None:
        if self.deaf:
            self.deaf -= 1
        elif self.lost:
            self.lost = False
            self._give_up(self._on_lost)
            self._join()
        elif self.revoking and self in self._cluster.group:
            self._give_up(self._on_revoke)
            self.revoking = False
            self._cluster.deal()
        elif self.dealt is not None and self in self._cluster.group:
            self.owned, self.dealt = self.dealt, None
            self._on_assign(self, self._listed())

    def _give_up(self, callback: Callable[[Client, list[TopicPartition]], None]) -> None:
        if self.owned:
            callback(self, self._listed())
            assert not self._positions, "reads on what it gave up"
            self.owned = []

    def _listed(self) -> list[TopicPartition]:
        return [TopicPartition(*partition) for partition in self.owned]

    def _read(self, partition: Partition, at_most: int) -> list[Message]:
        topic, number = partition
        log, at = self._cluster.logs[partition], self._positions[partition]
        if at == OFFSET_BEGINNING:
            at = log.low
        if not log.low <= at <= log.high:
            del self._positions[partition]
            return [Message(topic, number, at, error=KafkaError(KafkaError._AUTO_OFFSET_RESET))]
        found: list[Message] = []
        while at < log.high and len(found) < at_most:
            value = log.values[at]
            if value != GAP:
                sent = (TIMESTAMP_CREATE_TIME, SENT_MS)
                found.append(Message(topic, number, at, b"key", value, timestamp=sent))
            at += 1
            self._ended.discard(partition)
        self._positions[partition] = at
        if at == log.high and partition not in self._ended and len(found) < at_most:
            self._ended.add(partition)
            found.append(Message(topic, number, at, error=KafkaError(KafkaError._PARTITION_EOF)))
        return found


class Admin:
    """An admin client."""

    cluster_id = "cluster"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def list_topics(self, **_: float) -> Any:
        self._cluster.answer()
        found: dict[str, Any] = {}
        for topic, number in self._cluster.logs:
            found.setdefault(topic, SimpleNamespace(partitions={})).partitions[number] = None
        return SimpleNamespace(cluster_id=self.cluster_id, topics=found)

    def describe_topics(self, names: Any, **_: float) -> Mapping[str, Future[Any]]:
        self._cluster.answer()
        ids = self._cluster.topic_ids
        found: dict[str, Future[Any]] = {}
        for name in names.topic_names:
            found[name] = Future()
            if name in ids:
                found[name].set_result(SimpleNamespace(topic_id=ids[name]))
            else:
                found[name].set_exception(KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)))
        return found

    def list_offsets(self, asked: Mapping[TopicPartition, Any], **_: float) -> Mapping[TopicPartition, Future[Any]]:
        self._cluster.answer()
        earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
        found = {}
        for partition, spec in asked.items():
            log = self._cluster.logs[partition.topic, partition.partition]
            found[partition] = _future(SimpleNamespace(offset=log.low if spec is earliest else log.high))
        return found


def _future(result: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(result)
    return future


class Letters:
    """A producer of dead letters."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: list[tuple[str, bytes | None, Callable[..., None]]] = []

    def produce(self, _: str, *, value: bytes | None, key: str, on_delivery: Callable[..., None], **__: object) -> None:
        self._queue.append((key, value, on_delivery))

    def flush(self, within_s: float) -> None:
        if self._cluster.away or not self._cluster.takes_letters:
            time.sleep(within_s)
            return
        while self._queue:
            key, value, told = self._queue.pop(0)
            self._cluster.letters.append((key, value))
            told(None, None)

    def purge(self) -> None:
        self._queue.clear()

    def poll(self, _: float) -> None:
        pass
