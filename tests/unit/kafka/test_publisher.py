"""The publisher accounts for every event. The broker is librdkafka's own mock, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from threading import Thread
from typing import Any

import attrs
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from producers.product_events import product_views
from producers.simulator.sessions import sessions
from producers.simulator.world import load
from schemas.events import ProductViewed
from tributary import catalog
from tributary.avro import wire
from tributary.avro.rows.encoder import EncodeError, encoder
from tributary.kafka import publisher as module
from tributary.kafka.publisher import Publisher, PublisherError
from tributary.registry.client import NotRegistered, Registered, RegistryUnavailable
from tributary.settings import Settings

TOPIC = catalog.load(Settings()).topic("product-events")
SCHEMA_ID = 300
EVENTS = list(islice(product_views(sessions(load(), 1, 0)), 2000))


class Registry:
    """Answers the one question that a publisher asks."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def lookup(self, subject: str, schema_text: str) -> Registered:
        assert (subject, schema_text) == ("product-events-value", TOPIC.text)
        if self.error:
            raise self.error
        return Registered(SCHEMA_ID, 1)


class Tight(Settings):
    """Settings of a client with a queue for seven messages."""

    def kafka_client(self, defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return super().kafka_client(defaults) | {"queue.buffering.max.messages": 7}


class Slow(Settings):
    """Settings of a client that gathers for as long as it is not flushed."""

    def kafka_client(self, defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return super().kafka_client(defaults) | {"linger.ms": 60_000}


@pytest.fixture
def broker() -> Iterator[Settings]:
    mock = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    mock.list_topics(TOPIC.name)
    (node,) = mock.list_topics().brokers.values()
    yield Settings(bootstrap_servers=f"{node.host}:{node.port}")
    del mock


def publisher(settings: Settings, registry: Registry | None = None) -> Publisher:
    return Publisher(settings, TOPIC, registry or Registry())  # type: ignore[arg-type]


def columns(events: Sequence[ProductViewed]) -> dict[str, list[Any]]:
    return {field.name: [getattr(event, field.name) for event in events] for field in attrs.fields(ProductViewed)}


def received(settings: Settings) -> list[tuple[str, bytes]]:
    consumer = Consumer(settings.kafka_client() | {"group.id": "test", "enable.partition.eof": True})
    partitions = consumer.list_topics(TOPIC.name).topics[TOPIC.name].partitions
    consumer.assign([TopicPartition(TOPIC.name, number, 0) for number in partitions])
    found, ended = [], 0
    while ended < len(partitions):
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended += 1
        else:
            found.append((message.key().decode(), message.value()))
    consumer.close()
    return found


def test_events_arrive_framed_encoded_and_keyed(broker: Settings) -> None:
    sender = publisher(broker)
    sender.send(EVENTS[0])
    sender.send_all(EVENTS[1:1000])
    sender.send_columns(columns(EVENTS[1000:]))
    sender.flush()
    encode = encoder(TOPIC.schema)
    assert sorted(received(broker)) == sorted((e.user_id, wire.frame(SCHEMA_ID, encode(e))) for e in EVENTS)
    summary = sender.summary()
    assert (summary.sent, summary.acknowledged, summary.failed, summary.waiting) == (len(EVENTS), len(EVENTS), 0, 0)


def test_what_the_broker_has_not_acknowledged_waits(broker: Settings) -> None:
    sender = publisher(Slow(bootstrap_servers=broker.bootstrap_servers))
    sender.send_all(EVENTS[:9])
    summary = sender.summary()
    assert (summary.sent, summary.acknowledged, summary.waiting) == (9, 0, 9)
    sender.flush()
    summary = sender.summary()
    assert (summary.sent, summary.acknowledged, summary.waiting) == (9, 9, 0)


def test_a_full_queue_waits_and_several_threads_may_send(broker: Settings) -> None:
    sender = publisher(Tight(bootstrap_servers=broker.bootstrap_servers))
    threads = [Thread(target=sender.send_all, args=(EVENTS[start:200:4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.flush()
    assert sender.summary().acknowledged == 200
    encode = encoder(TOPIC.schema)
    assert sorted(value for _, value in received(broker)) == sorted(
        wire.frame(SCHEMA_ID, encode(e)) for e in EVENTS[:200]
    )


def test_an_event_that_the_client_refuses_is_a_failure_with_its_reason(broker: Settings) -> None:
    sender = publisher(broker)
    sender.send_all([EVENTS[0], attrs.evolve(EVENTS[1], product_id="x" * 2_000_000), EVENTS[2]])
    sender.flush()
    summary = sender.summary()
    assert (summary.sent, summary.acknowledged, summary.failed) == (3, 2, 1)
    assert "too large" in str(summary)
    assert len(received(broker)) == 2


def test_deliveries_that_are_given_up_are_failures_with_their_reason() -> None:
    mock = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    mock.list_topics(TOPIC.name)
    (node,) = mock.list_topics().brokers.values()
    sender = publisher(Settings(bootstrap_servers=f"{node.host}:{node.port}"))
    sender.send_all(EVENTS[:10])
    sender.flush()
    del mock
    sender.send_all(EVENTS[10:15])
    sender.abandon()
    sender.flush()
    summary = sender.summary()
    assert (summary.sent, summary.acknowledged, summary.failed) == (15, 10, 5)
    assert sum(summary.reasons.values()) == 5
    assert "urged" in str(summary)


def test_an_event_that_breaks_its_contract_is_not_sent(broker: Settings) -> None:
    sender = publisher(broker)
    bad: ProductViewed = attrs.evolve(EVENTS[1], price_minor=-1)
    with pytest.raises(EncodeError, match="price_minor"):
        sender.send_all([EVENTS[0], bad, EVENTS[2]])
    with pytest.raises(EncodeError, match="price_minor"):
        sender.send_columns(columns([EVENTS[3], bad, EVENTS[4]]))
    sender.flush()
    encode = encoder(TOPIC.schema)
    assert sender.summary().sent == 2
    assert {value for _, value in received(broker)} == {wire.frame(SCHEMA_ID, encode(EVENTS[n])) for n in (0, 3)}


def test_a_contract_that_is_not_registered_is_refused(broker: Settings) -> None:
    with pytest.raises(PublisherError, match=r"product_viewed\.avsc.*tributary apply"):
        publisher(broker, Registry(NotRegistered(TOPIC.subject, "no schema is registered")))
    assert received(broker) == []


def test_a_registry_that_is_down_is_said(broker: Settings) -> None:
    with pytest.raises(PublisherError, match="down for tea"):
        publisher(broker, Registry(RegistryUnavailable("down for tea")))


def test_a_broker_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REACH_S", 0.2)
    with pytest.raises(PublisherError, match="tributary stack up"):
        publisher(Settings(bootstrap_servers="127.0.0.1:1"))


def test_a_topic_that_does_not_exist_is_said() -> None:
    mock = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    (node,) = mock.list_topics().brokers.values()
    with pytest.raises(PublisherError, match="no topic product-events; run: tributary apply"):
        publisher(Settings(bootstrap_servers=f"{node.host}:{node.port}"))
