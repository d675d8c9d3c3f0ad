"""Topics as the catalogue wants them: created if missing, altered where Kafka allows it, never recreated."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from tributary.catalog import Catalog
from tributary.errors import TributaryError
from tributary.registry.check.verdict import retention
from tributary.registry.steps import Step
from tributary.settings import Settings

_TIMEOUT_S = 15.0
_DEFAULT_REPLICATION = -1
"""Lets the broker choose: `default.replication.factor` is for the cluster's operators to set."""


class KafkaUnavailable(TributaryError):
    """The brokers cannot be reached, or did not complete a request in time."""


@attrs.frozen
class Wanted:
    """A topic as the catalogue describes it."""

    name: str
    partitions: int
    retention_ms: int


def wanted(catalog: Catalog) -> list[Wanted]:
    """Every topic of the catalogue, the dead letters last."""
    letters = catalog.dead_letters
    return [
        *(Wanted(topic.name, topic.partitions, topic.retention_ms) for topic in catalog.topics),
        Wanted(letters.name, letters.partitions, letters.retention_ms),
    ]


class Topics:
    """The topics of one cluster. Methods raise KafkaUnavailable."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.bootstrap_servers
        # The client would log each refused connection; the error raised here reports it once.
        self._admin = AdminClient(settings.kafka_client({"log_level": 0, "socket.timeout.ms": 10_000}))

    def plan(self, topics: Sequence[Wanted]) -> list[Step]:
        """The steps that make the topics match."""
        partitions = self._partitions()
        present = [topic.name for topic in topics if topic.name in partitions]
        retentions = self._retentions(present)
        steps: list[Step] = []
        for topic in topics:
            if topic.name in present:
                steps += self._differences(topic, partitions[topic.name], retentions[topic.name])
            else:
                steps.append(self._creation(topic))
        return steps

    def _creation(self, topic: Wanted) -> Step:
        what = f"{topic.partitions} partitions, retention {retention(topic.retention_ms)}"
        if topic.partitions == 1:
            what = what.replace("partitions", "partition")

        def run() -> str:
            new = NewTopic(
                topic.name, topic.partitions, _DEFAULT_REPLICATION, config={"retention.ms": str(topic.retention_ms)}
            )
            self._wait(self._admin.create_topics([new])[topic.name])
            self._wait_for_leaders(topic)
            return f"created: {what}"

        return Step("create", f"topic {topic.name}", f"create with {what}", run)

    def _differences(self, topic: Wanted, partitions: int, retention_ms: int) -> Iterator[Step]:
        target = f"topic {topic.name}"
        if partitions < topic.partitions:
            yield self._growth(topic, partitions)
        elif partitions > topic.partitions:
            yield Step(
                "explain",
                target,
                f"has {partitions} partitions, the catalogue {topic.partitions}: Kafka cannot remove partitions; "
                f"set partitions = {partitions} for every topic in catalog.toml",
            )
        if retention_ms != topic.retention_ms:
            yield self._retention(topic, retention_ms)
        if (partitions, retention_ms) == (topic.partitions, topic.retention_ms):
            yield Step("leave", target, "unchanged")

    def _growth(self, topic: Wanted, partitions: int) -> Step:
        what = f"partitions {partitions} → {topic.partitions}"

        def run() -> str:
            self._wait(self._admin.create_partitions([NewPartitions(topic.name, topic.partitions)])[topic.name])
            self._wait_for_leaders(topic)
            return f"changed: {what}"

        warning = (
            "keys move to other partitions, so the older records of a key are in another partition than its newer ones"
        )
        return Step("change", f"topic {topic.name}", f"{what} ({warning})", run)

    def _retention(self, topic: Wanted, retention_ms: int) -> Step:
        what = f"retention {retention(retention_ms)} → {retention(topic.retention_ms)}"

        def run() -> str:
            entry = ConfigEntry("retention.ms", str(topic.retention_ms), incremental_operation=AlterConfigOpType.SET)
            resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[entry])
            self._wait(self._admin.incremental_alter_configs([resource])[resource])
            return f"changed: {what}"

        return Step("change", f"topic {topic.name}", what, run)

    # ---- what Kafka has ------------------------------------------------------------------------

    def _partitions(self) -> dict[str, int]:
        try:
            metadata = self._admin.list_topics(timeout=_TIMEOUT_S)
        except KafkaException as error:
            raise self._unavailable(error) from error
        return {name: len(topic.partitions) for name, topic in metadata.topics.items()}

    def _retentions(self, names: Sequence[str]) -> dict[str, int]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        answers = self._admin.describe_configs(resources, request_timeout=_TIMEOUT_S)
        return {resource.name: int(self._wait(future)["retention.ms"].value) for resource, future in answers.items()}

    def _wait_for_leaders(self, topic: Wanted) -> None:
        """Wait until the partitions have leaders; creation returns before that."""
        deadline = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < deadline:
            metadata = self._admin.list_topics(topic.name, timeout=_TIMEOUT_S).topics[topic.name]
            leaders = [partition.leader >= 0 for partition in metadata.partitions.values()]
            if metadata.error is None and len(leaders) == topic.partitions and all(leaders):
                return
            time.sleep(0.05)
        raise KafkaUnavailable(f"topic {topic.name} was created, but its partitions have no leaders yet")

    def _wait(self, future: Any) -> Any:
        try:
            return future.result(timeout=_TIMEOUT_S)
        except KafkaException as error:
            raise self._unavailable(error) from error
        except TimeoutError as error:
            raise KafkaUnavailable(f"Kafka at {self._servers} did not answer within {_TIMEOUT_S:.0f} s") from error

    def _unavailable(self, error: KafkaException) -> KafkaUnavailable:
        reason = error.args[0].str() if error.args else str(error)
        return KafkaUnavailable(
            f"Kafka at {self._servers} refused or cannot be reached ({reason}); start the local stack with "
            "`tributary stack up`, or set KAFKA_BOOTSTRAP_SERVERS"
        )
