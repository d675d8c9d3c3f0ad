"""Messages go both ways between ours and Confluent's own serializer and deserializer, over a registry."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given

from schemas.events import Event
from tests.support.avro import event_data
from tests.support.avro.event_data import ENCODERS, SCHEMAS
from tributary import catalog
from tributary.avro.rows.decoder import decoder
from tributary.avro.wire import frame, split
from tributary.registry.testing import serve
from tributary.settings import Settings

TOPICS = {topic.event: topic for topic in catalog.load(Settings()).topics}
DECODERS: dict[type[Any], Any] = {cls: decoder(schema, schema, cls) for cls, schema in SCHEMAS.items()}
STRATEGY = {"subject.name.strategy": topic_subject_name_strategy}


@pytest.fixture(scope="module")
def client() -> Iterator[SchemaRegistryClient]:
    with serve() as registry:
        client = SchemaRegistryClient({"url": registry.url})
        for topic in TOPICS.values():
            client.register_schema(topic.subject, Schema(topic.text, "AVRO"))
        yield client


@pytest.fixture(scope="module")
def serializers(client: SchemaRegistryClient) -> dict[str, AvroSerializer]:
    configuration = {"auto.register.schemas": False, **STRATEGY}
    return {event: AvroSerializer(client, topic.text, conf=configuration) for event, topic in TOPICS.items()}


@pytest.fixture(scope="module")
def deserializer(client: SchemaRegistryClient) -> AvroDeserializer:
    return AvroDeserializer(client, conf=STRATEGY)


def context(event: Event) -> SerializationContext:
    return SerializationContext(TOPICS[type(event).__name__].name, MessageField.VALUE)


@given(event=event_data.events)
def test_the_stock_serializer_writes_our_bytes_and_we_read_them(
    event: Event, serializers: dict[str, AvroSerializer], client: SchemaRegistryClient
) -> None:
    value = serializers[type(event).__name__](attrs.asdict(event), context(event))
    schema_id, body = split(value)
    topic = TOPICS[type(event).__name__]
    assert schema_id == client.lookup_schema(topic.subject, Schema(topic.text, "AVRO")).schema_id
    assert value == frame(schema_id, ENCODERS[type(event)](event))
    assert DECODERS[type(event)](body) == event


@given(event=event_data.events)
def test_the_stock_deserializer_reads_what_we_write(
    event: Event, deserializer: AvroDeserializer, client: SchemaRegistryClient
) -> None:
    topic = TOPICS[type(event).__name__]
    schema_id = client.get_latest_version(topic.subject).schema_id
    read = deserializer(frame(schema_id, ENCODERS[type(event)](event)), context(event))
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(milliseconds=event.occurred_at)
    expected = attrs.asdict(event) | {"event_id": uuid.UUID(event.event_id), "occurred_at": moment}
    if "items" in expected:
        expected["items"] = list(expected["items"])
    assert read == expected
