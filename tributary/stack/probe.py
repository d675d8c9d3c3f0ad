"""List what a Kafka cluster and a registry hold, wherever they run."""

from __future__ import annotations

import logging

import attrs

from tributary.settings import Settings

TIMEOUT_S = 5.0


@attrs.frozen
class Topic:
    """A topic, its partitions, and the number of messages in them."""

    name: str
    partitions: int
    messages: int
    """Newest minus oldest offset, over all partitions: transaction markers and compacted messages count too."""


def topics(settings: Settings) -> list[Topic] | str:
    """The topics sorted by name, without Kafka's internal ones; or, as a string, why the cluster does not answer."""
    from confluent_kafka import KafkaException, TopicPartition
    from confluent_kafka.admin import AdminClient, OffsetSpec

    quiet = logging.Logger("librdkafka", level=logging.CRITICAL)
    admin = AdminClient(settings.kafka_client(), logger=quiet)
    try:
        found = {
            name: [TopicPartition(name, partition) for partition in topic.partitions]
            for name, topic in admin.list_topics(timeout=TIMEOUT_S).topics.items()
            if not name.startswith("__")
        }
        everywhere = [partition for partitions in found.values() for partition in partitions]
        oldest, newest = (
            admin.list_offsets(dict.fromkeys(everywhere, spec), request_timeout=TIMEOUT_S)
            for spec in (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        )
        counts = {p: newest[p].result().offset - oldest[p].result().offset for p in everywhere}
    except KafkaException as error:
        return str(error.args[0].str())
    return [Topic(name, len(parts), sum(counts[p] for p in parts)) for name, parts in sorted(found.items())]


def subjects(settings: Settings) -> list[str] | str:
    """The registry's subjects; or, as a string, why the registry does not answer."""
    from tributary.registry.client import RegistryClient, RegistryError, RegistryUnavailable

    try:
        return RegistryClient.without_lock(settings).subjects()
    except (RegistryUnavailable, RegistryError) as error:
        return str(error)
