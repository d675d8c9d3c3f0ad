"""The topics that a group reads, as the cluster describes them: ids, partitions, watermarks, committed offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from tributary.errors import TributaryError
from tributary.settings import Settings

Partition = tuple[str, int]
"""Topic and partition number."""

REQUEST_S = 5.0
"""Timeout of one request."""
LOG_LEVEL = 2
"""Critical: librdkafka would log each refused connection, twenty a second. A member logs once what it waits for."""

_REFUSALS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
}


class GroupError(TributaryError):
    """The member cannot continue; the message says why and what to do."""


class BrokerUnavailable(Exception):
    """The broker does not answer now, and may answer later."""


@attrs.frozen
class ClusterIdentity:
    """The ids of the cluster and of its topics by name. A topic that is deleted and created again has another id."""

    cluster_id: str
    topic_ids: Mapping[str, str]


class TopicAdmin:
    """Requests to the cluster about these topics. Safe to use from several threads.

    Every method raises BrokerUnavailable for a transient error, and GroupError for any other.
    """

    def __init__(self, settings: Settings, names: Sequence[str]) -> None:
        self.names = names
        self._settings = settings
        self._client: AdminClient | None = None
        self._groups: dict[str, Consumer] = {}

    def identity(self) -> ClusterIdentity:
        """The ids of the cluster and of those topics that exist."""
        with self._asking() as admin:
            cluster_id = str(admin.list_topics(timeout=REQUEST_S).cluster_id)
            described = admin.describe_topics(TopicCollection(list(self.names)), request_timeout=REQUEST_S)
            ids: dict[str, str] = {}
            for name in self.names:
                try:
                    ids[name] = str(described[name].result().topic_id)
                except KafkaException as error:
                    if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                        raise
            return ClusterIdentity(cluster_id, ids)

    def watermarks(self) -> dict[Partition, tuple[int, int]]:
        """The low and the high watermark of every partition: its first and its next offset."""
        earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
        with self._asking() as admin:
            found = admin.list_topics(timeout=REQUEST_S).topics
            partitions = [
                TopicPartition(name, number)
                for name in self.names
                for number in (found[name].partitions if name in found else ())
            ]
            lows = admin.list_offsets(dict.fromkeys(partitions, earliest), request_timeout=REQUEST_S)
            highs = admin.list_offsets(dict.fromkeys(partitions, latest), request_timeout=REQUEST_S)
            return {(p.topic, p.partition): (lows[p].result().offset, highs[p].result().offset) for p in partitions}

    def committed(self, group: str, partition: Partition) -> tuple[int, str]:
        """The group's committed offset of a partition and its metadata: negative and empty if there is none."""
        # Not with the admin client: librdkafka ends the process with SIGSEGV when a broker that restarted answers
        # its ListConsumerGroupOffsets that it is not yet the group's coordinator.
        consumer = self._groups.get(group)
        if consumer is None:
            config = self._settings.kafka_client() | {"log_level": LOG_LEVEL, "group.id": group}
            consumer = self._groups[group] = Consumer(config)
        with self._asking():
            consumer.poll(0)  # for its errors; it reads nothing
            (found,) = consumer.committed([TopicPartition(*partition)], REQUEST_S)
            if found.error is not None:
                raise KafkaException(found.error)
            return int(found.offset), str(found.metadata or "")

    @contextmanager
    def _asking(self) -> Iterator[AdminClient]:
        client = self._client
        if client is None:
            client = self._client = AdminClient({**self._settings.kafka_client(), "log_level": LOG_LEVEL})
        try:
            yield client
        except KafkaException as error:
            # After a broker's restart, librdkafka's admin client does not find a group's coordinator again.
            self._client = None
            cause: KafkaError = error.args[0]
            if cause.code() in _REFUSALS:
                raise GroupError(f"the broker refused: {cause.str()}") from error
            raise BrokerUnavailable(cause.str()) from error


def lost_messages(partition: Partition, next_offset: int, end: int) -> GroupError:
    """The error for a partition that ends before the store's next offset."""
    topic, number = partition
    return GroupError(
        f"{topic}[{number}] ends at offset {end}, before the store's next offset {next_offset}: the broker has lost "
        "messages that are in the figures. Use a new store and group (STORE_PATH, CONSUMER_GROUP)"
    )


def missing_topic(name: str | None) -> GroupError:
    """The error for a topic that does not exist."""
    return GroupError(f"topic {name} does not exist; run: tributary apply")
