"""Run the product's commands as processes, and write and read messages in the topics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition

from tests.support.figures import oracle
from tests.support.paths import ROOT
from tests.support.variables import variables
from tributary import catalog
from tributary.settings import Settings

PATIENCE_S = 120


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a process that works with these settings."""
    return {
        **os.environ,
        **variables(settings),
        **more,
    }


def start(settings: Settings, module: str, *options: object, **more: str) -> subprocess.Popen[str]:
    """Start a command. Its output can be read after its end."""
    command = [sys.executable, "-m", module, *map(str, options)]
    return subprocess.Popen(
        command,
        env=environment(settings, **more),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run(settings: Settings, module: str, *options: object, **more: str) -> str:
    """Run a command that must succeed. Returns its output."""
    process = start(settings, module, *options, **more)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    return output


def catch_up(settings: Settings) -> dict[str, Any]:
    """Run a member until it has caught up. Returns the report."""
    run(settings, "consumers.analytics", "--until-caught-up")
    return report(settings)


def report(settings: Settings) -> dict[str, Any]:
    """The output of `report --json`."""
    figures: dict[str, Any] = json.loads(run(settings, "consumers.analytics", "report", "--json"))
    return figures


def received(settings: Settings, topic: str) -> list[Message]:
    """Every message in a topic."""
    return list(messages(settings, topic))


def messages(settings: Settings, topic: str) -> Iterator[Message]:
    """Each message in a topic, from its beginning to its current end."""
    consumer = Consumer(
        {
            **settings.kafka_client(),
            "group.id": "oracle",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.queue.backoff.ms": 20,
        }
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    ends = 0
    while ends < len(partitions):
        for message in consumer.consume(1_000, 1.0):
            error = message.error()
            if error is None:
                yield message
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ends += 1
    consumer.close()


def write(settings: Settings, topic: str, partition: int, *values: tuple[bytes | None, int]) -> None:
    """Write values with their timestamps, in order."""
    producer = Producer(settings.kafka_client())
    for value, time_ms in values:
        producer.produce(topic, value, partition=partition, timestamp=time_ms)
    assert producer.flush(30) == 0


def await_first(settings: Settings, topic: str) -> None:
    """Wait until a topic has a message."""
    consumer = Consumer({**settings.kafka_client(), "group.id": "oracle"})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    assert consumer.poll(PATIENCE_S) is not None, f"nothing came to {topic}"
    consumer.close()


def decoded(settings: Settings) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each message in the catalogue's topics: its topic, and its event by fastavro or None if that cannot read it."""
    for topic in catalog.load(settings).topics:
        schema = fastavro.parse_schema(topic.schema)
        for message in messages(settings, topic.name):
            yield topic.name, oracle.decode(schema, message.value() or b"")


def plain_pass(settings: Settings) -> tuple[dict[str, Any], int]:
    """The figures by an independent pass over the topics, and the number of unreadable messages."""
    pairs = list(decoded(settings))
    events = [(topic, event) for topic, event in pairs if event is not None]
    return oracle.figures(events), len(pairs) - len(events)


def assert_exact(settings: Settings) -> dict[str, Any]:
    """Assert that the store's figures equal those of an independent pass. Returns the report."""
    figures = report(settings)
    expected, unreadable = plain_pass(settings)
    assert {key: figures[key] for key in expected} == expected
    assert figures["dead_letters"] == unreadable
    return figures
